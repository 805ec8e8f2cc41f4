"""Syncs of accounts and people as their callers see them: what one wrote, and having it undone."""

from typing import Annotated, Literal, Protocol

import msgspec

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.dates import Instant
from canonical.events import AccountUpdated, ContactUpdated
from canonical.faults import NotFound
from canonical.ports.cross_references import CanonicalId
from canonical.ports.deal_runs import Progress, RunProblem
from canonical.ports.operation import Page, operation
from canonical.ports.processes import RunStatus, Step


class SyncedRecord(Value, frozen=True, kw_only=True):
    """One record that was written, and which of its fields; never what they say."""

    system: Annotated[str, PUBLIC, msgspec.Meta(examples=["salesforce"])]
    native_id: Annotated[str, PUBLIC, msgspec.Meta(examples=["001Tg0000000001IAA"])]
    made: Annotated[bool, PUBLIC] = False
    """The record itself was made: undone, it is inactive."""
    fields: Annotated[list[str], PUBLIC, msgspec.Meta(examples=[["legal_name", "payment_terms"]])]


class Undo(Value, frozen=True, kw_only=True):
    """How far the undoing of a sync is."""

    run_id: Annotated[str, PUBLIC, msgspec.Meta(examples=["undo:acct:01M8HCKY792KWYGWF045NK5TBW:01M8HD2Q5V"])]
    status: Annotated[RunStatus, PUBLIC]
    """`failed`: something was changed since the sync and is left as it is; a case names it."""
    progress: Progress
    started_at: Annotated[Instant, PUBLIC, msgspec.Meta(examples=["2027-01-04T09:30:00Z"])]
    ended_at: Annotated[Instant | None, PUBLIC] = None
    verified: Annotated[bool | None, PUBLIC] = None
    """True when every record was read back and says what it said before the sync."""
    problem: RunProblem | None = None
    """Null while nothing is wrong."""


class Sync(Value, frozen=True, kw_only=True):
    """One sync of an account or a person that wrote something."""

    id: Annotated[str, PUBLIC, msgspec.Meta(examples=["acct:01M8HCKY792KWYGWF045NK5TBW:01M8HD2Q5V"])]
    object: Annotated[Literal["customer", "contact"], PUBLIC]
    canonical_id: CanonicalId
    at: Annotated[Instant, PUBLIC, msgspec.Meta(examples=["2027-01-04T09:30:00Z"])]
    records: list[SyncedRecord]
    undo: Undo | None = None
    """Null where nobody asked for it."""


class SyncDetail(Value, frozen=True, kw_only=True):
    """A sync, with the steps of its undoing."""

    sync: Sync
    steps: list[Step] = []


class Syncs(Protocol):
    """Syncs that wrote something, for as long as they can be undone: thirty days."""

    @operation("GET", "/syncs")
    async def syncs(self, key: str = "", limit: int = 50, cursor: str = "") -> Page[Sync]:
        """Syncs, newest first; `key` is our id of the account or person, or an id or key in any system."""

    @operation("GET", "/syncs/{sync_id}", raises=(NotFound,))
    async def sync(self, sync_id: str) -> SyncDetail:
        """One sync, and how far its undoing is."""

    @operation(
        "POST",
        "/syncs/{sync_id}/undo",
        status=202,
        raises=(NotFound,),
        follow="sync",
        tells=(AccountUpdated, ContactUpdated),
    )
    async def undo_sync(self, sync_id: str) -> Sync:
        """Put back what it overwrote, where that still says what was written; whom it made is inactive.

        Again answers with the undoing there is; one that failed is run again.
        """
