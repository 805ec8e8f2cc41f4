"""What holds of the counters, wherever they are: each test runs on those of one process and on a real Redis."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.counting import Decision, Draw, Pause, Places, Quota, Steady, Window
from foundation.counting.in_process import InProcess
from foundation.counting.on_redis import OnRedis
from tests.redis_server import RedisServer

NOON = 1_790_035_200.0  # 2026-09-22T00:00:00Z
DAY = Window(86_400)


class Store:
    """One of the two, behind one face, with a clock in the test's hand."""

    def __init__(self, redis: RedisServer | None) -> None:
        self.now = NOON
        self.kept: InProcess | OnRedis
        if redis is None:
            self.kept = InProcess(lambda: self.now)
        else:
            self.kept = OnRedis(redis.url, timeout=10, clock=lambda: self.now)

    async def take(self, *draws: Draw) -> Decision:
        found = self.kept.take(draws)
        return found if isinstance(found, Decision) else await found

    async def admits(self, *draws: Draw) -> bool:
        return (await self.take(*draws)).admitted

    async def give_back(self, decision: Decision) -> None:
        self.kept.give_back(decision)

    async def pause(self, key: str, seconds: float) -> None:
        if isinstance(self.kept, OnRedis):
            self.kept.pause(Draw(key, Pause()), seconds)
            await self.take(Draw("it", Pause()))  # goes out together with the pause, on the same clock
        else:
            self.kept.pause(key, seconds)

    async def close(self) -> None:
        if isinstance(self.kept, OnRedis):
            await self.kept.close()


@pytest.fixture(params=["in process", "on redis"])
async def store(request: pytest.FixtureRequest, redis_server: RedisServer) -> AsyncIterator[Store]:
    with redis_server.client() as client:
        client.flushall()
    made = Store(redis_server if request.param == "on redis" else None)
    yield made
    await made.close()


def steady(key: str = "rate", burst: int = 5, per_second: float = 2.0, **more: object) -> Draw:
    return Draw(key, Steady(burst, per_second), **more)  # type: ignore[arg-type]  # the test says what a Draw takes


def quota(key: str = "daily", units: int = 3, window: Window = DAY, **more: object) -> Draw:
    return Draw(key, Quota(units, window), **more)  # type: ignore[arg-type]  # likewise


async def test_a_rate_admits_its_burst_and_then_what_drains(store: Store) -> None:
    assert [await store.admits(steady()) for _ in range(6)] == [True] * 5 + [False]
    store.now += 0.49
    assert not await store.admits(steady())
    store.now += 0.02
    assert [await store.admits(steady()) for _ in range(2)] == [True, False]


async def test_a_quota_admits_its_units_and_the_next_window_is_a_new_one(store: Store) -> None:
    store.now = NOON + 86_399
    assert [await store.admits(quota()) for _ in range(4)] == [True, True, True, False]
    refused = (await store.take(quota())).readings[0]
    assert (refused.remaining, refused.reset, refused.wait) == (0, 1, 1.0)
    store.now += 1
    assert [await store.admits(quota()) for _ in range(4)] == [True, True, True, False]


async def test_a_quota_does_not_drain_within_its_window(store: Store) -> None:
    for _ in range(3):
        assert await store.admits(quota())
    store.now += 86_000
    assert not await store.admits(quota())


async def test_a_day_begins_where_its_zone_says_also_when_it_has_23_hours(store: Store) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    window = Window(86_400, "Europe/Berlin")
    store.now = datetime(2027, 3, 28, 0, 0, 1, tzinfo=berlin).timestamp()  # the day summer time begins
    reading = (await store.take(quota(units=1, window=window))).readings[0]
    assert reading.reset == 23 * 3600 - 1
    store.now = datetime(2027, 3, 28, 23, 59, 59, tzinfo=berlin).timestamp()
    assert not await store.admits(quota(units=1, window=window))
    store.now += 1
    assert await store.admits(quota(units=1, window=window))


async def test_places_are_free_again_when_they_are_given_back(store: Store) -> None:
    two = Draw("erp", Places(2, lease=5.0))
    first, second, third = [await store.take(two) for _ in range(3)]
    assert [first.admitted, second.admitted, third.admitted] == [True, True, False]
    assert [d.readings[0].remaining for d in (first, second, third)] == [1, 0, 0]
    await store.give_back(third)
    assert not await store.admits(two)
    await store.give_back(first)
    await store.give_back(first)  # twice changes nothing
    assert [await store.admits(two) for _ in range(2)] == [True, False]


async def test_all_draws_are_spent_or_none_is(store: Store) -> None:
    other, places = steady("other", 2, 0.1), Draw("erp", Places(9))
    assert [await store.admits(steady(), other, quota(units=9), places) for _ in range(4)] == [True, True, False, False]
    readings = (await store.take(steady(), quota(units=9), places)).readings
    assert [reading.remaining for reading in readings] == [2, 6, 6]


async def test_a_call_may_cost_several_units(store: Store) -> None:
    assert [await store.admits(steady(cost=2)) for _ in range(3)] == [True, True, False]
    assert await store.admits(steady(cost=1))
    assert [await store.admits(quota(cost=2)) for _ in range(2)] == [True, False]


