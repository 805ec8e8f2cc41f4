"""Deskly, a service desk of one table: the small vendor that docs/howto/add-a-system.md is followed with."""

from typing import TYPE_CHECKING

import httpx

from canonical.ports.systems import Connection, Tickets
from foundation.connections import Connection as Settings
from foundation.vendor_http import http_client
from system_apis import Reads, SystemApi
from tests.extend.deskly.adapter import Deskly
from tests.extend.deskly.check import CHECKS
from tests.extend.deskly.demo import demo

if TYPE_CHECKING:
    from foundation.sandbox import Sandbox


class Token(httpx.Auth):
    """An API key in a header."""

    def __init__(self, key: str) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request):  # type: ignore[no-untyped-def]  # a generator of requests
        request.headers["X-Api-Key"] = self._key
        yield request


def connect(connection: Settings, transport: httpx.AsyncBaseTransport | None = None) -> Deskly:
    """The adapter on one desk; `ValueError` when its `sign_in` lacks the key."""
    if not connection.sign_in.get("key"):
        raise ValueError("sign_in.key is missing")
    return Deskly(http_client(connection, Token(connection.sign_in["key"]), transport))


def sandbox() -> "Sandbox":
    """The desk as we must expect it."""
    from tests.extend.deskly.sandbox import SANDBOX

    return SANDBOX


SYSTEM_API = SystemApi(
    name="deskly",
    title="Deskly",
    abbreviation="DK",
    ports=(Tickets, Connection),
    adapter=Deskly,
    connect=connect,
    roles=("itsm",),
    detects_changes=False,
    checks=CHECKS,
    reads=Reads(why="A ticket is read from the table it is written to.", verified=True),
    sandbox=sandbox,
    demo=demo,
)
