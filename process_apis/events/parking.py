"""Parked records, as cases: a change that could not be worked on for good is never only a line in a log.

One case a record, at the desk like any other. Running it again works on the record once more with all its tries; it
closes by itself once what came in of the record was worked on.
"""

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa

from canonical.faults import Broken, Fault
from canonical.ports.processes import Run, SystemView
from process_apis import cases, own_cases
from process_apis.events import turns
from process_apis.events.tables import INBOX_KEYS
from process_apis.events.turns import Key
from process_apis.operating import FOLLOWED, VIEWED
from process_apis.platform import Platform
from process_apis.tables import RUNS

WORKFLOW: Final = "intake"
_AGAIN: Final = "Mend what it says, then run it again: what came in of this record meanwhile is worked on as well."
cases.SUGGESTIONS[WORKFLOW] = {
    "vendor_refused": ("refused", "Data owner", _AGAIN),
    "drifted": ("schema_drift", "Platform operations", f"{{system}} answers in a new way. {_AGAIN}"),
    "invalid": ("refused", "Data owner", _AGAIN),
}


def run_id(key: Key) -> str:
    """Under what a parked record stands among the runs: one row a record, so one case."""
    return f"in:{':'.join(key)}"[:200]


def open_case(connection: sa.Connection, platform: Platform, key: Key, failure: Exception) -> None:
    """Open its case, or say what is the matter now."""
    fault = failure if isinstance(failure, Fault) else Broken(f"a change broke: {type(failure).__name__}")
    system, kind, native_id = key
    values = {
        "workflow": WORKFLOW,
        "business_key": f"{system}:{native_id}"[:160],
        "title": f"A change of {kind} {native_id} in {platform.systems.title(system)}",
    }
    fault.system = fault.system or system
    own_cases.open_case(connection, platform, run_id(key), values, fault)


def close_cases(connection: sa.Connection, keys: Iterable[Key]) -> None:
    """What came in of these records was worked on: an open case of theirs is over."""
    waiting = sa.select(RUNS.c.id).where(RUNS.c.id.in_([run_id(key) for key in keys]), RUNS.c.status == "failed")
    for found in list(connection.scalars(waiting)):
        own_cases.close_case(connection, found, "What came in of the record was worked on.")


async def again(platform: Platform, run: Run) -> None:
    """A person asks for a record once more."""

    def free(c: sa.Connection) -> None:
        for row in c.execute(sa.select(INBOX_KEYS).where(INBOX_KEYS.c.parked != "")):
            key = (row.system, row.object, row.native_id)
            if run_id(key) == run.id:
                turns.unpark(c, key)

    await platform.database.run(free)
    platform.changed.set()


async def side_by_side(_platform: Platform, _run: Run) -> list[SystemView]:
    """No system is shown: what came in says only that a record changed."""
    return []


FOLLOWED[WORKFLOW] = again
VIEWED[WORKFLOW] = side_by_side
