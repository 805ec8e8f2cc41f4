"""People, demands, bookings and rules in our database; and the lock that makes a double booking impossible.

Whoever decides anything about a demand or a person first writes to their rows: the demand's, then the people's in the
order of their ids. On Postgres that takes the rows' locks, on SQLite the database's, and what is read afterwards is
what the one before has committed. So a guard never judges what another transaction is just changing, in any process.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from canonical.faults import FieldError, NotFound
from canonical.money import Money
from canonical.ports.booking_approvals import BookingDecision, Waiting
from canonical.ports.staffing import AskFor, Day, Demand, Staff, StaffBooking, StaffBookingDetail, StaffRules
from foundation.database import insert_if_free, upsert
from process_apis.staffing.tables import STAFF, STAFF_BOOKINGS, STAFF_DECISIONS, STAFF_DEMANDS, STAFF_RULES
from process_apis.tables import XREFS

_TRIES: Final = 50
"""Of finding the next number of a demand, while others ask for the same role."""


def rules_of(c: sa.Connection, legal_entity: str) -> StaffRules:
    """The guards' data of a legal entity."""
    body = c.scalar(sa.select(STAFF_RULES.c.body).where(STAFF_RULES.c.legal_entity == legal_entity))
    return msgspec.json.decode(body, type=StaffRules) if body else StaffRules()


def put_rules(c: sa.Connection, legal_entity: str, rules: StaffRules) -> None:
    """Say them anew."""
    upsert(c, STAFF_RULES, {"legal_entity": legal_entity}, {"body": _text(rules)})


def lock_demand(c: sa.Connection, demand_id: str) -> Demand:
    """The demand, which nobody else decides about until this transaction ends. `NotFound` where there is none."""
    mine = sa.update(STAFF_DEMANDS).where(STAFF_DEMANDS.c.id == demand_id)
    c.execute(mine.values(touched=STAFF_DEMANDS.c.touched + 1))
    return demand_of(c, demand_id)


def lock_people(c: sa.Connection, person_ids: Iterable[str]) -> None:
    """These people, whom nobody else books until this transaction ends."""
    for person_id in sorted(set(person_ids)):
        c.execute(sa.update(STAFF).where(STAFF.c.id == person_id).values(touched=STAFF.c.touched + 1))


def person_of(c: sa.Connection, person_id: str) -> Staff:
    """One person. `NotFound` where nobody has told of them."""
    body = c.scalar(sa.select(STAFF.c.body).where(STAFF.c.id == person_id))
    if body is None:
        raise NotFound(f"There is no person {person_id}.")
    return msgspec.json.decode(body, type=Staff)


def everybody(c: sa.Connection) -> dict[str, Staff]:
    """All people by their ids."""
    return {row.id: msgspec.json.decode(row.body, type=Staff) for row in c.execute(sa.select(STAFF))}


def put_person(c: sa.Connection, person_id: str, data: Staff) -> None:
    """Write a person, and hold them."""
    upsert(c, STAFF, {"id": person_id}, {"body": _text(data), "touched": 0})


def project_ids(c: sa.Connection, code: str) -> dict[str, str]:
    """What each system calls the project of this code of ours; empty where it is none."""
    query = sa.select(XREFS.c.system, XREFS.c.native_id).where(XREFS.c.object == "project", XREFS.c.alt_key == code)
    return {row.system: row.native_id for row in c.execute(query)} if code else {}


def new_demand(c: sa.Connection, asked: AskFor) -> Demand:
    """A demand under the next free number of its role."""
    for _ in range(_TRIES):
        numbers = sa.select(sa.func.max(STAFF_DEMANDS.c.number)).where(STAFF_DEMANDS.c.task_role == asked.task_role)
        number = (c.scalar(numbers) or 0) + 1
        row = {
            "id": f"dem:{asked.task_role}:{number:03d}",
            "task_role": asked.task_role,
            "number": number,
            "project_id": asked.project_id,
            "status": "open",
            "version": 1,
            "touched": 0,
            "body": _text(asked),
        }
        if insert_if_free(c, STAFF_DEMANDS, row):
            return demand_of(c, str(row["id"]))
    raise RuntimeError(f"no number is free for {asked.task_role}")


def demand_of(c: sa.Connection, demand_id: str) -> Demand:
    """One demand. `NotFound` where there is none."""
    row = c.execute(sa.select(STAFF_DEMANDS).where(STAFF_DEMANDS.c.id == demand_id)).first()
    if row is None:
        raise NotFound(f"There is no demand {demand_id}.")
    return shown_demand(row)


def shown_demand(row: Any) -> Demand:
    """A demand's row as it is shown."""
    asked = msgspec.json.decode(row.body, type=AskFor)
    return Demand(id=row.id, status=row.status, version=row.version, asked=asked)


def put_demand(c: sa.Connection, demand: Demand) -> None:
    """Write what has become of a demand."""
    values = {"status": demand.status, "version": demand.version, "body": _text(demand.asked)}
    c.execute(sa.update(STAFF_DEMANDS).where(STAFF_DEMANDS.c.id == demand.id).values(**values))


def booking_of(c: sa.Connection, booking_id: str) -> StaffBookingDetail:
    """One booking with its days. `NotFound` where there is none."""
    row = c.execute(sa.select(STAFF_BOOKINGS).where(STAFF_BOOKINGS.c.id == booking_id)).first()
    if row is None:
        raise NotFound(f"There is no booking {booking_id}.")
    return detailed(row)


def bookings_of(c: sa.Connection, demand_id: str) -> list[StaffBookingDetail]:
    """The bookings of a demand that are not over, oldest first."""
    mine = (STAFF_BOOKINGS.c.demand_id == demand_id, STAFF_BOOKINGS.c.state != "released")
    return [detailed(row) for row in c.execute(sa.select(STAFF_BOOKINGS).where(*mine).order_by(STAFF_BOOKINGS.c.start))]


