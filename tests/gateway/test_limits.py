"""How often a call may come: what is admitted, what is said of it, and what is refused and when it will not be."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from http_sf import parse
from prometheus_client import REGISTRY

from gateway.asgi import Gateway
from gateway.audit import query
from tests.gateway.notes import NOTES_FILE, NOW, PLATFORM, World, problem, token

NOTE, SLOW, KEYED = "/notes/v2/notes/n1", "/notes/v2/notes/slow", "/notes/v2/notes/by-key/k1"
HOOK = "/notes/v2/hooks/shop"
QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"

Make = Callable[..., Awaitable[World]]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """A world whose `note` has the limits that are said."""
    made: list[World] = []

    async def world(limits: str, note: str = "", plan: str = "1000/min") -> World:
        notes = NOTES_FILE.replace("  hooks: 2/min\n", f"  hooks: 2/min\n{limits}")
        notes = notes.replace("note: {scopes: [notes:read]}", f"note: {{scopes: [notes:read]{note}}}")
        platform = PLATFORM.replace("per-client: 1000/min", f"per-client: {plan}")
        made.append(World(tmp_path, notes=notes, platform=platform))
        return made[-1]

    yield world
    for each in made:
        await each.close()


def members(answer: httpx.Response, header: str) -> dict[str, dict[str, Any]]:
    """A list of structured fields, as another hand reads it."""
    return dict(parse(answer.headers[header].encode(), tltype="list"))


async def ask(world: World, path: str = NOTE, **claims: Any) -> httpx.Response:
    return await world.ask("GET", path, token(exp=world.now + 600, iat=world.now - 1, **claims))


async def until(what: Callable[[], bool]) -> None:
    while not what():  # noqa: ASYNC110 - what is waited for happens inside the gateway
        await asyncio.sleep(0.001)


async def test_each_kind_speaks_of_itself_in_the_headers(make: Make) -> None:
    world = await make(
        "  steady: {rate: 60/min, burst: 5}\n  daily: {quota: 100/day}\n  together: {concurrent: 3}\n",
        ", limits: [steady, daily, together]",
    )
    answer = await ask(world)
    assert members(answer, "ratelimit-policy") == {
        "steady": {"q": 60, "w": 60},
        "daily": {"q": 100, "w": 86400},
        "together": {"q": 3, "qu": "concurrent-requests"},
        "per-client": {"q": 1000, "w": 60},
    }
    assert members(answer, "ratelimit") == {
        "steady": {"r": 4, "t": 1},
        "daily": {"r": 99, "t": 86400 - int(NOW) % 86400},
        "together": {"r": 2},
        "per-client": {"r": 999, "t": 1},
    }


async def test_a_refusal_names_every_limit_that_had_no_room_and_the_tightest_first(make: Make) -> None:
    world = await make("  steady: {rate: 2/min}\n  daily: {quota: 2/day}\n", ", limits: [steady, daily]")
    assert [(await ask(world)).status_code for _ in range(3)] == [200, 200, 429]
    said = problem(refused := await ask(world))
    assert (said["type"], said["violated-policies"]) == (QUOTA_EXCEEDED, ["steady", "daily"])
    assert (said["reason"], said["facts"]["limit"]) == ("limit_reached", "daily")
    assert "violated" not in said["facts"]
    assert int(refused.headers["retry-after"]) == 86400 - int(NOW) % 86400


@pytest.mark.parametrize(
    ("limit", "admitted"),
    [
        ("{rate: 7/min, burst: 3}", 3),
        ("{rate: 600/min, burst: 1}", 1),
        ("{rate: 11/hour, burst: 2}", 2),
        ("{quota: 4/min}", 4),
        ("{quota: 4/day}", 4),
        ("{quota: 4/day, zone: America/New_York}", 4),
    ],
)
async def test_waiting_as_long_as_retry_after_says_admits_and_a_second_less_does_not(
    make: Make, limit: str, admitted: int
) -> None:
    world = await make(f"  it: {limit}\n", ", limits: [it]")
    world.now += 0.25
    assert [(await ask(world)).status_code for _ in range(admitted + 1)] == [200] * admitted + [429]
    wait = int((await ask(world)).headers["retry-after"])
    world.now += wait - 1
    assert (await ask(world)).status_code == 429
    world.now += 1
    assert (await ask(world)).status_code == 200


async def test_a_plain_count_by_the_day_is_a_quota_and_does_not_drain(make: Make) -> None:
    world = await make("", plan="3/day")
    assert [(await ask(world)).status_code for _ in range(4)] == [200, 200, 200, 429]
    world.now += 30_000
    assert (await ask(world)).status_code == 429
    assert members(await ask(world), "ratelimit-policy") == {"per-client": {"q": 3, "w": 86400}}


async def test_a_day_begins_at_midnight_of_its_zone(make: Make) -> None:
    world = await make("  it: {quota: 1/day, zone: Asia/Tokyo}\n", ", limits: [it]")
    world.now = 1_790_002_800.0 - 1  # 2026-09-22 00:00 in Tokyo, less a second
    assert (await ask(world)).status_code == 200
    assert (await ask(world)).headers["retry-after"] == "1"
    world.now += 1
    assert (await ask(world)).status_code == 200


async def test_places_are_held_until_the_call_ends_however_it_ends(make: Make) -> None:
    world = await make("  two: {concurrent: 2}\n", ", limits: [two]")
    running = [asyncio.create_task(ask(world, SLOW)) for _ in range(2)]
    await until(lambda: len(world.desk.asked) == 2)
    refused = await ask(world)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert members(refused, "ratelimit")["two"] == {"r": 0}
    running[0].cancel()  # the caller hung up
    await asyncio.gather(running[0], return_exceptions=True)
    assert (await ask(world)).status_code == 200
    assert (await ask(world, "/notes/v2/notes/bug")).status_code == 500
    assert (await ask(world, "/notes/v2/notes/missing")).status_code == 404
    world.desk.gate.set()
    assert (await running[1]).status_code == 200
    assert members(await ask(world), "ratelimit")["two"] == {"r": 1}


async def test_a_call_refused_behind_its_limits_gives_its_place_back(make: Make) -> None:
    world = await make("  two: {concurrent: 2}\n", ", limits: [two]")
    for _ in range(4):
        answer = await world.ask("GET", "/notes/v2/notes/%00", token())
        assert answer.status_code in (200, 400, 404, 422)
    assert members(await ask(world), "ratelimit")["two"] == {"r": 1}


async def test_a_call_waits_for_a_place_as_long_as_is_said(make: Make) -> None:
    world = await make("  one: {concurrent: 1, wait: 5s}\n", ", limits: [one]")
    first = asyncio.create_task(ask(world, SLOW))
    await until(lambda: len(world.desk.asked) == 1)
    second = asyncio.create_task(ask(world))
    await asyncio.sleep(0.05)
    assert not second.done()
    world.desk.gate.set()
    assert [(await one).status_code for one in (first, second)] == [200, 200]


async def test_who_waited_in_vain_is_refused_in_time_and_spent_nothing(make: Make) -> None:
    world = await make("  one: {concurrent: 1, wait: 100ms}\n  hourly: {quota: 9/hour}\n", ", limits: [one, hourly]")
    first = asyncio.create_task(ask(world, SLOW))
    await until(lambda: len(world.desk.asked) == 1)
    began = asyncio.get_running_loop().time()
    refused = await ask(world)
    assert refused.status_code == 429
    assert 0.09 < asyncio.get_running_loop().time() - began < 2
    assert problem(refused)["violated-policies"] == ["one"]
    assert members(refused, "ratelimit")["hourly"]["r"] == 8
    world.desk.gate.set()
    await first


async def test_nobody_waits_for_a_place_when_a_rate_refuses_as_well(make: Make) -> None:
    world = await make("  one: {concurrent: 1, wait: 60s}\n  hourly: {quota: 1/hour}\n", ", limits: [one, hourly]")
    first = asyncio.create_task(ask(world, SLOW))
    await until(lambda: len(world.desk.asked) == 1)
    assert problem(await asyncio.wait_for(ask(world), 5))["violated-policies"] == ["one", "hourly"]
    world.desk.gate.set()
    await first


async def test_an_operation_may_cost_several_units_of_its_own_limits_and_of_the_plan(make: Make) -> None:
    world = await make("  hourly: {quota: 10/hour}\n", ", limits: [hourly], cost: 4")
    answers = [await ask(world) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert {name: said["r"] for name, said in members(answers[-1], "ratelimit").items()} == {
        "hourly": 2,
        "per-client": 992,
    }


async def test_each_subject_has_a_counter_of_its_own_but_an_operation_and_an_upstream_have_one(make: Make) -> None:
    limits = "".join(f"  {per}: {{quota: 9/hour, per: {per}}}\n" for per in ("client", "user", "operation", "upstream"))
    world = await make(limits, ", limits: [client, user, operation, upstream]")
    await ask(world)
    await ask(world, sub="dana")
    left = {name: said["r"] for name, said in members(await ask(world, sub="dana"), "ratelimit").items()}
    assert {name: left[name] for name in ("client", "user", "operation", "upstream")} == {
        "client": 6,
        "user": 7,
        "operation": 6,
        "upstream": 6,
    }
    earlier = await ask(world, "/notes/v1/notes/n1")  # another version: another operation of the same upstream
    left = {name: said["r"] for name, said in members(earlier, "ratelimit").items()}
    assert (left["operation"], left["upstream"]) == (8, 5)


async def test_of_an_address_without_a_token_a_whole_ipv6_network_counts_as_one(make: Make) -> None:
    world = await make("")

    async def knock(address: str) -> int:
        async def from_there(scope: Any, receive: Any, send: Any) -> None:
            await world.gateway({**scope, "client": (address, 1)}, receive, send)

        async with world.client(from_there) as http:
            return (await http.post(HOOK, content=b"a")).status_code

    network = [await knock(f"2001:db8:0:1::{n}") for n in (1, 2, 3)]
    assert (network, await knock("2001:db8:0:2::1")) == ([200, 200, 429], 200)
    assert [await knock(f"192.0.2.{n}") for n in (1, 1, 1, 2)] == [200, 200, 429, 200]


async def test_a_limit_in_shadow_refuses_nobody_and_is_not_in_the_headers_but_is_reported(make: Make) -> None:
    world = await make("  tried: {quota: 1/hour, shadow: true}\n", ", limits: [tried]")
    labels = {"api": "notes-v2", "operation": "note", "limit": "tried"}

    def shadowed() -> float:
        return REGISTRY.get_sample_value("tiergate_limits_shadowed_total", labels) or 0.0

    before = shadowed()
    answers = [await ask(world) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert "tried" not in answers[-1].headers["ratelimit"] + answers[-1].headers["ratelimit-policy"]
    assert shadowed() - before == 2
    await world.trail.flush()
    facts = [msgspec.json.decode(kept.record.facts).get("shadowed") for kept in query(world.trail.place)]
    assert sorted(facts, key=bool) == [None, ["tried"], ["tried"]]


async def test_a_gateway_in_front_of_a_tier_elsewhere_spends_nothing(make: Make) -> None:
    world = await make("  it: {quota: 1/hour}\n", ", limits: [it]")
    proxy = world.governor.services.upstreams.apart("process-tier", "http://127.0.0.1:1")
    async with world.client(Gateway(world.governor, {"process": proxy})) as http:
        for _ in range(3):
            assert (await world.ask("GET", NOTE, token(), http=http)).status_code == 503
    assert (await ask(world)).status_code == 200
