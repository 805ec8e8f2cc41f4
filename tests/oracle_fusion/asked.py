"""What the tests ask of the sandbox directly, and the bodies that will do."""

from typing import Any

import httpx

FSCM, CRM = "/fscmRestApi/resources/11.13.18.05", "/crmRestApi/resources/11.13.18.05"
ACCOUNTS, CONTRACTS, PROJECTS = f"{CRM}/accounts", f"{FSCM}/contracts", f"{FSCM}/projects"
EVENTS = f"{FSCM}/projectBillingEvents"
BATCH = {"Content-Type": "application/vnd.oracle.adf.batch+json"}
ERROR = "application/vnd.oracle.adf.error+json"
ACCOUNT: dict[str, Any] = {"OrganizationName": "Elbe Werke", "Type": "ZCA_CUSTOMER", "CurrencyCode": "EUR"}
PROJECT: dict[str, Any] = {
    "ProjectNumber": "P1",
    "ProjectName": "Umbau",
    "SourceTemplateNumber": "TIERGATE",
    "BusinessUnitName": "ACME-DE Business Unit",
    "OwningOrganizationName": "ACME-DE Business Unit",
    "ProjectCurrencyCode": "EUR",
    "ProjectStartDate": "2026-03-01",
    "ProjectEndDate": "2026-08-31",
}


async def made(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await http.post(path, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def billable(http: httpx.AsyncClient) -> dict[str, Any]:
    """A billing event's body that will do, its customer, contract, link and project made."""
    account = await made(http, ACCOUNTS, ACCOUNT)
    contract = await made(
        http,
        CONTRACTS,
        {
            "ContractTypeName": "Sell: Project Lines",
            "BusinessUnitName": "ACME-DE Business Unit",
            "BuyerPartyNumber": account["PartyNumber"],
            "CurrencyCode": "EUR",
            "ContractLine": [{"LineTypeName": "Free-form, project", "LineAmount": 100.5}],
        },
    )
    await made(http, PROJECTS, PROJECT)
    line = contract["ContractLine"]["items"][0]["links"][0]["href"]
    await made(http, f"{line}/child/AssociatedProject", {"ProjectNumber": "P1"})
    return {
        "SourceName": "Workbench",
        "SourceReference": "uniq-1",
        "ContractTypeName": "Sell: Project Lines",
        "ContractNumber": contract["ContractNumber"],
        "ContractLineNumber": "1",
        "EventTypeName": "Percent Complete Billing",
        "CompletionDate": "2026-01-31",
        "BillTrnsAmount": 5000,
        "BillTrnsCurrencyCode": "EUR",
        "OrganizationName": "ACME-DE Business Unit",
        "ProjectNumber": "P1",
    }


def told(answer: httpx.Response) -> tuple[int, list[tuple[str, str]]]:
    """The status, and code and place of each message."""
    details = answer.json()["o:errorDetails"]
    return answer.status_code, [(each.get("o:errorCode", ""), each.get("o:errorPath", "")) for each in details]
