"""What a project is worked under: settings in its comment, whether hours are written on it, and tasks below it.

A task is a work below the project. Each takes hours by itself or does not: a new one takes none, and opening and
closing goes through all of them in one call.
"""

from typing import Final

from canonical.faults import NotFound, VendorRefused
from canonical.objects import ProjectSetup, Task
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
from system_apis.tryton import codes
from system_apis.tryton import setups_mapping as mapping
from system_apis.tryton.auth import SYSTEM
from system_apis.tryton.calls import WORK, Calls, native
from system_apis.tryton.setups_wire import Part

TASKS_BEGIN: Final = codes.STAGES["planned"]
"""The status of a new task."""


class Setups(Calls):
    """Settings and work breakdowns of projects."""

    async def project_setup(self, project_id: str) -> ProjectSetup:
        """The settings there are."""
        project, tasks = await self._parts(project_id)
        return mapping.setup(project, tasks, books=await self._known.currency_of(project.company))

    async def set_project_setup(self, project_id: str, data: ProjectSetup) -> Written:
        """Change what is named, all of it or none."""
        refuse_unkept(data, mapping.CANNOT, system=SYSTEM)
        project, tasks = await self._parts(project_id)
        books = await self._known.currency_of(project.company)
        said = [
            (project, mapping.setup_values(project, data, books=books) | mapping.switch(project, data.open_for_time))
        ]
        said += [(each, mapping.switch(each, data.open_for_time)) for each in tasks]
        changes = [(each.id, values, each.timestamp) for each, values in said if values]
        await self._rpc.write_each(WORK, changes, project.company)
        return Written(id=str(project.id), created=False)

    async def project_tasks(self, project_id: str) -> list[TaskState]:
        """Its tasks, and whether hours were written on them."""
        _, tasks = await self._parts(project_id)
        refs = mapping.refs_of(tasks)
        return [mapping.state(each, refs) for each in tasks]

    async def upsert_tasks(self, project_id: str, data: TaskPage) -> TasksWritten:
        """Each task once; one whose parent is on no page so far is refused before anything is written.

        What is there already is changed in one call; what is not is made in one call for each level.
        """
        project, tasks = await self._parts(project_id)
        refs = mapping.refs_of(tasks)
        known = {refs[each.id]: each for each in tasks}
        refuse_orphans(data, known, system=SYSTEM)
        mapping.check(data)
        wanted = dict[str, Task]()
        for task in data.tasks:
            wanted.setdefault(task.ref, task)
        said = [(known[ref], mapping.task_values(task, known[ref])) for ref, task in wanted.items() if ref in known]
        changes = [(each.id, values, each.timestamp) for each, values in said if values]
        await self._rpc.write_each(WORK, changes, project.company)
        new = [task for ref, task in wanted.items() if ref not in known]
        await self._make(project, new, {ref: each.id for ref, each in known.items()})
        return TasksWritten(made=len(new), found=len(data.tasks) - len(new))

    async def remove_tasks(self, project_id: str, data: TaskRefs) -> TasksRemoved:
        """Delete tasks without hours, the inner ones first. One with works below it that stay stays, too."""
        _, tasks = await self._parts(project_id)
        refs, kept = mapping.refs_of(tasks), set[str]()
        for each in reversed(tasks):
            if refs[each.id] in data.refs and (mapping.has_time(each) or not await self._gone(each)):
                kept.add(refs[each.id])
        return TasksRemoved(removed=[ref for ref in data.refs if ref not in kept], kept=sorted(kept))

    async def _parts(self, project_id: str) -> tuple[Part, list[Part]]:
        """A project, and its tasks with parents first."""
        id = native(project_id)
        rows: list[Part] = await self._rpc.search(Part, WORK, [["parent", "child_of", [id]]])
        project = next((each for each in rows if (each.id, each.type) == (id, "project")), None)
        if project is None:
            raise NotFound(f"there is no project {id}", system=SYSTEM)
        return project, mapping.below(project, rows)

    async def _make(self, project: Part, new: list[Task], places: dict[str, int]) -> None:
        """Make tasks below those that are there, and those below them. `places` holds ids, by reference."""
        status = await self._known.statuses.id(TASKS_BEGIN, "/tasks") if new else 0
        while new:
            ready = [task for task in new if not task.parent_ref or task.parent_ref in places]
            drafts = [
                mapping.task_values(task)
                | {
                    "type": "task",
                    "company": project.company,
                    "parent": places.get(task.parent_ref, project.id),
                    "status": status,
                }
                for task in ready
            ]
            made = await self._rpc.create_each(WORK, drafts, project.company)
            places |= {task.ref: id for task, id in zip(ready, made, strict=True)}
            new = [task for task in new if task.ref not in places]

    async def _gone(self, task: Part) -> bool:
        """Whether it could be deleted: works below it and what was billed keep it, too."""
        try:
            await self._rpc.delete(WORK, task.id, task.company, task.timestamp)
        except NotFound:
            return True
        except VendorRefused:
            return False
        return True
