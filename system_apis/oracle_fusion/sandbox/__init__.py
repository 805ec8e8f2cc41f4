"""A Fusion pod as we must expect it: its REST framework in all its versions, and the resources an ERP is asked for.

The firm's three legal entities, their business units, ledgers and periods are set up; one customer is known already:
on credit hold. Options register who may sign in (`sign_in.py`), say how many rows a page has at most (`most_rows`) and
what our user may not see: `denied_resources` (`projects`), `hidden_fields` (`accounts.TgTaxCountry_c`).
"""

from typing import Final

from foundation.sandbox import Box, Record, Sandbox, Store
from system_apis.oracle_fusion.sandbox.errors import ANSWERS
from system_apis.oracle_fusion.sandbox.ordering import SEGMENTS
from system_apis.oracle_fusion.sandbox.routes import ROUTES
from system_apis.oracle_fusion.sandbox.schema import RESOURCES
from system_apis.oracle_fusion.sandbox.seed import seed
from system_apis.oracle_fusion.sandbox.writing import create


def _enter(box: Box, kind: str, fields: Record) -> str:
    resource = RESOURCES[kind]
    return str(create(box, resource, fields)[resource.key])


def _account_fact(record: Record, _: Store) -> str:
    return f"{record['OrganizationName']} of {record.get('TgLegalEntity_c') or 'nobody'}"


def _contact_fact(record: Record, _: Store) -> str:
    return f"{record.get('FirstName')} {record['LastName']} of {record.get('AccountPartyNumber')}"


def _contract_fact(record: Record, _: Store) -> str:
    ours: Record = next(iter(record["ContractHeaderFlexfieldVA"]), {})
    return f"contract {ours['tgNumber']} of {record['BuyerPartyNumber']}" if ours.get("tgNumber") else ""


def _project_fact(record: Record, _: Store) -> str:
    customer = next((each["PartyNumber"] for each in record["ProjectCustomers"]), "nobody")
    return f"{record['ProjectName']} for {customer}"


def _event_fact(record: Record, _: Store) -> str:
    return f"{record.get('EventDescription')} on {record['CompletionDate']}, project {record['ProjectNumber']}"


def _order_fact(record: Record, _: Store) -> str:
    ours: Record = next((row for each in record["additionalInformation"] for row in each[SEGMENTS]), {})
    return f"order of quote {ours['tgQuote']} under {ours['tgKey']}" if ours.get("tgQuote") else ""


SANDBOX: Final = Sandbox(
    name="oracle_fusion",
    title="Oracle Fusion",
    routes=ROUTES,
    seed=seed,
    enter=_enter,
    kinds=frozenset(name for name, each in RESOURCES.items() if "POST" in each.methods),
    facts={
        "accounts": _account_fact,
        "contacts": _contact_fact,
        "contracts": _contract_fact,
        "projects": _project_fact,
        "projectBillingEvents": _event_fact,
        "salesOrdersForOrderHub": _order_fact,
    },
    answers=ANSWERS,
    volatile=frozenset({"LastUpdateDate", "_version"}),
    options={
        "client_id": "",
        "client_secret": "",
        "user": "",
        "password": "",
        "public_key": "",
        "certificate": "",
        "most_rows": 500,
        "denied_resources": [],
        "hidden_fields": [],
    },
)
