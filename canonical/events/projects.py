"""Events of deals, their projects, and the people who work on them."""

from typing import Annotated, ClassVar, Final

import msgspec

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.dates import Instant
from canonical.events.base import Event


class ProjectRequested(Event, frozen=True, kw_only=True):
    """A deal was won, and its run has begun."""

    kind: ClassVar[str] = "project.requested"
    opportunity_id: Annotated[str, PUBLIC, msgspec.Meta(examples=["006Tg0000000001IAA"])]
    """The deal, as its CRM calls it."""


class ProjectValidated(Event, frozen=True, kw_only=True):
    """All guards hold; nothing has been written yet."""

    kind: ClassVar[str] = "project.validated"
    guards: Annotated[str, PUBLIC, msgspec.Meta(examples=["11 passed, 3 not applicable"])]
    """What was checked."""


class ProjectRefused(Event, frozen=True, kw_only=True):
    """A guard said no before anything was written; a case waits for a person."""

    kind: ClassVar[str] = "project.refused"
    reason: Annotated[str, PUBLIC, msgspec.Meta(examples=["guards_failed"])]
    step: Annotated[str, PUBLIC, msgspec.Meta(examples=["3"])]
    """The step it stopped at."""


class ProjectCreated(Event, frozen=True, kw_only=True):
    """The project exists in the ERP, not active yet."""

    kind: ClassVar[str] = "project.created"
    project_code: Annotated[str, PUBLIC, msgspec.Meta(examples=["PRJ-10001"])]


class ProjectActivated(Event, frozen=True, kw_only=True):
    """The project is open for work in the ERP and the PSA. From here on it only goes forward."""

    kind: ClassVar[str] = "project.activated"
    project_code: Annotated[str, PUBLIC, msgspec.Meta(examples=["PRJ-10001"])]


class ProjectActivationFailed(Event, frozen=True, kw_only=True):
    """The run stopped for a reason that needs somebody; a case says what to do."""

    kind: ClassVar[str] = "project.activation_failed"
    reason: Annotated[str, PUBLIC, msgspec.Meta(examples=["vendor_down"])]
    step: Annotated[str, PUBLIC, msgspec.Meta(examples=["9"])]
    """The step it stopped at."""


class ResourceDemandCreated(Event, frozen=True, kw_only=True):
    """The PSA was asked for people."""

    kind: ClassVar[str] = "resource.demand.created"
    role: Annotated[str, PUBLIC, msgspec.Meta(examples=["Delivery Lead"])]
    hours: Annotated[str, PUBLIC, msgspec.Meta(examples=["400"])]
    """How many, as a decimal number."""


class DealCommitted(Event, frozen=True, kw_only=True):
    """A deal is likely enough: its project is planned, people are asked for softly, its contract is reviewed."""

    kind: ClassVar[str] = "deal.committed"
    project_code: Annotated[str, PUBLIC, msgspec.Meta(examples=["PRJ-10001"])]
    """The code it will have when it is won."""
    probability: Annotated[str, PUBLIC, msgspec.Meta(examples=["0.9"])]
    hours: Annotated[str, PUBLIC, msgspec.Meta(examples=["1200"])]
    """How many are asked for, as a decimal number."""


class DealUncommitted(Event, frozen=True, kw_only=True):
    """A deal is lost, or not likely any more: what was prepared is taken back."""

    kind: ClassVar[str] = "deal.uncommitted"
    project_code: Annotated[str, PUBLIC, msgspec.Meta(examples=["PRJ-10001"])]


class ProjectSetupCompleted(Event, frozen=True, kw_only=True):
    """A project is set up in every system that was asked, and they were read back."""

    kind: ClassVar[str] = "project.setup.completed"
    project_code: Annotated[str, PUBLIC, msgspec.Meta(examples=["PRJ-10001"])]
    template: Annotated[str, PUBLIC, msgspec.Meta(examples=["delivery"])]
    template_version: Annotated[str, PUBLIC, msgspec.Meta(examples=["2026.1"])]


class ProjectOpenedForTime(Event, frozen=True, kw_only=True):
    """People may enter time on a project from now on."""

    kind: ClassVar[str] = "project.opened_for_time"
    project_code: Annotated[str, PUBLIC, msgspec.Meta(examples=["PRJ-10001"])]
    systems: Annotated[str, PUBLIC, msgspec.Meta(examples=["kantata, netsuite"])]
    """Where they may."""


class ProjectSetupFailed(Event, frozen=True, kw_only=True):
    """A project could not be set up, or not wholly; a case says what to do."""

    kind: ClassVar[str] = "project.setup.failed"
    project_code: Annotated[str, PUBLIC, msgspec.Meta(examples=["PRJ-10001"])]
    reason: Annotated[str, PUBLIC, msgspec.Meta(examples=["guards_failed"])]
    step: Annotated[str, PUBLIC, msgspec.Meta(examples=["3"])]
    """The step it stopped at."""


