"""Templates of a work breakdown, each in versions: a changed template is a new version beside the old one.

Pure: the same template and project always give the same tasks. The phases are those opportunity-to-project made, with
their hours; the work below a phase shares exactly these out, so either level adds up to what was sold.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Final

import msgspec

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.faults import FieldError, Invalid
from canonical.objects import ContractType, Task


class Work(msgspec.Struct, frozen=True):
    """One task below a phase. `share`: of the phase's hours, in parts of all shares of the phase."""

    ref: str
    name: str
    share: int
    role: str = ""
    """Who does it, as rate cards call them; empty: whoever the deal names."""
    billable: bool = True


class Phase(msgspec.Struct, frozen=True):
    """A phase, and how much of the project's days it takes in percent."""

    ref: str
    name: str
    days: int
    work: tuple[Work, ...]


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of engagement, in one version."""

    name: str
    version: str
    billed: frozenset[ContractType]
    """The ways of billing it is the first choice for."""
    phases: tuple[Phase, ...]
    checklist: tuple[str, ...]
    """What people do at the kick-off."""

    @property
    def key(self) -> str:
        """Its name and version, as runs are called by it."""
        return f"{self.name}-{self.version}"


class PlannedTask(Value, frozen=True, kw_only=True):
    """A task, and what of it no system keeps."""

    task: Task
    contract_line: Annotated[str, PUBLIC] = ""
    """What pays for it; empty where nobody does."""
    role: Annotated[str, PUBLIC] = ""


_CHECKLIST: Final = (
    "Walk through the statement of work with the delivery lead",
    "Agree on who accepts what, and by when",
    "Show everybody where time and expenses are entered",
    "Hold the kick-off with the client",
)
TEMPLATES: Final[list[Template]] = [
    Template(
        name="delivery",
        version="2026.1",
        billed=frozenset(("tm", "nte", "fixed", "milestone")),
        phases=(
            Phase(
                "setup",
                "Set-up",
                10,
                (
                    Work("setup.kickoff", "Set-up: kick-off", 1),
                    Work("setup.access", "Set-up: access and environments", 1, billable=False),
                ),
            ),
            Phase(
                "discover",
                "Discovery",
                20,
                (
                    Work("discover.interviews", "Discovery: interviews", 2),
                    Work("discover.analysis", "Discovery: analysis", 2),
                    Work("discover.report", "Discovery: report", 1),
                ),
            ),
            Phase(
                "deliver",
                "Delivery",
                60,
                (
                    Work("deliver.design", "Delivery: design", 2),
                    Work("deliver.build", "Delivery: build", 5),
                    Work("deliver.test", "Delivery: test", 2),
                    Work("deliver.review", "Delivery: review", 1),
                ),
            ),
            Phase(
                "close",
                "Handover",
                10,
                (
                    Work("close.handover", "Handover: documentation", 2),
                    Work("close.lessons", "Handover: lessons learned", 1, billable=False),
                ),
            ),
        ),
        checklist=_CHECKLIST,
    ),
    Template(
        name="service",
        version="2026.1",
        billed=frozenset(("retainer", "managed")),
        phases=(
            Phase(
                "onboard",
                "Onboarding",
                10,
                (
                    Work("onboard.transition", "Onboarding: transition", 2),
                    Work("onboard.access", "Onboarding: access", 1, billable=False),
                ),
            ),
            Phase(
                "serve",
                "Service",
                85,
                (Work("serve.requests", "Service: requests", 3), Work("serve.incidents", "Service: incidents", 2)),
            ),
            Phase("review", "Review", 5, (Work("review.quarterly", "Review: service reviews", 1),)),
        ),
        checklist=_CHECKLIST,
    ),
]
"""Of one name the newest stands last."""


def choose(name: str, version: str, billing: ContractType) -> Template:
    """The template that is meant; `Invalid` names the field of what there is none for."""
    found = [each for each in TEMPLATES if (each.name == name if name else billing in each.billed)]
    if not found:
        known = ", ".join(dict.fromkeys(each.name for each in TEMPLATES))
        raise _unknown("/template", f"there is no template {name or billing!r}: one of {known}")
    of = [each for each in found if not version or each.version == version]
    if not of:
        known = ", ".join(each.version for each in found)
        raise _unknown("/template_version", f"{found[-1].name} has no version {version!r}: one of {known}")
    return of[-1]


def template_of(key: str) -> Template | None:
    """The template of a run; None when it is gone."""
    return next((each for each in TEMPLATES if each.key == key), None)


def plan(
    template: Template, start: date, end: date, hours: Mapping[str, Decimal], lines: Mapping[str, str], first_line: str
) -> list[PlannedTask]:
    """Every task, a phase before its work. `hours`: by phase, as they were sold; `lines`: contract line by phase."""
    found: list[PlannedTask] = []
    days, at, whole = (end - start).days, 0, sum(phase.days for phase in template.phases) or 1
    for phase in template.phases:
        first = start + timedelta(days=days * at // whole)
        at += phase.days
        last = start + timedelta(days=days * at // whole)
        line, sold = lines.get(phase.ref, first_line), hours.get(phase.ref, Decimal(0))
        head = Task(ref=phase.ref, name=phase.name, start=first, end=last, planned_hours=sold)
        found.append(PlannedTask(task=head, contract_line=line))
        for work, share in zip(phase.work, shared(sold, [each.share for each in phase.work]), strict=True):
            task = Task(
                ref=work.ref,
                name=work.name,
                parent_ref=phase.ref,
                start=first,
                end=last,
                planned_hours=share,
                billable=work.billable,
            )
            found.append(PlannedTask(task=task, contract_line=line if work.billable else "", role=work.role))
    return found


def shared(hours: Decimal, weights: list[int]) -> list[Decimal]:
    """Hours shared out in quarters; the last one takes what is left, so that nothing is lost."""
    found, left, total = [], hours, sum(weights)
    for place, weight in enumerate(weights, 1):
        part = left if place == len(weights) else _quarters(hours * weight / total)
        found.append(part)
        left -= part
    return found


def _quarters(hours: Decimal) -> Decimal:
    return (hours * 4).to_integral_value() / 4


def _unknown(pointer: str, detail: str) -> Invalid:
    return Invalid("Some fields are not as they must be.", errors=[FieldError(pointer=pointer, detail=detail)])
