"""Signing in to SAP, and the session of a write: tokens and cookies, once, and again when they have ended."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from canonical.faults import VendorForbade, VendorSignIn
from canonical.objects import Customer
from foundation.connections import Connection
from foundation.sandbox import Box, FaultRule
from system_apis.sap_s4hana import auth, connect
from system_apis.sap_s4hana.adapter import SapS4hana
from tests.sap_s4hana.conftest import BASIC, URL

CUSTOMER = Customer(legal_entity_id="ACME-DE", legal_name="Elbe Werke", default_currency="EUR")
PARTNERS = "/sap/opu/odata/sap/API_BUSINESS_PARTNER"


class Listening(httpx.AsyncBaseTransport):
    """The sandbox, and what was asked of it."""

    def __init__(self, box: Box) -> None:
        self._inner = box.transport()
        self.asked: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return await self._inner.handle_async_request(request)

    def sent(self, method: str) -> list[httpx.Request]:
        return [each for each in self.asked if each.method == method]


def signed(box: Box, sign_in: dict[str, str]) -> tuple[SapS4hana, Listening]:
    listening = Listening(box)
    return connect(Connection(name="sap_s4hana", url=URL, sign_in=sign_in), listening), listening


@pytest.fixture
def oauth(connection: Connection) -> dict[str, str]:
    return dict(connection.sign_in)


async def test_a_session_is_opened_once_for_all_writes_and_carries_its_cookies(box: Box, oauth: dict[str, str]) -> None:
    sap, heard = signed(box, oauth)
    await sap.upsert_customer("salesforce:1", CUSTOMER)
    await sap.upsert_customer("salesforce:2", msgspec.structs.replace(CUSTOMER, legal_name="Weser Werke"))
    (head,) = heard.sent("HEAD")
    assert head.url.path == f"{PARTNERS}/", "without the slash SAP redirects"
    for post in [each for each in heard.sent("POST") if "API_" in each.url.path]:
        assert post.headers["x-csrf-token"] not in ("", "Fetch")
        assert "SAP_SESSIONID_S4H_100=" in post.headers["Cookie"]
    assert not any("x-csrf-token" in each.headers for each in heard.sent("GET"))


async def test_many_writes_at_once_open_one_session(box: Box, oauth: dict[str, str]) -> None:
    sap, heard = signed(box, oauth)
    await asyncio.gather(
        *(
            sap.upsert_customer(f"salesforce:{n}", msgspec.structs.replace(CUSTOMER, legal_name=f"Werk {n}"))
            for n in range(6)
        )
    )
    assert len(heard.sent("HEAD")) == 1
    assert sum("oauth2/token" in each.url.path for each in heard.asked) == 1


async def test_a_session_that_has_ended_is_opened_again_and_the_write_is_made_once(
    box: Box, oauth: dict[str, str]
) -> None:
    sap, heard = signed(box, oauth)
    await sap.upsert_customer("salesforce:1", CUSTOMER)
    for session in box.store.db.execute("SELECT id FROM records WHERE kind = '_session'").fetchall():
        box.store.delete("_session", session[0])
    await sap.upsert_customer("salesforce:2", msgspec.structs.replace(CUSTOMER, legal_name="Weser Werke"))
    assert len(heard.sent("HEAD")) == 2
    assert box.store.duplicates() == []


async def test_a_session_refused_again_and_again_is_not_tried_for_ever(box: Box, oauth: dict[str, str]) -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        if request.method == "HEAD":
            return httpx.Response(200, headers={"x-csrf-token": "good"})
        if "token" in request.url.path:
            return httpx.Response(200, json={"access_token": "t", "expires_in": "3600"})
        if request.method == "POST":
            asked.append(request)
            return httpx.Response(403, headers={"x-csrf-token": "Required"}, text="Validierung fehlgeschlagen")
        body: Any = {"d": {"results": []}}
        if "odata4" in request.url.path:
            row = {"Code": "ACME-DE", "CompanyCode": "1", "SalesOrganization": "1"}
            body = {"value": [row | {"DistributionChannel": "1", "OrganizationDivision": "0"}]}
        return httpx.Response(200, json=body)

    asked: list[httpx.Request] = []
    sap = connect(Connection(name="sap_s4hana", url=URL, sign_in=oauth), httpx.MockTransport(reply))
    with pytest.raises(VendorForbade):
        await sap.upsert_customer("salesforce:1", CUSTOMER)
    assert len(asked) == 2


async def test_a_right_that_is_missing_is_not_taken_for_a_session(box: Box, oauth: dict[str, str]) -> None:
    sap, heard = signed(box, oauth)
    await sap.legal_entity("ACME-DE")
    box.store.set_setting("denied_services", ["API_BUSINESS_PARTNER"])
    before = len(heard.asked)
    with pytest.raises(VendorForbade, match="No service found"):
        await sap.whoami()
    assert len(heard.asked) == before + 1


async def test_a_communication_user_reads_and_writes(box: Box) -> None:
    sap, _ = signed(box, BASIC)
    await sap.upsert_customer("salesforce:1", CUSTOMER)
    assert (await sap.whoami()).user == "TIERGATE"


async def test_a_user_that_was_refused_is_left_alone_for_a_while(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    sap, heard = signed(box, BASIC | {"password": "wrong"})
    for _ in range(3):
        with pytest.raises(VendorSignIn):
            await sap.whoami()
    assert len(heard.asked) == 1, "each further try would bring the user nearer to being locked"
    monkeypatch.setattr(auth, "COOL_SECONDS", 0.0)
    later, heard = signed(box, BASIC | {"password": "wrong"})
    for _ in range(2):
        with pytest.raises(VendorSignIn):
            await later.whoami()
    assert len(heard.asked) == 2


async def test_a_token_that_ended_in_the_middle_is_renewed_before_the_session_is_opened(
    box: Box, oauth: dict[str, str]
) -> None:
    sap, heard = signed(box, oauth)
    box.faults.add(FaultRule(fault="expired_token", method="HEAD"))
    await sap.upsert_customer("salesforce:1", CUSTOMER)
    assert sum("oauth2/token" in each.url.path for each in heard.asked) == 2
    assert box.store.duplicates() == []


async def test_a_session_without_a_token_in_it_is_a_right_that_is_missing(oauth: dict[str, str]) -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        if "token" in request.url.path:
            return httpx.Response(200, json={"access_token": "t", "expires_in": 3600})
        row = {"Code": "ACME-DE", "CompanyCode": "1", "SalesOrganization": "1"}
        row |= {"DistributionChannel": "1", "OrganizationDivision": "0"}
        return httpx.Response(200, json={"value": [row], "d": {"results": []}})

    sap = connect(Connection(name="sap_s4hana", url=URL, sign_in=oauth), httpx.MockTransport(reply))
    with pytest.raises(VendorForbade, match="no CSRF token"):
        await sap.upsert_customer("salesforce:1", CUSTOMER)


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({}, "sign_in.flow"),
        ({"flow": "saml"}, "sign_in.flow"),
        ({"flow": "basic", "user": "x"}, "sign_in.password"),
        ({"flow": "client_credentials", "client_id": "x"}, "sign_in.client_secret"),
    ],
)
def test_a_setting_that_is_missing_or_wrong_is_named(said: dict[str, str], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        connect(Connection(name="sap_s4hana", url=URL, sign_in=said))
