"""An approved quote, killed by SIGKILL at each checkpoint: it is ordered once, and nobody is asked again."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from canonical.dates import now
from canonical.ports.approvals import Approve
from foundation.context import fresh
from process_apis import approvals, journal
from process_apis.tables import APPROVALS, CASES
from tests.kills.conftest import PATIENCE, Ground

pytestmark = pytest.mark.real
QUOTE = "/services/data/v62.0/sobjects/Quote"


async def until(ground: Ground, holds: Callable[[sa.Connection], Any]) -> Any:
    engine = sa.create_engine(f"sqlite:///{ground.state / 'tiergate.sqlite'}")
    deadline = time.monotonic() + PATIENCE
    try:
        while time.monotonic() < deadline:
            with suppress(sa.exc.OperationalError), engine.begin() as connection:  # no tables before the first
                if found := holds(connection):
                    return found
            await asyncio.sleep(0.1)
    finally:
        engine.dispose()
    raise AssertionError((ground.state / "platforms.txt").read_text()[-4000:])


async def asked(ground: Ground) -> str:
    """Somebody asks for the order of a quote that costs nearly what it earns; the process dies before the engine."""
    deal = ground.deals["D01"]
    (quote,) = [each for each in await ground.records("salesforce", "Quote") if each["OpportunityId"] == deal.id]
    await ground.crm("PATCH", f"{QUOTE}/{quote['Id']}", {"Cost__c": 230000})
    run_id = f"q2o:salesforce:{quote['Id']}:r1"
    row: dict[str, Any] = {"id": run_id, "workflow": "quote_to_order", "business_key": deal.key, "generation": 1}
    row |= {"input_hash": "", "status": "running", "started_at": now(), "traceparent": fresh().traceparent}
    row["acted_for"] = "priya@acme.example@console"
    ground.platform()  # it makes the tables
    await until(ground, lambda c: journal.begin_run(c, row))
    ground.end()
    return run_id


async def dies(ground: Ground, run_id: str) -> bool:
    """Whether another platform dies at a checkpoint, or lives until the case is closed and the service desk knows."""
    platform = ground.platform(run_id, "each")
    over = sa.select(CASES.c.number).where(CASES.c.state == "resolved", CASES.c.ticket_state == "told")
    await until(ground, lambda c: platform.exitcode is not None or c.scalar(over))
    assert platform.exitcode in (None, -9), (ground.state / "platforms.txt").read_text()[-4000:]
    return platform.exitcode is not None


async def test_an_approved_quote_killed_at_each_checkpoint_is_ordered_once(ground: Ground) -> None:
    run_id = await asked(ground)
    died = [place.rpartition(" ")[2] for place in ground.killed_everywhere(run_id)]
    assert died == ["01-receive", "02-read", "03-guard", "end-refused", "ticket"]
    assert ground.ended()[run_id][0] == "refused"
    ground.end()
    (question,) = await until(ground, lambda c: approvals.of(c, run_id))
    assert (question.rule, question.state) == ("margin_floor", "asked")

    # What an approver's call writes; its process dies before the run goes on.
    data = Approve(digest=question.digest, reason="A first order.", until=(now() + timedelta(days=7)).date())
    await until(ground, lambda c: approvals.approve(c, run_id, "margin_floor", data, "dana@acme.example"))
    while await dies(ground, run_id):
        pass
    died = [line.rpartition(" ")[2] for line in (ground.state / "died.txt").read_text().splitlines()[len(died) :]]
    assert (died[0], died[-2:], len(died)) == ("04-freeze", ["end-succeeded", "ticket"], 10)
    (order,) = await ground.records("netsuite", "salesOrder")
    assert (order["total"], await ground.duplicates()) == (240000, [])
    rows = await until(ground, lambda c: c.execute(sa.select(APPROVALS)).all())
    assert [(each.rule, each.approved_by) for each in rows] == [("margin_floor", "dana@acme.example")]
