"""Works below works, and the hours of each: what Tryton works out, and what it does not let go."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from foundation.sandbox import Box, Record
from system_apis.tryton.sandbox.domains import comparable
from system_apis.tryton.sandbox.errors import user_error
from system_apis.tryton.sandbox.schema import Model

HOURS: Final = "timesheet.work"
LINE: Final = "timesheet.line"
ORIGINS: Final = {HOURS: "project.work", "account.invoice.line": "sale.line"}
DAYS: Final[tuple[str, ...]] = ("timesheet_start_date", "timesheet_end_date")


def origin(id: int, by: str) -> str:
    """How records of another model refer to one: hours to a work, what bills a sale to its line."""
    return f"{ORIGINS[by]},{id}"


def hours(box: Box, work: int) -> list[Record]:
    """What hours of a work are written on; nothing of one that takes none."""
    return box.store.find(HOURS, origin=origin(work, HOURS))


def takes(hours_of: Record, day: Record) -> bool:
    """Whether hours of a day can be written there."""
    first, last = (hours_of[name] for name in DAYS)
    at = comparable(day)
    return (first is None or comparable(first) <= at) and (last is None or comparable(last) >= at)


def worked_out(box: Box, record: Record, name: str) -> Any:
    """The days a work takes hours of, and how much was written."""
    if "origin" not in record:
        return next((each[name] for each in hours(box, record["id"])), None)
    if name in DAYS:
        return record[name]
    lines = box.store.find(LINE, work=record["id"])
    seconds = sum((Decimal(str(each["duration"]["seconds"])) for each in lines), Decimal(0))
    return {"__class__": "timedelta", "seconds": float(seconds)} if lines else None


def check_needed(box: Box, model: Model, id: int, models: Mapping[str, Model]) -> None:
    """Tryton's refusal to delete what another record leads to."""
    for name, field in model.needed_by:
        if box.store.find(name, **{field: id}):
            used = f'by field "{field.title()}" of "{models[name].title}"'
            raise user_error(f"The records could not be deleted because they are used {used}.")


def resolved(box: Box, model: str, domain: Any) -> Any:
    """A domain that says ids where it said `child_of`: those named, and whatever stands below them."""
    if not isinstance(domain, list):
        return domain
    if len(domain) == 3 and domain[1] == "child_of":
        found: list[int] = []
        waiting = list(domain[2])
        while waiting:
            found.append(waiting.pop())
            waiting += [each["id"] for each in box.store.find(model, **{domain[0]: found[-1]})]
        return ["id", "in", found]
    return [resolved(box, model, each) for each in domain]
