"""Turns: changes of one record are worked on one after the other, oldest first, by one worker at a time.

    claim some records -> their waiting changes, in order -> work -> all that came of it in one transaction -> let go

Any number of workers in any number of processes may claim at once: a record is given to one of them. Nothing is settled
by a worker whose turn has run out meanwhile, so that what it did is not written over what came later. A change that
fails for good parks its record: what follows of it waits, everything else goes on.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final

import msgspec
import sqlalchemy as sa
import structlog

from canonical.dates import now
from canonical.faults import Conflict, Drifted, Fault, Invalid, NotFound, VendorRefused
from foundation.database import Database, insert_new
from process_apis.events import inbox
from process_apis.events.tables import INBOX_KEYS
from process_apis.tables import INBOX

HELD: Final = timedelta(seconds=120)
"""How long a record is kept from others; what a dead process held is free again after it."""
FOR_GOOD: Final = (Invalid, Drifted, VendorRefused)
"""What the same change will come to again: it is parked at once."""
_KEY: Final = (INBOX_KEYS.c.system, INBOX_KEYS.c.object, INBOX_KEYS.c.native_id)
Key = tuple[str, str, str]
log = structlog.get_logger("tiergate.turns")


class Worked(msgspec.Struct, frozen=True):
    """What came of a change: a word, and what is written in the transaction that says so."""

    word: str
    effect: Callable[[sa.Connection], None] | None = None


Work = Callable[[Any], Awaitable[Worked]]
Told = Callable[[sa.Connection, Key, Exception | None], None]
"""Told in the transaction that settles a turn: what its record was parked for, or None when all of it was worked on."""


def _nobody(_connection: sa.Connection, _key: Key, _failure: Exception | None) -> None:
    """Nobody wants to know."""


async def work(
    database: Database,
    who: str,
    most: int,
    each: Work,
    *,
    every: bool = False,
    but: Collection[str] = (),
    held: timedelta = HELD,
    told: Told = _nobody,
) -> int:
    """Claim so many records and work their changes off; how many records there were.

    Of a record only the newest change is worked on, since the reader reads it again; with `every` each one is. `but`
    names objects that somebody else works on; for `held` the records are kept from others.
    """
    claimed = await database.run(lambda c: claim(c, who, most, but, held))
    for key, rows in claimed.items():
        settle = partial(_settle, who=who, key=key, told=told)
        await _one(database, key, rows, each, settle, every=every)
    return len(claimed)


async def _one(
    database: Database, key: Key, rows: Sequence[Any], each: Work, settle: Callable[..., None], *, every: bool
) -> None:
    """The turn of one record."""
    wanted = rows if every else rows[-1:]
    done: list[tuple[Any, Worked]] = [(row, Worked(inbox.STALE)) for row in rows if row not in wanted]
    failed: tuple[Any, Exception] | None = None
    for row in wanted:
        try:
            done.append((row, await each(row)))
        except (Conflict, NotFound) as settled:
            done.append((row, Worked(settled.reason)))
        except Exception as failure:  # noqa: BLE001 - it is said, and tried again later or parked
            failed = (row, failure)
            break
    try:
        await database.run(partial(settle, done=done, failed=failed))
    except Conflict as late:
        log.warning("a turn had run out", native_id=key[2], detail=late.detail)


def claim(
    c: sa.Connection, who: str, most: int, but: Collection[str] = (), held: timedelta = HELD
) -> dict[Key, list[Any]]:
    """Records with changes that are due, kept for `who`; each with all its waiting changes, oldest version first."""
    moment = now()
    inbox.recall(c, moment)
    free = sa.and_(
        INBOX_KEYS.c.parked == "", sa.or_(INBOX_KEYS.c.held_until.is_(None), INBOX_KEYS.c.held_until < moment)
    )
    ready = sa.and_(INBOX.c.done_at.is_(None), sa.or_(INBOX.c.not_before.is_(None), INBOX.c.not_before <= moment))
    mine = sa.and_(
        INBOX_KEYS.c.system == INBOX.c.system,
        INBOX_KEYS.c.object == INBOX.c.object,
        INBOX_KEYS.c.native_id == INBOX.c.native_id,
    )
    offered = (
        sa.select(INBOX.c.system, INBOX.c.object, INBOX.c.native_id)
        .outerjoin(INBOX_KEYS, mine)
        .where(ready, INBOX.c.object.not_in(list(but)), sa.or_(INBOX_KEYS.c.system.is_(None), free))
        .group_by(INBOX.c.system, INBOX.c.object, INBOX.c.native_id)
        .order_by(sa.func.min(INBOX.c.id))
        .limit(most)
    )
    found: dict[Key, list[Any]] = {}
    # In one order, whoever claims: two that hold each other's next record would wait forever.
    for key in sorted(tuple(row) for row in c.execute(offered)):
        insert_new(c, INBOX_KEYS, _named(key), {"held_by": "", "parked": ""})
        holding = sa.update(INBOX_KEYS).where(_at(key), free)
        if c.execute(holding.values(held_by=who, held_until=moment + held)).rowcount:
            found[key] = _waiting(c, key)
            inbox.begun(c, found[key], moment)
    return found


def _waiting(c: sa.Connection, key: Key) -> list[Any]:
    """A record's changes in order. What is older than one that was worked on already is stale; one that waits for a
    later try holds up those behind it."""
    record = (INBOX.c.system == key[0], INBOX.c.object == key[1], INBOX.c.native_id == key[2])
    seen = sa.select(sa.func.max(INBOX.c.version)).where(
        *record, INBOX.c.done_at.is_not(None), INBOX.c.outcome != inbox.STALE
    )
    last = c.scalar(seen) or ""
    rows = list(c.execute(sa.select(INBOX).where(*record, INBOX.c.done_at.is_(None)).order_by(INBOX.c.version)))
    inbox.done(c, [row for row in rows if row.version < last], inbox.STALE)
    return [row for row in rows if row.version >= last]


def _settle(
    c: sa.Connection,
    who: str,
    key: Key,
    done: Sequence[tuple[Any, Worked]],
    failed: tuple[Any, Exception] | None,
    told: Told = _nobody,
) -> None:
    """Write what came of a turn, and let the record go. `Conflict` when it is somebody else's by now."""
    mine = sa.update(INBOX_KEYS).where(_at(key), INBOX_KEYS.c.held_by == who)
    if not c.execute(mine.values(held_by="", held_until=None)).rowcount:
        raise Conflict("somebody else works on it by now")
    by_word: dict[str, list[Any]] = {}
    for row, worked in done:
        by_word.setdefault(worked.word, []).append(row)
        if worked.effect is not None:
            worked.effect(c)
    for word, rows in by_word.items():
        inbox.done(c, rows, word)
    if failed is None:
        told(c, key, None)
    elif _set_aside(c, key, *failed):
        told(c, key, failed[1])


def _set_aside(c: sa.Connection, key: Key, row: Any, failure: Exception) -> bool:
    """Park the record, or have it tried again later; whether it is parked."""
    reason = failure.reason if isinstance(failure, Fault) else type(failure).__name__
    if isinstance(failure, FOR_GOOD):
        inbox.park(c, key, f"{reason}: {failure}")
        return True
    log.warning("a change waits", native_id=key[2], reason=reason)
    return inbox.postpone(c, row, reason)


def unpark(c: sa.Connection, key: Key) -> None:
    """Go on with this record, with all its tries again."""
    c.execute(sa.update(INBOX_KEYS).where(_at(key)).values(parked=""))
    waiting = (INBOX.c.system == key[0], INBOX.c.object == key[1], INBOX.c.native_id == key[2])
    c.execute(sa.update(INBOX).where(*waiting, INBOX.c.done_at.is_(None)).values(tries=0, not_before=None))


def _named(key: Key) -> dict[str, Any]:
    return dict(zip(("system", "object", "native_id"), key, strict=True))


def _at(key: Key) -> sa.ColumnElement[bool]:
    return sa.and_(*(column == value for column, value in zip(_KEY, key, strict=True)))
