"""What projects are worked under: segments of ours, transaction controls, and tasks.

Whether a project takes time or expenses is a transaction control of the expenditure category: it holds for all of its
tasks, those that are made later among them. The template's controls let nothing in until a project is opened.
"""

from canonical.faults import VendorRefused
from canonical.objects import ProjectSetup
from canonical.ports.operation import Written
from canonical.ports.setups import TaskPage, TaskRefs, TasksRemoved, TaskState, TasksWritten, refuse_unkept
from system_apis.oracle_fusion import codes
from system_apis.oracle_fusion import setups_mapping as mapping
from system_apis.oracle_fusion import setups_wire as wire
from system_apis.oracle_fusion.codes import SYSTEM
from system_apis.oracle_fusion.costs_wire import PROCESSED, UNPROCESSED
from system_apis.oracle_fusion.jobs import job
from system_apis.oracle_fusion.rest import Change, Rest, at, differing, first, version
from system_apis.oracle_fusion.wire import FSCM


class Setups:
    """Settings and work breakdowns of projects."""

    _rest: Rest

    async def project_setup(self, project_id: str) -> ProjectSetup:
        """The settings there are."""
        return mapping.setup(await self._set_up(project_id))

    async def set_project_setup(self, project_id: str, data: ProjectSetup) -> Written:
        """Change what is named, all of it or none."""
        refuse_unkept(data, mapping.CANNOT, system=SYSTEM)
        found = await self._set_up(project_id)
        changes = _segments(found, mapping.segments(found, data))
        for category, allow in ((codes.LABOR, data.open_for_time), (codes.EXPENSES, data.open_for_expenses)):
            if allow is not None:
                changes += _switched(found, category, allow=allow)
        await self._rest.apply(FSCM, changes)
        return Written(id=str(found.project_id), created=False)

    async def project_tasks(self, project_id: str) -> list[TaskState]:
        """Its tasks, and whether anything was entered on them."""
        found = await self._set_up(project_id)
        return mapping.states(await self._tasks(found), await self._worked(found))

    async def upsert_tasks(self, project_id: str, data: TaskPage) -> TasksWritten:
        """Each task once; one whose parent is on no page so far is refused before anything is written.

        What is there already is changed in one batch, what is not is made one after the other: a task names its parent
        by the id that it got.
        """
        found = await self._set_up(project_id)
        rows = {mapping.ref_of(each): each for each in await self._tasks(found)}
        mapping.check_parents(data.tasks, rows)
        drafts = [mapping.task_draft(each, None, f"/tasks/{place}") for place, each in enumerate(data.tasks)]
        known = [(rows[each.source_task_reference], each) for each in drafts if each.source_task_reference in rows]
        await self._rest.apply(FSCM, [change for row, draft in known for change in _task(row, draft)])
        made = 0
        for place, task in enumerate(data.tasks):
            if task.ref in rows:
                continue
            above = rows.get(task.parent_ref)
            draft = mapping.task_draft(task, above.task_id if above else None, f"/tasks/{place}")
            rows[task.ref] = await self._rest.create(f"{at(found)}/child/{wire.TASKS}", draft, wire.Task)
            made += 1
        return TasksWritten(made=made, found=len(data.tasks) - made)

    async def remove_tasks(self, project_id: str, data: TaskRefs) -> TasksRemoved:
        """Delete tasks nothing was entered on, the inner ones first. One with tasks below it that stay stays, too."""
        found = await self._set_up(project_id)
        rows = await self._tasks(found)
        worked = await self._worked(found)
        left, kept = {each.task_id: each for each in rows}, set[str]()
        for row in sorted(rows, key=lambda each: _depth(each, left), reverse=True):
            if (ref := mapping.ref_of(row)) not in data.refs:
                continue
            below = any(each.parent_task_id == row.task_id for each in left.values())
            if row.task_id in worked or below or not await self._gone(row):
                kept.add(ref)
            else:
                del left[row.task_id]
        return TasksRemoved(removed=[ref for ref in data.refs if ref not in kept], kept=sorted(kept))

    async def _set_up(self, project_id: str) -> wire.Project:
        return await job(self._rest, project_id, wire.Project, wire.SETUP_WITH)

    async def _tasks(self, found: wire.Project) -> list[wire.Task]:
        """Those of the breakdown: the template's own task takes what is entered on none, and is none of them."""
        rows = await self._rest.all(f"{at(found)}/child/{wire.TASKS}", wire.Task, wire.TASK_WITH, "TaskId:asc")
        return [each for each in rows if each.task_number != codes.NO_TASK]

    async def _worked(self, found: wire.Project) -> set[int]:
        """Ids of the tasks that cost stands on, processed or not."""
        params = {"q": f"ProjectId={found.project_id}", "fields": "ProjectId,TaskId", "onlyData": "true"}
        waiting = await self._rest.all(UNPROCESSED, wire.Cost, params, "UnprocessedTransactionReferenceId:asc")
        processed = await self._rest.all(PROCESSED, wire.Cost, params, "ExpenditureItemId:asc")
        return {each.task_id for each in waiting + processed if each.task_id is not None}

    async def _gone(self, row: wire.Task) -> bool:
        """Whether it could be deleted: what else keeps a task (a budget, a commitment) only the refusal tells."""
        try:
            await self._rest.apply(FSCM, [Change(operation="delete", path=at(row), version=version(row))])
        except VendorRefused:
            return False
        return True


def _segments(found: wire.Project, wanted: wire.SetupFlexHead) -> list[Change]:
    ours = first(found.flex)
    if ours is None and wanted == wire.SetupFlexHead():
        return []
    return differing(wire.SetupFlexHead, ours, wanted, f"{at(found)}/child/ProjectDFF")


def _switched(found: wire.Project, category: str, *, allow: bool) -> list[Change]:
    """What makes the controls of a category say so; where there is none, nothing keeps it out."""
    rows, wanted = mapping.controls(found, category), wire.ControlHead(chargeable_flag=allow)
    if not rows and not allow:
        body = wire.ControlDraft(
            chargeable_flag=False, expenditure_category=category, start_date_active=found.project_start_date
        )
        return [Change(operation="create", path=f"{at(found)}/child/{wire.CONTROLS}", body=body)]
    return [change for row in rows for change in differing(wire.ControlHead, row, wanted, "")]


def _task(row: wire.Task, draft: wire.TaskDraft) -> list[Change]:
    """What brings a task that is there to what is wanted; where it stands, and its number, are its owners'."""
    changes = differing(wire.TaskHead, row, draft, "")
    return changes + differing(wire.TaskFlexHead, first(row.flex), draft.flex[0], f"{at(row)}/child/{wire.TASK_FLEX}")


def _depth(row: wire.Task, rows: dict[int, wire.Task]) -> int:
    above, deep = rows.get(row.parent_task_id or 0), 0
    while above is not None and deep < len(rows):
        above, deep = rows.get(above.parent_task_id or 0), deep + 1
    return deep
