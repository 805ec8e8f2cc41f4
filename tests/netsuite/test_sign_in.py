"""Signing in, both ways: what the sandbox checks, what an independent signer says, and tokens that run out."""

import asyncio
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jwt
from joserfc.jwk import RSAKey
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256
from oauthlib.oauth1 import Client as IndependentSigner

from canonical.faults import Fault, VendorBusy, VendorDown, VendorSignIn
from canonical.ports.systems import StageChange
from foundation.connections import Connection
from foundation.sandbox import Box, FaultRule
from foundation.sandbox.faults import FaultName
from foundation.vendor_http import http_client
from system_apis.netsuite import connect
from system_apis.netsuite.adapter import NetSuite
from system_apis.netsuite.auth import TOKEN_PATH, MachineToMachine, TokenBased, sign_in

URL = "https://1234567-sb1.suitetalk.api.netsuite.com"
CATALOG = "/services/rest/record/v1/metadata-catalog"
TBA = {"account": "1234567_SB1", "consumer_key": "ck", "consumer_secret": "cs&=", "token_id": "tk"}
SIGNED_IN_BY_TOKEN = TBA | {"flow": "tba", "token_secret": "ts/+"}


def adapter(box: Box, connection: Connection) -> NetSuite:
    auth, user = sign_in(connection)
    return NetSuite(http_client(connection, auth, box.transport()), user)


def with_changes(connection: Connection, **changes: str) -> Connection:
    return Connection(name=connection.name, url=connection.url, sign_in=connection.sign_in | changes)


def revoke_tokens(box: Box) -> None:
    for token in box.store.all("_token"):
        box.store.delete("_token", token["id"])


