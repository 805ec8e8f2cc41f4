"""The same tier on PostgreSQL, where several processes may share the work."""

from collections.abc import Iterator

import pytest

from foundation.sandbox import Box
from system_apis import Demo
from tests.postgres import server
from tests.process.world import world

pytestmark = pytest.mark.real("initdb", "postgres")


@pytest.fixture
def postgres() -> Iterator[str]:
    with server() as url:
        yield url


async def test_what_holds_on_sqlite_holds_on_postgres(
    postgres: str, known: dict[str, Demo], boxes: dict[str, Box]
) -> None:
    """Made and verified; refused; parked and run again; cancelled and undone; traced."""
    async with world(postgres, known, boxes) as firm:
        made = await firm.played("D01")
        assert (made.run.status, made.run.verified) == ("succeeded", True)
        again = await firm.start("D01")
        assert again.id == made.run.id
        refused = await firm.played("D09")
        assert [error.rule for error in refused.run.errors] == ["tax_profile", "currency"]

        firm.fault("kantata", "server_error", method="POST", path="/workspaces", times=2 * firm.platform.pace.attempts)
        parked = await firm.played("D12")
        cancelled = await firm.played("D02")
        assert [parked.run.status, cancelled.run.status] == ["failed", "failed"]
        await firm.workflow.retry_run(parked.run.id)
        assert (await firm.finished(parked.run.id)).run.verified is True
        await firm.workflow.cancel_run(cancelled.run.id)
        assert (await firm.finished(cancelled.run.id)).run.status == "cancelled"

        assert (await firm.operations.trace(made.run.customer)).runs[0].run.id == made.run.id
        assert (await firm.operations.overview()).open_cases == 1
        assert firm.duplicates() == []
