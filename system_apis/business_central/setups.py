"""What a project is worked under in one environment: its dimensions, whether it takes time, and its tasks.

A new task takes no time until the project is opened for it; opening and closing goes through its tasks, the project
last when it is opened and first when it is closed.
"""

from typing import Final

from canonical.faults import FieldError, Invalid, VendorRefused
from canonical.objects import ProjectSetup
from canonical.ports.operation import Written
from canonical.ports.setups import (
    TaskPage,
    TaskRefs,
    TasksRemoved,
    TaskState,
    TasksWritten,
    refuse_orphans,
    refuse_unkept,
)
from system_apis.business_central import effort_wire, mapping, wire
from system_apis.business_central import setups_mapping as here
from system_apis.business_central import setups_wire as there
from system_apis.business_central.codes import escaped
from system_apis.business_central.effort import ENTRIES
from system_apis.business_central.mapping import SYSTEM
from system_apis.business_central.records import Records, same

PROJECTS: Final = "projects"
TASKS: Final = "projectTasks"


class Setups(Records):
    """Settings and work breakdowns of projects."""

    async def project_setup(self, project_id: str) -> ProjectSetup:
        """The settings there are."""
        found = await self._by_id(PROJECTS, project_id, wire.Project)
        tasks = await self._tasks(found.company, found.row.id)
        return here.setup(found.row, tasks, local=await self._companies.local(found.company))

    async def set_project_setup(self, project_id: str, data: ProjectSetup) -> Written:
        """Change what is named; a task's switch only where it is not as wanted."""
        refuse_unkept(data, here.CANNOT, system=SYSTEM)
        found = await self._by_id(PROJECTS, project_id, wire.Project)
        company, row = found.company, found.row
        currency = mapping.project_currency(row, await self._companies.local(company))
        draft = here.setup_draft(data, currency)
        unchanged = Written(id=mapping.native(company.name, row.id), created=False, version=row.etag)
        if data.open_for_time:
            await self._switch(company, row.id, allow=True)
        changes = draft != there.SetupDraft()
        written = await self._put(company, PROJECTS, row, draft, draft) if changes else unchanged
        if data.open_for_time is False:
            await self._switch(company, row.id, allow=False)
        return written

    async def project_tasks(self, project_id: str) -> list[TaskState]:
        """Its tasks, and whether time was entered on them."""
        found = await self._by_id(PROJECTS, project_id, wire.Project)
        places = here.places(await self._tasks(found.company, found.row.id))
        worked = await self._worked(found.company, found.row.id)
        return [here.state(place, worked) for place in places]

    async def upsert_tasks(self, project_id: str, data: TaskPage) -> TasksWritten:
        """Each task once; one whose parent is on no page so far is refused before anything is written."""
        found = await self._by_id(PROJECTS, project_id, wire.Project)
        company, project = found.company, found.row.id
        rows = await self._tasks(company, project)
        known = {here.ref_of(place.row): place.row for place in here.places(rows)}
        refuse_orphans(data, known, system=SYSTEM)
        taken, ended = {row.number for row in rows}, here.ended(rows)
        made = 0
        for place, task in enumerate(data.tasks):
            pointer = f"/tasks/{place}"
            if task.ref in known:
                known[task.ref] = await self._brought(company, known[task.ref], here.change(task))
                continue
            above = known.get(task.parent_ref)
            if above is not None:
                above = known[task.parent_ref] = await self._opened(company, above, ended, pointer)
            number = here.next_number(taken, above.number if above else "", f"{pointer}/parent_ref")
            draft = here.draft(task, number, project=project, pointer=pointer)
            known[task.ref] = await self._made(company, draft)
            taken.add(number)
            made += 1
        return TasksWritten(made=made, found=len(data.tasks) - made)

    async def remove_tasks(self, project_id: str, data: TaskRefs) -> TasksRemoved:
        """Delete tasks without time or cost, the inner ones first. One with tasks below it that stay stays, too."""
        found = await self._by_id(PROJECTS, project_id, wire.Project)
        company = found.company
        rows = await self._tasks(company, found.row.id)
        worked = await self._worked(company, found.row.id)
        left = {row.number: row for row in rows}
        ours = {here.ref_of(place.row): place.row for place in here.places(rows) if here.ref_of(place.row) in data.refs}
        kept = set[str]()
        for ref, row in sorted(ours.items(), key=lambda each: each[1].number, reverse=True):
            end = f"{row.number}.{here.LAST}"
            below = [number for number in left if number.startswith(f"{row.number}.") and number != end]
            if row.number in worked or below or not await self._gone(company, row):
                kept.add(ref)
                continue
            del left[row.number]
            if end in left:
                await self._drop(company, TASKS, left.pop(end))
        return TasksRemoved(removed=[ref for ref in data.refs if ref not in kept], kept=sorted(kept))

    async def _tasks(self, company: wire.Company, project: str) -> list[there.Task]:
        where = f"projectId eq {project}"
        return await self._rows(company.id, TASKS, there.Task, where=where, order="number")

    async def _worked(self, company: wire.Company, project: str) -> set[str]:
        """Numbers of the tasks somebody has entered time on."""
        rows = await self._rows(company.id, ENTRIES, effort_wire.TimeEntry, where=f"jobId eq {project}")
        return {row.job_task_number for row in rows}

    async def _switch(self, company: wire.Company, project: str, *, allow: bool) -> None:
        for task in await self._tasks(company, project):
            if here.kind(task) == there.POSTING:
                await self._brought(company, task, there.TaskSwitch(allow_time=allow))

    async def _opened(self, company: wire.Company, row: there.Task, ended: set[str], pointer: str) -> there.Task:
        """A task that others stand below, with the line that ends it; `Invalid` where time or cost stands on it."""
        if here.kind(row) != there.BEGIN:
            try:
                row = await self._brought(company, row, there.TaskType(type=escaped(there.BEGIN)))
            except VendorRefused as refused:
                detail = f"nothing can stand below {here.ref_of(row)}: {refused.detail}"
                wrong = FieldError(detail=detail, pointer=f"{pointer}/parent_ref")
                raise Invalid(system=SYSTEM, errors=[wrong]) from None
        if row.number not in ended:
            await self._made(company, here.end_of(row))
            ended.add(row.number)
        return row

    async def _made(self, company: wire.Company, draft: there.TaskDraft) -> there.Task:
        return await self._written("POST", self._path(company.id, TASKS), draft, there.Task)

    async def _brought(self, company: wire.Company, row: there.Task, wanted: wire.Wire) -> there.Task:
        if same(row, wanted):
            return row
        path = self._path(company.id, f"{TASKS}({row.id})")
        return await self._written("PATCH", path, wanted, there.Task, row.etag)

    async def _gone(self, company: wire.Company, row: there.Task) -> bool:
        """Whether it could be deleted: cost may stand on it that no time sheet tells of."""
        try:
            await self._drop(company, TASKS, row)
        except VendorRefused:
            return False
        return True
