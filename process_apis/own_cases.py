"""Cases of what no run of the engine brought about: one row among the runs a thing, closed when its systems agree."""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from canonical.dates import now
from canonical.faults import Fault
from foundation.context import current
from process_apis import cases, journal
from process_apis.platform import Platform
from process_apis.tables import RUNS

_STATUS: Final = sa.select(RUNS.c.status).where(RUNS.c.id == sa.bindparam("run"))


def open_case(
    connection: sa.Connection, platform: Platform, run_id: str, values: Mapping[str, Any], fault: Fault
) -> bool:
    """Open it, or say what is the matter now; whether it was not open before. The same matter stays as it is."""
    row = {
        "id": run_id,
        "generation": 1,
        "input_hash": "",
        "status": "running",
        "started_at": now(),
        "traceparent": current().traceparent,
        **values,
    }
    known = is_open(connection, run_id)
    if not journal.begin_run(connection, row):
        journal.update_run(connection, run_id, status="running", title=row["title"], customer=row.get("customer", ""))
    cases.open_case(connection, platform, run_id, "failed", fault, "running")
    return not known


def is_open(connection: sa.Connection, run_id: str) -> bool:
    """Whether a person is asked about it."""
    return connection.execute(_STATUS, {"run": run_id}).scalar() not in (None, "succeeded")


def close_case(connection: sa.Connection, run_id: str, why: str, who: str = cases.TIERGATE) -> bool:
    """Its systems agree: an open case is over; whether there was one."""
    if not is_open(connection, run_id):
        return False
    journal.update_run(connection, run_id, status="succeeded", ended_at=now(), verified=True, reason="", detail="")
    cases.close(connection, run_id, who, why)
    return True
