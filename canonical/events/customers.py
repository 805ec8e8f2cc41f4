"""Events of customers and of people at customers."""

from typing import Annotated, ClassVar

import msgspec

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.events.base import Event


class AccountEvent(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """What every event of a customer says; its subject is our id of the customer."""

    records: Annotated[str, PUBLIC, msgspec.Meta(examples=["salesforce 001Tg0000000001IAA"])]
    """The records that were written, by system and id there; empty when none was."""
    fields: Annotated[str, PUBLIC, msgspec.Meta(examples=["legal_name, payment_terms"])]
    """The fields that were written."""
    versions: Annotated[str, PUBLIC, msgspec.Meta(examples=["netsuite 1402@2026-11-28T09:30:00Z"])]
    """Every record of the customer with its version afterwards."""


class AccountCreated(Event, frozen=True, kw_only=True):
    """Somebody turned up whom nobody knew, in a CRM or in an ERP's books: a customer has an id of ours from now on."""

    kind: ClassVar[str] = "account.created"
    record: Annotated[str, PUBLIC, msgspec.Meta(examples=["salesforce 001Tg0000000001IAA"])]
    """Where it was found, by system and id there."""


class AccountUpdated(AccountEvent, Event, frozen=True, kw_only=True):
    """A customer was brought in line: what its owner changed is written where it belongs, or what was written is taken
    back."""

    kind: ClassVar[str] = "account.updated"


class AccountMerged(AccountEvent, Event, frozen=True, kw_only=True):
    """The CRM made one account of two, and so did we, unless the books have a debtor for each."""

    kind: ClassVar[str] = "account.merged"


class AccountBlocked(Event, frozen=True, kw_only=True):
    """A customer is on credit hold in the books of a legal entity: no new work for it; what is worked is billed."""

    kind: ClassVar[str] = "account.blocked"
    record: Annotated[str, PUBLIC, msgspec.Meta(examples=["netsuite 1402"])]
    """The debtor, by system and id there; whose books they are is the event's `legalentity`."""
    version: Annotated[str, PUBLIC, msgspec.Meta(examples=["2026-11-28T09:30:00Z"])]
    """Of the debtor, when it was seen to be on hold."""


class AccountUnblocked(Event, frozen=True, kw_only=True):
    """The books of a legal entity hold a customer's credit no longer."""

    kind: ClassVar[str] = "account.unblocked"
    record: Annotated[str, PUBLIC, msgspec.Meta(examples=["netsuite 1402"])]
    version: Annotated[str, PUBLIC, msgspec.Meta(examples=["2026-12-02T09:30:00Z"])]


class AccountConflictDetected(AccountEvent, Event, frozen=True, kw_only=True):
    """Systems differ in a way that no rule decides, or a guard refuses the write; a case says what to do."""

    kind: ClassVar[str] = "account.conflict_detected"


class ContactEvent(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """What every event of a person at a customer says: which records and fields, never what they say. Its subject is
    our id of the person."""

    records: Annotated[str, PUBLIC, msgspec.Meta(examples=["netsuite 2207"])]
    """The records that were written or made, by system and id there; empty when none was."""
    fields: Annotated[str, PUBLIC, msgspec.Meta(examples=["email, phone"])]
    """The fields that were written."""
    versions: Annotated[str, PUBLIC, msgspec.Meta(examples=["salesforce 003Tg0000000001IAA@2026-11-28T09:30:00Z"])]
    """Every record of the person with its version afterwards."""


class ContactUpdated(ContactEvent, Event, frozen=True, kw_only=True):
    """A person was brought in line: what its owner changed is written where it belongs, or what was written is taken
    back."""

    kind: ClassVar[str] = "contact.updated"


class ContactMerged(ContactEvent, Event, frozen=True, kw_only=True):
    """The CRM made one person of two, and so did we."""

    kind: ClassVar[str] = "contact.merged"


class ContactClosed(ContactEvent, Event, frozen=True, kw_only=True):
    """The CRM deleted a person; what the books have of it is inactive, and stays on record."""

    kind: ClassVar[str] = "contact.closed"


class ContactConflictDetected(ContactEvent, Event, frozen=True, kw_only=True):
    """Systems differ about a person in a way that no rule decides, or a guard refuses the write; a case says more."""

    kind: ClassVar[str] = "contact.conflict_detected"
