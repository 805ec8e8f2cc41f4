"""Kantata <-> canonical. Pure.

The title carries the project code, so that a workspace is found even when its external reference is lost.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, TypeVar, cast

import msgspec

from canonical.base import Source, Xref
from canonical.faults import Drifted, FieldError, Invalid
from canonical.lengths import cut
from canonical.money import Money, minor_units
from canonical.objects import ContractType, Milestone, Project, ProjectSetup, ProjectStage, Task
from canonical.ports.lists import RecordChange
from foundation.vendor_values import currency as currency_of
from foundation.vendor_values import day, instant, money, unknown
from system_apis.kantata import description, wire

SYSTEM: Final = "kantata"
SERVICE: Final = "tiergate"
PROJECT: Final = "project"
TASK: Final = "task "
MILESTONE: Final = "milestone "
BETWEEN: Final = " · "
TITLE_LENGTH: Final = 200

STATUS_KEYS: Final[Mapping[ProjectStage, int]] = {
    "planned": 130,
    "active": 310,
    "on_hold": 320,
    "closed": 410,
    "cancelled": 420,
}
"""The account's statuses that our stages stand for (QUIRKS 9)."""

_STAGES: Final = {key: stage for stage, key in STATUS_KEYS.items()}
_ARCHIVED: Final = frozenset({"closed", "cancelled"})
_PER_HOUR: Final = 60

T = TypeVar("T")
W = TypeVar("W", bound=msgspec.Struct)


def changes(now: W, wanted: W) -> W | None:
    """The fields of `wanted` that differ from how things are; None when none does."""
    named = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
    differing = {n: value for n, value in named.items() if value is not msgspec.UNSET and value != getattr(now, n)}
    return type(wanted)(**differing) if differing else None


def reference(key: str, model: str) -> wire.ReferenceWrite:
    """Our key for a record, as nested in its create."""
    return wire.ReferenceWrite(service_name=SERVICE, service_model=model, service_model_ref=key)


def subject(written: wire.ReferenceWrite, kind: wire.Kind[T], id: str) -> wire.ReferenceWrite:
    """Our key for a record that is there, as a record of its own."""
    return msgspec.structs.replace(written, subject_type=kind.subject, subject_id=id)


def marked(title: str, code: str) -> bool:
    """Whether a workspace's title carries a project code."""
    return title.startswith(code + BETWEEN)


# --- workspaces -------------------------------------------------------------------------------------------------------


def workspace(data: Project, described: str = "") -> wire.WorkspaceWrite:
    """A project as a workspace. `described` is the description so far; what people wrote in it stays."""
    price = msgspec.UNSET if data.budget is None else _price(data.budget, "/budget", data.currency)
    return wire.WorkspaceWrite(
        title=_cut(data.code + BETWEEN + data.name),
        description=description.of(data, described),
        budgeted=True,  # without it Kantata hides estimates and money of the stories
        currency=data.currency,
        start_date=_day(data.start),
        due_date=_day(data.end),
        status_key=STATUS_KEYS[data.stage],
        archived=data.stage in _ARCHIVED,
        price=price,
    )


def stage(wanted: ProjectStage) -> wire.WorkspaceWrite:
    """The stage alone."""
    return wire.WorkspaceWrite(status_key=STATUS_KEYS[wanted], archived=wanted in _ARCHIVED)


def as_written(found: wire.Workspace) -> wire.WorkspaceWrite:
    """A workspace in the words of a write, to be compared with what is wanted."""
    price = budget(found)
    return wire.WorkspaceWrite(
        title=found.title,
        description=found.description or "",
        budgeted=True,
        currency=found.currency,
        price=_price(price, "", found.currency) if price else msgspec.UNSET,
        start_date=found.start_date,
        due_date=found.due_date,
        status_key=found.status.key,
        archived=found.archived,
    )


def setup(data: ProjectSetup, approvers: list[str] | msgspec.UnsetType, currency: str) -> wire.WorkspaceWrite:
    """The settings a write names; the others stay as they are."""
    approval: bool | msgspec.UnsetType = msgspec.UNSET if data.approval_required is None else data.approval_required
    return wire.WorkspaceWrite(
        rate_card_id=msgspec.UNSET if data.rate_card_id is None else data.rate_card_id or None,
        approver_ids=approvers,
        require_time_approvals=approval,
        require_expense_approvals=approval,
        price=msgspec.UNSET if data.budget is None else _price(data.budget, "/budget", currency),
    )


def setup_as_written(found: wire.Workspace) -> wire.WorkspaceWrite:
    """A workspace's settings in the words of a write."""
    return msgspec.structs.replace(
        as_written(found),
        rate_card_id=found.rate_card_id,
        approver_ids=found.approver_ids,
        require_time_approvals=found.require_time_approvals,
        require_expense_approvals=found.require_expense_approvals,
    )


