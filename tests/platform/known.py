"""What the platform under test really holds, so that every operation can be asked for something that is there."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import httpx
import msgspec

from system_apis.salesforce.sandbox import outbound_messages
from tests.crm import TOKENS, opportunity, sign_in_form
from tests.platform.contracting import contracting
from tests.platform.contracts import BY_KEY, Published
from tests.platform.ordering import approving, ordering
from tests.platform.owing import listed, owing, reached
from tests.platform.setting_up import setting_up
from tests.platform.staffed import staffed
from tests.platform.words import kept_apart, referred, synced, told
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
    if operation.key == "service-desk.approveCase":  # likewise, of an approver
        return platform.person("dana@acme.example", "console", "openid desk:read desk:approve")
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
    guarded = [case for case in cases if case["run_id"].startswith("o2p:") and case["kind"].startswith("guard")]
    first, second, third = sorted(guarded, key=lambda case: str(case["opened_at"]))[:3]  # what was sent since may add
    parked = next(case for case in cases if case["system"] == "kantata")
    calls: dict[str, Asked] = {}

    def good(name: str, body: Any = None, query: str = "", /, **values: str) -> None:
        calls[name] = (BY_KEY[name].at(**values) + query, body)

    good("salesforce.opportunity", opportunity_id=DEAL)
    good("salesforce.account", account_id=account)
    known = read("salesforce.account", account_id=account)
    good("salesforce.updateAccount", {"fields": ["payment_terms"], "account": known}, account_id=account)
    good("salesforce.contacts", account_id=account)
    good("salesforce.quote", quote_id=deal["quote_id"])
    good("salesforce.contract", contract_id=contract)
    good("salesforce.linkProject", {"project_code": run["project_code"]}, opportunity_id=DEAL)
    good("salesforce.changes", None, "?since=")
    headers, text = delivery(platform)
    good("salesforce.readNotification", {"headers": headers, "body": text})
    key, said = message(platform)
    good("salesforce.readMessage", {"key": key, "body": said})
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
    set_up = setting_up(platform, good, read, run["project_code"])
    good("servicenow.ticketByKey", key=cases[0]["id"])
    good("servicenow.upsertTicket", read("servicenow.ticketByKey", key=cases[0]["id"]), key=cases[0]["id"])
    listed(good, read)
    reached(platform, good, read, customer)
    lead = {"Company": "Asked", "LastName": "Asked"}
    good("salesforce.lead", lead_id=in_salesforce(platform, opportunity().replace("Opportunity", "Lead"), lead))
    good("salesforce.leadsOf", opportunity_id=DEAL)
    good("netsuite.setCustomerKey", {"key": f"salesforce:{account}"}, customer_id=customer["id"])
    owed = owing(platform, good, customer, erp_project)
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
    looking = {"objects": ["project"], "legal_entities": ["ACME-IN"], "heal": False}
    good("reconcile.startReconciliation", looking)
    good("reconcile.reconciliations")
    path, start = calls["reconcile.startReconciliation"][0], BY_KEY["reconcile.startReconciliation"]
    made = platform.ask("POST", path, token_for(platform, start), json=looking).json()
    good("reconcile.reconciliation", reconciliation_id=made["id"])
    good("reconcile.differences", reconciliation_id=made["id"])
    good("intake.receiveNotification", connection="salesforce")
    good("intake.receiveMessage", None, "?key=nobodys", connection="salesforce")
    firm = [read("netsuite.customers")["items"][place]["id"] for place in range(2)]
    words = referred(platform, good, firm) | told(platform, good, KEY) | kept_apart(platform, good, delivery(platform))
    synced(platform, good)
    words |= staffed(platform, good, psa_project)
    deals = (f"006Tg000000000{number}IAA" for number in (1, 2, 3, 4))
    quotes = [read("salesforce.opportunity", opportunity_id=each)["quote_id"] for each in deals]
    ordered = ordering(platform, good, read, quotes, customer)
    deals = ("006Tg0000000005IAA", "006Tg0000000006IAA")
    ordered |= approving(platform, good, [read("salesforce.opportunity", opportunity_id=e)["quote_id"] for e in deals])
    signed = ("006Tg0000000001IAA", "006Tg0000000009IAA", "006Tg0000000004IAA", "006Tg000000000AIAQ")
    held = [read("salesforce.opportunity", opportunity_id=each)["contract_id"] for each in signed]
    ordered |= contracting(platform, good, read, held, customer)
    resolve = BY_KEY["operations.resolveCase"]
    ended = platform.ask("POST", resolve.at(case_id=second["id"]), token_for(platform, resolve), json={"note": "over"})
    assert ended.status_code == 200, ended.text
    still_open = {"opportunity_id": deal_not_won(platform, account)}
    another = next(each["id"] for each in read("netsuite.customers")["items"] if each["id"] != customer["id"])
    rekeyed = BY_KEY["netsuite.setCustomerKey"].at(customer_id=another)
    over: dict[str, Asked] = words | {
        "netsuite.setCustomerKey": (rekeyed, {"key": f"salesforce:{account}"}),
        "netsuite.postInvoice": (BY_KEY["netsuite.postInvoice"].at(invoice_id=owed.draft), None),
        "netsuite.creditInvoice": (BY_KEY["netsuite.creditInvoice"].at(key="credit:asked"), owed.other_credit),
        "kantata.markBilled": owed.other_bill,
        "opportunity-to-project.startRun": (BY_KEY["opportunity-to-project.startRun"].at(), still_open),
        "opportunity-to-project.retryRun": (BY_KEY["opportunity-to-project.retryRun"].at(run_id=run["id"]), None),
        "opportunity-to-project.cancelRun": (BY_KEY["opportunity-to-project.cancelRun"].at(run_id=run["id"]), None),
    }
    over |= ordered
    for name in ("startRun", "retryRun", "cancelRun"):
        path, _ = over[f"opportunity-to-project.{name}"]
        body = {"opportunity": {"id": still_open["opportunity_id"]}} if name == "startRun" else None
        over[f"opportunity-to-project@v2.{name}"] = (path.replace("/v1/", "/v2/"), body)
    over |= set_up
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
    at, body = str(int(time.time())), json.dumps({"type": "opportunity.changed", "data": _TOLD})
    key = base64.b64decode(made.notification_secret.removeprefix("whsec_"))
    digest = hmac.digest(key, f"asked-in-a-test.{at}.{body}".encode(), hashlib.sha256)
    signature = "v1," + base64.b64encode(digest).decode()
    return {"webhook-id": "asked-in-a-test", "webhook-timestamp": at, "webhook-signature": signature}, body


def message(platform: Client) -> tuple[str, str]:
    """The key of Salesforce's outbound messages, and one that tells nothing new."""
    values = credentials(platform.state / "sandboxes")["salesforce"].values
    told = {"Id": _TOLD["id"], "SystemModstamp": _TOLD["systemModstamp"]}
    said = outbound_messages.message("Opportunity", "04lTg0000000001IAA", told, values["SALESFORCE_ORGANIZATION"])
    return values["SALESFORCE_MESSAGE_KEY"], said


def deal_not_won(platform: Client, account: str) -> str:
    """A new deal in Salesforce that nobody has won yet; its id."""
    deal = {"Name": "Not won yet", "StageName": "Negotiation/Review", "CloseDate": "2027-01-31"}
    deal |= {"AccountId": account, "CurrencyIsoCode": "USD", "Legal_Entity__c": "ACME-US"}
    return in_salesforce(platform, opportunity(), deal | {"Amount": 1000})


def in_salesforce(platform: Client, path: str, record: dict[str, Any]) -> str:
    """Somebody enters a record there; its id."""
    with httpx.Client(base_url=platform.sandboxes["salesforce"].url, trust_env=False) as salesforce:
        token = salesforce.post(TOKENS, data=sign_in_form(platform.state)).json()["access_token"]
        made = salesforce.post(path, json=record, headers={"Authorization": f"Bearer {token}"})
        assert made.status_code == 201, made.text
        return str(made.json()["id"])
