"""A session, asked for with a password: one for all, renewed when it is refused, and no password tried twice."""

import asyncio
import json
from base64 import b64decode

import httpx
import pytest

from canonical.faults import Fault, VendorBusy, VendorDown, VendorSignIn
from foundation.connections import Connection
from foundation.sandbox import Box
from system_apis.tryton import connect
from system_apis.tryton.adapter import Tryton
from tests.tryton.conftest import PASSWORD, URL
from tests.tryton.real_server import RPC


async def test_what_is_asked_for_and_what_each_call_carries(connection: Connection) -> None:
    asked: list[httpx.Request] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        signs_in = b"common.db.login" in request.content
        return httpx.Response(200, json={"id": 1, "result": [7, "64efa3", None] if signs_in else {}})

    erp = connect(connection, httpx.MockTransport(reply))
    await erp.whoami()
    await erp.whoami()
    login, first, second = asked
    assert {str(request.url) for request in asked} == {f"{URL}{RPC}"}
    assert json.loads(login.content) == {
        "id": 1,
        "method": "common.db.login",
        "params": ["tiergate", {"password": PASSWORD}],
    }
    assert "Authorization" not in login.headers
    kind, _, encoded = first.headers["Authorization"].partition(" ")
    assert (kind, b64decode(encoded)) == ("Session", b"tiergate:7:64efa3")
    assert second.headers["Authorization"] == first.headers["Authorization"]
    await erp.close()


async def test_many_calls_sign_in_once(box: Box, erp: Tryton) -> None:
    await asyncio.gather(*(erp.legal_entity(code) for code in ("ACME-US", "ACME-DE", "ACME-IN")))
    assert len(box.store.all("_session")) == 1


async def test_a_session_that_slept_too_long_is_asked_for_anew(box: Box, erp: Tryton) -> None:
    await erp.whoami()
    box.store.set_setting("_clock_ahead", 299)
    await erp.whoami()
    box.store.set_setting("_clock_ahead", 299 + 299)
    await erp.whoami()
    assert len(box.store.all("_session")) == 1, "each call keeps it awake"
    box.store.set_setting("_clock_ahead", 299 + 299 + 301)
    await erp.whoami()
    assert len(box.store.all("_session")) == 2


async def test_a_password_that_is_wrong_is_not_tried_again_at_once(connection: Connection) -> None:
    asked: list[httpx.Request] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(401)

    erp = connect(connection, httpx.MockTransport(reply))
    for _ in range(3):
        with pytest.raises(VendorSignIn) as refused:
            await erp.whoami()
        assert PASSWORD not in str(refused.value)
    assert len(asked) == 1
    await erp.close()


@pytest.mark.parametrize(
    ("answer", "fault", "says"),
    [
        (httpx.Response(404, text="<html>"), VendorSignIn, "404"),
        (
            httpx.Response(200, json={"id": 1, "error": ["LoginException", ["sms_code", "Code", "char"]]}),
            VendorSignIn,
            "more than a password",
        ),
        (httpx.Response(429, headers={"Retry-After": "7"}), VendorBusy, "throttling"),
        (httpx.Response(503), VendorDown, "503"),
        (httpx.Response(200, text='{"id": 1, "resu'), VendorDown, "cannot be read"),
    ],
)
async def test_a_session_that_is_not_given_says_why(
    connection: Connection, answer: httpx.Response, fault: type[Fault], says: str
) -> None:
    erp = connect(connection, httpx.MockTransport(lambda _: answer))
    with pytest.raises(fault) as refused:
        await erp.whoami()
    assert says in refused.value.detail
    if fault is VendorBusy:
        assert refused.value.facts["retry_after"] == "7"
    await erp.close()


async def test_the_sandbox_says_too_many(box: Box, erp: Tryton) -> None:
    box.store.set_setting("login_throttled", True)
    with pytest.raises(VendorBusy):
        await erp.whoami()


async def test_a_database_that_is_not_there_is_a_sign_in_that_fails(box: Box, connection: Connection) -> None:
    said = {**connection.sign_in, "database": "other"}
    erp = connect(Connection(name="tryton", url=URL, sign_in=said), box.transport())
    with pytest.raises(VendorSignIn, match="is there such a database"):
        await erp.whoami()
    await erp.close()
