"""The audit in the platform's PostgreSQL: a schema `audit` of its own, made by the migrations, held by triggers."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

from gateway.audit.store import Transaction


class PostgresStore:
    """One connection, made anew when it was lost."""

    errors: tuple[type[Exception], ...] = (psycopg.Error, OSError)

    def __init__(self, address: str) -> None:
        self._address = make_url(address).set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    @contextmanager
    def begin(self, *, durable: bool = False) -> Iterator[Transaction]:
        """What is not durable does not wait for the disk."""
        with self._connected().transaction():
            self._connected().execute(f"SET LOCAL synchronous_commit = {'on' if durable else 'off'}")
            yield _Statements(self._connected())

    def rows(self, question: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All at once."""
        return self._connected().execute(_with_percent(question), values).fetchall()

    def stream(self, question: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Fifty at a time: a record may be longer than memory, and a sheet some megabytes."""
        connection = self._connected()
        with connection.transaction(), connection.cursor(name="audit_rows") as cursor:
            cursor.itersize = 50
            cursor.execute(_with_percent(question), values)
            yield from cursor

    def forget(self) -> None:
        """Dead rows are cleared; the server's own write-ahead log and backups are its keeper's to expire."""
        self._connected().execute("VACUUM bodies, names")

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._connection is None or self._connection.closed:
            options = "-c search_path=audit -c lock_timeout=30s"
            self._connection = psycopg.connect(self._address, autocommit=True, options=options, connect_timeout=10)
        return self._connection


class _Statements:
    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Any:
        return self._connection.execute(_with_percent(statement), values)

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> Any:
        with self._connection.cursor() as cursor:
            cursor.executemany(_with_percent(statement), rows)


def _with_percent(statement: str) -> Any:
    """Our statements hold no text of their own that could contain either sign."""
    return statement.replace("?", "%s")