def check_money(found: wire.Workspace, data: Project) -> None:
    """`Drifted` when Kantata counts a currency in other minor units than ISO 4217, or took the price for another."""
    if found.currency_base_unit != 10 ** minor_units(found.currency):
        raise Drifted(f"one {found.currency} has {found.currency_base_unit} minor units there", system=SYSTEM)
    if data.budget is not None:
        check_price(found, data.budget)


def check_price(found: wire.Workspace, wanted: Money) -> None:
    """`Drifted` when a workspace took a price for another."""
    kept = budget(found)
    if kept is None or not kept.same(wanted):
        raise Drifted(f"workspace {found.id} keeps a price of {kept} for {wanted}", system=SYSTEM)


def project(
    found: wire.Workspace, stories: Sequence[wire.Story], references: Mapping[str, wire.Reference], key: str
) -> Project:
    """A workspace and its stories as a project. A story that is not ours goes by its own id."""
    if found.status.key not in _STAGES:
        said = f"{found.status.key} ({found.status.message})"
        raise unknown(said, "workspaces.status", system=SYSTEM, record=found.id)
    code, _, name = found.title.partition(BETWEEN)
    lines = description.read(found.description or "")
    refs = {held.subject_id: model.partition(" ")[2] for model, held in references.items() if " " in model}
    return Project(
        id=found.id,
        legal_entity_id=lines.get("legal_entity_id", ""),
        xrefs=[Xref(system=SYSTEM, native_id=found.id, alt_key=key)],
        source=Source(system=SYSTEM, native_version=found.updated_at, updated_at=_instant(found.updated_at)),
        code=code if name else "",
        name=name or found.title,
        account_id=lines.get("account_id", ""),
        contract_id=lines.get("contract_id", ""),
        opportunity_id=lines.get("opportunity_id", ""),
        stage=_STAGES[found.status.key],
        currency=currency_of(found.currency, system=SYSTEM),
        budget=budget(found),
        billing_method=cast(ContractType, lines.get("billing_method", "tm")),
        start=_date(found.start_date),
        end=_date(found.due_date),
        practice=lines.get("practice", ""),
        project_manager=lines.get("project_manager", ""),
        tasks=[_task(story, refs) for story in stories if story.story_type != "milestone"],
        milestones=[_milestone(story, refs, found) for story in stories if story.story_type == "milestone"],
    )


def change(found: wire.Workspace) -> RecordChange:
    """A workspace the poll found."""
    changed = _instant(found.updated_at)
    if changed is None or changed.tzinfo is None:
        raise Drifted(f"workspace {found.id} does not say when it was changed", system=SYSTEM)
    return RecordChange(native_id=found.id, version=found.updated_at, changed_at=changed)


# --- stories ----------------------------------------------------------------------------------------------------------


def stories(data: Project) -> dict[str, tuple[wire.StoryWrite, str]]:
    """The stories a project needs, parents first: reference model -> (story, its parent's reference model or empty)."""
    items: list[Task | Milestone] = [*data.tasks, *data.milestones]
    names = Counter(item.name.casefold() for item in items)

    def title(item: Task | Milestone) -> str:
        """A name used twice takes its reference along: a title is how a story is known when its key is lost."""
        return _cut(item.name if names[item.name.casefold()] == 1 else f"{item.name} ({item.ref})")

    found: dict[str, tuple[wire.StoryWrite, str]] = {}
    for task in _parents_first(data.tasks):
        parent = TASK + task.parent_ref if task.parent_ref else ""
        found[TASK + task.ref] = (_task_story(task, title(task)), parent)
    for index, milestone in enumerate(data.milestones):
        story = _milestone_story(milestone, title(milestone), data.currency, f"/milestones/{index}/amount")
        found[MILESTONE + milestone.ref] = (story, "")
    return found


def task_stories(tasks: Sequence[Task], known: AbstractSet[str]) -> dict[str, tuple[wire.StoryWrite, str]]:
    """The stories of one page of tasks; `known`: those of earlier pages. `Invalid` for a name that is there twice."""
    names = Counter(task.name.casefold() for task in tasks)
    wrong = [
        FieldError(pointer=f"/tasks/{n}/name", detail=f"{task.name} is the name of another task, too")
        for n, task in enumerate(tasks)
        if names[task.name.casefold()] > 1
    ]
    if wrong:
        raise Invalid("a task cannot be told from another", errors=wrong)
    found: dict[str, tuple[wire.StoryWrite, str]] = {}
    for task in _parents_first(tasks, known):
        parent = TASK + task.parent_ref if task.parent_ref else ""
        found[TASK + task.ref] = (_task_story(task, _cut(task.name)), parent)
    return found


