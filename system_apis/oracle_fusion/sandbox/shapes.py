"""What a resource is: its attributes, children, keys and finders; and what many of them have alike."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

Kind = Literal["string", "integer", "number", "date", "datetime", "boolean"]
READ: Final = frozenset({"GET"})
ALL: Final = frozenset({"GET", "POST", "PATCH", "DELETE"})
CURRENCIES: Final = ("USD", "EUR", "INR", "GBP", "JPY", "KWD")
TERMS: Final = ("15 Net", "30 Net", "60 Net", "IMMEDIATE")


class Attribute(msgspec.Struct, frozen=True):
    """One attribute."""

    kind: Kind = "string"
    length: int = 0
    """Characters of a text; 0 for any number."""
    required: bool = False
    read_only: bool = False
    """Fusion's to say."""
    once: bool = False
    """Said when the row is made, and not changed later."""
    queryable: bool = True
    values: tuple[str, ...] = ()


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One resource, or a child of one."""

    name: str
    entity: str
    """As messages call it."""
    key: str
    attributes: Mapping[str, Attribute]
    children: Mapping[str, "Resource"] = {}
    crm: bool = False
    """It is below `/crmRestApi`, and not `/fscmRestApi`."""
    hashed: bool = False
    """The key in its address is a hash, which no client may make up."""
    single: bool = False
    """A child there is one row of: a flexfield."""
    revised: bool = False
    """A change takes its children with it, and begins a version that is a draft until it is submitted."""
    methods: frozenset[str] = ALL
    finders: Mapping[str, tuple[str, ...]] = {}
    optional: frozenset[str] = frozenset()
    """Variables of its finders that may be left out, and name no attribute."""
    alternate: tuple[str, ...] = ()
    """What identifies a row besides its key."""


def text(length: int = 0, *, required: bool = False, once: bool = False) -> Attribute:
    """A text of at most so many characters."""
    return Attribute(length=length, required=required, once=once)


def one_of(*values: str, required: bool = False, once: bool = False) -> Attribute:
    """A name out of a list."""
    return Attribute(values=values, required=required, once=once)


RO: Final = Attribute(read_only=True)
ID: Final = Attribute("integer", read_only=True)
AMOUNT: Final = Attribute("number")
DATE: Final = Attribute("date")
STAMPS: Final = {
    "CreatedBy": RO,
    "CreationDate": Attribute("datetime", read_only=True),
    "LastUpdatedBy": RO,
    "LastUpdateDate": Attribute("datetime", read_only=True),
}
SEGMENT: Final = Attribute(length=150, queryable=False)


def flexfield(name: str, entity: str, key: str, segments: dict[str, Attribute]) -> Resource:
    """A descriptive flexfield: one row a record, its segments beside the context that chooses them."""
    context = {"__FLEX_Context": SEGMENT, "__FLEX_Context_DisplayValue": Attribute(read_only=True, queryable=False)}
    return Resource(name=name, entity=entity, key=key, attributes={key: ID} | segments | context, single=True)


def lov(name: str, key: str, *, hashed: bool = False, **attributes: Attribute) -> Resource:
    """A list of values: only read."""
    entity = name[0].upper() + name[1:] + "VO"
    return Resource(name=name, entity=entity, key=key, methods=READ, hashed=hashed, attributes=attributes)
