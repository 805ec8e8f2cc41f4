"""A running desk, and a client that talks to it without a network."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from foundation.sandbox import Box
from tests.sandbox.desk import DESK


@pytest.fixture
def box() -> Iterator[Box]:
    running = Box(DESK)
    yield running
    running.store.close()


@pytest.fixture
async def http(box: Box) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=box.transport(), base_url="http://desk.test") as client:
        yield client
