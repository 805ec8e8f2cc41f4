"""The migrations make the tables the code speaks of, no more and no less."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData

import gateway.idempotency
import gateway.identity.tables
import process_apis.tables
from foundation.database import engine_of, migrate


def test_migrations_make_the_tables_of_the_code(tmp_path: Path) -> None:
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
