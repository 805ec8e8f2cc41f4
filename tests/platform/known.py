"""What the platform under test really holds, so that every operation can be asked for something that is there."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import httpx
import msgspec

from tests.platform.contracts import BY_KEY, Published
from tests.processes import Client
from tiergate.embedded import credentials

DEAL = "006Tg0000000001IAA"
KEY = f"salesforce:{DEAL}"
Asked = tuple[str, Any]
_TOLD = {
    "object": "Opportunity",
    "id": DEAL,
    "systemModstamp": "2026-11-22T12:00:00.000+0000",
    "isWon": True,
    "wonGeneration": 1,
}
_CHANGES: dict[str, dict[str, Any]] = {
    "salesforce.linkProject": {"project_code": "ANOTHER"},
    "servicenow.upsertTicket": {"summary": "Another summary"},
}


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses and bodies of calls that go well, by operation."""

    calls: dict[str, Asked]
    over: dict[str, Asked]
    """Likewise of calls that the state of a thing forbids."""

    def of(self, operation: Published) -> Asked:
        """The address and the body (None without one) of a good call."""
        return self.calls[operation.key]


def token_for(platform: Client, operation: Published) -> str:
    """A token that may call it."""
    if operation.public:
        return ""
    if operation.api == "client-portal":
        return platform.person()
    if operation.key == "service-desk.resolveCase":  # asks for a fresh sign-in, and no program signs in
        return platform.person("priya@acme.example", "console", "openid desk:read desk:act")
    workload = {"system": "process-tier", "process": "experience-tier", "experience": "scenario"}
    return platform.token(workload[operation.layer])


def learn(platform: Client) -> Known:
    """Read what the first deal's run has made, and turn it into calls."""

    def read(name: str, /, **values: str) -> Any:
        operation = BY_KEY[name]
        answer = platform.ask("GET", operation.at(**values), token_for(platform, operation))
        assert answer.status_code == 200, (name, answer.text)
        return answer.json()

    run = read("opportunity-to-project.run", run_id=f"o2p:{KEY}:1")["run"]
    ids = {(xref["system"], xref["instance"]): xref for xref in run["ids"]}
    deal = read("salesforce.opportunity", opportunity_id=DEAL)
    account, contract = deal["account_id"], deal["contract_id"]
    erp_project, psa_project = ids["netsuite", "project"]["native_id"], ids["kantata", "project"]["native_id"]
    customer = read("netsuite.customerByKey", key=f"salesforce:{account}")
    demands = read("kantata.resourceDemands", project_id=psa_project)
    cases = read("operations.cases")["items"]
    first, second, third = (case for case in cases if case["run_id"] and case["kind"].startswith("guard"))
    parked = next(case for case in cases if case["system"] == "kantata")
    calls: dict[str, Asked] = {}

    def good(name: str, body: Any = None, query: str = "", /, **values: str) -> None:
        calls[name] = (BY_KEY[name].at(**values) + query, body)

    good("salesforce.opportunity", opportunity_id=DEAL)
    good("salesforce.account", account_id=account)
    good("salesforce.contacts", account_id=account)
    good("salesforce.quote", quote_id=deal["quote_id"])
    good("salesforce.contract", contract_id=contract)
    good("salesforce.linkProject", {"project_code": run["project_code"]}, opportunity_id=DEAL)
    good("salesforce.changes", None, "?since=")
    headers, text = delivery(platform)
    good("salesforce.readNotification", {"headers": headers, "body": text})
    good("netsuite.legalEntity", code="ACME-US")
    good("netsuite.customer", customer_id=customer["id"])
    good("netsuite.customerByKey", key=f"salesforce:{account}")
    good("netsuite.taxProfile", key=f"salesforce:{account}")
    good("netsuite.upsertCustomer", customer, key=f"salesforce:{account}")
    good("netsuite.contractByKey", key=f"salesforce:{contract}")
    agreed = read("netsuite.contractByKey", key=f"salesforce:{contract}")
    good("netsuite.upsertContract", agreed, key=f"salesforce:{contract}")
    good("netsuite.project", project_id=erp_project)
    good("netsuite.projectByKey", key=KEY)
    good("netsuite.upsertProject", read("netsuite.projectByKey", key=KEY), key=KEY)
    good("netsuite.setProjectStage", {"stage": "active"}, project_id=erp_project)
    good("netsuite.billingScheduleByKey", key=f"{KEY}:billing")
    plan = read("netsuite.billingScheduleByKey", key=f"{KEY}:billing")
    good("netsuite.upsertBillingSchedule", plan, key=f"{KEY}:billing")
    good("kantata.project", project_id=psa_project)
    good("kantata.projectByKey", key=KEY)
    good("kantata.upsertProject", read("kantata.projectByKey", key=KEY), key=KEY)
    good("kantata.setProjectStage", {"stage": "active"}, project_id=psa_project)
    good("kantata.resourceDemands", project_id=psa_project)
    good("kantata.upsertResourceDemand", demands[0], key=f"{KEY}:role1")
    good("kantata.postMessage", {"key": "asked-in-a-test", "text": "Hello"}, project_id=psa_project)
    good("servicenow.ticketByKey", key=cases[0]["id"])
    good("servicenow.upsertTicket", read("servicenow.ticketByKey", key=cases[0]["id"]), key=cases[0]["id"])
    for system in ("salesforce", "netsuite", "kantata", "servicenow"):
        good(f"{system}.whoami")
    good("opportunity-to-project.startRun", {"opportunity_id": DEAL})
    good("opportunity-to-project.run", run_id=run["id"])
    good("opportunity-to-project.runs")
    good("opportunity-to-project.retryRun", run_id=parked["run_id"])
    good("opportunity-to-project.cancelRun", run_id=second["run_id"])
    good("opportunity-to-project@v2.startRun", {"opportunity": {"system": "salesforce", "id": DEAL}})
    good("opportunity-to-project@v2.run", run_id=run["id"])
    good("opportunity-to-project@v2.runs")
    good("opportunity-to-project@v2.retryRun", run_id=third["run_id"])
    good("opportunity-to-project@v2.cancelRun", run_id=third["run_id"])
    for desk, again, closed in (("operations", first, parked), ("service-desk", first, first)):
        good(f"{desk}.overview")
        good(f"{desk}.cases")
        good(f"{desk}.case", case_id=first["id"])
        good(f"{desk}.retryCase", case_id=again["id"])
        good(f"{desk}.resolveCase", {"note": "closed by a test"}, case_id=closed["id"])
        good(f"{desk}.trace", key=run["project_code"])
        good(f"{desk}.connections")
    good("operations.allRuns")
    good("service-desk.runs")
    good("engagements.engagements", account_id=f"salesforce:{account}")
    good("engagements.engagement", account_id=f"salesforce:{account}", code=run["project_code"])
    good("engagements.projectOwner", code=run["project_code"])
    good("client-portal.projects")
    good("client-portal.project", code=run["project_code"])
    good("intake.receiveNotification", connection="salesforce")
    resolve = BY_KEY["operations.resolveCase"]
    ended = platform.ask("POST", resolve.at(case_id=second["id"]), token_for(platform, resolve), json={"note": "over"})
    assert ended.status_code == 200, ended.text
    still_open = {"opportunity_id": deal_not_won(platform, account)}
    over: dict[str, Asked] = {
        "opportunity-to-project.startRun": (BY_KEY["opportunity-to-project.startRun"].at(), still_open),
        "opportunity-to-project.retryRun": (BY_KEY["opportunity-to-project.retryRun"].at(run_id=run["id"]), None),
        "opportunity-to-project.cancelRun": (BY_KEY["opportunity-to-project.cancelRun"].at(run_id=run["id"]), None),
    }
    for name in ("startRun", "retryRun", "cancelRun"):
        path, _ = over[f"opportunity-to-project.{name}"]
        body = {"opportunity": {"id": still_open["opportunity_id"]}} if name == "startRun" else None
        over[f"opportunity-to-project@v2.{name}"] = (path.replace("/v1/", "/v2/"), body)
    # A write that changes nothing is not sent: these would change something.
    for name, change in _CHANGES.items():
        path, body = calls[name]
        over[name] = (path, body | change)
    for desk in ("operations", "service-desk"):
        over[f"{desk}.retryCase"] = (BY_KEY[f"{desk}.retryCase"].at(case_id=second["id"]), None)
        over[f"{desk}.resolveCase"] = (BY_KEY[f"{desk}.resolveCase"].at(case_id=second["id"]), {"note": "again"})
    code_of_another = (BY_KEY["kantata.upsertProject"].at(key="salesforce:another"), calls["kantata.upsertProject"][1])
    over["kantata.upsertProject"] = code_of_another
    return Known(calls=calls, over=over)


