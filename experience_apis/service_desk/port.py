"""What the service desk may ask: the state of things, cases and what to do about them, traces and connections."""

from typing import Annotated, Protocol

import msgspec

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.faults import Conflict, Forbidden, Invalid, NotFound
from canonical.ports import operation
from canonical.ports.approvals import Approval, Approve
from canonical.ports.operation import Page
from canonical.ports.processes import (
    Case,
    CaseEvent,
    CaseState,
    ConnectionHealth,
    Overview,
    Resolve,
    Run,
    RunDetail,
    RunStatus,
    SystemView,
    Trace,
)

Limit = Annotated[int, msgspec.Meta(ge=1, le=200)]


class Advice(Value, frozen=True, kw_only=True):
    """A cause in three sentences."""

    what: Annotated[str, PUBLIC]
    """What happened."""
    cost: Annotated[str, PUBLIC]
    """What it means for the business as long as it lasts."""
    do: Annotated[str, PUBLIC]
    """What settles it, and who can."""


class Now(Value, frozen=True, kw_only=True):
    """The first page in one answer."""

    overview: Overview
    first: list[Case] = []
    """Open cases, most money first."""
    runs: list[Run] = []
    """The newest runs of every workflow."""
    connections: list[ConnectionHealth] = []


class CaseView(Value, frozen=True, kw_only=True):
    """One case with everything needed to settle it."""

    case: Case
    advice: Advice
    run: RunDetail
    systems: list[SystemView] = []
    history: list[CaseEvent] = []
    same_cause: list[Case] = []
    """Open cases with the same cause, this one included."""
    approvals: list[Approval] = []
    """What approvers were asked about the run and what they said, the newest question first."""


class ServiceDesk(Protocol):
    """What the people see who look after the runs."""

    @operation("GET", "/overview")
    async def overview(self) -> Now:
        """What must be done first, and how the whole does."""

    @operation("GET", "/cases")
    async def cases(self, state: CaseState | None = None, limit: Limit = 50, cursor: str = "") -> Page[Case]:
        """Cases, most money first among the open, newest first among the resolved."""

    @operation("GET", "/cases/{case_id}", raises=(NotFound,))
    async def case(self, case_id: str) -> CaseView:
        """One case: what is wrong, what it costs, what settles it, and the systems side by side at this moment."""

    @operation("POST", "/cases/{case_id}/retry", status=202, raises=(NotFound, Conflict), follow="case")
    async def retry_case(self, case_id: str) -> Run:
        """Run again from the failed step, under the same key; the case closes when the run is verified."""

    @operation("POST", "/cases/{case_id}/resolve", raises=(NotFound, Conflict))
    async def resolve_case(self, case_id: str, data: Resolve) -> Case:
        """Close the case without a retry, saying why."""

    @operation("POST", "/cases/{case_id}/approvals/{rule}", raises=(NotFound, Conflict, Forbidden, Invalid))
    async def approve_case(self, case_id: str, rule: str, data: Approve) -> Approval:
        """Let pass what this guard holds, for the terms that were shown; once nothing is left, the run begins again."""

    @operation("GET", "/traces/{key}", raises=(NotFound,))
    async def trace(self, key: str) -> Trace:
        """What happened to a deal, customer, project or invoice, by any system's word for it."""

    @operation("GET", "/runs")
    async def runs(self, status: RunStatus | None = None, limit: Limit = 50, cursor: str = "") -> Page[Run]:
        """Runs of every workflow, newest first."""

    @operation("GET", "/connections")
    async def connections(self) -> list[ConnectionHealth]:
        """How each bound system does."""
