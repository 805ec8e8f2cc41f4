"""The audit in a file of its own: on the platform's SQLite database its writes would wait for everyone else's."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from foundation.migrations.sheets import READ, in_sheets
from gateway.audit.sheet import INSERT
from gateway.audit.store import Transaction

_VERSION: Final = 3
_ROWS: Final = 2
"""The version that had a row for each record."""
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS sheets (
    writer TEXT NOT NULL, seq INTEGER NOT NULL, first INTEGER NOT NULL, since TEXT NOT NULL, at TEXT NOT NULL,
    retention TEXT NOT NULL, words TEXT NOT NULL, lines TEXT NOT NULL,
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
CREATE INDEX IF NOT EXISTS sheets_at ON sheets (at);
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
        version = self._version(path)
        if version != _VERSION:
            tables = [_ONLY_ADDED.format(table=table) for table in ("sheets", "anchors", "removals")]
            tables += [_SWEPT.format(table=table) for table in ("sheets", "anchors", "bodies")]
            self._connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} {''.join(tables)} {_KEPT}")
            # Somebody else may have done it while this waited for its turn.
            if version == _ROWS and self._version(path) == _ROWS:
                self._put_together()
            self._connection.execute(f"PRAGMA user_version={_VERSION}")
            self._connection.execute("COMMIT")

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

    def _version(self, path: Path) -> int:
        """Of what is there; 0 where nothing is. Raises `ValueError` for what this one cannot read."""
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        made = self._connection.execute("SELECT 1 FROM sqlite_master WHERE name IN ('sheets', 'records')").fetchone()
        if made and version not in (_ROWS, _VERSION):
            self._connection.close()
            raise ValueError(
                f"{path} is a record that another version of Tiergate began; move it and its anchors aside, "
                "and a new one is begun."
            )
        return int(version)

    def _put_together(self) -> None:
        """The records that had a row each. Their chains and anchors stay what they were."""
        anchored = set(self._connection.execute("SELECT writer, seq FROM anchors"))
        self._connection.executemany(INSERT, in_sheets(self._connection.execute(READ), anchored))
        self._connection.execute("DROP TABLE records")


def connect(path: Path) -> sqlite3.Connection:
    """The audit's own file. What is erased is overwritten, not only forgotten."""
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection
