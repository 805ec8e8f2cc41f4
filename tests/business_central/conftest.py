"""An environment, and our adapter signed in to it, without a network."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from foundation.connections import Connection
from foundation.sandbox import Box
from system_apis.business_central import connect
from system_apis.business_central.adapter import BusinessCentral
from system_apis.business_central.sandbox import SANDBOX

URL = "https://api.businesscentral.dynamics.com"
TENANT = "0a1b2c3d-0000-4000-8000-000000000001"
CLIENT = "0a1b2c3d-0000-4000-8000-000000000002"
SECRET = "8Q~a+b%c:d"
TOKEN = f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"
STANDARD = "/v2.0/Production/api/v2.0"
EXTENSION = "/v2.0/Production/api/tiergate/erp/v1.0"
FORM = {
    "grant_type": "client_credentials",
    "client_id": CLIENT,
    "client_secret": SECRET,
    "scope": f"{URL}/.default",
}


@pytest.fixture
def box() -> Iterator[Box]:
    """The environment as seeded, with our app in its directory."""
    made = Box(SANDBOX)
    made.store.set_setting("tenant", TENANT)
    made.store.set_setting("apps", {CLIENT: {"secret": SECRET, "granted": True}})
    yield made
    made.store.close()


@pytest.fixture
def connection() -> Connection:
    said = {"tenant": TENANT, "environment": "Production", "client_id": CLIENT, "client_secret": SECRET}
    return Connection(name="business_central", url=URL, sign_in=said)


@pytest.fixture
async def erp(box: Box, connection: Connection) -> AsyncIterator[BusinessCentral]:
    made = connect(connection, box.transport())
    yield made
    await made.close()


@pytest.fixture
async def http(box: Box) -> AsyncIterator[httpx.AsyncClient]:
    """A raw client with a token, for what the adapter never asks."""
    async with httpx.AsyncClient(transport=box.transport(), base_url=URL) as client:
        token = (await client.post(TOKEN, data=FORM)).json()
        client.headers["Authorization"] = f"Bearer {token['access_token']}"
        yield client


@pytest.fixture
def company(box: Box) -> str:
    """Where the extension keeps the rows of ACME-DE."""
    return f"{EXTENSION}/companies({box.store.find('companies', name='ACME-DE')[0]['id']})"
