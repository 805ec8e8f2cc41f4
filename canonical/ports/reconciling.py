"""Reconciliation: do two systems hold the same, and what was done about it where they do not?

A reconciliation has one part for each kind of thing and pair of systems. A part that cannot be looked at, since a
system does not answer, is parked with the reason; the other parts go on.
"""

from typing import Annotated, Literal, Protocol

import msgspec

from canonical.base import Value
from canonical.classes import FREE_TEXT, PII, PUBLIC
from canonical.dates import Instant
from canonical.events import OutcomeDrifted
from canonical.faults import Invalid, NotFound
from canonical.ports.operation import Page, operation

ReconciledObject = Literal["customer", "contact", "project", "outcome"]
"""`contact`: people at customers; `outcome`: what a finished run had brought about, read again in every system."""
DifferenceKind = Literal["field", "missing_reference", "orphan", "gone", "duplicate", "merged", "drift", "unread"]
DifferenceOutcome = Literal["healed", "case", "open"]
"""`open`: nothing was done, since it was only looked."""
PartState = Literal["waiting", "agrees", "differs", "parked", "not_applicable"]
Entity = Annotated[str, PUBLIC, msgspec.Meta(min_length=1, max_length=40, examples=["ACME-DE"])]


class StartReconciliation(Value, frozen=True, kw_only=True):
    """What shall be compared."""

    objects: Annotated[list[ReconciledObject], PUBLIC, msgspec.Meta(max_length=4, examples=[["customer"]])] = []
    """Kinds of things; none said: all."""
    legal_entities: Annotated[list[Entity], msgspec.Meta(max_length=50)] = []
    """Of these legal entities only; none said: of all."""
    heal: Annotated[bool, PUBLIC] = True
    """Differences are mended where ownership says how, and are cases where it does not. False: only look and tell."""


class SideOfPart(Value, frozen=True, kw_only=True):
    """One system of a pair."""

    system: Annotated[str, PUBLIC, msgspec.Meta(examples=["salesforce"])]
    count: Annotated[int, PUBLIC] = 0
    """Records it holds, of the legal entities that are compared."""
    checksum: Annotated[str, PUBLIC] = ""
    """Over what its records say of the compared fields, in any order."""
    expected: Annotated[str, PUBLIC] = ""
    """What the checksum is when nothing differs: of customers and people over what each had last agreed to, of projects
    and outcomes over what the other system says."""


class PartOfReconciliation(Value, frozen=True, kw_only=True):
    """One kind of thing in one pair of systems."""

    number: Annotated[int, PUBLIC]
    object: Annotated[ReconciledObject, PUBLIC]
    legal_entities: Annotated[list[str], PUBLIC] = []
    left: SideOfPart
    right: SideOfPart
    matched: Annotated[int, PUBLIC] = 0
    """Things that are in both."""
    state: Annotated[PartState, PUBLIC] = "waiting"
    reason: Annotated[str, PUBLIC] = ""
    """Why it is parked, or does not apply."""
    healed: Annotated[int, PUBLIC] = 0
    cases: Annotated[int, PUBLIC] = 0
    open: Annotated[int, PUBLIC] = 0


class Reconciliation(Value, frozen=True, kw_only=True):
    """One reconciliation, with what is known of it so far."""

    id: Annotated[str, PUBLIC, msgspec.Meta(examples=["01M8HCKY792KWYGWF045NK5TBW"])]
    state: Annotated[Literal["running", "done"], PUBLIC]
    trigger: Annotated[Literal["asked", "nightly"], PUBLIC] = "asked"
    heal: Annotated[bool, PUBLIC] = True
    clean: Annotated[bool, PUBLIC] = False
    """Everything was looked at, and nothing differs."""
    started_at: Annotated[Instant, PUBLIC, msgspec.Meta(examples=["2027-01-04T09:30:00Z"])]
    ended_at: Annotated[Instant | None, PUBLIC] = None
    status: Annotated[str, PUBLIC, msgspec.Meta(examples=["/reconcile/v1/reconciliations/01M8HCKY792KWYGWF045NK5TBW"])]
    """Where this is read again, on the same server."""
    parts: list[PartOfReconciliation] = []


class FieldDifference(Value, frozen=True, kw_only=True):
    """One field that is not the same."""

    field: Annotated[str, PUBLIC, msgspec.Meta(examples=["legal_name"])]
    values: Annotated[dict[str, str], PII]
    """By record or system, as they were found."""


class Difference(Value, frozen=True, kw_only=True):
    """Something that was not as it must be."""

    number: Annotated[int, PUBLIC]
    part: Annotated[int, PUBLIC]
    object: Annotated[ReconciledObject, PUBLIC]
    kind: Annotated[DifferenceKind, PUBLIC]
    key: Annotated[str, PUBLIC] = ""
    """What we call the thing: its canonical id, or its business key."""
    left_id: Annotated[str, PUBLIC] = ""
    right_id: Annotated[str, PUBLIC] = ""
    fields: list[FieldDifference] = []
    outcome: Annotated[DifferenceOutcome, PUBLIC]
    detail: Annotated[str, FREE_TEXT] = ""
    run_id: Annotated[str, PUBLIC] = ""
    """Under what its case stands."""


class Reconciliations(Protocol):
    """Do the systems hold the same?"""

    @operation(
        "POST", "/reconciliations", status=202, raises=(Invalid,), follow="reconciliation", tells=(OutcomeDrifted,)
    )
    async def start_reconciliation(self, data: StartReconciliation) -> Reconciliation:
        """Compare, after those that are under way. The answer says under what address it is watched.

        The same question while it is being answered is the same reconciliation. `Invalid` for a legal entity nobody is
        bound to.
        """

    @operation("GET", "/reconciliations", raises=(Invalid,))
    async def reconciliations(self, limit: int = 50, cursor: str = "") -> Page[Reconciliation]:
        """Reconciliations, newest first."""

    @operation("GET", "/reconciliations/{reconciliation_id}", raises=(NotFound,))
    async def reconciliation(self, reconciliation_id: str) -> Reconciliation:
        """One of them, with its parts."""

    @operation("GET", "/reconciliations/{reconciliation_id}/differences", raises=(NotFound, Invalid))
    async def differences(
        self,
        reconciliation_id: str,
        kind: DifferenceKind | None = None,
        outcome: DifferenceOutcome | None = None,
        limit: int = 50,
        cursor: str = "",
    ) -> Page[Difference]:
        """What was not the same, in the order in which it was found."""
