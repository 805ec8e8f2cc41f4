"""How records are kept: what one commit adds to one chain is one row, a sheet, with a line for each record.

A row for each record, with its indexes, cost a call more than all that was asked of it. A line is the JSON array of a
record's fields, its digest last. Beside its lines a sheet says what it is searched by: when, and the words (who, about
what, which request). All of that can be worked out again from the lines, and `verify` does.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from gateway.audit.entry import Record

_encode: Final = msgspec.json.Encoder().encode


class Line(msgspec.Struct, frozen=True):
    """One record as it is kept, and what of it the next one and its sheet need."""

    text: str
    digest: str
    at: str
    subject: str
    key: str
    request_id: str


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """One row. Its records follow one another, and the last one is anchored."""

    writer: str
    """The chain."""
    seq: int
    """Its last record."""
    first: int
    since: str
    """The earliest `at` of its records."""
    at: str
    """The latest one."""
    retention: str
    words: str
    """What is searched for most: subjects, keys and request ids, each between two line ends."""
    lines: str

    @classmethod
    def of(cls, records: Sequence[Record]) -> "Sheet":
        """The sheet of these records of one chain, in their order."""
        lines = "\n".join(_encode(msgspec.structs.astuple(record)).decode() for record in records)
        moments = [record.at for record in records]
        words = (word for record in records for word in (record.subject, record.key, record.request_id))
        last = records[-1]
        return cls(
            writer=last.writer,
            seq=last.seq,
            first=records[0].seq,
            since=min(moments),
            at=max(moments),
            retention=last.retention,
            words=listed(words),
            lines=lines,
        )

    def records(self) -> list[Record]:
        """Its records, in their order. Raises `ValueError` where a line is none."""
        return [self.record(line) for line in self.lines.split("\n")]

    def record(self, line: str) -> Record:
        """The one of its line. Raises `ValueError` where it is none."""
        try:
            return _line(line)
        except (msgspec.MsgspecError, TypeError) as none:
            raise ValueError(f"A line of the sheet {self.seq} of {self.writer} is no record: {none}") from None

    def readable(self) -> list[Record]:
        """The same; none where a line is none, which `verify` says."""
        try:
            return self.records()
        except ValueError:
            return []


class _Line(Record, frozen=True, kw_only=True, array_like=True):
    """A record as its line has it."""


class Draft:
    """A sheet that is being written, behind the record `seq` of its chain, whose digest is `digest`."""

    __slots__ = ("_at", "_first", "_lines", "_retention", "_since", "_words", "digest", "ended", "seq", "writer")

    def __init__(self, writer: str, retention: str, seq: int, digest: str) -> None:
        self.writer = writer
        self.seq = seq
        """Of its last record."""
        self.digest = digest
        """That one's."""
        self.ended = ""
        """When that one was."""
        self._retention = retention
        self._first = seq + 1
        self._since = self._at = ""
        self._lines: list[str] = []
        self._words: set[str] = set()

    def add(self, line: Line) -> None:
        """One record more."""
        at = self.ended = line.at
        if not self._lines:
            self._since = self._at = at
        elif at > self._at:
            self._at = at
        elif at < self._since:
            self._since = at
        self._lines.append(line.text)
        self._words.update((line.subject, line.key, line.request_id))
        self.seq += 1
        self.digest = line.digest

    def sheet(self) -> Sheet:
        """What is written by now. There is a line at least."""
        return Sheet(
            writer=self.writer,
            seq=self.seq,
            first=self._first,
            since=self._since,
            at=self._at,
            retention=self._retention,
            words=listed(self._words),
            lines="\n".join(self._lines),
        )


_line: Final = msgspec.json.Decoder(_Line).decode
COLUMNS: Final = Sheet.__struct_fields__
SELECT: Final = f"SELECT {', '.join(COLUMNS)} FROM sheets"  # noqa: S608 - our names
INSERT: Final = f"INSERT INTO sheets ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608 - our names


def sheet_of(row: Sequence[Any]) -> Sheet:
    """A row of `SELECT`."""
    return Sheet(**dict(zip(COLUMNS, row, strict=True)))


def listed(words: Iterable[str]) -> str:
    """Words as a sheet lists them, each once."""
    return "\n" + "\n".join(sorted(set(words) - {""})) + "\n"


def holding(word: str) -> str:
    """A pattern for LIKE, of a text that holds `word`: it may find more, never less."""
    # No character may mean something: SQLite knows none that takes a meaning away, PostgreSQL the backslash.
    return "%" + word.replace("\\", "_") + "%"
