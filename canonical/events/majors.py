"""Majors of an event: what is stored is told in the newest words that its reader takes.

    stored as v1 -> lifted to v2 -> lifted to v3        stored as v3 -> lowered to v2, while v3 says how

An event is stored once, in the major it was told in first. A new major is a class that says how an event of the one
before is `lifted` to it, and, for as long as the older is still told, how its own is `lowered` to that. Both are pure.
"""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from canonical.events.base import TYPES, Event

Said = Mapping[str, Any]


def form(stored: str, wanted: Collection[str]) -> str:
    """The type under which an event of a stored type is told to who takes these (none: any); empty where it is not."""
    forms = _forms(stored)
    return next((each for each in forms if not wanted or each in wanted), "")


def told_as(stored: str, said: Said, wanted: str) -> Said:
    """What an event of a stored type says, as one of its forms. `msgspec.ValidationError` where that is none."""
    if wanted == stored:
        return said
    stem, major = _parts(stored)
    _, to = _parts(wanted)
    while major < to:
        major += 1
        said = TYPES[f"{stem}.v{major}"].lifted(said)
    while major > to:
        said = TYPES[f"{stem}.v{major}"].lowered(said)
        major -= 1
    whole: Said = msgspec.to_builtins(msgspec.convert(dict(said), TYPES[wanted]))
    return whole


def superseded(event: type[Event]) -> bool:
    """Whether there is a newer major: then that is what is told, and this one is what it is lowered to."""
    return _forms(event.type())[0] != event.type()


def _forms(stored: str) -> list[str]:
    """All types that an event of a stored type can be told as, newest first."""
    stem, major = _parts(stored)
    newest = major
    while f"{stem}.v{newest + 1}" in TYPES:
        newest += 1
    oldest = major
    while f"{stem}.v{oldest - 1}" in TYPES and _lowers(TYPES.get(f"{stem}.v{oldest}")):
        oldest -= 1
    return [f"{stem}.v{each}" for each in range(newest, oldest - 1, -1)]


def _lowers(event: type[Event] | None) -> bool:
    return event is not None and "lowered" in vars(event)


def _parts(kind: str) -> tuple[str, int]:
    stem, _, major = kind.rpartition(".v")
    return stem, int(major)
