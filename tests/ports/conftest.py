"""A system to ask."""

from collections.abc import AsyncIterator, Iterator
from functools import cache

import pytest
from joserfc.jwk import RSAKey

from tests.ports.world import World


@pytest.fixture(scope="session", autouse=True)
def _keys_are_read_once() -> Iterator[None]:
    """Every RSA key is proven when it is read, which takes longer than all else here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RSAKey, "import_key", cache(RSAKey.import_key))
        yield


@pytest.fixture
async def world(name: str) -> AsyncIterator[World]:
    made = World(name)
    yield made
    await made.close()
