"""Cross-references as people and programs ask for them: what a thing is called in each system, and how that came about.

An id of ours is for good: one that was merged away still answers, as the one it was merged into.
"""

from typing import Annotated, Literal, Protocol

import msgspec

from canonical.base import Value
from canonical.classes import FREE_TEXT, PII, PUBLIC
from canonical.dates import Instant
from canonical.faults import Conflict, NotFound
from canonical.ports.operation import operation

Word = Annotated[str, PUBLIC, msgspec.Meta(min_length=1, max_length=200, examples=["DE123456788"])]
CanonicalId = Annotated[str, PUBLIC, msgspec.Meta(max_length=40, examples=["01M8HCKY792KWYGWF045NK5TBW"])]
Why = Annotated[str, FREE_TEXT, msgspec.Meta(min_length=1, max_length=500, examples=["One company, entered twice."])]


class SystemRecord(Value, frozen=True, kw_only=True):
    """A record in a system."""

    system: Annotated[str, PUBLIC, msgspec.Meta(max_length=80, examples=["netsuite"])]
    native_id: Annotated[str, PUBLIC, msgspec.Meta(min_length=1, max_length=160, examples=["1402"])]
    instance: Annotated[str, PUBLIC, msgspec.Meta(max_length=80)] = ""
    """The legal entity whose books it is in; empty where the system keeps one of it for all."""
    alt_key: Annotated[str, PUBLIC, msgspec.Meta(max_length=160)] = ""
    """The key it carries there, ours or another's."""


class CrossReference(Value, frozen=True, kw_only=True):
    """One thing, and where it lives."""

    id: CanonicalId
    """Of a project, its code."""
    object: Annotated[str, PUBLIC, msgspec.Meta(examples=["customer"])]
    """What it is: `customer`, `contact` or `project`; of a project no record is linked by hand."""
    records: list[SystemRecord] = []
    merged: Annotated[list[str], PUBLIC] = []
    """Ids that were merged into this one; each still leads here."""


class CrossReferenceEvent(Value, frozen=True, kw_only=True):
    """Something that was done to an id."""

    id: CanonicalId
    """The id it was done to: this one, or one that was merged into it."""
    at: Annotated[Instant, PUBLIC, msgspec.Meta(examples=["2027-01-04T09:30:00Z"])]
    who: Annotated[str, PII, msgspec.Meta(examples=["dana@acme.example"])]
    did: Annotated[Literal["made", "linked", "unlinked", "relinked", "merged", "absorbed"], PUBLIC]
    system: Annotated[str, PUBLIC] = ""
    native_id: Annotated[str, PUBLIC] = ""
    other_id: Annotated[str, PUBLIC] = ""
    """Of a merging: the other id."""
    why: Annotated[str, FREE_TEXT] = ""


class MergeInto(Value, frozen=True, kw_only=True):
    """Which id is left, and why the two are one thing."""

    into: CanonicalId
    why: Why


class LinkRecord(Value, frozen=True, kw_only=True):
    """A record that shall belong to an id, whosever it was before."""

    record: SystemRecord
    why: Why


class UnlinkRecord(Value, frozen=True, kw_only=True):
    """A record that shall belong to nobody."""

    system: Annotated[str, PUBLIC, msgspec.Meta(max_length=80, examples=["netsuite"])]
    native_id: Annotated[str, PUBLIC, msgspec.Meta(min_length=1, max_length=160, examples=["1402"])]
    why: Why


class CrossReferences(Protocol):
    """What a thing is called in each system."""

    @operation("GET", "/look-up")
    async def look_up(self, word: Word, object: str = "") -> list[CrossReference]:  # noqa: A002 - the field's own name
        """What a word means: our id, old or new; a native id or key in any system; a project's code; a number, tax
        number or domain.

        Several where it means several; an empty list where nothing is known by it.
        """

    @operation("GET", "/ids/{canonical_id}", raises=(NotFound,))
    async def cross_reference(self, canonical_id: str) -> CrossReference:
        """One id; of one that was merged away, the one that is left."""

    @operation("GET", "/ids/{canonical_id}/history", raises=(NotFound,))
    async def cross_reference_history(self, canonical_id: str) -> list[CrossReferenceEvent]:
        """All that was done to it and to those merged into it, oldest first."""

    @operation("POST", "/ids/{canonical_id}/merge", raises=(NotFound, Conflict))
    async def merge_into(self, canonical_id: str, data: MergeInto) -> CrossReference:
        """Two ids are one thing; answers the one that is left. No system's record is touched. Again is a no-op."""

    @operation("POST", "/ids/{canonical_id}/link", raises=(NotFound, Conflict))
    async def link_record(self, canonical_id: str, data: LinkRecord) -> CrossReference:
        """A record belongs to this id from now on. `Conflict` for a system that nobody knows."""

    @operation("POST", "/ids/{canonical_id}/unlink", raises=(NotFound, Conflict))
    async def unlink_record(self, canonical_id: str, data: UnlinkRecord) -> CrossReference:
        """A record of this id belongs to nobody any more. `Conflict` where it is another's."""
