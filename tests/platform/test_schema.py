"""The migrations make the tables the code speaks of, no more and no less."""

import subprocess
import sys
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData

import gateway.drift.tables
import gateway.idempotency
import gateway.identity.tables
import process_apis.tables
from foundation.database import engine_of, migrate


def test_migrations_make_the_tables_of_the_code(tmp_path: Path) -> None:
    process_apis.discover()  # a workflow may have tables of its own
    told = MetaData()
    ours = (process_apis.tables.RUNS.metadata, gateway.idempotency.KEYS.metadata, gateway.identity.tables.METADATA)
    for metadata in dict.fromkeys(ours):
        for table in metadata.tables.values():
            table.to_metadata(told)
    engine = engine_of(f"sqlite:///{tmp_path / 'fresh.sqlite'}")
    migrate(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), told) == []
    engine.dispose()


def test_several_processes_that_start_at_once_take_turns(tmp_path: Path) -> None:
    migrating = (
        "import sys; from foundation.database import engine_of, migrate; sys.stdin.readline(); "
        f"migrate(engine_of('sqlite:///{tmp_path / 'fresh.sqlite'}'))"
    )
    several = [
        subprocess.Popen([sys.executable, "-c", migrating], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for process in several:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    assert [(process.communicate()[1], process.returncode) for process in several] == [("", 0)] * 4
