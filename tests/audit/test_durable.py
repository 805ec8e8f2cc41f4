"""A durable call is not begun, and not answered, before that is on record."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.audit import query, verify
from gateway.audit.sqlite import SqliteStore
from gateway.audit.store import Transaction
from tests.audit.conftest import Ground
from tests.gateway.notes import CABINET_FILE, NOTES_FILE, PLATFORM, PROCESS_TIER, Desk, Note, World, problem, token

KEYED = "/notes/v2/notes/by-key/k1"
DURABLE = NOTES_FILE.replace("audit: bodies", "audit: {keep: bodies, durable: true, retain: money}")
KEPT = PLATFORM + "retention: {standard: {records: 400d}, money: {records: 7y, bodies: 1y}}\n"


class Disk:
    """What a disk may do to the commits of a record."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.broken = False
        self.open = threading.Event()
        self.open.set()
        self.commits: list[bool] = []
        """Whether each was durable."""
        self.meanwhile: Callable[[], None] = lambda: None
        """What happens while the tier works."""
        begin: Callable[..., Any] = SqliteStore.begin

        @contextmanager
        def slow(store: SqliteStore, *, durable: bool = False) -> Iterator[Transaction]:
            self.open.wait(10)
            if self.broken:
                raise sqlite3.OperationalError("disk I/O error")
            with begin(store, durable=durable) as transaction:
                yield transaction
            self.commits.append(durable)

        monkeypatch.setattr(SqliteStore, "begin", slow)
        monkeypatch.setattr("gateway.recorded.PATIENCE", 0.5)
        monkeypatch.setattr("gateway.audit.trail._RETRY", 0.05)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.fixture
async def durable(tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    works = Desk.upsert_note

    async def working(desk: Desk, key: str, data: Note) -> Note:
        disk.meanwhile()
        return await works(desk, key, data)

    monkeypatch.setattr(Desk, "upsert_note", working)
    cabinet = CABINET_FILE.replace("audit: bodies", "audit: {durable: true}")
    made = World(tmp_path, notes=DURABLE, cabinet=cabinet, platform=KEPT)
    yield made
    disk.broken = False
    disk.open.set()
    await made.close()


async def put(world: World) -> Any:
    return await world.ask("PUT", KEYED, token(), json={"title": "a"})


async def test_an_answered_call_is_on_record_at_once_with_its_begin_and_its_end(durable: World, disk: Disk) -> None:
    answer = await put(durable)
    assert answer.status_code == 200
    [kept] = query(durable.trail.place)
    assert (kept.record.status, kept.record.retention, kept.record.key) == (200, "money", "k1")
    there = Ground(durable.trail.place).records()
    assert [(record.status, record.reason) for record in there] == [(0, "begun"), (200, "")]
    assert disk.commits.count(True) == 2
    assert verify(durable.trail.place) == []


async def test_neither_the_call_nor_its_answer_is_ahead_of_the_disk(durable: World, disk: Disk) -> None:
    disk.open.clear()
    asking = asyncio.create_task(put(durable))
    await asyncio.sleep(0.2)
    assert durable.desk.asked == []
    disk.open.set()
    assert (await asking).status_code == 200


async def test_calls_that_wait_together_share_a_commit(durable: World, disk: Disk) -> None:
    who = [token(sub=f"person-{number}") for number in range(20)]
    disk.open.clear()
    asking = [asyncio.create_task(durable.ask("PUT", KEYED, one, json={"title": "a"})) for one in who]
    await asyncio.sleep(0.2)
    disk.open.set()
    assert {(await one).status_code for one in asking} == {200}
    assert disk.commits.count(True) < 20
    assert len(query(durable.trail.place)) == 20


async def test_without_the_record_nothing_is_done_and_the_line_is_named(durable: World, disk: Disk) -> None:
    disk.broken = True
    for _ in range(2):  # the first waits for the record, the second is told at once
        answer = await put(durable)
        assert (answer.status_code, problem(answer)["reason"]) == (503, "audit_unavailable")
        assert problem(answer)["facts"] == {"done": "no", "policy": "policies/apis/notes.yaml:18"}
    assert durable.desk.asked == []


async def test_an_end_that_cannot_be_recorded_is_not_answered_as_if_it_were(durable: World, disk: Disk) -> None:
    def breaks() -> None:
        disk.broken = True

    disk.meanwhile = breaks
    answer = await put(durable)
    assert (answer.status_code, problem(answer)["facts"]) == (503, {"done": "yes"})
    [kept] = query(durable.trail.place)
    assert (kept.record.status, kept.record.reason) == (0, "begun")
    disk.broken = False
    await durable.trail.flush()
    assert [kept.record.status for kept in query(durable.trail.place)] == [200]
    assert verify(durable.trail.place) == []


async def test_what_fails_within_is_on_record_before_it_is_answered_too(durable: World, disk: Disk) -> None:
    def bug() -> None:
        raise RuntimeError("inner text")

    disk.meanwhile = bug
    answer = await put(durable)
    assert (answer.status_code, problem(answer)["reason"]) == (500, "broken")
    assert [kept.record.status for kept in query(durable.trail.place)] == [500]


async def test_a_direct_call_waits_and_is_refused_likewise(durable: World, disk: Disk) -> None:
    done: list[str] = []

    async def work() -> None:
        done.append("done")

    await durable.governor.call(durable.plan.operations["cabinet-v1.upsertNote"].api, "upsertNote", PROCESS_TIER,
                                {"key": "k1"}, work)  # fmt: skip
    assert [kept.record.status for kept in query(durable.trail.place)] == [200]
    disk.broken = True
    with pytest.raises(Exception, match="nothing was done"):
        await durable.governor.call(durable.plan.operations["cabinet-v1.upsertNote"].api, "upsertNote", PROCESS_TIER,
                                    {"key": "k1"}, work)  # fmt: skip
    assert done == ["done"]


async def test_other_calls_do_not_wait_and_lose_no_record_of_a_disk_that_fails_for_a_while(
    durable: World, disk: Disk
) -> None:
    disk.broken = True
    for number in range(3):
        assert (await durable.ask("GET", f"/notes/v2/notes/n{number}", token())).status_code == 200
    await asyncio.to_thread(_until, lambda: durable.trail.failing)
    disk.broken = False
    await durable.trail.flush()
    assert [kept.record.key for kept in query(durable.trail.place)] == ["n2", "n1", "n0"]
    assert verify(durable.trail.place) == []


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
