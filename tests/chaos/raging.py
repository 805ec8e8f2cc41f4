"""One storm from its first deal to its verdict."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from canonical.dates import now
from foundation.database import engine_of
from foundation.sandbox.firm import deals
from tests.chaos.calling import Runs
from tests.chaos.ground import PROCESSES, Ground, ground
from tests.chaos.judged import CONTRACT, Findings, judge, settled, states
from tests.chaos.people import Firm
from tests.chaos.plan import Storm, faults, storm

_QUIET: Final = 8
"""Looks in a row at which nothing is under way: what has not gone well by then waits for a person."""
PATIENCE_SECONDS: Final = 120.0
"""How long nothing may end before the storm is given up; the executors have a start-up of some seconds, too."""


class Report(Findings, kw_only=True):
    """The findings of a storm, and what it was like."""

    seed: int
    database: str
    kills: int
    struck: int
    """Faults that struck."""
    seconds: float

    def counted(self) -> dict[str, Any]:
        """What is printed."""
        lists = ("duplicates", "lost", "untrue")
        said = {name: len(value) if name in lists else value for name, value in msgspec.structs.asdict(self).items()}
        said |= {"parked": sum(self.parked.values()), "parked_for": self.parked}
        said |= {"duplicates_of": dict(Counter(each.partition(": ")[2].partition(" ")[0] for each in self.duplicates))}
        return said | {"seconds": round(self.seconds, 1)}


async def rage(runs: int, seed: int, database: str, say: Callable[[str], None]) -> Report:
    """Stand everything up, let the storm rage, wait until it is quiet, and judge."""
    began = time.monotonic()
    planned = storm(runs, seed, PROCESSES[database])
    async with ground(database, runs) as standing:
        say(f"{runs} deals, seed {seed}, {database}, {len(standing.executors)} executors; logs in {standing.folder}")
        engine = engine_of(standing.database_url)
        try:
            known = {deal.number: deal for deal in deals(now().date(), runs)}
            await standing.plan(faults(seed))
            seen = Runs()
            firm = Firm(standing, planned, known, seen)
            kills = await _through(standing, planned, firm, seen, engine, say)
            struck = await standing.calm()
            findings = await judge(standing, planned, known, firm.asked, engine)
        finally:
            engine.dispose()
    more = {"seed": seed, "database": database, "kills": kills, "struck": struck, "seconds": time.monotonic() - began}
    return Report(**msgspec.structs.asdict(findings), **more)


async def _through(
    standing: Ground, planned: Storm, firm: Firm, seen: Runs, engine: sa.Engine, say: Callable[[str], None]
) -> int:
    """Let them work while executors die; back when all is quiet. The number of kills."""
    working = asyncio.create_task(firm.work())
    kills, left, ended, last, quiet = 0, list(planned.kills), -1, time.monotonic(), 0
    try:
        while True:
            await asyncio.sleep(0.25)
            with suppress(sa.exc.OperationalError):  # no tables before the first executor has started
                found = states(engine)
                seen.know(found)
                over = sum(row.ended_at is not None for row in found)
                if over != ended:
                    ended, last = over, time.monotonic()
                    say(f"{len(found):5} begun {over:5} ended {kills:3} kills")
                # What was won while nobody was there to hear of it is nowhere yet.
                carried = {(row.business_key, row.generation) for row in found if row.workflow == CONTRACT}
                heard = firm.won <= {row.business_key for row in found} and firm.agreed <= carried
                heard = heard and standing.all_ready()
                quiet = quiet + 1 if heard and not left and settled(engine) else 0
                seen.over = seen.over or quiet >= _QUIET
                if working.done() and quiet >= _QUIET:
                    return kills
            standing.tend()
            if working.done():
                await working  # says what went wrong
            while left and left[0][0] <= ended:
                standing.kill(left.pop(0)[1])
                kills += 1
                await asyncio.sleep(0.1)
            if wrong := standing.dead():
                raise AssertionError("; ".join(wrong))
            if time.monotonic() - last > PATIENCE_SECONDS:
                say(f"nothing has ended for {PATIENCE_SECONDS:.0f} s; what is there is judged")
                return kills
    finally:
        working.cancel()
