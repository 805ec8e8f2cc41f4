"""Events for whoever subscribes: told to an address, signed, in order, again until they are taken."""

from typing import Annotated, Literal, Protocol

import msgspec

from canonical.base import Value
from canonical.classes import FREE_TEXT, PUBLIC, SECRET
from canonical.dates import Instant
from canonical.events import EventEnvelope
from canonical.faults import Conflict, Invalid, NotFound
from canonical.ports.operation import Page, operation

EventType = Annotated[str, PUBLIC, msgspec.Meta(max_length=120, examples=["com.tiergate.project.activated.v1"])]
DeliveryState = Literal["due", "delivered", "parked"]


class Subscribe(Value, frozen=True, kw_only=True):
    """Which events shall be told, and where."""

    url: Annotated[
        str, PUBLIC, msgspec.Meta(min_length=8, max_length=500, examples=["https://hooks.partner.example/tiergate"])
    ]
    """Where they are posted. `https`, and an address of the public internet; a sandbox takes any."""
    types: Annotated[list[EventType], msgspec.Meta(max_length=50)] = []
    """Their types; none said: all."""
    legal_entities: Annotated[
        list[Annotated[str, PUBLIC, msgspec.Meta(max_length=40)]], msgspec.Meta(max_length=50)
    ] = []
    """Of these legal entities only; none said: of all."""


class Subscription(Value, frozen=True, kw_only=True):
    """A subscription of the caller's."""

    id: Annotated[str, PUBLIC, msgspec.Meta(examples=["sub_5f1e2d3c4b5a69788796a5b4"])]
    url: Annotated[str, PUBLIC, msgspec.Meta(examples=["https://hooks.partner.example/tiergate"])]
    types: list[EventType] = []
    legal_entities: Annotated[list[str], PUBLIC] = []
    state: Annotated[Literal["active", "gone"], PUBLIC] = "active"
    """`gone`: the receiver answered 410, and is told nothing any more."""
    created_at: Annotated[Instant, PUBLIC, msgspec.Meta(examples=["2027-01-04T09:30:00Z"])]
    secret: Annotated[str, SECRET] = ""
    """What deliveries are signed with (Standard Webhooks). Shown when it was made or renewed, never again."""
    waiting: Annotated[int, PUBLIC] = 0
    """Deliveries not taken yet."""
    parked: Annotated[int, PUBLIC] = 0
    """Deliveries given up; what follows for the same subject waits behind them."""


class EventDelivery(Value, frozen=True, kw_only=True):
    """One event on its way to one subscription."""

    number: Annotated[int, PUBLIC]
    event_id: Annotated[str, PUBLIC, msgspec.Meta(examples=["01M8HCKY792KWYGWF045NK5TBW"])]
    type: EventType
    subject: Annotated[str, PUBLIC, msgspec.Meta(examples=["salesforce:006Tg0000000001IAA"])]
    state: Annotated[DeliveryState, PUBLIC]
    attempts: Annotated[int, PUBLIC] = 0
    due_at: Annotated[Instant | None, PUBLIC] = None
    """When it is tried next."""
    last_status: Annotated[int, PUBLIC] = 0
    """What the receiver answered last; 0 where it did not answer."""
    last_detail: Annotated[str, FREE_TEXT] = ""


class Replay(Value, frozen=True, kw_only=True):
    """Which events shall be told once more, under their own ids."""

    subject: Annotated[str, PUBLIC, msgspec.Meta(max_length=160, examples=["salesforce:006Tg0000000001IAA"])] = ""
    """Of one business key."""
    since: Annotated[Instant | None, PUBLIC, msgspec.Meta(examples=["2027-01-04T09:30:00Z"])] = None
    until: Annotated[Instant | None, PUBLIC] = None
    dry_run: Annotated[bool, PUBLIC] = False
    """Only say which it would be."""


