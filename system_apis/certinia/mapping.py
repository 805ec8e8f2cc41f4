"""Certinia <-> canonical. Pure. A word of the org's lists we have none for is `Drifted`, never a guess."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final, Literal, TypeVar

from msgspec import UNSET

from canonical.base import Source, Xref
from canonical.faults import Drifted, FieldError, Invalid
from canonical.lengths import cut, whole
from canonical.money import Money
from canonical.objects import ContractType, Milestone, Project, ProjectStage, Task
from canonical.ports.lists import RecordChange
from foundation.vendor_values import currency as currency_of
from foundation.vendor_values import instant, meaning, money
from system_apis.certinia import wire

SYSTEM: Final = "certinia"
NAME_LENGTH: Final = 80
"""Of every record's name."""
CODE_LENGTH: Final = 40

STAGES: Final[Mapping[ProjectStage, str]] = {
    "planned": "Planned",
    "active": "In Progress",
    "on_hold": "On Hold",
    "closed": "Completed",
    "cancelled": "Cancelled",
}
"""The org's stages that ours stand for (QUIRKS 6)."""
BILLING_TYPES: Final[Mapping[ContractType, str]] = {
    "tm": "Time and Materials",
    "fixed": "Fixed Price",
    "milestone": "Milestone",
    "retainer": "Retainer",
    "managed": "Managed Service",
    "nte": "Not to Exceed",
}
BUDGET_TYPE: Final = "Customer Purchase Order"

ALSO_PLANNED: Final = ("Draft",)
"""Stages that read as planned and are never written."""
_STAGES: Final[Mapping[str, ProjectStage]] = {
    **{word: stage for stage, word in STAGES.items()},
    **dict.fromkeys(ALSO_PLANNED, "planned"),
}
_BILLING_TYPES: Final = {word: method for method, word in BILLING_TYPES.items()}
_OPEN: Final = frozenset({"active"})
_OVER: Final = frozenset({"closed", "cancelled"})
_NOON: Final = time(12, tzinfo=UTC)
"""A task begins and ends at an instant; noon in London is the same day from Hawaii to Tokyo."""

T = TypeVar("T")


# --- projects ---------------------------------------------------------------------------------------------------------


def stage(wanted: ProjectStage) -> wire.Stage:
    """A stage, and the switches that make it so: time is taken until it is over, and shown where it is active."""
    over = wanted in _OVER
    return wire.Stage(stage=STAGES[wanted], active=wanted in _OPEN, closed_for_time=over, closed_for_expenses=over)


def code(data: Project) -> str:
    """A project's code; `Invalid` when it is too long for the org's field."""
    return whole(data.code, CODE_LENGTH, "/code", system=SYSTEM)


def written(data: Project, manager: str, account: str) -> wire.ProjectWrite:
    """A project. `manager` and `account` are ids in this org, empty where there is none."""
    at = stage(data.stage)
    return wire.ProjectWrite(
        name=cut(data.name, NAME_LENGTH, "…"),
        currency_iso_code=data.currency,
        stage=at.stage,
        active=at.active,
        closed_for_time=at.closed_for_time,
        closed_for_expenses=at.closed_for_expenses,
        customer=data.account_id or None,
        contract=data.contract_id or None,
        deal=data.opportunity_id or None,
        billing_type=BILLING_TYPES[data.billing_method],
        billable=True,
        start=data.start,
        end=data.end,
        region=wire.ByLegalEntity(legal_entity=data.legal_entity_id),
        practice=wire.ByPractice(code=data.practice) if data.practice else UNSET,
        manager=manager or UNSET,
        account=account or UNSET,
    )


def budget(data: Project, project_id: str) -> wire.BudgetWrite | None:
    """The budget of a project; None where it has none."""
    if data.budget is None:
        return None
    return priced(project_id, data.name, data.budget, data.currency)


def priced(project_id: str, name: str, budget: Money, currency: str) -> wire.BudgetWrite:
    """A budget of a project that is kept in a currency; `Invalid` for one in another."""
    return wire.BudgetWrite(
        name=cut(name, NAME_LENGTH, "…"),
        project=project_id,
        type=BUDGET_TYPE,
        currency_iso_code=currency,
        amount=_amount(budget, currency, "/budget"),
    )


