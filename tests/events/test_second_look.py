"""A stamp may stand for two changes of one second: what was read before that was surely over is read once more."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from canonical.dates import now
from canonical.faults import VendorDown
from canonical.ports.systems import Change
from foundation.database import Database, engine_of, migrate
from process_apis.events import inbox, turns
from process_apis.events.turns import Worked
from process_apis.tables import INBOX
from tests.postgres import server


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    yield from made(f"sqlite:///{tmp_path / 'tiergate.sqlite'}")


def made(url: str) -> Iterator[Database]:
    found = Database(engine_of(url))
    migrate(found.engine)
    yield found
    found.engine.dispose()


class Reader:
    """Works on whatever is due, and knows which versions it was given."""

    def __init__(self, database: Database) -> None:
        self.database, self.read = database, list[str]()
        self.down = False

    async def hear(self, version: str, *, exact: bool = False, at: datetime | None = None, outcome: str = "") -> int:
        change = Change(object="lead", native_id="1", version=version, changed_at=at or now(), exact=exact)
        return await self.database.run(lambda c: inbox.store(c, "crm", [change], "poll", outcome))

    async def work(self) -> list[str]:
        """What was read of all that is due."""
        before = len(self.read)
        while await turns.work(self.database, "w", 9, self._each):
            pass
        return self.read[before:]

    async def _each(self, row: Any) -> Worked:
        self.read.append(row.version)
        if self.down:
            raise VendorDown("no answer", system="crm")
        return Worked("read")

    async def later(self, by: timedelta = inbox.SETTLED) -> None:
        """Time passes, as the inbox has it."""

        def write(c: sa.Connection) -> None:
            for row in c.execute(sa.select(INBOX)):
                waits = {name: getattr(row, name) for name in ("again_at", "not_before") if getattr(row, name)}
                if waits:
                    passed = {name: at - by for name, at in waits.items()}
                    c.execute(sa.update(INBOX).where(INBOX.c.id == row.id).values(**passed))

        await self.database.run(write)


async def twice(reader: Reader) -> None:
    assert await reader.hear("S1") == 1
    assert await reader.work() == ["S1"]
    assert await reader.hear("S1") == 0, "the poll's overlap tells it again, and it is known"
    assert await reader.work() == [], "its second may still go on"
    await reader.later()
    assert await reader.work() == ["S1"]
    await reader.hear("S1")
    await reader.later()
    assert await reader.work() == [], "now it is final"


async def test_a_stamp_is_read_once_more_when_its_second_is_over_and_then_never_again(database: Database) -> None:
    await twice(Reader(database))


@pytest.mark.real("initdb", "postgres")
async def test_on_postgres_a_stamp_is_read_once_more_too() -> None:
    with server() as url:
        for database in made(url):
            await twice(Reader(database))


async def test_two_notifications_of_one_stamp_are_one_change_that_is_looked_at_twice(database: Database) -> None:
    """They carry nothing of what changed, and the sender may only be repeating itself: one more look settles both."""
    reader = Reader(database)
    told = [Change(object="lead", native_id="1", version="S1", changed_at=now(), notification_id=n) for n in ("a", "b")]
    assert await database.run(lambda c: inbox.store(c, "crm", told[:1], "notification")) == 1
    assert await reader.work() == ["S1"]
    assert await database.run(lambda c: inbox.store(c, "crm", told[1:], "notification")) == 0
    await reader.later()
    assert await reader.work() == ["S1"]


async def test_a_second_look_keeps_what_came_of_the_first_until_it_has_its_own(database: Database) -> None:
    reader = Reader(database)
    await reader.hear("S1")
    await reader.work()
    await reader.later()
    claimed = await database.run(lambda c: turns.claim(c, "other", 9))
    [[row]] = claimed.values()
    assert (row.outcome, row.done_at) == ("read", None)


async def test_a_version_that_is_exact_is_read_once(database: Database) -> None:
    reader = Reader(database)
    await reader.hear("V1", exact=True)
    assert await reader.work() == ["V1"]
    await reader.later()
    assert await reader.work() == []


async def test_a_change_of_long_ago_is_read_once_and_one_that_was_passed_over_never(database: Database) -> None:
    reader = Reader(database)
    await reader.hear("S1", outcome=inbox.PASSED_OVER)
    await reader.later()
    assert await reader.work() == []
    await reader.hear("S2", at=now() - timedelta(days=3))
    assert await reader.work() == ["S2"]
    await reader.later()
    assert await reader.work() == []


async def test_what_waited_until_its_second_was_over_is_read_once(database: Database) -> None:
    """The platform was away, or the vendor: a backlog is not read twice."""
    reader = Reader(database)
    await reader.hear("S1")
    reader.down = True
    assert await reader.work() == ["S1"]
    reader.down = False
    await reader.later(timedelta(hours=1))
    assert await reader.work() == ["S1"]
    await reader.later(timedelta(hours=1))
    assert await reader.work() == []


async def test_an_older_stamp_is_not_looked_at_again_where_a_newer_one_was_read(database: Database) -> None:
    reader = Reader(database)
    await reader.hear("S1")
    await reader.work()
    await reader.hear("S2")
    assert await reader.work() == ["S2"]
    await reader.later()
    assert await reader.work() == ["S2"], "one second look at the record, at its newest version"
    await reader.later()
    assert await reader.work() == []


async def test_changes_of_accounts_are_looked_at_once_more_in_their_batches_too(database: Database) -> None:
    """They have no turns: `due` gives them out."""

    async def due() -> list[str]:
        rows = await database.run(lambda c: inbox.due(c, "lead"))
        await database.run(lambda c: inbox.done(c, rows, "echo"))
        return [row.version for row in rows]

    reader = Reader(database)
    await reader.hear("S1")
    assert await due() == ["S1"]
    assert await due() == []
    await reader.later()
    assert await due() == ["S1"]
    await reader.later()
    assert await due() == []
    await reader.hear("S2")
    await reader.later()
    assert await due() == ["S2"], "it was read late enough the first time"
    assert await due() == []
