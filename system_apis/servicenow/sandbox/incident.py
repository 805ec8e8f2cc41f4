"""What the instance itself does to an incident: numbers, priority, dates, and what closing one takes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from foundation.sandbox import Box, Record
from system_apis.servicenow.sandbox.answers import OPERATION_FAILED, refused

TIME: Final = "%Y-%m-%d %H:%M:%S"
NOTES: Final = ("work_notes", "comments")

_RESOLVED: Final = "6"
_ENDED: Final = frozenset({"7", "8"})
_PRIORITY: Final[Mapping[tuple[str, str], str]] = {
    ("1", "1"): "1",
    ("1", "2"): "2",
    ("2", "1"): "2",
    ("1", "3"): "3",
    ("2", "2"): "3",
    ("3", "1"): "3",
    ("2", "3"): "4",
    ("3", "2"): "4",
    ("3", "3"): "5",
}


def settle(box: Box, before: Record | None, row: Record, moment: datetime) -> Record:
    """The row as the business rules leave it; 403 where a data policy refuses it."""
    at = moment.strftime(TIME)
    if before is None:
        row |= {"number": f"INC{10000 + box.store.next_number('incident number'):07}", "opened_at": at}
    row["priority"] = _PRIORITY.get((row["impact"], row["urgency"]), "5")
    row["incident_state"] = row["state"]
    row["active"] = "false" if row["state"] in _ENDED else "true"
    was = before["state"] if before else ""
    if row["state"] != was:
        if row["state"] in (_RESOLVED, "7"):
            _need(row, "close_code", "close_notes")
            row["resolved_at"] = row["resolved_at"] or at
        row["closed_at"] = at if row["state"] in _ENDED else ""
    if box.option("unique_correlation_id"):
        _unique(box, row)
    return row


def _need(row: Record, *names: str) -> None:
    if missing := [name.replace("_", " ").capitalize() for name in names if not row[name]]:
        detail = f"Data Policy Exception: The following fields are mandatory: {', '.join(missing)}"
        raise refused(403, OPERATION_FAILED, detail)


def _unique(box: Box, row: Record) -> None:
    same = box.store.find("incident", correlation_id=row["correlation_id"]) if row["correlation_id"] else []
    if any(other["sys_id"] != row["sys_id"] for other in same):
        detail = f"Error during insert of incident ({row['number']}): Unique Key violation detected by database"
        raise refused(403, OPERATION_FAILED, detail)
