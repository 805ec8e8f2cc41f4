"""What a client may see of their own projects: no word of ours, no other client's anything."""

from datetime import date
from typing import Annotated, Literal, Protocol

from canonical.base import Value
from canonical.classes import PII, PUBLIC
from canonical.faults import NotFound, VendorFault
from canonical.money import Money
from canonical.ports import operation

Progress = Literal["in preparation", "under way", "paused", "finished", "cancelled"]
Billed = Literal["by milestone", "monthly", "on completion"]
Payment = Literal["not due yet", "ready to invoice", "invoiced", "paid", "credited"]


class MilestoneView(Value, frozen=True, kw_only=True):
    """A dated result and what its acceptance costs."""

    name: Annotated[str, PUBLIC]
    due: Annotated[date, PUBLIC]
    reached: Annotated[bool, PUBLIC] = False
    amount: Money | None = None
    payment: Annotated[Payment, PUBLIC] = "not due yet"


class BillingDate(Value, frozen=True, kw_only=True):
    """One date and the amount billed on it."""

    name: Annotated[str, PUBLIC]
    due: Annotated[date, PUBLIC]
    amount: Money


class BillingPlan(Value, frozen=True, kw_only=True):
    """When the project is billed."""

    billed: Annotated[Billed, PUBLIC]
    total: Money
    dates: list[BillingDate] = []


class ProjectCard(Value, frozen=True, kw_only=True):
    """A project at a glance."""

    code: Annotated[str, PUBLIC]
    name: Annotated[str, PUBLIC]
    progress: Annotated[Progress, PUBLIC]
    start: Annotated[date | None, PUBLIC] = None
    end: Annotated[date | None, PUBLIC] = None
    value: Money | None = None
    contact: Annotated[str, PII] = ""
    """The project manager."""
    next_milestone: MilestoneView | None = None


class ProjectView(Value, frozen=True, kw_only=True):
    """A project with its milestones and when it is billed."""

    project: ProjectCard
    milestones: list[MilestoneView] = []
    billing: BillingPlan | None = None


class ClientPortal(Protocol):
    """A client's own projects. Whose they are is in the token (`account_id`), never in the address."""

    @operation("GET", "/projects", raises=(VendorFault,))
    async def projects(self) -> list[ProjectCard]:
        """The caller's own projects."""

    @operation("GET", "/projects/{code}", raises=(NotFound, VendorFault))
    async def project(self, code: str) -> ProjectView:
        """One of the caller's own projects; another's is answered as one that does not exist."""
