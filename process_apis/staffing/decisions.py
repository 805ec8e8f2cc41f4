"""What is decided about people, each in one transaction: propose, release, move, cancel, judge anew; who is held, and
what that takes, is in `approvals`.

A decision locks first (`records`), then reads, then judges, then writes, with its events; and where the PSA has to be
told, the row of the run that will. Whoever dies after that leaves a run that is found and queued by the next look.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa

from canonical.dates import now
from canonical.events import (
    BookingEvent,
    BookingProposed,
    BookingReleased,
    DemandCancelled,
    DemandChanged,
    DemandCreated,
    DemandEvent,
    Event,
)
from canonical.faults import Conflict, FieldError, Invalid
from canonical.money import Money
from canonical.objects import TimeEntry
from canonical.ports.staffing import (
    AskFor,
    Day,
    Demand,
    Move,
    Propose,
    Ripple,
    Staff,
    StaffBooking,
    StaffBookingDetail,
)
from foundation.context import current
from process_apis import journal
from process_apis.events import outbox
from process_apis.staffing import records
from process_apis.staffing.calendars import hours_of, spread
from process_apis.staffing.guards import OVERBOOKING, Case, Judgement, judge

NAME = "staffing"
LONGEST = timedelta(days=5 * 366)
replace = msgspec.structs.replace


def ask(c: sa.Connection, asked: AskFor) -> Demand:
    """Ask for somebody: on a project, or from a deal that is probable enough."""
    _check_dates(asked)
    rules = records.rules_of(c, asked.legal_entity)
    if not asked.project_id and asked.probability < rules.soft_from:
        raise Conflict(f"The deal is {asked.probability * 100:f} % probable; from {rules.soft_from * 100:f} % on.")
    demand = records.new_demand(c, asked)
    _tell_demand(c, demand, DemandCreated)
    return demand


def propose(c: sa.Connection, demand_id: str, data: Propose) -> StaffBooking:
    """A soft booking: it holds nobody. The demand's notes go along with the person."""
    demand = still_open(records.lock_demand(c, demand_id))
    person = records.person_of(c, data.person_id)
    notes = "\n".join(each for each in (demand.asked.notes, data.notes) if each)
    made = _planned(c, demand, data.person_id, person, notes)
    standing = {each.booking.id: each.booking for each in records.bookings_of(c, demand_id)}
    if made.booking.id in standing:
        return standing[made.booking.id]
    made = records.put_booking(c, made)
    tell_booking(c, made, demand, BookingProposed)
    return made.booking


def release(c: sa.Connection, booking_id: str, worked: Mapping[str, date], acted_for: str) -> StaffBooking:
    """Let the person go. A demand that is not over is open again."""
    found, demand = locked(c, booking_id)
    if found.booking.state == "released":
        return found.booking
    gone, kept = let_go(c, found, demand, worked, acted_for)
    if demand.status == "filled" and kept is None:
        records.put_demand(c, replace(demand, status="open"))
    return gone.booking


def move(c: sa.Connection, demand_id: str, to: Move, acted_for: str) -> Ripple:
    """Other dates or another effort, for the demand and all that hangs on it."""
    demand = records.lock_demand(c, demand_id)
    if demand.status == "cancelled":
        raise Conflict("The demand is cancelled.")
    asked = replace(
        demand.asked,
        start=to.start or demand.asked.start,
        end=to.end or demand.asked.end,
        effort=to.effort or demand.asked.effort,
    )
    _check_dates(asked)
    changed = replace(demand, asked=asked, version=demand.version + 1)
    records.put_demand(c, changed)
    _tell_demand(c, changed, DemandChanged)
    standing = records.bookings_of(c, demand_id)
    records.lock_people(c, [each.booking.person_id for each in standing])
    moved: list[StaffBooking] = []
    at_risk: list[StaffBooking] = []
    for each in records.bookings_of(c, demand_id):
        went, stays = _move_one(c, each, changed, acted_for)
        (at_risk if stays else moved).append(went.booking)
    return Ripple(moved=moved, at_risk=at_risk)


def last_days(time: Iterable[TimeEntry], start: date, end: date) -> dict[str, date]:
    """The last day each person has worked on within a demand, by e-mail address."""
    found: dict[str, date] = {}
    for entry in time:
        who, on = entry.resource.casefold(), entry.worked_on
        if start <= on <= end:
            found[who] = max(on, found.get(who, on))
    return found


def cancel(c: sa.Connection, demand_id: str, worked: Mapping[str, date], acted_for: str) -> Ripple:
    """Nobody is needed any more. What somebody has worked stays booked, as what it is."""
    demand = records.lock_demand(c, demand_id)
    if demand.status == "cancelled":
        raise Conflict("The demand is cancelled already.")
    over = replace(demand, status="cancelled", version=demand.version + 1)
    records.put_demand(c, over)
    _tell_demand(c, over, DemandCancelled)
    standing = records.bookings_of(c, demand_id)
    records.lock_people(c, [each.booking.person_id for each in standing])
    moved, released = [], []
    for each in records.bookings_of(c, demand_id):
        gone, kept = let_go(c, each, over, worked, acted_for)
        released.append(gone.booking)
        moved += [kept.booking] if kept else []
    return Ripple(moved=moved, released=released)


