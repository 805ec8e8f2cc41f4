"""Contract sync as partners call it: a run is about one signed document, a contract or one amendment of it."""

from typing import Annotated, Protocol

import msgspec

from canonical.base import Value, Xref
from canonical.classes import PUBLIC
from canonical.dates import Instant
from canonical.events import FROM_A_DOCUMENT, ContractReversed
from canonical.faults import Conflict, NotFound, VendorFault
from canonical.money import Money
from canonical.ports.deal_runs import Progress, RunProblem
from canonical.ports.operation import Page, operation
from canonical.ports.processes import Agreement, RunStatus, Step


class ContractReference(Value, frozen=True, kw_only=True):
    """A contract, by the system that holds it and its id there."""

    system: Annotated[str, PUBLIC, msgspec.Meta(examples=["salesforce"])] = ""
    """The CRM's name; empty for the firm's own."""
    id: Annotated[str, PUBLIC, msgspec.Meta(examples=["800Tg0000000001IAA"])]


class StartContractRun(Value, frozen=True, kw_only=True):
    """Which signed document shall be carried."""

    contract: ContractReference
    amendment: Annotated[Annotated[int, msgspec.Meta(ge=0, le=9999)] | None, PUBLIC, msgspec.Meta(examples=[1])] = None
    """0 for the contract itself; null for the last that was agreed."""


class SignedContract(Value, frozen=True, kw_only=True):
    """The document a run is about, as the run first saw it."""

    system: Annotated[str, PUBLIC, msgspec.Meta(examples=["salesforce"])]
    id: Annotated[str, PUBLIC, msgspec.Meta(examples=["800Tg0000000001KAA"])]
    amendment: Annotated[int, PUBLIC] = 0
    document: Annotated[str, PUBLIC, msgspec.Meta(examples=["9f86d081884c"])] = ""
    """The first digits of its SHA-256; `unknown` where the CRM does not say it."""
    opportunity_id: Annotated[str, PUBLIC] = ""
    """The deal it was made for."""
    name: Annotated[str, PUBLIC] = ""
    customer: Annotated[str, PUBLIC] = ""
    legal_entity: Annotated[str, PUBLIC] = ""
    value: Money | None = None
    """Of the whole contract, with this amendment in it."""


class ContractRun(Value, frozen=True, kw_only=True):
    """One run for one document."""

    id: Annotated[str, PUBLIC, msgspec.Meta(examples=["ctr:salesforce:800Tg0000000001KAA:0:9f86d081884c"])]
    status: Annotated[RunStatus, PUBLIC]
    contract: SignedContract
    progress: Progress
    order_id: Annotated[str, PUBLIC] = ""
    """The ERP's id of the contract; empty until it is there."""
    started_at: Annotated[Instant, PUBLIC, msgspec.Meta(examples=["2027-01-04T09:30:00Z"])]
    ended_at: Annotated[Instant | None, PUBLIC] = None
    verified: Annotated[bool | None, PUBLIC] = None
    """True when every system was read back and all agree; null before that."""
    problem: RunProblem | None = None
    """Null while nothing is wrong."""
    waivable: Annotated[list[str], PUBLIC] = []
    """Rules among those that stopped it that only hold it: somebody entitled to may waive them in the CRM."""
    records: list[Xref] = []
    """What was made or found, by system."""


class ContractRunDetail(Value, frozen=True, kw_only=True):
    """A run with its steps and what the read-back found."""

    run: ContractRun
    steps: list[Step] = []
    agreement: list[Agreement] = []


class ContractRuns(Protocol):
    """The workflow that carries signed contracts and their amendments to the ERP and the PSA."""

    @operation(
        "POST", "/runs", status=202, raises=(NotFound, Conflict, VendorFault), follow="run", tells=FROM_A_DOCUMENT
    )
    async def start_run(self, data: StartContractRun) -> ContractRun:
        """Start it for one document; the same once more answers with the run there is.

        `Conflict` when it is not in force yet; `Invalid` when its system is no CRM this firm sells with.
        """

    @operation("GET", "/runs/{run_id}", raises=(NotFound,))
    async def run(self, run_id: str) -> ContractRunDetail:
        """One run with its steps."""

    @operation("GET", "/runs")
    async def runs(
        self, key: str | None = None, status: RunStatus | None = None, limit: int = 50, cursor: str = ""
    ) -> Page[ContractRun]:
        """Runs, newest first; `key` is the deal's id, the contract's number, or an id in any system."""

    @operation(
        "POST", "/runs/{run_id}/retry", status=202, raises=(NotFound, Conflict), follow="run", tells=FROM_A_DOCUMENT
    )
    async def retry_run(self, run_id: str) -> ContractRun:
        """Run again from the failed step; a refused run begins again with its guards."""

    @operation(
        "POST",
        "/runs/{run_id}/cancel",
        status=202,
        raises=(NotFound, Conflict, VendorFault),
        follow="run",
        tells=(ContractReversed,),
    )
    async def cancel_run(self, run_id: str) -> ContractRun:
        """Take back what was carried of the document; `Conflict` once another one or a project rests on it."""
