"""Opportunity to project as partners call it since version 2: a deal is named with its system, a run has its parts.

Version 1, in `processes`, is carried by a shim: what each says of a run can be told from the other.
"""

from typing import Annotated, Protocol

import msgspec

from canonical.base import Value, Xref
from canonical.classes import FREE_TEXT, PUBLIC
from canonical.dates import Instant
from canonical.events import FROM_A_DEAL
from canonical.faults import Conflict, FieldError, NotFound, VendorFault
from canonical.money import Money
from canonical.ports.operation import Page, operation
from canonical.ports.processes import Agreement, RunStatus, Step


class DealReference(Value, frozen=True, kw_only=True):
    """A deal, by the system that holds it and its id there."""

    system: Annotated[str, PUBLIC, msgspec.Meta(examples=["salesforce"])] = ""
    """The CRM's name; empty for the firm's own."""
    id: Annotated[str, PUBLIC, msgspec.Meta(examples=["006Tg0000000001IAA"])]


class StartRun(Value, frozen=True, kw_only=True):
    """Which deal shall become a project."""

    opportunity: DealReference


class Deal(Value, frozen=True, kw_only=True):
    """The deal a run is about, as the run first saw it."""

    system: Annotated[str, PUBLIC, msgspec.Meta(examples=["salesforce"])]
    id: Annotated[str, PUBLIC, msgspec.Meta(examples=["006Tg0000000001IAA"])]
    winning: Annotated[int, PUBLIC] = 1
    """1 when it was won for the first time, 2 when it was reopened and won again ..."""
    name: Annotated[str, PUBLIC, msgspec.Meta(examples=["Harbor Logistics: data platform"])] = ""
    customer: Annotated[str, PUBLIC, msgspec.Meta(examples=["Harbor Logistics Inc."])] = ""
    legal_entity: Annotated[str, PUBLIC, msgspec.Meta(examples=["ACME-US"])] = ""
    value: Money | None = None


class Progress(Value, frozen=True, kw_only=True):
    """How far a run is."""

    step: Annotated[int, PUBLIC] = 0
    """Number of the last step begun; 0 before the first."""
    of: Annotated[int, PUBLIC] = 0
    takeovers: Annotated[int, PUBLIC] = 0
    """How often another process finished what one had begun."""


class RunProblem(Value, frozen=True, kw_only=True):
    """Why a run was refused or failed."""

    reason: Annotated[str, PUBLIC, msgspec.Meta(examples=["guards_failed"])]
    detail: Annotated[str, FREE_TEXT] = ""
    errors: list[FieldError] = []


class DealRun(Value, frozen=True, kw_only=True):
    """One run for one deal."""

    id: Annotated[str, PUBLIC, msgspec.Meta(examples=["o2p:salesforce:006Tg0000000001IAA:1"])]
    status: Annotated[RunStatus, PUBLIC]
    deal: Deal
    progress: Progress
    project_code: Annotated[str, PUBLIC, msgspec.Meta(examples=["PRJ-10001"])] = ""
    started_at: Annotated[Instant, PUBLIC, msgspec.Meta(examples=["2027-01-04T09:30:00Z"])]
    ended_at: Annotated[Instant | None, PUBLIC] = None
    verified: Annotated[bool | None, PUBLIC] = None
    """True when every system was read back and they agree; null before that."""
    problem: RunProblem | None = None
    """Null while nothing is wrong."""
    records: list[Xref] = []
    """What was made or found, by system."""


class DealRunDetail(Value, frozen=True, kw_only=True):
    """A run with its steps and what the read-back found."""

    run: DealRun
    steps: list[Step] = []
    agreement: list[Agreement] = []


class DealRuns(Protocol):
    """The workflow that makes a won deal a staffed, billable project."""

    @operation("POST", "/runs", status=202, raises=(NotFound, Conflict, VendorFault), follow="run", tells=FROM_A_DEAL)
    async def start_run(self, data: StartRun) -> DealRun:
        """Start it for one deal; the same deal (in the same winning) again answers with the run there is.

        `Conflict` when the deal is not won; `Invalid` when its system is not the CRM this firm sells with.
        """

    @operation("GET", "/runs/{run_id}", raises=(NotFound,))
    async def run(self, run_id: str) -> DealRunDetail:
        """One run with its steps."""

    @operation("GET", "/runs")
    async def runs(
        self, key: str | None = None, status: RunStatus | None = None, limit: int = 50, cursor: str = ""
    ) -> Page[DealRun]:
        """Runs, newest first; `key` is the deal's id, our key, the project code, or an id in any system."""

    @operation("POST", "/runs/{run_id}/retry", status=202, raises=(NotFound, Conflict), follow="run", tells=FROM_A_DEAL)
    async def retry_run(self, run_id: str) -> DealRun:
        """Run again from the failed step; a refused run begins again with its guards."""

    @operation("POST", "/runs/{run_id}/cancel", status=202, raises=(NotFound, Conflict), follow="run")
    async def cancel_run(self, run_id: str) -> DealRun:
        """Stop and undo what was written, in reverse; `Conflict` once the project is active."""
