"""Staffing: what was decided about a booking is told to the PSA, and read back.

    ask -> match -> propose -> approve -> confirm or release or move       each one transaction (`decisions`)
        a rule holds it -> its case waits -> except -> confirm, or refuse  each one transaction (`approvals`)
    read -> tell the PSA -> read it back -> say so                         this run, one for each such decision

Safe to run twice: the run's id is the booking's and its version, the PSA keeps one record under the booking's key, and
a run that finds a later version leaves the telling to that one's run. Runs of one booking follow one another.
"""

from collections.abc import Awaitable
from typing import Final, TypeVar

import msgspec
import sqlalchemy as sa
from dbos import DBOS

from canonical.events import BookingConfirmed, BookingReleased, UtilisationChanged
from canonical.faults import Disagreement, Fault, FieldError, NotBound, NotFound, Unsupported
from canonical.objects import Booking, ResourceDemand
from canonical.ports.processes import Agreement, Run, SystemView
from canonical.ports.staffing import Demand, Staff, StaffBookingDetail, Staffing
from canonical.ports.systems import Bookings, ResourceDemands
from foundation.api import Api
from process_apis import ProcessApi, cases, journal
from process_apis.events import outbox
from process_apis.journal import StepName
from process_apis.operating import FOLLOWED, VIEWED, Workflow
from process_apis.platform import Platform, acting
from process_apis.staffing import records
from process_apis.staffing.approvals import APPROVAL
from process_apis.staffing.calendars import capacity, days
from process_apis.staffing.decisions import NAME, told
from process_apis.staffing.desk import StaffingDesk
from process_apis.steps import Scope, step
from process_apis.tables import RUNS

STEPS: Final = [
    StepName("read", "Read the booking"),
    StepName("tell", "Tell the PSA"),
    StepName("verify", "Read it back and say so"),
]
T = TypeVar("T")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A booking with all that telling it needs."""

    detail: StaffBookingDetail
    demand: Demand
    person: Staff
    superseded: bool = False

    @property
    def confirmed(self) -> bool:
        """Whether the PSA shall have it."""
        return self.detail.booking.state == "confirmed"


@DBOS.workflow(name=f"{NAME}.v1", max_recovery_attempts=1000)
async def tell_psa(rest: str) -> str:
    """One run, under the id `staff:bk:{rest}:{version}`; answers its final status."""
    try:
        found = await step(1, "read", lambda s: read(s, f"bk:{rest}"))
        entity = found.demand.asked.legal_entity
        if not found.superseded:
            await step(2, "tell", lambda s: tell(s, found), role="psa", entity=entity)
            await step(3, "verify", lambda s: verify(s, found), role="psa", entity=entity)
        await cases.end_succeeded()
    except Exception as failure:
        raise await cases.end_failed(failure) from failure
    return "succeeded"


async def read(s: Scope, booking_id: str) -> Told:
    """The booking as it stands, and whether a later run tells of it."""

    def found(c: sa.Connection) -> Told:
        detail = records.booking_of(c, booking_id)
        version = c.scalar(sa.select(RUNS.c.generation).where(RUNS.c.id == s.run_id)) or 0
        return Told(
            detail=detail,
            demand=records.demand_of(c, detail.booking.demand_id),
            person=records.person_of(c, detail.booking.person_id),
            superseded=detail.booking.version > version,
        )

    this = await s.record(found)
    s.say("a later version is told by its own run" if this.superseded else f"{this.detail.booking.state}")
    return this


async def tell(s: Scope, this: Told) -> None:
    """One record in the PSA under the booking's key; the place for nobody in particular gives way to it."""
    psa = _psa(s, this)
    if psa is None:
        return
    booking, wanted = this.detail.booking, wanted_of(this)
    written = await s.settle(
        lambda: psa.upsert_booking(booking.id, wanted),
        lambda: psa.booking_by_key(booking.id) if this.confirmed else _none(),
    )
    await _placeholder(s, this)
    s.say(f"{written.id} {wanted.status}")


async def verify(s: Scope, this: Told) -> None:
    """Read back until the PSA says the same, or the settle window is over; then it is told to whoever listens."""
    booking, psa = this.detail.booking, _psa(s, this)
    if psa is not None:
        await _read_back(s, this, psa)

    def write(c: sa.Connection) -> None:
        records.note(c, booking.id, psa="untold" if psa is None else "agrees")
        event = (BookingConfirmed if this.confirmed else BookingReleased)(**told(booking))
        outbox.emit(c, s.run_id, event)
        outbox.emit(c, s.run_id, utilisation(c, this))

    await s.record(write)


def utilisation(c: sa.Connection, this: Told) -> UtilisationChanged:
    """How much of the person is held in the booking's time."""
    booking = this.detail.booking
    held, span = records.held(c, booking.person_id), list(days(booking.start, booking.end))
    return UtilisationChanged(
        person=booking.person_id,
        start=booking.start.isoformat(),
        end=booking.end.isoformat(),
        booked_hours=f"{sum(held.get(on, 0) for on in span):f}",
        capacity_hours=f"{sum(capacity(this.person, on) for on in span):f}",
        version=booking.version,
    )


def wanted_of(this: Told) -> Booking:
    """The booking in the PSA's words."""
    booking, asked = this.detail.booking, this.demand.asked
    return Booking(
        legal_entity_id=asked.legal_entity,
        project_id=asked.project_id,
        resource=this.person.email,
        role=asked.role,
        hours=booking.hours,
        start=booking.start,
        end=booking.end,
        commitment="hard",
        status="booked" if this.confirmed else "released",
        notes=booking.notes,
    )


