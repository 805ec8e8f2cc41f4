"""What every canonical Struct is made from, and the envelope every business object wears."""

from typing import Annotated, Literal

import msgspec

from canonical.classes import FREE_TEXT, PUBLIC
from canonical.dates import Instant

Lifecycle = Literal["draft", "active", "on_hold", "closed", "merged", "deleted"]
Classification = Literal["public", "internal", "confidential", "restricted"]


class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value: immutable, named fields, and an unknown field is an error."""


class Xref(Value, frozen=True, kw_only=True):
    """Where one canonical object lives in one system."""

    system: Annotated[str, PUBLIC, msgspec.Meta(examples=["netsuite"])]
    native_id: Annotated[str, PUBLIC, msgspec.Meta(examples=["1402"])]
    instance: Annotated[str, PUBLIC] = ""
    alt_key: Annotated[str, PUBLIC] = ""


class Source(Value, frozen=True, kw_only=True):
    """The version a snapshot was read at: the vendor's own stamp or ETag, opaque to us."""

    system: Annotated[str, PUBLIC, msgspec.Meta(examples=["netsuite"])]
    native_version: Annotated[str, PUBLIC] = ""
    updated_at: Annotated[Instant | None, PUBLIC] = None


class Envelope(Value, frozen=True, kw_only=True):
    """What every business object carries besides its own fields.

    `id` is the object's id in the system it was read from until the cross-references give it a canonical one.
    """

    id: Annotated[str, PUBLIC] = ""
    schema_version: Annotated[str, PUBLIC] = "1.0.0"
    legal_entity_id: Annotated[str, PUBLIC] = ""
    xrefs: list[Xref] = []
    version: Annotated[int, PUBLIC] = 0
    source: Source | None = None
    lifecycle: Annotated[Lifecycle, PUBLIC] = "active"
    merged_into: Annotated[str | None, PUBLIC] = None
    classification: Annotated[Classification, PUBLIC] = "confidential"
    extensions: Annotated[dict[str, dict[str, str]], FREE_TEXT] = {}