class ProjectAtRiskEnded(Event, frozen=True, kw_only=True):
    """Work on a deal goes on, nobody has signed, and the day is over until which that was approved; a case waits."""

    kind: ClassVar[str] = "project.at_risk_ended"
    project_code: Annotated[str, PUBLIC, msgspec.Meta(examples=["PRJ-10001"])]
    """Empty where none is reserved yet."""
    contract: Annotated[str, PUBLIC, msgspec.Meta(examples=["00000101"])]
    """Its number; empty where none is linked to the deal."""
    until: Annotated[str, PUBLIC, msgspec.Meta(examples=["2027-01-31"])]
    """The last day that was approved."""
    amount: Annotated[str, PUBLIC, msgspec.Meta(examples=["USD 120,000.00"])]
    """What the deal comes to."""
    cap: Annotated[str, PUBLIC, msgspec.Meta(examples=["USD 40,000.00"])]
    """What was approved at the most; empty where no sum was named."""


class DemandEvent(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """What every event of a demand says; its subject is the demand's key."""

    role: Annotated[str, PUBLIC, msgspec.Meta(examples=["Delivery Lead"])]
    start: Annotated[str, PUBLIC, msgspec.Meta(examples=["2027-01-04"])]
    end: Annotated[str, PUBLIC, msgspec.Meta(examples=["2027-03-31"])]
    effort: Annotated[str, PUBLIC, msgspec.Meta(examples=["400 hours"])]
    version: Annotated[int, PUBLIC, msgspec.Meta(examples=[1])]


class DemandCreated(DemandEvent, Event, frozen=True, kw_only=True):
    """Somebody is needed, from a probable deal or on a project."""

    kind: ClassVar[str] = "demand.created"


class DemandChanged(DemandEvent, Event, frozen=True, kw_only=True):
    """Other dates, or another effort."""

    kind: ClassVar[str] = "demand.changed"


class DemandCancelled(DemandEvent, Event, frozen=True, kw_only=True):
    """Nobody is needed any more."""

    kind: ClassVar[str] = "demand.cancelled"


class BookingEvent(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """What every event of a booking says; its subject is the booking's key."""

    demand: Annotated[str, PUBLIC, msgspec.Meta(examples=["dem:PRJ-10001-lead:001"])]
    person: Annotated[str, PUBLIC, msgspec.Meta(examples=["E1042"])]
    start: Annotated[str, PUBLIC, msgspec.Meta(examples=["2027-01-04"])]
    end: Annotated[str, PUBLIC, msgspec.Meta(examples=["2027-03-31"])]
    hours: Annotated[str, PUBLIC, msgspec.Meta(examples=["400"])]
    version: Annotated[int, PUBLIC, msgspec.Meta(examples=[1])]


class BookingProposed(BookingEvent, Event, frozen=True, kw_only=True):
    """A person is proposed; nobody is held by it."""

    kind: ClassVar[str] = "booking.proposed"


class BookingConfirmed(BookingEvent, Event, frozen=True, kw_only=True):
    """A person is held, and the PSA, where one is bound and has the project, says the same."""

    kind: ClassVar[str] = "booking.confirmed"


class BookingReleased(BookingEvent, Event, frozen=True, kw_only=True):
    """A person is let go, or proposed no more; the PSA, where it had them, says the same."""

    kind: ClassVar[str] = "booking.released"


class UtilisationChanged(Event, frozen=True, kw_only=True):
    """How much of a person's hours is held has changed; its subject is the booking that changed it."""

    kind: ClassVar[str] = "utilisation.changed"
    person: Annotated[str, PUBLIC, msgspec.Meta(examples=["E1042"])]
    start: Annotated[str, PUBLIC, msgspec.Meta(examples=["2027-01-04"])]
    end: Annotated[str, PUBLIC, msgspec.Meta(examples=["2027-03-31"])]
    booked_hours: Annotated[str, PUBLIC, msgspec.Meta(examples=["400"])]
    """Held between those days, by all bookings together."""
    capacity_hours: Annotated[str, PUBLIC, msgspec.Meta(examples=["480"])]
    version: Annotated[int, PUBLIC, msgspec.Meta(examples=[1])]
    """Of the booking."""


class OutcomeDrifted(Event, frozen=True, kw_only=True):
    """What a finished run had brought about is not so any more: its systems were read again, and do not agree."""

    kind: ClassVar[str] = "outcome.drifted"
    run_id: Annotated[str, PUBLIC, msgspec.Meta(examples=["o2p:salesforce:006Tg0000000001IAA:1"])]
    project_code: Annotated[str, PUBLIC, msgspec.Meta(examples=["PRJ-10001"])]
    fields: Annotated[str, PUBLIC, msgspec.Meta(examples=["status, billed in all"])]
    """What differs; the case says how."""
    found_at: Annotated[Instant, PUBLIC, msgspec.Meta(examples=["2027-01-04T02:00:00Z"])]


FROM_A_DEAL: Final[tuple[type[Event], ...]] = (
    ProjectRequested,
    ProjectValidated,
    ProjectRefused,
    ProjectCreated,
    ResourceDemandCreated,
    ProjectActivated,
    ProjectActivationFailed,
)
"""What the run of a won deal may tell."""
FROM_A_SETUP: Final[tuple[type[Event], ...]] = (ProjectSetupCompleted, ProjectOpenedForTime, ProjectSetupFailed)
"""What the run of a project's setup may tell."""
FROM_A_BOOKING: Final[tuple[type[Event], ...]] = (BookingConfirmed, BookingReleased, UtilisationChanged)
"""What is told once the PSA says the same as a booking."""
