"""Staffing with a PSA, whichever is bound: somebody is asked for, booked, told to it and read back; edges by number."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec
import pytest
import sqlalchemy as sa

from canonical.faults import Conflict, Invalid, NotFound
from canonical.money import Money
from canonical.objects import TimeEntry
from canonical.ports.booking_approvals import ApproveException, RefuseBooking
from canonical.ports.staffing import (
    Calendar,
    Demand,
    Effort,
    Propose,
    Skill,
    StaffBooking,
)
from canonical.ports.systems import StageChange
from foundation.context import fresh, use
from foundation.sandbox import Record
from process_apis.staffing import approvals, decisions, records
from process_apis.staffing.workflow import tell_psa
from process_apis.tables import EVENTS, RUNS
from tests.ports import objects
from tests.process.world import PRIYA, Over, World, suite_of
from tests.staffing.staff import DANA, FRIDAY, MONDAY, Desk, somebody, wanted
from tests.staffing.staff import told as events_of


class Place(msgspec.Struct, frozen=True):
    """A booking as the PSA's own people see it."""

    start: str
    end: str
    hours: Decimal
    hard: bool
    notes: str


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Where a PSA keeps what we book."""

    kind: str
    read: Callable[[Record], Place]
    written: Mapping[str, str]
    """The call that writes it, for a fault."""
    time: str
    """The path its time is read at."""


def _allocation(record: Record) -> Place:
    hours = Decimal(record["minutes"]) / 60
    return Place(record["start_date"], record["end_date"], hours, record["hard"], record["notes"] or "")


def _assignment(record: Record) -> Place:
    start, end = record["pse__Start_Date__c"], record["pse__End_Date__c"]
    assert Decimal(record["pse__Scheduled_Hours__c"]) == Decimal(record["pse__Planned_Hours__c"])
    hard = record["pse__Status__c"] == "Scheduled"
    return Place(start, end, Decimal(record["pse__Planned_Hours__c"]), hard, record["Booking_Notes__c"] or "")


PSAS: Final = {
    "kantata": Kept(
        kind="workspace_allocations",
        read=_allocation,
        written={"method": "POST", "path": "/workspace_allocations"},
        time="/time_entries",
    ),
    "certinia": Kept(
        kind="pse__Assignment__c",
        read=_assignment,
        written={"method": "PATCH", "path": "/pse__Assignment__c"},
        time="/query",
    ),
}


class Office(Desk):
    """Whoever staffs, with a project in the PSA."""

    def __init__(self, firm: World, name: str, project_id: str) -> None:
        super().__init__(firm.platform)
        self.firm, self.name, self.project_id = firm, name, project_id
        self.adapter, self.box, self.kept = firm.adapters[name], firm.boxes[name], PSAS[name]

    def fault(self, fault: str, **more: Any) -> None:
        self.firm.fault(self.name, fault, **more)

    async def ask(self, **more: Any) -> Demand:
        return await super().ask(project_id=self.project_id, **more)

    async def confirmed(self, demand: Demand, person: str = "E1") -> StaffBooking:
        return await self.told((await super().confirmed(demand, person)).id)

    async def told(self, booking_id: str) -> StaffBooking:
        """The booking, once the PSA knows."""

        async def over() -> StaffBooking | None:
            found = (await self.desk.booking(booking_id)).booking
            run = await self.firm.operations.all_runs(limit=200)
            mine = next((each for each in run.items if each.id == found.run_id), None)
            return found if mine and mine.status != "running" else None

        found: StaffBooking = await self.firm.until(over)
        return found

    async def psa(self) -> dict[str, Place]:
        """What is booked there, by its first day; an assignment of people's own has no key."""
        kept = [each for each in self.box.store.all(self.kept.kind) if not each.get("IsDeleted")]
        ours = [each for each in kept if each.get("Tiergate_Key__c", "ours")]
        return {place.start: place for place in map(self.kept.read, ours)}

    async def open_demands(self) -> list[Decimal]:
        asked = await self.adapter.resource_demands(self.project_id)
        return [each.hours for each in asked if each.status == "open"]

    async def events(self) -> list[str]:
        query = sa.select(EVENTS.c.type).where(EVENTS.c.subject.startswith("bk:")).order_by(EVENTS.c.sequence)
        found = await self.firm.platform.database.run(lambda c: list(c.scalars(query)))
        return [each.removeprefix("com.tiergate.").removesuffix(".v1") for each in found]


@pytest.fixture(params=sorted(PSAS))
async def office(request: pytest.FixtureRequest, over: Over) -> AsyncIterator[Office]:
    psa = str(request.param)
    async with over(psa=psa) as firm:
        project = objects.project(account_id="1402", legal_entity_id="ACME-DE")
        made = (await firm.adapters[psa].upsert_project(objects.DEAL, project)).id
        await firm.adapters[psa].set_project_stage(made, StageChange(stage="active"))
        found = Office(firm, psa, made)
        await found.desk.put_person("E1", somebody())
        with use(fresh(caller=PRIYA)):
            yield found