async def test_a_shadow_is_spent_while_there_is_room_and_never_refuses(store: Store) -> None:
    found = [await store.take(steady(), steady("shadow", 2, 0.1, shadow=True)) for _ in range(5)]
    assert [decision.admitted for decision in found] == [True] * 5
    assert [decision.readings[1].room for decision in found] == [True, True, False, False, False]


async def test_a_changed_limit_keeps_what_was_spent(store: Store) -> None:
    for _ in range(3):
        await store.take(steady(), quota())
    assert (await store.take(steady(burst=10, per_second=0.1), quota(units=10))).readings[0].remaining == 6
    assert (await store.take(quota(units=5))).readings[0].remaining == 0


async def test_a_pause_ends_by_itself_and_a_shorter_one_does_not_end_it(store: Store) -> None:
    held = Draw("vendor", Pause())
    assert await store.admits(held)
    await store.pause("vendor", 5.0)
    await store.pause("vendor", 1.0)
    store.now += 4
    assert (await store.take(held, steady())).readings[0].wait == pytest.approx(1.0, abs=1e-6)
    store.now += 1
    assert (await store.take(held, steady())).readings[1].remaining == 4


async def test_a_vendor_knows_better_how_much_is_spent(store: Store) -> None:
    store.kept.set_spent(quota(units=100), 98)
    assert [await store.admits(quota(units=100)) for _ in range(3)] == [True, True, False]
    store.kept.set_spent(quota(units=100), 10)
    assert await store.admits(quota(units=100))


async def test_a_clock_that_goes_back_gives_nothing_away(store: Store) -> None:
    for _ in range(5):
        await store.take(steady())
    for _ in range(3):
        await store.take(quota())
    store.now -= 90_000
    assert not await store.admits(steady())
    assert not await store.admits(quota())
    store.now += 90_000
    assert not await store.admits(steady())


async def test_the_wait_is_true(store: Store) -> None:
    draws = [steady("a", 2, 0.3), steady("b", 3, 0.11, cost=2)]
    while (refused := await store.take(*draws)).admitted:
        pass
    wait = max(reading.wait for reading in refused.readings)
    store.now += wait - 0.001
    assert not await store.admits(*draws)
    store.now += 0.001
    assert await store.admits(*draws)


KINDS: Sequence[Draw] = (
    steady("a", 5, 2.0),
    steady("b", 3, 0.37, cost=2),
    steady("c", 1, 11.3, shadow=True),
    quota("d", 7, Window(60)),
    quota("e", 20, Window(86_400, "America/New_York"), cost=3),
    quota("f", 2, Window(3_600), shadow=True),
    Draw("g", Places(3, lease=10**9)),
    Draw("h", Pause()),
)
MOVES = st.lists(
    st.tuples(
        st.lists(st.sampled_from(KINDS), min_size=1, max_size=4, unique_by=lambda draw: draw.key),
        st.floats(min_value=-5, max_value=5000).filter(lambda pause: abs(pause) > 1e-3) | st.just(0.0),
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
def test_both_decide_alike_whatever_is_asked(
    redis_server: RedisServer, moves: list[tuple[list[Draw], float, int]]
) -> None:
    with redis_server.client() as client:
        client.flushall()

    async def play() -> None:
        here, there = Store(None), Store(redis_server)
        held: list[tuple[Decision, Decision]] = []
        try:
            for draws, pause, what in moves:
                here.now = there.now = here.now + pause
                one, other = await here.take(*draws), await there.take(*draws)
                assert (one.admitted, one.readings) == (other.admitted, other.readings)
                if one.held:
                    held.append((one, other))
                if what == 0 and held:
                    mine, its = held.pop(0)
                    await here.give_back(mine)
                    await there.give_back(its)
                if what == 1:
                    await here.pause("h", 30.0)
                    await there.pause("h", 30.0)
        finally:
            await there.close()

    asyncio.run(play())


@given(st.lists(st.floats(min_value=0, max_value=3), min_size=1, max_size=60))
def test_between_any_two_moments_a_rate_admits_its_burst_and_what_it_gives(pauses: list[float]) -> None:
    store, admitted, one = Store(None), list[float](), steady()
    for pause in pauses:
        store.now += pause
        assert isinstance(store.kept, InProcess)
        if store.kept.take([one]).admitted:
            admitted.append(store.now)
    for first, start in enumerate(admitted):
        for last, end in enumerate(admitted[first:], start=1):
            assert last <= 5 + math.floor((end - start) * 2.0 + 1e-6)


@given(st.lists(st.floats(min_value=0.6, max_value=3), min_size=1, max_size=60))
def test_a_caller_who_keeps_to_the_rate_is_never_refused(pauses: list[float]) -> None:
    store = Store(None)
    for pause in pauses:
        store.now += pause
        assert isinstance(store.kept, InProcess)
        assert store.kept.take([steady()]).admitted


def test_counters_with_nothing_in_them_are_forgotten() -> None:
    store = Store(None)
    assert isinstance(store.kept, InProcess)
    for number in range(30_000):
        store.now += 1
        store.kept.take([steady(f"caller {number}"), quota(f"caller {number}", 5, Window(60))])
    assert len(store.kept) < 25_000
