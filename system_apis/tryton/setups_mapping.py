"""Settings and tasks of projects <-> canonical. Pure, as `mapping` is."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from canonical.faults import Drifted, FieldError, Invalid
from canonical.money import Money
from canonical.objects import ProjectSetup, Task
from canonical.ports.setups import TaskPage, TaskState
from foundation.vendor_values import currency as iso
from foundation.vendor_values import day, money
from system_apis.tryton import memo, wire
from system_apis.tryton.auth import SYSTEM
from system_apis.tryton.mapping import Values, decimal_of
from system_apis.tryton.setups_wire import Part

TASK: Final = "task"
"""Under what word a task's comment holds our reference."""
CLOSED: Final = wire.Day(year=1970, month=1, day=1)
"""The last day of a work that has hours and shall take no more: nothing worked by us is so old."""
CANNOT: Final = {
    "rate_card_id": "Rates are the PSA's: a work in Tryton has one price, and no list of them.",
    "calendar": "Tryton knows the hours of a company's working day, and no holidays.",
    "approval_required": "Tryton knows no approval: hours that are there are posted.",
    "approvers": "Tryton knows no approval: hours that are there are posted.",
    "team": "Who may see a project is a matter of Tryton's groups and companies.",
    "open_for_expenses": "Tryton keeps no expense reports.",
}
_TEXTS: Final = {
    "cost_center": "cost-center",
    "profit_center": "profit-center",
    "practice": "practice",
    "documents": "documents",
}
_LONGEST: Final = Decimal(10) ** 10
"""Seconds of an effort: more are none of a project."""


def setup(project: Part, tasks: Sequence[Part], *, books: str) -> ProjectSetup:
    """How a project is set up: open for time once itself and every task of it is. `books` is its company's currency."""
    words = memo.read(project.comment)
    budget = decimal_of(words["budget"]) if "budget" in words else None
    return ProjectSetup(
        cost_center=words.get(_TEXTS["cost_center"], ""),
        profit_center=words.get(_TEXTS["profit_center"], ""),
        practice=words.get(_TEXTS["practice"], ""),
        documents=words.get(_TEXTS["documents"], ""),
        budget=None if budget is None else money(budget, _currency(words, books), system=SYSTEM),
        open_for_time=all(is_open(each) for each in (project, *tasks)),
        cannot=CANNOT,
    )


def setup_values(project: Part, data: ProjectSetup, *, books: str) -> Values:
    """The comment once what is named has been changed; nothing where it says so already."""
    words = memo.read(project.comment)
    wanted = words | {word: text for name, word in _TEXTS.items() if (text := getattr(data, name)) is not None}
    if data.budget is not None:
        _check(data.budget, _currency(words, books))
        wanted["budget"] = f"{data.budget.amount:f}"
    if {word: text for word, text in wanted.items() if text} == words:
        return {}
    return {"comment": memo.written(wanted, project.comment)}


def is_open(part: Part) -> bool:
    """Whether hours can be written on it. A last day that people chose is theirs, and nothing of ours."""
    return bool(part.timesheet_works) and part.timesheet_end_date != CLOSED


def switch(part: Part, opened: bool | None) -> Values:
    """What opens or closes a work for time; nothing where it is so already, or nobody says.

    What has hours cannot be taken out of the time sheets: it gets a last day before all others.
    """
    if opened is None or opened == is_open(part):
        return {}
    if opened:
        return {"timesheet_end_date": None} if part.timesheet_works else {"timesheet_available": True}
    if not has_time(part):
        return {"timesheet_available": False}
    begun = {"timesheet_start_date": None} if part.timesheet_start_date else {}
    return begun | {"timesheet_end_date": CLOSED}


def below(project: Part, rows: Iterable[Part]) -> list[Part]:
    """The tasks of a project, parents first. A project below it has tasks of its own."""
    under: dict[int | None, list[Part]] = {}
    for each in sorted(rows, key=lambda row: row.id, reverse=True):
        if each.type == "task" and each.id != project.id:
            under.setdefault(each.parent, []).append(each)
    found, waiting = list[Part](), under.pop(project.id, [])
    while waiting:
        found.append(waiting.pop())
        waiting += under.pop(found[-1].id, [])
    return found


def refs_of(tasks: Iterable[Part]) -> dict[int, str]:
    """What each task is called: our reference, else its number. A copy has our words too: the first task counts."""
    found: dict[int, str] = {}
    for each in sorted(tasks, key=lambda row: row.id):
        ref = memo.read(each.comment).get(TASK, "")
        found[each.id] = ref if ref and ref not in found.values() else each.number or str(each.id)
    return found


def state(task: Part, refs: Mapping[int, str]) -> TaskState:
    """A task as it is there."""
    words = memo.read(task.comment)
    return TaskState(
        task=Task(
            ref=refs[task.id],
            name=task.name,
            parent_ref=refs.get(task.parent or 0, ""),
            start=day(words["start"], system=SYSTEM) if "start" in words else None,
            end=day(words["end"], system=SYSTEM) if "end" in words else None,
            planned_hours=_hours(task),
            billable="unbilled" not in words,
        ),
        has_time=has_time(task),
    )


def has_time(part: Part) -> bool:
    """Whether somebody has written hours on it."""
    return any(each.duration is not None for each in part.timesheet_works)


def check(data: TaskPage) -> None:
    """`Invalid` for what a work in Tryton cannot have."""
    wrong = []
    for place, task in enumerate(data.tasks):
        if not task.ref or task.ref != _row(task.ref):
            wrong.append(
                FieldError(detail="a reference has no line breaks or spare blanks", pointer=f"/tasks/{place}/ref")
            )
        if not 0 <= task.planned_hours * 3600 <= _LONGEST:
            detail = "a work in Tryton takes no such effort"
            wrong.append(FieldError(detail=detail, pointer=f"/tasks/{place}/planned_hours"))
    if wrong:
        raise Invalid(system=SYSTEM, errors=wrong)


def task_values(task: Task, known: Part | None = None) -> Values:
    """What a write says of a task; nothing where it is `known` and says so already. Place and status are people's."""
    words = {
        TASK: task.ref,
        "start": task.start.isoformat() if task.start else "",
        "end": task.end.isoformat() if task.end else "",
        "unbilled": "" if task.billable else "yes",
    }
    effort = wire.Span(seconds=task.planned_hours * 3600) if task.planned_hours else None
    said = {"name": _row(task.name), "comment": memo.written(words), "effort_duration": effort}
    if known is None:
        return said
    ours = {word: text for word, text in words.items() if text}
    alike = (known.name, memo.read(known.comment), _hours(known)) == (said["name"], ours, task.planned_hours)
    return {} if alike else said | {"comment": memo.written(words, known.comment)}


def _hours(task: Part) -> Decimal:
    seconds = task.effort_duration.seconds if task.effort_duration else Decimal(0)
    if not seconds.is_finite() or abs(seconds) > _LONGEST:
        raise Drifted(f"{seconds:.3g} seconds are no effort of a task", system=SYSTEM)
    return (seconds / 3600).quantize(Decimal("0.000001")).normalize() + Decimal(0)


def _currency(words: Mapping[str, str], books: str) -> str:
    return iso(words.get("currency", "") or books, system=SYSTEM)


def _check(budget: Money, currency: str) -> None:
    if budget.currency != currency:
        wrong = FieldError(pointer="/budget", detail=f"the project is in {currency}")
        raise Invalid("an amount cannot be kept there", errors=[wrong], system=SYSTEM)


def _row(text: str) -> str:
    return " ".join(text.split())
