"""Quote to order where Salesforce is the CRM and the ERP bills projects by plans of their own: by binding alone."""

from collections.abc import AsyncIterator, Callable

import msgspec
import pytest

from canonical.faults import Conflict
from canonical.money import Money
from foundation.sandbox import Box
from tests.process.ordering import Ordering, rules
from tests.process.world import Over, World


class Erp(msgspec.Struct, frozen=True):
    """What is a system's own."""

    name: str
    orders: str
    """What it calls orders."""
    waits: Callable[[Box, str], bool]
    """Whether the plan beside the order of this number bills nothing."""
    plans: int
    """Orders of a deal that has its plan, and no order of its quote."""


def _blocked_in_sap(box: Box, number: str) -> bool:
    blocks = {each["SalesOrder"]: each["HeaderBillingBlockReason"] for each in box.store.find("A_SalesOrder")}
    return blocks.pop(number) == "" and list(blocks.values()) == ["01"]


def _held_in_oracle_fusion(box: Box, number: str) -> bool:
    events = box.store.find("projectBillingEvents")
    told = {(each["BillHold"], each["BillingEventDFF"][0]["tgOrder"]) for each in events}
    return told == {("Y", number)}


ERPS = (
    Erp("sap_s4hana", "A_SalesOrder", _blocked_in_sap, 1),
    Erp("oracle_fusion", "salesOrdersForOrderHub", _held_in_oracle_fusion, 0),
)


@pytest.fixture(params=ERPS, ids=[each.name for each in ERPS])
def bound(request: pytest.FixtureRequest) -> Erp:
    found: Erp = request.param
    return found


@pytest.fixture
async def firm(over: Over, bound: Erp) -> AsyncIterator[World]:
    async with over(erp=bound.name) as made:
        yield made


@pytest.fixture
def desk(firm: World) -> Ordering:
    return Ordering(firm)


async def told(desk: Ordering, quote: str) -> tuple[str, bool, str]:
    """What the CRM says of a quote's order."""
    found = await desk.firm.adapters["salesforce"].quote(quote)
    return found.status, found.frozen, found.order_number


async def test_a_quote_is_ordered_read_back_in_both_and_cancelled(firm: World, desk: Ordering, bound: Erp) -> None:
    quote = desk.quote("D01")
    done = await desk.played(quote)
    assert (done.run.status, done.run.verified, rules(done)) == ("succeeded", True, [])
    assert {field.field for field in done.agreement if field.agree} >= {"order", "status", "value", "line 3"}
    order = await desk.order(done.run.id)
    assert (order.legal_entity_id, order.status, order.total()) == ("ACME-US", "open", Money.of("240000.00", "USD"))
    assert [(line.code, line.qty) for line in order.lines] == [
        ("SVC-DELIVERY-LEAD", 400),
        ("SVC-ENGINEER", 800),
        ("SVC-ANALYST", 400),
    ]
    assert (order.quote_id, await told(desk, quote)) == (quote, ("accepted", True, order.number))
    again = await desk.played(quote)
    assert (again.run.id, len(firm.records(bound.name, bound.orders))) == (done.run.id, 1)
    await desk.runs.cancel_run(done.run.id)
    assert (await desk.ended(done.run.id)).run.status == "cancelled"
    assert ((await desk.order(done.run.id)).status, await told(desk, quote)) == ("cancelled", ("accepted", False, ""))
    assert (firm.writes("netsuite"), firm.duplicates()) == ([], [])


async def test_odd_lines_come_to_the_same_cent_and_the_older_revision_is_cancelled(firm: World, desk: Ordering) -> None:
    odd = [
        desk.line("SVC-ENGINEER", 1, "33.335"),
        desk.line("SVC-ANALYST", 3, "11.115"),
        desk.line("SVC-ANALYST", 5, 0),
        desk.line("DISCOUNT", 1, "-20.50"),
    ]
    first = await desk.played(desk.rewrite(desk.quote("D01"), *odd))
    assert (first.run.status, first.run.verified, rules(first)) == ("succeeded", True, [])
    order = await desk.order(first.run.id)
    assert [str(line.net.amount) for line in order.lines] == ["33.34", "33.34", "0.00", "-20.50"]
    assert order.lines[1].unit_price == Money.of("11.113333", "USD")
    second = await desk.played(desk.revise("D01"))
    assert (second.run.status, second.run.verified, second.run.quote.revision) == ("succeeded", True, 2)
    assert (await desk.order(first.run.id)).status == "cancelled"


async def test_a_deal_that_is_ordered_is_not_billed_by_its_projects_plan_too(
    firm: World, desk: Ordering, bound: Erp
) -> None:
    done = await desk.played(desk.quote("D01"))
    before = await desk.order(done.run.id)
    project = await firm.played("D01")
    assert (project.run.status, project.run.verified) == ("succeeded", True)
    after = await desk.order(done.run.id)
    assert (after.status, after.lines) == ("open", before.lines)
    assert bound.waits(firm.boxes[bound.name], after.number)
    assert firm.duplicates() == []
    with pytest.raises(Conflict, match="is billed by order"):
        await desk.runs.cancel_run(done.run.id)


async def test_a_deal_whose_project_has_its_plan_is_not_ordered_too(firm: World, desk: Ordering, bound: Erp) -> None:
    assert (await firm.played("D01")).run.verified
    refused = await desk.played(desk.quote("D01"))
    assert (refused.run.status, rules(refused)) == ("refused", ["billed_once"])
    assert len(firm.records(bound.name, bound.orders)) == bound.plans
