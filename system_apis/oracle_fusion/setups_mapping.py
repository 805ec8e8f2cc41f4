"""Settings and tasks of projects <-> canonical. Pure, as `mapping` is."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final

from canonical.faults import FieldError, Invalid
from canonical.lengths import cut, whole
from canonical.money import Money
from canonical.objects import ProjectSetup, Task
from canonical.ports.setups import TaskState
from foundation.vendor_values import money
from system_apis.oracle_fusion import codes, lengths
from system_apis.oracle_fusion import setups_wire as wire
from system_apis.oracle_fusion.codes import SYSTEM

CANNOT: Final = {
    "rate_card_id": "Rates are the PSA's: what is billed is a billing event of Fusion's contract.",
    "calendar": "A project's schedule in Fusion is a pattern of work hours, not the holidays of a country.",
    "approval_required": "Time is approved in the PSA before its cost is sent to Fusion.",
    "approvers": "Time is approved in the PSA before its cost is sent to Fusion.",
    "team": "Who may see a project is a matter of roles and data security.",
}
_TEXTS: Final = ("cost_center", "profit_center", "practice", "documents")


def setup(found: wire.Project) -> ProjectSetup:
    """How a project is set up."""
    ours = next(iter(found.flex.items), wire.SetupFlex())
    budget = ours.tg_budget
    return ProjectSetup(
        cost_center=ours.tg_cost_center or "",
        profit_center=ours.tg_profit_center or "",
        practice=ours.tg_practice or "",
        documents=ours.tg_documents or "",
        budget=None if budget is None else money(budget, found.project_currency_code, system=SYSTEM),
        open_for_time=is_open(found, codes.LABOR),
        open_for_expenses=is_open(found, codes.EXPENSES),
        cannot=CANNOT,
    )


def is_open(found: wire.Project, category: str) -> bool:
    """Whether cost of a category may be charged: what no control speaks of may be."""
    return all(each.chargeable_flag for each in controls(found, category))


def controls(found: wire.Project, category: str) -> list[wire.Control]:
    """The controls of a category as a whole."""
    return [
        each
        for each in found.controls.items
        if each.expenditure_category == category and not each.expenditure_type and not each.person_name
    ]


def segments(found: wire.Project, data: ProjectSetup) -> wire.SetupFlexHead:
    """The project's segments once what is named has been changed."""
    ours = next(iter(found.flex.items), wire.SetupFlex())
    kept: dict[str, Any] = {name: getattr(ours, name) for name in wire.SetupFlexHead.__struct_fields__}
    for name in _TEXTS:
        text = getattr(data, name)
        if text is not None:
            kept[f"tg_{name}"] = whole(text, lengths.OWN, f"/{name}", system=SYSTEM) or None
    if data.budget is not None:
        _check(data.budget, found.project_currency_code)
        kept["tg_budget"] = data.budget.amount
    return wire.SetupFlexHead(**kept)


def states(tasks: Sequence[wire.Task], worked: set[int]) -> list[TaskState]:
    """The tasks as they are there, each under our reference or people's number."""
    refs = {each.task_id: ref_of(each) for each in tasks}
    return [
        TaskState(
            task=Task(
                ref=refs[each.task_id],
                name=each.task_name or "",
                parent_ref=refs.get(each.parent_task_id or 0, ""),
                start=each.task_start_date,
                end=each.task_finish_date,
                planned_hours=next(
                    (flex.tg_hours for flex in each.flex.items if flex.tg_hours is not None), Decimal(0)
                ),
                billable=each.billable_flag is not False,
            ),
            has_time=each.task_id in worked,
        )
        for each in tasks
    ]


def ref_of(row: wire.Task) -> str:
    """Our reference of a task; its number where people made it."""
    ours = row.source_application_code == codes.SOURCE
    return (row.source_task_reference if ours else "") or row.task_number


def _hours(row: wire.Task) -> Decimal:
    return next((each.tg_hours for each in row.flex.items if each.tg_hours is not None), Decimal(0))


def task_draft(task: Task, parent: int | None, pointer: str) -> wire.TaskDraft:
    """What a create writes; its number is its reference, and people may change it."""
    ref = whole(task.ref, lengths.TASK_NUMBER, f"{pointer}/ref", system=SYSTEM)
    return wire.TaskDraft(
        task_name=cut(task.name, lengths.TASK_NAME),
        task_start_date=task.start,
        task_finish_date=task.end,
        billable_flag=task.billable,
        task_number=ref,
        parent_task_id=parent,
        source_application_code=codes.SOURCE,
        source_task_reference=ref,
        flex=[wire.TaskFlexHead(tg_hours=task.planned_hours)],
    )


def check_parents(tasks: Sequence[Task], known: Iterable[str]) -> None:
    """`Invalid` for tasks whose parent is on no page so far."""
    seen, wrong = set(known), []
    for place, task in enumerate(tasks):
        if task.parent_ref and task.parent_ref not in seen:
            wrong.append(FieldError(detail="its parent is on no page so far", pointer=f"/tasks/{place}/parent_ref"))
        seen.add(task.ref)
    if wrong:
        raise Invalid(system=SYSTEM, errors=wrong)


def _check(budget: Money, currency: str) -> None:
    if budget.currency != currency:
        wrong = FieldError(pointer="/budget", detail=f"the project is in {currency}")
        raise Invalid("an amount cannot be kept there", errors=[wrong], system=SYSTEM)
