"""Plans of projects: tasks, parents before their children, and milestones, each there once under our key.

What people removed stays removed, and what hangs below it is not put elsewhere. What we remove loses our key in the
same transaction, so that it can be made again: by that the two are told apart in the recycle bin.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from msgspec.structs import replace

from canonical.faults import FieldError, Invalid, NotFound
from canonical.objects import Project, Task
from canonical.ports.setups import TaskPage, TaskRefs, TasksRemoved, TaskState, TasksWritten
from foundation.salesforce.records import Records
from system_apis.certinia import mapping, wire
from system_apis.certinia.mapping import SYSTEM
from system_apis.certinia.setup_wire import TASK_TIME, TaskTime, Unkeyed

BATCH: Final = 50
"""Records saved at once: the package's triggers are heavy, and more of them run out of time together."""

W = TypeVar("W", bound=wire.ChildWrite)
_Planned = wire.Task | wire.Milestone


class Plans:
    """The plans of one org's projects."""

    def __init__(self, org: Records) -> None:
        self._org = org

    async def keep(self, key: str, data: Project, project_id: str, levels: list[list[Task]], *, made: bool) -> None:
        """Every task and milestone of a project there once, as we have it. `made`: the project is new."""
        tasks = [] if made else await self._tasks(project_id, deleted=True)
        stones = [] if made else await self._stones(project_id)
        removed = _removed([*tasks, *stones])
        await self._keep_tasks(key, project_id, levels, tasks, removed)
        wanted = [mapping.milestone(each, index, data, key, project_id) for index, each in enumerate(data.milestones)]
        live = {each.key: each for each in stones if each.key and not each.is_deleted}
        present = {known: mapping.milestone_as_written(each, project_id) for known, each in live.items()}
        await self._saved(wire.MILESTONE, [each for each in wanted if each.key not in removed], present)

    async def states(self, project_id: str) -> list[TaskState]:
        """The tasks of a project, and whether somebody entered time on them."""
        key = (await self._owned(project_id)).key or ""
        tasks, worked = await self._tasks(project_id), await self._worked(project_id)
        planned = mapping.planned(tasks, key)
        return [TaskState(task=task, has_time=row.id in worked) for row, task in zip(tasks, planned, strict=True)]

    async def keep_page(self, project_id: str, data: TaskPage) -> TasksWritten:
        """Each task of a page once; new ones take no time. One whose parent is on no page so far is refused."""
        key = ours(project_id, (await self._owned(project_id)).key)
        tasks = await self._tasks(project_id, deleted=True)
        prefix = mapping.task_key(key, "")
        levels = mapping.levels(data.tasks, known={(each.key or "").removeprefix(prefix) for each in tasks})
        made, left = await self._keep_tasks(key, project_id, levels, tasks, _removed(tasks), closed=True)
        return TasksWritten(made=made, found=len(data.tasks) - made, left=left)

    async def remove(self, project_id: str, data: TaskRefs) -> TasksRemoved:
        """Delete tasks without time. What is below a task goes with it, so one with a child that stays stays too."""
        key = (await self._owned(project_id)).key or ""
        there = {each.id: each for each in await self._tasks(project_id)}
        asked = {mapping.task_key(key, ref): ref for ref in data.refs}
        refs = {each.id: asked[each.key] for each in there.values() if each.key in asked} if key else {}
        staying = {each for each in there if each not in refs} | await self._worked(project_id)
        for each in list(staying):
            staying.update(_above(there, each))
        going = [each for each in refs if each not in staying]
        depth = {each: len(_above(there, each)) for each in going}
        for level in sorted(set(depth.values()), reverse=True):
            ids = [each for each in going if depth[each] == level]
            for start in range(0, len(ids), BATCH):
                batch = ids[start : start + BATCH]
                await self._org.delete_all([Unkeyed(attributes={"type": wire.TASK}, id=each) for each in batch], batch)
        kept = {ref for each, ref in refs.items() if each in staying}
        return TasksRemoved(removed=[ref for ref in data.refs if ref not in kept], kept=sorted(kept))

    async def _keep_tasks(
        self,
        key: str,
        project_id: str,
        levels: list[list[Task]],
        tasks: Sequence[wire.Task],
        removed: set[str | None],
        *,
        closed: bool | None = None,
    ) -> tuple[int, int]:
        """Every task once, level by level: how many were made, and how many were left to whoever removed them.

        `closed`: whether new ones take no time.
        """
        there = {each.key: each for each in tasks if each.key and not each.is_deleted}
        present = {known: mapping.task_as_written(each, project_id) for known, each in there.items()}
        ids = {known: each.id for known, each in there.items()}
        gone, made, left = set(removed), 0, 0
        for level in levels:
            wanted = []
            for each in level:
                own, above = mapping.task_key(key, each.ref), mapping.task_key(key, each.parent_ref)
                if own in gone or (own not in there and each.parent_ref and above in gone):
                    gone.add(own)
                    left += 1
                    continue
                written = mapping.task(each, key, project_id, ids)
                is_new = own not in there
                made += is_new
                wanted.append(replace(written, closed=closed) if is_new and closed is not None else written)
            ids |= await self._saved(wire.TASK, wanted, present)
        return made, left

    async def _saved(self, kind: str, wanted: Sequence[W], present: Mapping[str, W | None]) -> dict[str, str]:
        """Save what is not so yet, batch by batch; the ids by our keys."""
        changed = [each for each in wanted if present.get(each.key) != each]
        ids: dict[str, str] = {}
        for start in range(0, len(changed), BATCH):
            batch = changed[start : start + BATCH]
            saved = await self._org.upsert_all(kind, wire.KEY, batch)
            ids |= {each.key: done.id for each, done in zip(batch, saved, strict=True)}
        return ids

    async def _owned(self, project_id: str) -> wire.Owned:
        where = f"Id = '{self._org.checked(project_id)}'"
        for found in await self._org.query(wire.PROJECT, where, wire.Owned):
            return found
        raise NotFound(f"there is no project {project_id}", system=SYSTEM)

    async def _tasks(self, project_id: str, *, deleted: bool = False) -> list[wire.Task]:
        return await self._org.query(wire.TASK, below(project_id, ordered=not deleted), wire.Task, deleted=deleted)

    async def _stones(self, project_id: str) -> list[wire.Milestone]:
        return await self._org.query(wire.MILESTONE, below(project_id, ordered=False), wire.Milestone, deleted=True)

    async def _worked(self, project_id: str) -> set[str]:
        where = f"pse__Project_Task__r.pse__Project__c = '{project_id}' ORDER BY Id"
        return {each.task for each in await self._org.query(TASK_TIME, where, TaskTime) if each.task}


def below(project_id: str, *, ordered: bool = True) -> str:
    """What selects the records of a project, as they were made."""
    return f"pse__Project__c = '{project_id}'{' ORDER BY CreatedDate, Id' if ordered else ''}"


def ours(project_id: str, key: str | None) -> str:
    """Our key of a project; `Invalid` for one that is not ours, since nothing of it can be called by a key."""
    if not key:
        wrong = FieldError(pointer="path:project_id", detail=f"project {project_id} was not made by us")
        raise Invalid("Only a project we made can be set up.", errors=[wrong], system=SYSTEM)
    return key


def _removed(planned: Sequence[_Planned]) -> set[str | None]:
    """The keys of what people deleted; one that is there again is not."""
    return {each.key for each in planned if each.is_deleted} - {each.key for each in planned if not each.is_deleted}


def _above(there: Mapping[str, wire.Task], task_id: str) -> list[str]:
    """A task's parent, that one's parent and so on."""
    found: list[str] = []
    each = there.get(task_id)
    while each is not None and each.parent and each.parent not in found:
        found.append(each.parent)
        each = there.get(each.parent)
    return found