def counted(box: Box) -> tuple[httpx.AsyncBaseTransport, list[str]]:
    """The sandbox, and the paths that were asked for."""
    inner, asked = box.transport(), list[str]()

    class Counting(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            asked.append(request.url.path)
            await asyncio.sleep(0)
            return await inner.handle_async_request(request)

    return Counting(), asked


async def test_one_token_serves_many_calls_at_once(box: Box, connection: Connection) -> None:
    transport, asked = counted(box)
    auth, _ = sign_in(connection)
    async with http_client(connection, auth, transport) as http:
        await asyncio.gather(*(NetSuite(http).whoami() for _ in range(5)))
    assert asked.count(TOKEN_PATH) == 1


async def test_a_token_that_ran_out_is_replaced_in_the_middle_of_a_call(
    box: Box, connection: Connection, a_customer: Any
) -> None:
    transport, asked = counted(box)
    auth, _ = sign_in(connection)
    async with http_client(connection, auth, transport) as http:
        netsuite = NetSuite(http)
        await netsuite.whoami()
        revoke_tokens(box)
        await netsuite.upsert_customer("salesforce:x", a_customer())
    assert asked.count(TOKEN_PATH) == 2
    assert len([write for write in box.store.writes() if write.kind == "customer"]) == 1


async def test_a_token_is_good_for_an_hour(box: Box, connection: Connection) -> None:
    await adapter(box, connection).whoami()
    bearer = {"Authorization": f"Bearer {box.store.all('_token')[0]['id']}"}
    async with httpx.AsyncClient(transport=box.transport(), base_url=URL, headers=bearer) as http:
        box.store.set_setting("_clock_ahead", 3590)
        assert (await http.get(CATALOG)).status_code == 200
        box.store.set_setting("_clock_ahead", 3601)
        assert (await http.get(CATALOG)).status_code == 401


async def test_a_sign_in_refused_twice_is_said_and_not_tried_for_ever(box: Box, connection: Connection) -> None:
    box.faults.add(FaultRule(fault="expired_token", path="/record/", times=0))
    with pytest.raises(VendorSignIn, match="Invalid login attempt"):
        await adapter(box, connection).whoami()
    assert sum(rule.used for rule in box.faults.rules()) == 2


@pytest.mark.parametrize("change", [{"client_id": "someone"}, {"certificate_id": "revoked"}])
async def test_an_assertion_of_somebody_else_is_refused(
    box: Box, connection: Connection, change: dict[str, str]
) -> None:
    with pytest.raises(VendorSignIn, match="invalid_client"):
        await adapter(box, with_changes(connection, **change)).whoami()


async def test_an_assertion_signed_with_another_key_is_refused(box: Box, connection: Connection) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(VendorSignIn, match="invalid_grant"):
        await adapter(box, with_changes(connection, private_key=pem)).whoami()


async def test_an_elliptic_key_signs_in_too(box: Box, connection: Connection) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    box.store.set_setting("public_key", public)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    await adapter(box, with_changes(connection, private_key=pem, algorithm="ES256")).whoami()


async def test_the_assertion_says_what_netsuite_asks_for(
    private_key: rsa.RSAPrivateKey, connection: Connection
) -> None:
    auth, _ = sign_in(connection)
    assert isinstance(auth, MachineToMachine)
    public = private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    said = jwt.decode(auth.assertion(), RSAKey.import_key(public), algorithms=["PS256"])
    assert said.header == {"typ": "JWT", "alg": "PS256", "kid": "cert-1"}
    assert said.claims["iss"] == "tiergate"
    assert said.claims["aud"] == URL + TOKEN_PATH
    assert said.claims["scope"] == "rest_webservices"
    assert said.claims["exp"] - said.claims["iat"] < 3600


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"aud": "https://elsewhere.example/token"}, "invalid_grant"),
        ({"exp": 1}, "invalid_grant"),
        ({"scope": "restlets"}, "invalid_scope"),
        ({"iss": "nobody"}, "invalid_client"),
    ],
)
async def test_the_sandbox_believes_no_assertion_it_should_not(
    box: Box, private_key: rsa.RSAPrivateKey, connection: Connection, claims: dict[str, Any], error: str
) -> None:
    auth, _ = sign_in(connection)
    assert isinstance(auth, MachineToMachine)
    pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key = RSAKey.import_key(pem)
    good = jwt.decode(auth.assertion(), key, algorithms=["PS256"])
    forged = jwt.encode(good.header, good.claims | claims, key, algorithms=["PS256"])
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    form = {"grant_type": "client_credentials", "client_assertion_type": kind, "client_assertion": forged}
    async with httpx.AsyncClient(transport=box.transport(), base_url=URL) as http:
        answer = await http.post(TOKEN_PATH, data=form)
        assert (answer.status_code, answer.json()) == (400, {"error": error})
        bare = await http.post(TOKEN_PATH, data={"grant_type": "client_credentials"})
        assert bare.json() == {"error": "invalid_request"}


async def test_a_token_endpoint_that_fails_is_a_system_that_is_down_or_busy(box: Box, connection: Connection) -> None:
    expected: dict[FaultName, type[Fault]] = {
        "server_error": VendorDown,
        "html_error": VendorDown,
        "throttled": VendorBusy,
    }
    for fault, kind in expected.items():
        box.faults.add(FaultRule(fault=fault, path=TOKEN_PATH))
        with pytest.raises(kind):
            await adapter(box, connection).whoami()


async def test_without_signing_in_nothing_is_answered(box: Box) -> None:
    async with httpx.AsyncClient(transport=box.transport(), base_url=URL) as http:
        answer = await http.get(CATALOG)
        lied = await http.get(CATALOG, headers={"Authorization": "Bearer made-up"})
    assert (answer.status_code, lied.status_code) == (401, 401)
    assert answer.json()["o:errorDetails"][0]["o:errorCode"] == "INVALID_LOGIN"
    assert answer.headers["WWW-Authenticate"].startswith('OAuth realm="1234567_SB1"')


async def test_token_based_sign_in_reads_and_writes(box: Box, a_customer: Any) -> None:
    netsuite = adapter(box, Connection(name="netsuite", url=URL, sign_in=SIGNED_IN_BY_TOKEN))
    await netsuite.upsert_customer("salesforce:x", a_customer(legal_name="Größe & Sohn"))
    assert (await netsuite.customer_by_key("salesforce:x")).legal_name == "Größe & Sohn"


