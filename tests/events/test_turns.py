"""Turns: changes of one record in their order and once, whoever works; a poisoned record parks itself and no other."""

import asyncio
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from canonical.dates import now
from canonical.faults import Conflict, Drifted, VendorDown
from canonical.ports.events import ChangesAgain
from canonical.ports.systems import Change
from foundation.context import Caller, fresh, use
from foundation.database import Database, engine_of, migrate
from foundation.masking import Masker
from process_apis.bindings import Systems
from process_apis.engine import Engine
from process_apis.events import inbox, turns
from process_apis.events.inbound import Stewarding
from process_apis.events.turns import Worked
from process_apis.platform import Platform
from process_apis.tables import INBOX
from tests.postgres import server

LEDGER = sa.Table(
    "asked_in_a_test",
    sa.MetaData(),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("key", sa.String(20), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)
"""What the consumer was made to do, as it was done."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    yield from made(f"sqlite:///{tmp_path / 'tiergate.sqlite'}")


def made(url: str) -> Iterator[Database]:
    found = Database(engine_of(url))
    migrate(found.engine)
    LEDGER.create(found.engine)
    yield found
    found.engine.dispose()


def change(key: int, version: int) -> Change:
    return Change(object="time", native_id=f"{key:05}", version=f"{version:06}", changed_at=now(), exact=True)


async def applied(row: Any) -> Worked:
    """Its effect is written in the transaction that says it was worked on."""
    await asyncio.sleep(0)

    def effect(c: sa.Connection) -> None:
        c.execute(sa.insert(LEDGER).values(key=row.native_id, version=int(row.version)))

    return Worked("applied", effect)


async def store_all(database: Database, changes: list[Change]) -> int:
    stored = 0
    for first in range(0, len(changes), 500):
        part = changes[first : first + 500]
        stored += await database.run(lambda c, p=part: inbox.store(c, "psa", p, "notification"))
    return stored


async def play(database: Database, events: int, keys: int, workers: int, seed: int) -> dict[str, Any]:
    """All events come in while all workers work; a few come late, and all of them a second time."""
    dice, each = random.Random(seed), events // keys
    changes = [change(key, version) for version in range(1, each + 1) for key in range(keys)]
    for place in range(0, events - 1, 10):  # one in ten changes places with one near it, of its own record or another
        other = min(events - 1, place + dice.randrange(3 * keys))
        changes[place], changes[other] = changes[other], changes[place]
    over = asyncio.Event()

    async def worker(number: int) -> None:
        await asyncio.sleep(number / workers)
        while True:
            ended = over.is_set()
            if not await turns.work(database, f"w{number}", 8, applied, every=True):
                if ended:
                    return
                await asyncio.sleep(0.2)

    async def intake() -> int:
        try:
            return await store_all(database, changes)
        finally:
            over.set()

    async def round_() -> int:
        over.clear()
        stored, *_ = await asyncio.gather(intake(), *(worker(number) for number in range(workers)))
        return stored

    began = time.monotonic()
    stored = await round_()
    first = await database.run(_ledger)
    again = await round_()
    second = await database.run(_ledger)
    outcomes = sa.select(INBOX.c.outcome, sa.func.count()).group_by(INBOX.c.outcome)
    counts = await database.run(lambda c: {row[0]: row[1] for row in c.execute(outcomes)})
    return {
        "events": stored, "stored_again": again, "seconds": round(time.monotonic() - began, 1),
        "applied": counts.get("applied", 0), "stale": counts.get("stale", 0), "left": counts.get("", 0),
        **judged(second), "applied_by_the_repeat": len(second) - len(first),
    }  # fmt: skip


def _ledger(c: sa.Connection) -> list[tuple[str, int]]:
    return [(row.key, row.version) for row in c.execute(sa.select(LEDGER).order_by(LEDGER.c.number))]


def judged(ledger: list[tuple[str, int]]) -> dict[str, int]:
    last: dict[str, int] = {}
    inversions = 0
    for key, version in ledger:
        inversions += version < last.get(key, 0)
        last[key] = version
    return {"inversions": inversions, "doubles": len(ledger) - len(set(ledger)), "keys": len(last)}


async def test_eight_workers_apply_a_thousand_events_in_order_and_once(database: Database) -> None:
    said = await play(database, 1000, 50, 8, 7)
    assert (said["events"], said["stored_again"], said["left"]) == (1000, 0, 0)
    assert (said["inversions"], said["doubles"], said["applied_by_the_repeat"]) == (0, 0, 0)
    assert said["applied"] + said["stale"] == 1000
    assert said["applied"] > 500
    assert said["keys"] == 50


@pytest.mark.real("initdb", "postgres")
async def test_on_postgres_12_workers_apply_3_000_events_in_order_and_once() -> None:
    with server() as url:
        for database in made(url):
            said = await play(database, 3000, 100, 12, 7)
    assert (said["events"], said["left"], said["inversions"], said["doubles"]) == (3000, 0, 0, 0)
    assert said["applied"] + said["stale"] == 3000


@pytest.mark.real
async def test_32_workers_apply_50_000_events_of_500_keys_in_order_and_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And once more all of them, which changes nothing."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(36))
    for database in made(f"sqlite:///{tmp_path / 'tiergate.sqlite'}"):
        said = await play(database, 50_000, 500, 32, 7)
    with capsys.disabled():
        sys.stdout.write(f"\n{said}\n")
    assert (said["events"], said["stored_again"], said["left"], said["keys"]) == (50_000, 0, 0, 500)
    assert (said["inversions"], said["doubles"], said["applied_by_the_repeat"]) == (0, 0, 0)
    assert said["applied"] + said["stale"] == 50_000


async def test_a_poisoned_change_parks_its_record_and_nothing_else_until_somebody_says_so(database: Database) -> None:
    poisoned = {"00001"}

    async def work(row: Any) -> Worked:
        if row.native_id in poisoned:
            raise Drifted("the time has no hours", system="psa")
        return await applied(row)

    await store_all(database, [change(key, 1) for key in range(4)])
    await turns.work(database, "w", 9, work, every=True)
    await store_all(database, [change(key, version) for version in (2, 3) for key in range(4)])
    while await turns.work(database, "w", 9, work, every=True):
        pass
    steward = Stewarding(
        Platform(
            database=database, engine=Engine(database), systems=Systems({}, lambda *_: None), masker=Masker(b"key")  # type: ignore[arg-type,return-value]  # asked for nothing
        )
    )  # fmt: skip
    [parked] = (await steward.parked_changes()).items
    assert (parked.native_id, parked.was.split(":")[0]) == ("00001", "parked")
    assert "the time has no hours" in parked.was
    assert {key for key, _ in await database.run(_ledger)} == {"00000", "00002", "00003"}
    poisoned.clear()
    asked = ChangesAgain(system="psa", object="time", native_id="00001")
    priya = fresh(caller=Caller(subject="priya", client="console", layer="experience", scopes=frozenset()))
    with use(priya):
        dry = await steward.replay_changes(ChangesAgain(system="psa", object="time", native_id="00001", dry_run=True))
        assert not await turns.work(database, "w", 9, work, every=True), "only said"
        [said] = dry.changes
        assert (said.would, said.why) == ("no workflow", "Nothing works on such changes.")
        done = await steward.replay_changes(asked)
        assert done.changes == [msgspec.structs.replace(said, would="", why="")]
    while await turns.work(database, "w", 9, work, every=True):
        pass
    ledger = await database.run(_ledger)
    assert [version for key, version in ledger if key == "00001"] == [1, 2, 3]
    assert (await steward.parked_changes()).items == []
    since = await steward.replay_changes(ChangesAgain(since=now() - timedelta(hours=1), dry_run=True))
    assert [(each.was, each.passed_over) for each in since.changes] == [("applied", 2)] * 4
    with use(priya):
        await steward.replay_changes(ChangesAgain(since=now() - timedelta(hours=1)))
    due = sa.select(INBOX.c.version).where(INBOX.c.done_at.is_(None))
    last = [each.version for each in since.changes]
    assert await database.run(lambda c: list(c.scalars(due))) == last, "those that are passed over stay done"


async def test_what_may_pass_is_tried_again_and_parked_after_many_tries(database: Database) -> None:
    async def down(row: Any) -> Worked:
        raise VendorDown("no answer", system="psa")

    await store_all(database, [change(1, 1)])
    for _ in range(inbox.MOST_TRIES):
        assert await turns.work(database, "w", 9, down) == 1
        await database.run(lambda c: c.execute(sa.update(INBOX).values(not_before=None)))
    assert await turns.work(database, "w", 9, down) == 0


async def test_a_worker_whose_turn_ran_out_writes_nothing_over_what_came_later(database: Database) -> None:
    await store_all(database, [change(1, 1)])
    over = timedelta(seconds=-1)
    claimed = await database.run(lambda c: turns.claim(c, "slow", 9, held=over))
    await store_all(database, [change(1, 2)])
    await turns.work(database, "quick", 9, applied)
    [(key, rows)] = claimed.items()
    late = await applied(rows[0])
    with pytest.raises(Conflict):
        await database.run(lambda c: turns._settle(c, "slow", key, [(rows[0], late)], None))
    assert await database.run(_ledger) == [("00001", 2)]
