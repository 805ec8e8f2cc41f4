"""The three-way merge: what each system says now, against what they last agreed on, decided by ownership. Pure.

A value is only compared with what the same system said before, never with another system's spelling of it: a name that
one of them keeps in capitals is no change. What is to be written is said field by field; a field that two systems
changed differently, and that no rule decides, is a conflict and is left alone.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from canonical.ownership import Owned
from process_apis.projections import Projection, empty


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One system's record of the thing."""

    name: str
    """What tells it from the other sides: `crm`, or role and legal entity, `erp@ACME-DE`."""
    role: str
    now: Projection
    agreed: Projection = {}
    """What it said when all were last agreed, field by field; a field it was never asked about is missing."""
    changed_at: datetime | None = None
    """When the record was last changed, by its system's own stamp."""

    def first(self, field: str) -> bool:
        """Whether this field is met for the first time here."""
        return field not in self.agreed

    def moved(self, field: str) -> bool:
        """Whether it says something else than when they last agreed. To be empty at the first meeting says nothing."""
        if self.first(field):
            return not empty(self.now[field])
        return bool(self.now[field] != self.agreed[field])


class Contested(msgspec.Struct, frozen=True, kw_only=True):
    """A field for a person to decide."""

    field: str
    values: dict[str, Any]
    """By the name of the side."""
    where: str = ""
    """`file:line` of the rule that leaves it to a person."""


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done."""

    writes: dict[str, dict[str, Any]]
    """Side to field to value."""
    contested: list[Contested]
    origins: dict[str, str]
    """Field that is written to the side its value comes from."""


class _Decision(msgspec.Struct, frozen=True):
    source: Side | None = None
    targets: tuple[Side, ...] = ()
    contested: tuple[Side, ...] = ()


def merge(rules: Mapping[str, Owned], sides: Sequence[Side]) -> Merged:
    """Every field by its rule."""
    writes: dict[str, dict[str, Any]] = {}
    contested, origins = [], {}
    for field, rule in rules.items():
        concerned = [side for side in sides if side.role == rule.owner or side.role in rule.written_to]
        decided = _decide(field, rule, concerned)
        if decided.contested:
            values = {side.name: side.now[field] for side in decided.contested}
            contested.append(Contested(field=field, values=values, where=rule.where))
        elif decided.source is not None and decided.targets:
            origins[field] = decided.source.name
            for target in decided.targets:
                writes.setdefault(target.name, {})[field] = decided.source.now[field]
    return Merged(writes=writes, contested=contested, origins=origins)


def settled(
    rules: Mapping[str, Owned], agreed: Projection, now: Projection, contested: Collection[str]
) -> dict[str, Any]:
    """What one system has agreed to after a merge: all that it says now, but for what a person is still to decide.

    What was sown once and emptied by its system since then keeps standing as sown, so that it is not sown again.
    """
    found = {}
    for field in now:
        sown = field in rules and rules[field].mode == "seed_once" and empty(now[field])
        kept = field in contested or (sown and not empty(agreed.get(field)))
        if not kept:
            found[field] = now[field]
        elif field in agreed:
            found[field] = agreed[field]
    return found


def _decide(field: str, rule: Owned, sides: Sequence[Side]) -> _Decision:
    match rule.mode:
        case "authoritative":
            return _authoritative(field, rule, sides)
        case "seed_once":
            return _seeded(field, rule, sides)
        case "advisory":
            return _advised(field, rule, sides)
        case "derived":
            return _Decision()


def _authoritative(field: str, rule: Owned, sides: Sequence[Side]) -> _Decision:
    """The owner's value, everywhere it may be written; what was changed elsewhere meanwhile is put back."""
    owners = [side for side in sides if side.role == rule.owner]
    moved = [side for side in owners if side.moved(field)]
    if not owners:
        return _Decision()
    if len(_distinct(field, moved)) > 1:  # one company's books against another's: no rule can know
        return _Decision(contested=tuple(moved))
    source = moved[0] if moved else owners[0]
    if not moved and empty(source.now[field]):
        return _Decision()
    others = [side for side in sides if side.role in rule.written_to and side.now[field] != source.now[field]]
    against = [side for side in others if side.moved(field) and not _alike(side.now[field], source.now[field])]
    if moved and against and rule.on_conflict == "case":
        return _Decision(contested=(source, *against))
    targets = others if moved else [side for side in others if side.moved(field)]
    return _Decision(source, tuple(targets))


def _seeded(field: str, rule: Owned, sides: Sequence[Side]) -> _Decision:
    """The owner's value, where there never was one."""
    source = next((side for side in sides if side.role == rule.owner and not empty(side.now[field])), None)
    bare = [
        side
        for side in sides
        if side.role in rule.written_to and empty(side.now[field]) and empty(side.agreed.get(field))
    ]
    return _Decision(source, tuple(side for side in bare if side is not source))


def _advised(field: str, rule: Owned, sides: Sequence[Side]) -> _Decision:
    """The value of whoever changed it; of several, as the rule says."""
    moved = [side for side in sides if side.moved(field)]
    if not moved:
        return _Decision()
    source = moved[0] if len(_distinct(field, moved)) == 1 else _winner(rule, moved)
    if source is None:
        return _Decision(contested=tuple(moved))
    others = [side for side in sides if side.role in rule.written_to and side.now[field] != source.now[field]]
    return _Decision(source, tuple(others))


def _winner(rule: Owned, moved: Sequence[Side]) -> Side | None:
    owners = [side for side in moved if side.role == rule.owner]
    match rule.on_conflict:
        case "owner_wins":
            return owners[0] if len(owners) == 1 else None
        case "newest":
            stamped = [(side.changed_at, side) for side in moved if side.changed_at is not None]
            newest = max((at for at, _ in stamped), default=None)
            latest = [side for at, side in stamped if at == newest]
            return latest[0] if len(latest) == 1 and len(stamped) == len(moved) else None
        case "case":
            return None


def _distinct(field: str, sides: Sequence[Side]) -> list[Any]:
    found: list[Any] = []
    for side in sides:
        if not any(_alike(side.now[field], known) for known in found):
            found.append(side.now[field])
    return found


def _alike(one: Any, other: Any) -> bool:
    """Equal but for capitals and blanks, which some systems change."""
    if isinstance(one, str) and isinstance(other, str):
        return " ".join(one.casefold().split()) == " ".join(other.casefold().split())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[name], other[name]) for name in one)
    return bool(one == other)
