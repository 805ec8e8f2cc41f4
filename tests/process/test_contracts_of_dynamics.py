"""Contracts where Dynamics is the CRM: what is told of them that is no run."""

from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa

from canonical.dates import now
from process_apis.contract_sync.expiring import tell_expiring
from process_apis.tables import EVENTS
from tests.process.contracting import Contracting
from tests.process.world import Over


@pytest.fixture
async def legal(over: Over) -> AsyncIterator[Contracting]:
    async with over("dataverse") as firm:
        yield Contracting(firm)


async def test_an_order_that_ends_soon_is_told_once_and_not_once_it_is_cancelled(legal: Contracting) -> None:
    platform, near = legal.firm.platform, now().date() + timedelta(days=20)
    platform.pace = msgspec.structs.replace(platform.pace, contract_notice=30)
    for code in ("D01", "D02"):
        legal.typed(code, end=near)
    legal.papers.end(legal.contract("D02"))
    assert [await tell_expiring(platform) for _ in range(2)] == [1, 0]
    query = sa.select(EVENTS.c.subject, EVENTS.c.data).where(EVENTS.c.type == "com.tiergate.contract.expiring.v1")
    told = await platform.database.run(lambda c: c.execute(query).all())
    deal, data = legal.deal_key("D01"), msgspec.json.decode(told[0].data)
    assert (len(told), told[0].subject) == (1, deal)
    assert (data["contract_id"], data["end"]) == (legal.contract("D01"), near.isoformat())