def project(
    found: wire.Project,
    budgets: Sequence[wire.Budget],
    tasks: Sequence[wire.Task],
    milestones: Sequence[wire.Milestone],
) -> Project:
    """A project with its plan. A task or milestone that is not ours goes by its own id."""
    key = found.key or ""
    return Project(
        id=found.id,
        legal_entity_id=(found.region.legal_entity or "") if found.region else "",
        xrefs=[Xref(system=SYSTEM, native_id=found.id, alt_key=key)],
        source=Source(
            system=SYSTEM,
            native_version=found.system_modstamp,
            updated_at=instant(found.system_modstamp, system=SYSTEM),
        ),
        code=found.code or "",
        name=found.name,
        account_id=found.customer or "",
        contract_id=found.contract or "",
        opportunity_id=found.deal or "",
        stage=meaning(_STAGES, found.stage or "", f"{wire.PROJECT}.pse__Stage__c", system=SYSTEM, record=found.id),
        currency=currency_of(found.currency_iso_code, system=SYSTEM),
        budget=total(budgets),
        billing_method=_billing_method(found),
        start=found.start,
        end=found.end,
        practice=(found.practice.code or "") if found.practice else "",
        project_manager=(found.manager.email or "") if found.manager else "",
        tasks=planned(tasks, key),
        milestones=[_milestone(each, key, found) for each in milestones],
    )


def _billing_method(found: wire.Project) -> ContractType:
    if not found.billing_type:
        return "tm"
    field = f"{wire.PROJECT}.pse__Billing_Type__c"
    return meaning(_BILLING_TYPES, found.billing_type, field, system=SYSTEM, record=found.id)


def change(found: wire.Changed) -> RecordChange:
    """A project that changed, or is in the recycle bin."""
    return RecordChange(
        native_id=found.id,
        version="" if found.is_deleted else found.system_modstamp,
        changed_at=instant(found.system_modstamp, system=SYSTEM),
        gone=found.is_deleted,
    )


def total(budgets: Sequence[wire.Budget]) -> Money | None:
    """What our budget says; there is one of ours at most."""
    for each in budgets:
        if each.amount is not None:
            return money(each.amount, each.currency_iso_code, system=SYSTEM)
    return None


# --- the plan ---------------------------------------------------------------------------------------------------------


def budget_key(key: str) -> str:
    """Our key of a project's budget."""
    return f"{key}:budget"


def task_key(key: str, ref: str) -> str:
    """Our key of a task."""
    return f"{key}:task:{ref}"


def milestone_key(key: str, ref: str) -> str:
    """Our key of a milestone."""
    return f"{key}:milestone:{ref}"


def levels(tasks: Sequence[Task], known: Collection[str] = ()) -> list[list[Task]]:
    """Tasks, parents before children: a level is written at once. `Invalid` where they do not form a tree.

    `known`: references that are there already, or were.
    """
    ordered: list[list[Task]] = []
    done: set[str] = set(known)
    waiting = list(tasks)
    while waiting:
        ready = [task for task in waiting if not task.parent_ref or task.parent_ref in done]
        if not ready:
            wrong = [FieldError(pointer="/tasks", detail=f"{t.ref} has no parent {t.parent_ref}") for t in waiting]
            raise Invalid("the tasks do not form a tree", errors=wrong, system=SYSTEM)
        done |= {task.ref for task in ready}
        waiting = [task for task in waiting if task.ref not in done]
        ordered.append(ready)
    return ordered


def task(data: Task, key: str, project_id: str, ids: Mapping[str, str]) -> wire.TaskWrite:
    """A task; `ids` has those of the ones above it, by our key."""
    return wire.TaskWrite(
        attributes={"type": wire.TASK},
        name=cut(data.name, NAME_LENGTH, "…"),
        key=task_key(key, data.ref),
        project=project_id,
        parent=ids.get(task_key(key, data.parent_ref)) if data.parent_ref else None,
        start=_noon(data.start),
        end=_noon(data.end),
        hours=data.planned_hours,
        billable=data.billable,
    )


