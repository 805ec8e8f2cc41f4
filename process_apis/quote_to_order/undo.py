"""Quote to order, undone: the order is cancelled as long as nothing of it is billed, and the quote waits again.

    order -> quote

The order's number is taken from the CRM's own orders of the quote, too. What was superseded stays so: an earlier
revision is not what the customer wants any more.
"""

from typing import Annotated, Final

import sqlalchemy as sa
from dbos import DBOS

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.faults import NotFound
from canonical.ports.orders import QuoteMark, Quotes, SalesOrders
from canonical.ports.systems import Opportunities
from process_apis import cases
from process_apis.platform import here
from process_apis.quote_to_order import crm_orders
from process_apis.quote_to_order.objects import quote_of
from process_apis.quote_to_order.steps import cancel
from process_apis.steps import Scope, at_rest, undo_step
from process_apis.tables import RUNS

FREEZE: Final = 4
ORDER: Final = 6


class Undoing(Value, frozen=True, kw_only=True):
    """What is to be undone."""

    run_id: Annotated[str, PUBLIC]
    quote_id: Annotated[str, PUBLIC]
    entity: Annotated[str, PUBLIC]


@DBOS.workflow(name="quote_to_order.undo.v1", max_recovery_attempts=1000)
async def undo_quote_to_order(run_id: str) -> str:
    """Undo a cancelled run. What cannot be undone makes it a failed one, with a case; it may be cancelled again."""
    return await cases.end_undone(run_id, undo(run_id))


async def undo(run_id: str) -> None:
    """Undo what a run has done, from within a workflow. Raises `Conflict` once its order is billed."""
    this = await DBOS.run_step_async({"name": "undo-00-prepare"}, _prepare, run_id)
    await undo_step(run_id, ORDER, "order", lambda s: _order(s, this))
    await undo_step(run_id, FREEZE, "quote", lambda s: _quote(s, this))


async def _prepare(run_id: str) -> Undoing:
    """Wait until no step of the run is in flight any more."""
    await at_rest(run_id)
    entity = await here().database.run(lambda c: c.scalar(sa.select(RUNS.c.legal_entity).where(RUNS.c.id == run_id)))
    return Undoing(run_id=run_id, quote_id=quote_of(run_id), entity=entity or "")


async def _order(s: Scope, this: Undoing) -> None:
    orders = s.ask("erp", SalesOrders, this.entity)
    try:
        there = await orders.order_by_key(this.run_id)
    except NotFound:
        s.say("nothing to undo")
        return
    if there.status != "cancelled":
        await cancel(s, orders, there, this.quote_id)
    quote = await s.ask("crm", Opportunities).quote(this.quote_id)
    await crm_orders.release(s, quote.id, quote.opportunity_id, there.number)
    s.say(f"{there.number} cancelled")


async def _quote(s: Scope, this: Undoing) -> None:
    quotes = s.ask("crm", Quotes)
    there = await s.ask("crm", Opportunities).quote(this.quote_id)
    if there.status != "accepted" or not (there.frozen or there.order_number):
        s.say("nothing to undo")
        return
    mark = QuoteMark(status="accepted", frozen=False)
    await s.settle(lambda: quotes.mark_quote(this.quote_id, mark))
    s.say(f"{there.number} is accepted and waits")
