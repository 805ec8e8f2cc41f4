"""Week rows as days: a timecard holds seven of them, and the books have it by month. Pure.

A day's id is its row's and its date, `a1B...EAA.2026-12-17`: nothing else tells one of seven apart. When one changes
the row has changed, so all of its days do. A week across the end of a month is two splits, each billed by itself.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from canonical.base import Source, Xref
from canonical.faults import Drifted
from canonical.objects import TimeEntry
from canonical.objects.time_entry import TimeStatus
from foundation.vendor_values import instant, meaning, money
from system_apis.certinia.effort_wire import WEEK, Split, Week
from system_apis.certinia.mapping import SYSTEM, number

STATUSES: Final[Mapping[str, TimeStatus]] = {
    "Saved": "draft",
    "Submitted": "submitted",
    "Approved": "approved",
    "Rejected": "rejected",
}
_DAY: Final = re.compile(r"([A-Za-z0-9]{15}(?:[A-Z0-5]{3})?)\.(\d{4}-\d\d-\d\d)")
_WEEK: Final = 7


def day_id(week_id: str, day: date) -> str:
    """The id of one day of a row."""
    return f"{week_id}.{day.isoformat()}"


def parts(native_id: str) -> tuple[str, date] | None:
    """Row and day of an id; None for a text that is none."""
    found = _DAY.fullmatch(native_id)
    try:
        return (found[1], date.fromisoformat(found[2])) if found else None
    except ValueError:
        return None


def days(week: Week, splits: Sequence[Split]) -> list[TimeEntry]:
    """The days of a row that have hours, in order."""
    if week.start is None or week.end is None:
        raise Drifted(f"timecard {week.id} has no dates", system=SYSTEM)
    notes = week.day_notes()
    found = []
    for weekday, worked in enumerate(week.hours()):
        hours = number(worked)
        if not hours:
            continue
        day = week.start + timedelta(days=(weekday - week.start.weekday()) % _WEEK)
        if day > week.end:
            raise Drifted(f"timecard {week.id} has hours on {day}, after its end", system=SYSTEM)
        found.append(_entry(week, day, hours, notes[weekday] or "", _split_of(day, splits)))
    return sorted(found, key=lambda entry: entry.worked_on)


def split_days(split: Split, entries: Sequence[TimeEntry]) -> list[TimeEntry]:
    """The days that a split stands for."""
    return [entry for entry in entries if _split_of(entry.worked_on, [split]) is not None]


def _split_of(day: date, splits: Sequence[Split]) -> Split | None:
    return next((each for each in splits if each.start and each.end and each.start <= day <= each.end), None)


def _entry(week: Week, day: date, hours: Decimal, notes: str, split: Split | None) -> TimeEntry:
    native = day_id(week.id, day)
    billed = split is not None and split.invoiced
    return TimeEntry(
        id=native,
        xrefs=[Xref(system=SYSTEM, native_id=native)],
        source=Source(
            system=SYSTEM,
            native_version=week.system_modstamp,
            updated_at=instant(week.system_modstamp, system=SYSTEM),
        ),
        resource_id=week.person.id if week.person else "",
        resource=(week.person.email or "") if week.person else "",
        project_id=week.project or "",
        worked_on=day,
        hours=hours,
        role=(week.assignment.role or "") if week.assignment else "",
        billable=week.billable,
        bill_rate=None if week.bill_rate is None else money(week.bill_rate, week.currency_iso_code, system=SYSTEM),
        notes=notes or week.notes or "",
        status="billed" if billed else _status(week),
        invoice_id=(split.invoice_number or "") if split else "",
    )


def _status(week: Week) -> TimeStatus:
    return meaning(STATUSES, week.status or "Saved", f"{WEEK}.pse__Status__c", system=SYSTEM, record=week.id)
