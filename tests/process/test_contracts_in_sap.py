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
    firm, desk = legal.firm, Ordering(legal.firm)
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
    assert ((await legal.terms("D01")).amendment, legal.papers.mark(legal.contract("D01"))[1]) == (1, 1)
    store.update("A_SalesOrderItem", "9000|10", {"SalesDocumentRjcnReason": "00"})
    assert (await legal.undone(done)).run.status == "cancelled"
    there = await legal.terms("D01")
    assert (there.value, there.amendments, there.amendment) == (Money.of("240000.00", "USD"), [], 0)


async def test_a_termination_rejects_what_was_agreed_and_says_what_it_came_to(legal: Contracting) -> None:
    firm, day = legal.firm, legal.firm.deal("D01").start
    assert (await firm.played("D01")).run.status == "succeeded"
    assert (await legal.played(legal.contract("D01"))).run.status == "succeeded"
    over = {"kind": "termination", "effective": day + timedelta(days=31), "end": day + timedelta(days=30)}
    legal.amend("D01", 1, line(-200000), **over)
    done = await legal.played(legal.contract("D01"))
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    there = await legal.terms("D01")
    assert (there.status, there.value, there.end) == (
        "cancelled",
        Money.of("40000.00", "USD"),
        day + timedelta(days=30),
    )
    assert {each["SalesDocumentRjcnReason"] for each in firm.records("sap_s4hana", "A_SalesContractItem")} == {"00"}