def ever_booked(c: sa.Connection, demand_id: str) -> list[StaffBooking]:
    """All bookings of a demand, those that are over included."""
    query = sa.select(STAFF_BOOKINGS).where(STAFF_BOOKINGS.c.demand_id == demand_id).order_by(STAFF_BOOKINGS.c.id)
    return [shown_booking(row) for row in c.execute(query)]


def decide(c: sa.Connection, demand_id: str, person_id: str, decision: BookingDecision) -> None:
    """Write down what somebody has decided."""
    about = {"demand_id": demand_id, "person_id": person_id, "decision": decision.decision}
    c.execute(sa.insert(STAFF_DECISIONS).values(body=_text(decision), **about))


def decisions_of(c: sa.Connection, demand_id: str, person_id: str) -> list[BookingDecision]:
    """What was decided about one person on one demand, oldest first."""
    mine = (STAFF_DECISIONS.c.demand_id == demand_id, STAFF_DECISIONS.c.person_id == person_id)
    found = c.scalars(sa.select(STAFF_DECISIONS.c.body).where(*mine).order_by(STAFF_DECISIONS.c.id))
    return [msgspec.json.decode(body, type=BookingDecision) for body in found]


def exceptions_of(c: sa.Connection, demand_id: str, person_id: str) -> list[BookingDecision]:
    """Exceptions in force for one person on one demand: those after the last refusal."""
    found: list[BookingDecision] = []
    for each in decisions_of(c, demand_id, person_id):
        found = [] if each.decision == "refused" else [*found, each]
    return [each for each in found if each.decision == "excepted"]


def confirmed_of(c: sa.Connection, person_id: str) -> list[StaffBookingDetail]:
    """What holds a person."""
    mine = (STAFF_BOOKINGS.c.person_id == person_id, STAFF_BOOKINGS.c.state == "confirmed")
    return [detailed(row) for row in c.execute(sa.select(STAFF_BOOKINGS).where(*mine).order_by(STAFF_BOOKINGS.c.start))]


def held_by_all(c: sa.Connection) -> dict[str, dict[date, Decimal]]:
    """The hours that hold each person, by day."""
    found: dict[str, dict[date, Decimal]] = {}
    for row in c.execute(sa.select(STAFF_BOOKINGS).where(STAFF_BOOKINGS.c.state == "confirmed")):
        _add(found.setdefault(row.person_id, {}), detailed(row).days)
    return found


def held(c: sa.Connection, person_id: str, *but: str) -> dict[date, Decimal]:
    """The hours that hold a person, by day, without those of some bookings."""
    found: dict[date, Decimal] = {}
    for each in confirmed_of(c, person_id):
        if each.booking.id not in but:
            _add(found, each.days)
    return found


def put_booking(c: sa.Connection, detail: StaffBookingDetail) -> StaffBookingDetail:
    """Write a booking; one of the same key, released long ago, is taken up again. Its version goes up by one."""
    booking = detail.booking
    known = c.scalar(sa.select(STAFF_BOOKINGS.c.version).where(STAFF_BOOKINGS.c.id == booking.id))
    booking = msgspec.structs.replace(booking, version=(known or 0) + 1)
    values = {
        "demand_id": booking.demand_id,
        "person_id": booking.person_id,
        "state": booking.state,
        "psa": booking.psa,
        "start": booking.start,
        "end": booking.end,
        "hours": str(booking.hours),
        "version": booking.version,
        "run_id": booking.run_id,
        "days": _text(detail.days),
        "warnings": _text(booking.warnings),
        "notice_cost": _text(booking.notice_cost),
        "notes": booking.notes,
        "waiting": _text(booking.waiting),
    }
    upsert(c, STAFF_BOOKINGS, {"id": booking.id}, values)
    return msgspec.structs.replace(detail, booking=booking)


def note(c: sa.Connection, booking_id: str, **values: str) -> None:
    """Set what concerns the telling of a booking, which is no new version of it."""
    c.execute(sa.update(STAFF_BOOKINGS).where(STAFF_BOOKINGS.c.id == booking_id).values(**values))


def warn(c: sa.Connection, booking: StaffBooking) -> None:
    """Set what has come in the way of a booking, likewise."""
    note(c, booking.id, warnings=_text(booking.warnings))


def wait(c: sa.Connection, booking_id: str, waiting: Waiting | None) -> None:
    """Set what a hard booking waits for, likewise."""
    note(c, booking_id, waiting=_text(waiting))


def detailed(row: Any) -> StaffBookingDetail:
    """A booking's row with its days."""
    return StaffBookingDetail(booking=shown_booking(row), days=msgspec.json.decode(row.days, type=list[Day]))


def shown_booking(row: Any) -> StaffBooking:
    """A booking's row as it is shown."""
    return StaffBooking(
        id=row.id,
        demand_id=row.demand_id,
        person_id=row.person_id,
        start=row.start,
        end=row.end,
        hours=Decimal(row.hours),
        state=row.state,
        psa=row.psa,
        run_id=row.run_id,
        warnings=msgspec.json.decode(row.warnings, type=list[FieldError]),
        notice_cost=msgspec.json.decode(row.notice_cost, type=Money | None),
        notes=row.notes,
        version=row.version,
        waiting=msgspec.json.decode(row.waiting, type=Waiting | None),
    )


def _add(to: dict[date, Decimal], days: Iterable[Day]) -> None:
    for day in days:
        to[day.on] = to.get(day.on, Decimal(0)) + day.hours


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()
