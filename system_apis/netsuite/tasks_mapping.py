"""Tasks of projects <-> canonical; pure, as `mapping` is."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Final

import msgspec

from canonical.faults import FieldError, Invalid
from canonical.lengths import cut
from canonical.objects import Task
from canonical.ports.setups import TaskState
from system_apis.netsuite import tasks_wire as wire
from system_apis.netsuite.lengths import NAME
from system_apis.netsuite.mapping import SYSTEM
from system_apis.netsuite.wire import Ref

_REFERENCE: Final = re.compile(r"[A-Za-z0-9._:-]{1,100}")
"""What can stand in an address: an external id with a space is refused by its own error (QUIRKS.md)."""
_NOON: Final = time(12, tzinfo=UTC)
"""Of a day in UTC it is the same day in every account's zone, but for the easternmost."""
FIXED: Final = "FIXEDSTART"
FLEXIBLE: Final = "ASAP"


def key(project_id: str, ref: str) -> str:
    """The external id of a task: the same reference is another task in another project."""
    return f"task:{project_id}:{ref}"


def fits(ref: str) -> bool:
    """Whether a reference can be part of an external id."""
    return _REFERENCE.fullmatch(ref) is not None


def ref_of(native_id: str, external_id: str, project_id: str) -> str:
    """Our reference of a task; its internal id where people made it."""
    ours = key(project_id, "")
    return external_id.removeprefix(ours) if external_id.startswith(ours) else native_id


def states(rows: Iterable[wire.TaskRow], worked: Iterable[wire.WorkedRow], project_id: str) -> list[TaskState]:
    """The tasks as they are there. Time that only says our reference in a text is time on the task, too."""
    rows, worked = list(rows), list(worked)
    refs = {row.id: ref_of(row.id, row.externalid, project_id) for row in rows}
    told = {each.casetaskevent for each in worked}
    said = {each.custcol_tg_task for each in worked if not each.casetaskevent}
    return [
        TaskState(
            task=Task(
                ref=refs[row.id],
                name=row.title,
                parent_ref=refs.get(row.parent, ""),
                start=row.startdate,
                end=row.finishby,
                planned_hours=row.estimatedwork,
                billable=row.nonbillabletask != "T",
            ),
            has_time=row.id in told or refs[row.id] in said,
        )
        for row in rows
    ]


def drafts(tasks: Iterable[Task]) -> dict[str, wire.TaskChange]:
    """What a page wants of each task, by reference; `Invalid` names every reference that fits in no address."""
    tasks = list(tasks)
    unfit = [
        FieldError(pointer=f"/tasks/{place}/ref", detail="letters, digits, dots, colons and dashes, a hundred at most")
        for place, task in enumerate(tasks)
        if not fits(task.ref)
    ]
    if unfit:
        raise Invalid(system=SYSTEM, errors=unfit)
    return {task.ref: _wanted(task) for task in tasks}


def draft(wanted: wire.TaskChange, project_id: str, parent: str) -> wire.TaskDraft:
    """A new task; `parent` is an internal id, empty at the top."""
    return wire.TaskDraft(
        **{name: getattr(wanted, name) for name in wanted.__struct_fields__},
        project=Ref(id=project_id),
        parent=Ref(id=parent) if parent else msgspec.UNSET,
    )


def change(found: Task, wanted: Task, *, summary: bool) -> wire.TaskChange:
    """What of a task that is there is not as wanted. A summary's work and days come from the tasks below it."""
    there, ours = _wanted(found), _wanted(wanted)
    names = ("title", "non_billable_task") if summary else ours.__struct_fields__
    differing: Mapping[str, object] = {
        name: getattr(ours, name) for name in names if getattr(ours, name) != getattr(there, name)
    }
    return wire.TaskChange(**differing)  # type: ignore[arg-type]  # each beside its name


def _wanted(task: Task) -> wire.TaskChange:
    return wire.TaskChange(
        title=cut(task.name, NAME),
        non_billable_task=not task.billable,
        estimated_work=task.planned_hours,
        constraint_type=Ref(id=FIXED if task.start else FLEXIBLE),
        start_date_time=_instant(task.start),
        finish_by_date=task.end,
    )


def _instant(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, _NOON)
