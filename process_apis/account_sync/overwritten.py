"""What a sync overwrote, so that it can be undone: kept before the first write, settled when all was read back.

Of a field what it said before stands as the snapshots keep it; of what was written only a keyed digest does, which is
enough to see that nobody changed it since. A sync that a dead process left is settled by the next one of its thing.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from canonical.dates import now
from canonical.faults import NotFound
from foundation.database import upsert
from foundation.masking import Masker
from process_apis.account_sync.records import Outcome, Record, Where
from process_apis.journal import aware
from process_apis.tables import SYNC_WRITES

KEPT: Final = timedelta(days=30)
"""So long a sync may be undone; then what it overwrote is forgotten."""
_PURPOSE: Final = "sync write"


class Field(msgspec.Struct, frozen=True):
    """One field of a record that a sync wrote."""

    was: Any
    now: str
    """A keyed digest: of what was to be written, and once that was read back, of what the system made of it."""


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """One record that a sync wrote, or made."""

    sync_id: str
    system: str
    native_id: str
    canonical_id: str
    made: bool
    fields: dict[str, Field]
    at: datetime
    settled: bool
    """False while the sync is under way, or stopped between its writes."""

    @property
    def where(self) -> Where:
        """System and native id."""
        return self.system, self.native_id


def digest(masker: Masker, value: Any) -> str:
    """What stands for a value that was written."""
    return masker.keyed(_PURPOSE, msgspec.json.encode(value, order="sorted").decode())


def begin(
    connection: sa.Connection,
    masker: Masker,
    sync_id: str,
    canonical_id: str,
    records: Iterable[Record],
    writes: Mapping[str, Mapping[str, Any]],
) -> None:
    """Keep what the fields that are to be written say. Where one sync is merged anew, its own writes do not count."""
    for record in records:
        wanted = writes.get(record.name)
        if not wanted:
            continue
        row = connection.execute(sa.select(SYNC_WRITES).where(_row(sync_id, record.where))).first()
        fields = _write(row).fields if row else {}
        for name, value in wanted.items():
            mine = name in fields and fields[name].now == digest(masker, record.said[name])
            fields[name] = Field(fields[name].was if mine else record.said[name], digest(masker, value))
        _keep(connection, sync_id, canonical_id, record, fields, settled=False)


def settle(connection: sa.Connection, masker: Masker, outcome: Outcome) -> None:
    """Of all that was begun and is read back by now: what became of it. What was not written after all is forgotten.

    A sync that died is only credited with what says exactly what it was to write: anything else may be a person's.
    """
    records = {record.where: record for record in outcome.records if not record.data.merged_into}
    if not records:
        return
    open_ = SYNC_WRITES.c.ended_at.is_(None)
    for row in list(connection.execute(_of(outcome.known.id).where(open_))):
        write = _write(row)
        if write.where not in records:
            continue
        said = records[write.where].said
        mine = write.sync_id == outcome.sync_id
        told = {name: digest(masker, said[name]) for name in write.fields if name in said}
        fields = {
            name: Field(each.was, told[name])
            for name, each in write.fields.items()
            if name in told and said[name] != each.was and (mine or told[name] == each.now)
        }
        this = _row(write.sync_id, write.where)
        if fields:
            values = {"fields": msgspec.json.encode(fields).decode(), "ended_at": now()}
            connection.execute(sa.update(SYNC_WRITES).where(this).values(**values))
        else:
            connection.execute(sa.delete(SYNC_WRITES).where(this))
    for where in outcome.made:
        made = {name: Field(None, digest(masker, value)) for name, value in records[where].said.items()}
        _keep(connection, outcome.sync_id, outcome.known.id, records[where], made, settled=True, made=True)


def close(connection: sa.Connection, sync_id: str) -> None:
    """A sync that stopped between its writes is over: what it was to write counts as what it wrote."""
    left = (SYNC_WRITES.c.sync_id == sync_id, SYNC_WRITES.c.ended_at.is_(None))
    connection.execute(sa.update(SYNC_WRITES).where(*left).values(ended_at=now()))


def forget(connection: sa.Connection) -> None:
    """What was kept for long enough is not kept any longer."""
    connection.execute(sa.delete(SYNC_WRITES).where(SYNC_WRITES.c.at < now() - KEPT))


def writes_of(connection: sa.Connection, sync_id: str) -> list[Write]:
    """The records a sync wrote. `NotFound` when it wrote none that is still known, or too long ago."""
    rows = connection.execute(sa.select(SYNC_WRITES).where(SYNC_WRITES.c.sync_id == sync_id))
    found = [_write(row) for row in rows if aware(row.at) >= now() - KEPT]
    if not found:
        raise NotFound(f"There is no sync {sync_id} that could be undone.")
    return sorted(found, key=lambda each: each.where)


def latest(
    connection: sa.Connection, canonical_ids: Sequence[str] | None, limit: int, after: tuple[datetime, str] | None
) -> list[list[Write]]:
    """Syncs of these things (None: of all), the newest first: the records of each."""
    begun = sa.func.min(SYNC_WRITES.c.at)
    query = sa.select(SYNC_WRITES.c.sync_id, begun.label("begun")).group_by(SYNC_WRITES.c.sync_id)
    query = query.where(SYNC_WRITES.c.at >= now() - KEPT)
    if canonical_ids is not None:
        query = query.where(SYNC_WRITES.c.canonical_id.in_(canonical_ids))
    if after is not None:
        at, last = after
        query = query.having(sa.or_(begun < at, sa.and_(begun == at, SYNC_WRITES.c.sync_id < last)))
    query = query.order_by(begun.desc(), SYNC_WRITES.c.sync_id.desc()).limit(limit)
    return [writes_of(connection, row.sync_id) for row in connection.execute(query)]


def _keep(
    connection: sa.Connection,
    sync_id: str,
    canonical_id: str,
    record: Record,
    fields: Mapping[str, Field],
    *,
    settled: bool,
    made: bool = False,
) -> None:
    keys = {"sync_id": sync_id, "system": record.place.system, "native_id": record.place.native_id}
    values = {
        "canonical_id": canonical_id,
        "made": made,
        "fields": msgspec.json.encode(fields).decode(),
        "at": now(),
        "ended_at": now() if settled else None,
    }
    upsert(connection, SYNC_WRITES, keys, values)


def _of(canonical_id: str) -> Any:
    return sa.select(SYNC_WRITES).where(SYNC_WRITES.c.canonical_id == canonical_id)


def _row(sync_id: str, where: Where) -> Any:
    same = (SYNC_WRITES.c.sync_id == sync_id, SYNC_WRITES.c.system == where[0], SYNC_WRITES.c.native_id == where[1])
    return sa.and_(*same)


def _write(row: Any) -> Write:
    return Write(
        sync_id=row.sync_id,
        system=row.system,
        native_id=row.native_id,
        canonical_id=row.canonical_id,
        made=row.made,
        fields=msgspec.json.decode(row.fields, type=dict[str, Field]),
        at=aware(row.at),
        settled=row.ended_at is not None,
    )