def judge_anew(c: sa.Connection, person_id: str, data: Staff, today: date) -> Ripple:
    """What HR says now, and the confirmed bookings that it comes in the way of: each with its reasons.

    None of them is released: whether the person, the project or the leave gives way is decided by people.
    """
    _check_person(data)
    records.put_person(c, person_id, data)
    at_risk, mended = [], []
    standing = records.confirmed_of(c, person_id)
    # One that was let in beyond the person's hours comes in the way of no other that was there before.
    let_in = [each.booking.id for each in standing if _let_in(c, each.booking)]
    for each in standing:
        if each.booking.end < today:
            continue
        demand = records.demand_of(c, each.booking.demand_id)
        ahead = replace(each, days=[day for day in each.days if day.on >= today])
        found = judged(c, ahead, demand, *let_in)
        said = [*found.against, *found.warnings]
        now_said = replace(each.booking, warnings=said)
        if found.against:
            at_risk.append(now_said)
        elif said != each.booking.warnings:
            mended.append(now_said)
        records.warn(c, now_said)
    return Ripple(at_risk=at_risk, moved=mended)


def _move_one(
    c: sa.Connection, each: StaffBookingDetail, demand: Demand, acted_for: str
) -> tuple[StaffBookingDetail, bool]:
    """One booking under its demand's new dates; or as it was, and True, where its guards refuse."""
    old = each.booking
    person = records.person_of(c, old.person_id)
    new = _planned(c, demand, old.person_id, person, old.notes)
    if old.state != "confirmed":
        if new.booking.id != old.id:
            let_go(c, each, demand, {}, acted_for)
        made = records.put_booking(c, new)
        tell_booking(c, made, demand, BookingProposed)
        return made, False
    said = judged(c, new, demand, old.id)
    if said.against:
        stays = replace(old, warnings=[*said.against, *said.warnings])
        records.warn(c, stays)
        return replace(each, booking=stays), True
    if new.booking.id != old.id:
        telling(c, replace(each, booking=replace(old, state="released")), demand, acted_for)
    firm = replace(new, booking=replace(new.booking, state="confirmed", warnings=said.warnings))
    return telling(c, firm, demand, acted_for), False


def let_go(
    c: sa.Connection, each: StaffBookingDetail, demand: Demand, worked: Mapping[str, date], acted_for: str
) -> tuple[StaffBookingDetail, StaffBookingDetail | None]:
    """A booking released, and what stays of it: the days up to the last one the person has worked."""
    booking = each.booking
    if booking.state != "confirmed":
        gone = records.put_booking(c, replace(each, booking=replace(booking, state="released", waiting=None)))
        tell_booking(c, gone, demand, BookingReleased)
        return gone, None
    person = records.person_of(c, booking.person_id)
    last = worked.get(person.email.casefold())
    stays = [day for day in each.days if last and day.on <= last]
    dropped = [day for day in each.days if day not in stays]
    rules = records.rules_of(c, demand.asked.legal_entity)
    cost = notice_cost(dropped, person, now().date(), rules.notice_days)
    kept = None
    if stays:
        end = stays[-1].on
        shorter = replace(
            booking,
            id=_key(booking.person_id, booking.start, end, demand.id),
            end=end,
            hours=sum((day.hours for day in stays), Decimal(0)),
            psa="untold",
        )
        if shorter.id != booking.id:
            kept = telling(c, StaffBookingDetail(booking=shorter, days=stays), demand, acted_for)
        else:
            return each, each  # worked to its end: nothing is left to let go
    gone = replace(each, booking=replace(booking, state="released", notice_cost=cost))
    return telling(c, gone, demand, acted_for), kept


def notice_cost(dropped: Iterable[Day], person: Staff, today: date, notice_days: int) -> Money | None:
    """What is paid for hours that were to be worked before the notice is over; None where no cost rate is known."""
    if person.cost_rate is None:
        return None
    until = today + timedelta(days=notice_days)
    hours = sum((day.hours for day in dropped if today <= day.on < until), Decimal(0))
    return Money(amount=person.cost_rate.amount * hours, currency=person.cost_rate.currency).quantize()


def _let_in(c: sa.Connection, booking: StaffBooking) -> bool:
    excepted = records.exceptions_of(c, booking.demand_id, booking.person_id)
    return any(OVERBOOKING in each.rules for each in excepted)


