"""API keys: where an API says so, a partner's key is a client with its scopes; elsewhere it is nothing."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.gateway.notes import NOTES_FILE, PLATFORM, World, problem, token

NOTE = "/notes/v2/notes/n1"
KEYED = "/notes/v2/notes/by-key/k1"
KEY = "acme-" + "k" * 40
NEXT = "acme-" + "n" * 40


def digest(key: str) -> str:
    return f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"


KEYS = PLATFORM + (
    "api_keys:\n"
    "  header: X-Partner-Key\n"
    f'  clients: {{console: {{hash: "{digest(KEY)} {digest(NEXT)}", scopes: [notes:read]}}}}\n'
)
OPEN = NOTES_FILE.replace('AUDIENCE}"}', 'AUDIENCE}", keys: true}')


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path, platform=KEYS, notes=OPEN)
    yield made
    await made.close()


async def ask(world: World, key: str, path: str = NOTE, **rest: object) -> httpx.Response:
    return await world.ask("GET", path, headers={"X-Partner-Key": key})


async def test_a_key_speaks_for_its_client_with_its_scopes_and_its_product(world: World) -> None:
    answer = await ask(world, KEY)
    assert answer.status_code == 200
    caller = world.desk.asked[0][1].caller
    assert caller is not None
    assert (caller.subject, caller.client, caller.layer) == ("console", "console", "external")
    assert '"per-client"' in answer.headers["ratelimit-policy"]
    write = await world.ask("PUT", KEYED, headers={"X-Partner-Key": KEY}, json={"title": "a"})
    assert problem(write)["reason"] == "missing_scope"


async def test_while_it_is_replaced_the_old_and_the_new_one_are_good(world: World) -> None:
    assert [(await ask(world, key)).status_code for key in (KEY, NEXT)] == [200, 200]


@pytest.mark.parametrize("key", ["", "short", KEY + "x", "x" * 4000, digest(KEY)])
async def test_another_key_is_refused_with_a_challenge_and_never_quoted(world: World, key: str) -> None:
    answer = await ask(world, key)
    assert (answer.status_code, problem(answer)["reason"]) == (401, "key_refused")
    bearer, own = answer.headers.get_list("www-authenticate")
    assert bearer == 'Bearer realm="tiergate"'
    assert own.startswith('ApiKey realm="tiergate", error="invalid_key", error_description=')
    assert own.endswith('header="X-Partner-Key"')
    assert len(key) < 10 or key not in answer.text + str(answer.headers)


async def test_without_key_or_token_both_ways_are_told(world: World) -> None:
    told = (await world.ask("GET", NOTE)).headers.get_list("www-authenticate")
    assert told == ['Bearer realm="tiergate"', 'ApiKey realm="tiergate", header="X-Partner-Key"']


async def test_a_token_still_does_and_both_together_are_refused(world: World) -> None:
    assert (await world.ask("GET", NOTE, token())).status_code == 200
    both = await world.ask("GET", NOTE, token(), headers={"X-Partner-Key": KEY})
    assert (both.status_code, problem(both)["reason"]) == (400, "token_misplaced")
    two = await world.http.get(NOTE, headers=[("X-Partner-Key", KEY), ("X-Partner-Key", NEXT)])
    assert two.status_code == 400


async def test_an_api_that_does_not_say_keys_takes_none(world: World) -> None:
    answer = await ask(world, KEY, "/face/v1/notes/n1")
    assert (answer.status_code, problem(answer)["reason"]) == (401, "token_missing")
    assert answer.headers.get_list("www-authenticate") == ['Bearer realm="tiergate"']


async def test_a_key_stands_in_no_record(world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    await ask(world, KEY)
    await ask(world, "y" * 40)
    await world.close()
    kept = _all_bytes(tmp_path)
    assert kept
    assert [key for key in (KEY, "y" * 40) if key.encode() in kept or key in caplog.text] == []


def _all_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".yaml")
