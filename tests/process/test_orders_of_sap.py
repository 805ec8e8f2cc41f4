"""Quote to order where Salesforce is the CRM and SAP S/4HANA the ERP: by binding alone."""

import pytest

from canonical.faults import Conflict
from canonical.money import Money
from tests.process.ordering import Ordering, rules
from tests.process.world import World


@pytest.fixture
def firm(sap_firm: World) -> World:
    return sap_firm


@pytest.fixture
def desk(firm: World) -> Ordering:
    return Ordering(firm, "sap_s4hana")


async def told(desk: Ordering, quote: str) -> tuple[str, bool, str]:
    """What the CRM says of a quote's order."""
    found = await desk.firm.adapters["salesforce"].quote(quote)
    return found.status, found.frozen, found.order_number


async def test_a_quote_is_ordered_read_back_in_both_and_cancelled(firm: World, desk: Ordering) -> None:
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
    assert (again.run.id, len(firm.records("sap_s4hana", "A_SalesOrder"))) == (done.run.id, 1)
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


async def test_a_deal_that_is_ordered_is_not_billed_by_its_projects_plan_too(firm: World, desk: Ordering) -> None:
    done = await desk.played(desk.quote("D01"))
    before = await desk.order(done.run.id)
    project = await firm.played("D01")
    assert (project.run.status, project.run.verified) == ("succeeded", True)
    after = await desk.order(done.run.id)
    assert (after.status, after.lines) == ("open", before.lines)
    blocks = {
        each["SalesOrder"]: each["HeaderBillingBlockReason"] for each in firm.records("sap_s4hana", "A_SalesOrder")
    }
    assert sorted(blocks.values()) == ["", "01"]
    assert blocks[after.number] == ""
    assert firm.duplicates() == []
    with pytest.raises(Conflict, match="is billed by order"):
        await desk.runs.cancel_run(done.run.id)


async def test_a_deal_whose_project_has_its_plan_is_not_ordered_too(firm: World, desk: Ordering) -> None:
    assert (await firm.played("D01")).run.verified
    refused = await desk.played(desk.quote("D01"))
    assert (refused.run.status, rules(refused)) == ("refused", ["billed_once"])
    assert len(firm.records("sap_s4hana", "A_SalesOrder")) == 1
