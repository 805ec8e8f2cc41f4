"""Staffing: who works on what. A request for somebody, the people who could, and their bookings.

    ask -> match -> propose -> approve -> confirm -> the PSA is told and read back -> release, or move on change
                                             -> or wait -> except, or refuse

A proposed booking holds nobody. A confirmed one does: two of them never hold the same hours of one person, whoever asks
at once. One that a rule holds waits, with a case that names who may except it. Telling the PSA takes as long as it
takes: such an answer is a 202, the booking says how far it is, and `booking.confirmed` or `booking.released` is told at
the end.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Protocol

import msgspec

from canonical.base import Value
from canonical.classes import FINANCIAL, PII, PUBLIC
from canonical.events import (
    FROM_A_BOOKING,
    BookingProposed,
    BookingReleased,
    DemandCancelled,
    DemandChanged,
    DemandCreated,
)
from canonical.faults import Conflict, FieldError, Forbidden, GuardsFailed, Invalid, NotFound
from canonical.money import Money
from canonical.ports.booking_approvals import ApproveException, BookingDecision, RefuseBooking, Waiting
from canonical.ports.operation import Page, operation

Key = Annotated[str, PUBLIC, msgspec.Meta(min_length=1, max_length=50, pattern="^[A-Za-z0-9_.-]+$", examples=["E1042"])]
Text = Annotated[str, PUBLIC, msgspec.Meta(max_length=200)]
Weekly = Annotated[
    list[Annotated[Decimal, PUBLIC]],
    msgspec.Meta(min_length=7, max_length=7, examples=[["8", "8", "8", "8", "8", "0", "0"]]),
]
Unit = Literal["hours", "percentage", "fte"]
BookingState = Literal["proposed", "approved", "confirmed", "released"]


def _within(name: str, value: Decimal, least: int, most: int) -> None:
    """`ValueError` for a number that is not between the two; a schema says bounds of integers only."""
    if not (value.is_finite() and least <= value <= most):
        raise ValueError(f"{name} is from {least} to {most}")


class Skill(Value, frozen=True, kw_only=True):
    """A skill and its level, from 1 to 5."""

    code: Annotated[str, PUBLIC, msgspec.Meta(min_length=1, max_length=60, examples=["snowflake"])]
    level: Annotated[int, PUBLIC, msgspec.Meta(ge=1, le=5)] = 1
    certified_until: Annotated[date | None, PUBLIC] = None


class Calendar(Value, frozen=True, kw_only=True):
    """The working week of one person from a day on."""

    since: Annotated[date, PUBLIC]
    weekly: Weekly
    """Hours of Monday to Sunday. A week that begins on Sunday is one whose Friday and Saturday are 0."""
    holidays: Annotated[list[date], PUBLIC, msgspec.Meta(max_length=200)] = []

    def __post_init__(self) -> None:
        for hours in self.weekly:
            _within("an hour of a day", hours, 0, 24)


class Leave(Value, frozen=True, kw_only=True):
    """Whole days away, approved."""

    start: Annotated[date, PUBLIC]
    end: Annotated[date, PUBLIC]


class WorkPermit(Value, frozen=True, kw_only=True):
    """The right to work in a country."""

    country: Annotated[str, PUBLIC, msgspec.Meta(pattern="^[A-Z]{2}$", examples=["US"])]
    until: Annotated[date | None, PUBLIC] = None


class Staff(Value, frozen=True, kw_only=True):
    """A person as staffing needs to know them. Owner: HR; skills: the PSA."""

    email: Annotated[str, PII, msgspec.Meta(max_length=120, examples=["meera.nair@acme.example"])]
    name: Annotated[str, PII, msgspec.Meta(max_length=120, examples=["Meera Nair"])]
    legal_entity: Annotated[str, PUBLIC, msgspec.Meta(max_length=40, examples=["ACME-US"])]
    kind: Annotated[Literal["employee", "contractor"], PUBLIC] = "employee"
    role: Text = ""
    grade: Annotated[str, PUBLIC, msgspec.Meta(max_length=40)] = ""
    location: Annotated[str, PUBLIC, msgspec.Meta(max_length=80)] = ""
    skills: Annotated[list[Skill], msgspec.Meta(max_length=200)] = []
    calendars: Annotated[list[Calendar], msgspec.Meta(min_length=1, max_length=20)]
    leave: Annotated[list[Leave], msgspec.Meta(max_length=200)] = []
    permits: Annotated[list[WorkPermit], msgspec.Meta(max_length=50)] = []
    walls: Annotated[list[Annotated[str, PUBLIC, msgspec.Meta(max_length=80)]], msgspec.Meta(max_length=200)] = []
    """Customers this person must not work for."""
    cost_rate: Annotated[Money | None, FINANCIAL] = None
    """For an hour."""
    last_day: Annotated[date | None, PUBLIC] = None
    """Of the employment, or of the contractor's purchase order."""


