"""The undoing of a sync, killed by SIGKILL at each of its checkpoints in turn: what was overwritten is back once."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from canonical.dates import now
from foundation.context import fresh
from process_apis import journal
from process_apis.account_sync.overwritten import Field
from process_apis.account_sync.undo import NAME, PREFIX
from process_apis.tables import SYNC_WRITES
from tests.kills.conftest import PATIENCE, Ground

pytestmark = pytest.mark.real
OBJECTS = "/services/data/v62.0/sobjects"


class Books:
    """A firm whose platforms die, and what its syncs wrote to the books."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground

    async def until(self, holds: Callable[[sa.Connection], Any]) -> Any:
        engine = sa.create_engine(f"sqlite:///{self.ground.state / 'tiergate.sqlite'}")
        deadline = time.monotonic() + PATIENCE
        try:
            while time.monotonic() < deadline:
                with suppress(sa.exc.OperationalError), engine.begin() as connection:  # no tables before the first
                    if found := holds(connection):
                        return found
                await asyncio.sleep(0.1)
        finally:
            engine.dispose()
        raise AssertionError((self.ground.state / "platforms.txt").read_text()[-4000:])

    async def wrote(self, field: str) -> Any:
        """The sync that wrote a field of a person in the books."""
        query = sa.select(SYNC_WRITES).where(SYNC_WRITES.c.ended_at.is_not(None), SYNC_WRITES.c.system == "netsuite")

        def look(c: sa.Connection) -> Any:
            for row in c.execute(query.where(sa.not_(SYNC_WRITES.c.made))):
                if field in msgspec.json.decode(row.fields, type=dict[str, Field]):
                    return row
            return None

        return await self.until(look)

    async def person(self, native_id: str) -> dict[str, Any]:
        (found,) = [each for each in await self.ground.records("netsuite", "contact") if str(each["id"]) == native_id]
        return found


async def test_what_a_sync_wrote_is_put_back_once_wherever_its_undoing_is_killed(ground: Ground) -> None:
    books = Books(ground)
    await ground.win("D01")
    ground.platform()
    made = await books.until(
        lambda c: c.execute(
            sa.select(SYNC_WRITES).where(SYNC_WRITES.c.made, SYNC_WRITES.c.system == "netsuite")
        ).first()
    )
    before = await books.person(made.native_id)
    people = await ground.records("salesforce", "Contact")
    (told,) = [each for each in people if f"salesforce:{each['Id']}" == before["externalId"]]
    await ground.crm("PATCH", f"{OBJECTS}/Contact/{told['Id']}", {"Phone": "+1 207 555 0199"})
    sync = await books.wrote("phone")
    ground.ended()
    ground.end()
    run_id = f"{PREFIX}:{sync.sync_id}"
    row: dict[str, Any] = {
        "id": run_id,
        "workflow": NAME,
        "business_key": sync.canonical_id,
        "generation": 1,
        "input_hash": "",
    }
    # What asking for it writes; the process dies before it asks the engine for the run.
    row |= {"status": "running", "started_at": now(), "traceparent": fresh().traceparent}
    row["acted_for"] = "dana@acme.example@console"
    await books.until(lambda c: journal.begin_run(c, row))
    died = [place.rpartition(" ")[2] for place in ground.killed_everywhere(run_id)]
    assert died == ["01-read", "02-guard", "03-put-back-001", "04-verify", "end-succeeded", "ticket"]
    assert ground.ended()[run_id][:2] == ("succeeded", True)
    after = await books.person(made.native_id)
    assert {name: after.get(name) for name in ("phone", "email")} == {
        name: before.get(name) for name in ("phone", "email")
    }
    assert await ground.duplicates() == []
