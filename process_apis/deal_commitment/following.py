"""A deal that is not won: whether it is to be prepared for, is so already, or not likely any more."""

from typing import Any

import sqlalchemy as sa

from canonical.ports.systems import Opportunities
from process_apis import journal
from process_apis.deal_commitment.workflow import NAME, WORKFLOW, claimed
from process_apis.operating import Operating, first_row
from process_apis.platform import Platform, acting
from process_apis.tables import RUNS


async def follow(platform: Platform, opportunity_id: str, crm: str, *, look: bool = False) -> str:
    """Begin, or take back, as the deal is now; what was done, empty for nothing. Nothing without terms to go by.

    With `look` nothing is done: what would be is said.
    """
    if not platform.commitment.given:
        return ""
    with acting() as caller:
        deal = await platform.systems.ask(crm, Opportunities).opportunity(opportunity_id)
    key = f"{crm}:{deal.id}"
    runs = await platform.database.run(lambda c: _runs(c, key))
    if deal.stage.category == "won":
        return ""
    live = next((run for run in runs if run.status != "cancelled"), None)
    likely = platform.commitment.met(deal)
    if likely and live is None:
        if look:
            return "committed"
        values = first_row(WORKFLOW, key, len(runs) + 1, deal, caller.acted_for)
        await platform.database.run(lambda c: journal.begin_run(c, values))
        await platform.engine.enqueue(values["id"], key, WORKFLOW.run, deal.id)
        return "committed"
    if not likely and live is not None and not await platform.database.run(lambda c: claimed(c, key)):
        if not look:
            await Operating(platform, WORKFLOW).cancel_run(live.id)
        return "uncommitted"
    return ""


def _runs(connection: sa.Connection, key: str) -> list[Any]:
    mine = sa.select(RUNS.c.id, RUNS.c.status).where(RUNS.c.business_key == key, RUNS.c.workflow == NAME)
    return list(connection.execute(mine.order_by(RUNS.c.generation.desc())))
