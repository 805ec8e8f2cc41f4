"""Work breakdowns of one account's projects: project tasks, each by an external id of the project and our reference.

All tasks of a project are one query; what is there already is written only where it is not as wanted.
"""

from typing import Final

from canonical.faults import NotFound, VendorRefused
from canonical.ports.setups import (
    TaskPage,
    TaskRefs,
    TasksRemoved,
    TaskState,
    TasksWritten,
    WorkBreakdowns,
    refuse_orphans,
)
from system_apis.netsuite import tasks_mapping as mapping
from system_apis.netsuite import tasks_wire as there
from system_apis.netsuite import wire
from system_apis.netsuite.calls import RECORDS, Calls, checked, eid
from system_apis.netsuite.mapping import SYSTEM

KIND: Final = "projectTask"

_TASKS: Final = (
    "SELECT id, externalid, title, parent, estimatedwork, nonbillabletask,"
    " TO_CHAR(startdatetime, 'YYYY-MM-DD') AS startdate, TO_CHAR(finishbydate, 'YYYY-MM-DD') AS finishby"
    " FROM projecttask WHERE project = {project} ORDER BY id"
)
_WORKED: Final = "SELECT DISTINCT casetaskevent, custcol_tg_task FROM timebill WHERE customer = {project}"


class Tasks(Calls):
    """The tasks of projects, and which of them time names."""

    async def project_tasks(self, project_id: str) -> list[TaskState]:
        """Its tasks, those of people's own under their internal ids."""
        project = await self._known_project(project_id)
        return mapping.states(await self._tasks(project), await self._worked(project), project)

    async def upsert_tasks(self, project_id: str, data: TaskPage) -> TasksWritten:
        """Each task once; one whose parent is on no page so far is refused before anything is written."""
        project = await self._known_project(project_id)
        rows = await self._tasks(project)
        known = {each.task.ref: each.task for each in mapping.states(rows, (), project)}
        ids = {mapping.ref_of(row.id, row.externalid, project): row.id for row in rows}
        refuse_orphans(data, known, system=SYSTEM)
        wanted = mapping.drafts(data.tasks)
        summaries = {each.parent_ref for each in (*known.values(), *data.tasks)}
        made = set[str]()
        for task in data.tasks:
            if task.ref in known:
                changed = mapping.change(known[task.ref], task, summary=task.ref in summaries)
                if changed != there.TaskChange():
                    await self._write("PATCH", f"{RECORDS}/{KIND}/{ids[task.ref]}", changed)
                continue
            draft = mapping.draft(wanted[task.ref], project, ids.get(task.parent_ref, ""))
            ids[task.ref] = (await self._upsert(KIND, mapping.key(project, task.ref), draft)).id
            made.add(task.ref)
        return TasksWritten(made=len(made), found=len(data.tasks) - len(made))

    async def remove_tasks(self, project_id: str, data: TaskRefs) -> TasksRemoved:
        """Delete tasks without time, the inner ones first. One with tasks below it that stay stays, too."""
        project = await self._known_project(project_id)
        rows = await self._tasks(project)
        states = dict(
            zip((row.id for row in rows), mapping.states(rows, await self._worked(project), project), strict=True)
        )
        left, kept = {row.id: row for row in rows}, set[str]()
        for row in sorted(rows, key=lambda each: _depth(each, left), reverse=True):
            state = states[row.id]
            if state.task.ref not in data.refs:
                continue
            below = any(each.parent == row.id for each in left.values())
            if state.has_time or below or not await self._gone(row.id):
                kept.add(state.task.ref)
            else:
                left.pop(row.id, None)
        return TasksRemoved(removed=[ref for ref in data.refs if ref not in kept], kept=sorted(kept))

    async def _task_id(self, project_id: str, ref: str) -> str:
        """The internal id of a task that is known by our reference; empty where there is none."""
        if not mapping.fits(ref) or not project_id.isdigit():
            return ""
        try:
            return (await self._get(KIND, eid(mapping.key(project_id, ref)), there.Task)).id
        except NotFound:
            return ""

    async def _task_ref(self, task_id: str, project_id: str) -> str:
        """What we call the task that time names; empty where it names a case or an event, or one that is gone."""
        try:
            found = await self._get(KIND, checked(task_id), there.Task)
        except NotFound:
            return ""
        return mapping.ref_of(found.id, found.external_id, project_id)

    async def _known_project(self, project_id: str) -> str:
        """The internal id of a project that is there: a query would find no tasks of one that is not."""
        await self._get("job", checked(project_id), wire.Job)
        if not project_id.isdigit():
            raise NotFound(f"{project_id[:40]!r} is no internal id", system=SYSTEM)
        return project_id

    async def _tasks(self, project: str) -> list[there.TaskRow]:
        return await self._query(_TASKS.format(project=project), wire.Rows[there.TaskRow])

    async def _worked(self, project: str) -> list[there.WorkedRow]:
        return await self._query(_WORKED.format(project=project), wire.Rows[there.WorkedRow])

    async def _gone(self, task_id: str) -> bool:
        """Whether it could be deleted: what else hangs on a task only the refusal tells."""
        try:
            await self._send("DELETE", f"{RECORDS}/{KIND}/{task_id}")
        except NotFound:
            return True  # somebody else deleted it, or our answer was lost
        except VendorRefused:
            return False
        return True


def _depth(row: there.TaskRow, rows: dict[str, there.TaskRow]) -> int:
    above, deep = rows.get(row.parent), 0
    while above is not None and deep < len(rows):
        above, deep = rows.get(above.parent), deep + 1
    return deep


_port: type[WorkBreakdowns] = Tasks  # the type checker holds us to the port
