"""A certified OpenID provider that is not ours: its tokens are taken by configuration alone, its rotations followed.

The provider (npm's oidc-provider, pinned beside this file) runs on 127.0.0.1; nothing here is faked.
"""

import asyncio
import base64
import hashlib
import json
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from gateway.asgi import Gateway
from gateway.governor import Governor
from gateway.keys import FetchedKeys
from tests import npm
from tests.gateway.notes import AUDIENCE, NOTES_FILE, PLATFORM, World, plan_of, problem

pytestmark = [pytest.mark.real("node", "npm"), pytest.mark.alone]

HERE = Path(__file__).parent
SECRET = "a-secret-of-the-test"
NOTE = "/notes/v2/notes/n1"
ALGORITHMS = ("ES256", "RS256", "PS256")


@pytest.fixture(scope="session")
def installed() -> Path:
    """The provider's packages, installed once for each lock, outside of the source tree."""
    cache = npm.installed(HERE, "oidc")
    shutil.copy(HERE / "provider.mjs", cache)
    return cache


@contextmanager
def running(folder: Path, alg: str) -> Iterator[str]:
    """The provider for a block; where it answers."""
    command = ["node", "provider.mjs", AUDIENCE, alg]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:")
            yield address
        finally:
            process.terminate()


class Firm:
    """A gateway whose platform.yaml names the provider, and a program that has its tokens there."""

    def __init__(self, address: str, world: World, folder: Path, platform: str, notes: str) -> None:
        self.address = address
        self.world = world
        self.keys = FetchedKeys(httpx.AsyncClient(timeout=5, trust_env=False))
        changed = {"platform": platform, "notes": notes}
        self.governor = Governor(plan_of(folder, **changed), keys=self.keys)
        self.http = world.client(Gateway(self.governor, {"process": world.app}))
        self.out = httpx.AsyncClient(base_url=address, timeout=10, trust_env=False)

    async def token(self, kind: str = "jwt", scope: str = "notes:read", **headers: str) -> dict[str, Any]:
        form = {"grant_type": "client_credentials", "scope": scope, "resource": f"{AUDIENCE}/{kind}"}
        answer = await self.out.post("/token", data=form, auth=("console", SECRET), headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def ask(self, bearer: str, scheme: str = "Bearer", **headers: str) -> httpx.Response:
        return await self.http.get(NOTE, headers={"Authorization": f"{scheme} {bearer}"} | headers)

    async def close(self) -> None:
        for each in (self.http, self.out):
            await each.aclose()
        await self.keys.close()
        await self.governor.services.tokens.close()


@pytest.fixture(params=ALGORITHMS)
async def firm(installed: Path, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Firm]:
    alg = request.param
    with running(installed, alg) as address:
        asks = (
            f'introspect: {{url: "{address}/token/introspection", client_id: gateway, '
            f"client_secret: another-of-the-test}}"
        )
        firm_issuer = f'  firm: {{issuer: "{address}", alg: [{alg}], typ: at+jwt, {asks}}}\nplans:'
        platform = PLATFORM.replace("plans:", firm_issuer, 1)
        notes = NOTES_FILE.replace("issuers: [embedded, partners]", "issuers: [firm]")
        world = World(tmp_path)
        made = Firm(address, world, tmp_path / "firm", platform, notes)
        yield made
        await made.close()
        await world.close()


async def test_its_tokens_are_taken_by_configuration_alone(firm: Firm) -> None:
    bearer = (await firm.token())["access_token"]
    assert (await firm.ask(bearer)).status_code == 200
    caller = firm.world.desk.asked[0][1].caller
    assert caller is not None
    assert (caller.subject, caller.client, caller.issuer) == ("console", "console", firm.address)
    assert caller.scopes == {"notes:read"}
    other = (await firm.token(scope="notes:write"))["access_token"]
    assert problem(await firm.ask(other))["reason"] == "missing_scope"


async def test_its_key_rotations_are_followed_without_a_failed_call(firm: Firm) -> None:
    statuses: list[int] = []
    asked: asyncio.Queue[int] = asyncio.Queue()
    rotated = asyncio.Event()

    async def caller() -> None:
        while not rotated.is_set():
            statuses.append((await firm.ask((await firm.token())["access_token"])).status_code)
            asked.put_nowait(statuses[-1])

    calling = [asyncio.create_task(caller()) for _ in range(3)]
    for _ in range(3):
        while not asked.empty():
            asked.get_nowait()
        assert (await firm.out.post("/_rotate?keep=yes")).status_code == 200
        async with asyncio.timeout(20):
            for _ in range(9):
                await asked.get()
    rotated.set()
    await asyncio.gather(*calling)
    assert set(statuses) == {200}
    assert len(statuses) >= 27


async def test_a_key_that_it_withdrew_is_believed_no_longer(firm: Firm) -> None:
    old = (await firm.token())["access_token"]
    assert (await firm.ask(old)).status_code == 200
    await firm.out.post("/_rotate?keep=no")
    new = (await firm.token())["access_token"]
    assert (await firm.ask(new)).status_code == 200  # an unknown id: the keys are fetched anew
    refused = await firm.ask(old)
    assert (refused.status_code, problem(refused)["reason"]) == (401, "token_refused")


async def test_its_opaque_tokens_are_asked_about_and_a_revoked_one_is_refused(firm: Firm) -> None:
    opaque = (await firm.token("opaque"))["access_token"]
    assert "." not in opaque
    assert (await firm.ask(opaque)).status_code == 200
    revoked = (await firm.token("opaque"))["access_token"]
    await firm.out.post("/token/revocation", data={"token": revoked}, auth=("console", SECRET))
    assert problem(await firm.ask(revoked))["reason"] == "token_refused"


async def test_its_dpop_bound_tokens_are_taken_with_a_proof_and_not_without(firm: Firm) -> None:
    key = ECKey.generate_key("P-256")
    said = await firm.token(DPoP=_proof(key, "POST", f"{firm.address}/token"))
    assert said["token_type"] == "DPoP"
    bearer = said["access_token"]
    proof = _proof(key, "GET", f"http://gw{NOTE}", bearer)
    assert (await firm.ask(bearer, "DPoP", DPoP=proof)).status_code == 200
    assert problem(await firm.ask(bearer, "DPoP", DPoP=proof))["reason"] == "proof_refused"
    assert problem(await firm.ask(bearer))["reason"] == "binding_refused"


def _proof(key: ECKey, method: str, address: str, bearer: str = "") -> str:
    said: dict[str, Any] = {"jti": uuid4().hex, "htm": method, "htu": address, "iat": int(time.time())}
    if bearer:
        said["ath"] = base64.urlsafe_b64encode(hashlib.sha256(bearer.encode()).digest()).rstrip(b"=").decode()
    head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}
    return jws.serialize_compact(head, json.dumps(said), key, registry=jws.JWSRegistry(strict_check_header=False))
