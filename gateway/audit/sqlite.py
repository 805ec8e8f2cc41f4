"""The audit in a file of its own: on the platform's SQLite database its writes would wait for everyone else's."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from gateway.audit.store import Transaction

_VERSION: Final = 2
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS records (
    writer TEXT NOT NULL, seq INTEGER NOT NULL, at TEXT NOT NULL,
    api TEXT NOT NULL, version TEXT NOT NULL, layer TEXT NOT NULL, operation TEXT NOT NULL,
    issuer TEXT NOT NULL, subject TEXT NOT NULL, client TEXT NOT NULL, acted_for TEXT NOT NULL,
    scopes TEXT NOT NULL, key TEXT NOT NULL,
    status INTEGER NOT NULL, reason TEXT NOT NULL, policy TEXT NOT NULL, stage TEXT NOT NULL, rule TEXT NOT NULL,
    facts TEXT NOT NULL, retention TEXT NOT NULL,
    request_id TEXT NOT NULL, trace TEXT NOT NULL, took_ms INTEGER NOT NULL,
    request_digest TEXT NOT NULL, answer_digest TEXT NOT NULL,
    previous TEXT NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (writer, seq)
);
CREATE TABLE IF NOT EXISTS bodies (
    writer TEXT NOT NULL, seq INTEGER NOT NULL, request TEXT, answer TEXT, removal TEXT, PRIMARY KEY (writer, seq)
);
CREATE TABLE IF NOT EXISTS anchors (
    writer TEXT NOT NULL, seq INTEGER NOT NULL, digest TEXT NOT NULL, at TEXT NOT NULL, signature TEXT NOT NULL,
    PRIMARY KEY (writer, seq)
);
CREATE TABLE IF NOT EXISTS removals (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, writer TEXT NOT NULL, upto INTEGER NOT NULL,
    statement TEXT NOT NULL, signature TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS names (
    lookup TEXT PRIMARY KEY, pseudonym TEXT NOT NULL UNIQUE, sealed TEXT NOT NULL, seen TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS records_at ON records (at);
CREATE INDEX IF NOT EXISTS records_subject ON records (subject, at);
-- An index costs each record more than all the rest of writing it: a client, of whom there are few, is looked for by
-- time; what is known of one key is not so much that it must be found in order.
CREATE INDEX IF NOT EXISTS records_key ON records (key);
CREATE INDEX IF NOT EXISTS records_request ON records (request_id);
"""
_ONLY_ADDED: Final = """
CREATE TRIGGER IF NOT EXISTS {table}_are_not_changed BEFORE UPDATE ON {table}
    BEGIN SELECT RAISE(ABORT, 'audit {table} are only ever added'); END;
"""
_SWEPT: Final = """
CREATE TRIGGER IF NOT EXISTS {table}_are_not_removed BEFORE DELETE ON {table} WHEN NOT EXISTS
        (SELECT 1 FROM removals WHERE kind = 'segment' AND writer = OLD.writer AND upto >= OLD.seq)
    BEGIN SELECT RAISE(ABORT, 'audit {table} are only ever added'); END;
"""
_KEPT: Final = """
CREATE TRIGGER IF NOT EXISTS removals_are_not_removed BEFORE DELETE ON removals
    BEGIN SELECT RAISE(ABORT, 'audit removals are only ever added'); END;
CREATE TRIGGER IF NOT EXISTS bodies_are_not_changed BEFORE UPDATE ON bodies WHEN NOT
        (NEW.request IS NULL AND NEW.answer IS NULL AND NEW.writer = OLD.writer AND NEW.seq = OLD.seq
         AND EXISTS (SELECT 1 FROM removals WHERE id = NEW.removal))
    BEGIN SELECT RAISE(ABORT, 'audit bodies are erased under a removal, and never changed'); END;
"""


class SqliteStore:
    """The record in one file."""

    errors: tuple[type[Exception], ...] = (sqlite3.Error, OSError)

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = connect(path)
        if not self._made(path):
            tables = [_ONLY_ADDED.format(table=table) for table in ("records", "anchors", "removals")]
            tables += [_SWEPT.format(table=table) for table in ("records", "anchors", "bodies")]
            self._connection.executescript(
                f"BEGIN IMMEDIATE; {_SCHEMA} {''.join(tables)} {_KEPT} PRAGMA user_version={_VERSION}; COMMIT;"
            )

    @contextmanager
    def begin(self, *, durable: bool = False) -> Iterator[Transaction]:
        """Immediate, so that it waits for its turn before it reads."""
        # With the write-ahead log only FULL waits for the disk at each commit.
        self._connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def rows(self, question: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All at once."""
        return self._connection.execute(question, values).fetchall()

    def stream(self, question: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """As they come."""
        return iter(self._connection.execute(question, values))

    def forget(self) -> None:
        """The write-ahead log still holds the pages as they were. Best effort: somebody may be reading it."""
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _made(self, path: Path) -> bool:
        made = self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'records'").fetchone()
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if made and version != _VERSION:
            self._connection.close()
            raise ValueError(
                f"{path} is a record that another version of Tiergate began; move it and its anchors aside, "
                "and a new one is begun."
            )
        return bool(version == _VERSION)


def connect(path: Path) -> sqlite3.Connection:
    """The audit's own file. What is erased is overwritten, not only forgotten."""
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection
