"""Asking the record: by who, what, about what, when, and how it ended."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

import msgspec

from gateway.audit.entry import FIELDS, Record
from gateway.audit.keyring import Keyring
from gateway.audit.names import MARK, pseudonyms_of, revealed
from gateway.audit.store import Store, Where, place_of

_CHUNK: Final = 500
_COLUMNS: Final = ", ".join(f"r.{name}" for name in FIELDS)
_FOUND: Final = (
    f"SELECT {_COLUMNS}, b.request, b.answer FROM records r "  # noqa: S608 - the columns are ours
    "LEFT JOIN bodies b ON b.writer = r.writer AND b.seq = r.seq WHERE "
)
_ENDED: Final = (
    "NOT (r.status = 0 AND EXISTS (SELECT 1 FROM records e WHERE e.request_id = r.request_id AND e.api = r.api "
    "AND e.operation = r.operation AND e.status <> 0))"
)
"""That a durable call had begun is said only of one whose end nobody saw."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A record with its bodies, masked, as JSON text; None where none were kept or they were erased.

    People are named where the key is at hand and they were not erased; else their pseudonym stands.
    """

    record: Record
    request: str | None = None
    answer: str | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a record must match; what is empty may be anything."""

    subject: str = ""
    client: str = ""
    operation: str = ""
    key: str = ""
    request_id: str = ""
    status: int = 0
    """A status, or the first digit of one: 4 is every 4xx."""
    since: datetime | None = None
    until: datetime | None = None
    """Not included."""


def query(where: Where, *, limit: int = 100, **asked: Any) -> list[Kept]:
    """Records that match everything given (`Asked`), newest first."""
    place = place_of(where)
    store, keys = place.open(), Keyring.found(place.keys)
    try:
        text, values = _matching(Asked(**asked), store, keys)
        rows = store.rows(f"{_FOUND}{text} ORDER BY r.at DESC, r.seq DESC LIMIT ?", [*values, limit])
        return list(_kept(rows, store, keys))
    finally:
        store.close()


def every(where: Where, *, names: bool = False, **asked: Any) -> Iterator[Kept]:
    """The same, oldest first and without a limit, as they come; people under their pseudonyms unless `names`."""
    place = place_of(where)
    store, people, keys = place.open(), place.open(), Keyring.found(place.keys)
    try:
        text, values = _matching(Asked(**asked), store, keys)
        chunk: list[tuple[Any, ...]] = []
        shown = keys if names else Keyring([], [])
        for row in store.stream(f"{_FOUND}{text} ORDER BY r.at, r.writer, r.seq", values):
            chunk.append(row)
            if len(chunk) == _CHUNK:
                yield from _kept(chunk, people, shown)
                chunk.clear()
        yield from _kept(chunk, people, shown)
    finally:
        store.close()
        people.close()


def _matching(asked: Asked, store: Store, keys: Keyring) -> tuple[str, list[Any]]:
    found: list[tuple[str, list[Any]]] = [(_ENDED, [])]
    for name in ("subject", "key"):
        if said := getattr(asked, name):
            forms = [said, *pseudonyms_of(store, keys, said)]
            found.append((f"r.{name} IN ({', '.join('?' * len(forms))})", forms))
    plain = {name: getattr(asked, name) for name in ("client", "operation", "request_id")}
    found += [(f"r.{name} = ?", [said]) for name, said in plain.items() if said]
    if 0 < asked.status < 10:
        found.append(("r.status BETWEEN ? AND ?", [asked.status * 100, asked.status * 100 + 99]))
    elif asked.status:
        found.append(("r.status = ?", [asked.status]))
    found += [
        (f"r.at {sign} ?", [moment.isoformat()]) for sign, moment in ((">=", asked.since), ("<", asked.until)) if moment
    ]
    return " AND ".join(text for text, _ in found), [value for _, values in found for value in values]


def _kept(rows: Iterable[tuple[Any, ...]], store: Store, keys: Keyring) -> Iterator[Kept]:
    found = [(Record(**dict(zip(FIELDS, row[:-2], strict=True))), row[-2], row[-1]) for row in rows]
    names = revealed(store, keys, {word for record, _, _ in found for word in _hidden(record)})
    for record, request, answer in found:
        shown = msgspec.structs.replace(
            record,
            subject=names.get(record.subject, record.subject),
            key=names.get(record.key, record.key),
            acted_for=" ".join(_named(one, names) for one in record.acted_for.split()),
        )
        yield Kept(record=shown if names else record, request=request, answer=answer)


def _hidden(record: Record) -> Iterator[str]:
    words = (record.subject, record.key, *(one.rpartition("@")[0] for one in record.acted_for.split()))
    return (word for word in words if word.startswith(MARK))


def _named(one: str, names: dict[str, str]) -> str:
    subject, at, client = one.rpartition("@")
    return f"{names.get(subject, subject)}{at}{client}"
