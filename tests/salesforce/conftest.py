"""An org, and our adapter signed in to it, without a network."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from foundation.connections import Connection
from foundation.sandbox import Box
from foundation.sandbox.firm import Deal, deals
from system_apis.salesforce import connect
from system_apis.salesforce.adapter import Salesforce
from system_apis.salesforce.sandbox import SANDBOX

URL = "https://acme.my.salesforce.test"
USER = "integration@acme.example"
KEY = "3MVG9.tiergate"
SECRET = "a+b%c:d"


@pytest.fixture(scope="session")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def private_pem(private_key: rsa.RSAPrivateKey) -> str:
    return private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def box(private_key: rsa.RSAPrivateKey) -> Iterator[Box]:
    """The org as seeded, with our app registered for both ways of signing in."""
    made = Box(SANDBOX)
    public = private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    app = {"username": USER, "secret": SECRET, "public_key": public}
    made.store.set_setting("connected_apps", {KEY: app})
    yield made
    made.store.close()


@pytest.fixture
def connection() -> Connection:
    sign_in = {"flow": "client_credentials", "client_id": KEY, "client_secret": SECRET}
    return Connection(name="salesforce", url=URL, sign_in=sign_in)


@pytest.fixture
async def salesforce(box: Box, connection: Connection) -> AsyncIterator[Salesforce]:
    made = connect(connection, box.transport())
    yield made
    await made.close()


@pytest.fixture
async def http(box: Box) -> AsyncIterator[httpx.AsyncClient]:
    """A raw client with a session, for what the adapter never asks."""
    async with httpx.AsyncClient(transport=box.transport(), base_url=URL) as client:
        form = {"grant_type": "client_credentials", "client_id": KEY, "client_secret": SECRET}
        token = (await client.post("/services/oauth2/token", data=form)).json()
        client.headers["Authorization"] = f"Bearer {token['access_token']}"
        yield client


@pytest.fixture
def firm(box: Box) -> dict[str, Deal]:
    """The seeded deals, `D01` to `D12`."""
    return {deal.code: deal for deal in deals(box.now().date())}
