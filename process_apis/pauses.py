"""Connections that refuse our sign-in are paused as a whole, and what waited for them goes on by itself.

A step that is refused asks once who we are: a token may only just have ended. Where the system does not say, its run
stops with a case, and every other run that comes to that system stops there without asking: knocking at a closed door
locks accounts. Meanwhile the worker asks again, ever less often; once the system knows us, all those runs go on from
the step they stopped at. The service desk hears of the first one only.
"""

import asyncio
import time
from contextlib import suppress
from typing import Final

import sqlalchemy as sa
import structlog

from canonical.faults import Conflict, VendorSignIn
from foundation.context import fresh, use
from process_apis.operating import retry, undo_id
from process_apis.platform import Platform, on_own_account
from process_apis.steps import knows_us
from process_apis.tables import CASES, RUNS

_LEAST_OFTEN: Final = 30
"""Polls after which a closed door is tried again at the latest."""
log = structlog.get_logger("tiergate.pauses")


class Doors:
    """Closed ones, seen by one worker."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._next: dict[str, tuple[float, float]] = {}
        """System -> when it is tried again, and the wait after that."""

    async def try_all(self) -> None:
        """Try those that are due; where one opens, let everything that waits for it go on."""
        waiting = await self._platform.database.run(_waiting)
        for opened in [system for system in self._platform.paused if system not in waiting]:
            self._open(opened)
        for system, runs in waiting.items():
            self._platform.paused.setdefault(system, "It refuses our sign-in.")
            if self._due(system) and await self._knows_us(system):
                log.warning("a paused connection goes on", system=system, runs=len(runs))
                self._open(system)
                await self._go_on(runs)

    async def _knows_us(self, system: str) -> bool:
        with use(fresh(caller=on_own_account("connections"))):
            return await knows_us(self._platform, system)

    async def _go_on(self, runs: list[str]) -> None:
        undone = await self._platform.engine.statuses([undo_id(run) for run in runs])
        for run in runs:
            if undo_id(run) in undone:
                continue  # it was cancelled: whether to go on undoing it or to go on is for a person
            with use(fresh(caller=on_own_account("connections"))), suppress(Conflict):  # somebody was quicker
                await retry(self._platform, run)
            await asyncio.sleep(0)

    def _due(self, system: str) -> bool:
        at, wait = self._next.get(system, (0.0, self._platform.pace.poll))
        if time.monotonic() < at:
            return False
        self._next[system] = (time.monotonic() + wait, min(2 * wait, _LEAST_OFTEN * self._platform.pace.poll))
        return True

    def _open(self, system: str) -> None:
        self._platform.paused.pop(system, None)
        self._next.pop(system, None)


def _waiting(connection: sa.Connection) -> dict[str, list[str]]:
    """The runs that stopped at a closed door, by system, oldest first."""
    stopped = (CASES.c.state == "open", RUNS.c.status == "failed", RUNS.c.reason == VendorSignIn.reason)
    query = sa.select(CASES.c.system, RUNS.c.id).join(RUNS, RUNS.c.id == CASES.c.run_id)
    found: dict[str, list[str]] = {}
    for row in connection.execute(query.where(*stopped, CASES.c.system != "").order_by(RUNS.c.ended_at)):
        found.setdefault(row.system, []).append(row.id)
    return found