def delivery(platform: Client) -> tuple[dict[str, str], str]:
    """A delivery of Salesforce that tells nothing new: its headers, signed by the standard, and its body."""
    made = credentials(platform.state / "sandboxes")["salesforce"]
    at, body = str(int(time.time())), json.dumps({"type": "opportunity.seen", "data": _TOLD})
    key = base64.b64decode(made.notification_secret.removeprefix("whsec_"))
    digest = hmac.digest(key, f"asked-in-a-test.{at}.{body}".encode(), hashlib.sha256)
    signature = "v1," + base64.b64encode(digest).decode()
    return {"webhook-id": "asked-in-a-test", "webhook-timestamp": at, "webhook-signature": signature}, body


def deal_not_won(platform: Client, account: str) -> str:
    """A new deal in Salesforce that nobody has won yet; its id."""
    app = credentials(platform.state / "sandboxes")["salesforce"].values
    with httpx.Client(base_url=platform.sandboxes["salesforce"].url, trust_env=False) as salesforce:
        form = {
            "grant_type": "client_credentials",
            "client_id": app["SALESFORCE_CLIENT_ID"],
            "client_secret": app["SALESFORCE_CLIENT_SECRET"],
        }
        token = salesforce.post("/services/oauth2/token", data=form).json()["access_token"]
        made = salesforce.post(
            "/services/data/v62.0/sobjects/Opportunity",
            json={"Name": "Not won yet", "StageName": "Negotiation/Review", "CloseDate": "2027-01-31"}
            | {"AccountId": account, "Amount": 1000, "CurrencyIsoCode": "USD", "Legal_Entity__c": "ACME-US"},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert made.status_code == 201, made.text
        return str(made.json()["id"])
