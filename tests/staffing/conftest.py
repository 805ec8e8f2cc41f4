"""A desk a test, on a database of its own."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from canonical.faults import NotBound
from foundation.context import fresh, use
from foundation.database import Database, engine_of, migrate
from foundation.masking import Masker
from process_apis.bindings import Systems
from process_apis.platform import Platform
from tests.process.world import PRIYA
from tests.staffing.staff import Desk, Idle, somebody


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with every table and no row: making those takes longer than copying them."""
    path = tmp_path_factory.mktemp("staffing") / "tiergate.sqlite"
    engine = engine_of(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


@pytest.fixture
async def desk(tmp_path: Path, empty: Path) -> AsyncIterator[Desk]:
    shutil.copy(empty, tmp_path / "tiergate.sqlite")
    database = Database(engine_of(f"sqlite:///{tmp_path / 'tiergate.sqlite'}"))

    def nobody(name: str, port: type) -> Any:
        raise NotBound(name)

    systems = Systems({}, nobody)
    found = Desk(Platform(database=database, engine=Idle(database), systems=systems, masker=Masker(b"a key")))
    await found.desk.put_person("E1", somebody())
    with use(fresh(caller=PRIYA)):
        yield found
    database.engine.dispose()
