"""An organisation, and our adapter signed in to it, without a network."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from foundation.connections import Connection
from foundation.sandbox import Box
from foundation.sandbox.firm import Deal, deals
from system_apis.dataverse import connect
from system_apis.dataverse.adapter import Dataverse
from system_apis.dataverse.sandbox import SANDBOX

URL = "https://acme.crm4.dynamics.com"
DATA = "/api/data/v9.2"
TENANT = "0a1b2c3d-0000-4000-8000-000000000001"
CLIENT = "0a1b2c3d-0000-4000-8000-000000000002"
SECRET = "8Q~a+b%c:d"
TOKEN = f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"


@pytest.fixture
def box() -> Iterator[Box]:
    """The organisation as seeded, with our app in its directory."""
    made = Box(SANDBOX)
    made.store.set_setting("tenant", TENANT)
    made.store.set_setting("apps", {CLIENT: {"secret": SECRET, "application_user": True}})
    yield made
    made.store.close()


@pytest.fixture
def connection() -> Connection:
    return Connection(
        name="dataverse", url=URL, sign_in={"tenant": TENANT, "client_id": CLIENT, "client_secret": SECRET}
    )


@pytest.fixture
async def dataverse(box: Box, connection: Connection) -> AsyncIterator[Dataverse]:
    made = connect(connection, box.transport())
    yield made
    await made.close()


@pytest.fixture
async def http(box: Box) -> AsyncIterator[httpx.AsyncClient]:
    """A raw client with a token, for what the adapter never asks."""
    async with httpx.AsyncClient(transport=box.transport(), base_url=URL) as client:
        form = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET}
        token = (await client.post(TOKEN, data=form | {"scope": f"{URL}/.default"})).json()
        client.headers["Prefer"] = 'odata.include-annotations="*"'
        client.headers["Authorization"] = f"Bearer {token['access_token']}"
        yield client


@pytest.fixture
def firm(box: Box) -> dict[str, Deal]:
    """The seeded deals, `D01` to `D12`."""
    return {deal.code: deal for deal in deals(box.now().date())}
