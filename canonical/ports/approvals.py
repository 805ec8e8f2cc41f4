"""Approvals: what a guard only holds, and its approver lets pass as it is, for a reason and until a day."""

from datetime import date
from typing import Annotated, Final, Literal, Protocol

import msgspec

from canonical.base import Value
from canonical.classes import FREE_TEXT, PII, PUBLIC
from canonical.dates import Instant
from canonical.faults import Conflict, Forbidden, Invalid, NotFound
from canonical.ports.operation import operation

ApprovalState = Literal["asked", "approved", "ended", "superseded"]
"""`asked`: it waits for its approver. `approved`: it is in force. `ended`: its day is over. `superseded`: the same rule
was asked about again, at other terms."""
_DIGEST: Final = "9f2c1e07a4b85d36"


class Approval(Value, frozen=True, kw_only=True):
    """What was asked of an approver, and what they said. It holds for these terms and no others."""

    rule: Annotated[str, PUBLIC, msgspec.Meta(examples=["discount_authority"])]
    """The guard's id."""
    approver: Annotated[str, PUBLIC, msgspec.Meta(examples=["Deal desk"])]
    """Whose decision it is."""
    state: Annotated[ApprovalState, PUBLIC]
    evidence: Annotated[str, FREE_TEXT, msgspec.Meta(examples=["The margin is 8.0 %, below 10.0 %."])]
    """What the guard found."""
    terms: Annotated[
        dict[str, str], PUBLIC, msgspec.Meta(examples=[{"revision": "2", "total": "98500.00 EUR", "margin": "8.00 %"}])
    ]
    """What it is about, by name. Where one of them says something else later, it has to be asked again."""
    digest: Annotated[str, PUBLIC, msgspec.Meta(examples=[_DIGEST])]
    """Of the terms: whoever approves says by it which they have seen."""
    asked_at: Annotated[Instant, PUBLIC, msgspec.Meta(examples=["2027-01-04T09:30:00Z"])]
    approved_by: Annotated[str, PII] = ""
    """The person; empty until somebody has."""
    approved_at: Annotated[Instant | None, PUBLIC] = None
    reason: Annotated[str, FREE_TEXT] = ""
    until: Annotated[date | None, PUBLIC] = None
    """The last day on which it counts, by the calendar of the legal entity."""


class Approve(Value, frozen=True, kw_only=True):
    """Let pass what a guard holds."""

    digest: Annotated[str, PUBLIC, msgspec.Meta(min_length=1, max_length=64, examples=[_DIGEST])]
    """Of the terms that are approved, as they were shown."""
    reason: Annotated[
        str, FREE_TEXT, msgspec.Meta(min_length=1, max_length=2000, examples=["First order of a customer for years."])
    ]
    until: Annotated[date, PUBLIC, msgspec.Meta(examples=["2027-01-31"])]
    """The last day on which it counts: today or later, and at most 90 days from now."""


class Approvals(Protocol):
    """What approvers decide on a case."""

    @operation("POST", "/cases/{case_id}/approvals/{rule}", raises=(NotFound, Conflict, Forbidden, Invalid))
    async def approve_case(self, case_id: str, rule: str, data: Approve) -> Approval:
        """Let pass what this guard holds, for the terms that were shown; once nothing is left, the run begins again.

        The same once more answers what there is. `NotFound` where the case does not wait for this rule's approver;
        `Conflict` where the terms are others by now, or somebody else has approved them; `Forbidden` for whoever had
        the run started: nobody approves what they asked for.
        """
