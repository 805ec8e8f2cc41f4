"""A database with every table and no row."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from foundation.database import engine_of, migrate


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    made = engine_of(f"sqlite:///{tmp_path_factory.mktemp('xrefs') / 'tiergate.sqlite'}")
    migrate(made)
    yield made
    made.dispose()


@pytest.fixture
def c(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection whose work is undone after the test."""
    with engine.connect() as connection:
        transaction = connection.begin()
        yield connection
        transaction.rollback()
