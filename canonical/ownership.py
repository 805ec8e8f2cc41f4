"""Ownership: which role's system owns a field, how strictly, and who wins. `policies/ownership.yaml` as a table.

It alone decides what a sync writes, who wins where two systems changed the same thing, and what a portal may edit.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Literal, get_type_hints

import msgspec

from canonical import objects
from canonical.base import Envelope, Value
from canonical.money import Money

Owner = Literal["crm", "erp", "psa", "itsm", "hr"]
Mode = Literal["authoritative", "seed_once", "advisory", "derived"]
OnConflict = Literal["owner_wins", "newest", "case"]
VARIANTS: Final[Mapping[str, str]] = MappingProxyType({"billing_contact": "contact"})
"""Some of a kind, to the kind: only what differs for them is said of them."""
_NOTHING: Final[Mapping[str, "Owned"]] = MappingProxyType({})


class Owned(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for one field."""

    owner: Owner
    """The role whose system is right about it."""
    mode: Mode
    """`authoritative`: what is changed elsewhere is put back. `seed_once`: the owner fills what is still empty, and
    each system keeps its own from then on. `advisory`: whoever changed it is right. `derived`: nobody writes it."""
    written_to: tuple[Owner, ...] = ()
    """The roles a sync may write it to; none: it never travels."""
    on_conflict: OnConflict = "owner_wins"
    """Who wins when two systems changed it since they last agreed; `case`: a person decides."""
    edited_in: tuple[str, ...] = ()
    """Faces whose people may edit it; the edit is written to the owner's system."""
    where: str = ""
    """`file:line` of the rule."""


class Ownership(msgspec.Struct, frozen=True):
    """Object to field to what holds for it. A field that is not there is nobody's: no sync writes it."""

    objects: Mapping[str, Mapping[str, Owned]] = MappingProxyType({})

    def of(self, kind: str) -> Mapping[str, Owned]:
        """The fields of one kind of object; of some of a kind, with what differs for them."""
        said = self.objects.get(kind, _NOTHING)
        whole = self.objects.get(VARIANTS[kind], _NOTHING) if kind in VARIANTS else _NOTHING
        return MappingProxyType({**whole, **said}) if whole else said

    def editable(self, kind: str, face: str) -> dict[str, Owner]:
        """What may be edited in a face, each with the role whose system takes the edit. What is derived never is."""
        return {
            name: rule.owner
            for name, rule in self.of(kind).items()
            if face in rule.edited_in and rule.mode != "derived"
        }


@cache
def ownable() -> Mapping[str, tuple[str, ...]]:
    """Every kind of object to its fields that somebody can own; a part's field stands as `credit.limit`.

    What the envelope holds (ids, versions, where it lives) is ours and not among them.
    """
    kinds = [kind for kind in vars(objects).values() if isinstance(kind, type) and issubclass(kind, Envelope)]
    found = {_words(kind.__name__): tuple(_fields(kind)) for kind in kinds}
    return MappingProxyType(found | {some: found[whole] for some, whole in VARIANTS.items()})


def _fields(kind: type[Envelope]) -> Iterator[str]:
    ours = set(Envelope.__struct_fields__)
    for name, hint in get_type_hints(kind).items():
        if name in ours or name.startswith("_") or name not in kind.__struct_fields__:
            continue
        if _is_part(hint):
            yield from (f"{name}.{part}" for part in hint.__struct_fields__)
        else:
            yield name


def _is_part(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Value) and not issubclass(hint, Money)


def _words(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("_")
