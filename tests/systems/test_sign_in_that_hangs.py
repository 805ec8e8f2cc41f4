"""A vendor that takes connections and says nothing: for every system its time limit holds for signing in too."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import msgspec
import pytest

import system_apis
from canonical.faults import Fault, VendorDown, VendorTimeout
from foundation.connections import Connection
from system_apis import SystemApi
from tests.processes import ROOT
from tiergate import configuration

LIMIT = 0.4
SLACK = 1.0
"""What a busy machine may add."""
SYSTEMS = system_apis.discover()
VALUES = {name: value for system in SYSTEMS.values() if system.demo for name, value in system.demo().values.items()}


@pytest.fixture
def silent() -> Iterator[str]:
    """Where a connection stands at once, and nobody ever answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def connection_of(system: SystemApi, url: str) -> Connection:
    """As `policies/connections.yaml` has it, with the demonstration's credentials and little patience."""
    addresses = {f"{name.upper()}_URL": url for name in SYSTEMS}
    found = configuration.connections(ROOT / "policies", [system.name], addresses | VALUES)
    return msgspec.structs.replace(found[system.name], timeout=LIMIT)


async def told(adapter: Any) -> Fault:
    """What a call is told, in its own time and at most that of one sign-in it had to wait for."""
    started = time.monotonic()
    with pytest.raises(Fault) as fault:
        await adapter.whoami()
    assert LIMIT * 0.9 < time.monotonic() - started < 2 * LIMIT + SLACK
    return fault.value


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)
async def test_a_system_that_hangs_holds_nobody_longer_than_its_connection_says(system: SystemApi, silent: str) -> None:
    adapter = system.connect(connection_of(system, silent))
    async with asyncio.timeout(10):
        faults = await asyncio.gather(*(told(adapter) for _ in range(5)))
    await adapter.close()
    assert {type(fault) for fault in faults} <= {VendorDown, VendorTimeout}
    assert all(fault.system == system.name and fault.retry for fault in faults)
