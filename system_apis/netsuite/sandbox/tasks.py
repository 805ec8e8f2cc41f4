"""What NetSuite works out for project tasks, and what it refuses of them and of time that names one."""

from decimal import Decimal
from typing import Final

from foundation.sandbox import Box, Record, encode
from system_apis.netsuite.sandbox.errors import invalid_value, user_error

KIND: Final = "projectTask"


def check(box: Box, kind: str, record: Record) -> None:
    """A task stands below one of its own project, and time names a task of the project it is for."""
    if kind == KIND and record.get("parent"):
        _of_project(box, record["parent"], record["project"], "parent")
    if kind == "timeBill" and record.get("caseTaskEvent"):
        _of_project(box, record["caseTaskEvent"], record.get("customer") or {}, "caseTaskEvent")


def settle(box: Box, kind: str, record: Record) -> None:
    """A task with tasks below it is a summary: its work is theirs, all the way up, whatever was written."""
    at = record if kind == KIND else None
    while at is not None:
        below = box.store.find(KIND, parent=_reference(at["id"]))
        if below:
            work = sum((Decimal(each.get("estimatedWork") or 0) for each in below), Decimal(0))
            box.store.update(KIND, at["id"], {"estimatedWork": work})
        at = box.store.get(KIND, (at.get("parent") or {}).get("id", ""))


def deletable(box: Box, kind: str, native_id: str) -> None:
    """A task stays as long as time or other tasks hang on it."""
    here = _reference(native_id)
    if kind == KIND and (box.store.find(KIND, parent=here) or box.store.find("timeBill", caseTaskEvent=here)):
        raise user_error("This record cannot be deleted because it has dependent records.")


def _reference(native_id: str) -> str:
    """A reference as the store finds it: by its text."""
    return encode({"id": native_id})


def _of_project(box: Box, task: Record, project: Record, field: str) -> None:
    found = box.store.get(KIND, task["id"]) or {}
    if found.get("project", {}).get("id") != project.get("id"):
        raise invalid_value(task["id"], field, path=field)