class Effort(Value, frozen=True, kw_only=True):
    """How much: hours in all, per cent of the person's own hours, or full-time equivalents of the firm's week."""

    amount: Annotated[Decimal, PUBLIC]
    unit: Annotated[Unit, PUBLIC] = "hours"

    def __post_init__(self) -> None:
        _within("an effort", self.amount, 0, 100_000)
        if not self.amount:
            raise ValueError("an effort is more than nothing")


class AskFor(Value, frozen=True, kw_only=True):
    """Somebody is needed: from a deal that is probable, or on a project."""

    task_role: Annotated[
        str, PUBLIC, msgspec.Meta(min_length=1, max_length=50, pattern="^[A-Za-z0-9_.-]+$", examples=["lead"])
    ]
    """What of the project, and as what: with a number behind it, it is the demand's key."""
    role: Annotated[str, PUBLIC, msgspec.Meta(min_length=1, max_length=120, examples=["Delivery Lead"])]
    legal_entity: Annotated[str, PUBLIC, msgspec.Meta(min_length=1, max_length=40, examples=["ACME-US"])]
    """Whose project it is."""
    customer: Annotated[str, PUBLIC, msgspec.Meta(max_length=80)] = ""
    deal_id: Annotated[str, PUBLIC, msgspec.Meta(max_length=80)] = ""
    probability: Annotated[Decimal, PUBLIC] = Decimal(1)
    """Of the deal; on a project it is 1."""
    project_id: Annotated[str, PUBLIC, msgspec.Meta(max_length=80, examples=["PRJ-10001"])] = ""
    """The project's code, or what the PSA calls it, which is what is kept; empty while there is none: the PSA is then
    not told."""
    placeholder: Annotated[str, PUBLIC, msgspec.Meta(max_length=160)] = ""
    """Our key of the PSA's request for nobody in particular, which a booking takes the place of."""
    start: Annotated[date, PUBLIC]
    end: Annotated[date, PUBLIC]
    effort: Effort
    skills: Annotated[list[Skill], msgspec.Meta(max_length=50)] = []
    grade: Annotated[str, PUBLIC, msgspec.Meta(max_length=40)] = ""
    location: Annotated[str, PUBLIC, msgspec.Meta(max_length=80)] = ""
    country: Annotated[str, PUBLIC, msgspec.Meta(pattern="^([A-Z]{2})?$")] = ""
    """Where the work is done."""
    bill_rate: Annotated[Money | None, FINANCIAL] = None
    """For an hour."""
    notes: Annotated[str, PII, msgspec.Meta(max_length=2000)] = ""

    def __post_init__(self) -> None:
        _within("a probability", self.probability, 0, 1)


class Demand(Value, frozen=True, kw_only=True):
    """A request for somebody, and what has become of it."""

    id: Annotated[str, PUBLIC, msgspec.Meta(examples=["dem:PRJ-10001-lead:001"])]
    status: Annotated[Literal["open", "filled", "cancelled"], PUBLIC] = "open"
    version: Annotated[int, PUBLIC] = 1
    asked: AskFor


class Candidate(Value, frozen=True, kw_only=True):
    """A person, and why they fit or do not."""

    person_id: Key
    fits: Annotated[bool, PUBLIC]
    reasons: Annotated[list[str], PUBLIC, msgspec.Meta(examples=[["Has snowflake 3; 480 of 480 h are free."]])]
    """What speaks for them; where they do not fit, what is against it."""
    hours: Annotated[Decimal, PUBLIC]
    """What is asked of this person, by their own calendar."""
    free_hours: Annotated[Decimal, PUBLIC]
    """What of their calendar nobody holds."""
    score: Annotated[int, PUBLIC] = 0
    margin: Annotated[Money | None, FINANCIAL] = None
    """Bill rate less cost rate, for an hour."""


class Propose(Value, frozen=True, kw_only=True):
    """Who shall do it."""

    person_id: Key
    notes: Annotated[str, PII, msgspec.Meta(max_length=2000)] = ""


class Day(Value, frozen=True, kw_only=True):
    """The hours of one day."""

    on: Annotated[date, PUBLIC]
    hours: Annotated[Decimal, PUBLIC]


