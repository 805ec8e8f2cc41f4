"""Ports for what a project is worked under, in an ERP or a PSA: its settings, and its work breakdown page by page.

A work breakdown may have hundreds of tasks: it is written in pages, each of which may be written again.
"""

from collections.abc import Collection, Mapping
from typing import Annotated, Final, Protocol

import msgspec

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.faults import FieldError, Invalid, NotFound
from canonical.objects import ProjectSetup, Task
from canonical.ports.operation import Written, operation

TASKS: Final = 125
"""Tasks on one page at the most."""


class TaskPage(Value, frozen=True, kw_only=True):
    """Some tasks of a project, parents before their children; the parents of others stand on earlier pages."""

    tasks: Annotated[list[Task], msgspec.Meta(min_length=1, max_length=TASKS)]


class TaskState(Value, frozen=True, kw_only=True):
    """A task as it is there."""

    task: Task
    has_time: Annotated[bool, PUBLIC]
    """Somebody has entered time on it."""


class TasksWritten(Value, frozen=True, kw_only=True):
    """What became of a page."""

    made: Annotated[int, PUBLIC]
    found: Annotated[int, PUBLIC]
    """Tasks that were there already, changed or not."""
    left: Annotated[int, PUBLIC] = 0
    """Of these, tasks that were deleted there since: whoever owns the schedule meant it, they are not made again."""


class TaskRefs(Value, frozen=True, kw_only=True):
    """Some tasks, by our references."""

    refs: Annotated[list[str], msgspec.Meta(max_length=TASKS), PUBLIC]


class TasksRemoved(Value, frozen=True, kw_only=True):
    """What became of tasks that were to go."""

    removed: Annotated[list[str], PUBLIC] = []
    kept: Annotated[list[str], PUBLIC] = []
    """Those somebody has entered time on: they stay."""


class ProjectSetups(Protocol):
    """What projects are worked under."""

    @operation("GET", "/projects/{project_id}/setup", raises=(NotFound,))
    async def project_setup(self, project_id: str) -> ProjectSetup:
        """How it is set up, and in `cannot` what the system does not keep."""

    @operation("PUT", "/projects/{project_id}/setup", raises=(NotFound, Invalid))
    async def set_project_setup(self, project_id: str, data: ProjectSetup) -> Written:
        """Change the fields that are not null. `Invalid` for one the system does not keep: none is passed over."""


class WorkBreakdowns(Protocol):
    """The tasks of projects, page by page."""

    @operation("GET", "/projects/{project_id}/tasks", raises=(NotFound,))
    async def project_tasks(self, project_id: str) -> list[TaskState]:
        """Its tasks, ours by our references."""

    @operation("PUT", "/projects/{project_id}/tasks", raises=(NotFound, Invalid))
    async def upsert_tasks(self, project_id: str, data: TaskPage) -> TasksWritten:
        """Make each task exist once, by its reference; whatever it is called there by now, it is that one.

        New ones take no time until the project is opened for time.
        """

    @operation("POST", "/projects/{project_id}/tasks/removal", raises=(NotFound,))
    async def remove_tasks(self, project_id: str, data: TaskRefs) -> TasksRemoved:
        """Delete tasks nobody has entered time on. One that is gone already counts as removed."""


def refuse_orphans(data: TaskPage, known: Collection[str], *, system: str) -> None:
    """`Invalid` when a task's parent is neither there already (`known`, by reference) nor before it on the page."""
    seen, wrong = set(known), []
    for place, task in enumerate(data.tasks):
        if task.parent_ref and task.parent_ref not in seen:
            wrong.append(FieldError(detail="its parent is on no page so far", pointer=f"/tasks/{place}/parent_ref"))
        seen.add(task.ref)
    if wrong:
        raise Invalid(system=system, errors=wrong)


def refuse_unkept(data: ProjectSetup, cannot: Mapping[str, str], *, system: str) -> None:
    """`Invalid` when a write names fields the system does not keep: each with the reason it gives in its reading."""
    unkept = [name for name in cannot if getattr(data, name) is not None]
    if unkept:
        errors = [FieldError(pointer=f"/{name}", detail=cannot[name]) for name in unkept]
        raise Invalid(" ".join(dict.fromkeys(cannot[name] for name in unkept)), errors=errors, system=system)
