"""Quote to order as partners call it: a run is about one revision of one quote, and ends in an order."""

from typing import Annotated, Protocol

import msgspec

from canonical.base import Value, Xref
from canonical.classes import PUBLIC
from canonical.dates import Instant
from canonical.events import FROM_A_QUOTE, OrderCancelled
from canonical.faults import Conflict, NotFound, VendorFault
from canonical.money import Money
from canonical.ports.deal_runs import Progress, RunProblem
from canonical.ports.operation import Page, operation
from canonical.ports.processes import Agreement, RunStatus, Step


class QuoteReference(Value, frozen=True, kw_only=True):
    """A quote, by the system that holds it and its id there."""

    system: Annotated[str, PUBLIC, msgspec.Meta(examples=["salesforce"])] = ""
    """The CRM's name; empty for the firm's own."""
    id: Annotated[str, PUBLIC, msgspec.Meta(examples=["0Q0Tg0000000001KAA"])]


class StartQuoteRun(Value, frozen=True, kw_only=True):
    """Which quote shall be ordered."""

    quote: QuoteReference


class OrderedQuote(Value, frozen=True, kw_only=True):
    """The revision a run is about, as the run first saw it."""

    system: Annotated[str, PUBLIC, msgspec.Meta(examples=["salesforce"])]
    id: Annotated[str, PUBLIC, msgspec.Meta(examples=["0Q0Tg0000000001KAA"])]
    revision: Annotated[int, PUBLIC] = 1
    number: Annotated[str, PUBLIC, msgspec.Meta(examples=["00000123"])] = ""
    opportunity_id: Annotated[str, PUBLIC] = ""
    """The deal it is an offer for."""
    name: Annotated[str, PUBLIC] = ""
    customer: Annotated[str, PUBLIC] = ""
    legal_entity: Annotated[str, PUBLIC] = ""
    value: Money | None = None


class QuoteRun(Value, frozen=True, kw_only=True):
    """One run for one revision."""

    id: Annotated[str, PUBLIC, msgspec.Meta(examples=["q2o:salesforce:0Q0Tg0000000001KAA:r2"])]
    status: Annotated[RunStatus, PUBLIC]
    quote: OrderedQuote
    progress: Progress
    order_number: Annotated[str, PUBLIC, msgspec.Meta(examples=["SO00012"])] = ""
    """The ERP's number of the order; empty until it is open."""
    started_at: Annotated[Instant, PUBLIC, msgspec.Meta(examples=["2027-01-04T09:30:00Z"])]
    ended_at: Annotated[Instant | None, PUBLIC] = None
    verified: Annotated[bool | None, PUBLIC] = None
    """True when both systems were read back and agree; null before that."""
    problem: RunProblem | None = None
    """Null while nothing is wrong."""
    records: list[Xref] = []
    """What was made or found, by system."""


class QuoteRunDetail(Value, frozen=True, kw_only=True):
    """A run with its steps and what the read-back found."""

    run: QuoteRun
    steps: list[Step] = []
    agreement: list[Agreement] = []


class QuoteRuns(Protocol):
    """The workflow that makes an accepted quote a sales order."""

    @operation("POST", "/runs", status=202, raises=(NotFound, Conflict, VendorFault), follow="run", tells=FROM_A_QUOTE)
    async def start_run(self, data: StartQuoteRun) -> QuoteRun:
        """Start it for one quote; the same revision again answers with the run there is.

        `Conflict` when the quote is not accepted; `Invalid` when its system is not the CRM this firm sells with.
        """

    @operation("GET", "/runs/{run_id}", raises=(NotFound,))
    async def run(self, run_id: str) -> QuoteRunDetail:
        """One run with its steps."""

    @operation("GET", "/runs")
    async def runs(
        self, key: str | None = None, status: RunStatus | None = None, limit: int = 50, cursor: str = ""
    ) -> Page[QuoteRun]:
        """Runs, newest first; `key` is the deal's id, the order's or quote's number, or an id in any system."""

    @operation(
        "POST", "/runs/{run_id}/retry", status=202, raises=(NotFound, Conflict), follow="run", tells=FROM_A_QUOTE
    )
    async def retry_run(self, run_id: str) -> QuoteRun:
        """Run again from the failed step; a refused run begins again with its guards."""

    @operation(
        "POST",
        "/runs/{run_id}/cancel",
        status=202,
        raises=(NotFound, Conflict, VendorFault),
        follow="run",
        tells=(OrderCancelled,),
    )
    async def cancel_run(self, run_id: str) -> QuoteRun:
        """Cancel the order and let the quote wait again; `Conflict` once anything of it is billed."""
