"""Where the record is kept: a seam one transaction and one question wide, over SQLite and PostgreSQL alike.

Statements are written once, with `?` for each value. What must not be done to a record is held by triggers in both.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import msgspec


class Transaction(Protocol):
    """What may be done between its begin and its commit."""

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """Run one statement; the answer has `fetchall` and `rowcount`."""

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> Any:
        """Run one statement for each row."""


class Store(Protocol):
    """One connection to the record. Used by one thread at a time."""

    errors: tuple[type[Exception], ...]
    """What it fails with when it cannot be reached or written: it may be tried again."""

    def begin(self, *, durable: bool = False) -> AbstractContextManager[Transaction]:
        """A transaction, committed at its end; `durable`: then it is on disk whatever happens."""

    def rows(self, question: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All answers to a question that has few."""

    def stream(self, question: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """The answers to a question, as they come; one such question at a time."""

    def forget(self) -> None:
        """What was erased is not to be found in a log or a free page of the store either."""

    def close(self) -> None:
        """Let go of it."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a record is, where its anchors are also kept, and where its keys are."""

    store: str
    """A file, or the address of a PostgreSQL database."""
    anchors: Path
    """The second place of the anchors."""
    keys: Path

    @classmethod
    def beside(cls, path: Path) -> "Place":
        """A record in a file, with everything else beside it."""
        return cls(store=str(path), anchors=anchors_of(path), keys=path.with_name("audit.key"))

    @property
    def in_file(self) -> bool:
        """Whether the record is a file of its own."""
        return not self.store.startswith("postgresql")

    @property
    def name(self) -> str:
        """How people may be told of it: without a password."""
        return self.store if self.in_file else "the platform's database"

    def exists(self) -> bool:
        """Whether there is a record; a database is taken to have one."""
        return not self.in_file or Path(self.store).exists()

    def open(self) -> Store:
        """A connection."""
        if self.in_file:
            from gateway.audit.sqlite import SqliteStore

            return SqliteStore(Path(self.store))
        from gateway.audit.postgres import PostgresStore

        return PostgresStore(self.store)


Where = Path | Place


def place_of(where: Where) -> Place:
    """A file stands for itself and what lies beside it."""
    return Place.beside(where) if isinstance(where, Path) else where


def anchors_of(path: Path) -> Path:
    """The append-only file of anchors beside an audit file."""
    return path.with_name(path.name + ".anchors")