def facts(booking: Booking | None) -> dict[str, str]:
    """What is compared: who, how much, from when to when, and how firmly."""
    if booking is None:
        return {"status": "not there"}
    return {
        "status": "booked",
        "resource": booking.resource.casefold(),
        "hours": f"{booking.hours.normalize():f}",
        "start": booking.start.isoformat(),
        "end": booking.end.isoformat(),
        "commitment": booking.commitment,
    }


async def _read_back(s: Scope, this: Told, psa: Bookings) -> None:
    ours = facts(wanted_of(this)) if this.confirmed else facts(None)
    found: list[Agreement] = []
    theirs: dict[str, str] = {}
    name = s.platform.systems.name("psa", this.demand.asked.legal_entity)
    async for _ in s.looks((0.0, *s.platform.pace.verify)):
        theirs = facts(await _or_none(psa.booking_by_key(this.detail.booking.id)))
        fields = dict.fromkeys([*ours, *theirs])
        found = [
            Agreement(
                field=field,
                values={"tiergate": ours.get(field, ""), name: theirs.get(field, "")},
                agree=ours.get(field) == theirs.get(field),
            )
            for field in fields
            if field != "resource"
        ]
        if ours == theirs:
            break
    agree = ours == theirs
    encoded = msgspec.json.encode(found).decode()
    await s.record(lambda c: journal.update_run(c, s.run_id, agreement=encoded, verified=agree))
    if not agree:
        odd = [each for each in found if not each.agree]
        errors = [FieldError(rule=each.field, detail=str(each.values)) for each in odd]
        raise Disagreement("the PSA says otherwise: " + ", ".join(each.field for each in odd), errors=errors)
    s.say(f"{len(ours)} fields agree")


async def _placeholder(s: Scope, this: Told) -> None:
    """The PSA's request for nobody in particular: withdrawn once somebody has it, back when nobody has."""
    asked = this.demand.asked
    if not asked.placeholder or asked.effort.unit != "hours":
        return
    psa = s.ask("psa", ResourceDemands, asked.legal_entity)
    cancelled = this.confirmed or this.demand.status != "open"
    wanted = ResourceDemand(
        legal_entity_id=asked.legal_entity,
        project_id=asked.project_id,
        role=asked.role,
        hours=asked.effort.amount,
        start=asked.start,
        end=asked.end,
        status="cancelled" if cancelled else "open",
    )
    await s.settle(lambda: psa.upsert_resource_demand(asked.placeholder, wanted))


def _psa(s: Scope, this: Told) -> Bookings | None:
    """The PSA, where one is bound that keeps bookings, and has the project."""
    asked = this.demand.asked
    if not asked.project_id:
        s.status = "not_applicable"
        s.say("not applicable: there is no project in the PSA yet")
        return None
    if not s.bound("psa", asked.legal_entity):
        return None
    try:
        return s.ask("psa", Bookings, asked.legal_entity)
    except (NotBound, Unsupported) as none:
        s.status = "not_applicable"
        s.say(f"not applicable: {none.detail}")
        return None


async def _or_none(reading: Awaitable[T]) -> T | None:
    try:
        return await reading
    except NotFound:
        return None


async def _none() -> None:
    return None


async def side_by_side(platform: Platform, run: Run) -> list[SystemView]:
    """A booking's case at the desk: ours, and what the PSA holds of it just now."""

    def read(c: sa.Connection) -> tuple[StaffBookingDetail, Demand]:
        detail = records.booking_of(c, run.business_key)
        return detail, records.demand_of(c, detail.booking.demand_id)

    detail, demand = await platform.database.run(read)
    booking, entity = detail.booking, demand.asked.legal_entity
    ours = {
        "status": booking.state,
        "hours": f"{booking.hours:f}",
        "start": f"{booking.start}",
        "end": f"{booking.end}",
    }
    views = [SystemView(system="tiergate", title=f"Tiergate {booking.id}", found=True, fields=ours)]
    if not demand.asked.project_id or not platform.systems.plays("psa", entity):
        return views
    name = platform.systems.name("psa", entity)
    title = f"{platform.systems.title(name)} {booking.id}"
    try:
        with acting():
            theirs = facts(await platform.systems.of("psa", Bookings, entity).booking_by_key(booking.id))
    except NotFound:
        return [*views, SystemView(system=name, title=title, found=False)]
    except Fault as fault:
        return [*views, SystemView(system=name, title=title, found=False, unreachable=str(fault))]
    theirs.pop("resource")
    return [*views, SystemView(system=name, title=title, found=True, fields=theirs)]


async def judged_again(platform: Platform, run: Run) -> None:
    """A person has the case of a waiting booking run again: whether its rules still hold it."""
    await StaffingDesk(platform, tell_psa).again(run.business_key)


WORKFLOW: Final = Workflow(
    name=NAME, prefix="staff", steps=STEPS, pivot=1, run=tell_psa, undo=tell_psa, criticality="T2"
)
"""It is not undone: a release is a decision of its own, with a run of its own."""
VIEWED[NAME] = side_by_side
VIEWED[APPROVAL] = side_by_side
FOLLOWED[APPROVAL] = judged_again
cases.SUGGESTIONS[NAME] = {
    "disagreement": ("disagreement", "Resource management", "Correct the booking in the PSA, then run it again.")
}
PROCESS_API: Final = ProcessApi(
    api=Api(
        name="staffing",
        layer="process",
        title="Staffing",
        description="Who works on what: asked for, matched, agreed to, booked without a double booking, told the PSA.",
        ports=(Staffing,),
    ),
    implement=lambda platform: StaffingDesk(platform, tell_psa),
)
