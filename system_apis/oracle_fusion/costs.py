"""Time and expenses as cost of projects: sent as unprocessed cost, which an import of the firm's makes a project's.

Until then it may be changed; afterwards it is another row, of which only our segments change.
"""

from collections.abc import Sequence
from typing import Any

from canonical.faults import Conflict, Drifted, NotFound
from canonical.objects import ExpenseReport, TimeEntry
from canonical.ports.operation import Written
from system_apis.oracle_fusion import codes, expenses_mapping, wire
from system_apis.oracle_fusion import costs_mapping as mapping
from system_apis.oracle_fusion import costs_wire as there
from system_apis.oracle_fusion.codes import SYSTEM
from system_apis.oracle_fusion.entities import FirmEntities
from system_apis.oracle_fusion.expenses_mapping import LINE_OF, Place, Row
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
        project = await self._posted_to(data.project_id, "/project_id")
        task = await self._task(project, data.task_id or codes.NO_TASK, "/task_id")
        draft = mapping.time_draft(key, data, project, task)
        found = await self._cost_by(key)
        if found is None:
            made = await self._rest.create(there.UNPROCESSED, draft, there.Waiting)
            return Written(id=mapping.native_id(made), created=True)
        if isinstance(found, there.Processed) and not mapping.same(found, draft):
            raise Conflict("it is cost of a project already, and says something else: correct it", system=SYSTEM)
        await self._rest.apply(wire.FSCM, _changes(found, draft, there.CostHead, there.CostFlexHead))
        return Written(id=mapping.native_id(found), created=False)

    async def expense_posting_by_key(self, key: str) -> ExpenseReport:
        """A report by our key: its lines, imported or not."""
        found = await self._lines_by(key)
        if not found:
            raise NotFound(f"Fusion has no expenses under {key[:80]}", system=SYSTEM)
        rows = list(found.values())
        entity = await self._entities.code_of(rows[0].business_unit)
        return expenses_mapping.expense_report(key, rows, legal_entity=entity)

    async def upsert_expense_posting(self, key: str, data: ExpenseReport) -> Written:
        """Send the lines, change those that wait, and drop those that are gone: all of a change at once."""
        expenses_mapping.check(data)
        entity = await self._entities.by_code(data.legal_entity_id)
        places = await self._places(data, entity)
        drafts = expenses_mapping.drafts(key, data, places, entity.meaning)
        known = await self._lines_by(key)
        changes = list[Change]()
        for draft in drafts:
            changes += _expense(known.pop(draft.original_transaction_reference, None), draft)
        created = not known and all(each.operation == "create" and each.path == there.UNPROCESSED for each in changes)
        for ref, row in known.items():
            if isinstance(row, there.Processed):
                raise _posted(ref)
            changes.append(Change(operation="delete", path=at(row)))
        await self._rest.apply(wire.FSCM, changes)
        return Written(id=key, created=created and bool(changes))

    async def _posted_to(self, project_id: str, pointer: str) -> wire.Project:
        try:
            return await job(self._rest, project_id, wire.Project, {})
        except NotFound as missing:
            raise mapping.wrong(pointer, missing.detail) from missing

    async def _places(self, data: ExpenseReport, entity: wire.LookupCode) -> list[Place]:
        """Of each line: its project, or the overhead project of the legal entity where it has none."""
        places = dict[str, Place]()
        for number, line in enumerate(data.lines):
            if line.project_id not in places:
                pointer = f"/lines/{number}/project_id"
                project = await (
                    self._posted_to(line.project_id, pointer) if line.project_id else self._overhead(entity, pointer)
                )
                task = await self._task(project, codes.NO_TASK, pointer)
                places[line.project_id] = Place(project.project_id, task)
        return [places[line.project_id] for line in data.lines]

    async def _overhead(self, entity: wire.LookupCode, pointer: str) -> wire.Project:
        number = codes.OVERHEAD + entity.lookup_code
        found = await self._rest.first(wire.PROJECTS, wire.Project, {"q": f"ProjectNumber={quoted(number)}"})
        if found is None:
            raise mapping.wrong(pointer, f"Fusion has no project {number}, which takes expenses of none")
        return found

    async def _task(self, project: wire.Project, number: str, pointer: str) -> int:
        """The id of a task by its number; `Invalid` where the project has none of it."""
        path, wanted = f"{at(project)}/child/{TASKS}", {"q": f"TaskNumber={quoted(number)}", "onlyData": "true"}
        found = await self._rest.all(path, there.TaskNamed, wanted, "TaskId:asc")
        if not found:
            raise mapping.wrong(pointer, f"the project {project.project_number} has no task {number[:100]}")
        return found[0].task_id

    async def _cost_by(self, key: str) -> Row | None:
        """What waits first: between two questions it may be imported, but it never goes back."""
        wanted = {"q": f"TransactionSource='{codes.COST_SOURCE}' and OriginalTransactionReference={quoted(key)}"}
        waiting = await self._rest.first(there.UNPROCESSED, there.Waiting, wanted | there.WAITING_WITH)
        if waiting is not None:
            return waiting
        return await self._rest.first(there.PROCESSED, there.Processed, wanted | there.PROCESSED_WITH)

    async def _lines_by(self, key: str) -> dict[str, Row]:
        """A report's lines by their references. `like` takes any letter for `_`: what else it finds is left out."""
        like = f"OriginalTransactionReference like {quoted(key + LINE_OF + '%')}"
        wanted = {"q": f"TransactionSource='{codes.COST_SOURCE}' and {like}"}
        order = "UnprocessedTransactionReferenceId:asc"
        waiting = await self._rest.all(there.UNPROCESSED, there.Waiting, wanted | there.WAITING_WITH, order)
        order = "ExpenditureItemId:asc"
        posted = await self._rest.all(there.PROCESSED, there.Processed, wanted | there.PROCESSED_WITH, order)
        rows: Sequence[Row] = [*waiting, *posted]
        refs = {each.original_transaction_reference or "": each for each in rows}
        return {ref: each for ref, each in refs.items() if ref.startswith(key + LINE_OF)}


def _expense(found: Row | None, draft: there.CostDraft) -> list[Change]:
    """What makes one line what it shall be; one of another category is sent again, since a type is said by its name."""
    send = Change(operation="create", path=there.UNPROCESSED, body=draft)
    if found is None:
        return [send]
    if isinstance(found, there.Processed):
        if not expenses_mapping.same(found, draft):
            raise _posted(draft.original_transaction_reference)
    elif found.expenditure_type != draft.place[0].type:
        return [Change(operation="delete", path=at(found)), send]
    return _changes(found, draft, there.ExpenseHead, there.ExpenseFlexHead)


def _changes(found: Row, draft: there.CostDraft, head: type[Any], flex: type[Any]) -> list[Change]:
    """Of what waits the row, its place and our segments; of what is imported our segments."""
    if isinstance(found, there.Processed):
        return differing(flex, first(found.flex), draft.flex[0], f"{at(found)}/child/{there.PROCESSED_FLEX}")
    below, place = f"{at(found)}/child/", draft.place[0]
    changes = differing(head, found, draft, "")
    changes += differing(there.PlaceHead, first(found.place), place, below + there.PLACE)
    return changes + differing(flex, first(found.flex), draft.flex[0], below + there.WAITING_FLEX)


def _posted(ref: str) -> Conflict:
    return Conflict(f"the expense {ref} is posted already, and says something else", system=SYSTEM)
