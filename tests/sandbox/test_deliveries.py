"""Webhooks leave the sandbox at least once, and sometimes worse."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from foundation.sandbox import Box, FaultRule
from tests.sandbox.desk import DESK


class Receiver:
    """Notes what arrives; answers what it is told."""

    def __init__(self) -> None:
        self.got: list[httpx.Request] = []
        self.answers: list[int] = []
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self._take))

    def ids(self) -> list[str]:
        return [request.headers["x-id"] for request in self.got]

    def _take(self, request: httpx.Request) -> httpx.Response:
        self.got.append(request)
        return httpx.Response(self.answers.pop(0) if self.answers else 204)


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def box(clock: Clock) -> Box:
    running = Box(DESK, clock=clock)
    running.store.set_setting("webhook", {"url": "http://receiver.test/hook", "secret": "hush"})
    return running


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    yield made
    await made.http.aclose()


async def test_a_write_is_told_once_and_signed(box: Box, http: httpx.AsyncClient, receiver: Receiver) -> None:
    await http.post("/tickets", json={"title": "t"})
    assert await box.deliveries.send_due(receiver.http) == 1
    assert await box.deliveries.send_due(receiver.http) == 0
    (got,) = receiver.got
    assert (got.headers["x-id"], got.headers["x-secret"], got.content) == ("m-T000001", "hush", b'{"id":"T000001"}')


async def test_an_undone_write_is_not_told(box: Box, http: httpx.AsyncClient) -> None:
    await http.post("/tickets", json={"note": "no title"})
    assert box.deliveries.waiting() == []


async def test_a_failed_delivery_comes_again_with_the_same_id_and_a_new_stamp(
    box: Box, http: httpx.AsyncClient, receiver: Receiver, clock: Clock
) -> None:
    await http.post("/tickets", json={"title": "t"})
    receiver.answers = [500]
    assert await box.deliveries.send_due(receiver.http) == 0
    assert await box.deliveries.send_due(receiver.http) == 0  # not due yet
    clock.at += timedelta(seconds=2)
    assert await box.deliveries.send_due(receiver.http) == 1
    assert receiver.ids() == ["m-T000001", "m-T000001"]
    assert receiver.got[0].headers["x-at"] != receiver.got[1].headers["x-at"]


async def test_gone_ends_it(box: Box, http: httpx.AsyncClient, receiver: Receiver) -> None:
    await http.post("/tickets", json={"title": "t"})
    receiver.answers = [410]
    await box.deliveries.send_due(receiver.http)
    assert box.deliveries.waiting() == []


async def test_a_duplicate_delivery_comes_as_often_as_told(
    box: Box, http: httpx.AsyncClient, receiver: Receiver
) -> None:
    box.faults.add(FaultRule(fault="duplicate_delivery", path="T000001", copies=3))
    await http.post("/tickets", json={"title": "t"})
    await box.deliveries.send_due(receiver.http)
    assert receiver.ids() == ["m-T000001"] * 3


async def test_a_reordered_delivery_is_overtaken_by_the_next(
    box: Box, http: httpx.AsyncClient, receiver: Receiver
) -> None:
    box.faults.add(FaultRule(fault="reordered_delivery", delay=30))
    await http.post("/tickets", json={"title": "first"})
    assert await box.deliveries.send_due(receiver.http) == 0
    await http.post("/tickets", json={"title": "second"})
    await box.deliveries.send_due(receiver.http)
    await box.deliveries.send_due(receiver.http)
    assert receiver.ids() == ["m-T000002", "m-T000001"]


async def test_a_reordered_delivery_with_none_behind_it_comes_late(
    box: Box, http: httpx.AsyncClient, receiver: Receiver, clock: Clock
) -> None:
    box.faults.add(FaultRule(fault="reordered_delivery", delay=30))
    await http.post("/tickets", json={"title": "first"})
    clock.at += timedelta(seconds=31)
    assert await box.deliveries.send_due(receiver.http) == 1


async def test_an_address_that_is_none_holds_nobody_else_up(
    box: Box, http: httpx.AsyncClient, receiver: Receiver
) -> None:
    box.store.set_setting("webhook", {"url": "http://receiver.test:none", "secret": "s"})
    await http.post("/tickets", json={"title": "lost"})
    box.store.set_setting("webhook", {"url": "http://receiver.test", "secret": "s"})
    await http.post("/tickets", json={"title": "sent"})
    assert await box.deliveries.send_due(receiver.http) == 1


async def test_what_was_not_accepted_is_sent_after_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    first = Box(DESK, tmp_path / "desk.sqlite")
    first.store.set_setting("webhook", {"url": "http://receiver.test", "secret": "s"})
    async with httpx.AsyncClient(transport=first.transport(), base_url="http://desk.test") as http:
        await http.post("/tickets", json={"title": "t"})
    first.store.close()
    second = Box(DESK, tmp_path / "desk.sqlite")
    assert await second.deliveries.send_due(receiver.http) == 1
    second.store.close()


async def test_waiting_deliveries_are_listed_without_their_secret(http: httpx.AsyncClient) -> None:
    await http.post("/tickets", json={"title": "t"})
    said = await http.get("/_sandbox/deliveries")
    assert [each["subject"] for each in said.json()] == ["T000001"]
    assert "hush" not in said.text
