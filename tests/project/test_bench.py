"""The call that is measured is governed indeed, by everything that is said of it."""

import asyncio
from pathlib import Path

import httpx

from bench.governed import others, paired, world
from gateway.audit import query

GOOD = {"ratelimit", "ratelimit-policy", "deprecation", "sunset", "link", "x-request-id"}


async def test_it_is_checked_limited_recorded_and_announced(tmp_path: Path) -> None:
    key, trail = world.make_key(tmp_path), world.trail_at(tmp_path)
    gateway = world.over(world.governor_of(world.plan_of(tmp_path / "policies"), key, trail), world.tier())

    async def ask(bearer: str, path: str = world.PATH) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(gateway), base_url="http://gw") as http:
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


class _Slower:
    """The same side, and as much again beside it."""

    def __init__(self, side: paired.Side) -> None:
        self._side = side

    async def block(self, calls: int) -> float:
        await asyncio.sleep(0)
        return await self._side.block(calls) + await self._side.block(calls)
