"""A system to ask."""

from collections.abc import AsyncIterator, Iterator
from functools import cache

import pytest
from joserfc.jwk import RSAKey

from tests.ports.world import World

_READ = cache(RSAKey.import_key)


@pytest.fixture(scope="module", autouse=True)
def _keys_are_read_once() -> Iterator[None]:
    """Every RSA key is proven when it is read, which takes longer than all else here; elsewhere it shall be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RSAKey, "import_key", _READ)
        yield


@pytest.fixture
async def world(name: str) -> AsyncIterator[World]:
    made = World(name)
    yield made
    await made.close()
