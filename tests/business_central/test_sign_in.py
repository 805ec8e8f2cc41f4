"""Entra ID's client credentials: one token for all, renewed when it is refused, never told."""

import asyncio

import httpx
import pytest

from canonical.faults import Fault, VendorBusy, VendorDown, VendorSignIn
from foundation.connections import Connection
from foundation.sandbox import Box
from system_apis.business_central import connect
from system_apis.business_central.adapter import BusinessCentral
from tests.business_central.conftest import FORM, SECRET, TENANT, TOKEN, URL

NONE = {"value": []}


async def test_what_is_asked_of_the_directory(connection: Connection) -> None:
    asked: list[httpx.Request] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        token = {"token_type": "Bearer", "expires_in": "3599", "access_token": "eyJ"}
        return httpx.Response(200, json=token if request.url.path.endswith("/token") else NONE)

    erp = connect(connection, httpx.MockTransport(reply))
    await erp.whoami()
    await erp.whoami()
    token, first, second = asked
    assert str(token.url) == TOKEN
    assert dict(httpx.QueryParams(token.content.decode())) == FORM
    assert "Authorization" not in token.headers
    assert {first.headers["Authorization"], second.headers["Authorization"]} == {"Bearer eyJ"}
    assert str(first.url) == f"{URL}/v2.0/Production/api/v2.0/companies"
    await erp.close()


async def test_many_calls_sign_in_once(box: Box, erp: BusinessCentral) -> None:
    await asyncio.gather(*(erp.legal_entity(code) for code in ("ACME-US", "ACME-DE", "ACME-IN")))
    assert len(box.store.all("_token")) == 1


async def test_a_token_that_ran_out_at_the_vendor_is_renewed(box: Box, erp: BusinessCentral) -> None:
    await erp.whoami()
    box.store.set_setting("_clock_ahead", 2 * 3600)
    await erp.whoami()
    assert len(box.store.all("_token")) == 2


@pytest.mark.parametrize(
    ("answer", "fault", "says"),
    [
        (
            httpx.Response(401, json={"error": "invalid_client", "error_codes": [7000215]}),
            VendorSignIn,
            "AADSTS7000215",
        ),
        (httpx.Response(400, text="<html>"), VendorSignIn, "status 400"),
        (httpx.Response(429, headers={"Retry-After": "7"}), VendorBusy, "throttling"),
        (httpx.Response(503), VendorDown, "503"),
        (httpx.Response(200, text='{"access_tok'), VendorDown, "cannot be read"),
    ],
)
async def test_a_token_that_is_not_given_says_why(
    connection: Connection, answer: httpx.Response, fault: type[Fault], says: str
) -> None:
    erp = connect(connection, httpx.MockTransport(lambda _: answer))
    with pytest.raises(fault) as refused:
        await erp.whoami()
    assert says in refused.value.detail
    assert SECRET not in refused.value.detail
    await erp.close()


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 400, "unauthorized_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "https://acme.crm4.dynamics.com/.default"}, 400, "invalid_scope"),
    ],
)
async def test_what_the_directory_refuses(box: Box, changes: dict[str, str], status: int, error: str) -> None:
    async with httpx.AsyncClient(transport=box.transport()) as http:
        answer = await http.post(TOKEN, data=FORM | changes)
        assert (answer.status_code, answer.json()["error"]) == (status, error)
        elsewhere = await http.post(TOKEN.replace(TENANT, "other.example"), data=FORM)
        assert elsewhere.json()["error_codes"] == [90002]


async def test_an_app_without_the_permission_is_not_let_in(box: Box, erp: BusinessCentral) -> None:
    box.store.set_setting("apps", {FORM["client_id"]: {"secret": SECRET, "granted": False}})
    with pytest.raises(VendorSignIn):
        await erp.whoami()