@pytest.mark.parametrize("wrong", ["consumer_secret", "token_secret", "token_id", "consumer_key", "account"])
async def test_token_based_sign_in_with_anything_wrong_is_refused(box: Box, wrong: str) -> None:
    keys = SIGNED_IN_BY_TOKEN | {wrong: "wrong"}
    with pytest.raises(VendorSignIn):
        await adapter(box, Connection(name="netsuite", url=URL, sign_in=keys)).whoami()


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("GET", f"{URL}/services/rest/record/v1/customer/647", b""),
        ("GET", f"{URL}/services/rest/record/v1/customer?limit=10&offset=0&q=a%20b%26c", b""),
        ("PUT", f"{URL}/services/rest/record/v1/job/eid:salesforce:006?replace=item", b'{"companyName":"a=b&c"}'),
        ("POST", f"{URL}:8443/services/rest/query/v1/suiteql?limit=1000&offset=0", b'{"q":"SELECT 1"}'),
    ],
)
def test_an_independent_signer_gives_the_same_signature(method: str, url: str, body: bytes) -> None:
    auth = TokenBased(**TBA, token_secret="ts/+")
    content = {"content": body, "headers": {"Content-Type": "application/json"}} if body else {}
    ours = next(auth.auth_flow(httpx.Request(method, url, **content)))  # type: ignore[arg-type]  # content is either of two
    header = ours.headers["Authorization"]
    said = dict(part.split("=", 1) for part in header.removeprefix("OAuth ").replace('"', "").split(", "))
    signer = IndependentSigner(
        TBA["consumer_key"],
        client_secret=TBA["consumer_secret"],
        resource_owner_key=TBA["token_id"],
        resource_owner_secret="ts/+",
        signature_method=SIGNATURE_HMAC_SHA256,
        realm=TBA["account"],
        nonce=said["oauth_nonce"],
        timestamp=said["oauth_timestamp"],
    )
    _, theirs, _ = signer.sign(url, http_method=method)
    assert said == dict(
        part.split("=", 1) for part in theirs["Authorization"].removeprefix("OAuth ").replace('"', "").split(", ")
    )
    assert ours.content == body, "the body goes out as it came"


async def test_a_signature_is_good_once_and_not_for_long(box: Box) -> None:
    auth = TokenBased(**TBA, token_secret="ts/+")
    async with httpx.AsyncClient(transport=box.transport(), base_url=URL) as http:
        request = next(auth.auth_flow(http.build_request("GET", CATALOG)))
        assert (await http.send(request)).status_code == 200
        assert (await http.send(request)).status_code == 401, "the nonce was used"
        box.store.set_setting("_clock_ahead", 301)
        late = next(auth.auth_flow(http.build_request("GET", CATALOG)))
        assert (await http.send(late)).status_code == 401, "more than five minutes off"


def test_token_based_sign_in_insists_on_https() -> None:
    with pytest.raises(ValueError, match="url is not https"):
        connect(Connection(name="netsuite", url="http://x.example", sign_in=SIGNED_IN_BY_TOKEN))


@pytest.mark.parametrize(
    ("sign_in_as", "named"),
    [
        ({}, "sign_in.flow"),
        ({"flow": "basic"}, "sign_in.flow"),
        ({"flow": "oauth2", "client_id": "x"}, "sign_in.certificate_id"),
        ({"flow": "tba", "account": "x"}, "sign_in.consumer_key"),
        ({"flow": "oauth2", "client_id": "x", "certificate_id": "y", "private_key": "z"}, "sign_in.private_key"),
    ],
)
def test_a_sign_in_setting_that_is_missing_or_wrong_is_named(sign_in_as: dict[str, str], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        connect(Connection(name="netsuite", url=URL, sign_in=sign_in_as))


async def test_a_lost_token_answer_before_a_write_leaves_no_write(box: Box, connection: Connection) -> None:
    netsuite = adapter(box, connection)
    await netsuite.legal_entity("ACME-DE")
    revoke_tokens(box)
    box.faults.add(FaultRule(fault="timeout_before_commit", path=TOKEN_PATH, times=0))
    with pytest.raises(VendorDown) as lost:
        await netsuite.set_project_stage("1", StageChange(stage="active"))
    assert lost.value.system == "netsuite"
    assert box.store.writes() == []
