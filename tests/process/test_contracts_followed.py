"""Contracts that nobody told of: amendments found by the poll, and ends that come near, told once."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from canonical.dates import now
from canonical.money import Money
from foundation.database import upsert
from process_apis.contract_sync.expiring import tell_expiring
from process_apis.events.intake import poll_contracts, work_off
from process_apis.tables import EVENTS, INBOX, WATERMARKS
from tests.process.contracting import Contracting, line, rules
from tests.process.test_intake import deliver
from tests.process.world import FIRMS, World

NOTICE = 30


@pytest.fixture
def legal(firm: World) -> Contracting:
    return Contracting(firm)


async def polled(legal: Contracting) -> int:
    new = await poll_contracts(legal.firm.platform)
    await work_off(legal.firm.platform)
    return new


@pytest.mark.parametrize("firm", FIRMS[:2], ids="-".join, indirect=True)
async def test_an_amendment_nobody_told_of_is_found_by_the_poll_and_carried_once(legal: Contracting) -> None:
    contract = legal.contract("D01")
    assert await polled(legal) == 0, "what was there before anybody asked is passed over"
    assert (await legal.runs.runs()).items == []
    assert (await legal.played(contract)).run.status == "succeeded"
    amendment = legal.amend("D01", 1, line(10000), agreed=False)
    await polled(legal)
    assert len((await legal.runs.runs()).items) == 1, "a draft is nobody's business"
    legal.edit("amendment", amendment, status="agreed")
    assert await polled(legal) >= 1
    run = (await legal.runs.runs()).items[0]
    assert run.contract.amendment == 1
    done = await legal.ended(run.id)
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    assert (await legal.terms("D01")).value == Money.of("250000.00", "USD")
    await deliver(legal.firm)  # the notification comes after all
    await polled(legal)
    assert await polled(legal) == 0
    assert len((await legal.runs.runs()).items) == 2
    told = await legal.firm.platform.database.run(
        lambda c: list(c.scalars(sa.select(INBOX.c.via).where(INBOX.c.object == "contract", INBOX.c.done_at.is_(None))))
    )
    assert told == []


async def test_a_poll_that_was_late_finds_a_waiver_too(legal: Contracting) -> None:
    await polled(legal)
    assert (await legal.played(legal.contract("D01"))).run.status == "succeeded"
    amendment = legal.amend("D01", 1, line(10000), envelope=None)
    await polled(legal)
    stopped = await legal.ended((await legal.runs.runs()).items[0].id)
    assert rules(stopped) == ["paper_checked"]
    legal.waive(amendment, "paper_checked")
    await polled(legal)
    assert (await legal.ended(stopped.run.id)).run.status == "succeeded"


async def test_what_a_person_took_back_is_not_carried_again_by_the_poll(legal: Contracting) -> None:
    await polled(legal)
    carried = await legal.played(legal.contract("D01"))
    legal.later()
    assert (await legal.undone(carried)).run.status == "cancelled"
    assert await polled(legal) >= 1, "the mark that was taken away is a change of the contract"
    assert [each.id for each in (await legal.runs.runs()).items] == [carried.run.id]
    again = await legal.played(legal.contract("D01"))
    assert (again.run.id, rules(again)) == (f"{carried.run.id}:2", ["contract_open"]), "a person asks, Finance opens it"
    legal.waive(legal.contract("D01"), "paper_checked", kind="contract")
    await polled(legal)
    assert len((await legal.runs.runs()).items) == 2


class Ending:
    """Looks of days in a row, and what is told of them."""

    def __init__(self, legal: Contracting) -> None:
        self.platform = legal.firm.platform
        self.platform.pace = msgspec.structs.replace(self.platform.pace, contract_notice=NOTICE)

    async def look(self) -> int:
        """The look of another day."""
        gone = {"watermark": "2020-01-01", "polled_at": now()}
        await self.platform.database.run(lambda c: upsert(c, WATERMARKS, {"system": "salesforce:contract ends"}, gone))
        return await tell_expiring(self.platform)

    async def told(self) -> list[dict[str, Any]]:
        query = sa.select(EVENTS).where(EVENTS.c.type == "com.tiergate.contract.expiring.v1")
        rows = await self.platform.database.run(lambda c: list(c.execute(query.order_by(EVENTS.c.sequence))))
        return [msgspec.json.decode(row.data) | {"of": row.subject, "entity": row.legal_entity} for row in rows]


async def test_a_contract_that_ends_soon_is_told_once_and_its_next_term_once_more(legal: Contracting) -> None:
    ending, today = Ending(legal), now().date()
    near, far = (today + timedelta(days=days) for days in (NOTICE, NOTICE + 1))
    for code, end in (("D01", near), ("D02", far), ("D03", today - timedelta(days=1)), ("D11", near)):
        legal.typed(code, end=end)
    assert await tell_expiring(ending.platform) == 1
    contract, deal = legal.contract("D01"), legal.firm.deal("D01")
    plain = {"contract_id": contract, "renews": False, "of": deal.key, "entity": "ACME-US"}
    first = plain | {"amendment": 0, "end": near.isoformat(), "value": "USD 240,000.00"}
    assert await ending.told() == [first], "the day after the notice, yesterday and a draft are not told"
    assert await tell_expiring(ending.platform) == 0, "once a day"

    legal.amend("D01", 1, line(10000))
    assert await ending.look() == 0, "the same end, whatever else of it changed"
    await asyncio.gather(*(ending.look() for _ in range(3)))
    assert len(await ending.told()) == 1

    sooner = today + timedelta(days=3)
    legal.amend("D01", 2, kind="renewal", end=sooner)
    assert await ending.look() == 1
    legal.amend("D01", 3, kind="renewal", end=far)
    assert await ending.look() == 0, "renewed: its end is not near any more"
    more = plain | {"amendment": 2, "end": sooner.isoformat(), "value": "USD 250,000.00"}
    assert await ending.told() == [first, more]


async def test_a_terminated_contract_is_not_told_to_end_and_one_without_a_deal_is(legal: Contracting) -> None:
    ending, near = Ending(legal), now().date() + timedelta(days=10)
    legal.typed("D01", end=near)
    legal.amend("D01", 1, line(-1), kind="termination", end=near)
    master = legal.another("D02", title="Master agreement", opportunity_id=None, end=near, legal_entity_id="ACME-DE")
    legal.typed("D03", end=near)
    legal.typed("D03", Contract_Type__c="Barter")
    assert await ending.look() == 1
    assert [(each["of"], each["entity"]) for each in await ending.told()] == [(f"salesforce:{master}", "ACME-DE")]
    legal.typed("D03", Contract_Type__c="Retainer")
    assert await ending.look() == 1, "one that could not be read is told when it can"
