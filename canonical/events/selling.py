"""Events of quotes, orders and contracts."""

from typing import Annotated, ClassVar, Final

import msgspec

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.events.base import Event


class QuoteAccepted(Event, frozen=True, kw_only=True):
    """A quote was accepted, and its run has begun."""

    kind: ClassVar[str] = "quote.accepted"
    quote_id: Annotated[str, PUBLIC, msgspec.Meta(examples=["0Q0Tg0000000001KAA"])]
    """The quote, as its CRM calls it."""
    revision: Annotated[str, PUBLIC, msgspec.Meta(examples=["2"])]


class OrderCreated(Event, frozen=True, kw_only=True):
    """The order stands in the ERP with all its lines, and may be billed."""

    kind: ClassVar[str] = "order.created"
    order_number: Annotated[str, PUBLIC, msgspec.Meta(examples=["SO00012"])]
    quote_id: Annotated[str, PUBLIC, msgspec.Meta(examples=["0Q0Tg0000000001KAA"])]
    revision: Annotated[str, PUBLIC, msgspec.Meta(examples=["2"])]


class OrderRejected(Event, frozen=True, kw_only=True):
    """No order came of a quote, or not a whole one; a case says what to do."""

    kind: ClassVar[str] = "order.rejected"
    reason: Annotated[str, PUBLIC, msgspec.Meta(examples=["guards_failed"])]
    step: Annotated[str, PUBLIC, msgspec.Meta(examples=["3"])]
    """The step it stopped at."""


class OrderCancelled(Event, frozen=True, kw_only=True):
    """An order was cancelled before anything of it was billed; its quote waits again, or is superseded."""

    kind: ClassVar[str] = "order.cancelled"
    order_number: Annotated[str, PUBLIC, msgspec.Meta(examples=["SO00012"])]
    quote_id: Annotated[str, PUBLIC, msgspec.Meta(examples=["0Q0Tg0000000001KAA"])]


class ContractEvent(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """What every event of a contract says; its subject is the deal it was made for."""

    contract_id: Annotated[str, PUBLIC, msgspec.Meta(examples=["800Tg0000000001KAA"])]
    """The contract, as its CRM calls it."""
    amendment: Annotated[int, PUBLIC, msgspec.Meta(examples=[1])]
    """0 for the contract itself."""


class ContractSigned(ContractEvent, Event, frozen=True, kw_only=True):
    """A contract, or an amendment of it, was signed, and its run has begun."""

    kind: ClassVar[str] = "contract.signed"
    document: Annotated[str, PUBLIC, msgspec.Meta(examples=["9f86d081884c7d65"])]
    """The first digits of the executed document's SHA-256."""


class ContractActivated(ContractEvent, Event, frozen=True, kw_only=True):
    """The contract stands in the ERP line by line and may be billed; every system was read back."""

    kind: ClassVar[str] = "contract.activated"
    order_id: Annotated[str, PUBLIC, msgspec.Meta(examples=["131"])]
    """The ERP's id of it."""
    value: Annotated[str, PUBLIC, msgspec.Meta(examples=["USD 240,000.00"])]


class ContractAmended(ContractEvent, Event, frozen=True, kw_only=True):
    """An amendment holds in every system of the contract."""

    kind: ClassVar[str] = "contract.amended"
    effective: Annotated[str, PUBLIC, msgspec.Meta(examples=["2027-01-01"])]
    value: Annotated[str, PUBLIC, msgspec.Meta(examples=["USD 260,000.00"])]
    """With this amendment in it."""


class ContractTerminated(ContractEvent, Event, frozen=True, kw_only=True):
    """The contract has ended by an amendment: nothing more of it is billed."""

    kind: ClassVar[str] = "contract.terminated"
    effective: Annotated[str, PUBLIC, msgspec.Meta(examples=["2027-01-01"])]
    value: Annotated[str, PUBLIC, msgspec.Meta(examples=["USD 120,000.00"])]
    """What it came to."""


class ContractExpiring(ContractEvent, Event, frozen=True, kw_only=True):
    """A contract in force comes to its end within the notice the firm has set; told once a contract and end."""

    kind: ClassVar[str] = "contract.expiring"
    end: Annotated[str, PUBLIC, msgspec.Meta(examples=["2027-05-31"])]
    """Its last day, with every agreed amendment in it."""
    renews: Annotated[bool, PUBLIC, msgspec.Meta(examples=[False])]
    """It goes on after that day unless somebody ends it."""
    value: Annotated[str, PUBLIC, msgspec.Meta(examples=["USD 75,000.00"])]
    """What it comes to; empty where it says no value."""


class ContractRefused(ContractEvent, Event, frozen=True, kw_only=True):
    """What was signed was not carried, or not wholly; a case says what to do."""

    kind: ClassVar[str] = "contract.refused"
    reason: Annotated[str, PUBLIC, msgspec.Meta(examples=["guards_failed"])]
    step: Annotated[str, PUBLIC, msgspec.Meta(examples=["3"])]
    """The step it stopped at."""


class ContractReversed(ContractEvent, Event, frozen=True, kw_only=True):
    """What was carried of a document was taken back; the one before it holds again."""

    kind: ClassVar[str] = "contract.reversed"


FROM_A_QUOTE: Final[tuple[type[Event], ...]] = (QuoteAccepted, OrderCreated, OrderRejected, OrderCancelled)
"""What the run of an accepted quote may tell; an order that it supersedes is cancelled."""
FROM_A_DOCUMENT: Final[tuple[type[Event], ...]] = (
    ContractSigned,
    ContractActivated,
    ContractAmended,
    ContractTerminated,
    ContractRefused,
)
"""What the run of a signed contract or amendment may tell."""
