"""A person's hours, day by day, exactly: working weeks, leave, and what an effort comes to. Pure.

Every sum is exact in Decimal: the days of a booking sum to what was asked, to the last hundredth.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from canonical.ports.staffing import Calendar, Day, Effort, Staff

FINEST: Final = Decimal("0.01")
"""Of an hour: what a day is rounded to. What rounding leaves over goes to the next day, never away."""
_HUNDRED: Final = Decimal(100)
_WORKING_WEEK: Final = 5


def days(start: date, end: date) -> Iterator[date]:
    """Every day of a span, both ends included."""
    for number in range((end - start).days + 1):
        yield start + timedelta(days=number)


def capacity(person: Staff, on: date) -> Decimal:
    """The hours a person works on a day, by the calendar in force then; none on leave, or after their last day."""
    if person.last_day and on > person.last_day:
        return Decimal(0)
    return Decimal(0) if away(person, on) else planned(person, on)


def planned(person: Staff, on: date) -> Decimal:
    """The hours of their working week, whether or not they are away."""
    calendar = in_force(person, on)
    return Decimal(0) if calendar is None or on in calendar.holidays else calendar.weekly[on.weekday()]


def away(person: Staff, on: date) -> bool:
    """Whether a day is one of leave."""
    return any(leave.start <= on <= leave.end for leave in person.leave)


def in_force(person: Staff, on: date) -> Calendar | None:
    """The calendar of a day: the last one that began; None before the first."""
    begun = [calendar for calendar in person.calendars if calendar.since <= on]
    return max(begun, key=lambda calendar: calendar.since, default=None)


def open_days(person: Staff, start: date, end: date) -> dict[date, Decimal]:
    """The days a person works, with their hours."""
    found = {on: capacity(person, on) for on in days(start, end)}
    return {on: hours for on, hours in found.items() if hours}


def hours_of(effort: Effort, person: Staff, start: date, end: date, full_time: Decimal) -> Decimal:
    """What an effort comes to for this person.

    Hours are what they are. Per cent are of the person's own hours, so that half of a part-timer is half of what they
    work. Full-time equivalents are of the firm's week, whose fifth each working day of theirs is taken to be.
    """
    open_ = open_days(person, start, end)
    match effort.unit:
        case "hours":
            return effort.amount
        case "percentage":
            return _rounded(sum(open_.values(), Decimal(0)) * effort.amount / _HUNDRED)
        case "fte":
            return _rounded(effort.amount * full_time * len(open_) / _WORKING_WEEK)


def spread(hours: Decimal, person: Staff, start: date, end: date) -> list[Day]:
    """Hours over the days a person works, in proportion to each; empty where they work on none."""
    open_ = open_days(person, start, end)
    whole = sum(open_.values(), Decimal(0))
    found, so_far, given = [], Decimal(0), Decimal(0)
    for on, of_the_day in open_.items():
        so_far += of_the_day
        due = hours if so_far == whole else _rounded(hours * so_far / whole)
        if due != given:
            found.append(Day(on=on, hours=due - given))
        given = due
    return found


def weeks_on_end(booked: set[date]) -> int:
    """The longest row of weeks, Monday to Sunday, with a booked day in each."""
    mondays = sorted({on - timedelta(days=on.weekday()) for on in booked})
    longest = row = 0
    for number, monday in enumerate(mondays):
        follows = number and monday - mondays[number - 1] == timedelta(days=7)
        row = row + 1 if follows else 1
        longest = max(longest, row)
    return longest


def _rounded(hours: Decimal) -> Decimal:
    return hours.quantize(FINEST, ROUND_HALF_UP)
