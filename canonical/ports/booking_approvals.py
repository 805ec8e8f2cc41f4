"""What a hard booking may wait for, and who has decided what: the words of `staffing` for its approvals.

Some rules of staffing only hold: their approver may except one person on one demand, up to a day and, where the rule
has a figure, up to a figure. What is excepted goes along when the demand moves, as far as the day and the figure reach.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from canonical.base import Value
from canonical.classes import FINANCIAL, FREE_TEXT, PII, PUBLIC
from canonical.dates import Instant
from canonical.money import Money

Rule = Annotated[str, PUBLIC, msgspec.Meta(min_length=1, max_length=40, examples=["overbooking"])]
Why = Annotated[
    str,
    FREE_TEXT,
    msgspec.Meta(min_length=1, max_length=500, examples=["The client pays for two Saturdays."]),
]


class Hold(Value, frozen=True, kw_only=True):
    """A rule that holds a hard booking until its approver has decided."""

    rule: Rule
    detail: Annotated[str, FREE_TEXT, msgspec.Meta(examples=["Booked beyond what there is on 2027-01-04."])]
    owner: Annotated[str, PUBLIC, msgspec.Meta(examples=["Resource management"])]
    """Who can mend it."""
    approver: Annotated[str, PUBLIC, msgspec.Meta(examples=["Resource management"])]
    """Who may except it."""


class Waiting(Value, frozen=True, kw_only=True):
    """A hard booking that was asked for and waits. It holds nobody meanwhile."""

    since: Annotated[Instant, PUBLIC, msgspec.Meta(examples=["2027-01-04T09:30:00Z"])]
    asked_by: Annotated[str, PII, msgspec.Meta(examples=["priya@acme.example"])]
    """Who asked for it; the same person excepts nothing of it."""
    holds: list[Hold]


class UpTo(Value, frozen=True, kw_only=True):
    """How far an exception goes. A figure that is left out is no bound."""

    overbooking_percent: Annotated[Decimal | None, PUBLIC, msgspec.Meta(examples=["25"])] = None
    """By how much a day may be booked beyond its hours; of `overbooking`."""
    rate: Annotated[Money | None, FINANCIAL] = None
    """The lowest bill rate for an hour; of `rate_floor`."""
    weeks: Annotated[Annotated[int, msgspec.Meta(ge=1, le=520)] | None, PUBLIC] = None
    """Weeks on end; of `consecutive_weeks`."""

    def __post_init__(self) -> None:
        percent = self.overbooking_percent
        if percent is not None and not (percent.is_finite() and 0 <= percent <= 100):
            raise ValueError("overbooking_percent is from 0 to 100")


class ApproveException(Value, frozen=True, kw_only=True):
    """What is excepted, why, and how far."""

    rules: Annotated[list[Rule], msgspec.Meta(min_length=1, max_length=20)]
    """Of those the booking waits for."""
    why: Why
    until: Annotated[date | None, PUBLIC, msgspec.Meta(examples=["2027-03-31"])] = None
    """The last day that may be booked under it; none said: the booking's own last day."""
    up_to: UpTo = UpTo()


class RefuseBooking(Value, frozen=True, kw_only=True):
    """Why a person is not booked."""

    why: Why


class BookingDecision(Value, frozen=True, kw_only=True):
    """What somebody has decided about one person on one demand."""

    decision: Annotated[Literal["agreed", "excepted", "refused"], PUBLIC]
    """`agreed`: to the proposal. `excepted`: rules that hold. `refused`: the person is not booked."""
    by: Annotated[str, PII, msgspec.Meta(examples=["dana@acme.example"])]
    at: Annotated[Instant, PUBLIC, msgspec.Meta(examples=["2027-01-04T09:30:00Z"])]
    booking_id: Annotated[str, PUBLIC, msgspec.Meta(examples=["bk:E1042:2027-01-04:2027-03-31:dem:PRJ-10001-lead:001"])]
    """The booking as it stood then."""
    rules: list[Rule] = []
    why: Annotated[str, FREE_TEXT] = ""
    until: Annotated[date | None, PUBLIC] = None
    up_to: UpTo = UpTo()
