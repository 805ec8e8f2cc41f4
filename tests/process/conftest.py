"""A world a test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from foundation.sandbox import Box
from system_apis import Demo
from tests.process.world import World, boxes_of, credentials, world


@pytest.fixture(scope="session")
def known() -> dict[str, Demo]:
    return credentials()


@pytest.fixture
def boxes(known: dict[str, Demo]) -> dict[str, Box]:
    return boxes_of(known)


@pytest.fixture
async def firm(tmp_path: Path, known: dict[str, Demo], boxes: dict[str, Box]) -> AsyncIterator[World]:
    async with world(f"sqlite:///{tmp_path / 'tiergate.sqlite'}", known, boxes) as made:
        yield made
