"""Runs that nobody works on, found by looking and put right.

A run stands in two stores, ours and the engine's, and a process may die between the two writes: after a run was written
down and before it was queued, after it was cancelled and before its undoing was. A run that stays so over two looks is
queued again, or ends as failed with a case where the engine says it is over and we never heard how. A run whose
hindrances were all approved, and that nobody had go on before a process died, goes on.
"""

from contextlib import suppress
from typing import Any

import sqlalchemy as sa
import structlog

from canonical.faults import Broken, Conflict
from process_apis import approvals, cases
from process_apis.engine import UNDER_WAY
from process_apis.operating import begun_as, retry, undo_id
from process_apis.platform import Platform
from process_apis.tables import RUNS

log = structlog.get_logger("tiergate.mending")


async def mend(platform: Platform, suspects: frozenset[str]) -> frozenset[str]:
    """Put right what was suspect at the last look and still is; answers the suspects for the next one."""
    unfinished = sa.or_(RUNS.c.status == "running", sa.and_(RUNS.c.status == "cancelled", RUNS.c.ended_at.is_(None)))
    query = sa.select(RUNS.c.id, RUNS.c.status, RUNS.c.workflow, RUNS.c.business_key).where(unfinished)
    rows: list[Any] = await platform.database.run(lambda c: list(c.execute(query)))
    worked_on = {row.id: undo_id(row.id) if row.status == "cancelled" else row.id for row in rows}
    known = await platform.engine.statuses(list(worked_on.values())) if rows else {}
    lost = [row for row in rows if known.get(worked_on[row.id]) not in UNDER_WAY]
    for row in lost:
        if row.id in suspects:
            await _put_right(platform, row, known.get(worked_on[row.id], ""))
    for run_id in await platform.database.run(approvals.waiting):
        with suppress(Conflict):  # somebody else was faster, or it is just coming to its end
            await retry(platform, run_id)
    return frozenset(row.id for row in lost)


async def _put_right(platform: Platform, row: Any, engine_says: str) -> None:
    log.warning("a run was lost and is put right", run=row.id, status=row.status, engine=engine_says or "nothing")
    workflow = await platform.database.run(lambda c: begun_as(c, row.workflow, row.id))
    if engine_says:
        await cases.end_with_case(row.id, Broken("The run stopped without saying why."), row.status)
    elif row.status == "cancelled":
        await platform.engine.enqueue(undo_id(row.id), row.business_key, workflow.undo, row.id)
    else:
        given = workflow.argument(row.id, row.business_key)
        await platform.engine.enqueue(row.id, row.business_key, workflow.run, given)
