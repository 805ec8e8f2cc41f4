"""Project setup as its callers see it: a project that was activated is given all that work on it needs."""

from typing import Annotated, Protocol

import msgspec

from canonical.base import Value, Xref
from canonical.classes import PII, PUBLIC
from canonical.dates import Instant
from canonical.events import FROM_A_SETUP
from canonical.faults import Conflict, Invalid, NotFound, VendorFault
from canonical.ports.deal_runs import Progress, RunProblem
from canonical.ports.operation import Page, operation
from canonical.ports.processes import Agreement, RunStatus, Step

Words = Annotated[str, msgspec.Meta(max_length=200)]


class StartSetup(Value, frozen=True, kw_only=True):
    """Which project shall be set up, and how. What is left empty is not set."""

    project_code: Annotated[str, PUBLIC, msgspec.Meta(examples=["PRJ-10001"], max_length=40)]
    template: Annotated[str, PUBLIC, msgspec.Meta(examples=["delivery"], max_length=40)] = ""
    """Empty: the one for the project's way of billing."""
    template_version: Annotated[str, PUBLIC, msgspec.Meta(examples=["2026.1"], max_length=40)] = ""
    """Empty: the newest."""
    contract_lines: Annotated[dict[str, str], PUBLIC] = {}
    """Phases whose work another line of the contract pays for: line by phase. Elsewhere it is the first line."""
    rate_card_id: Annotated[Words, PUBLIC] = ""
    """Native id of the price list in the PSA."""
    calendar: Annotated[str, PUBLIC, msgspec.Meta(examples=["US"], max_length=2)] = ""
    """Whose holidays the project keeps, as an ISO 3166-1 country; empty: the legal entity's."""
    cost_center: Annotated[Words, PUBLIC] = ""
    profit_center: Annotated[Words, PUBLIC] = ""
    practice: Annotated[Words, PUBLIC] = ""
    """Empty: the project's own."""
    approvers: Annotated[list[Words], PII, msgspec.Meta(examples=[["katrin.behrens@acme.example"]], max_length=20)] = []
    """E-mail addresses; empty: those the PSA has already."""
    team: Annotated[list[Words], PII, msgspec.Meta(max_length=200)] = []
    documents: Annotated[Words, PUBLIC] = ""
    """Address of the document site."""


class SetupRun(Value, frozen=True, kw_only=True):
    """One run for one project and one version of a template."""

    id: Annotated[str, PUBLIC, msgspec.Meta(examples=["psetup:PRJ-10001:2026.1"])]
    status: Annotated[RunStatus, PUBLIC]
    project_code: Annotated[str, PUBLIC, msgspec.Meta(examples=["PRJ-10001"])]
    name: Annotated[str, PUBLIC] = ""
    customer: Annotated[str, PUBLIC] = ""
    legal_entity: Annotated[str, PUBLIC] = ""
    template: Annotated[str, PUBLIC, msgspec.Meta(examples=["delivery"])] = ""
    template_version: Annotated[str, PUBLIC, msgspec.Meta(examples=["2026.1"])] = ""
    progress: Progress
    started_at: Annotated[Instant, PUBLIC, msgspec.Meta(examples=["2027-01-04T09:30:00Z"])]
    ended_at: Annotated[Instant | None, PUBLIC] = None
    verified: Annotated[bool | None, PUBLIC] = None
    """True when every system was read back and is as it was asked to be; null before that."""
    problem: RunProblem | None = None
    """Null while nothing is wrong."""
    records: list[Xref] = []


class SetupRunDetail(Value, frozen=True, kw_only=True):
    """A run with its steps, which say what a system could not keep and why, and what the read-back found."""

    run: SetupRun
    steps: list[Step] = []
    agreement: list[Agreement] = []


class SetupRuns(Protocol):
    """The workflow that makes an activated project ready for work."""

    @operation(
        "POST",
        "/runs",
        status=202,
        raises=(NotFound, Conflict, Invalid, VendorFault),
        follow="setup",
        tells=FROM_A_SETUP,
    )
    async def start_setup(self, data: StartSetup) -> SetupRun:
        """Start it for one project; the same again answers with the run there is.

        A refused or failed run is run again with what is asked for now; `Conflict` where another setup of the same
        project and template runs or is done, and while the project is not active.
        """

    @operation("GET", "/runs/{run_id}", raises=(NotFound,))
    async def setup(self, run_id: str) -> SetupRunDetail:
        """One run with its steps."""

    @operation("GET", "/runs")
    async def setups(
        self, key: str | None = None, status: RunStatus | None = None, limit: int = 50, cursor: str = ""
    ) -> Page[SetupRun]:
        """Runs, newest first; `key` is the project code, the deal's id, or an id in any system."""

    @operation(
        "POST", "/runs/{run_id}/retry", status=202, raises=(NotFound, Conflict), follow="setup", tells=FROM_A_SETUP
    )
    async def retry_setup(self, run_id: str) -> SetupRun:
        """Run again from the failed step, of a work breakdown from the failed page; a refused run begins again."""

    @operation("POST", "/runs/{run_id}/undo", status=202, raises=(NotFound, Conflict), follow="setup")
    async def undo_setup(self, run_id: str) -> SetupRun:
        """Close the project for time and put back what was there before; tasks with time on them stay."""
