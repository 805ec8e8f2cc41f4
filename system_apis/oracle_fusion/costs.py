"""Time as cost of projects: it is sent as unprocessed cost, and an import of the firm's makes it a project's.

Until then it may be changed; afterwards it is another row, of which only our segments change.
"""

from canonical.faults import Conflict, Drifted, NotFound
from canonical.objects import TimeEntry
from canonical.ports.operation import Written
from system_apis.oracle_fusion import codes, wire
from system_apis.oracle_fusion import costs_mapping as mapping
from system_apis.oracle_fusion import costs_wire as there
from system_apis.oracle_fusion.codes import SYSTEM
from system_apis.oracle_fusion.entities import FirmEntities
from system_apis.oracle_fusion.jobs import job
from system_apis.oracle_fusion.rest import Change, Rest, at, differing, first, quoted
from system_apis.oracle_fusion.setups_wire import TASKS


class Costing:
    """What is posted to projects."""

    _rest: Rest
    _entities: FirmEntities

    async def time_posting_by_key(self, key: str) -> TimeEntry:
        """Time by our key, imported or not."""
        found = await self._cost_by(key)
        if found is None:
            raise NotFound(f"Fusion has no cost under {key[:80]}", system=SYSTEM)
        if found.project_id is None:
            raise Drifted("a cost has no project", system=SYSTEM)
        project = await job(self._rest, str(found.project_id), wire.Project, {})
        entity = await self._entities.code_of(found.business_unit)
        return mapping.time_entry(key, found, job=project, legal_entity=entity)

    async def upsert_time_posting(self, key: str, data: TimeEntry) -> Written:
        """Send the time, or change it while it waits. Of what is imported only our segments are written."""
        project = await job(self._rest, data.project_id, wire.Project, {})
        draft = mapping.time_draft(key, data, project, await self._task(project, data.task_id or codes.NO_TASK))
        found = await self._cost_by(key)
        if found is None:
            made = await self._rest.create(there.UNPROCESSED, draft, there.Waiting)
            return Written(id=mapping.native_id(made), created=True)
        flex = there.WAITING_FLEX
        changes = list[Change]()
        if isinstance(found, there.Processed):
            if not mapping.same(found, draft):
                raise Conflict("it is cost of a project already, and says something else: correct it", system=SYSTEM)
            flex = there.PROCESSED_FLEX
        else:
            below = f"{at(found)}/child/{there.PLACE}"
            changes += differing(there.CostHead, found, draft, "")
            changes += differing(there.PlaceHead, first(found.place), draft.place[0], below)
        changes += differing(there.CostFlexHead, first(found.flex), draft.flex[0], f"{at(found)}/child/{flex}")
        await self._rest.apply(wire.FSCM, changes)
        return Written(id=mapping.native_id(found), created=False)

    async def _task(self, project: wire.Project, number: str) -> int:
        """The id of a task by its number; `Invalid` where the project has none of it."""
        path, wanted = f"{at(project)}/child/{TASKS}", {"q": f"TaskNumber={quoted(number)}", "onlyData": "true"}
        found = await self._rest.all(path, there.TaskNamed, wanted, "TaskId:asc")
        if not found:
            raise mapping.wrong("/task_id", f"the project {project.project_number} has no task {number[:100]}")
        return found[0].task_id

    async def _cost_by(self, key: str) -> there.Waiting | there.Processed | None:
        """What waits first: between two questions it may be imported, but it never goes back."""
        wanted = {"q": f"TransactionSource='{codes.COST_SOURCE}' and OriginalTransactionReference={quoted(key)}"}
        waiting = await self._rest.first(there.UNPROCESSED, there.Waiting, wanted | there.WAITING_WITH)
        if waiting is not None:
            return waiting
        return await self._rest.first(there.PROCESSED, there.Processed, wanted | there.PROCESSED_WITH)
