"""A hard booking that waits for an exception, killed by SIGKILL at each checkpoint: one case, one booking or none."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from canonical.faults import NotBound
from canonical.money import Money
from canonical.ports.booking_approvals import ApproveException, RefuseBooking
from canonical.ports.staffing import AskFor, Effort, StaffBooking, StaffRules
from foundation.database import Database, engine_of
from foundation.masking import Masker
from process_apis.bindings import Systems
from process_apis.platform import Platform
from process_apis.staffing import records
from process_apis.staffing.approvals import case_run
from process_apis.tables import CASES, RUNS, XREFS
from tests.kills.conftest import PATIENCE, Ground
from tests.staffing.staff import DANA, MONDAY, Desk, Idle, somebody, told

pytestmark = pytest.mark.real
PRIYA = "priya@acme.example"


def nobody(name: str, port: type) -> Any:
    raise NotBound(name)


class Managers:
    """Whoever staffs a project of a firm whose platforms die: each decision is written, and its process is gone before
    it asks the engine for anything."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        database = Database(engine_of(f"sqlite:///{ground.state / 'tiergate.sqlite'}"))
        systems, masker = Systems({}, nobody), Masker(b"a key")
        self.desk = Desk(Platform(database=database, engine=Idle(database), systems=systems, masker=masker))

    async def begun(self) -> None:
        """Until the deal's run is there; before the first platform there are no tables."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(sa.exc.OperationalError):
                if await self.desk.run(lambda c: c.scalar(sa.select(sa.func.count()).select_from(RUNS))):
                    return
            await asyncio.sleep(0.1)
        raise AssertionError((self.ground.state / "platforms.txt").read_text()[-4000:])

    async def waiting(self) -> StaffBooking:
        """A booking on the project of D01 that its rate holds."""
        project = sa.select(XREFS.c.native_id).where(XREFS.c.object == "project", XREFS.c.system == "kantata")
        native = str(await self.desk.run(lambda c: c.scalar(project)))
        with self.desk.as_(PRIYA):
            await self.desk.desk.put_person("E1", somebody(legal_entity="ACME-US"))
            await self.desk.desk.set_staff_rules("ACME-US", StaffRules(rate_floor={"": Money.of("200", "USD")}))
            asked = AskFor(
                task_role="D01-engineer",
                role="Data Engineer",
                legal_entity="ACME-US",
                project_id=native,
                start=MONDAY,
                end=MONDAY + timedelta(days=4),
                effort=Effort(amount=Decimal(40)),
                bill_rate=Money.of("150", "USD"),
            )
            booking = await self.desk.confirmed(await self.desk.desk.ask_for_somebody(asked))
        assert booking.waiting is not None
        return booking

    async def booked(self) -> list[int]:
        """The minutes of the PSA's hard bookings; the deal itself has asked for people softly."""
        kept = await self.ground.records("kantata", "workspace_allocations")
        return [each["minutes"] for each in kept if each["hard"]]

    async def case(self, booking: StaffBooking) -> tuple[str, str]:
        """Its state, and whether the service desk knows."""
        query = sa.select(CASES.c.state, CASES.c.ticket_state).where(CASES.c.run_id == case_run(booking.id))
        row = await self.desk.run(lambda c: c.execute(query).one())
        return row.state, row.ticket_state

    async def incidents(self) -> list[str]:
        return [str(each["state"]) for each in await self.ground.records("servicenow", "incident")]


@pytest.fixture
async def managers(ground: Ground) -> AsyncIterator[Managers]:
    await ground.win("D01")
    ground.platform()
    made = Managers(ground)
    await made.begun()
    ground.ended()
    ground.end()
    yield made
    made.desk.platform.database.engine.dispose()


async def test_a_booking_that_waits_is_one_case_and_one_incident_wherever_its_telling_is_killed(
    managers: Managers,
) -> None:
    booking = await managers.waiting()
    died = managers.ground.killed_everywhere(case_run(booking.id), "desk:")
    assert {place.rpartition(" ")[2] for place in died} == {"ticket"}
    assert await managers.case(booking) == ("open", "told")
    assert (len(await managers.incidents()), await managers.booked()) == (1, [])
    assert await managers.ground.duplicates() == []


async def test_an_excepted_booking_killed_at_each_checkpoint_is_booked_once_and_its_case_is_over(
    managers: Managers,
) -> None:
    ground, booking = managers.ground, await managers.waiting()
    ground.killed_everywhere(case_run(booking.id), "desk:")
    ground.end()
    (ground.state / "died.txt").unlink()
    with managers.desk.as_(DANA):
        excepted = ApproveException(rules=["rate_floor"], why="The first project of a new client.")
        held = await managers.desk.desk.approve_exception(booking.id, excepted)
    died = ground.killed_everywhere(held.run_id)
    assert [place.rpartition(" ")[2] for place in died] == [
        "01-read", "02-tell", "03-verify", "end-succeeded", "ticket",
    ]  # fmt: skip
    assert ground.ended()[held.run_id] == ("succeeded", True, len(died))
    kept = (await managers.desk.run(lambda c: records.booking_of(c, booking.id))).booking
    assert (kept.state, kept.psa, kept.waiting) == ("confirmed", "agrees", None)
    assert await managers.booked() == [2400]
    assert await told(managers.desk, booking.id) == ["booking.proposed", "booking.confirmed", "utilisation.changed"]
    assert await managers.case(booking) == ("resolved", "told")
    assert len(await managers.incidents()) == 1
    assert await ground.duplicates() == []


async def test_a_refused_booking_is_let_go_once_and_its_incident_is_closed_wherever_its_telling_is_killed(
    managers: Managers,
) -> None:
    ground, booking = managers.ground, await managers.waiting()
    ground.killed_everywhere(case_run(booking.id), "desk:")
    ground.end()
    before = await managers.incidents()
    (ground.state / "died.txt").unlink()
    with managers.desk.as_(DANA):
        await managers.desk.desk.refuse_booking(booking.id, RefuseBooking(why="Not at that rate."))
    died = ground.killed_everywhere(case_run(booking.id), "desk:")
    assert {place.rpartition(" ")[2] for place in died} == {"ticket"}
    kept = (await managers.desk.run(lambda c: records.booking_of(c, booking.id))).booking
    assert (kept.state, kept.waiting, await managers.booked()) == ("released", None, [])
    assert await told(managers.desk, booking.id) == ["booking.proposed", "booking.released"]
    assert await managers.case(booking) == ("resolved", "told")
    after = await managers.incidents()
    assert (len(after), after != before) == (1, True), "one, and closed by now"
    assert await ground.duplicates() == []
