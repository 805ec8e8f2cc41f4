"""A project with its tasks, and what hours of each are written on: the shapes of `wire` go on here."""

from msgspec import field

from system_apis.tryton.wire import Day, Span, Wire


class TimeWork(Wire, frozen=True, kw_only=True):
    """What hours of a work are written on, and how much is: None where no line is. On SQLite a sum of 0 is a number."""

    id: int
    duration: Span | float | None = None


class Part(Wire, frozen=True, kw_only=True):
    """A project, or a work below it."""

    id: int
    name: str
    number: str | None = None
    type: str
    company: int
    parent: int | None = None
    comment: str | None = None
    timestamp: str = field(name="_timestamp")
    effort_duration: Span | None = None
    timesheet_start_date: Day | None = None
    timesheet_end_date: Day | None = None
    timesheet_works: list[TimeWork] = field(name="timesheet_works.")
