"""What other people of the firm do in their own systems meanwhile, and what those systems hold afterwards."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import httpx

from foundation.connections import Connection
from foundation.sandbox.firm import Deal, deals
from system_apis.netsuite.auth import sign_in
from tests.processes import Client
from tiergate.embedded import FOLDER, credentials

Record = Mapping[str, Any]


def deal_with(customer: str) -> Deal:
    """The scenario's deal with a customer, by the beginning of its name."""
    return next(deal for deal in deals(date.today()) if deal.account.legal_name.startswith(customer))  # noqa: DTZ011 - as seeded


def run_of(platform: Client, deal: Deal) -> Record:
    """The newest run of a deal, as the process tier tells it."""
    answer = platform.ask("GET", "/operations/v1/runs?limit=200", platform.token("experience-tier"))
    runs: list[Record] = answer.raise_for_status().json()["items"]
    return next(run for run in runs if run["business_key"] == deal.key)


def case_of(platform: Client, deal: Deal, state: str) -> Record:
    """The case of a deal's run."""
    answer = platform.ask("GET", f"/operations/v1/cases?state={state}&limit=200", platform.token("experience-tier"))
    cases: list[Record] = answer.raise_for_status().json()["items"]
    return next(case for case in cases if case["business_key"] == deal.key)


def records(platform: Client, system: str, kind: str) -> list[Record]:
    """Every record of a kind that a system holds."""
    found: list[Record] = httpx.get(f"{platform.sandboxes[system].url}/_sandbox/contents").json()[kind]
    return found


def sign_contract(platform: Client, deal: Deal) -> None:
    """Legal has the contract signed, in Salesforce."""
    contract = next(each for each in records(platform, "salesforce", "Contract") if each["Opportunity__c"] == deal.id)
    app = credentials(platform.state / FOLDER)["salesforce"].values
    form = {"grant_type": "client_credentials", "client_id": app["SALESFORCE_CLIENT_ID"]}
    form |= {"client_secret": app["SALESFORCE_CLIENT_SECRET"]}
    with httpx.Client(base_url=platform.sandboxes["salesforce"].url) as salesforce:
        token = salesforce.post("/services/oauth2/token", data=form).raise_for_status().json()["access_token"]
        salesforce.patch(
            f"/services/data/v62.0/sobjects/Contract/{contract['Id']}",
            json={"Status": "Activated", "CustomerSignedDate": deal.start.isoformat()},
            headers={"Authorization": f"Bearer {token}"},
        ).raise_for_status()


async def release_credit_hold(platform: Client, deal: Deal) -> None:
    """Finance lets the customer buy again, in NetSuite."""
    customer = next(
        each for each in records(platform, "netsuite", "customer") if each["companyName"] == deal.account.legal_name
    )
    known = credentials(platform.state / FOLDER)["netsuite"].values
    url = platform.sandboxes["netsuite"].url
    said = {name: known[f"NETSUITE_{name.upper()}"] for name in ("client_id", "certificate_id", "private_key")}
    auth, _ = sign_in(Connection(name="netsuite", url=url, sign_in={"flow": "oauth2"} | said))
    async with httpx.AsyncClient(base_url=url, auth=auth) as netsuite:
        answer = await netsuite.patch(
            f"/services/rest/record/v1/customer/{customer['id']}", json={"creditHoldOverride": {"id": "OFF"}}
        )
        answer.raise_for_status()