class StaffBooking(Value, frozen=True, kw_only=True):
    """One person on one demand."""

    id: Annotated[str, PUBLIC, msgspec.Meta(examples=["bk:E1042:2027-01-04:2027-03-31:dem:PRJ-10001-lead:001"])]
    demand_id: Annotated[str, PUBLIC, msgspec.Meta(examples=["dem:PRJ-10001-lead:001"])]
    person_id: Key
    start: Annotated[date, PUBLIC]
    end: Annotated[date, PUBLIC]
    hours: Annotated[Decimal, PUBLIC]
    state: Annotated[BookingState, PUBLIC] = "proposed"
    psa: Annotated[Literal["untold", "telling", "agrees"], PUBLIC] = "untold"
    """Whether the PSA says the same; `agrees` once it was read back."""
    run_id: Annotated[str, PUBLIC] = ""
    """The run that tells it."""
    warnings: list[FieldError] = []
    """Rules that only warn, and what has come in the way of a confirmed booking since."""
    notice_cost: Annotated[Money | None, FINANCIAL] = None
    """What it costs to let this person go early; of a released booking."""
    waiting: Waiting | None = None
    """What its hard booking waits for; None where it does not."""
    notes: Annotated[str, PII] = ""
    version: Annotated[int, PUBLIC] = 1


class StaffBookingDetail(Value, frozen=True, kw_only=True):
    """A booking day by day."""

    booking: StaffBooking
    days: list[Day] = []
    decisions: list[BookingDecision] = []
    """About this person on this demand, oldest first."""


class Move(Value, frozen=True, kw_only=True):
    """A demand's other dates, or another effort."""

    start: Annotated[date | None, PUBLIC] = None
    end: Annotated[date | None, PUBLIC] = None
    effort: Effort | None = None


class Ripple(Value, frozen=True, kw_only=True):
    """What a change has brought about."""

    moved: list[StaffBooking] = []
    """Bookings that went along."""
    at_risk: list[StaffBooking] = []
    """Confirmed bookings that could not; they stand as they were, with their reasons, until somebody decides."""
    released: list[StaffBooking] = []


class StaffRules(Value, frozen=True, kw_only=True):
    """The guards' data for one legal entity."""

    overbooking_percent: Annotated[Decimal, PUBLIC] = Decimal(0)
    """By how much a day may be booked beyond its hours."""
    rate_floor: Annotated[dict[str, Money], FINANCIAL] = {}
    """The lowest bill rate for an hour, by grade; under the empty name, of any other."""
    lends_to: Annotated[list[str], PUBLIC, msgspec.Meta(max_length=200, examples=[["ACME-DE"]])] = []
    """Legal entities this one has an agreement to lend people to."""
    most_weeks: Annotated[int, PUBLIC, msgspec.Meta(ge=1, le=520)] = 52
    """Weeks on end that one person may be booked."""
    notice_days: Annotated[int, PUBLIC, msgspec.Meta(ge=0, le=365)] = 14
    """Calendar days within which a confirmed booking that is cancelled must be paid for."""
    full_time: Annotated[Decimal, PUBLIC] = Decimal(40)
    """Hours of a full-time week, for full-time equivalents."""
    soft_from: Annotated[Decimal, PUBLIC] = Decimal("0.5")
    """From which probability of a deal people may be asked for."""
    skill_names: Annotated[dict[str, list[str]], PUBLIC] = {}
    """One skill under several names: the first is ours."""
    only_warn: Annotated[list[str], PUBLIC, msgspec.Meta(max_length=20, examples=[["consecutive_weeks"]])] = []
    """Guards that warn instead of refusing."""
    approvers: Annotated[
        dict[str, list[Annotated[str, PII]]],
        msgspec.Meta(examples=[{"Resource management": ["dana@acme.example"]}]),
    ] = {}
    """Who may except what a guard holds, by the approver it names; of one that is not here, whoever may ask for it."""

    def __post_init__(self) -> None:
        _within("a tolerance", self.overbooking_percent, 0, 100)
        _within("a probability", self.soft_from, 0, 1)
        _within("a full-time week", self.full_time, 1, 80)


