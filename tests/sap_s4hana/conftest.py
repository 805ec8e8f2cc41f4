"""An SAP sandbox that knows our client and a communication user, and objects to write to it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from foundation.connections import Connection
from foundation.sandbox import Box
from foundation.vendor_http import http_client
from system_apis.sap_s4hana.adapter import SapS4hana
from system_apis.sap_s4hana.auth import sign_in
from system_apis.sap_s4hana.sandbox import SANDBOX

URL = "https://my300001-api.s4hana.ondemand.com"
BASIC = {"flow": "basic", "user": "TIERGATE", "password": "p:w&ö"}


@pytest.fixture
def box() -> Box:
    made = Box(SANDBOX)
    for name, value in {
        "client_id": "tiergate",
        "client_secret": "s3",
        "user": "TIERGATE",
        "password": "p:w&ö",
    }.items():
        made.store.set_setting(name, value)
    return made


@pytest.fixture
def connection() -> Connection:
    keys = {"flow": "client_credentials", "client_id": "tiergate", "client_secret": "s3"}
    return Connection(name="sap_s4hana", url=URL, sign_in=keys)


@pytest.fixture
async def http(box: Box, connection: Connection) -> AsyncIterator[httpx.AsyncClient]:
    auth, _ = sign_in(connection)
    async with http_client(connection, auth, box.transport()) as client:
        yield client


@pytest.fixture
def sap(http: httpx.AsyncClient) -> SapS4hana:
    return SapS4hana(http, "tiergate")
