"""A Redis that is slow, frozen, stopped or started anew: what is decided then, how long anybody waits, what is said."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from foundation.counting import Counters, Decision, Draw, Places, Quota, Steady, StoreAway, WhenAway, Window
from foundation.counting.on_redis import OnRedis
from tests.redis_server import RedisServer

TIMEOUT = 0.2
TEN = Draw("ten", Steady(10, 0.001))


@pytest.fixture
async def shared(own_redis: RedisServer) -> AsyncIterator[OnRedis]:
    made = OnRedis(own_redis.url, timeout=TIMEOUT)
    yield made
    await made.close()


async def decided(counters: Counters, *draws: Draw, away: WhenAway = "local") -> Decision:
    found = counters.take(draws, away)
    assert isinstance(found, Awaitable)
    return await found


async def until_back(shared: OnRedis) -> None:
    async with asyncio.timeout(10):
        while shared.away:  # noqa: ASYNC110 - what is waited for happens in the store
            await asyncio.sleep(0.01)


def evaluated(server: RedisServer) -> int:
    with server.client() as client:
        said: Any = client.info("commandstats")
    return int(said.get("cmdstat_evalsha", {}).get("calls", 0))


async def test_the_decisions_of_one_turn_share_one_round_trip(own_redis: RedisServer, shared: OnRedis) -> None:
    await shared.take([TEN])
    before = evaluated(own_redis)
    draws = [Draw(f"caller {number}", Steady(1, 1.0)) for number in range(100)]
    decisions = await asyncio.gather(*(shared.take([draw]) for draw in draws))
    assert all(decision.admitted for decision in decisions)
    assert evaluated(own_redis) - before == 1


async def test_decisions_of_one_turn_see_each_other(shared: OnRedis) -> None:
    decisions = await asyncio.gather(*(shared.take([TEN]) for _ in range(25)))
    assert [decision.admitted for decision in decisions] == [True] * 10 + [False] * 15


async def test_a_script_the_server_forgot_is_loaded_again(own_redis: RedisServer, shared: OnRedis) -> None:
    assert (await shared.take([TEN])).readings[0].remaining == 9
    with own_redis.client() as client:
        client.script_flush()
    assert (await shared.take([TEN])).readings[0].remaining == 8
    assert not shared.away


async def test_keys_expire_by_themselves(own_redis: RedisServer, shared: OnRedis) -> None:
    await shared.take([Draw("r", Steady(9, 10.0)), Draw("q", Quota(9, Window(60))), Draw("p", Places(9, lease=2.0))])
    with own_redis.client() as client:
        keys: Any = client.keys("*")
        left = {key.decode(): client.pttl(key) for key in keys}
    assert set(left) == {"tiergate:steady:r", "tiergate:quota:q", "tiergate:places:p"}
    assert 0 < left["tiergate:steady:r"] <= 1_100
    assert 0 < left["tiergate:quota:q"] <= 61_000
    assert 0 < left["tiergate:places:p"] <= 3_000


async def test_whoever_looks_into_redis_reads_no_names(own_redis: RedisServer, shared: OnRedis) -> None:
    for name in ("priya@acme.example", "dana@acme.example", "priya@acme.example"):
        await shared.take([Draw(f"notes:writes:user=https://id.firm.example|{name}", Steady(9, 0.001))])
    with own_redis.client() as client:
        keys: Any = client.keys("*")
    assert len(keys) == 2
    assert all(key.startswith(b"tiergate:steady:notes:writes:user=") for key in keys)
    assert not any(b"priya" in key or b"dana" in key for key in keys)


async def test_the_places_of_a_process_that_died_are_free_when_its_lease_ends(own_redis: RedisServer) -> None:
    one = Draw("erp", Places(1, lease=0.5))
    dead, alive = OnRedis(own_redis.url, timeout=5), OnRedis(own_redis.url, timeout=5)
    assert (await dead.take([one])).admitted
    await dead.close()  # without giving anything back, as a kill does
    assert not (await alive.take([one])).admitted
    await asyncio.sleep(0.6)
    assert (await alive.take([one])).admitted
    await alive.close()


async def test_a_long_call_keeps_its_place(shared: OnRedis) -> None:
    one = Draw("erp", Places(1, lease=0.3))
    held = await shared.take([one])
    for _ in range(5):
        await asyncio.sleep(0.2)
        assert not (await shared.take([one])).admitted
    shared.give_back(held)
    assert (await shared.take([one])).admitted


@pytest.mark.parametrize("how", ["stopped", "frozen"])
async def test_nobody_waits_longer_than_declared_and_each_way_does_what_it_says(
    own_redis: RedisServer, shared: OnRedis, how: str
) -> None:
    counters = Counters(shared=shared, processes=4)
    assert (await decided(counters, TEN)).admitted
    own_redis.stop() if how == "stopped" else own_redis.freeze()
    ways: list[WhenAway] = ["local", "allow", "deny"]
    waits: list[float] = []
    again: list[float] = []

    async def ask(way: WhenAway) -> bool | None:
        began = time.perf_counter()
        try:
            return (await decided(counters, TEN, away=way)).admitted
        except StoreAway as away:
            again.append(away.retry_after)
            return None
        finally:
            waits.append(time.perf_counter() - began)

    found = {way: list(await asyncio.gather(*(ask(way) for _ in range(20)))) for way in ways}
    assert found == {"local": [True] * 2 + [False] * 18, "allow": [True] * 20, "deny": [None] * 20}
    assert all(0 < seconds <= 1 for seconds in again)
    # What the machine needs to wake up is not the store's doing.
    assert max(waits) < TIMEOUT + 0.1
    # Once it is known to be away nobody waits at all.
    assert sum(wait > 0.05 for wait in waits) <= 20
    own_redis.start() if how == "stopped" else own_redis.thaw()
    await until_back(shared)
    # A frozen store decided what it had been sent, too late; so not the same counter is asked.
    assert (await decided(counters, Draw("other", Steady(1, 1.0)), away="deny")).admitted


async def test_what_comes_too_late_holds_no_place(own_redis: RedisServer, shared: OnRedis) -> None:
    one = Draw("erp", Places(1, lease=60))
    await shared.take([TEN])
    own_redis.freeze()
    with pytest.raises(StoreAway):
        await shared.take([one])
    own_redis.thaw()  # now it decides what was sent, and nobody waits for it
    await until_back(shared)
    await asyncio.sleep(0.05)
    assert (await shared.take([one])).admitted


async def test_a_caller_who_left_holds_no_place(shared: OnRedis) -> None:
    one = Draw("erp", Places(1, lease=60))
    counters = Counters(shared=shared)
    for turns in range(6):
        asking = asyncio.ensure_future(decided(counters, one))
        for _ in range(turns):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    await asyncio.sleep(0.05)
    held = await decided(counters, one)
    assert held.admitted
    asking = asyncio.ensure_future(decided(counters, one))
    await asyncio.sleep(0)
    counters.give_back(held)
    await asking


async def test_an_outage_is_said_once_and_counted(own_redis: RedisServer, shared: OnRedis) -> None:
    counters = Counters(shared=shared)
    await decided(counters, TEN)
    with capture_logs() as said:
        own_redis.stop()
        for _ in range(50):
            await decided(counters, TEN, away="allow")
            await asyncio.sleep(0.002)
        assert REGISTRY.get_sample_value("tiergate_counters_away") == 1
        own_redis.start()
        await until_back(shared)
    assert [line["event"] for line in said] == [
        "the shared counters do not answer; calls go by what their API declares",
        "the shared counters answer again",
    ]
    assert REGISTRY.get_sample_value("tiergate_counters_away") == 0


async def test_places_given_locally_are_given_back_locally(own_redis: RedisServer, shared: OnRedis) -> None:
    counters, one = Counters(shared=shared), Draw("erp", Places(1))
    own_redis.stop()
    held = await decided(counters, one)
    assert (held.admitted, held.local) == (True, True)
    assert not (await decided(counters, one)).admitted
    counters.give_back(held)
    assert (await decided(counters, one)).admitted


async def test_a_free_place_is_noticed_soon(own_redis: RedisServer) -> None:
    here, there = Counters(shared=OnRedis(own_redis.url, timeout=5)), Counters(shared=OnRedis(own_redis.url, timeout=5))
    one = Draw("erp", Places(1, lease=60))
    held = await decided(here, one)

    async def patiently() -> None:
        while not (await decided(there, one)).admitted:
            await there.a_place_may_be_free(5)

    waiting = asyncio.create_task(patiently())
    await asyncio.sleep(0.1)
    here.give_back(held)
    await asyncio.wait_for(waiting, 1)
    await here.close()
    await there.close()
