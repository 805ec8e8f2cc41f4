"""What a project is worked under in one tenant: centers, budget, whether it takes time and expenses, and its tasks.

A task is a project element. Each is blocked for time by itself, beside the project: opening begins with the project and
closing ends with it, since what an element has from a blocked project cannot be changed in the element.
"""

from typing import Final

from msgspec import UNSET
from msgspec.structs import replace

from canonical.faults import VendorRefused
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
from system_apis.sap_s4hana import setups_mapping as here
from system_apis.sap_s4hana import setups_wire as there
from system_apis.sap_s4hana import time_wire, wire
from system_apis.sap_s4hana.calls import Calls, given, project_path
from system_apis.sap_s4hana.odata import SYSTEM, by_guid, literal, query
from system_apis.sap_s4hana.updates import Change, named, of_release, patched

PROJECT_WITH: Final = "to_EntProjBlkFunc"
ELEMENT_WITH: Final = "to_EntProjElmntBlkFunc"
SAMPLED: Final[dict[str, tuple[type[wire.Wire], dict[str, str]]]] = {
    there.ELEMENTS: (there.Element, {"$expand": ELEMENT_WITH}),
    "A_EnterpriseProjBlkFunc": (there.Block, {}),
    "A_EntProjElmntBlockFunc": (there.Block, {}),
    there.TIME: (time_wire.Record, {"$filter": "YY1_TGKey_TIM ne ''"}),
}
"""What a check of the connection reads one of: as which shape, and with what."""
_TIME: Final = f"TimeSheetRecord ne '' and TimeSheetStatus ne {literal(there.CANCELLED)}"
"""A time sheet lists days without a record, too."""