async def test_a_person_is_asked_for_matched_booked_told_and_let_go(office: Office) -> None:
    await office.desk.put_person("E2", somebody(email="omar@acme.example", skills=[], walls=["acct:9"]))
    demand = await office.ask(skills=[Skill(code="Python", level=3)], customer="acct:9", notes="Ask for the badge.")
    best, other = await office.desk.candidates(demand.id)
    assert (best.person_id, best.fits, best.hours, best.free_hours) == ("E1", True, Decimal(40), Decimal(40))
    assert (other.fits, other.reasons) == (
        False,
        [
            "There is a wall between this person and acct:9. Risk may except it.",
            "Lacks Python 3. Resource management may except it.",
        ],
    )
    proposed = await office.desk.propose(demand.id, Propose(person_id="E1"))
    assert proposed.id == f"bk:E1:{MONDAY}:{FRIDAY}:{demand.id}"
    with pytest.raises(Conflict):
        await office.desk.confirm_booking(proposed.id)
    booked = await office.confirmed(demand)
    assert (booked.state, booked.psa, booked.notes) == ("confirmed", "agrees", "Ask for the badge.")
    kept = (await office.psa())[MONDAY.isoformat()]
    assert (kept.hours, kept.hard, kept.notes.splitlines()[0]) == (Decimal(40), True, "Ask for the badge.")
    assert (await office.desk.demand(demand.id)).status == "filled"
    assert await office.events() == ["booking.proposed", "booking.confirmed", "utilisation.changed"]
    released = await office.desk.release_booking(booked.id)
    assert (released.state, released.notice_cost) == ("released", Money.of("0.00", "EUR"))
    assert (await office.told(booked.id)).psa == "agrees"
    assert await office.psa() == {}
    assert (await office.desk.demand(demand.id)).status == "open"
    assert (await office.events())[-2:] == ["booking.released", "utilisation.changed"]
    again = await office.confirmed(demand)
    assert (again.state, again.psa, list(await office.psa())) == ("confirmed", "agrees", [MONDAY.isoformat()])


async def test_a_deal_that_is_hardly_probable_asks_for_nobody_and_a_probable_one_is_not_told_to_the_psa(
    office: Office,
) -> None:
    with pytest.raises(Conflict):
        await office.desk.ask_for_somebody(wanted(deal_id="006", probability=Decimal("0.49")))
    demand = await office.desk.ask_for_somebody(wanted(deal_id="006", probability=Decimal("0.5")))
    booked = await office.confirmed(demand)
    assert (booked.state, booked.psa, await office.psa()) == ("confirmed", "untold", {})
    with pytest.raises(Invalid):
        await office.ask(end=MONDAY - timedelta(days=1))
    with pytest.raises(NotFound):
        await office.desk.propose(demand.id.replace("001", "009"), Propose(person_id="E1"))


@pytest.mark.parametrize(("amount", "unit", "hours"), [("50", "percentage", "12.75"), ("0.5", "fte", "16")])
async def test_edge_5_a_part_timers_percentage_and_fte_reach_the_psa_as_hours(
    office: Office, amount: str, unit: Any, hours: str
) -> None:
    """Of 25.5 hours on four days. Kantata keeps minutes, Certinia hours; the person's own calendar decides both."""
    weekly = [Decimal(each) for each in ("7.5", "7.5", "6.25", "4.25", "0", "0", "0")]
    await office.desk.put_person("E1", somebody(calendars=[Calendar(since=date(2020, 1, 1), weekly=weekly)]))
    booked = await office.confirmed(await office.ask(effort=Effort(amount=Decimal(amount), unit=unit)))
    assert (booked.hours, booked.psa) == (Decimal(hours), "agrees")
    assert [(each.hours, each.hard) for each in (await office.psa()).values()] == [(Decimal(hours), True)]
    assert (await office.adapter.booking_by_key(booked.id)).hours == Decimal(hours)


async def test_a_booking_that_waits_is_told_to_the_psa_once_its_rule_is_excepted_and_never_once_refused(
    office: Office,
) -> None:
    await office.confirmed(await office.ask())
    waits, other = [await Desk.confirmed(office, await office.ask(task_role=role)) for role in ("beside", "third")]
    assert waits.waiting
    assert other.waiting
    assert len(await office.psa()) == 1, "what waits is not told"
    case, _ = [each for each in (await office.operations.cases()).items if each.state == "open"]
    assert (case.owner, case.tier) == ("Resource management", "T1")
    ours, theirs = (await office.operations.case(case.id)).systems
    assert (ours.fields["status"], theirs.system, theirs.found) == ("approved", office.name, False)
    with office.as_(DANA):
        excepted = ApproveException(rules=["overbooking"], why="The client pays for both.")
        await office.desk.approve_exception(waits.id, excepted)
        await office.desk.refuse_booking(other.id, RefuseBooking(why="One is enough."))
    held = await office.told(waits.id)
    assert (held.state, held.psa) == ("confirmed", "agrees")
    assert (await office.adapter.booking_by_key(held.id)).commitment == "hard"
    with pytest.raises(NotFound):
        await office.adapter.booking_by_key(other.id)
    told = {each: await events_of(office, each) for each in (waits.id, other.id)}
    assert told[waits.id] == ["booking.proposed", "booking.confirmed", "utilisation.changed"]
    assert told[other.id] == ["booking.proposed", "booking.released"]
    run = await office.run(lambda c: c.execute(sa.select(RUNS).where(RUNS.c.id == held.run_id)).one())
    assert (run.status, run.verified, run.acted_for) == ("succeeded", True, f"{DANA}@console")
    assert {each.state for each in (await office.operations.cases()).items} == {"resolved"}


