"""Time as it is posted: lines of a time sheet, on the work that takes a project's hours.

A line has one text, of one row: our key stands at its end. Expense reports are no part of Tryton.
"""

import re
from decimal import Decimal
from typing import Final

from canonical.faults import Conflict, Drifted
from canonical.objects import TimeEntry
from canonical.objects.time_entry import hours_of
from canonical.ports.operation import Written
from system_apis.tryton import billing_wire, mapping, memo, wire
from system_apis.tryton.auth import SYSTEM
from system_apis.tryton.calls import WORK, Calls, found_one, refused

HOURS: Final = "timesheet.line"
EMPLOYEE: Final = "company.employee"
LONGEST: Final = 1_000_000
"""Seconds of one line: more are no hours."""
_ORIGIN: Final = re.compile(r"project\.work,([1-9][0-9]{0,8})")


class Effort(Calls):
    """Lines of time sheets."""

    async def time_posting_by_key(self, key: str) -> TimeEntry:
        """A line by our key."""
        return time_entry(found_one(await self._hours(key), key))

    async def upsert_time_posting(self, key: str, data: TimeEntry) -> Written:
        """Write the line; one that an invoice bills already is left, and is a conflict where it differs."""
        work = await self._takes_hours(data)
        seconds = _seconds(data)
        known = next(iter(await self._hours(key)), None)
        if known is not None and known.invoice_line is not None:
            if (known.duration.seconds, known.date) == (seconds, wire.day(data.worked_on)):
                return Written(id=str(known.id), created=False)
            raise Conflict("it is billed already, and says something else", system=SYSTEM)
        values = {
            "employee": await self._employee(data.resource, work),
            "company": work.company,
            "work": work.timesheet_works[0],
            "date": wire.day(data.worked_on),
            "duration": wire.Span(seconds=seconds),
            "description": memo.tagged(data.notes, key, billed=data.billable),
        }
        return await self._put(HOURS, known, values, work.company)

    async def _hours(self, key: str) -> list[billing_wire.TimeLine]:
        found = await self._rpc.search(billing_wire.TimeLine, HOURS, [["description", "like", memo.tag(key)]])
        return [each for each in found if memo.untagged(each.description)[1] == key]

    async def _takes_hours(self, data: TimeEntry) -> billing_wire.Hours:
        """What a project's hours are written on; `Invalid` where it takes none, or bills what shall not be billed."""
        known = await self._within(data.project_id)
        found = await self._rpc.read(billing_wire.Hours, WORK, known.id)
        if not found.timesheet_works:
            raise refused("this project takes no hours", "/project_id")
        last = found.timesheet_end_date
        if last is not None and mapping.as_date(last) < data.worked_on:
            raise refused(f"this project takes no hours worked after {mapping.as_date(last)}", "/project_id")
        if known.project_invoice_method == "timesheet" and not data.billable:
            raise refused("Tryton bills each hour of a project that is billed by the hour", "/billable")
        return found

    async def _employee(self, resource: str, work: billing_wire.Hours) -> int:
        wanted = [["company", "=", work.company], ["party.contact_mechanisms.value", "=", resource]]
        found = await self._rpc.search(billing_wire.Employee, EMPLOYEE, wanted) if resource else []
        if not found:
            raise refused("the project's company has no employee with this e-mail address", "/resource")
        return found[0].id


def time_entry(found: billing_wire.TimeLine) -> TimeEntry:
    """A line of a time sheet. At what price it is billed is its project's to say."""
    notes, key, billable = memo.untagged(found.description)
    origin = _ORIGIN.fullmatch(found.work.origin or "")
    seconds = found.duration.seconds
    if not seconds.is_finite() or abs(seconds) > LONGEST:
        raise Drifted(f"{seconds:.3g} seconds are no hours of a day", system=SYSTEM)
    minutes, rest = divmod(seconds, 60)
    hours = (seconds / 3600).quantize(Decimal("0.0001")) if rest else hours_of(int(minutes))
    billed = found.invoice_line
    return TimeEntry(
        id=str(found.id),
        xrefs=mapping.xrefs(found.id, key),
        source=mapping.source(found.timestamp, found.last_modified_at),
        resource_id=str(found.employee.id),
        resource=found.employee.party.email or "",
        project_id=origin[1] if origin else "",
        worked_on=mapping.as_date(found.date),
        hours=hours.normalize() + Decimal(0),
        minutes=None if rest else int(minutes),
        billable=billable,
        notes=notes,
        status="billed" if billed else "posted",
        invoice_id=str(billed.invoice) if billed and billed.invoice is not None else "",
    )


def _seconds(data: TimeEntry) -> Decimal:
    found = Decimal(data.minutes * 60) if data.minutes is not None else data.hours * 3600
    if found < 0:
        raise refused("a time sheet in Tryton takes nothing back: correct the line", "/hours")
    return found.normalize() + Decimal(0)