class Setups(Calls):
    """Settings and work breakdowns of projects."""

    async def project_setup(self, project_id: str) -> ProjectSetup:
        """The settings there are."""
        return here.setup(*await self._plan(project_id))

    async def set_project_setup(self, project_id: str, data: ProjectSetup) -> Written:
        """Change what is named; what elements have from the project goes before the project, so that it is known."""
        refuse_unkept(data, here.CANNOT, system=SYSTEM)
        if data.open_for_time is not None or data.cost_center is not None or data.profit_center is not None:
            found, elements = await self._plan(project_id)
        else:
            found, elements = await self._settings(project_id), []
        draft, block = here.setup_draft(data, found.project_currency), here.block_draft(data)
        changes = [each for element in elements for each in _centers(element, found, draft)]
        changes += named(draft, found, project_path(found.project_uuid), found.metadata.etag)
        whole = _project_blocked(block, found)
        parts: list[Change] = []
        if data.open_for_time is not None:
            wanted = there.BlockDraft(ent_proj_time_recg_is_blkd=not data.open_for_time)
            parts = [each for element in elements for each in _element_blocked(wanted, element)]
        # What rests on another change comes after it, in no change set with it: a set has no order.
        for each in (changes, whole, parts) if data.open_for_time else (changes, parts, whole):
            await self._apply(each)
        waiting = [each for each in elements if here.waits(each, found)] if data.open_for_time else []
        await self._apply([of_release(each.project_element_uuid, each.metadata.etag) for each in waiting])
        return Written(id=found.project_uuid, created=False)

    async def project_tasks(self, project_id: str) -> list[TaskState]:
        """Its tasks, and whether time was entered on them."""
        found, elements = await self._plan(project_id)
        tasks = here.tasks(elements, found.project)
        refs = {each.project_element_uuid: here.ref_of(each) for each in tasks}
        worked = await self._worked(tasks)
        return [here.state(each, refs, worked) for each in tasks]

    async def upsert_tasks(self, project_id: str, data: TaskPage) -> TasksWritten:
        """Each task once; one whose parent is on no page so far is refused before anything is written."""
        found, elements = await self._plan(project_id)
        known = {here.ref_of(each): each for each in here.tasks(elements, found.project)}
        refuse_orphans(data, known, system=SYSTEM)
        places = {ref: each.project_element_uuid for ref, each in known.items()}
        taken, drafts = [each.project_element for each in elements], dict[str, there.TaskDraft]()
        for place, task in enumerate(data.tasks):
            if task.ref not in known and task.ref not in drafts:
                pointer = f"/tasks/{place}"
                taken.append(here.next_element(found.project, taken, f"{pointer}/ref"))
                drafts[task.ref] = here.draft(task, found, taken[-1], pointer)
        there_already = [(known[task.ref], here.change(task)) for task in data.tasks if task.ref in known]
        changes = [patched(there.TaskChange, row, to, _element(row), row.metadata.etag) for row, to in there_already]
        await self._apply([each for of_one in changes for each in of_one])
        parents = {task.ref: task.parent_ref for task in data.tasks}
        for ref, draft in drafts.items():
            placed = replace(draft, parent_object_uuid=places.get(parents[ref], UNSET))
            made = await self._create(f"{wire.PROJECTS}/{there.ELEMENTS}", placed)
            places[ref] = given(made.project_element_uuid)
        return TasksWritten(made=len(drafts), found=len(data.tasks) - len(drafts))

    async def remove_tasks(self, project_id: str, data: TaskRefs) -> TasksRemoved:
        """Delete tasks without time or cost, the inner ones first. One with tasks below it that stay stays, too."""
        found, planned = await self._plan(project_id)
        elements = {each.project_element_uuid: each for each in planned}
        ours = [each for each in here.tasks(planned, found.project) if here.ref_of(each) in data.refs]
        worked, kept = await self._worked(ours), set[str]()
        for each in sorted(ours, key=lambda one: here.depth(one, elements), reverse=True):
            below = any(one.parent_object_uuid == each.project_element_uuid for one in elements.values())
            if each.project_element in worked or below or not await self._gone(each):
                kept.add(here.ref_of(each))
            else:
                del elements[each.project_element_uuid]
        return TasksRemoved(removed=[ref for ref in data.refs if ref not in kept], kept=sorted(kept))

    async def _settings(self, project_id: str) -> there.Project:
        return await self._get(project_path(project_id), there.Project, {"$expand": PROJECT_WITH})

    async def _plan(self, project_id: str) -> tuple[there.Project, list[there.Element]]:
        """A project and its elements, in one call."""
        place = project_path(project_id).removeprefix(f"{wire.PROJECTS}/")
        asked = {"$filter": f"ProjectUUID eq guid'{project_id}'", "$expand": ELEMENT_WITH, "$orderby": "ProjectElement"}
        project, elements = await self._together(
            wire.PROJECTS,
            (place + query({"$expand": PROJECT_WITH}), wire.One[there.Project]),
            (there.ELEMENTS + query(asked), wire.Many[there.Element]),
        )
        rows = await self._onward(wire.PROJECTS, there.ELEMENTS, there.Element, asked, elements.d)
        return project.d, rows

    async def _worked(self, tasks: list[there.Element]) -> set[str]:
        """Ids of the elements somebody has entered time on."""
        found = await self._each(
            there.TIMESHEETS,
            there.TIME,
            there.Worked,
            [each.project_element for each in tasks],
            lambda element: f"TimeSheetDataFields/WBSElement eq {literal(element)}",
            only=_TIME,
        )
        return {each.time_sheet_data_fields.wbs_element for each in found}

    async def _gone(self, element: there.Element) -> bool:
        """Whether it could be deleted: orders and cost may stand on it that no time sheet tells of."""
        try:
            await self._apply([Change(method="DELETE", path=_element(element), etag=element.metadata.etag)])
        except VendorRefused:
            return False
        return True


def _element(found: there.Element) -> str:
    return f"{wire.PROJECTS}/{by_guid(there.ELEMENTS, found.project_element_uuid)}"


def _centers(element: there.Element, project: there.Project, draft: there.SetupDraft) -> list[Change]:
    return named(here.inherited(element, project, draft), element, _element(element), element.metadata.etag)


def _project_blocked(draft: there.BlockDraft, project: there.Project) -> list[Change]:
    of, block = project_path(project.project_uuid), by_guid("A_EnterpriseProjBlkFunc", project.project_uuid)
    return _blocked(draft, project.to_ent_proj_blk_func, f"{of}/{PROJECT_WITH}", block)


def _element_blocked(draft: there.BlockDraft, element: there.Element) -> list[Change]:
    block = by_guid("A_EntProjElmntBlockFunc", element.project_element_uuid)
    return _blocked(draft, element.to_ent_proj_elmnt_blk_func, f"{_element(element)}/{ELEMENT_WITH}", block)


def _blocked(draft: there.BlockDraft, found: there.Block | None, new: str, block: str) -> list[Change]:
    """A block is changed where there is one, and made where something is to be blocked for the first time."""
    if found is not None:
        return named(draft, found, f"{wire.PROJECTS}/{block}")
    wanted = (draft.ent_proj_time_recg_is_blkd, draft.ent_proj_staff_expense_postg_is_blkd)
    return [Change(method="POST", path=new, body=draft)] if True in wanted else []
