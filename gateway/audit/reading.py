"""Asking the record: by who, what, about what, and when."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from gateway.audit.entry import FIELDS, Record
from gateway.audit.sqlite import connect


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A record with its bodies, masked, as JSON text; None where none were kept or they were erased."""

    record: Record
    request: str | None = None
    answer: str | None = None


def query(
    path: Path,
    *,
    subject: str = "",
    client: str = "",
    operation: str = "",
    key: str = "",
    request_id: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 100,
) -> list[Kept]:
    """Records that match everything given, newest first. Times are instants; `until` is not included."""
    equal = {"subject": subject, "client": client, "operation": operation, "key": key, "request_id": request_id}
    given: dict[str, Any] = {f"r.{name} = ?": value for name, value in equal.items() if value}
    given |= {f"r.at {sign} ?": moment.isoformat() for sign, moment in ((">=", since), ("<", until)) if moment}
    where = " AND ".join(given) or "1"
    columns = ", ".join(f"r.{name}" for name in FIELDS)
    store = connect(path)
    try:
        rows = store.execute(
            f"SELECT {columns}, b.request, b.answer FROM records r "  # noqa: S608 - the columns are ours
            f"LEFT JOIN bodies b ON b.writer = r.writer AND b.seq = r.seq WHERE {where} "
            "ORDER BY r.at DESC, r.seq DESC LIMIT ?",
            [*given.values(), limit],
        ).fetchall()
    finally:
        store.close()
    return [
        Kept(record=Record(**dict(zip(FIELDS, row[:-2], strict=True))), request=row[-2], answer=row[-1]) for row in rows
    ]
