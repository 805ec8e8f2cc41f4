"""Whether a project's ground is gone: its deal is lost after all, or its contract closed while the deal stays open."""

from typing import Any

import sqlalchemy as sa

from canonical.dates import now
from canonical.objects import Contract, Opportunity
from canonical.ports.systems import Opportunities
from foundation.context import current
from process_apis import journal
from process_apis.opportunity_to_project.codes import REGISTERED_AS
from process_apis.platform import Platform, acting
from process_apis.projections import edition_of
from process_apis.standing_down.workflow import NAME, WORKFLOW, ground_gone
from process_apis.tables import RUNS


async def stand_down(platform: Platform, opportunity_id: str, crm: str, *, look: bool = False) -> str:
    """Begin where a deal with an active project has lost its ground; what was done, empty for nothing.

    With `look` nothing is done: what would be is said.
    """
    key = f"{crm}:{opportunity_id}"
    made = await platform.database.run(lambda c: _project(c, key))
    if made is None:
        return ""
    with acting() as caller:
        asked = platform.systems.ask(crm, Opportunities)
        deal = await asked.opportunity(opportunity_id)
        contract = await asked.contract(deal.contract_id) if deal.contract_id else None
    if not ground_gone(deal, contract):
        return ""
    if look:
        return "stood down"
    values = _first_row(made, deal, contract, caller.acted_for)
    await platform.database.run(lambda c: journal.begin_run(c, values))
    await platform.engine.enqueue(values["id"], key, WORKFLOW.run, opportunity_id)
    return "stood down"


def _project(connection: sa.Connection, key: str) -> Any:
    """The last run that made a project of the deal; None where none came to its end."""
    mine = sa.select(RUNS).where(
        RUNS.c.business_key == key, RUNS.c.workflow == REGISTERED_AS, RUNS.c.status == "succeeded"
    )
    return connection.execute(mine.order_by(RUNS.c.generation.desc())).first()


def _first_row(made: Any, deal: Opportunity, contract: Contract | None, acted_for: tuple[str, ...]) -> dict[str, Any]:
    """One run for each winning and each contract that is closed: heard of twice, it is the same."""
    over = contract.id if contract is not None and contract.status == "cancelled" else "lost"
    return {
        "id": f"{WORKFLOW.prefix}:{made.business_key}:{made.generation}:{over}",
        "workflow": NAME,
        "business_key": made.business_key,
        "generation": made.generation,
        "input_hash": journal.input_hash({"opportunity_id": deal.id}),
        "status": "running",
        "title": made.title,
        "customer": made.customer,
        "account_key": made.account_key,
        "contract_key": made.contract_key,
        "legal_entity": made.legal_entity,
        "amount": made.amount,
        "currency": made.currency,
        "project_code": made.project_code,
        "started_at": now(),
        "traceparent": current().traceparent,
        "acted_for": " ".join(acted_for),
        "source_version": edition_of(deal),
    }
