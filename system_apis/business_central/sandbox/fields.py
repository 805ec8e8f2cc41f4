"""What pages of the API are made of: their fields, with types, lengths and lists, and what refers to what."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

FieldType = Literal["text", "decimal", "integer", "date", "guid", "bool", "instant", "list"]
NOTHING: Final = "00000000-0000-0000-0000-000000000000"
NEVER: Final = "0001-01-01"
EMPTY: Final[Mapping[FieldType, Any]] = {
    "text": "",
    "decimal": 0,
    "integer": 0,
    "date": NEVER,
    "guid": NOTHING,
    "bool": False,
    "instant": "0001-01-01T00:00:00Z",
    "list": "_x0020_",
}


def caption(word: str) -> str:
    """A word of a list as people read it: `In_x0020_Review` is "In Review"."""
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), word)


def guid(kind: str, number: int) -> str:
    """A deterministic system id."""
    return str(UUID(hashlib.sha256(f"{kind}:{number}".encode()).hexdigest()[:32]))


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a page."""

    name: str
    type: FieldType = "text"
    length: int = 250
    read_only: bool = False
    needed: bool = False
    words: tuple[str, ...] = ()
    """Of a list, escaped as on the wire."""
    of: str = ""
    """The page a reference points to: by id, or a text by code."""
    empty: Any = None

    @property
    def default(self) -> Any:
        """What it holds where nothing was said."""
        return EMPTY[self.type] if self.empty is None else self.empty


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One API page."""

    entity: str
    set: str
    fields: Mapping[str, Field]
    standard: bool = False
    writable: bool = True
    unique: tuple[str, ...] = ()
    within: str = ""
    """A reference: what is unique is so among the rows that have it alike."""
    lines: str = ""
    """The page of its lines, which is also the navigation's name."""
    parent: str = ""
    """In lines, the field that holds the document's id."""


def page_of(entity: str, address: str, *fields: Field, **more: Any) -> Page:
    """A page with its id and stamp."""
    every = (
        Field(name="id", type="guid", read_only=True),
        *fields,
        Field(name="lastModifiedDateTime", type="instant", read_only=True),
    )
    return Page(entity=entity, set=address, fields={field.name: field for field in every}, **more)


def texts(*names: str, length: int = 250, **more: Any) -> tuple[Field, ...]:
    """Texts alike."""
    return tuple(Field(name=name, length=length, **more) for name in names)


def typed(kind: FieldType, *names: str, **more: Any) -> tuple[Field, ...]:
    """Fields alike of another type."""
    return tuple(Field(name=name, type=kind, **more) for name in names)


KEY: Final = Field(name="tiergateKey", length=100)
CURRENCY: Final = Field(name="currencyCode", length=10, of="currencies")
TERMS: Final = Field(name="paymentTermsId", type="guid", of="paymentTerms")
