"""Certificate-bound tokens (RFC 8705), and whose word about a client certificate is taken (RFC 9440)."""

import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
import trustme

from tests.gateway.notes import NOTES_FILE, PLATFORM, World, plan_of, problem, token

NOTE = "/notes/v2/notes/n1"
HOOK = "/notes/v2/hooks/shop"
CERTIFICATE = trustme.CA().issue_cert("client.example").cert_chain_pems[0]
OTHER = trustme.CA().issue_cert("other.example").cert_chain_pems[0]
TERMINATOR = PLATFORM + "client_certificates: {peers: [10.0.0.0/24]}\n"


def der(pem: trustme.Blob) -> bytes:
    return base64.b64decode("".join(pem.bytes().decode().splitlines()[1:-1]))


def header(pem: trustme.Blob = CERTIFICATE) -> str:
    return f":{base64.b64encode(der(pem)).decode()}:"


THUMBPRINT = base64.urlsafe_b64encode(hashlib.sha256(der(CERTIFICATE)).digest()).rstrip(b"=").decode()
BOUND = token(cnf={"x5t#S256": THUMBPRINT})


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path, platform=TERMINATOR)
    yield made
    await made.close()


async def ask(
    world: World, *, peer: str = "10.0.0.7", path: str = NOTE, bearer: str = BOUND, **headers: str
) -> httpx.Response:
    transport = httpx.ASGITransport(world.gateway, client=(peer, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://gw") as http:
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        method = "POST" if path == HOOK else "GET"
        return await http.request(method, path, headers={"Authorization": f"Bearer {bearer}"} | said)


async def test_with_the_certificate_it_was_issued_to_a_bound_token_is_taken(world: World) -> None:
    assert (await ask(world, client_cert=header())).status_code == 200


@pytest.mark.parametrize(
    ("headers", "peer", "why"),
    [
        ({}, "10.0.0.7", "without a client certificate"),
        ({"client_cert": header(OTHER)}, "10.0.0.7", "another client certificate"),
        ({"client_cert": header()}, "10.0.1.7", "did not come through the TLS terminator"),
        ({"client_cert": "nonsense"}, "10.0.0.7", "cannot be read"),
        ({"client_cert": ":?:"}, "10.0.0.7", "cannot be read"),
        ({"client_cert": ":" + "A" * 20_000 + ":"}, "10.0.0.7", "cannot be read"),
    ],
)
async def test_otherwise_it_is_refused_as_an_invalid_token(
    world: World, headers: dict[str, str], peer: str, why: str
) -> None:
    answer = await ask(world, peer=peer, **headers)
    assert (answer.status_code, problem(answer)["reason"]) == (401, "certificate_refused")
    assert why in problem(answer)["detail"]
    assert answer.headers["www-authenticate"].startswith('Bearer realm="tiergate", error="invalid_token"')
    assert world.desk.asked == []


async def test_two_certificates_are_none(world: World) -> None:
    transport = httpx.ASGITransport(world.gateway, client=("10.0.0.7", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://gw") as http:
        sent = [("Authorization", f"Bearer {BOUND}"), ("Client-Cert", header(OTHER)), ("Client-Cert", header())]
        assert (await http.get(NOTE, headers=sent)).status_code == 401


async def test_without_a_trusted_terminator_a_bound_token_is_never_taken(world: World, tmp_path: Path) -> None:
    world.governor.swap(plan_of(tmp_path / "next"))
    assert problem(await ask(world, client_cert=header()))["reason"] == "certificate_refused"


async def test_a_terminator_may_send_a_pem_in_a_header_of_its_own(world: World, tmp_path: Path) -> None:
    own = PLATFORM + "client_certificates: {peers: [10.0.0.7], header: X-SSL-Cert}\n"
    world.governor.swap(plan_of(tmp_path / "next", platform=own))
    pem = quote(CERTIFICATE.bytes().decode())
    assert (await ask(world, x_ssl_cert=pem)).status_code == 200
    assert (await ask(world, client_cert=header())).status_code == 401


async def test_what_a_stranger_says_of_certificates_travels_no_further(world: World) -> None:
    async def heard(peer: str) -> str:
        return str((await ask(world, peer=peer, path=HOOK, client_cert=header())).json()["title"])

    assert "client-cert" in await heard("10.0.0.7")
    assert "client-cert" not in await heard("192.0.2.1")


async def test_an_api_may_take_certificate_bound_tokens_only(world: World, tmp_path: Path) -> None:
    only = NOTES_FILE.replace('AUDIENCE}"}', 'AUDIENCE}", bound_by: [mtls]}')
    world.governor.swap(plan_of(tmp_path / "next", platform=TERMINATOR, notes=only))
    plain = await ask(world, bearer=token(), client_cert=header())
    assert "bound_by: mtls" in problem(plain)["detail"]
    assert (await ask(world, client_cert=header())).status_code == 200


async def test_a_token_bound_in_a_way_nobody_knows_is_refused(world: World) -> None:
    answer = await ask(world, bearer=token(cnf={"jwk": {}}), client_cert=header())
    assert "cannot be checked here" in problem(answer)["detail"]
