"""The platform's database: one engine, SQLite by default, Postgres by URL; its schema comes from the migrations.

All our statements run on a synchronous engine in worker threads: measured, an asynchronous one costs twice the CPU.
"""

import asyncio
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import event

from canonical.faults import Fault

T = TypeVar("T")
METADATA: Final = sa.MetaData()
MIGRATIONS: Final = Path(__file__).parent / "migrations"
NUMBERS: Final = range(1, 2**63)
"""What a row may be numbered with. A larger number is no row's, and no driver takes it as a parameter."""
_TURN: Final = 7_434_437
"""The advisory lock of whoever migrates: a number nobody else here uses."""


def engine_of(url: str) -> sa.Engine:
    """An engine on `url`; on SQLite with write-ahead log, immediate transactions and foreign keys.

    A transaction that begins deferred and reads before it writes fails with "database is locked" under load, so
    SQLite's begin immediately.
    """
    if not url.startswith("sqlite"):
        return sa.create_engine(url, pool_pre_ping=True)
    engine = sa.create_engine(url, connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        cursor = connection.cursor()
        for pragma in ("busy_timeout=30000", "foreign_keys=ON", "journal_mode=WAL", "synchronous=NORMAL"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


def migrate(engine: sa.Engine, to: str = "head") -> None:
    """Bring the schema to the newest revision, or another. Safe to call at every start: processes take turns."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    # What is there is read first, and SQLite's driver begins a transaction at the first write only.
    turn = "BEGIN IMMEDIATE" if engine.dialect.name == "sqlite" else f"SELECT pg_advisory_xact_lock({_TURN})"
    with engine.begin() as connection:
        connection.exec_driver_sql(turn)
        config.attributes["connection"] = connection
        command.upgrade(config, to)


class Database:
    """The engine, and one way to use it from async code: a function of a connection, in a thread, in a transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    async def run(self, work: Callable[[sa.Connection], T]) -> T:
        """`work(connection)` committed when it returns, rolled back when it raises."""
        return await asyncio.to_thread(self.now, work)

    def now(self, work: Callable[[sa.Connection], T]) -> T:
        """The same, in this thread."""
        with self.engine.connect() as connection:
            try:
                with connection.begin():
                    return work(connection)
            except Fault:
                raise
            except Exception:
                # A bug may have left a result half read, which on SQLite pins the connection to the past: not reused.
                connection.invalidate()
                raise


class Unkept(Database):
    """The same database for whoever only looks: nothing stays of what is written through it."""

    def now(self, work: Callable[[sa.Connection], T]) -> T:
        """`work(connection)`, always rolled back."""
        with self.engine.connect() as connection:
            transaction = connection.begin()
            try:
                return work(connection)
            finally:
                transaction.rollback()


def upsert(connection: sa.Connection, table: sa.Table, keys: dict[str, Any], values: dict[str, Any]) -> None:
    """Insert the row of these keys, or update its values; atomic on SQLite and Postgres."""
    if not values:
        insert_new(connection, table, keys, values)
        return
    connection.execute(_upserting(table, connection.dialect.name, tuple(keys), tuple(values)), {**keys, **values})


def insert_new(connection: sa.Connection, table: sa.Table, keys: dict[str, Any], values: dict[str, Any]) -> bool:
    """Insert the row of these keys unless there is one; whether it was new. Of two at once, one is told True."""
    statement = _inserting(table, connection.dialect.name, tuple(keys))
    return bool(connection.execute(statement, {**keys, **values}).rowcount)


def insert_all_new(
    connection: sa.Connection, table: sa.Table, keys: tuple[str, ...], rows: list[dict[str, Any]]
) -> int:
    """Insert those of these rows whose keys nobody has, in one go, all with the same columns; how many were new."""
    if not rows:
        return 0
    statement = _inserting(table, connection.dialect.name, keys)
    return int(connection.execute(statement, rows).rowcount)


def insert_if_free(connection: sa.Connection, table: sa.Table, values: dict[str, Any]) -> bool:
    """Insert a row unless any uniqueness of its table is in the way; whether it was inserted."""
    return bool(connection.execute(_inserting(table, connection.dialect.name, ()), values).rowcount)


# Statements are kept: to make one costs more than to run it.
@cache
def _upserting(table: sa.Table, dialect: str, keys: tuple[str, ...], values: tuple[str, ...]) -> Any:
    statement = _insert(dialect, table)
    new = {name: statement.excluded[name] for name in values}
    return statement.on_conflict_do_update(index_elements=list(keys), set_=new)


@cache
def _inserting(table: sa.Table, dialect: str, keys: tuple[str, ...]) -> Any:
    statement = _insert(dialect, table).inline().on_conflict_do_nothing(index_elements=list(keys) or None)
    # Of an insert SQLAlchemy forgets how many rows there were: on Postgres it is -1, whether there was one or none.
    return statement.execution_options(preserve_rowcount=True)


def _insert(dialect: str, table: sa.Table) -> Any:
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as pg_insert

        return pg_insert(table)
    from sqlalchemy.dialects.sqlite import insert as lite_insert

    return lite_insert(table)
