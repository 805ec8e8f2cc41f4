"""A tier calling the one below: which token it comes with, and that a call costs no exchange once there is one."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from canonical.faults import Overloaded, Unauthenticated
from foundation.acting import chain_of
from foundation.context import Caller, Layer, Shown, fresh, use
from tests.identity.world import AUDIENCE, ISSUER, SECRET, World
from tiergate.workload import Workload

PRIYAS = "priya@acme.example@console"
TIER = Caller(subject="process-tier", client="process-tier", layer="process")
RUNNING = msgspec.structs.replace(TIER, acted_for=(PRIYAS,))
"""The tier at work on a run of Priya's."""


class Below:
    """The tier below, and the issuer: both remember what came."""

    def __init__(self, world: World, *, client: str = "process-tier", scope: str = "system:call") -> None:
        self.world = world
        self.asked: list[str] = []
        self.tokens: list[str] = []
        self.status = 200
        self.metadata: dict[str, Any] = {}
        tier: Layer = "system" if client == "process-tier" else "process"
        transport = httpx.MockTransport(self._issuer)
        self.workload = Workload(
            client,
            SECRET,
            ISSUER,
            scopes=frozenset({scope}),
            resource=AUDIENCE,
            tier=tier,
            transport=transport,
            now=world.clock,
        )
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self._tier), auth=self.workload)

    async def _issuer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            self.asked.append((await request.aread()).decode())
        answer = await self.world.transport.handle_async_request(request)
        content = await answer.aread()
        if self.metadata and "well-known" in request.url.path:
            return httpx.Response(200, json=self.metadata)
        return httpx.Response(answer.status_code, content=content)

    async def _tier(self, request: httpx.Request) -> httpx.Response:
        self.tokens.append(request.headers["authorization"].removeprefix("Bearer "))
        return httpx.Response(self.status)

    async def call(self, caller: Caller) -> dict[str, Any]:
        """Call it for somebody; what the token says."""
        with use(fresh(caller=caller)):
            await self.http.get("http://below/")
        return (await self.world.verified(self.tokens[-1])).claims


async def person(world: World) -> Caller:
    shown = (await world.tokens())["access_token"]
    claims = (await world.verified(shown)).claims
    return Caller(subject=claims["sub"], client=claims["client_id"], issuer=ISSUER, claims=claims, token=Shown(shown))


async def test_a_call_goes_on_with_the_token_it_came_with_and_one_exchange_is_enough(world: World) -> None:
    below = Below(world, client="experience-tier", scope="process:call")
    caller = (await person(world)).acting(Caller(subject="experience-tier", client="experience-tier"))
    claims = [await below.call(caller) for _ in range(3)]
    assert chain_of(claims[0]) == ((PRIYAS,), "experience-tier")
    assert (claims[0]["aud"], claims[0]["roles"]) == (f"{AUDIENCE}/process", ["service_desk"])
    assert len(below.asked) == 1
    assert "access_token" in below.asked[0]


async def test_a_run_goes_on_by_the_tiers_own_word_one_exchange_a_chain(world: World) -> None:
    below = Below(world)
    for chain in ((PRIYAS,), ("polling@process-tier",), (PRIYAS,)):
        claims = await below.call(msgspec.structs.replace(TIER, acted_for=chain))
        assert chain_of(claims) == (chain, "process-tier")
    assert len(below.asked) == 2


async def test_on_nobodys_behalf_it_is_the_tier_itself(world: World) -> None:
    claims = await Below(world).call(TIER)
    assert (claims["sub"], claims["aud"], "act" in claims) == ("process-tier", AUDIENCE, False)


async def test_all_who_wait_for_one_chain_share_one_exchange(world: World) -> None:
    below = Below(world)
    await asyncio.gather(*(below.call(RUNNING) for _ in range(20)))
    assert (len(below.asked), len(set(below.tokens))) == (1, 1)


async def test_a_token_that_is_refused_is_got_once_more_and_then_believed_refused(world: World) -> None:
    below = Below(world)
    below.status = 401
    await below.call(RUNNING)
    assert (len(below.asked), len(below.tokens)) == (2, 2)


async def test_a_sign_in_that_has_ended_is_said_as_such(world: World) -> None:
    caller = (await person(world)).acting(Caller(subject="experience-tier", client="experience-tier"))
    world.clock.time += 3600
    with pytest.raises(Unauthenticated):
        await Below(world, client="experience-tier", scope="process:call").call(caller)


async def test_an_issuer_that_does_not_answer_is_said_as_such(world: World) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    signing = Workload(
        "process-tier", SECRET, ISSUER, scopes=frozenset(), resource=AUDIENCE, tier="system",
        transport=httpx.MockTransport(away),
    )  # fmt: skip
    with pytest.raises(Overloaded), use(fresh(caller=TIER)):
        await signing.token()


async def test_with_an_issuer_that_exchanges_nothing_the_tier_comes_as_itself(world: World) -> None:
    below = Below(world)
    below.metadata = {"token_endpoint": f"{ISSUER}/token"}
    claims = await below.call(RUNNING)
    assert "act" not in claims
