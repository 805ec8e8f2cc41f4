"""What a storm is judged by notices a contract that is carried wrongly."""

from typing import Any

import pytest

from canonical.dates import now
from foundation.sandbox.firm import deals
from tests.chaos.judged import Holdings
from tests.chaos.selling import MORE

DEAL = deals(now().date())[0]


def line(ref: str, amount: int) -> dict[str, Any]:
    return {"custcol_tg_ref": ref, "amount": amount, "isClosed": False}


def holdings(lines: list[dict[str, Any]], orders: int = 1, **contract: Any) -> Holdings:
    """A deal's contract as the CRM marks it, and its order in the ERP with these lines."""
    held = {"Id": "800", "Carried_Amendment__c": 1, "ERP_Order_Id__c": "7"} | contract
    order = {"id": "7", "externalId": "salesforce:800", "custbody_tg_amendment": 1, "item": {"items": lines}}
    crm = {"Opportunity": [{"Id": DEAL.id, "ContractId": "800"}], "Contract": [held]}
    return Holdings(crm, {"salesOrder": [order] * orders}, {"workspaces": []})


WELL = [line("0.1", 900), line("1.1", MORE)]


def test_a_contract_that_is_carried_once_with_its_amendment_is_well() -> None:
    assert holdings(WELL).wrong_terms(DEAL, {1}) == []
    assert holdings(WELL).wrong_terms(DEAL, {0, 1}) == [], "its amendment waits, and is written already"


@pytest.mark.parametrize(
    ("found", "carried", "said"),
    [
        (holdings([*WELL, line("1.1", MORE)]), {1}, "each line is there once"),
        (holdings([*WELL, line("1.2", MORE)]), {0, 1}, "the amendment is one line"),
        (holdings(WELL[:1]), {1}, "the amendment is one line"),
        (holdings([WELL[0], line("1.1", 1)]), {1}, "the amendment is one line"),
        (holdings(WELL), {0}, "the order says how far"),
        (holdings(WELL, Carried_Amendment__c=0), {1}, "the CRM says how far"),
        (holdings(WELL, Carried_Amendment__c=None), {0, 1}, "the CRM says how far"),
        (holdings(WELL, ERP_Order_Id__c=None), {1}, "the CRM names the order"),
        (holdings(WELL, orders=2), {1}, "2 orders"),
    ],
)
def test_what_is_doubled_missing_or_not_marked_is_told(found: Holdings, carried: set[int], said: str) -> None:
    assert said in "; ".join(found.wrong_terms(DEAL, carried))
