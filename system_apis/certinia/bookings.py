"""People on projects: a booking is an assignment, and when it is stands in a schedule of its own.

Both are upserts by our key, so there is never a second. The schedule is written first: an assignment without one has
no days, and a look-up by key finds only what is whole. What is let go of goes to the recycle bin, the assignment first.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Literal

from canonical.base import Xref
from canonical.faults import Drifted, FieldError, Invalid, NotFound
from canonical.lengths import cut, whole
from canonical.objects import Booking
from canonical.ports import Written
from foundation.salesforce.records import Records, quoted
from foundation.vendor_values import meaning
from system_apis.certinia import booking_wire, wire
from system_apis.certinia.booking_wire import ASSIGNMENT, SCHEDULE
from system_apis.certinia.mapping import NAME_LENGTH, SYSTEM, number
from system_apis.certinia.staffing import ROLE_LENGTH

STATUSES: Final[Mapping[str, Literal["soft", "hard"]]] = {
    "Scheduled": "hard",
    "Tentative": "soft",
    "Closed": "hard",
}
_ASKED: Final[Mapping[Literal["soft", "hard"], str]] = {"hard": "Scheduled", "soft": "Tentative"}
_WORKING_DAYS: Final = 5
_WEEK: Final = 7
_HUNDREDTH: Final = Decimal("0.01")


class Assignments:
    """The bookings of one org."""

    def __init__(self, org: Records) -> None:
        self._org = org

    async def booking(self, key: str) -> Booking:
        """One by our key; `NotFound` without one, or when it is withdrawn."""
        found = await self._held(key)
        if found is None:
            raise NotFound(f"no assignment has the key {key}", system=SYSTEM)
        return booking(found)

    async def book(self, key: str, data: Booking, place: wire.Place) -> Written:
        """Make it exist. `Invalid` for somebody who is no active resource of the org."""
        found = await self._held(key)
        if found is not None and _same(found, data):
            return Written(id=found.id, created=False)
        person = await self._person(data.resource)
        role = whole(data.role, ROLE_LENGTH, "/role", system=SYSTEM)
        schedule = await self._org.upsert(SCHEDULE, wire.KEY, key, schedule_of(data))
        saved = await self._org.upsert(
            ASSIGNMENT,
            wire.KEY,
            key,
            booking_wire.AssignmentWrite(
                name=cut(f"{data.role} · {data.resource}", NAME_LENGTH, "…"),
                project=place.id,
                currency_iso_code=place.currency_iso_code,
                resource=person,
                schedule=schedule.id,
                role=role,
                hours=data.hours,
                status=_ASKED[data.commitment],
                notes=data.notes or None,
            ),
        )
        return Written(id=saved.id, created=saved.created)

    async def release(self, key: str, data: Booking) -> Written:
        """Withdraw it, and its schedule; the org refuses where time was entered on it."""
        found = await self._held(key)
        if found is None:
            return Written(id=data.id, created=False)
        await self._org.delete(ASSIGNMENT, found.id)
        if found.schedule_id:
            await self._org.delete(SCHEDULE, found.schedule_id)
        return Written(id=found.id, created=False)

    async def _held(self, key: str) -> booking_wire.Assignment | None:
        found = await self._org.query(ASSIGNMENT, f"{wire.KEY} = {quoted(key)}", booking_wire.Assignment)
        return next(iter(found), None)

    async def _person(self, email: str) -> str:
        where = f"Email = {quoted(email)} AND pse__Is_Resource__c = TRUE AND pse__Is_Resource_Active__c = TRUE"
        found = await self._org.query(wire.RESOURCE, where, wire.Id)
        if len(found) != 1:
            how_many = f"{len(found)} active resources'" if found else "no active resource's"
            errors = [FieldError(pointer="/resource", detail=f"is {how_many} e-mail address")]
            raise Invalid("Certinia knows no such person.", system=SYSTEM, errors=errors)
        return found[0].id


def _commitment(found: booking_wire.Assignment) -> Literal["soft", "hard"]:
    said = found.status or "Scheduled"
    return meaning(STATUSES, said, f"{ASSIGNMENT}.pse__Status__c", system=SYSTEM, record=found.id)


def booking(found: booking_wire.Assignment) -> Booking:
    """An assignment as a booking."""
    if found.schedule is None or found.schedule.start is None or found.schedule.end is None:
        raise Drifted(f"assignment {found.id} has no schedule", system=SYSTEM)
    return Booking(
        id=found.id,
        xrefs=[Xref(system=SYSTEM, native_id=found.id, alt_key=found.key or "")],
        project_id=found.project or "",
        resource=(found.person.email or "") if found.person else "",
        role=found.role or "",
        hours=number(found.hours),
        start=found.schedule.start,
        end=found.schedule.end,
        commitment=_commitment(found),
        notes=found.notes or "",
    )


def schedule_of(data: Booking) -> booking_wire.ScheduleWrite:
    """The hours, spread evenly over the working days of their time; over all days where it has no working day.

    A schedule repeats one week, in hundredths of an hour: what was agreed to the minute are the planned hours.
    """
    days = [data.start + timedelta(days=ahead) for ahead in range((data.end - data.start).days + 1)]
    worked = [day for day in days if day.weekday() < _WORKING_DAYS] or days
    each = (data.hours / len(worked)).quantize(_HUNDREDTH, ROUND_HALF_UP)
    on = {day.weekday() for day in worked}
    week = [each if weekday in on else Decimal(0) for weekday in range(_WEEK)]
    names = booking_wire.ScheduleWrite.__struct_fields__[-_WEEK:]
    return booking_wire.ScheduleWrite(start=data.start, end=data.end, **dict(zip(names, week, strict=True)))


def _same(found: booking_wire.Assignment, data: Booking) -> bool:
    """Whether it says all of this already. One whose schedule is not there says nothing."""
    if found.schedule is None or found.schedule.start is None or found.schedule.end is None:
        return False
    now = booking(found)
    told = (now.project_id, now.resource.casefold(), now.role, now.hours, now.start, now.end, now.commitment, now.notes)
    wanted = (data.project_id, data.resource.casefold(), data.role, data.hours, data.start, data.end)
    return told == (*wanted, data.commitment, data.notes)
