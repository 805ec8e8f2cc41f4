"""Cross-references: what we call a thing, for good, and where it lives.

One canonical id, many native ids, in one system more than one too (a customer is another record in each company's
books). A record belongs to one canonical id at a time. Ids are merged and never reused: the old one still resolves.
What is unlinked or linked anew stays on record, with who did it and why. Every function works within its caller's
transaction.
"""

import secrets
import time
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
import sqlalchemy as sa

from canonical.dates import now
from canonical.faults import Conflict, NotFound
from foundation.database import insert_if_free
from process_apis.cross_references.terms import Term, words
from process_apis.tables import CANONICAL_IDS, SNAPSHOTS, SYNC_WRITES, XREF_HISTORY, XREF_LINKS, XREF_TERMS

Did = Literal["made", "linked", "unlinked", "relinked", "merged", "absorbed"]
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MERGES: Final = 50
"""How many mergings of mergings are followed."""
_MANY: Final = 500
"""Ids one statement names at the most."""


# Asked for every record of every batch, so made once: to make a statement costs more than to run it.
_KIND: Final = sa.select(CANONICAL_IDS.c.object).where(CANONICAL_IDS.c.id == sa.bindparam("id"))
_WITH_KEY: Final = sa.select(XREF_LINKS.c.canonical_id).where(
    XREF_LINKS.c.object == sa.bindparam("kind"),
    XREF_LINKS.c.alt_key == sa.bindparam("alt_key"),
    XREF_LINKS.c.unlinked_at.is_(None),
)
_HOLDER: Final = sa.select(XREF_LINKS.c.canonical_id).where(
    XREF_LINKS.c.object == sa.bindparam("kind"),
    XREF_LINKS.c.system == sa.bindparam("system"),
    XREF_LINKS.c.native_id == sa.bindparam("native_id"),
    XREF_LINKS.c.unlinked_at.is_(None),
)
_LAST_HOLDER: Final = (
    sa.select(XREF_LINKS.c.canonical_id)
    .where(
        XREF_LINKS.c.object == sa.bindparam("kind"),
        XREF_LINKS.c.system == sa.bindparam("system"),
        XREF_LINKS.c.native_id == sa.bindparam("native_id"),
    )
    .order_by(XREF_LINKS.c.id.desc())
    .limit(1)
)
_TERMS: Final = sa.select(XREF_TERMS.c.kind, XREF_TERMS.c.value).where(
    XREF_TERMS.c.canonical_id == sa.bindparam("canonical_id"),
    XREF_TERMS.c.system == sa.bindparam("system"),
    XREF_TERMS.c.native_id == sa.bindparam("native_id"),
)
_HAVING: Final = (
    sa.select(XREF_TERMS.c.canonical_id)
    .join(CANONICAL_IDS, CANONICAL_IDS.c.id == XREF_TERMS.c.canonical_id)
    .where(
        XREF_TERMS.c.kind == sa.bindparam("kind"),
        XREF_TERMS.c.value == sa.bindparam("value"),
        CANONICAL_IDS.c.object == sa.bindparam("object"),
    )
)
_NEW_ID, _NEW_NOTE, _NEW_TERM = sa.insert(CANONICAL_IDS), sa.insert(XREF_HISTORY), sa.insert(XREF_TERMS)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A record in a system."""

    system: str
    native_id: str
    instance: str = ""
    """The legal entity whose books it is in, where the system keeps more than one's."""
    alt_key: str = ""


class By(msgspec.Struct, frozen=True):
    """Who does something, and why."""

    who: str
    why: str = ""


def mint(connection: sa.Connection, kind: str, by: By) -> str:
    """A new canonical id: a ULID, so that ids sort by when they were made."""
    made = ulid()
    connection.execute(_NEW_ID, {"id": made, "object": kind, "created_at": now(), "held_by": ""})
    _note(connection, made, "made", by)
    return made


def ulid() -> str:
    """26 characters: 48 bits of milliseconds, 80 of chance, in Crockford's base 32."""
    number = (int(time.time() * 1000) << 80) | secrets.randbits(80)
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -5, -5))


