"""Work begun before its contract is signed: once the day of the approval is over its approver is told, once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from canonical.dates import now
from canonical.faults import VendorDown
from canonical.objects import ProjectSetup
from canonical.ports.processes import Case
from foundation.context import fresh, use
from foundation.database import upsert
from process_apis.opportunity_to_project.at_risk import tell_ended
from process_apis.tables import AT_RISK, EVENTS, WATERMARKS
from tests.process.contracting import Contracting
from tests.process.world import PRIYA, World

CODE = "D11"
TODAY = now().date()


class Unsigned:
    """The project of a deal whose contract waits for its signature, open for time."""

    def __init__(self, firm: World) -> None:
        self.firm, self.legal = firm, Contracting(firm)
        self.key = firm.deal(CODE).key

    async def begun(self, days: int = 2) -> None:
        self.approved(days)
        done = await self.firm.played(CODE)
        assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.detail
        self.code = done.run.project_code
        self.native = next(x.native_id for x in done.run.ids if (x.system, x.instance) == ("kantata", "project"))
        await self.psa.set_project_setup(self.native, ProjectSetup(open_for_time=True))

    @property
    def psa(self) -> Any:
        return self.firm.adapters["kantata"]

    def approved(self, days: int, **more: str) -> date:
        until = TODAY + timedelta(days=days)
        self.legal.typed(CODE, At_Risk_Until__c=until.isoformat(), **more)
        return until

    async def passed(self, days: int = -1) -> date:
        """The day has come and gone: what is kept of it, and what the CRM says."""
        until = self.approved(days)
        await self.firm.platform.database.run(lambda c: c.execute(sa.update(AT_RISK).values(until=until)))
        return until

    async def look(self) -> int:
        """The look of another day."""
        gone = {"watermark": "2020-01-01", "polled_at": now()}
        where = {"system": "at-risk approvals"}
        await self.firm.platform.database.run(lambda c: upsert(c, WATERMARKS, where, gone))
        return await tell_ended(self.firm.platform)

    async def takes_time(self) -> bool:
        return bool((await self.psa.project_setup(self.native)).open_for_time)

    async def events(self) -> list[dict[str, Any]]:
        query = sa.select(EVENTS).where(EVENTS.c.type == "com.tiergate.project.at_risk_ended.v1")
        rows = await self.firm.platform.database.run(lambda c: list(c.execute(query.order_by(EVENTS.c.sequence))))
        return [msgspec.json.decode(row.data) | {"of": row.subject, "entity": row.legal_entity} for row in rows]

    async def cases(self) -> list[Case]:
        found = (await self.firm.operations.cases()).items
        return [each for each in found if each.workflow == "at_risk"]

    async def kept(self) -> list[Any]:
        return await self.firm.platform.database.run(lambda c: list(c.execute(sa.select(AT_RISK))))


@pytest.fixture
async def unsigned(firm: World) -> AsyncIterator[Unsigned]:
    with use(fresh(caller=PRIYA)):
        yield Unsigned(firm)


async def test_the_day_passes_and_the_approver_is_told_once_the_psa_takes_no_more_time(unsigned: Unsigned) -> None:
    await unsigned.begun(0)
    assert (await tell_ended(unsigned.firm.platform), await unsigned.takes_time()) == (0, True), "its last day is one"
    until = await unsigned.passed()
    assert await tell_ended(unsigned.firm.platform) == 0, "once a day"
    assert await unsigned.look() == 1
    assert await unsigned.takes_time() is False
    deal, number = unsigned.firm.deal(CODE), unsigned.legal.held(CODE)["ContractNumber"]
    [event] = await unsigned.events()
    assert event == {
        "project_code": unsigned.code,
        "contract": number,
        "until": until.isoformat(),
        "amount": f"{deal.currency} {deal.amount:,.2f}",
        "cap": "",
        "of": unsigned.key,
        "entity": deal.entity,
    }
    [case] = await unsigned.cases()
    assert (case.state, case.kind, case.owner) == ("open", "guard_at_risk_ended", "Legal operations")
    assert case.title == f"Work goes on, contract {number} is not signed, and its approval at risk ended on {until}."
    assert case.errors[0].detail.endswith("It takes no more time in Kantata.")
    assert case.amount is not None
    assert case.amount.amount == deal.amount
    await unsigned.psa.set_project_setup(unsigned.native, ProjectSetup(open_for_time=True))
    await asyncio.gather(*(unsigned.look() for _ in range(3)))
    assert (len(await unsigned.events()), len(await unsigned.cases())) == (1, 1)
    assert await unsigned.takes_time(), "whoever has opened it by hand knew what they did"


async def test_once_it_is_signed_the_project_takes_time_again_and_the_case_is_over(unsigned: Unsigned) -> None:
    await unsigned.begun()
    await unsigned.passed()
    assert await unsigned.look() == 1
    [case] = await unsigned.cases()
    await unsigned.firm.operations.retry_case(case.id)
    assert (await unsigned.cases())[0].state == "open", "nobody has signed yet"
    unsigned.legal.typed(CODE, CustomerSignedDate=TODAY.isoformat())
    await unsigned.firm.operations.retry_case(case.id)
    [case] = await unsigned.cases()
    assert (case.state, await unsigned.takes_time(), await unsigned.kept()) == ("resolved", True, [])
    assert await unsigned.look() == 0


async def test_an_approval_that_goes_on_opens_it_again_and_its_own_end_is_told_once_more(unsigned: Unsigned) -> None:
    await unsigned.begun()
    first = await unsigned.passed(-5)
    await unsigned.look()
    further = unsigned.approved(3)
    assert await unsigned.look() == 0
    assert ((await unsigned.cases())[0].state, await unsigned.takes_time()) == ("resolved", True)
    [kept] = await unsigned.kept()
    assert (kept.until, kept.closed, kept.told) == (further, False, None)
    second = await unsigned.passed(-1)
    assert await unsigned.look() == 1
    assert [each["until"] for each in await unsigned.events()] == [first.isoformat(), second.isoformat()]
    assert ((await unsigned.cases())[0].state, await unsigned.takes_time()) == ("open", False)


async def test_a_project_that_took_no_time_is_told_of_and_not_opened_by_us_later(unsigned: Unsigned) -> None:
    await unsigned.begun()
    await unsigned.psa.set_project_setup(unsigned.native, ProjectSetup(open_for_time=False))
    await unsigned.passed()
    await unsigned.look()
    [case] = await unsigned.cases()
    assert case.errors[0].detail.endswith("It took no time in Kantata before.")
    unsigned.legal.typed(CODE, CustomerSignedDate=TODAY.isoformat())
    await unsigned.look()
    assert ((await unsigned.cases())[0].state, await unsigned.takes_time()) == ("resolved", False)


async def test_a_psa_that_is_away_is_asked_at_the_next_look_and_nothing_is_said_before(unsigned: Unsigned) -> None:
    await unsigned.begun()
    await unsigned.passed()
    unsigned.firm.fault("kantata", "server_error", times=99)
    with pytest.raises(VendorDown):
        await unsigned.look()
    assert (await unsigned.events(), await unsigned.cases()) == ([], [])
    unsigned.firm.boxes["kantata"].faults.clear()
    assert await tell_ended(unsigned.firm.platform) == 1, "the day's look is still to come"
    assert await unsigned.takes_time() is False


async def test_a_deal_signed_when_it_begins_or_lost_since_is_not_at_risk(unsigned: Unsigned) -> None:
    signed = await unsigned.firm.played("D01")
    assert (signed.run.status, await unsigned.kept()) == ("succeeded", [])
    await unsigned.begun()
    await unsigned.passed()
    await unsigned.firm.edit("Opportunity", unsigned.firm.native(CODE), StageName="Closed Lost")
    assert (await unsigned.look(), await unsigned.cases(), await unsigned.kept()) == (0, [], [])