class Replayed(Value, frozen=True, kw_only=True):
    """What is told once more."""

    events: list[EventEnvelope] = []
    """The first two hundred of them."""
    count: Annotated[int, PUBLIC] = 0


class Quarantined(Value, frozen=True, kw_only=True):
    """A delivery that was signed and could not be read. What it says is not shown."""

    number: Annotated[int, PUBLIC]
    system: Annotated[str, PUBLIC, msgspec.Meta(examples=["salesforce"])]
    received_at: Annotated[Instant, PUBLIC, msgspec.Meta(examples=["2027-01-04T09:30:00Z"])]
    reason: Annotated[str, PUBLIC, msgspec.Meta(examples=["/data/id is not text"])]
    state: Annotated[Literal["waiting", "read"], PUBLIC] = "waiting"
    """`read`: it is settled."""
    bytes: Annotated[int, PUBLIC] = 0
    dismissed: Annotated[bool, PUBLIC] = False
    """Settled without having been read: nothing comes of it."""


class Dismissal(Value, frozen=True, kw_only=True):
    """Why nothing shall come of a delivery."""

    why: Annotated[str, FREE_TEXT, msgspec.Meta(min_length=1, max_length=300, examples=["A test of the sender's."])]
    """For the history of its case."""


class ChangesAgain(Value, frozen=True, kw_only=True):
    """Which changes of systems shall be worked on once more: by record, or by when they came in."""

    system: Annotated[str, PUBLIC, msgspec.Meta(max_length=80, examples=["salesforce"])] = ""
    object: Annotated[str, PUBLIC, msgspec.Meta(max_length=40, examples=["opportunity"])] = ""
    """What consumes them: deals are the workflows' that begin with one, customers the account sync's."""
    native_id: Annotated[str, PUBLIC, msgspec.Meta(max_length=160, examples=["006Tg0000000001IAA"])] = ""
    since: Annotated[Instant | None, PUBLIC, msgspec.Meta(examples=["2027-01-04T09:30:00Z"])] = None
    until: Annotated[Instant | None, PUBLIC] = None
    dry_run: Annotated[bool, PUBLIC] = False
    """Only say what it would come to, field by field, as the systems are now."""


class FieldAhead(Value, frozen=True, kw_only=True):
    """One field that would be written."""

    system: Annotated[str, PUBLIC, msgspec.Meta(examples=["netsuite"])]
    native_id: Annotated[str, PUBLIC, msgspec.Meta(examples=["1402"])] = ""
    """Its record; empty where the record would be made."""
    field: Annotated[str, PUBLIC, msgspec.Meta(examples=["payment_terms"])]
    before: Annotated[str, FREE_TEXT, msgspec.Meta(examples=["Net 30"])] = ""
    """What it says now; what says something of a person is `(not shown)`."""
    after: Annotated[str, FREE_TEXT, msgspec.Meta(examples=["Net 45"])] = ""
    """What it would say."""


class ChangeAgain(Value, frozen=True, kw_only=True):
    """One record whose newest version is worked on once more."""

    system: Annotated[str, PUBLIC, msgspec.Meta(examples=["salesforce"])]
    object: Annotated[str, PUBLIC, msgspec.Meta(examples=["opportunity"])]
    native_id: Annotated[str, PUBLIC, msgspec.Meta(examples=["006Tg0000000001IAA"])]
    version: Annotated[str, PUBLIC, msgspec.Meta(examples=["2026-11-28T09:30:00.000Z"])]
    was: Annotated[str, PUBLIC, msgspec.Meta(examples=["run"])]
    """What came of it: its outcome, `waiting`, or `parked: ` and why."""
    passed_over: Annotated[int, PUBLIC] = 0
    """Older versions of it in these bounds, which stay what they are: stale."""
    would: Annotated[str, PUBLIC, msgspec.Meta(examples=["written"])] = ""
    """What would come of it now: of a dry run, for its first fifty changes."""
    why: Annotated[str, FREE_TEXT, msgspec.Meta(examples=["Its systems agree: nothing would be written."])] = ""
    """Why so, where that is not the fields."""
    writes: list[FieldAhead] = []
    """The fields that would be written, in every system."""


