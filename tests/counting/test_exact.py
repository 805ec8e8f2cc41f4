"""64 callers, four gateway processes, one real Redis: what is admitted is what is allowed, each of twenty times."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio as aioredis

from tests.counting.fleet import PROCESSES, Answer, Fleet, bearer
from tests.gateway.notes import CABINET_FILE, FACE_FILE, NOTES_FILE, PLATFORM, workload
from tests.redis_server import RedisServer

CALLERS, REPETITIONS = 64, 20
QUOTA, PLACES, BURST, PER_SECOND = 50, 10, 20, 4
TIMEOUT = 0.25
NOTES = NOTES_FILE.replace(
    "  hooks: 2/min\n",
    f"  hooks: 2/min\n  daily: {{quota: {QUOTA}/day, per: user}}\n"
    f"  together: {{concurrent: {PLACES}, per: user, lease: 2s}}\n"
    f"  steady: {{rate: {60 * PER_SECOND}/min, burst: {BURST}, per: user}}\n",
)


def listing(*names: str) -> str:
    return NOTES.replace(
        "note: {scopes: [notes:read]}", f"note: {{scopes: [notes:read], limits: [{', '.join(names)}]}}"
    )


def shared(timeout: str) -> str:
    plenty = PLATFORM.replace("1000/min", "100k/min")
    return f"{plenty}counters: {{timeout: {timeout}, processes: {PROCESSES}}}\n"


@pytest.fixture
async def redis(own_redis: RedisServer) -> AsyncIterator[Any]:
    client = aioredis.from_url(own_redis.url)
    yield client
    await client.aclose()


async def now(redis: Any) -> float:
    seconds, micros = await redis.time()
    return float(seconds) + float(micros) / 1e6


@pytest.mark.real
@pytest.mark.alone
async def test_a_quota_admits_exactly_its_units(own_redis: RedisServer, tmp_path: Path) -> None:
    async with Fleet(tmp_path, own_redis, notes=listing("daily"), platform=shared("10s")) as fleet:
        admitted = []
        for repetition in range(REPETITIONS):
            who = bearer(f"person-{repetition}")

            async def call(caller: int, who: str = who) -> list[int]:
                return [(await fleet.ask(caller + n, "/notes/v2/notes/n1", who)).status for n in range(3)]

            found = Counter(s for each in await asyncio.gather(*map(call, range(CALLERS))) for s in each)
            assert set(found) == {200, 429}
            admitted.append(found[200])
    assert admitted == [QUOTA] * REPETITIONS


@pytest.mark.real
@pytest.mark.alone
async def test_so_many_at_the_same_time_are_exactly_so_many(own_redis: RedisServer, tmp_path: Path, redis: Any) -> None:
    async with Fleet(tmp_path, own_redis, notes=listing("together"), platform=shared("10s")) as fleet:
        who = bearer("priya")
        for repetition in range(REPETITIONS):
            note = f"wait-{repetition}"
            calls = [asyncio.create_task(fleet.ask(n, f"/notes/v2/notes/{note}", who)) for n in range(CALLERS)]
            waiting = set(calls)
            while len(waiting) > PLACES:
                _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(0.02)
            assert sum(not call.done() for call in calls) == PLACES
            await redis.set(note, 1)
            found = Counter(answer.status for answer in await asyncio.gather(*calls))
            assert found == {200: PLACES, 429: CALLERS - PLACES}
            await asyncio.sleep(0.02)  # what is given back goes out behind the answer


@pytest.mark.real
@pytest.mark.alone
async def test_a_rate_admits_its_burst_and_what_drained_meanwhile(
    own_redis: RedisServer, tmp_path: Path, redis: Any
) -> None:
    async with Fleet(tmp_path, own_redis, notes=listing("steady"), platform=shared("10s")) as fleet:
        for repetition in range(REPETITIONS):
            who, found = bearer(f"person-{repetition}"), Counter[int]()
            began, until = await now(redis), time.monotonic() + 0.6

            async def call(caller: int, who: str = who, until: float = until, found: Counter[int] = found) -> None:
                while time.monotonic() < until:
                    found[(await fleet.ask(caller, "/notes/v2/notes/n1", who)).status] += 1

            await asyncio.gather(*map(call, range(CALLERS)))
            most = BURST + math.floor(PER_SECOND * (await now(redis) - began))
            assert set(found) == {200, 429}
            assert most - 1 <= found[200] <= most


@pytest.mark.real
@pytest.mark.alone
async def test_retry_after_is_true_by_the_stores_clock(own_redis: RedisServer, tmp_path: Path) -> None:
    notes = NOTES.replace(f"{60 * PER_SECOND}/min, burst: {BURST}", "30/min, burst: 1")
    notes = notes.replace("note: {scopes: [notes:read]}", "note: {scopes: [notes:read], limits: [steady]}")
    async with Fleet(tmp_path, own_redis, notes=notes, platform=shared("10s")) as fleet:
        who = bearer("priya")
        for _ in range(3):
            assert (await fleet.ask(0, "/notes/v2/notes/n1", who)).status == 200
            refused = await fleet.ask(1, "/notes/v2/notes/n1", who)
            assert (refused.status, refused.headers["retry-after"]) == (429, "2")
            await asyncio.sleep(1)
            assert (await fleet.ask(2, "/notes/v2/notes/n1", who)).status == 429
            await asyncio.sleep(1)


async def until(fleet: Fleet, who: str, status: int) -> None:
    async with asyncio.timeout(30):
        for _ in range(10_000):
            if (await fleet.ask(1, "/notes/v2/notes/n1", who)).status == status:
                return
            await asyncio.sleep(0.02)


async def hold(fleet: Fleet, who: str) -> None:
    """Take one of the places and keep it; one that comes while the probe has the last place asks again."""
    for _ in range(1_000):
        if (await fleet.ask(0, "/notes/v2/notes/wait-x", who)).status != 429:
            return
        await asyncio.sleep(0.02)


@pytest.mark.real
@pytest.mark.alone
async def test_a_killed_process_gives_its_places_back(own_redis: RedisServer, tmp_path: Path) -> None:
    async with Fleet(tmp_path, own_redis, notes=listing("together"), platform=shared("10s")) as fleet:
        who = bearer("priya")
        held = [asyncio.create_task(hold(fleet, who)) for _ in range(PLACES)]
        await until(fleet, who, 429)
        fleet.kill_one()
        killed = time.monotonic()
        assert (await fleet.ask(1, "/notes/v2/notes/n1", who)).status == 429
        await until(fleet, who, 200)
        assert time.monotonic() - killed < 2 + 1  # its lease, and what a busy machine needs
        await asyncio.gather(*held, return_exceptions=True)


AWAY = {
    "/notes/v2/notes/n1": "local",
    "/cabinet/v1/notes/n1": "allow",
    "/face/v1/notes/n1": "deny",
}


@pytest.mark.real
@pytest.mark.alone
async def test_stopped_and_started_again_under_load_each_api_does_as_it_declares(
    own_redis: RedisServer, tmp_path: Path
) -> None:
    async with Fleet(
        tmp_path,
        own_redis,
        notes=listing("daily").replace(f"{QUOTA}/day", "80/day"),
        cabinet=CABINET_FILE.replace("{rate: 2/min}", "100k/min").replace("_failure: local", "_failure: allow"),
        face=FACE_FILE.replace("_failure: local", "_failure: deny"),
        platform=shared("250ms"),
    ) as fleet:
        found: dict[str, list[tuple[str, Answer]]] = {path: [] for path in AWAY}
        phase, over = "before", False

        async def call(caller: int, path: str) -> None:
            who = (
                workload(acted_for=("priya@console",), iat=time.time() - 1, exp=time.time() + 600)
                if "cabinet" in path
                else bearer(f"p{caller % 2}")
            )
            while not over:
                at = phase
                answer = await fleet.ask(caller, path, who)
                found[path].append((at if at == phase else "between", answer))
                await asyncio.sleep(0.1)  # under load, not over it: a busy machine is not what is looked at

        callers = [asyncio.create_task(call(n, path)) for n in range(CALLERS // 3) for path in AWAY]
        await asyncio.sleep(1)
        phase = "falling"
        own_redis.stop()
        await asyncio.sleep(0.5)
        phase = "away"
        await asyncio.sleep(1)
        phase = "rising"
        own_redis.start()
        await asyncio.sleep(2.5)  # the longest pause between two probes is 1 s
        phase = "back"
        await asyncio.sleep(1)
        over = True
        await asyncio.gather(*callers)

    def seen(path: str, when: str) -> list[Answer]:
        answers = [answer for at, answer in found[path] if at == when]
        assert len(answers) > 20
        return answers

    local, allow, deny = AWAY
    assert {answer.status for answer in seen(allow, "before")} == {200}
    assert {answer.status for answer in seen(allow, "away")} == {200}
    assert not any("ratelimit" in answer.headers for answer in seen(allow, "away"))
    assert all("ratelimit" in answer.headers for answer in seen(allow, "back"))
    assert {(answer.status, answer.reason) for answer in seen(deny, "away")} == {(503, "counters_unavailable")}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in seen(deny, "away"))
    assert {answer.status for answer in seen(deny, "before") + seen(deny, "back")} == {200}
    # Two people, 80 each: before, all of it; away, each process its quarter more; back, Redis has forgotten.
    counts = Counter(at for at, answer in found[local] if answer.status == 200)
    assert counts["before"] + counts["falling"] + counts["away"] <= 2 * 80 + PROCESSES * 2 * (80 // PROCESSES)
    assert {answer.status for answer in seen(local, "away")} <= {200, 429}
    assert counts["rising"] + counts["back"] + counts["between"] >= 2 * 80
    # Nobody waits for Redis longer than 250 ms; the rest is 64 callers on a busy machine.
    slowest = max(answer.took for path in AWAY for _, answer in found[path])
    assert slowest < TIMEOUT + 1
