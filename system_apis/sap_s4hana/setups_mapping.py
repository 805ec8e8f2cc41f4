"""Settings and tasks of projects <-> canonical. Pure, as `mapping` is."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from msgspec import UNSET

from canonical.faults import Drifted, FieldError, Invalid
from canonical.lengths import cut, whole
from canonical.objects import ProjectSetup, Task
from canonical.ports.setups import TaskState
from system_apis.sap_s4hana import mapping
from system_apis.sap_s4hana import setups_wire as there
from system_apis.sap_s4hana.codes import CREATED, RELEASED
from system_apis.sap_s4hana.lengths import CENTER, ELEMENT, LINK, OWN, PROJECT_NAME
from system_apis.sap_s4hana.odata import SYSTEM, day, written

CANNOT: Final = {
    "rate_card_id": "Rates are the PSA's: SAP prices an order, and time by its own activity rates.",
    "calendar": "A factory calendar is a key of the firm's own customizing, and one of each element.",
    "approval_required": "Whether time is approved is settled by the time sheet of whoever enters it.",
    "approvers": "Time is approved by the workflow of time sheets, whatever the project.",
    "team": "Its API puts people on a project's team and takes nobody off: who may see it is set in SAP.",
}
_DIGITS: Final = 4
MOST: Final = 10**_DIGITS - 1
"""Tasks of one project: their number is what its code leaves of an element's 24 characters."""


def setup(found: there.Project, elements: Iterable[there.Element]) -> ProjectSetup:
    """How a project is set up: open for time once neither itself nor an element of it is blocked or yet to release."""
    block = found.to_ent_proj_blk_func
    budget = found.tg_budget_pph
    return ProjectSetup(
        cost_center=found.responsible_cost_center,
        profit_center=found.profit_center,
        practice=found.tg_practice_pph,
        documents=found.tg_documents_pph,
        budget=None if budget is None else mapping.money(budget, found.project_currency),
        open_for_time=not (block and block.ent_proj_time_recg_is_blkd)
        and not any(shut(each) or waits(each, found) for each in elements),
        open_for_expenses=not (block and block.ent_proj_staff_expense_postg_is_blkd),
        cannot=CANNOT,
    )


def setup_draft(data: ProjectSetup, currency: str) -> there.SetupDraft:
    """What a write names of the project itself."""
    if data.cost_center == "":
        raise _invalid("/cost_center", "a project in SAP has a responsible cost center")
    if data.budget is not None and data.budget.currency != currency:
        raise _invalid("/budget", f"the project is in {currency}")

    def text(name: str, most: int) -> Any:
        said = getattr(data, name)
        return UNSET if said is None else whole(said, most, f"/{name}", system=SYSTEM)

    return there.SetupDraft(
        responsible_cost_center=text("cost_center", CENTER),
        profit_center=text("profit_center", CENTER),
        tg_practice_pph=text("practice", OWN),
        tg_documents_pph=text("documents", LINK),
        tg_budget_pph=UNSET if data.budget is None else data.budget.amount,
    )


def block_draft(data: ProjectSetup) -> there.BlockDraft:
    """What a write opens and shuts."""
    return there.BlockDraft(
        ent_proj_time_recg_is_blkd=UNSET if data.open_for_time is None else not data.open_for_time,
        ent_proj_staff_expense_postg_is_blkd=UNSET if data.open_for_expenses is None else not data.open_for_expenses,
    )


def inherited(element: there.Element, project: there.Project, draft: there.SetupDraft) -> there.CentersDraft:
    """The centers an element has from its project, as they become; another one is somebody's choice and stays."""
    names = there.CentersDraft.__struct_fields__
    return there.CentersDraft(
        **{name: getattr(draft, name) for name in names if getattr(element, name) == getattr(project, name)}
    )


def shut(element: there.Element) -> bool:
    """Whether it takes no time."""
    block = element.to_ent_proj_elmnt_blk_func
    return block is not None and block.ent_proj_time_recg_is_blkd


def waits(element: there.Element, project: there.Project) -> bool:
    """Whether it is yet to be released, in a project that is."""
    return project.processing_status == RELEASED and element.processing_status == CREATED


def tasks(elements: Sequence[there.Element], project: str) -> list[there.Element]:
    """The elements that are tasks: all but the one that plans and orders bill."""
    return [each for each in elements if each.project_element != mapping.element_of(project)]


def ref_of(element: there.Element) -> str:
    """Our reference of a task; its id where people made it."""
    return element.tg_ref_ppe or element.project_element


def depth(element: there.Element, elements: Mapping[str, there.Element]) -> int:
    """How many stand above it."""
    above = 0
    while (parent := elements.get(element.parent_object_uuid or "")) and above < len(elements):
        element, above = parent, above + 1
    return above


def state(element: there.Element, refs: dict[str, str], worked: set[str]) -> TaskState:
    """A task as it is there. What stands below the project itself, or below no task, has no parent."""
    return TaskState(
        task=Task(
            ref=ref_of(element),
            name=element.project_element_description,
            parent_ref=refs.get(element.parent_object_uuid or "", ""),
            start=day(element.planned_start_date),
            end=day(element.planned_end_date),
            planned_hours=_hours(element.tg_hours_ppe),
            billable=not element.tg_unbilled_ppe,
        ),
        has_time=element.project_element in worked,
    )


def change(task: Task) -> there.TaskChange:
    """What of a task that is there already is brought to what is wanted."""
    return there.TaskChange(
        project_element_description=cut(task.name, PROJECT_NAME),
        planned_start_date=written(task.start),
        planned_end_date=written(task.end),
        tg_hours_ppe=task.planned_hours,
        tg_unbilled_ppe=not task.billable,
    )


def draft(task: Task, project: there.Project, element: str, pointer: str) -> there.TaskDraft:
    """A new task, which takes no time yet, below the project itself."""
    ours = change(task)
    return there.TaskDraft(
        **{name: getattr(ours, name) for name in ours.__struct_fields__},
        project_uuid=project.project_uuid,
        project_element=element,
        responsible_cost_center=project.responsible_cost_center,
        profit_center=project.profit_center,
        tg_ref_ppe=whole(task.ref, OWN, f"{pointer}/ref", system=SYSTEM),
        to_ent_proj_elmnt_blk_func=there.BlockDraft(ent_proj_time_recg_is_blkd=True),
    )


def next_element(project: str, taken: Iterable[str], pointer: str) -> str:
    """An id behind all that a project's tasks have: its code and a number; `Invalid` where there is none left."""
    start = f"{project}."
    tails = (each.removeprefix(start) for each in taken if each.startswith(start))
    used = [int(tail) for tail in tails if len(tail) == _DIGITS and tail.isascii() and tail.isdigit()]
    number = max(used, default=0) + 1
    named = f"{start}{number:0{_DIGITS}}"
    if number > MOST or len(named) > ELEMENT:
        raise _invalid(pointer, f"there is no room for it: {MOST} tasks are the most, of a code of {ELEMENT - 5}")
    return named


def _hours(kept: Decimal | None) -> Decimal:
    if kept is not None and not kept.is_finite():
        raise Drifted(f"{kept} hours are no hours", system=SYSTEM)
    return kept or Decimal(0)


def _invalid(pointer: str, detail: str) -> Invalid:
    return Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer=pointer)])