def _planned(c: sa.Connection, demand: Demand, person_id: str, person: Staff, notes: str) -> StaffBookingDetail:
    """The proposal of a person for a demand, day by day."""
    asked = demand.asked
    full_time = records.rules_of(c, asked.legal_entity).full_time
    hours = hours_of(asked.effort, person, asked.start, asked.end, full_time)
    booking = StaffBooking(
        id=_key(person_id, asked.start, asked.end, demand.id),
        demand_id=demand.id,
        person_id=person_id,
        start=asked.start,
        end=asked.end,
        hours=hours,
        notes=notes,
    )
    return StaffBookingDetail(booking=booking, days=spread(hours, person, asked.start, asked.end))


def judged(c: sa.Connection, each: StaffBookingDetail, demand: Demand, *but: str) -> Judgement:
    """What the guards say of a booking, beside all others that hold the person but for some."""
    person = records.person_of(c, each.booking.person_id)
    asked = replace(demand.asked, start=each.booking.start, end=each.booking.end)
    case = Case(
        person=person,
        asked=asked,
        days=each.days,
        held=records.held(c, each.booking.person_id, each.booking.id, *but),
        rules=records.rules_of(c, asked.legal_entity),
        lender=records.rules_of(c, person.legal_entity),
        excepted=records.exceptions_of(c, demand.id, each.booking.person_id),
    )
    return judge(case)


def locked(c: sa.Connection, booking_id: str) -> tuple[StaffBookingDetail, Demand]:
    """A booking and its demand, read once both they and the person are locked."""
    booking = records.booking_of(c, booking_id).booking
    demand = records.lock_demand(c, booking.demand_id)
    records.lock_people(c, [booking.person_id])
    return records.booking_of(c, booking_id), demand


def telling(c: sa.Connection, each: StaffBookingDetail, demand: Demand, acted_for: str) -> StaffBookingDetail:
    """Write a booking that the PSA has to be told of, and the run that will."""
    made = records.put_booking(c, replace(each, booking=replace(each.booking, psa="telling")))
    booking = made.booking
    run_id = f"staff:{booking.id}:{booking.version}"
    values = {
        "id": run_id,
        "workflow": NAME,
        "business_key": booking.id,
        "generation": booking.version,
        "input_hash": journal.input_hash(booking.id),
        "status": "running",
        "title": f"{booking.person_id} as {demand.asked.role}",
        "legal_entity": demand.asked.legal_entity,
        "started_at": now(),
        "traceparent": current().traceparent,
        "acted_for": acted_for,
    }
    journal.begin_run(c, values)
    records.note(c, booking.id, run_id=run_id)
    return replace(made, booking=replace(booking, run_id=run_id))


def _tell_demand(c: sa.Connection, demand: Demand, kind: type[DemandEvent]) -> None:
    asked = demand.asked
    said: dict[str, Any] = {
        "role": asked.role,
        "start": asked.start.isoformat(),
        "end": asked.end.isoformat(),
        "effort": f"{asked.effort.amount:f} {asked.effort.unit}",
        "version": demand.version,
    }
    event = kind(**said)
    assert isinstance(event, Event)
    outbox.emit_apart(c, f"staff:{demand.id}", event, demand.id, asked.legal_entity)


def tell_booking(c: sa.Connection, each: StaffBookingDetail, demand: Demand, kind: type[BookingEvent]) -> None:
    """Of a booking that no run tells of."""
    event = kind(**told(each.booking))
    assert isinstance(event, Event)
    outbox.emit_apart(c, f"staff:{each.booking.id}", event, each.booking.id, demand.asked.legal_entity)


def told(booking: StaffBooking) -> dict[str, Any]:
    """What an event says of a booking."""
    return {
        "demand": booking.demand_id,
        "person": booking.person_id,
        "start": booking.start.isoformat(),
        "end": booking.end.isoformat(),
        "hours": f"{booking.hours:f}",
        "version": booking.version,
    }


def still_open(demand: Demand) -> Demand:
    """The demand. `Conflict` where somebody has it, or nobody is needed any more."""
    if demand.status != "open":
        raise Conflict(f"The demand is {demand.status}.")
    return demand


def _key(person_id: str, start: date, end: date, demand_id: str) -> str:
    return f"bk:{person_id}:{start}:{end}:{demand_id}"


def _check_dates(asked: AskFor) -> None:
    wrong = ""
    if asked.end < asked.start:
        wrong = "ends before it begins"
    elif asked.end - asked.start > LONGEST:
        wrong = f"is more than {LONGEST.days} days after the start"
    if wrong:
        raise Invalid("The dates are not as they must be.", errors=[FieldError(pointer="/end", detail=wrong)])


def _check_person(data: Staff) -> None:
    wrong = [
        FieldError(pointer=f"/leave/{place}/end", detail="ends before it begins")
        for place, leave in enumerate(data.leave)
        if leave.end < leave.start
    ]
    if wrong:
        raise Invalid("Some fields are not as they must be.", errors=wrong)
