"""A database, and our adapter signed in to it, without a network; and the address of a real one."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from foundation.connections import Connection
from foundation.sandbox import Box
from system_apis.tryton import connect
from system_apis.tryton.adapter import Tryton
from system_apis.tryton.auth import sign_in
from system_apis.tryton.sandbox import SANDBOX
from tests.tryton import real_server
from tests.tryton.real_world import Server

URL = "https://erp.acme.example"
PASSWORD = "only-in-tests-1"


@pytest.fixture
def box() -> Iterator[Box]:
    """The database as seeded, with our user."""
    made = Box(SANDBOX)
    made.store.set_setting("users", {"tiergate": PASSWORD})
    yield made
    made.store.close()


@pytest.fixture
def connection() -> Connection:
    said = {"database": "erp", "user": "tiergate", "password": PASSWORD}
    return Connection(name="tryton", url=URL, sign_in=said)


@pytest.fixture
async def erp(box: Box, connection: Connection) -> AsyncIterator[Tryton]:
    made = connect(connection, box.transport())
    yield made
    await made.close()


@pytest.fixture
async def http(box: Box, connection: Connection) -> AsyncIterator[httpx.AsyncClient]:
    """A raw client with a session, for what the adapter never asks."""
    async with httpx.AsyncClient(transport=box.transport(), base_url=URL, auth=sign_in(connection)) as client:
        yield client


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the real server's database lies."""
    return tmp_path_factory.mktemp("tryton")


@pytest.fixture(scope="session")
def address(folder: Path) -> Iterator[str]:
    """A real Tryton, with the firm in it."""
    with real_server.serving(folder) as url:
        yield url


@pytest.fixture(scope="session")
def server(address: str) -> Iterator[Server]:
    """A session of our own at it, to look with."""
    said = {"user": real_server.USER, "password": real_server.PASSWORD}
    made = Server(Connection(name="tryton", url=address, sign_in=said))
    taxes = made.ask("account.tax.search", [], 0, None, None)
    made.ask("product.category.write", [1], {"customer_taxes": [["add", taxes]]})  # an administrator forgot them
    yield made
    made.close()


@pytest.fixture
def real_connection(address: str, connection: Connection) -> Connection:
    said = {"database": real_server.DATABASE, "user": real_server.USER, "password": real_server.PASSWORD}
    return msgspec.structs.replace(connection, url=address, sign_in=said, timeout=30.0)


@pytest.fixture
async def real_erp(real_connection: Connection) -> AsyncIterator[Tryton]:
    made = connect(real_connection)
    yield made
    await made.close()