async def test_edge_6_from_nobody_to_somebody_no_note_is_lost(office: Office) -> None:
    key = f"{objects.DEAL}:role1"
    asked = objects.resource_demand(project_id=office.project_id, start=MONDAY, end=FRIDAY, hours=Decimal(40))
    await office.adapter.upsert_resource_demand(key, asked)
    assert await office.open_demands() == [Decimal(40)]
    demand = await office.ask(placeholder=key, notes="The client knows her from 2024.")
    booked = await office.confirmed(demand)
    [kept] = (await office.psa()).values()
    assert kept.notes.startswith("The client knows her from 2024.")
    assert (await office.adapter.booking_by_key(booked.id)).resource == "katrin.behrens@acme.example"
    assert await office.open_demands() == []
    await office.desk.release_booking(booked.id)
    await office.told(booked.id)
    assert await office.open_demands() == [Decimal(40)]


async def test_edge_8_a_demand_is_cancelled_and_time_was_posted(office: Office) -> None:
    demand = await office.ask()
    booked = await office.confirmed(demand)
    tuesday = MONDAY + timedelta(days=1)
    entry = objects.time_entry(project_id=office.project_id, worked_on=tuesday)
    suite_of(office.name).plant[TimeEntry](office.box, entry)
    office.fault("server_error", method="GET", path=office.kept.time, times=99)
    with pytest.raises(Conflict, match="What was worked cannot be read just now"):
        await office.desk.release_booking(booked.id)
    office.box.faults.clear()
    done = await office.desk.cancel_demand(demand.id)
    [kept], [gone] = done.moved, done.released
    assert (kept.start, kept.end, kept.hours, kept.state) == (MONDAY, tuesday, Decimal(16), "confirmed")
    await office.told(kept.id)
    await office.told(gone.id)
    [left] = (await office.psa()).values()
    assert (left.end, left.hours, gone.id) == (tuesday.isoformat(), Decimal(16), booked.id)
    with pytest.raises(Conflict):
        await office.desk.cancel_demand(demand.id)


async def test_a_lost_answer_makes_no_second_booking_and_another_answer_than_ours_is_a_case(office: Office) -> None:
    office.fault("timeout_after_commit", **office.kept.written)
    booked = await office.confirmed(await office.ask())
    assert (booked.psa, len(await office.psa())) == ("agrees", 1)
    office.fault("server_error", **office.kept.written, times=9)
    parked = await office.confirmed(await office.ask(start=MONDAY + timedelta(days=7), end=FRIDAY + timedelta(days=7)))
    assert (parked.state, parked.psa) == ("confirmed", "telling")
    case = await office.firm.case_of(parked.run_id)
    assert case is not None
    assert case.kind == "unavailable"
    office.box.faults.clear()
    ours, theirs = (await office.firm.operations.case(case.id)).systems
    assert (ours.system, ours.fields["status"], ours.fields["hours"]) == ("tiergate", "confirmed", "40")
    assert (theirs.system, theirs.title.endswith(parked.id), theirs.found) == (office.name, True, False)
    await office.firm.operations.retry_case(case.id)
    assert (await office.told(parked.id)).psa == "agrees"
    _, theirs = (await office.firm.operations.case(case.id)).systems
    assert (theirs.title.endswith(parked.id), theirs.found, theirs.fields["start"]) == (True, True, f"{parked.start}")
    assert "katrin" not in str(theirs)


async def test_a_run_that_finds_a_later_version_leaves_the_telling_to_that_one(office: Office) -> None:
    booking = await office.approved(await office.ask())
    database = office.firm.platform.database
    first = await database.run(lambda c: approvals.confirm(c, booking.id, "", ""))
    await database.run(lambda c: decisions.release(c, booking.id, {}, ""))
    run = office.firm.platform.engine.enqueue
    last = (await database.run(lambda c: records.booking_of(c, booking.id))).booking
    for each in (first, last):
        await run(each.run_id, each.id, tell_psa, each.id.partition(":")[2])
    await office.told(booking.id)
    assert (await office.events()) == ["booking.proposed", "booking.released", "utilisation.changed"]
    assert await office.psa() == {}
