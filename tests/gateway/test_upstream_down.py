"""While an upstream is down or busy: what its readers are given, who waits, who is refused."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import http_sf
import httpx
import pytest

from tests.gateway.archive import ACCOUNT, NOTE, Answer, Archive, Make, broke_off, metric, read, refused, write
from tests.gateway.notes import PLATFORM, World, problem, token

BREAKER = "breaker: {open: 50% of 4 calls in 10s, retry_after: 15s}"
STALE = BREAKER + ", when_down: {reads: stale 10m, writes: reject}"


def became(answer: httpx.Response) -> dict[str, Any]:
    [(_, said)] = http_sf.parse(answer.headers["cache-status"].encode(), tltype="list")
    return {name: str(value) if not isinstance(value, (bool, int)) else value for name, value in said.items()}


@pytest.mark.parametrize("failing", [refused, broke_off, lambda: 503])
async def test_a_reader_is_given_what_was_kept_and_told_how_old_it_is(
    behind: Make, archive: Archive, failing: Callable[[], Answer]
) -> None:
    world = behind(STALE)
    first = await read(world)
    world.now += 100
    archive.then = [failing()]
    asked = await read(world)
    assert (asked.status_code, asked.json(), asked.headers["age"]) == (200, first.json(), "100")
    status = {"fwd-status": 503} if failing() == 503 else {}
    assert became(asked) == {"fwd": "stale", **status, "ttl": -70, "detail": "upstream-down"}
    for _ in range(4):
        await read(world)
    reached = len(archive.reached)
    spared = await read(world)
    assert (spared.status_code, became(spared)) == (200, {"hit": True, "ttl": -70, "detail": "upstream-down"})
    assert len(archive.reached) == reached
    world.now += 30 + 600 - 100
    assert (await read(world)).status_code == 503, "too old"


async def test_nobody_is_given_anothers_and_no_write_is_answered_so(behind: Make, archive: Archive) -> None:
    world = behind(STALE)
    await read(world)
    world.now += 100
    archive.then = [refused()]
    other = await world.ask("GET", NOTE, token(sub="sam", exp=world.now + 60, iat=world.now))
    assert other.status_code == 503
    assert (await write(world)).status_code == 503


async def test_what_may_not_be_stale_is_not(behind: Make, archive: Archive) -> None:
    world = behind(STALE)
    for said in ("must-revalidate", "no-store"):
        archive.then = [(200, {"cache-control": said})]
        await read(world)
        world.now += 100
        archive.then = [refused()]
        assert (await read(world)).status_code == 503, said


async def test_a_refusal_of_its_own_is_passed_on_whatever_is_kept(behind: Make, archive: Archive) -> None:
    world = behind(STALE)
    await read(world)
    world.now += 100
    archive.then = [(404, {"content-type": "application/json"})]
    assert (await read(world)).status_code == 404


async def test_so_many_calls_at_a_time_and_the_next_waits_its_turn(behind: Make, archive: Archive) -> None:
    world = behind("capacity: {concurrent: 2, wait: 1s}")
    archive.gate = asyncio.Event()
    asking = [asyncio.create_task(read(world, ACCOUNT)) for _ in range(5)]
    await asyncio.sleep(0.05)
    assert len(archive.reached) == 2
    assert metric("tiergate_upstream_calls_in_flight") == 2
    archive.gate.set()
    assert [(await each).status_code for each in asking] == [200] * 5
    assert metric("tiergate_upstream_calls_in_flight") == 0


async def test_who_finds_no_place_in_time_is_told_when_to_come_back(behind: Make, archive: Archive) -> None:
    world = behind("capacity: {concurrent: 1, wait: 20ms}")
    archive.gate = asyncio.Event()
    one = asyncio.create_task(read(world, ACCOUNT))
    await asyncio.sleep(0.01)
    full = await read(world, ACCOUNT)
    assert (full.status_code, problem(full)["reason"]) == (503, "upstream_full")
    assert full.headers["retry-after"] == "1"
    assert 'error=connection_limit_reached; next-hop="archive"' in full.headers["proxy-status"]
    archive.gate.set()
    assert (await one).status_code == 200
    assert (await read(world, ACCOUNT)).status_code == 200


async def test_a_tier_in_this_process_has_its_places_and_a_read_its_time(tmp_path: Path) -> None:
    said = "upstreams: {process-tier: {timeout: {connect: 10ms, total: 50ms}, capacity: {concurrent: 1}}}\n"
    world = World(tmp_path, platform=PLATFORM + said)
    hanging = asyncio.create_task(world.ask("GET", "/notes/v2/notes/slow", token()))
    await asyncio.sleep(0.02)
    full = await world.ask("GET", NOTE, token())
    assert problem(full)["reason"] == "upstream_full"
    late = await hanging
    assert (late.status_code, problem(late)["system"]) == (504, "process-tier")
    assert (await world.ask("GET", NOTE, token())).status_code == 200
    await world.close()


async def test_a_reload_closes_no_breaker_and_a_changed_breaker_is_heeded(behind: Make, archive: Archive) -> None:
    world = behind(BREAKER)
    archive.then = [refused()]
    for _ in range(4):
        await read(world, ACCOUNT)
    world.governor.swap(world.plan)
    assert problem(await read(world, ACCOUNT))["reason"] == "upstream_left_alone"
    other = behind("timeout: {connect: 1s}").plan
    world.governor.swap(other)
    archive.then = [200]
    assert (await read(world, ACCOUNT)).status_code == 200
