"""A Fusion sandbox that knows our application and a user, and clients of both kinds."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from foundation.connections import Connection
from foundation.sandbox import Box
from foundation.vendor_http import http_client
from system_apis.oracle_fusion.adapter import OracleFusion
from system_apis.oracle_fusion.auth import sign_in
from system_apis.oracle_fusion.rest import FRAMEWORK
from system_apis.oracle_fusion.sandbox import SANDBOX

URL = "http://fusion.test"
OPTIONS = {"client_id": "tiergate", "client_secret": "s3", "user": "TIERGATE", "password": "p:w&ö"}


class Listening(httpx.AsyncBaseTransport):
    """The sandbox, what was asked of it, and what may happen on the way."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.asked: list[httpx.Request] = []
        self.before: Callable[[httpx.Request], None] = lambda _: None
        """Called with each request before it is made."""
        self.says: Callable[[bytes], bytes] = lambda content: content
        """What becomes of each answer's body."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        self.before(request)
        response = await self._inner.handle_async_request(request)
        content = self.says(await response.aread())
        headers = {name: value for name, value in response.headers.items() if name != "content-length"}
        return httpx.Response(response.status_code, headers=headers, content=content)


@pytest.fixture
def box() -> Box:
    made = Box(SANDBOX)
    for name, value in OPTIONS.items():
        made.store.set_setting(name, value)
    return made


@pytest.fixture
def connection() -> Connection:
    keys = {"flow": "client_credentials", "client_id": "tiergate", "client_secret": "s3"}
    return Connection(name="oracle_fusion", url=URL, sign_in=keys)


@pytest.fixture
def heard(box: Box) -> Listening:
    return Listening(box.transport())


@pytest.fixture
async def http(heard: Listening, connection: Connection) -> AsyncIterator[httpx.AsyncClient]:
    """A client that asks for the framework's version 4."""
    auth, _ = sign_in(connection)
    async with http_client(connection, auth, heard, **FRAMEWORK) as client:
        yield client


@pytest.fixture
def fusion(http: httpx.AsyncClient) -> OracleFusion:
    return OracleFusion(http, "tiergate")
