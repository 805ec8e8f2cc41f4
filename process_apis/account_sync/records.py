"""What a sync works with: a thing as we know it, its records as read, what came of it; what tells its kinds apart."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from canonical.base import Envelope
from canonical.events import Event
from canonical.faults import Conflict, Fault
from canonical.ownership import Owned, Ownership
from canonical.ports import Written
from foundation.masking import Masker
from process_apis.account_sync.guards import Proposal
from process_apis.bindings import Systems
from process_apis.cross_references.terms import Term
from process_apis.cross_references.xrefs import Place
from process_apis.judging import Guard
from process_apis.platform import Platform

Where = tuple[str, str]
"""System and native id."""


class Snapshot(msgspec.Struct, frozen=True):
    """What a record said when all agreed last, and the hash of what it was last seen to say."""

    agreed: Mapping[str, Any]
    seen: str
    version: str = ""
    """The version it had then."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What we know of a customer or a person before any system is asked."""

    id: str
    places: list[Place]
    snapshots: Mapping[Where, Snapshot] = {}
    ancestors: list[str] = []
    """Canonical ids above it, as far as they are known."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One system's record, as read."""

    place: Place
    role: str
    data: Any
    """A `Customer` or a `Contact`."""
    said: Mapping[str, Any]
    """Its owned fields."""

    @property
    def where(self) -> Where:
        """System and native id."""
        return self.place.system, self.place.native_id

    @property
    def name(self) -> str:
        """What it is called in a conflict and in a guard's evidence."""
        return f"{self.place.system} {self.place.native_id}"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one sync."""

    known: Known
    sync_id: str = ""
    """Under what what it overwrote is kept; empty where it was never going to write."""
    word: str
    """`echo`, `quiet`, `written`, `contested`, `refused`, `in_doubt`, `merged`, `gone`, `no_customer_yet`; of a look
    also `differs`."""
    records: list[Record] = []
    """As they say now."""
    agreed: Mapping[Where, Mapping[str, Any]] = {}
    """The snapshot each record gets; none for what is left as it was agreed before."""
    wrote: Mapping[str, Sequence[str]] = {}
    """The fields that were written, by record."""
    made: Sequence[Where] = ()
    """Those of the records that it made."""
    differed: Mapping[str, Mapping[str, Any]] = {}
    """Field to what each record it was written to or argued about, and the one it came from, said before."""
    ahead: Mapping[str, Mapping[str, Any]] = {}
    """Of a look: what would be written, record to field to value."""
    makes: Sequence["Missing"] = ()
    """Of a look: what would be made."""
    fault: Fault | None = None
    """What a person has to look at."""
    gone: list[Place] = []
    """Records that are there no more."""


class Adopted(msgspec.Struct, frozen=True):
    """Whose a record is now that nobody knew."""

    canonical_id: str
    doubt: Conflict | None = None
    """What a steward is asked, where it may be another's too."""


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """A record that is to be made."""

    system: str
    data: Any
    """As it would be told."""
    make: Callable[[], Awaitable[Place]]
    """Makes it; where it is then. Twice it is one record."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a kind makes of its records beside the merge of their fields."""

    apart: Mapping[str, Mapping[str, Any]] = {}
    """Records that take no part in the merge, with what is written to them all the same."""
    makes: Sequence[Missing] = ()
    unsettled: frozenset[str] = frozenset()
    """Fields that are not agreed to yet, whatever the records say: they are merged again."""
    word: str = "quiet"
    """The outcome where nothing is written: `no_customer_yet` when it waits for its customer's books."""
    fault: Fault | None = None
    """What a person has to look at, though nothing is contested."""


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """What tells one kind of thing from another. All else is the same for all: see `sync`, `intake` and `recording`."""

    name: str
    """As the cross-references and the ownership table call it."""
    workflow: str
    """Under what its cases stand among the runs."""
    prefix: str
    """What the id of such a run begins with."""
    type: type[Envelope]
    rules: Callable[[Ownership, Sequence[Any]], Mapping[str, Owned]]
    """Who owns its fields, of what these records say."""
    read: Callable[[Platform, Place, str], Awaitable[Envelope]]
    """One record, in a system that plays this role. `NotFound` when it is there no more."""
    write: Callable[[Platform, Record, Any, Sequence[str]], Awaitable[Written]]
    """These fields of a record, as in the object given."""
    guards: Sequence[Guard[[Proposal]]]
    adopt: Callable[[sa.Connection, Place, Any, str, Masker], Adopted]
    """The id a record belongs to, linked; a new one where it belongs to none that is known."""
    terms: Callable[[Any, Masker], list[Term]]
    """By what a record is found."""
    above: Callable[[sa.Connection, Record], str]
    """The canonical id it is under: a parent, or the customer of a person."""
    apart: bool
    """Whether two of them in one company's books are a person's to settle, when the CRM makes one of two."""
    about: Callable[[str, Any], Mapping[str, Any]]
    """What a case says of it: title, customer, account, legal entity."""
    steward: str
    """Who decides where no rule does."""
    events: Mapping[str, Callable[..., Event]]
    """What is told of an outcome."""
    notable: Callable[[Record, Mapping[str, Any], Mapping[str, Any]], Event | None] | None = None
    """What is told of a record by what it had agreed to before, and agrees to now; none: nothing."""
    plan: Callable[[Platform, Known, Sequence[Record]], Awaitable[Plan]] | None = None
    """What is done besides; none: nothing."""
    gone: Callable[[Sequence[Record], Sequence[Place]], Mapping[str, Mapping[str, Any]] | None] | None = None
    """What is written to those that are left when some are deleted; None: a person decides."""
    below: str = ""
    """The kind of thing that hangs on it, and is looked at when a record of it turns up."""


def role_of(systems: Systems, place: Place) -> str:
    """The role a record's system plays for it; empty where it plays none any more."""
    if place.system in systems.playing("crm"):
        return "crm"
    if place.instance:
        bound = systems.plays("erp", place.instance) and systems.name("erp", place.instance) == place.system
        return "erp" if bound else ""
    return "erp" if "erp" in systems.roles().get(place.system, ()) else ""
