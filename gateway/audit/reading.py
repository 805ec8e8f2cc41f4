"""Asking the record: by who, what, about what, when, and how it ended."""

import re
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from datetime import datetime
from itertools import count, islice
from typing import Any, Final

import msgspec

from gateway.audit.entry import Record
from gateway.audit.keyring import Keyring
from gateway.audit.names import MARK, pseudonyms_of, revealed
from gateway.audit.sheet import SELECT, Sheet, holding, sheet_of
from gateway.audit.store import Store, Where, place_of

_CHUNK: Final = 500
_PAGE: Final = 4
_BODIES: Final = "SELECT request, answer FROM bodies WHERE writer = ? AND seq = ?"


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
    return list(islice(_answers(where, Asked(**asked), newest=True, names=True), limit))


def every(where: Where, *, names: bool = False, **asked: Any) -> Iterator[Kept]:
    """The same, oldest first and without a limit, as they come; people under their pseudonyms unless `names`."""
    return _answers(where, Asked(**asked), newest=False, names=names)


def _answers(where: Where, asked: Asked, *, newest: bool, names: bool) -> Iterator[Kept]:
    place = place_of(where)
    store, other, keys = place.open(), place.open(), Keyring.found(place.keys)
    try:
        shown = keys if names else Keyring([], [])
        with closing(_in_order(_Matching(asked, store, keys), store, newest=newest)) as ordered:
            # That a durable call had begun is said only of one whose end nobody saw.
            found = (record for record in ordered if record.status or not _ended(other, record))
            while chunk := list(islice(found, _CHUNK)):
                yield from _kept(chunk, other, shown)
    finally:
        store.close()
        other.close()


class _Matching:
    """Which sheets may hold what was asked for, and which of their records are it."""

    def __init__(self, asked: Asked, store: Store, keys: Keyring) -> None:
        self._status = asked.status
        self._since, self._until = (moment.isoformat() if moment else "" for moment in (asked.since, asked.until))
        self._said = {name: [said] for name in ("client", "operation", "request_id") if (said := getattr(asked, name))}
        for name in ("subject", "key"):
            if said := getattr(asked, name):
                self._said[name] = [said, *pseudonyms_of(store, keys, said)]
        self._hints = [re.compile(hint) for hint in self._hint()]

    def condition(self) -> tuple[str, list[str]]:
        """On sheets, with its values: where it does not hold nothing is found."""
        found = [("at >= ?", [self._since])]
        if self._until:
            found.append(("since < ?", [self._until]))
        for name in ("subject", "key", "request_id"):
            if words := self._said.get(name):
                any_of = " OR ".join(["words LIKE ?"] * len(words))
                found.append((f"({any_of})", [holding(word) for word in words]))
        return " AND ".join(text for text, _ in found), [value for _, values in found for value in values]

    def found_in(self, sheet: Sheet) -> list[Record]:
        """Those of its records. Raises `ValueError` where a line is none."""
        lines = (line for line in sheet.lines.split("\n") if all(hint.search(line) for hint in self._hints))
        return [record for record in map(sheet.record, lines) if self._takes(record)]

    def _hint(self) -> Iterator[str]:
        """What stands in each line of theirs, wherever: most others need not be read then."""
        for said in self._said.values():
            yield "|".join(re.escape(msgspec.json.encode(word).decode()) for word in said)
        if self._status:
            yield f",{self._status}," if self._status > 9 else rf",{self._status}\d\d,"

    def _takes(self, record: Record) -> bool:
        """Whether it is what was asked for."""
        if record.at < self._since or (self._until and record.at >= self._until):
            return False
        if self._status and self._status not in (record.status, record.status // 100):
            return False
        return all(getattr(record, name) in said for name, said in self._said.items())


def _in_order(matching: _Matching, store: Store, *, newest: bool) -> Generator[Record, None, None]:
    """What matches, newest first or oldest first. Of sheets that overlap in time records wait for one another."""
    condition, values = matching.condition()
    order = "at DESC" if newest else "since"
    waiting: list[Record] = []
    for sheet in map(sheet_of, store.stream(f"{SELECT} WHERE {condition} ORDER BY {order}", values)):
        while waiting and (waiting[-1].at > sheet.at if newest else waiting[-1].at < sheet.since):
            yield waiting.pop()
        if found := matching.found_in(sheet):
            waiting = found + waiting  # of one moment the later sheet's come first, as they are read
            waiting.sort(key=_by_age if newest else _by_chain, reverse=not newest)
    while waiting:
        yield waiting.pop()


def _by_age(record: Record) -> tuple[str, int]:
    return record.at, record.seq


def _by_chain(record: Record) -> tuple[str, str, int]:
    return record.at, record.writer, record.seq


def _ended(store: Store, begun: Record) -> bool:
    """Whether somebody saw the end of a durable call."""
    asked = f"{SELECT} WHERE at >= ? AND words LIKE ? ORDER BY at, writer, seq LIMIT ? OFFSET ?"
    for skipped in count(0, _PAGE):
        rows = store.rows(asked, (begun.at, holding(begun.request_id), _PAGE, skipped))
        if any(_ends(record, begun) for row in rows for record in sheet_of(row).records()):
            return True
        if len(rows) < _PAGE:
            return False
    raise AssertionError("the pages come to an end")


def _ends(record: Record, begun: Record) -> bool:
    return (
        record.status != 0
        and record.request_id == begun.request_id
        and (record.api, record.operation) == (begun.api, begun.operation)
    )


def _kept(records: Iterable[Record], store: Store, keys: Keyring) -> Iterator[Kept]:
    found = [Record(**msgspec.structs.asdict(record)) for record in records]
    names = revealed(store, keys, {word for record in found for word in _hidden(record)})
    for record in found:
        shown = msgspec.structs.replace(
            record,
            subject=names.get(record.subject, record.subject),
            key=names.get(record.key, record.key),
            acted_for=" ".join(_named(one, names) for one in record.acted_for.split()),
        )
        had = record.request_digest or record.answer_digest
        [(request, answer)] = (store.rows(_BODIES, (record.writer, record.seq)) if had else []) or [(None, None)]
        yield Kept(record=shown if names else record, request=request, answer=answer)


def _hidden(record: Record) -> Iterator[str]:
    words = (record.subject, record.key, *(one.rpartition("@")[0] for one in record.acted_for.split()))
    return (word for word in words if word.startswith(MARK))


def _named(one: str, names: dict[str, str]) -> str:
    subject, at, client = one.rpartition("@")
    return f"{names.get(subject, subject)}{at}{client}"
