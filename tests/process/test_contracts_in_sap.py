"""Contract sync where Salesforce is the CRM and SAP S/4HANA the ERP: by binding alone."""

from datetime import timedelta

import pytest

from canonical.money import Money
from tests.process.contracting import Contracting, line
from tests.process.ordering import Ordering
from tests.process.world import World


@pytest.fixture
def legal(sap_firm: World) -> Contracting:
    return Contracting(sap_firm)


def contracts(firm: World) -> int:
    return len(firm.records("sap_s4hana", "A_SalesContract"))


async def budgets(firm: World, code: str) -> set[str]:
    """What the deal's project may cost, and is billed in all, wherever it stands."""
    key = f"salesforce:{firm.deal(code).id}"
    found = [(await firm.adapters[system].project_by_key(key)).budget for system in ("sap_s4hana", "kantata")]
    plan = await firm.adapters["sap_s4hana"].billing_schedule_by_key(f"{key}:billing")
    return {str(each) for each in (*found, plan.total())}


async def test_what_is_signed_amended_and_taken_back_is_what_sap_and_the_project_say(legal: Contracting) -> None:
    firm, contract = legal.firm, legal.contract("D02")
    project = (await firm.played("D02")).run
    assert project.status == "succeeded"
    assert [each.billing_method for each in (await legal.terms("D02")).lines] == [None], "one item of the whole"
    first = await legal.played(contract)
    assert (first.run.status, first.run.verified) == ("succeeded", True), first.run.problem
    signed = await legal.terms("D02")
    assert (signed.status, signed.amendment, signed.document_hash) == (
        "active",
        0,
        legal.held("D02")["Document_Hash__c"],
    )
    assert {each.billing_method for each in signed.lines} == {"milestone"}
    assert signed.value is not None

    legal.amend("D02", 1, line(5000, "Second site"), line(-1000, "Less travel"), Not_To_Exceed_Change__c=300000)
    second = await legal.played(contract)
    assert (second.run.status, second.run.verified, second.run.contract.amendment) == ("succeeded", True, 1)
    there, worth = await legal.terms("D02"), signed.value + Money.of(4000, "USD")
    assert (there.id, there.value, there.amendment, there.lines) == (signed.id, worth, 1, signed.lines)
    (added,) = there.amendments
    assert [each.amount.amount for each in added.lines] == [5000, -1000]
    assert added.effective == firm.deal("D02").start
    assert await budgets(firm, "D02") == {str(worth)}

    assert (await legal.undone(second)).run.status == "cancelled"
    back = await legal.terms("D02")
    assert (back.value, back.amendment, back.amendments) == (signed.value, 0, [])
    assert await budgets(firm, "D02") == {str(signed.value)}
    again = await legal.played(contract)
    assert (again.run.id, again.run.status, again.run.verified) == (f"{second.run.id}:2", "succeeded", True)
    assert (await legal.terms("D02")).value == worth
    assert (contracts(firm), firm.duplicates(), firm.writes("netsuite")) == (1, [], [])


async def test_a_lost_answer_is_looked_up_and_a_deal_won_later_leaves_what_was_carried(legal: Contracting) -> None:
    firm = legal.firm
    firm.fault("sap_s4hana", "timeout_after_commit", method="POST", path="/A_SalesContract")
    done = await legal.played(legal.contract("D01"))
    assert (done.run.status, done.run.verified, contracts(firm)) == ("succeeded", True, 1), done.run.problem
    tried = [(attempt.operation, attempt.fault) for attempt in done.steps[4].attempts]
    assert ("PUT /contracts/by-key/{key}/terms", "outcome_unknown") in tried
    project = await firm.played("D01")
    assert (project.run.status, project.run.verified, contracts(firm)) == ("succeeded", True, 1)
    there = await legal.terms("D01")
    assert [each.amount.amount for each in there.lines] == [80000, 120000, 40000]
    assert (there.status, there.po_number, there.payment_terms) == ("active", "PO-4501", "Net 30")
    assert firm.duplicates() == []


