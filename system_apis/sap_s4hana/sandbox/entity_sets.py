"""What an entity set of the sandbox is, and how a table says it.

A property is `Name:kind`: a number is a text of that length, else `date`, `stamp`, `time`, `amount`, `bool` or `guid`.
A mark behind it: `!` a create must say it, `*` only SAP sets it, `#` SAP numbers it where a create does not say it.
One inside of a complex property is called by both names, `Outer/Inner`.
"""

import msgspec


class Property(msgspec.Struct, frozen=True, kw_only=True):
    """One property."""

    name: str
    kind: str
    length: int = 0
    needed: bool = False
    given: bool = False
    """Only SAP sets it."""
    numbered: bool = False


class Navigation(msgspec.Struct, frozen=True, kw_only=True):
    """From an entity to others."""

    to: str
    by: dict[str, str]
    """Property of the other -> property of this one."""
    many: bool = True


class EntitySet(msgspec.Struct, frozen=True, kw_only=True):
    """One entity set."""

    name: str
    service: str
    keys: tuple[str, ...]
    properties: dict[str, Property]
    navigations: dict[str, Navigation] = {}
    versioned: bool = False
    """It has an ETag, and a change must say which version it is of."""
    read_only: bool = False
    type: str
    """Its type's name below its service."""


def _property(said: str) -> Property:
    name, _, rest = said.partition(":")
    kind = rest.rstrip("!*#")
    text = kind.isdigit()
    return Property(
        name=name,
        kind="text" if text else kind,
        length=int(kind) if text else 0,
        needed="!" in rest,
        given="*" in rest,
        numbered="#" in rest,
    )


def entity_set(
    service: str,
    name: str,
    keys: str,
    properties: str,
    *,
    versioned: bool = False,
    read_only: bool = False,
    kind: str = "",
    **navigations: tuple[str, str] | tuple[str, str, bool],
) -> EntitySet:
    """One entity set, as it stands in a table."""
    made = {}
    for nav, (to, by, *many) in navigations.items():
        pairs = dict(pair.partition("=")[::2] for pair in by.split())
        made[nav] = Navigation(to=to, by={other: own or other for other, own in pairs.items()}, many=not many)
    found = [_property(each) for each in properties.split()]
    return EntitySet(
        name=name,
        service=service,
        keys=tuple(keys.split()),
        properties={each.name: each for each in found},
        navigations=made,
        versioned=versioned,
        read_only=read_only,
        type=kind or f"{name}Type",
    )