class Staffing(Protocol):
    """People, demands and bookings."""

    @operation("GET", "/rules/{legal_entity}")
    async def staff_rules(self, legal_entity: str) -> StaffRules:
        """The guards' data of a legal entity; the defaults where nobody has said otherwise."""

    @operation("PUT", "/rules/{legal_entity}", raises=(Invalid,))
    async def set_staff_rules(self, legal_entity: str, data: StaffRules) -> StaffRules:
        """Say it. Bookings that stand are not judged anew."""

    @operation("GET", "/people/{person_id}", raises=(NotFound,))
    async def person(self, person_id: Key) -> Staff:
        """One person."""

    @operation("PUT", "/people/{person_id}", raises=(Invalid,))
    async def put_person(self, person_id: Key, data: Staff) -> Ripple:
        """What HR says of a person now, in full; idempotent. Confirmed bookings it comes in the way of are told."""

    @operation("POST", "/demands", status=201, raises=(Invalid, Conflict), tells=(DemandCreated,))
    async def ask_for_somebody(self, data: AskFor) -> Demand:
        """Ask for somebody. `Conflict` for a deal that is not probable enough."""

    @operation("GET", "/demands/{demand_id}", raises=(NotFound,))
    async def demand(self, demand_id: str) -> Demand:
        """One demand."""

    @operation("GET", "/demands")
    async def demands(self, project_id: str = "", limit: int = 50, cursor: str = "") -> Page[Demand]:
        """Demands, in the order of their keys; of one project, by its code or the PSA's id, where it is named."""

    @operation("GET", "/demands/{demand_id}/candidates", raises=(NotFound, Conflict))
    async def candidates(self, demand_id: str) -> list[Candidate]:
        """Everybody, who fits best first; each with reasons. `Conflict` where no skill of that name is known."""

    @operation(
        "POST",
        "/demands/{demand_id}/bookings",
        status=201,
        raises=(NotFound, Invalid, Conflict),
        tells=(BookingProposed,),
    )
    async def propose(self, demand_id: str, data: Propose) -> StaffBooking:
        """Propose a person. It holds nobody; proposing the same again answers with what there is."""

    @operation(
        "POST",
        "/demands/{demand_id}/move",
        status=202,
        raises=(NotFound, Invalid, Conflict),
        follow="demand",
        tells=(DemandChanged, *FROM_A_BOOKING),
    )
    async def move_demand(self, demand_id: str, data: Move) -> Ripple:
        """The project slips, or needs more or less: bookings go along where their guards let them."""

    @operation(
        "POST",
        "/demands/{demand_id}/cancel",
        status=202,
        raises=(NotFound, Conflict),
        follow="demand",
        tells=(DemandCancelled, *FROM_A_BOOKING),
    )
    async def cancel_demand(self, demand_id: str) -> Ripple:
        """Nobody is needed any more. Days somebody has worked already stay booked."""

    @operation("GET", "/bookings/{booking_id}", raises=(NotFound,))
    async def booking(self, booking_id: str) -> StaffBookingDetail:
        """One booking, day by day."""

    @operation("GET", "/bookings")
    async def bookings(self, person_id: str = "", limit: int = 50, cursor: str = "") -> Page[StaffBooking]:
        """Bookings, in the order of their keys; of one person, where they are named."""

    @operation("POST", "/bookings/{booking_id}/approve", raises=(NotFound, Conflict))
    async def approve_booking(self, booking_id: str) -> StaffBooking:
        """Whoever answers for the person agrees."""

    @operation(
        "POST",
        "/bookings/{booking_id}/confirm",
        status=202,
        raises=(NotFound, Conflict, GuardsFailed),
        follow="booking",
        tells=FROM_A_BOOKING,
    )
    async def confirm_booking(self, booking_id: str) -> StaffBooking:
        """Hold the person. `GuardsFailed` names every rule that refuses, and nothing is held.

        Where rules only hold, it is `waiting`: a case names whoever may except them. Asked again it is judged anew.
        """

    @operation(
        "POST",
        "/bookings/{booking_id}/exceptions",
        status=202,
        raises=(NotFound, Invalid, Conflict, Forbidden, GuardsFailed),
        follow="booking",
        tells=FROM_A_BOOKING,
    )
    async def approve_exception(self, booking_id: str, data: ApproveException) -> StaffBooking:
        """Except rules that a hard booking waits for; once it waits for none, the person is held.

        `Forbidden` for whoever asked for it, and for whoever `StaffRules.approvers` does not name.
        """

    @operation("POST", "/bookings/{booking_id}/refuse", raises=(NotFound, Invalid, Conflict), tells=(BookingReleased,))
    async def refuse_booking(self, booking_id: str, data: RefuseBooking) -> StaffBooking:
        """The person is not booked: the soft booking is let go, and exceptions made so far are over."""

    @operation(
        "POST",
        "/bookings/{booking_id}/release",
        status=202,
        raises=(NotFound, Conflict),
        follow="booking",
        tells=FROM_A_BOOKING,
    )
    async def release_booking(self, booking_id: str) -> StaffBooking:
        """Let the person go; of a confirmed booking the answer states what its notice costs."""
