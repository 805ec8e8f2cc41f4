"""Settings and tasks of projects <-> canonical. Pure, as `mapping` is.

010 Begin-Total   Delivery
010.001 Posting     Design
010.999 End-Total Delivery          sums up 010..010.999
"""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import UNSET, Struct

from canonical.faults import FieldError, Invalid
from canonical.lengths import cut, whole
from canonical.money import Money
from canonical.objects import ProjectSetup, Task
from canonical.ports.setups import TaskState
from foundation.vendor_values import money, unknown
from system_apis.business_central import codes, lengths, mapping, wire
from system_apis.business_central import setups_wire as there
from system_apis.business_central.mapping import SYSTEM

CANNOT: Final = {
    "rate_card_id": "Rates are the PSA's: time is posted here with its rate.",
    "calendar": "Business Central keeps calendars of a company and of its resources, none of a project.",
    "approval_required": "A time sheet is always approved before it is posted.",
    "approvers": "A time sheet is approved by its resource's own approver, whatever the project.",
    "team": "Who may see a project is a matter of permission sets.",
}
_DIGITS: Final = 3
LAST: Final = 10**_DIGITS - 1
"""The place of the End-Total: behind whatever stands between."""


class Place(Struct, frozen=True):
    """A task and the one it stands below."""

    row: there.Task
    parent: there.Task | None


def setup(found: wire.Project, tasks: Sequence[there.Task], *, local: str) -> ProjectSetup:
    """How a project is set up: open for time once itself and every task of it is."""
    currency = mapping.project_currency(found, local)
    return ProjectSetup(
        cost_center=found.cost_center,
        profit_center=found.profit_center,
        practice=found.practice,
        documents=found.documents,
        budget=money(found.budget, currency, system=SYSTEM) if found.budget else None,
        open_for_time=found.allow_time and all(task.allow_time for task in tasks if kind(task) == there.POSTING),
        open_for_expenses=found.allow_expenses,
        cannot=CANNOT,
    )


def setup_draft(data: ProjectSetup, currency: str) -> there.SetupDraft:
    """What a write names."""
    texts = {name: getattr(data, name) for name in ("cost_center", "profit_center", "practice", "documents")}
    limits = {"documents": lengths.TITLE}
    named = {
        name: whole(text, limits.get(name, lengths.REFERENCE), f"/{name}", system=SYSTEM)
        for name, text in texts.items()
        if text is not None
    }
    if data.budget is not None:
        _check(data.budget, currency)
    return there.SetupDraft(
        **named,
        budget=UNSET if data.budget is None else data.budget.amount,
        allow_time=UNSET if data.open_for_time is None else data.open_for_time,
        allow_expenses=UNSET if data.open_for_expenses is None else data.open_for_expenses,
    )


def kind(row: there.Task) -> str:
    """A task's type; `Drifted` for one we do not know."""
    found = codes.plain(row.type)
    if found not in there.TASK_TYPES:
        raise unknown(found, "projectTask.type", system=SYSTEM, record=row.id)
    return found


def places(rows: Iterable[there.Task]) -> list[Place]:
    """The tasks time or cost can be of, and those that hold others together, each below the one it stands in."""
    found, above = list[Place](), list[there.Task]()
    for row in sorted(rows, key=lambda each: each.number):
        match kind(row):
            case there.BEGIN:
                found.append(Place(row, above[-1] if above else None))
                above.append(row)
            case there.END:
                above = _ended(above, row)
            case there.POSTING:
                found.append(Place(row, above[-1] if above else None))
            case _:
                continue
    return found


def ended(rows: Iterable[there.Task]) -> set[str]:
    """Numbers of the tasks that have a line to end them."""
    return {row.totaling.partition("..")[0] for row in rows if kind(row) == there.END}


def _ended(above: list[there.Task], end: there.Task) -> list[there.Task]:
    """What is still open behind an End-Total: it ends the one it sums up from, or the last where it does not say."""
    begun = end.totaling.partition("..")[0]
    numbers = [each.number for each in above]
    if not begun:
        return above[:-1]
    return above[: numbers.index(begun)] if begun in numbers else above


def state(place: Place, worked: set[str]) -> TaskState:
    """A task as it is there: under our reference, or people's number."""
    row = place.row
    return TaskState(
        task=Task(
            ref=ref_of(row),
            name=row.description,
            parent_ref=ref_of(place.parent) if place.parent else "",
            start=mapping.day(row.starting_date),
            end=mapping.day(row.ending_date),
            planned_hours=row.planned_hours,
            billable=row.billable,
        ),
        has_time=row.number in worked,
    )


def ref_of(row: there.Task) -> str:
    """Our reference of a task; its number where people made it."""
    return row.tiergate_reference or row.number


def change(task: Task) -> there.TaskChange:
    """What of a task that is there already is brought to what is wanted."""
    return there.TaskChange(
        description=cut(task.name, lengths.NAME),
        starting_date=task.start or wire.NEVER,
        ending_date=task.end or wire.NEVER,
        planned_hours=task.planned_hours,
        billable=task.billable,
    )


def draft(task: Task, number: str, *, project: str, pointer: str) -> there.TaskDraft:
    """A new task."""
    ours = change(task)
    return there.TaskDraft(
        **{name: getattr(ours, name) for name in ours.__struct_fields__},
        project_id=project,
        number=number,
        tiergate_reference=whole(task.ref, lengths.TASK_REFERENCE, f"{pointer}/ref", system=SYSTEM),
        indentation=number.count("."),
    )


def end_of(begun: there.Task) -> there.TaskDraft:
    """The line that ends what stands below a task, and sums it up."""
    number = f"{begun.number}.{LAST}"
    return there.TaskDraft(
        description=cut(f"Total {begun.description}", lengths.NAME),
        project_id=begun.project_id,
        number=number,
        type=codes.escaped(there.END),
        indentation=begun.indentation,
        totaling=f"{begun.number}..{number}",
        billable=begun.billable,
    )


def next_number(taken: Iterable[str], parent: str, pointer: str) -> str:
    """The number behind those that stand below a task; `Invalid` where there is no room for it."""
    above = f"{parent}." if parent else ""
    tails = (number.removeprefix(above) for number in taken if number.startswith(above))
    used = [int(tail) for tail in tails if len(tail) == _DIGITS and tail.isascii() and tail.isdigit()]
    following = max((each for each in used if each < LAST), default=0) + 1
    number = f"{above}{following:0{_DIGITS}}"
    if following >= LAST or len(number) > lengths.TASK - _DIGITS - 1:
        detail = f"there is no room for it: {LAST - 1} tasks stand below one at most, four deep"
        raise Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer=pointer)])
    return number


def _check(budget: Money, currency: str) -> None:
    if budget.currency != currency:
        wrong = FieldError(pointer="/budget", detail=f"the project is in {currency}")
        raise Invalid("an amount cannot be kept there", errors=[wrong], system=SYSTEM)