class ChangesReplayed(Value, frozen=True, kw_only=True):
    """What is worked on once more."""

    changes: list[ChangeAgain] = []
    """The first two hundred of them."""
    count: Annotated[int, PUBLIC] = 0


class Inbound(Protocol):
    """What came in and went no further: seen, and worked on once more."""

    @operation("GET", "/quarantine")
    async def quarantine(self, limit: int = 50, cursor: str = "") -> Page[Quarantined]:
        """Deliveries that were signed and could not be read, oldest first."""

    @operation("POST", "/quarantine/{number}/release", raises=(NotFound, Conflict))
    async def release_quarantined(self, number: int) -> Quarantined:
        """Read it again, as of when it came in. `Conflict` when it still cannot be read, or was by now."""

    @operation("POST", "/quarantine/{number}/dismiss", raises=(NotFound, Conflict))
    async def dismiss_quarantined(self, number: int, data: Dismissal) -> Quarantined:
        """Nothing comes of it, and its case is over. `Conflict` when it was read or dismissed by now."""

    @operation("GET", "/changes/parked")
    async def parked_changes(self, limit: int = 50, cursor: str = "") -> Page[ChangeAgain]:
        """Records whose changes failed for good: what follows of the same record waits, nothing else does."""

    @operation("POST", "/changes/replay", raises=(Invalid,))
    async def replay_changes(self, data: ChangesAgain) -> ChangesReplayed:
        """Work on changes once more, parked ones too; each record's newest version only. A dry run says what it would
        come to, and writes nothing."""


class Events(Protocol):
    """What happened, to be read and to be told of."""

    @operation("GET", "/events", raises=(Invalid,))
    async def events(
        self, subject: str = "", since: Instant | None = None, limit: int = 50, cursor: str = ""
    ) -> Page[EventEnvelope]:
        """Events, oldest first, kept for as long as the runs they tell of."""

    @operation("GET", "/subscriptions")
    async def subscriptions(self) -> list[Subscription]:
        """The caller's own subscriptions."""

    @operation("POST", "/subscriptions", status=201, raises=(Invalid, Conflict), calls="url")
    async def subscribe(self, data: Subscribe) -> Subscription:
        """Have events told from now on. The answer shows the secret, this once."""

    @operation("GET", "/subscriptions/{subscription_id}", raises=(NotFound,))
    async def subscription(self, subscription_id: str) -> Subscription:
        """One of the caller's subscriptions."""

    @operation("DELETE", "/subscriptions/{subscription_id}", raises=(NotFound,))
    async def unsubscribe(self, subscription_id: str) -> None:
        """Nothing is told any more; what was not taken yet is dropped."""

    @operation("POST", "/subscriptions/{subscription_id}/secret", raises=(NotFound,))
    async def renew_secret(self, subscription_id: str) -> Subscription:
        """A new secret. For a day deliveries carry a signature by either, so that nothing is lost meanwhile."""

    @operation("GET", "/subscriptions/{subscription_id}/deliveries", raises=(NotFound, Invalid))
    async def deliveries(
        self, subscription_id: str, state: DeliveryState | None = None, limit: int = 50, cursor: str = ""
    ) -> Page[EventDelivery]:
        """What became of each event, newest first."""

    @operation("POST", "/subscriptions/{subscription_id}/deliveries/{number}/retry", raises=(NotFound, Conflict))
    async def retry_delivery(self, subscription_id: str, number: int) -> EventDelivery:
        """Try a parked delivery again now, and then what waits behind it."""

    @operation("POST", "/subscriptions/{subscription_id}/replay", raises=(NotFound, Invalid))
    async def replay(self, subscription_id: str, data: Replay) -> Replayed:
        """Tell events of the past once more; a dry run says which."""
