"""Entra ID's client credentials: one token for all, renewed before it ends or when it is refused, never told."""

import asyncio

import httpx
import pytest

from canonical.faults import Fault, VendorBusy, VendorDown, VendorSignIn
from foundation.connections import Connection
from foundation.sandbox import Box
from foundation.sandbox.firm import Deal
from system_apis.dataverse import connect
from system_apis.dataverse.adapter import Dataverse
from system_apis.dataverse.sandbox.seed import deal_id
from tests.dataverse.conftest import CLIENT, SECRET, TENANT, TOKEN, URL

ME = {"UserId": "u", "OrganizationId": "o"}


async def test_what_is_asked_of_the_directory(connection: Connection) -> None:
    asked: list[httpx.Request] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        token = {"token_type": "Bearer", "expires_in": "3599", "access_token": "eyJ"}
        return httpx.Response(200, json=token if request.url.path.endswith("/token") else ME)

    dataverse = connect(connection, httpx.MockTransport(reply))
    await dataverse.whoami()
    await dataverse.whoami()
    token, first, second = asked
    assert str(token.url) == TOKEN
    assert dict(httpx.QueryParams(token.content.decode())) == {
        "grant_type": "client_credentials",
        "client_id": CLIENT,
        "client_secret": SECRET,
        "scope": f"{URL}/.default",
    }
    assert "Authorization" not in token.headers
    assert {first.headers["Authorization"], second.headers["Authorization"]} == {"Bearer eyJ"}
    assert first.headers["OData-MaxVersion"] == "4.0"
    await dataverse.close()


async def test_many_calls_sign_in_once(box: Box, dataverse: Dataverse, firm: dict[str, Deal]) -> None:
    await asyncio.gather(*(dataverse.opportunity(deal_id(deal)) for deal in firm.values()))
    assert len(box.store.all("_token")) == 1


async def test_a_token_that_ran_out_at_the_vendor_is_renewed(box: Box, dataverse: Dataverse) -> None:
    await dataverse.whoami()
    box.store.set_setting("_clock_ahead", 2 * 3600)
    await dataverse.whoami()
    assert len(box.store.all("_token")) == 2


async def test_a_token_is_not_used_in_its_last_minute(connection: Connection) -> None:
    tokens = iter(["first", "second"])
    used: list[str] = []

    def reply(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": next(tokens), "expires_in": 60})
        used.append(request.headers["Authorization"])
        return httpx.Response(200, json=ME)

    dataverse = connect(connection, httpx.MockTransport(reply))
    await dataverse.whoami()
    await dataverse.whoami()
    assert used == ["Bearer first", "Bearer second"]
    await dataverse.close()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"client_secret": "not-the-secret-of-this-app"}, "invalid_client (AADSTS7000215)"),
        ({"client_id": "0a1b2c3d-0000-4000-8000-00000000ffff"}, "unauthorized_client (AADSTS700016)"),
        ({"tenant": "somewhere.example"}, "invalid_request (AADSTS90002)"),
    ],
)
async def test_a_refused_sign_in_says_why_and_nothing_of_what_was_sent(
    box: Box, connection: Connection, changed: dict[str, str], said: str
) -> None:
    wrong = Connection(name="dataverse", url=URL, sign_in=connection.sign_in | changed)
    dataverse = connect(wrong, box.transport())
    with pytest.raises(VendorSignIn) as refused:
        await dataverse.whoami()
    assert refused.value.detail == f"its sign-in refused: {said}"
    await dataverse.close()


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (httpx.Response(429, headers={"Retry-After": "5"}), VendorBusy),
        (httpx.Response(503, text="<html>"), VendorDown),
        (httpx.Response(200, text='{"access_to'), VendorDown),
        (httpx.Response(400, text="<html>"), VendorSignIn),
    ],
)
async def test_a_directory_that_fails_is_named(
    connection: Connection, answer: httpx.Response, fault: type[Fault]
) -> None:
    dataverse = connect(connection, httpx.MockTransport(lambda _: answer))
    with pytest.raises(fault) as failed:
        await dataverse.whoami()
    assert failed.value.system == "dataverse"
    await dataverse.close()


@pytest.mark.parametrize(
    ("url", "authority", "wanted"),
    [
        ("https://acme.crm4.dynamics.com", "", "https://login.microsoftonline.com"),
        ("https://acme.crm9.dynamics.com.evil.example", "", "https://acme.crm9.dynamics.com.evil.example"),
        ("https://acme.crm.microsoftdynamics.us", "", "https://login.microsoftonline.us"),
        ("http://127.0.0.1:8080", "", "http://127.0.0.1:8080"),
        ("https://acme.crm4.dynamics.com", "https://login.cloud.example/", "https://login.cloud.example"),
    ],
)
def test_tokens_come_from_the_cloud_the_organisation_is_in(url: str, authority: str, wanted: str) -> None:
    sign_in = {"tenant": TENANT, "client_id": CLIENT, "client_secret": SECRET}
    sign_in |= {"authority": authority} if authority else {}
    asked: list[str] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(503)

    async def ask() -> None:
        dataverse = connect(Connection(name="dataverse", url=url, sign_in=sign_in), httpx.MockTransport(reply))
        with pytest.raises(VendorDown):
            await dataverse.whoami()
        await dataverse.close()

    asyncio.run(ask())
    assert asked == [f"{wanted}/{TENANT}/oauth2/v2.0/token"]
