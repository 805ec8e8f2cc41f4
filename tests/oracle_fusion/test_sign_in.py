"""Signing in to Fusion: tokens of its identity domain, once and again when they have ended, and users by password."""

import asyncio
import time
from typing import Any

import httpx
import pytest

from canonical.faults import VendorBusy, VendorDown, VendorSignIn
from foundation.connections import Connection
from foundation.keypairs import rsa_pair
from foundation.sandbox import Box
from system_apis.oracle_fusion import auth, connect
from system_apis.oracle_fusion.adapter import OracleFusion
from tests.oracle_fusion.conftest import URL, Listening

BASIC = {"flow": "basic", "user": "TIERGATE", "password": "p:w&ö"}
CLIENT = {"flow": "client_credentials", "client_id": "tiergate", "client_secret": "s3"}
POD, DOMAIN = "https://acme.fa.us2.oraclecloud.com", "https://idcs-1.identity.oraclecloud.com"


@pytest.fixture(scope="module")
def pair() -> tuple[str, str]:
    return rsa_pair(2048)


def signed(heard: httpx.AsyncBaseTransport, sign_in: dict[str, str], url: str = URL) -> OracleFusion:
    return connect(Connection(name="oracle_fusion", url=url, sign_in=sign_in), heard)


def tokens(heard: Listening) -> int:
    return sum("oauth2" in each.url.path for each in heard.asked)


async def test_many_calls_at_once_sign_in_once(box: Box) -> None:
    heard = Listening(box.transport())
    fusion = signed(heard, CLIENT)
    await asyncio.gather(*(fusion.whoami() for _ in range(6)))
    assert tokens(heard) == 1


async def test_a_token_is_not_used_in_its_last_minute(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = Listening(box.transport())
    fusion = signed(heard, CLIENT)
    await fusion.whoami()
    later = time.monotonic() + 3600 - 59
    monkeypatch.setattr(auth.time, "monotonic", lambda: later)
    await fusion.whoami()
    assert tokens(heard) == 2


async def test_a_user_reads_by_password(box: Box) -> None:
    fusion = signed(box.transport(), BASIC)
    assert (await fusion.whoami()).user == "TIERGATE"
    assert (await fusion.legal_entity("ACME-DE")).code == "ACME-DE"


async def test_a_user_that_was_refused_is_left_alone_for_a_while(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = Listening(box.transport())
    fusion = signed(heard, BASIC | {"password": "wrong"})
    for _ in range(3):
        with pytest.raises(VendorSignIn):
            await fusion.whoami()
    assert len(heard.asked) == 1, "each further try would bring the user nearer to being locked"
    monkeypatch.setattr(auth, "COOL_SECONDS", 0.0)
    heard = Listening(box.transport())
    fusion = signed(heard, BASIC | {"password": "wrong"})
    for _ in range(2):
        with pytest.raises(VendorSignIn):
            await fusion.whoami()
    assert len(heard.asked) == 2


async def test_an_application_vouches_for_a_user(box: Box, pair: tuple[str, str]) -> None:
    private, public = pair
    said = CLIENT | {"flow": "assertion", "user": "TIERGATE", "private_key": private, "certificate": "tg1"}
    for name, value in (("public_key", public), ("certificate", "tg1")):
        box.store.set_setting(name, value)
    assert (await signed(box.transport(), said).whoami()).user == "TIERGATE"
    for wrong in ({"user": "SOMEBODY"}, {"certificate": "old"}, {"private_key": rsa_pair(2048)[0]}):
        with pytest.raises(VendorSignIn, match="invalid_grant"):
            await signed(box.transport(), said | wrong).whoami()


async def test_a_pod_of_oracles_is_signed_in_to_at_its_identity_domain() -> None:
    asked: list[httpx.Request] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"access_token": "t", "expires_in": 3600, "items": []})

    scope = "https://acme.fa.us2.oraclecloud.com:443urn:opc:resource:consumer::all"
    fusion = signed(httpx.MockTransport(reply), CLIENT | {"identity": f"{DOMAIN}/", "scope": scope}, POD)
    await fusion.whoami()
    token, call = asked
    assert str(token.url) == f"{DOMAIN}/oauth2/v1/token"
    assert dict(httpx.QueryParams(token.content.decode())) == {"grant_type": "client_credentials", "scope": scope}
    assert token.headers["Authorization"].startswith("Basic ")
    assert (call.url.host, call.headers["Authorization"]) == ("acme.fa.us2.oraclecloud.com", "Bearer t")


@pytest.mark.parametrize(
    ("answer", "fault", "words"),
    [
        (httpx.Response(429, headers={"Retry-After": "9"}), VendorBusy, "throttling"),
        (httpx.Response(503, text="<html>"), VendorDown, "answered 503"),
        (httpx.Response(401, json={"error": "invalid_client"}), VendorSignIn, "invalid_client"),
        (httpx.Response(400, text="<html>"), VendorSignIn, "status 400"),
        (httpx.Response(400, json={}), VendorSignIn, "status 400"),
        (httpx.Response(200, text="<html>"), VendorDown, "cannot be read"),
        (httpx.Response(200, json={"token": "t"}), VendorDown, "cannot be read"),
    ],
    ids=["throttled", "down", "refused", "page", "silent", "no-json", "no-token"],
)
async def test_what_an_identity_domain_may_answer(answer: httpx.Response, fault: type[Any], words: str) -> None:
    with pytest.raises(fault, match=words) as failure:
        await signed(httpx.MockTransport(lambda _: answer), CLIENT).whoami()
    assert failure.value.system == "oracle_fusion"
    assert failure.value.facts.get("retry_after") == answer.headers.get("Retry-After")


async def test_a_secret_or_scope_that_is_wrong_is_refused(box: Box) -> None:
    for wrong, error in (({"client_secret": "x"}, "invalid_client"), ({"scope": "urn:x"}, "invalid_scope")):
        with pytest.raises(VendorSignIn, match=error):
            await signed(box.transport(), CLIENT | wrong).whoami()


@pytest.mark.parametrize(
    ("said", "url", "named"),
    [
        ({}, URL, "sign_in.flow"),
        ({"flow": "saml"}, URL, "sign_in.flow"),
        ({"flow": "basic", "user": "x"}, URL, "sign_in.password"),
        ({"flow": "client_credentials", "client_id": "x"}, URL, "sign_in.client_secret"),
        (CLIENT, POD, "sign_in.identity"),
        (CLIENT | {"flow": "assertion", "user": "x", "private_key": "x"}, URL, "sign_in.certificate"),
        (
            CLIENT | {"flow": "assertion", "user": "x", "private_key": "x", "certificate": "x"},
            URL,
            "sign_in.private_key is not an RSA key in PEM",
        ),
    ],
)
def test_a_setting_that_is_missing_or_wrong_is_named(said: dict[str, str], url: str, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        connect(Connection(name="oracle_fusion", url=url, sign_in=said))