async def test_a_price_somebody_changed_in_sap_is_put_right_by_the_next_amendment(
    legal: Contracting,
) -> None:
    store = legal.firm.boxes["sap_s4hana"].store
    done = await legal.played(legal.contract("D01"))
    assert done.run.status == "succeeded"
    (price, *_) = store.find("A_SalesContractItemPrcgElmnt", SalesContractItem="10")
    at = f"{price['SalesContract']}|10|{price['PricingProcedureStep']}|{price['PricingProcedureCounter']}"
    store.update("A_SalesContractItemPrcgElmnt", at, {"ConditionRateValue": "70000"})
    assert (await legal.terms("D01")).value == Money.of("230000.00", "USD")
    legal.amend("D01", 1, line(10000))
    mended = await legal.played(legal.contract("D01"))
    assert (mended.run.status, mended.run.verified) == ("succeeded", True), mended.run.problem
    assert (await legal.terms("D01")).value == Money.of("250000.00", "USD")


async def test_what_an_order_of_the_quote_bills_is_not_amended_beside_it(legal: Contracting) -> None:
    firm, desk = legal.firm, Ordering(legal.firm, "sap_s4hana")
    ordered = await desk.played(desk.quote("D01"))
    number = (await desk.order(ordered.run.id)).number
    assert (await legal.played(legal.contract("D01"))).run.status == "succeeded"
    legal.amend("D01", 1, line(10000))
    stopped = await legal.played(legal.contract("D01"))
    assert stopped.run.status == "failed"
    assert stopped.run.problem is not None
    assert stopped.run.problem.detail.endswith(f"is billed by order {number}: amend that order in SAP")
    assert (await desk.order(ordered.run.id)).total() == Money.of("240000.00", "USD")
    assert firm.duplicates() == []


async def test_what_an_order_was_called_off_from_is_not_taken_back_until_that_order_is_rejected(
    legal: Contracting,
) -> None:
    store = legal.firm.boxes["sap_s4hana"].store
    assert (await legal.played(legal.contract("D01"))).run.status == "succeeded"
    legal.amend("D01", 1, line(10000))
    done = await legal.played(legal.contract("D01"))
    (item,) = store.find("A_SalesContractItem", YY1_TGRef_SDI="1.1")
    of = {"ReferenceSDDocument": item["SalesContract"], "ReferenceSDDocumentItem": item["SalesContractItem"]}
    store.insert("A_SalesOrderItem", "9000|10", {"SalesOrder": "9000", "SalesOrderItem": "10"} | of)
    stopped = await legal.undone(done)
    assert stopped.run.status == "failed"
    assert stopped.run.problem is not None
    assert "line 1.1 of contract" in stopped.run.problem.detail
    assert ((await legal.terms("D01")).amendment, legal.held("D01")["Carried_Amendment__c"]) == (1, 1)
    store.update("A_SalesOrderItem", "9000|10", {"SalesDocumentRjcnReason": "00"})
    assert (await legal.undone(done)).run.status == "cancelled"
    there = await legal.terms("D01")
    assert (there.value, there.amendments, there.amendment) == (Money.of("240000.00", "USD"), [], 0)


async def test_a_termination_rejects_what_was_agreed_and_says_what_it_came_to(legal: Contracting) -> None:
    firm, day = legal.firm, legal.firm.deal("D01").start
    assert (await firm.played("D01")).run.status == "succeeded"
    assert (await legal.played(legal.contract("D01"))).run.status == "succeeded"
    ending = {"Kind__c": "Termination", "Effective_Date__c": (day + timedelta(days=31)).isoformat()}
    legal.amend("D01", 1, line(-200000), New_End_Date__c=(day + timedelta(days=30)).isoformat(), **ending)
    done = await legal.played(legal.contract("D01"))
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    there = await legal.terms("D01")
    assert (there.status, there.value, there.end) == (
        "cancelled",
        Money.of("40000.00", "USD"),
        day + timedelta(days=30),
    )
    assert {each["SalesDocumentRjcnReason"] for each in firm.records("sap_s4hana", "A_SalesContractItem")} == {"00"}
    assert legal.held("D01")["Status"] == "Terminated"
