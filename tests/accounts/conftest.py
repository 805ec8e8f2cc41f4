"""A firm a test, on a database whose tables are there already."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from foundation.database import engine_of, migrate
from tests.accounts.two_systems import Firm, firm, ownership


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "tiergate.sqlite"
    engine = engine_of(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


@pytest.fixture
def database(tmp_path: Path, empty: Path) -> str:
    shutil.copy(empty, tmp_path / "tiergate.sqlite")
    return f"sqlite:///{tmp_path / 'tiergate.sqlite'}"


@pytest.fixture
def acme(tmp_path: Path, database: str) -> Iterator[Firm]:
    """The shipped owners, but for the mail address: whoever changes it is right, and of two a person decides."""
    mail = "{owner: crm, mode: advisory, written_to: [crm, erp], on_conflict: case}"
    with firm(database, ownership(tmp_path / "policies", email=mail)) as made:
        yield made