def task_as_written(found: wire.Task, project_id: str) -> wire.TaskWrite:
    """A task in the words of a write, to be compared with what is wanted."""
    return wire.TaskWrite(
        attributes={"type": wire.TASK},
        name=found.name,
        key=found.key or "",
        project=project_id,
        parent=found.parent,
        start=found.start,
        end=found.end,
        hours=found.hours or Decimal(0),
        billable=found.billable,
    )


def milestone(data: Milestone, index: int, of: Project, key: str, project_id: str) -> wire.MilestoneWrite:
    """A milestone, in the currency of its project."""
    pointer = f"/milestones/{index}/amount"
    return wire.MilestoneWrite(
        attributes={"type": wire.MILESTONE},
        name=cut(data.name, NAME_LENGTH, "…"),
        key=milestone_key(key, data.ref),
        project=project_id,
        currency_iso_code=of.currency,
        target=data.due,
        actual=data.completed_at.date() if data.completed_at else None,
        amount=_amount(data.amount, of.currency, pointer) if data.amount else None,
    )


def milestone_as_written(found: wire.Milestone, project_id: str) -> wire.MilestoneWrite | None:
    """A milestone in the words of a write; None where it has no date, and so is not as any of ours."""
    if found.target is None:
        return None
    return wire.MilestoneWrite(
        attributes={"type": wire.MILESTONE},
        name=found.name,
        key=found.key or "",
        project=project_id,
        currency_iso_code=found.currency_iso_code,
        target=found.target,
        actual=found.actual,
        amount=found.amount,
    )


def planned(found: Sequence[wire.Task], key: str) -> list[Task]:
    """The tasks of the project with this key, ours by our references, others by their ids."""
    refs = {task.id: _ref(task.key, task_key(key, ""), task.id) for task in found}
    return [_task(each, refs) for each in found]


def _task(found: wire.Task, refs: Mapping[str, str]) -> Task:
    return Task(
        ref=refs[found.id],
        name=found.name,
        parent_ref=refs.get(found.parent, found.parent) if found.parent else "",
        start=found.start.astimezone(UTC).date() if found.start else None,
        end=found.end.astimezone(UTC).date() if found.end else None,
        planned_hours=number(found.hours),
        billable=found.billable,
    )


def _milestone(found: wire.Milestone, key: str, of: wire.Project) -> Milestone:
    due = found.target or found.actual or of.end
    if due is None:
        raise Drifted(f"milestone {found.id} has no date, nor has its project", system=SYSTEM)
    billing: Literal["not_ready", "ready", "invoiced"] = "ready" if found.approved else "not_ready"
    return Milestone(
        ref=_ref(found.key, milestone_key(key, ""), found.id),
        name=found.name,
        due=due,
        amount=None if found.amount is None else money(found.amount, found.currency_iso_code, system=SYSTEM),
        completed_at=datetime.combine(found.actual, _NOON) if found.actual else None,
        billing_status="invoiced" if found.invoiced else billing,
    )


def _ref(key: str | None, prefix: str, native_id: str) -> str:
    return key.removeprefix(prefix) if key and key.startswith(prefix) else native_id


# --- values -----------------------------------------------------------------------------------------------------------


def number(value: Decimal | None) -> Decimal:
    """A number of hours, empty being none of them; `Drifted` for one that can be none."""
    if value is None:
        return Decimal(0)
    if not value.is_finite() or value.adjusted() >= NAME_LENGTH:
        raise Drifted(f"{value!s:.40} is no number of hours", system=SYSTEM)
    return value


def _amount(wanted: Money, currency: str, pointer: str) -> Decimal:
    """An amount in the project's currency: Certinia has one currency a project."""
    if wanted.currency != currency:
        detail = f"{wanted} is not in the project's currency {currency}"
        raise Invalid(
            "an amount cannot be kept there", errors=[FieldError(pointer=pointer, detail=detail)], system=SYSTEM
        )
    return wanted.quantize().amount


def _noon(day: date | None) -> datetime | None:
    return datetime.combine(day, _NOON) if day else None
