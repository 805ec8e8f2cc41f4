"""Quote to order where Salesforce is the CRM and Tryton the ERP: by binding alone."""

from collections.abc import AsyncIterator

import pytest

from canonical.faults import Conflict
from canonical.money import Money
from system_apis.tryton import memo
from tests.process.ordering import Ordering, rules
from tests.process.world import Over, World


@pytest.fixture
async def firm(over: Over) -> AsyncIterator[World]:
    async with over(erp="tryton") as made:
        yield made


@pytest.fixture
def desk(firm: World) -> Ordering:
    return Ordering(firm)


def kept(firm: World, word: str) -> list[str]:
    """The keys under a word, of every sale."""
    words = [memo.read(each["comment"]) for each in firm.records("tryton", "sale.sale")]
    return [each[word] for each in words if word in each]


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
    assert (again.run.id, kept(firm, "order-key")) == (done.run.id, [done.run.id])
    await desk.runs.cancel_run(done.run.id)
    assert (await desk.ended(done.run.id)).run.status == "cancelled"
    assert ((await desk.order(done.run.id)).status, await told(desk, quote)) == ("cancelled", ("accepted", False, ""))
    (sale,) = firm.records("tryton", "sale.sale")
    assert sale["state"] == "done", "nobody can bill it any more"
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
    second = await desk.played(desk.revise("D01"))
    assert (second.run.status, second.run.verified, second.run.quote.revision) == ("succeeded", True, 2)
    assert (await desk.order(first.run.id)).status == "cancelled"


async def test_its_project_is_billed_by_that_order_lines_and_all(firm: World, desk: Ordering) -> None:
    done = await desk.played(desk.quote("D01"))
    before = await desk.order(done.run.id)
    project = await firm.played("D01")
    assert (project.run.status, project.run.verified) == ("succeeded", True)
    after = await desk.order(done.run.id)
    assert (after.status, after.lines) == ("open", before.lines)
    assert kept(firm, "contract-key") == kept(firm, "order-key") == [done.run.id], "the order is the contract"
    assert firm.duplicates() == []
    with pytest.raises(Conflict, match="is billed by order"):
        await desk.runs.cancel_run(done.run.id)


async def test_a_deal_whose_contract_bills_it_is_not_ordered_too(firm: World, desk: Ordering) -> None:
    assert (await firm.played("D01")).run.verified
    refused = await desk.played(desk.quote("D01"))
    assert (refused.run.status, rules(refused), kept(firm, "order-key")) == ("refused", ["billed_once"], [])
