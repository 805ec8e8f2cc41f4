"""What came in and went no further: deliveries nobody could read, records that are parked; and working on it once more.

A delivery is kept as it came once its signature was good and what it says was not: it is answered as taken, since the
sender has done its part, and is read again, as of the moment it came in, when somebody has mended what reads it.
"""

import hashlib
import json
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from canonical.dates import now
from canonical.faults import FieldError, Invalid
from canonical.ports import Page
from canonical.ports.events import ChangeAgain, ChangesAgain, ChangesReplayed, Dismissal, Quarantined
from canonical.ports.systems import Delivery
from foundation.database import insert_new
from process_apis.events import inbox, looking, quarantining, turns
from process_apis.events.tables import INBOX_KEYS, QUARANTINE
from process_apis.journal import aware
from process_apis.operating import MOST, cursor_of, open_cursor
from process_apis.platform import Platform, acting
from process_apis.tables import INBOX

_REASON: Final = 500


def keep(c: sa.Connection, platform: Platform, system: str, delivery: Delivery, unreadable: Invalid) -> None:
    """Keep a delivery as it came, with why it could not be read, and open its case; the same words once, however often
    they are told."""
    named = {"system": system, "digest": hashlib.sha256(delivery.body.encode()).hexdigest()}
    why = "; ".join(f"{e.pointer} {e.detail}" for e in unreadable.errors) or str(unreadable)
    values = {
        "received_at": now(),
        "reason": why[:_REASON],
        "state": "waiting",
        "headers": json.dumps(delivery.headers),
        "body": delivery.body,
    }
    if insert_new(c, QUARANTINE, named, values):
        same = sa.and_(QUARANTINE.c.system == system, QUARANTINE.c.digest == named["digest"])
        number = int(c.scalar(sa.select(QUARANTINE.c.number).where(same)) or 0)
        quarantining.open_case(c, platform, system, number, unreadable)


class Stewarding:
    """The operations of `Inbound`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def quarantine(self, limit: int = 50, cursor: str = "") -> Page[Quarantined]:
        """One page, oldest first."""
        most, after = max(1, min(limit, MOST)), open_cursor(cursor, tuple[int])[0] if cursor else 0
        query = sa.select(QUARANTINE).where(QUARANTINE.c.number > after).order_by(QUARANTINE.c.number).limit(most + 1)
        rows = await self._platform.database.run(lambda c: list(c.execute(query)))
        more = cursor_of((rows[most - 1].number,)) if len(rows) > most else ""
        return Page(items=[_shown(row) for row in rows[:most]], next=more)

    async def release_quarantined(self, number: int) -> Quarantined:
        """Into the inbox, if it can be read now."""
        await quarantining.release(self._platform, number)
        return await self._quarantined(number)

    async def dismiss_quarantined(self, number: int, data: Dismissal) -> Quarantined:
        """Nothing comes of it."""
        await quarantining.dismiss(self._platform, number, data.why)
        return await self._quarantined(number)

    async def _quarantined(self, number: int) -> Quarantined:
        query = sa.select(QUARANTINE).where(QUARANTINE.c.number == number)
        return _shown(await self._platform.database.run(lambda c: c.execute(query).one()))

    async def parked_changes(self, limit: int = 50, cursor: str = "") -> Page[ChangeAgain]:
        """One page, in the order of their records."""
        most = max(1, min(limit, MOST))
        key = (INBOX_KEYS.c.system, INBOX_KEYS.c.object, INBOX_KEYS.c.native_id)
        query = sa.select(INBOX_KEYS).where(INBOX_KEYS.c.parked != "").order_by(*key).limit(most + 1)
        if cursor:
            query = query.where(sa.tuple_(*key) > sa.tuple_(*open_cursor(cursor, tuple[str, str, str])))

        def read(c: sa.Connection) -> Page[ChangeAgain]:
            rows = list(c.execute(query))
            shown = []
            for row in rows[:most]:
                asked = ChangesAgain(system=row.system, object=row.object, native_id=row.native_id)
                shown += _again(c, asked)
            last = rows[most - 1] if len(rows) > most else None
            return Page(items=shown, next=cursor_of((last.system, last.object, last.native_id)) if last else "")

        return await self._platform.database.run(read)

    async def replay_changes(self, data: ChangesAgain) -> ChangesReplayed:
        """The newest version of each record in these bounds is due again; a record that was parked is not any more."""
        if not (data.native_id or data.since or data.until):
            said = "Say which record, or since or until when: all there ever was is not worked on again by accident."
            raise Invalid("A replay has bounds.", errors=[FieldError(pointer="/native_id", detail=said)])

        def write(c: sa.Connection) -> ChangesReplayed:
            found = _again(c, data)
            for each in [] if data.dry_run else found:
                of = (INBOX.c.system == each.system, INBOX.c.object == each.object, INBOX.c.native_id == each.native_id)
                # Came it as it came at first, a sync would know it for an echo of what it has seen.
                due = {"done_at": None, "outcome": "", "tries": 0, "not_before": None, "via": inbox.AGAIN}
                c.execute(sa.update(INBOX).where(*of, INBOX.c.version == each.version).values(**due))
                turns.unpark(c, (each.system, each.object, each.native_id))
            return ChangesReplayed(changes=found[:MOST], count=len(found))

        done = await self._platform.database.run(write)
        if data.dry_run:
            with acting():
                return msgspec.structs.replace(done, changes=await looking.ahead(self._platform, done.changes))
        self._platform.changed.set()
        return done


def _again(c: sa.Connection, asked: ChangesAgain) -> list[ChangeAgain]:
    """Each record in the bounds, by its newest version of all, with what came of that."""
    query = sa.select(INBOX).order_by(INBOX.c.version)
    for column, value in ((INBOX.c.system, asked.system), (INBOX.c.object, asked.object)):
        query = query.where(column == value) if value else query
    # What was there before anybody asked is worked on where it is named, and never as one of many.
    named = INBOX.c.native_id == asked.native_id if asked.native_id else INBOX.c.outcome != inbox.PASSED_OVER
    query = query.where(named)
    query = query.where(INBOX.c.received_at >= asked.since) if asked.since else query
    query = query.where(INBOX.c.received_at < asked.until) if asked.until else query
    newest: dict[turns.Key, Any] = {}
    older: dict[turns.Key, int] = {}
    for row in c.execute(query):
        key = (row.system, row.object, row.native_id)
        older[key] = older.get(key, -1) + 1
        newest[key] = row
    parked = {
        (row.system, row.object, row.native_id): row.parked
        for row in c.execute(sa.select(INBOX_KEYS).where(INBOX_KEYS.c.parked != ""))
    }
    return [
        ChangeAgain(
            system=row.system,
            object=row.object,
            native_id=row.native_id,
            version=row.version,
            was=f"parked: {parked[key]}" if key in parked else row.outcome or "waiting",
            passed_over=older[key],
        )
        for key, row in newest.items()
    ]


def _shown(row: Any) -> Quarantined:
    return Quarantined(
        number=row.number,
        system=row.system,
        received_at=aware(row.received_at),
        reason=row.reason,
        state="waiting" if row.state == "waiting" else "read",
        dismissed=row.state == "dismissed",
        bytes=len(row.body.encode()),
    )
