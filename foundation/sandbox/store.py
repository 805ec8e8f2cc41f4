"""What a sandbox remembers: records by kind, counters, settings, and a log of every committed write.

One SQLite file in WAL mode: whatever was answered is on disk, so a `kill -9` of the sandbox loses nothing a client was
told. Numbers with a fraction come back as `Decimal`, never as float. A kind that begins with `_` is the sandbox's own
book-keeping (sessions, cursors, deliveries): kept, but neither logged nor part of `contents()`.
"""

import re
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from canonical.dates import now

Record = dict[str, Any]
Fact = Callable[[Record, "Store"], str]
"""The business fact a record stands for, from business fields only; empty when it stands for none."""

REQUEST_ID: ContextVar[str] = ContextVar("sandbox_request_id", default="")

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)
_LARGE: Final = 500
"""Records of a kind, from which on what is looked for in them has an index."""
_CHUNK: Final = 500
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS records (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, data TEXT NOT NULL, UNIQUE (kind, id)
);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS log (
    seq INTEGER PRIMARY KEY, at TEXT NOT NULL, action TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
    fact TEXT NOT NULL, request_id TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY, rule TEXT NOT NULL, seen INTEGER NOT NULL DEFAULT 0, used INTEGER NOT NULL DEFAULT 0
);
"""


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """One committed write."""

    seq: int
    at: str
    action: Literal["create", "update", "delete"]
    kind: str
    id: str
    fact: str
    request_id: str


class Duplicate(msgspec.Struct, frozen=True, kw_only=True):
    """One business fact that was created more than once."""

    kind: str
    fact: str
    ids: list[str]


class Store:
    """The state of one sandbox. `path` may be `:memory:`; `facts` names the business fact of a kind's records."""

    def __init__(
        self,
        path: Path | str = ":memory:",
        facts: Mapping[str, Fact] | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._facts = facts or {}
        self._clock = clock
        self._depth = 0
        self._indexed: set[str] = set()
        self._settings: dict[str, str | None] = {}
        self.db: Final = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = NORMAL")
        self.db.executescript(_TABLES)

    def copy(self, other: "Store") -> None:
        """Be as another is: its records, counters, settings, log and fault rules, in place of one's own."""
        other.db.backup(self.db)
        self._indexed.clear()
        self._settings.clear()

    def close(self) -> None:
        """Close the file. Nothing is lost by not calling it."""
        self.db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside, or none: an exception undoes them. May be nested; the outermost one commits."""
        begin, undo, keep = ("BEGIN IMMEDIATE", "ROLLBACK", "COMMIT")
        if self._depth:
            point = f"inner{self._depth}"
            begin, undo, keep = (f"SAVEPOINT {point}", f"ROLLBACK TO {point}", f"RELEASE {point}")
        self.db.execute(begin)
        self._depth += 1
        try:
            yield
        except BaseException:
            self.db.execute(undo)
            self._indexed.clear()  # an index made inside is undone with it
            self._settings.clear()
            raise
        else:
            self.db.execute(keep)
        finally:
            self._depth -= 1

    def next_number(self, counter: str) -> int:
        """1, 2, 3 ... per counter: what deterministic ids are made from."""
        row = self.db.execute(
            "INSERT INTO counters VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
            (counter,),
        ).fetchone()
        return int(row[0])

    def insert(self, kind: str, id: str, record: Record) -> Record:
        """Keep a new record; `sqlite3.IntegrityError` when the kind has that id already."""
        with self.transaction():
            self.db.execute("INSERT INTO records (kind, id, data) VALUES (?, ?, ?)", (kind, id, encode(record)))
            self._log("create", kind, id, record)
        return record

    def get(self, kind: str, id: str) -> Record | None:
        """One record, or None."""
        row = self.db.execute("SELECT data FROM records WHERE kind = ? AND id = ?", (kind, id)).fetchone()
        return decode(row[0]) if row else None

    def all(self, kind: str) -> list[Record]:
        """Every record of a kind, in the order they were made."""
        rows = self.db.execute("SELECT data FROM records WHERE kind = ? ORDER BY seq", (kind,))
        return [decode(row[0]) for row in rows]

    def find(self, kind: str, **equal: str | int | bool | None) -> list[Record]:
        """The records whose top-level fields have these values, in the order they were made; None also means absent."""
        tests = "".join(f" AND {_field(name)} IS ?" for name in equal)
        by = self._index(kind, ", ".join(map(_field, equal))) if equal else ""
        rows = self.db.execute(
            f"SELECT data FROM records {by} WHERE kind = {_literal(kind)}{tests} ORDER BY seq",  # noqa: S608 - our names
            tuple(equal.values()),
        )
        return [decode(row[0]) for row in rows]

    def walk(self, kind: str, after: str = "", *, numbers: bool = False) -> Iterator[Record]:
        """The records of a kind whose ids come after one, in the order of their ids, read as far as they are taken.

        Ids are compared as text, or as `numbers`.
        """
        key = "CAST(id AS INTEGER)" if numbers else "id"
        by = self._index(kind, key) if numbers else ""  # ids as text have one since the table was made
        last: str | int = int(after or -1) if numbers else after
        while True:
            rows = self.db.execute(
                f"SELECT {key}, data FROM records {by} WHERE kind = {_literal(kind)} AND {key} > ?"  # noqa: S608 - our names
                f" ORDER BY {key} LIMIT {_CHUNK}",
                (last,),
            ).fetchall()
            yield from (decode(row[1]) for row in rows)
            if len(rows) < _CHUNK:
                return
            last = rows[-1][0]

    def count(self, kind: str, after: int = -1) -> int:
        """How many records there are of a kind, or with numbers after one for ids."""
        by = self._index(kind, "CAST(id AS INTEGER)")
        text = f"SELECT count(*) FROM records {by} WHERE kind = {_literal(kind)} AND CAST(id AS INTEGER) > ?"  # noqa: S608 - our names
        found: int = self.db.execute(text, (after,)).fetchone()[0]
        return found

    def update(self, kind: str, id: str, changes: Record) -> Record:
        """Merge changes into a record and return it whole; `KeyError` when there is none."""
        with self.transaction():
            found = self.get(kind, id)
            if found is None:
                raise KeyError(f"{kind} {id}")
            found |= changes
            self.db.execute("UPDATE records SET data = ? WHERE kind = ? AND id = ?", (encode(found), kind, id))
            self._log("update", kind, id, found)
        return found

    def delete(self, kind: str, id: str) -> bool:
        """Forget a record; False when there was none."""
        with self.transaction():
            found = self.get(kind, id)
            if found is None:
                return False
            self.db.execute("DELETE FROM records WHERE kind = ? AND id = ?", (kind, id))
            self._log("delete", kind, id, found)
        return True

    def setting(self, name: str, default: Any = None) -> Any:
        """A switch or registration of the sandbox, e.g. where its webhooks go."""
        # Each look at the clock asks for one. They are kept as text, for nobody to change what another is given.
        if name not in self._settings:
            row = self.db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
            self._settings[name] = row[0] if row else None
        kept = self._settings[name]
        return default if kept is None else decode(kept)

    def set_setting(self, name: str, value: Any) -> None:
        """Keep a switch or registration; it survives a restart and a reset."""
        self.db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, encode(value)))
        self._settings.pop(name, None)

    def writes(self, since: int = 0) -> list[Write]:
        """The committed writes after a sequence number, oldest first."""
        rows = self.db.execute(
            "SELECT seq, at, action, kind, id, fact, request_id FROM log WHERE seq > ? ORDER BY seq", (since,)
        )
        return [msgspec.convert(dict(zip(Write.__struct_fields__, row, strict=True)), Write) for row in rows]

    def counts(self) -> dict[str, dict[str, int]]:
        """How many creates, updates and deletes were committed, by kind of record."""
        found: dict[str, dict[str, int]] = {}
        for kind, action, number in self.db.execute(
            "SELECT kind, action, count(*) FROM log GROUP BY 1, 2 ORDER BY 1, 2"
        ):
            found.setdefault(kind, {})[action] = number
        return found

    def duplicates(self) -> list[Duplicate]:
        """Business facts with more than one committed create, whatever key the vendor enforces."""
        rows = self.db.execute(
            "SELECT kind, fact, json_group_array(id) FROM log WHERE action = 'create' AND fact <> ''"
            " GROUP BY kind, fact HAVING count(*) > 1 ORDER BY min(seq)"
        )
        return [Duplicate(kind=kind, fact=fact, ids=decode(ids)) for kind, fact, ids in rows]

    def contents(self, volatile: Collection[str] = ()) -> dict[str, list[Record]]:
        """Every record by kind without its `volatile` fields: equal before and after means nothing was changed."""
        found: dict[str, list[Record]] = {}
        for kind, data in self.db.execute("SELECT kind, data FROM records ORDER BY kind, id"):
            if not kind.startswith("_"):
                kept = {name: value for name, value in decode(data).items() if name not in volatile}
                found.setdefault(kind, []).append(kept)
        return found

    def clear(self) -> None:
        """Forget records, counters, the log and fault rules; settings stay."""
        with self.transaction():
            for table in ("records", "counters", "log", "faults"):
                self.db.execute(f"DELETE FROM {table}")  # noqa: S608 - a constant

    def _index(self, kind: str, key: str) -> str:
        """`INDEXED BY ...` for a kind that has become large; empty for one that is read through faster."""
        name = re.sub(r"\W+", "_", f"by_{kind}_{key}")
        if name not in self._indexed:
            few = f"SELECT count(*) FROM (SELECT 1 FROM records WHERE kind = ? LIMIT {_LARGE})"  # noqa: S608 - a constant
            if self.db.execute(few, (kind,)).fetchone()[0] < _LARGE:
                return ""
            self.db.execute(f"CREATE INDEX IF NOT EXISTS {name} ON records ({key}) WHERE kind = {_literal(kind)}")
            self._indexed.add(name)
        return f"INDEXED BY {name}"

    def _log(self, action: str, kind: str, id: str, record: Record) -> None:
        if kind.startswith("_"):
            return
        fact = self._facts.get(kind)
        self.db.execute(
            "INSERT INTO log (at, action, kind, id, fact, request_id) VALUES (?, ?, ?, ?, ?, ?)",
            (self._clock().isoformat(), action, kind, id, fact(record, self) if fact else "", REQUEST_ID.get()),
        )


def _field(name: str) -> str:
    return f"json_extract(data, '$.\"{name}\"')"


def _literal(text: str) -> str:
    """In the text of a statement, since only then a partial index is known to fit."""
    return "'" + text.replace("'", "''") + "'"


def encode(value: Any) -> str:
    """JSON text; a `Decimal` is a number, with its digits."""
    return _ENCODER.encode(value).decode()


def decode(text: str | bytes) -> Any:
    """A JSON value; a number with a fraction or exponent is a `Decimal`."""
    return _DECODER.decode(text)
