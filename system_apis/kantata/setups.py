"""What a workspace is worked under: its rate card, who approves, and which stories take time.

There is no switch for time on a workspace: each story has its own, so opening and closing one goes through its stories,
those that are not yet as wanted.
"""

from typing import Final

import msgspec

from canonical.faults import FieldError, Invalid
from canonical.objects import ProjectSetup
from canonical.ports import Written
from canonical.ports.setups import (
    ProjectSetups,
    TaskPage,
    TaskRefs,
    TasksRemoved,
    TaskState,
    TasksWritten,
    WorkBreakdowns,
    refuse_unkept,
)
from system_apis.kantata import mapping, wire
from system_apis.kantata.keeping import Keeping
from system_apis.kantata.mapping import PROJECT, SYSTEM, TASK
from system_apis.kantata.wire import STORIES, TIME_ENTRIES, USERS, WORKSPACES

CANNOT: Final = {
    "cost_center": "Kantata keeps no financial dimensions: they are the ERP's.",
    "profit_center": "Kantata keeps no financial dimensions: they are the ERP's.",
    "practice": "Kantata keeps no financial dimensions: they are the ERP's.",
    "calendar": "Kantata keeps calendars of people, none of a project.",
    "team": "Who takes part in a workspace is invited there, and only read by its API.",
    "documents": "A workspace has no address of a document site.",
    "open_for_expenses": "A workspace takes expenses as long as it is not archived.",
}


class Setups(Keeping):
    """Settings and work breakdown of workspaces."""

    async def project_setup(self, project_id: str) -> ProjectSetup:
        """The settings there are; open for time when every task is."""
        found = await self._records.get(WORKSPACES, project_id)
        tasks = [story for story in await self._records.all(STORIES, workspace_id=project_id) if _is_task(story)]
        approvers = {each.id: each.email_address for each in await self._users(found.approver_ids)}
        return ProjectSetup(
            rate_card_id=found.rate_card_id or "",
            approval_required=found.require_time_approvals and found.require_expense_approvals,
            approvers=[approvers[each] for each in found.approver_ids if each in approvers],
            budget=mapping.budget(found),
            open_for_time=bool(tasks) and all(story.time_trackable for story in tasks),
            cannot=CANNOT,
        )

    async def set_project_setup(self, project_id: str, data: ProjectSetup) -> Written:
        """Change what is named, a story's switch only where it is not as wanted."""
        refuse_unkept(data, CANNOT, system=SYSTEM)
        found = await self._records.get(WORKSPACES, project_id)
        approvers = msgspec.UNSET if data.approvers is None else await self._ids_of(data.approvers)
        wanted = mapping.setup(data, approvers, found.currency)
        if changed := mapping.changes(mapping.setup_as_written(found), wanted):
            found = await self._records.update(WORKSPACES, found.id, changed)
        if data.budget is not None:
            mapping.check_price(found, data.budget)
        if data.open_for_time is not None:
            switch = wire.StoryWrite(time_trackable=data.open_for_time)
            for story in await self._records.all(STORIES, workspace_id=project_id):
                if _is_task(story) and story.time_trackable != data.open_for_time:
                    await self._records.update(STORIES, story.id, switch)
        return Written(id=found.id, created=False, version=found.updated_at)

    async def project_tasks(self, project_id: str) -> list[TaskState]:
        """The stories that are tasks, and whether time was entered on them."""
        found = await self._records.get(WORKSPACES, project_id)
        key = await self._records.key_of(found.external_reference_ids, PROJECT)
        references = await self._records.references(key) if key else {}
        stories = await self._records.all(STORIES, workspace_id=project_id)
        tasks = mapping.project(found, stories, references, key).tasks
        worked = await self._worked(project_id)
        ids = [story.id for story in stories if _is_task(story)]
        return [TaskState(task=task, has_time=id in worked) for id, task in zip(ids, tasks, strict=True)]

    async def upsert_tasks(self, project_id: str, data: TaskPage) -> TasksWritten:
        """Each story once; one whose parent is on no page so far is refused."""
        found = await self._records.get(WORKSPACES, project_id)
        key = await self._records.key_of(found.external_reference_ids, PROJECT)
        if not key:
            wrong = FieldError(pointer="path:project_id", detail=f"workspace {project_id} was not made by us")
            raise Invalid("Only a project we made can be set up.", errors=[wrong])
        references = await self._records.references(key)
        wanted = mapping.task_stories(data.tasks, known={each.removeprefix(TASK) for each in references})
        made, left = await self._ensure_stories(found, key, wanted, references, opened=False)
        return TasksWritten(made=made, found=len(wanted) - made, left=left)

    async def remove_tasks(self, project_id: str, data: TaskRefs) -> TasksRemoved:
        """Delete stories without time. A story with children that stay stays, too."""
        found = await self._records.get(WORKSPACES, project_id)
        key = await self._records.key_of(found.external_reference_ids, PROJECT)
        references = await self._records.references(key) if key else {}
        stories = {each.id: each for each in await self._records.all(STORIES, workspace_id=project_id)}
        worked = await self._worked(project_id)
        ids = {ref: references[TASK + ref].subject_id for ref in data.refs if TASK + ref in references}
        there = {ref: id for ref, id in ids.items() if id in stories}
        kept = {ref for ref, id in there.items() if id in worked}
        staying = {id for id in stories if id not in there.values() or id in worked}
        for ref, id in there.items():
            if any(stories[other].parent_id == id for other in staying):
                kept.add(ref)
        for ref in reversed([each for each in ids if each not in kept]):
            if ref in there:
                await self._records.delete(STORIES, there[ref])
            await self._records.delete(wire.REFERENCES, references[TASK + ref].id)
        return TasksRemoved(removed=[ref for ref in data.refs if ref not in kept], kept=sorted(kept))

    async def _worked(self, project_id: str) -> set[str | None]:
        return {each.story_id for each in await self._records.all(TIME_ENTRIES, workspace_id=project_id)}

    async def _users(self, ids: list[str]) -> list[wire.User]:
        return await self._records.all(USERS, only=",".join(ids)) if ids else []

    async def _ids_of(self, emails: list[str]) -> list[str]:
        """`Invalid` names each person the account does not know."""
        known = {each.email_address.casefold(): each.id for each in await self._records.all(USERS)}
        unknown = [
            FieldError(pointer=f"/approvers/{n}", detail=f"{email} is no user of the account")
            for n, email in enumerate(emails)
            if email.casefold() not in known
        ]
        if unknown:
            raise Invalid("; ".join(each.detail for each in unknown), errors=unknown)
        return [known[email.casefold()] for email in emails]


def _is_task(story: wire.Story) -> bool:
    return story.story_type != "milestone"


_ports: tuple[type[ProjectSetups], type[WorkBreakdowns]] = (Setups, Setups)  # the type checker holds us to the port
