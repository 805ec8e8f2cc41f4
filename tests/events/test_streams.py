"""Events in the streams of a real Redis: in order, once, and none is lost while it is away."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from process_apis.events import streams
from process_apis.events.telling import Teller
from tests.events.conftest import OF_A_DEAL, Telling, calling
from tests.events.test_telling import WHOLE
from tests.redis_server import RedisServer


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[RedisServer]:
    server = RedisServer(tmp_path)
    await asyncio.to_thread(server.start)
    yield server
    await asyncio.to_thread(server.stop)


@pytest.fixture
async def streaming(telling: Telling, redis: RedisServer) -> Telling:
    """The same firm, with streams."""
    await telling.teller.stop()
    telling.firm.platform.event_streams = redis.url
    telling.teller = Teller(telling.firm.platform, telling.receiver)
    await streams.follow(telling.firm.platform.database, wanted=True)
    return telling


def told(redis: RedisServer) -> dict[str, list[dict[str, Any]]]:
    """The events of each deal, as a consumer of all streams reads them."""
    found: dict[str, list[dict[str, Any]]] = {}
    with redis.client() as client:
        for stream in sorted(client.scan_iter("tiergate:{events:?}")):
            for _, entry in client.xrange(stream):
                event = msgspec.json.decode(entry[b"event"])
                assert (event["id"], event["type"]) == (entry[b"id"].decode(), entry[b"type"].decode())
                assert stream.decode() == streams.stream_of(event["subject"]), "all of a subject are in one"
                if event["type"] in OF_A_DEAL:
                    found.setdefault(event["subject"], []).append(event)
    return found


def words(events: list[dict[str, Any]]) -> list[str]:
    return [each["type"].removeprefix("com.tiergate.").removesuffix(".v1") for each in events]


async def test_all_events_of_a_deal_are_in_its_stream_in_order_and_subscribers_hear_as_before(
    streaming: Telling, redis: RedisServer
) -> None:
    await streaming.subscribe()
    runs = [await streaming.firm.played(code) for code in ("D01", "D03")]
    await streaming.tell()
    found = told(redis)
    assert set(found) == {run.run.business_key for run in runs}
    for subject, events in found.items():
        kept = (await streaming.service.events(subject=subject)).items
        assert events == msgspec.to_builtins(kept), "whole, and in the order in which they happened"
    assert words(found[runs[0].run.business_key]) == WHOLE
    assert len(streaming.receiver.types) == sum(map(len, found.values()))
    with redis.client() as client:
        client.xgroup_create(streams.stream_of(runs[0].run.business_key), "screens", id="0")
        assert client.xreadgroup("screens", "one", {streams.stream_of(runs[0].run.business_key): ">"})


async def test_while_redis_is_away_events_wait_and_then_come_in_their_order_and_once(
    streaming: Telling, redis: RedisServer
) -> None:
    await asyncio.to_thread(redis.stop)
    run = await streaming.firm.played("D01")
    for _ in range(12):
        await streaming.later(90_000)
        await streaming.tell()
    assert max(await streaming.waits()) <= 60, "longer than any subscriber is given, and it is tried each minute"
    await asyncio.to_thread(redis.start)
    await streaming.later(60)
    await streaming.tell()
    assert {key: words(events) for key, events in told(redis).items()} == {run.run.business_key: WHOLE}


async def test_what_a_process_appended_before_it_died_is_not_appended_again(
    streaming: Telling, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await streaming.firm.played("D01")

    async def dies(self: streams.Streams, row: Any, body: bytes) -> tuple[int, str]:
        await tell(self, row, body)
        raise asyncio.CancelledError

    tell = streams.Streams.tell
    with monkeypatch.context() as dying:
        dying.setattr(streams.Streams, "tell", dies)
        with pytest.raises(asyncio.CancelledError):
            await streaming.teller.tell_due()
    assert [words(events) for events in told(redis).values()] == [WHOLE[:1]]
    await streaming.later(61)
    others = [streaming.teller, Teller(streaming.firm.platform, streaming.receiver)]
    while sum(await asyncio.gather(*(each.tell_due() for each in others))):
        pass
    await others[1].stop()
    assert [words(events) for events in told(redis).values()] == [WHOLE]


async def test_without_streams_nothing_is_kept_for_them_and_what_waited_comes_when_they_are_back(
    streaming: Telling, redis: RedisServer
) -> None:
    first = await streaming.firm.played("D01")
    plain = streaming.firm.platform
    plain.event_streams = ""
    without = Teller(plain, streaming.receiver)
    await streams.follow(plain.database, wanted=False)
    await streaming.firm.played("D03")
    assert await without.tell_due() == 0
    await without.stop()
    await streams.follow(plain.database, wanted=True)
    await streaming.tell()
    assert list(told(redis)) == [first.run.business_key]


async def test_nobody_ends_or_sees_the_streams_of_the_firm_by_the_api(streaming: Telling) -> None:
    own = await streaming.subscribe()
    with calling():
        assert [each.id for each in await streaming.service.subscriptions()] == [own.id]
