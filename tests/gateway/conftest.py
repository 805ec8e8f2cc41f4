"""One gateway over a small API, its clock in the test's hand."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.notes import World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    yield made
    await made.close()
