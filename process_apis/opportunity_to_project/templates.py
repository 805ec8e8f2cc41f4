"""Project templates: the work breakdown and billing plan a deal starts with, by contract type.

Pure: the same deal always gives the same tasks, milestones and lines, so a repeated step writes the same things.
"""

from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Literal

import msgspec

from canonical.base import Value
from canonical.money import split
from canonical.objects import BillingLine, ContractType, Milestone, Opportunity, Task
from canonical.objects.legal_entity import Period


class Template(msgspec.Struct, frozen=True):
    """One kind of engagement."""

    name: str
    phases: tuple[tuple[str, str, int], ...]
    """Reference, name and share of the hours in percent."""
    milestones: tuple[tuple[str, str, int], ...]
    """Reference, name and share of the money in percent; empty when nothing hangs on a result."""
    billing: Literal["milestone", "monthly", "on_completion"]


class Plan(Value, frozen=True, kw_only=True):
    """What a template makes of one deal."""

    template: str
    billing_method: Literal["milestone", "monthly", "on_completion"]
    tasks: list[Task]
    milestones: list[Milestone]
    billing: list[BillingLine]


class Books(Value, frozen=True, kw_only=True):
    """The selling entity's books as the guards saw them."""

    today: date
    """By the entity's own zone."""
    closed: list[Period] = []

    def due(self, day: date) -> date:
        """The day itself; today where its period takes no postings any more."""
        return self.today if any(period.start <= day <= period.end for period in self.closed) else day


_PHASES: Final = (
    ("setup", "Set-up", 10),
    ("discover", "Discovery", 20),
    ("deliver", "Delivery", 60),
    ("close", "Handover", 10),
)
_SERVICE: Final = (("onboard", "Onboarding", 10), ("serve", "Service", 85), ("review", "Review", 5))
TEMPLATES: Final[dict[ContractType, Template]] = {
    "tm": Template("Time and materials", _PHASES, (), "monthly"),
    "nte": Template("Time and materials, not to exceed", _PHASES, (), "monthly"),
    "retainer": Template("Retainer", _SERVICE, (), "monthly"),
    "managed": Template("Managed service", _SERVICE, (), "monthly"),
    "fixed": Template("Fixed price", _PHASES, (("start", "Start", 40), ("accept", "Acceptance", 60)), "milestone"),
    "milestone": Template(
        "Milestones",
        _PHASES,
        (("design", "Design accepted", 30), ("build", "Build accepted", 40), ("live", "Live", 30)),
        "milestone",
    ),
}


def plan(deal: Opportunity, books: Books | None = None) -> Plan:
    """The plan of a deal. What would be billed in a period the entity has closed falls due on its business date.

    A close date is a day where the seller sits: work that starts then, or was agreed to start earlier, may fall in a
    month that is over for the entity.
    """
    template = TEMPLATES[deal.contract_type]
    start, end = dates_of(deal)
    milestones = _milestones(template, deal, start, end)
    return Plan(
        template=" · ".join(part for part in (template.name, deal.practice, deal.legal_entity_id) if part),
        billing_method=template.billing,
        tasks=_tasks(template, deal, start, end),
        milestones=milestones,
        billing=[
            msgspec.structs.replace(line, due=books.due(line.due)) if books else line
            for line in _billing(template, deal, milestones, start, end)
        ],
    )


def dates_of(deal: Opportunity) -> tuple[date, date]:
    """Start and end: as agreed, else from the close date on for six months."""
    start = deal.expected_start or deal.close_date
    return start, max(deal.expected_end or start + timedelta(days=182), start)


def _tasks(template: Template, deal: Opportunity, start: date, end: date) -> list[Task]:
    hours = sum((role.hours for role in deal.role_demand), Decimal(0))
    days, at, found = (end - start).days, 0, []
    for ref, name, share in template.phases:
        first = start + timedelta(days=days * at // 100)
        at += share
        last = start + timedelta(days=days * at // 100)
        found.append(Task(ref=ref, name=name, start=first, end=last, planned_hours=hours * share / 100))
    return found


def _milestones(template: Template, deal: Opportunity, start: date, end: date) -> list[Milestone]:
    if not template.milestones:
        return []
    amounts = split(deal.amount, [Decimal(share) for _, _, share in template.milestones])
    count = len(template.milestones)
    return [
        Milestone(ref=ref, name=name, due=start + (end - start) * n // count, amount=amount)
        for n, ((ref, name, _), amount) in enumerate(zip(template.milestones, amounts, strict=True), 1)
    ]


def _billing(
    template: Template, deal: Opportunity, milestones: list[Milestone], start: date, end: date
) -> list[BillingLine]:
    if template.billing == "milestone":
        return [BillingLine(ref=m.ref, name=m.name, due=m.due, amount=m.amount or deal.amount) for m in milestones]
    months = _month_ends(start, end)
    amounts = split(deal.amount, [Decimal(1)] * len(months))
    return [
        BillingLine(ref=f"m{n:02d}", name=f"{due:%Y-%m}", due=due, amount=amount)
        for n, (due, amount) in enumerate(zip(months, amounts, strict=True), 1)
    ]


def _month_ends(start: date, end: date) -> list[date]:
    found, year, month = [], start.year, start.month
    while (year, month) <= (end.year, end.month):
        found.append(min(date(year, month, monthrange(year, month)[1]), max(end, start)))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return found
