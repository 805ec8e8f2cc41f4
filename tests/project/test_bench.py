"""The call that is measured is governed indeed, by everything that is said of it."""

import asyncio
import cProfile
import gc
import pstats
from pathlib import Path

import httpx
import pytest

from bench import gateway
from bench.governed import load, others, paired, profile, world
from gateway.audit import query

GOOD = {"ratelimit", "ratelimit-policy", "deprecation", "sunset", "link", "x-request-id"}


async def test_it_is_checked_limited_recorded_and_announced(tmp_path: Path) -> None:
    key, trail = world.make_key(tmp_path), world.trail_at(tmp_path)
    served = world.over(world.governor_of(world.plan_of(tmp_path / "policies"), key, trail), world.tier())

    async def ask(bearer: str, path: str = world.PATH) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://gw") as http:
            return await http.get(path, headers={"Authorization": f"Bearer {bearer}"} if bearer else {})

    good = await ask(world.token(key))
    assert (good.status_code, good.json()["key"]) == (200, "ENG-2041")
    assert set(good.headers) >= GOOD
    assert [part.partition(";")[0] for part in good.headers["ratelimit"].split(", ")] == ['"reads"', '"per-client"']
    refused = [
        await ask(""),
        await ask(world.token(key)[:-8] + "AAAAAAAA"),
        await ask(world.token(key, scope="other:read")),
        await ask(world.token(key), world.PATH.replace("full", "wide")),
    ]
    assert [each.status_code for each in refused] == [401, 401, 403, 422]
    await trail.flush()
    assert [kept.record.status for kept in query(trail.place)] == [422, 403, 401, 401, 200]
    trail.close()


def test_others_are_asked_for_the_same(tmp_path: Path) -> None:
    """What can be seen without starting them; the bench itself checks their answers before and after it measures."""
    world.make_key(tmp_path)
    others.envoy(Path("envoy"), tmp_path, 1, 2)
    others.haproxy(Path("haproxy"), tmp_path, 1, 2)
    for config in ("envoy.json", "haproxy.cfg"):
        said = (tmp_path / config).read_text().replace("\\", "")
        for name, value in world.lifecycle_headers():
            assert name.decode() in said
            assert value.decode() in said, (config, name)
        for asked in (world.ISSUER, world.AUDIENCE, world.SCOPE, "reads"):
            assert asked in said, (config, asked)


async def test_pairs_are_told_apart_where_they_differ(tmp_path: Path) -> None:
    key = world.make_key(tmp_path)
    many, _, plan = paired.operations(tmp_path, key, world.token(key), 200)
    assert len(plan.operations) == 200
    found = await paired.compare(many, _Slower(many), blocks=4)
    assert found.ratio < 0.9
    assert found.low <= found.ratio <= found.high


async def test_a_call_leaves_nothing_that_only_the_garbage_collector_would_find(tmp_path: Path) -> None:
    key, calls = world.make_key(tmp_path), 20
    recorded, _, _, trail = paired.audit(tmp_path, key, world.token(key))
    await recorded.block(calls)
    gc.collect()
    gc.disable()
    try:
        await recorded.block(calls)
        assert gc.collect() < calls
    finally:
        gc.enable()
        trail.close()


def _run(cpu_us: float) -> load.Run:
    return load.Run(per_second=1e6 / cpu_us, cpu_us=cpu_us, parts={"tier": cpu_us}, p50_ms=1.0, p99_ms=2.0)


@pytest.mark.parametrize(
    ("again", "alone", "void"),
    [
        (104.0, 0.96, ""),
        (107.0, 1.0, "throughput 0.935, cpu 1.07"),
        (100.0, 1.06, "in_one_process 1.06"),
    ],
)
def test_a_run_in_which_the_same_server_differs_is_void(again: float, alone: float, void: str) -> None:
    served = {gateway.UNGOVERNED: [_run(100.0)] * 3, gateway.AGAIN: [_run(again)] * 3}
    within = {name: {"ratio": 1.0} for name in ("audit_on_vs_off", "operations")} | {"same_twice": {"ratio": alone}}
    result = gateway._result(served, {}, within, {}, gateway.QUICK)
    assert result["void"] == void


def test_a_run_without_the_network_is_void_and_says_why() -> None:
    within = {name: {"ratio": 1.0} for name in ("audit_on_vs_off", "operations", "same_twice")}
    result = gateway._result({}, {"Envoy": "no wrk"}, within, {}, gateway.QUICK)
    assert result["void"] == "throughput None, cpu None"
    assert result["not_run"] == {"Envoy": "no wrk"}


async def test_the_profile_says_which_module_the_time_is_spent_in(tmp_path: Path) -> None:
    key = world.make_key(tmp_path)
    side = paired.Side(
        world.over(world.governor_of(world.plan_of(tmp_path / "p"), key, None), world.tier()),
        [paired.request(world.PATH, world.token(key))],
    )
    with cProfile.Profile() as profiled:
        await side.block(50)
    found = dict(profile.shares(pstats.Stats(profiled).stats))  # type: ignore[attr-defined]  # it is there
    assert {"gateway/asgi.py", "gateway/limiting.py", "built-in"} <= set(found)
    assert abs(sum(found.values()) - 1) < 1e-6


class _Slower:
    """The same side, and as much again beside it."""

    def __init__(self, side: paired.Side) -> None:
        self._side = side

    async def block(self, calls: int) -> float:
        await asyncio.sleep(0)
        return await self._side.block(calls) + await self._side.block(calls)
