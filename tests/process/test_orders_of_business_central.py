"""Quote to order where Business Central is the ERP: each legal entity is a company with items of its own."""

from collections.abc import AsyncIterator

import pytest

from tests.process.ordering import Ordering, rules
from tests.process.world import Over, World


@pytest.fixture
async def firm(over: Over) -> AsyncIterator[World]:
    async with over(erp="business_central") as made:
        yield made


async def test_an_item_is_judged_as_the_selling_company_has_it(firm: World) -> None:
    """ACME-DE stops selling what ACME-US goes on with."""
    desk, box = Ordering(firm), firm.boxes["business_central"]
    for item in box.store.find("items", number="SVC-ENGINEER"):
        (company,) = box.store.find("companies", id=item["_company"])
        box.store.update("items", item["id"], {"salesBlocked": company["name"] == "ACME-US"})
    refused = await desk.played(desk.quote("D01"))
    assert (refused.run.status, rules(refused), desk.orders()) == ("refused", ["active_items"], [])
    for item in box.store.find("items", number="SVC-ENGINEER"):
        box.store.update("items", item["id"], {"salesBlocked": not item["salesBlocked"]})
    await desk.runs.retry_run(refused.run.id)
    assert (await desk.ended(refused.run.id)).run.status == "succeeded"