def resolve(connection: sa.Connection, canonical_id: str) -> str:
    """The id a thing has now. Raises `NotFound` for one that was never given out."""
    known = sa.select(CANONICAL_IDS.c.id, CANONICAL_IDS.c.merged_into)
    at = canonical_id
    for _ in range(_MERGES):
        row = connection.execute(known.where(CANONICAL_IDS.c.id == at)).first()
        if row is None:
            raise NotFound(f"Nothing has the id {canonical_id}.")
        if row.merged_into is None:
            return at
        at = row.merged_into
    raise Conflict(f"{canonical_id} was merged more than {_MERGES} times.")


def holder(connection: sa.Connection, kind: str, system: str, native_id: str) -> str:
    """The canonical id a record belongs to; empty when to none."""
    asked = {"kind": kind, "system": system, "native_id": native_id}
    return connection.execute(_HOLDER, asked).scalar() or ""


def holders(connection: sa.Connection, kind: str, records: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The same of many (system, native id) at once; those that belong to none are missing."""
    wanted = list(dict.fromkeys(records))
    found: dict[tuple[str, str], str] = {}
    for start in range(0, len(wanted), _MANY):
        part = wanted[start : start + _MANY]
        query = sa.select(XREF_LINKS.c.system, XREF_LINKS.c.native_id, XREF_LINKS.c.canonical_id).where(
            XREF_LINKS.c.object == kind, XREF_LINKS.c.unlinked_at.is_(None), _one_of(part)
        )
        found |= {(row.system, row.native_id): row.canonical_id for row in connection.execute(query)}
    return found


def last_holder(connection: sa.Connection, kind: str, system: str, native_id: str) -> str:
    """Whose a record was before it was unlinked; empty when it never was anybody's."""
    last = connection.execute(_LAST_HOLDER, {"kind": kind, "system": system, "native_id": native_id}).scalar()
    return resolve(connection, last) if last else ""


def by_alt_key(connection: sa.Connection, kind: str, alt_key: str) -> str:
    """The canonical id under whose records this key is; empty when none, or more than one."""
    found = set(connection.scalars(_WITH_KEY, {"kind": kind, "alt_key": alt_key})) if alt_key else set()
    return found.pop() if len(found) == 1 else ""


def by_key(connection: sa.Connection, kind: str, place: Place) -> str:
    """Whose a record is by our key, the other system's name and id, on either of the two; empty when nobody's."""
    system, _, native_id = place.alt_key.partition(":")
    pointed = holder(connection, kind, system, native_id) if native_id else ""
    return pointed or by_alt_key(connection, kind, f"{place.system}:{place.native_id}")


def left(connection: sa.Connection, canonical_id: str) -> list[tuple[str, str]]:
    """System and instance of the records it once had, and has no more."""
    query = sa.select(XREF_LINKS.c.system, XREF_LINKS.c.instance).where(
        XREF_LINKS.c.canonical_id == canonical_id, XREF_LINKS.c.unlinked_at.is_not(None)
    )
    return [(row.system, row.instance) for row in connection.execute(query)]


def link(connection: sa.Connection, canonical_id: str, place: Place, by: By, did: Did = "linked") -> bool:
    """A record belongs to this id; whether that is new. Raises `Conflict` when it is another's."""
    kind = _kind(connection, canonical_id)
    values = {
        "canonical_id": canonical_id,
        "object": kind,
        **msgspec.structs.asdict(place),
        "linked_at": now(),
        "unlinked_at": None,
    }
    if insert_if_free(connection, XREF_LINKS, values):
        _note(connection, canonical_id, did, by, place)
        return True
    owner = holder(connection, kind, place.system, place.native_id)
    if owner != canonical_id:
        raise Conflict(f"{place.system} {place.native_id} belongs to {owner}.")
    known = sa.update(XREF_LINKS).where(_current(kind, place.system, place.native_id))
    connection.execute(known.values(alt_key=place.alt_key, instance=place.instance))
    return False


def unlink(connection: sa.Connection, kind: str, system: str, native_id: str, by: By) -> str:
    """A record belongs to nobody any more; whose it was. Raises `NotFound` when it was nobody's."""
    owner = holder(connection, kind, system, native_id)
    if not owner:
        raise NotFound(f"{system} {native_id} is linked to nothing.")
    connection.execute(sa.update(XREF_LINKS).where(_current(kind, system, native_id)).values(unlinked_at=now()))
    for table in (XREF_TERMS, SNAPSHOTS, SYNC_WRITES):
        connection.execute(sa.delete(table).where(_of_record(table, owner, system, native_id)))
    _note(connection, owner, "unlinked", by, Place(system=system, native_id=native_id))
    return owner


def relink(connection: sa.Connection, canonical_id: str, place: Place, by: By) -> None:
    """A record belongs to this id from now on, whosever it was before."""
    kind = _kind(connection, canonical_id)
    owner = holder(connection, kind, place.system, place.native_id)
    if owner == canonical_id:
        return
    if owner:
        unlink(
            connection, kind, place.system, place.native_id, By(by.who, f"Linked to {canonical_id}. {by.why}".strip())
        )
    link(connection, canonical_id, place, by, "relinked" if owner else "linked")


def merge(connection: sa.Connection, loser: str, winner: str, by: By) -> None:
    """Two ids were one thing: the loser's records are the winner's, and the loser resolves to it. Again is no-op.

    Raises `Conflict` where they are of different kinds, `NotFound` where there is no such id.
    """
    loser, winner = resolve(connection, loser), resolve(connection, winner)
    if loser == winner:
        return
    if _kind(connection, loser) != _kind(connection, winner):
        raise Conflict(f"{loser} and {winner} are not of one kind.")
    connection.execute(
        sa.update(CANONICAL_IDS).where(CANONICAL_IDS.c.id == loser).values(merged_into=winner, held_by="")
    )
    for table in (XREF_LINKS, XREF_TERMS, SNAPSHOTS, SYNC_WRITES):
        connection.execute(sa.update(table).where(table.c.canonical_id == loser).values(canonical_id=winner))
    children = sa.update(SNAPSHOTS).where(SNAPSHOTS.c.parent_id == loser)
    connection.execute(children.values(parent_id=winner))
    _note(connection, loser, "merged", by, other=winner)
    _note(connection, winner, "absorbed", by, other=loser)


def learn(connection: sa.Connection, canonical_id: str, system: str, native_id: str, terms: Collection[Term]) -> None:
    """By what a record is found, instead of what was known of it before."""
    place = {"canonical_id": canonical_id, "system": system, "native_id": native_id}
    known = {Term(row.kind, row.value) for row in connection.execute(_TERMS, place)}
    if known == set(terms):
        return
    if known:
        connection.execute(sa.delete(XREF_TERMS).where(_of_record(XREF_TERMS, canonical_id, system, native_id)))
    rows = [{**place, "kind": t.kind, "value": t.value} for t in sorted(set(terms))]
    if rows:
        connection.execute(_NEW_TERM, rows)


def having(connection: sa.Connection, kind: str, term: Term) -> set[str]:
    """The ids of which some record has this."""
    return set(connection.scalars(_HAVING, {"kind": term.kind, "value": term.value, "object": kind}))


def find(connection: sa.Connection, word: str, kind: str = "") -> list[str]:
    """The ids a word means: an id of ours; a native id or key in any system; a number, a tax number or a domain."""
    if not word:
        return []
    of_kind = CANONICAL_IDS.c.object == kind if kind else sa.true()
    ours = sa.select(CANONICAL_IDS.c.id).where(CANONICAL_IDS.c.id == word.upper(), of_kind)
    linked = (
        sa.select(XREF_LINKS.c.canonical_id)
        .join(CANONICAL_IDS, CANONICAL_IDS.c.id == XREF_LINKS.c.canonical_id)
        .where(
            sa.or_(XREF_LINKS.c.native_id == word, XREF_LINKS.c.alt_key == word),
            XREF_LINKS.c.unlinked_at.is_(None),
            of_kind,
        )
    )
    said = (
        sa.select(XREF_TERMS.c.canonical_id)
        .join(CANONICAL_IDS, CANONICAL_IDS.c.id == XREF_TERMS.c.canonical_id)
        .where(sa.or_(*(_is(term) for term in words(word)), sa.false()), of_kind)
    )
    found = {*connection.scalars(ours), *connection.scalars(linked), *connection.scalars(said)}
    return sorted({resolve(connection, each) for each in found})


def places_of(connection: sa.Connection, canonical_ids: Iterable[str]) -> dict[str, list[Place]]:
    """Where things live now, in the order in which that was found out."""
    wanted = list(dict.fromkeys(canonical_ids))
    found: dict[str, list[Place]] = {each: [] for each in wanted}
    for start in range(0, len(wanted), _MANY):
        part = wanted[start : start + _MANY]
        query = sa.select(XREF_LINKS).where(XREF_LINKS.c.canonical_id.in_(part), XREF_LINKS.c.unlinked_at.is_(None))
        for row in connection.execute(query.order_by(XREF_LINKS.c.id)):
            place = Place(system=row.system, native_id=row.native_id, instance=row.instance, alt_key=row.alt_key)
            found[row.canonical_id].append(place)
    return found


def merged_into(connection: sa.Connection, canonical_id: str) -> list[str]:
    """The ids that were merged into this one, directly or by way of others."""
    found: list[str] = []
    waiting = [canonical_id]
    while waiting:
        query = sa.select(CANONICAL_IDS.c.id).where(CANONICAL_IDS.c.merged_into == waiting.pop())
        earlier = sorted(each for each in connection.scalars(query) if each not in found)
        found += earlier
        waiting += earlier
    return found


def history(connection: sa.Connection, canonical_id: str) -> list[Any]:
    """All that was done to it and to those merged into it, oldest first."""
    whole = [canonical_id, *merged_into(connection, canonical_id)]
    query = sa.select(XREF_HISTORY).where(XREF_HISTORY.c.canonical_id.in_(whole)).order_by(XREF_HISTORY.c.id)
    return list(connection.execute(query))


def hold(connection: sa.Connection, canonical_ids: Iterable[str], who: str, until: datetime) -> set[str]:
    """Take these until then under a name of one's own; which ones nobody else had."""
    wanted = list(dict.fromkeys(canonical_ids))
    for start in range(0, len(wanted), _MANY):
        free = sa.or_(
            CANONICAL_IDS.c.held_until.is_(None),
            CANONICAL_IDS.c.held_until < now(),
            CANONICAL_IDS.c.held_by == who,
        )
        part = CANONICAL_IDS.c.id.in_(wanted[start : start + _MANY])
        connection.execute(sa.update(CANONICAL_IDS).where(part, free).values(held_by=who, held_until=until))
    mine = sa.select(CANONICAL_IDS.c.id).where(CANONICAL_IDS.c.held_by == who, CANONICAL_IDS.c.held_until == until)
    return set(connection.scalars(mine)) & set(wanted)


def renew(connection: sa.Connection, who: str, until: datetime) -> None:
    """Keep longer whatever one still has."""
    connection.execute(sa.update(CANONICAL_IDS).where(CANONICAL_IDS.c.held_by == who).values(held_until=until))


def release(connection: sa.Connection, who: str, canonical_ids: Iterable[str]) -> None:
    """Give them back."""
    wanted = list(canonical_ids)
    for start in range(0, len(wanted), _MANY):
        mine = sa.and_(CANONICAL_IDS.c.id.in_(wanted[start : start + _MANY]), CANONICAL_IDS.c.held_by == who)
        connection.execute(sa.update(CANONICAL_IDS).where(mine).values(held_by="", held_until=None))


def _kind(connection: sa.Connection, canonical_id: str) -> str:
    kind = connection.execute(_KIND, {"id": canonical_id}).scalar()
    if kind is None:
        raise NotFound(f"Nothing has the id {canonical_id}.")
    return str(kind)


def _current(kind: str, system: str, native_id: str) -> Any:
    return sa.and_(
        XREF_LINKS.c.object == kind,
        XREF_LINKS.c.system == system,
        XREF_LINKS.c.native_id == native_id,
        XREF_LINKS.c.unlinked_at.is_(None),
    )


def _one_of(records: Iterable[tuple[str, str]]) -> Any:
    return sa.tuple_(XREF_LINKS.c.system, XREF_LINKS.c.native_id).in_(list(records))


def _of_record(table: sa.Table, canonical_id: str, system: str, native_id: str) -> Any:
    return sa.and_(table.c.canonical_id == canonical_id, table.c.system == system, table.c.native_id == native_id)


def _is(term: Term) -> Any:
    return sa.and_(XREF_TERMS.c.kind == term.kind, XREF_TERMS.c.value == term.value)


def _note(
    connection: sa.Connection, canonical_id: str, did: Did, by: By, place: Place | None = None, other: str = ""
) -> None:
    row = {
        "canonical_id": canonical_id,
        "at": now(),
        "who": by.who[:160],
        "did": did,
        "system": place.system if place else "",
        "native_id": place.native_id if place else "",
        "other_id": other,
        "why": by.why,
    }
    connection.execute(_NEW_NOTE, row)