def story_as_written(found: wire.Story) -> wire.StoryWrite:
    """A story in the words of a write. Whether it is of a fixed fee is not read back."""
    return wire.StoryWrite(
        title=found.title,
        story_type=found.story_type,
        parent_id=found.parent_id,
        start_date=found.start_date,
        due_date=found.due_date,
        time_estimate_in_minutes=found.time_estimate_in_minutes or 0,
        budget_estimate_in_cents=found.budget_estimate_in_cents or 0,
        billable=found.billable,
        fixed_fee=found.story_type == "milestone",
        time_trackable=found.time_trackable,
    )


def _task_story(task: Task, title: str) -> wire.StoryWrite:
    return wire.StoryWrite(
        title=title,
        story_type="task",
        start_date=_day(task.start),
        due_date=_day(task.end),
        time_estimate_in_minutes=minutes(task.planned_hours),
        billable=task.billable,
    )


def _milestone_story(milestone: Milestone, title: str, currency: str, pointer: str) -> wire.StoryWrite:
    units = _minor(milestone.amount, currency, pointer) if milestone.amount else 0
    return wire.StoryWrite(
        title=title,
        story_type="milestone",
        start_date=_day(milestone.due),
        due_date=_day(milestone.due),
        budget_estimate_in_cents=units,
        fixed_fee=True,
    )


def _parents_first(tasks: Sequence[Task], known: AbstractSet[str] = frozenset()) -> list[Task]:
    """`Invalid` when a task's parent is neither among them nor known, or is its own ancestor."""
    ordered: dict[str, Task] = {}
    waiting = list(tasks)
    while waiting:
        ready = [t for t in waiting if not t.parent_ref or t.parent_ref in ordered or t.parent_ref in known]
        if not ready:
            wrong = [FieldError(pointer="/tasks", detail=f"{t.ref} has no parent {t.parent_ref}") for t in waiting]
            raise Invalid("the tasks do not form a tree", errors=wrong)
        ordered |= {task.ref: task for task in ready}
        waiting = [task for task in waiting if task.ref not in ordered]
    return list(ordered.values())


def _task(story: wire.Story, refs: Mapping[str, str]) -> Task:
    return Task(
        ref=refs.get(story.id, story.id),
        name=story.title,
        parent_ref=refs.get(story.parent_id, story.parent_id) if story.parent_id else "",
        start=_date(story.start_date),
        end=_date(story.due_date),
        planned_hours=hours(story.time_estimate_in_minutes or 0),
        billable=story.billable,
    )


def _milestone(story: wire.Story, refs: Mapping[str, str], of: wire.Workspace) -> Milestone:
    due = _date(story.due_date) or _date(of.due_date)
    if due is None:
        raise Drifted(f"milestone {story.id} has no date, nor has its workspace", system=SYSTEM)
    units = story.budget_estimate_in_cents
    return Milestone(
        ref=refs.get(story.id, story.id),
        name=story.title,
        due=due,
        amount=_money(units, of) if units else None,
    )


# --- money, time ------------------------------------------------------------------------------------------------------


def budget(found: wire.Workspace) -> Money | None:
    """A workspace's price."""
    return None if found.price_in_cents is None else _money(found.price_in_cents, found)


def _money(units: int, of: wire.Workspace) -> Money:
    return money(Decimal(units) / (of.currency_base_unit or 1), of.currency, system=SYSTEM)


def _price(money: Money, pointer: str, currency: str) -> str:
    _minor(money, currency, pointer)
    return f"{money.quantize().amount:f}"


def _minor(money: Money, currency: str, pointer: str) -> int:
    """Integer minor units; `Invalid` for another currency than the project's, or for parts of a minor unit."""
    try:
        if money.currency != currency:
            raise ValueError(f"{money} is not in the project's currency {currency}")
        return money.to_minor()
    except ValueError as wrong:
        raise Invalid(
            "an amount cannot be kept there", errors=[FieldError(pointer=pointer, detail=str(wrong))]
        ) from wrong


def minutes(hours: Decimal) -> int:
    """Hours in whole minutes."""
    return int((hours * _PER_HOUR).to_integral_value(ROUND_HALF_UP))


def hours(minutes: int) -> Decimal:
    """Minutes in hours. Two digits tell every minute of an hour apart."""
    whole, rest = divmod(minutes, _PER_HOUR)
    return Decimal(whole) + (Decimal(rest) / _PER_HOUR).quantize(Decimal("0.01"))


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _date(text: str | None) -> date | None:
    return day(text, system=SYSTEM) if text else None


def _instant(text: str) -> datetime | None:
    return instant(text, system=SYSTEM) if text else None


def _cut(title: str) -> str:
    return cut(title, TITLE_LENGTH, "…")
