"""How long records are kept, and the sweep that holds to it: whole anchored segments go, a signed statement stays.

Each class of retention has chains of its own, so that what is kept for seven years does not hold back what is kept for
ninety days. Bodies go earlier than their records; their digests stay, and the chain holds.
"""

import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from gateway.audit.entry import Erasure, Segment
from gateway.audit.keyring import Keyring
from gateway.audit.removals import erase_bodies, note, ranges
from gateway.audit.store import Store, Where, place_of
from gateway.words import Duration

_BODIES: Final = 5_000
"""Bodies a statement of erasure names at most: other writers wait no longer than one takes."""
_ANCHORS: Final = 500
"""Commits a segment holds at most, likewise."""


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """How long one class is kept."""

    records: Duration
    """Who did what: `400d`, `7y`."""
    bodies: Duration | None = None
    """What was said, where `audit: bodies` keeps it; as long as the records when not said."""

    def __post_init__(self) -> None:
        if self.bodies is not None and self.bodies > self.records:
            raise ValueError("bodies cannot be kept longer than the records they belong to")


class Swept(msgspec.Struct, kw_only=True):
    """What a sweep removed."""

    records: int = 0
    bodies: int = 0
    names: int = 0


def sweep(where: Where, classes: Mapping[str, Span], now: float | None = None) -> Swept:
    """Remove what is kept no longer, as of `now` (seconds since the epoch). Safe to run at any time, by anyone."""
    place, moment = place_of(where), datetime.fromtimestamp(time.time() if now is None else now, UTC)
    store, keys, swept = place.open(), Keyring.at(place.keys), Swept()
    try:
        for name, span in classes.items():
            if span.bodies is not None:
                swept.bodies += _bodies(store, keys, name, moment - timedelta(seconds=span.bodies))
            swept.records += _records(store, keys, name, moment - timedelta(seconds=span.records))
        swept.names = _names(store, classes, moment)
        store.forget()
    finally:
        store.close()
    return swept


def _bodies(store: Store, keys: Keyring, name: str, before: datetime) -> int:
    count = 0
    while rows := store.rows(
        "SELECT b.writer, b.seq FROM sheets s JOIN bodies b ON b.writer = s.writer AND b.seq BETWEEN s.first AND s.seq "
        "WHERE s.retention = ? AND s.at < ? AND (b.request IS NOT NULL OR b.answer IS NOT NULL) LIMIT ?",
        (name, _text(before), _BODIES),
    ):
        said = Erasure(id=_id(), at=_text(_now()), rows=ranges(rows), reason=f"retention of {name}: {before:%Y-%m-%d}")
        with store.begin(durable=True) as work:
            note(work, keys, said)
            erase_bodies(work, said, rows)
        count += len(rows)
    return count


def _records(store: Store, keys: Keyring, name: str, before: datetime) -> int:
    count = 0
    for (writer,) in store.rows("SELECT DISTINCT writer FROM sheets WHERE retention = ?", (name,)):
        while found := _segment(store, writer, before):
            upto, digest, size = found
            said = Segment(id=_id(), at=_text(_now()), writer=writer, upto=upto, digest=digest, count=size,
                           reason=f"retention of {name}: {before:%Y-%m-%d}")  # fmt: skip
            with store.begin(durable=True) as work:
                note(work, keys, said)
                for table in ("bodies", "anchors", "sheets"):
                    work.execute(f"DELETE FROM {table} WHERE writer = ? AND seq <= ?", (writer, upto))  # noqa: S608 - our tables
            count += size
    return count


def _segment(store: Store, writer: str, before: datetime) -> tuple[int, str, int] | None:
    """The next anchored piece of a chain whose time is over: its last record, that one's digest, how many it has."""
    found = store.rows(
        "SELECT a.seq, a.digest FROM anchors a JOIN sheets s ON s.writer = a.writer AND s.seq = a.seq "
        "WHERE a.writer = ? AND s.at < ? ORDER BY a.seq LIMIT ?",
        (writer, _text(before), _ANCHORS),
    )
    if not found:
        return None
    upto, digest = found[-1]
    asked = "SELECT sum(seq - first + 1) FROM sheets WHERE writer = ? AND seq <= ?"
    ((size,),) = store.rows(asked, (writer, upto))
    return int(upto), str(digest), int(size)


def _names(store: Store, classes: Mapping[str, Span], moment: datetime) -> int:
    """Names no record can hold any more; none while some class is kept for ever."""
    held = {row[0] for row in store.rows("SELECT DISTINCT retention FROM sheets")}
    if not classes or held - set(classes):
        return 0
    longest = max(span.records for span in classes.values())
    before = (moment - timedelta(seconds=longest, days=2)).date().isoformat()
    with store.begin() as work:
        return int(work.execute("DELETE FROM names WHERE seen < ?", (before,)).rowcount)


def _now() -> datetime:
    return datetime.now(UTC)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def _id() -> str:
    return secrets.token_hex(8)
