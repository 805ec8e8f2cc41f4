"""Opaque tokens: what their issuer says of them, how long that is believed, and what happens when it says nothing."""

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from gateway.introspection import Introspection
from gateway.tokens import Tokens
from tests.gateway.notes import AUDIENCE, ISSUER, KEY, NOW, PLATFORM, KnownKeys, World, problem, token

NOTE = "/notes/v2/notes/n1"
OPAQUE = "mF_9.B5f-4.1JqM"
URL = "https://b2b.firm.example/introspect"
PARTNERS = '{issuer: "https://b2b.firm.example", alg: [RS256]'
ASKING = PLATFORM.replace(
    PARTNERS, f'{PARTNERS}, introspect: {{url: "{URL}", client_id: "gate:way", client_secret: "s+cret"}}'
)
GOOD: dict[str, Any] = {
    "active": True,
    "iss": "https://b2b.firm.example",
    "sub": "pat",
    "client_id": "console",
    "aud": [AUDIENCE],
    "exp": NOW + 600,
    "scope": "notes:read",
}


class Partner:
    """An issuer that answers about tokens, counted."""

    def __init__(self, **said: Any) -> None:
        self.says = GOOD | said
        self.status = 200
        self.asked: list[httpx.Request] = []
        self.held: asyncio.Event | None = None
        self.was_asked = asyncio.Event()

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        self.was_asked.set()
        if self.held is not None:
            await self.held.wait()
        return httpx.Response(self.status, json=self.says)

    def stands_behind(self, world: World) -> None:
        asking = Introspection(lambda: world.now, httpx.AsyncClient(transport=httpx.MockTransport(self.answer)))
        tokens = Tokens(KnownKeys(KEY), lambda: world.now, introspection=asking)
        tokens.trust(world.plan.issuers)
        world.governor.services.tokens = tokens


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path, platform=ASKING)
    yield made
    await made.close()


@pytest.fixture
def partner(world: World) -> Partner:
    made = Partner()
    made.stands_behind(world)
    return made


async def test_an_active_token_speaks_for_its_subject(world: World, partner: Partner) -> None:
    assert (await world.ask("GET", NOTE, OPAQUE)).status_code == 200
    caller = world.desk.asked[0][1].caller
    assert caller is not None
    assert (caller.subject, caller.client, caller.scopes) == ("pat", "console", frozenset({"notes:read"}))
    assert (caller.issuer, caller.layer) == ("https://b2b.firm.example", "external")
    asked = partner.asked[0]
    assert parse_qs(asked.content.decode()) == {"token": [OPAQUE], "token_type_hint": ["access_token"]}
    assert base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")) == b"gate%3Away:s%2Bcret"


async def test_a_good_answer_is_believed_for_a_minute_and_never_after_the_tokens_end(
    world: World, partner: Partner
) -> None:
    for _ in range(3):
        await world.ask("GET", NOTE, OPAQUE)
    world.now += 59
    await world.ask("GET", NOTE, OPAQUE)
    assert len(partner.asked) == 1
    world.now += 1
    partner.says["exp"] = world.now + 10
    await world.ask("GET", NOTE, OPAQUE)
    assert len(partner.asked) == 2
    world.now += 10
    assert problem(await world.ask("GET", NOTE, OPAQUE))["detail"] == "The token has expired."
    assert len(partner.asked) == 3


async def test_a_token_that_is_not_active_is_refused_and_asked_about_again_a_little_later(
    world: World, partner: Partner
) -> None:
    partner.says = {"active": False}
    for _ in range(3):
        refused = await world.ask("GET", NOTE, OPAQUE)
        assert (refused.status_code, problem(refused)["reason"]) == (401, "token_refused")
        assert 'error="invalid_token"' in refused.headers["www-authenticate"]
    assert len(partner.asked) == 1
    world.now += 5
    partner.says = GOOD
    assert (await world.ask("GET", NOTE, OPAQUE)).status_code == 200


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"iss": ISSUER}, "not from 'https://b2b.firm.example', which was asked"),
        ({"aud": "https://other.example"}, "not made for"),
        ({"aud": []}, "not made for"),
        ({"exp": NOW}, "has expired"),
        ({"nbf": NOW + 120}, "not valid yet"),
        ({"client_id": ""}, "names nobody"),
        ({"cnf": {"x5t#S256": "abc"}}, "none is taken here"),
        ({"cnf": {"jkt": "abc"}}, "with a proof"),
        ({"cnf": {"kid": "1"}}, "cannot be checked here"),
        ({"cnf": {"jkt": 5}}, "cannot be read (cnf)"),
    ],
)
async def test_active_is_not_enough(world: World, partner: Partner, said: dict[str, Any], why: str) -> None:
    partner.says = GOOD | said
    refused = await world.ask("GET", NOTE, OPAQUE)
    assert refused.status_code == 401
    assert why in problem(refused)["detail"]
    assert world.desk.asked == []


async def test_without_its_scope_an_active_token_is_forbidden_like_any_other(world: World, partner: Partner) -> None:
    partner.says["scope"] = "other"
    assert problem(await world.ask("GET", NOTE, OPAQUE))["reason"] == "missing_scope"


async def test_an_opaque_token_makes_nobody_a_tier(world: World, partner: Partner) -> None:
    partner.says["layer"] = "process"
    await world.ask("GET", NOTE, OPAQUE, headers={"Tiergate-Acted-For": "ceo@console"})
    caller = world.desk.asked[0][1].caller
    assert caller is not None
    assert (caller.layer, caller.acted_for) == ("external", ())


async def test_many_calls_with_one_token_ask_once_and_who_leaves_takes_nothing_from_the_others(
    world: World, partner: Partner
) -> None:
    partner.held = asyncio.Event()
    calls = [asyncio.create_task(world.ask("GET", NOTE, OPAQUE)) for _ in range(20)]
    async with asyncio.timeout(5):
        await partner.was_asked.wait()
    calls[0].cancel()
    partner.held.set()
    assert [answer.status_code for answer in await asyncio.gather(*calls[1:])] == [200] * 19
    assert len(partner.asked) == 1


async def test_an_issuer_that_is_down_is_503_with_its_reason_and_left_alone_for_a_moment(
    world: World, partner: Partner
) -> None:
    partner.status = 500
    for _ in range(3):
        answer = await world.ask("GET", NOTE, OPAQUE)
        assert (answer.status_code, problem(answer)["reason"]) == (503, "introspection_unavailable")
        assert answer.headers["retry-after"] == "2"
        assert "https://b2b.firm.example does not say" in problem(answer)["detail"]
        assert OPAQUE not in answer.text
    assert len(partner.asked) == 1
    partner.status = 200
    world.now += 2
    assert (await world.ask("GET", NOTE, OPAQUE)).status_code == 200


async def test_a_jwt_is_read_here_and_nobody_is_asked(world: World, partner: Partner) -> None:
    assert (await world.ask("GET", NOTE, token())).status_code == 200
    assert partner.asked == []


async def test_an_api_that_does_not_take_the_issuer_does_not_ask_it(world: World, partner: Partner) -> None:
    refused = await world.ask("GET", "/face/v1/notes/n1", OPAQUE)
    assert (refused.status_code, problem(refused)["reason"]) == (401, "token_refused")
    assert partner.asked == []
