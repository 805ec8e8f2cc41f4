"""Quote to order where Business Central is the ERP, and Salesforce or Dynamics the CRM: by binding alone."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from canonical.faults import Conflict
from canonical.money import Money
from canonical.ports.quote_runs import QuoteRunDetail
from foundation.sandbox.firm import ENTITIES
from process_apis.bindings import Bindings
from tests.process.ordering import Ordering, rules
from tests.process.test_quotes_of_dynamics import Dynamics
from tests.process.world import Over, World

ERP: Bindings = {"erp": {entity.code: "business_central" for entity in ENTITIES}}


@pytest.fixture(params=["salesforce", "dataverse"])
async def firm(request: pytest.FixtureRequest, over: Over) -> AsyncIterator[World]:
    async with over(request.param, "business_central") as made:
        yield made


@pytest.fixture
def desk(firm: World) -> Ordering:
    return Ordering(firm, "business_central")


def orders(firm: World) -> list[dict[str, Any]]:
    return firm.records("business_central", "salesOrders")


async def played(firm: World, desk: Ordering, code: str) -> tuple[str, QuoteRunDetail]:
    """A deal's quote, ordered in whichever CRM it stands."""
    if firm.crm_of(code) == "dataverse":
        there = Dynamics(firm)
        return there.quote(code), await there.played(there.quote(code))
    return desk.quote(code), await desk.played(desk.quote(code))


async def told(firm: World, quote: str) -> tuple[str, bool, str]:
    """What the CRM says of a quote's order."""
    found = await firm.adapters[firm.crm_of("D01")].quote(quote)
    return found.status, found.frozen, found.order_number


async def test_a_quote_is_ordered_read_back_in_both_and_cancelled(firm: World, desk: Ordering) -> None:
    quote, done = await played(firm, desk, "D01")
    assert (done.run.status, done.run.verified, rules(done)) == ("succeeded", True, [])
    assert [field.field for field in done.agreement if not field.agree] == []
    order = await desk.order(done.run.id)
    assert (order.legal_entity_id, order.status, order.total()) == ("ACME-US", "open", Money.of("240000.00", "USD"))
    assert [(line.code, line.qty) for line in order.lines] == [
        ("SVC-DELIVERY-LEAD", 400),
        ("SVC-ENGINEER", 800),
        ("SVC-ANALYST", 400),
    ]
    assert (order.quote_id, await told(firm, quote)) == (quote, ("accepted", True, order.number))
    again = (await played(firm, desk, "D01"))[1]
    assert (again.run.id, len(orders(firm))) == (done.run.id, 1)
    await desk.runs.cancel_run(done.run.id)
    assert (await desk.ended(done.run.id)).run.status == "cancelled"
    assert ((await desk.order(done.run.id)).status, await told(firm, quote)) == ("cancelled", ("accepted", False, ""))
    assert (firm.writes("netsuite"), firm.duplicates()) == ([], [])


@pytest.mark.parametrize("firm", ["dataverse"], indirect=True)
async def test_its_project_is_billed_by_that_order_lines_and_all(firm: World, desk: Ordering) -> None:
    done = (await played(firm, desk, "D01"))[1]
    before = await desk.order(done.run.id)
    project = await firm.played("D01")
    assert (project.run.status, project.run.verified) == ("succeeded", True)
    after = await desk.order(done.run.id)
    assert (len(orders(firm)), after.status, after.lines) == (1, "open", before.lines)
    assert firm.duplicates() == []
    with pytest.raises(Conflict, match="is billed by order"):
        await desk.runs.cancel_run(done.run.id)


@pytest.mark.parametrize("firm", ["salesforce"], indirect=True)
async def test_odd_lines_come_to_the_same_cent_in_both(firm: World, desk: Ordering) -> None:
    odd = [
        desk.line("SVC-ENGINEER", 1, "33.335"),
        desk.line("SVC-ANALYST", 3, "11.115"),
        desk.line("KICKOFF", 2, "10000.01"),
        desk.line("SVC-ANALYST", 5, 0),
        desk.line("DISCOUNT", 1, "-500.50"),
    ]
    done = await desk.played(desk.rewrite(desk.quote("D01"), *odd))
    assert (done.run.status, done.run.verified, rules(done)) == ("succeeded", True, [])
    order = await desk.order(done.run.id)
    assert [str(line.net.amount) for line in order.lines] == [
        "33.34",
        "33.35",
        "3333.34",
        "10000.01",
        "6666.66",
        "0.00",
        "-500.50",
    ]


@pytest.mark.parametrize("firm", ["salesforce"], indirect=True)
async def test_an_item_is_judged_as_the_selling_company_has_it(firm: World, desk: Ordering) -> None:
    """ACME-DE stops selling what ACME-US goes on with."""
    box = firm.boxes["business_central"]
    for item in box.store.find("items", number="SVC-ENGINEER"):
        (company,) = box.store.find("companies", id=item["_company"])
        box.store.update("items", item["id"], {"salesBlocked": company["name"] == "ACME-US"})
    refused = await desk.played(desk.quote("D01"))
    assert (refused.run.status, rules(refused), orders(firm)) == ("refused", ["active_items"], [])
    for item in box.store.find("items", number="SVC-ENGINEER"):
        box.store.update("items", item["id"], {"salesBlocked": not item["salesBlocked"]})
    await desk.runs.retry_run(refused.run.id)
    assert (await desk.ended(refused.run.id)).run.status == "succeeded"
