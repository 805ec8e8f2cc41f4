"""The inbox: every change seen, once per version, whichever way it was heard of; and what is due of it.

A version that is a stamp stands for every change of its record within that second, and the second of two may come when
the first was read already. So what is read soon after it was heard of is read once more when its stamp can be given to
nothing any more. That is reckoned from when we heard of it, by which time the vendor's clock had reached the stamp: how
far its clock and ours are apart does not matter.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, cast

import sqlalchemy as sa
import structlog

from canonical.dates import now
from canonical.ports.systems import Change
from foundation.database import insert_all_new, upsert
from process_apis.events.tables import INBOX_KEYS
from process_apis.journal import aware
from process_apis.tables import INBOX

_parked: Final = sa.exists().where(
    INBOX_KEYS.c.system == INBOX.c.system,
    INBOX_KEYS.c.object == INBOX.c.object,
    INBOX_KEYS.c.native_id == INBOX.c.native_id,
    INBOX_KEYS.c.parked != "",
)
log = structlog.get_logger("tiergate.inbox")
AGAIN: Final = "again"
"""How a change came that is none: what its record hangs on has changed, or somebody asks for it once more."""
STALE: Final = "stale"
"""What came of a change that a newer one of its record made needless."""
_AT_ONCE: Final = 500
"""Rows that are recalled together."""
PASSED_OVER: Final = "passed over"
"""What came of a change that was there before anybody asked."""
_FIRST_WAIT: Final = 5.0
"""Seconds before a change that could not be worked on is tried again; doubles each time."""
SETTLED: Final = timedelta(minutes=1)
"""After so long nothing more appears under a stamp: its second is over, and so is a transaction that began in it."""
_LONG_AGO: Final = timedelta(days=2)
"""A change as old as that is not of just now, whatever is wrong with a clock or a zone, and where days are stamped."""
MOST_TRIES: Final = 10
"""After so many a change is parked: a person looks, and has it tried again."""


def store(connection: sa.Connection, system: str, changes: list[Change], via: str, outcome: str = "") -> int:
    """Put changes in the inbox; how many were not there. With an outcome they are known, and nobody works on them."""
    heard = now()
    plain: dict[str, Any] = {"system": system, "via": via, "received_at": heard, "tries": 0}
    if outcome:
        plain |= {"done_at": heard, "outcome": outcome}
    rows = [
        {
            **plain,
            "object": change.object,
            "native_id": change.native_id,
            "version": change.version,
            "notification_id": change.notification_id,
            "again_at": None if outcome else _final_from(change, heard),
        }
        for change in changes
    ]
    return insert_all_new(connection, INBOX, ("system", "object", "native_id", "version"), rows)


def _final_from(change: Change, heard: datetime) -> datetime | None:
    """From when on reading a change is final; None where it is at once."""
    return None if change.exact or change.changed_at < heard - _LONG_AGO else heard + SETTLED


def look_again(connection: sa.Connection, system: str, kind: str, native_id: str) -> None:
    """A record has not changed, but what it hangs on has: it is due once more."""
    moment = now()
    again = Change(
        object=cast(Any, kind),
        native_id=native_id,
        version=f"again {moment.isoformat()}",
        changed_at=moment,
        exact=True,
    )
    store(connection, system, [again], AGAIN)


def due(connection: sa.Connection, kind: str) -> list[Any]:
    """Due rows of one kind of object, the newest of each record that is not parked; older versions of it are stale."""
    moment = now()
    recall(connection, moment)
    waiting = sa.and_(INBOX.c.done_at.is_(None), sa.or_(INBOX.c.not_before.is_(None), INBOX.c.not_before <= moment))
    newest: dict[tuple[str, str, str], Any] = {}
    stale: list[Any] = []
    for row in connection.execute(
        sa.select(INBOX).where(waiting, INBOX.c.object == kind, ~_parked).order_by(INBOX.c.id)
    ):
        key = (row.system, row.object, row.native_id)
        known = newest.get(key)
        newest[key] = row if known is None or row.version >= known.version else known
        if known is not None:
            stale.append(known if newest[key] is row else row)
    done(connection, stale, STALE)
    begun(connection, newest.values(), moment)
    return list(newest.values())


def recall(connection: sa.Connection, moment: datetime) -> None:
    """What was worked on before reading it was final is due once more now that it is. Its outcome stays until then."""
    early = sa.select(INBOX.c.id).where(INBOX.c.again_at <= moment, INBOX.c.done_at.is_not(None)).order_by(INBOX.c.id)
    mine = early.limit(_AT_ONCE).with_for_update(skip_locked=True)
    if ids := list(connection.scalars(mine)):
        again = {"done_at": None, "again_at": None, "tries": 0, "not_before": None}
        connection.execute(sa.update(INBOX).where(INBOX.c.id.in_(ids)).values(**again))


def begun(connection: sa.Connection, rows: Iterable[Any], moment: datetime) -> None:
    """These are read from this moment on: where that is final they are not read once more."""
    _update(
        connection, [row for row in rows if row.again_at is not None and aware(row.again_at) <= moment], again_at=None
    )


def done(connection: sa.Connection, rows: Iterable[Any], outcome: str) -> None:
    """These were worked on; a stale one was not, since a newer one is."""
    passed = {"again_at": None} if outcome == STALE else {}
    _update(connection, rows, done_at=now(), outcome=outcome[:40], **passed)


def _update(connection: sa.Connection, rows: Iterable[Any], **values: Any) -> None:
    ids = [{"row_id": row.id} for row in rows]
    if ids:
        connection.execute(sa.update(INBOX).where(INBOX.c.id == sa.bindparam("row_id")).values(**values), ids)


def postpone(connection: sa.Connection, row: Any, why: str = "it failed") -> bool:
    """This one is tried again, later each time; after so many times its record is parked. Whether it is."""
    if row.tries + 1 >= MOST_TRIES:
        park(connection, (row.system, row.object, row.native_id), f"{MOST_TRIES} times: {why}")
        return True
    wait = timedelta(seconds=_FIRST_WAIT * 2 ** min(row.tries, 8))
    connection.execute(
        sa.update(INBOX).where(INBOX.c.id == row.id).values(tries=row.tries + 1, not_before=now() + wait)
    )
    return False


def park(connection: sa.Connection, key: tuple[str, str, str], why: str) -> None:
    """Work on nothing of this record until somebody says so; what comes of it meanwhile waits."""
    log.warning("a record is parked", system=key[0], native_id=key[2], why=why)
    named = dict(zip(("system", "object", "native_id"), key, strict=True))
    upsert(connection, INBOX_KEYS, named, {"parked": why[:500], "held_by": "", "held_until": None})
