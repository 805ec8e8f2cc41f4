"""Quote to order: the accepted revision of a quote becomes a sales order with its lines, and its number goes back.

    receive -> re-read -> guard -> freeze -> customer -> order -> confirm lines -> billing plan -> link back
            -> supersede -> verify

Safe to run twice: the run's id is the quote's and its revision, the order stands under it in the ERP, and every step
looks up before it writes. Nothing is written before all guards hold. It can be undone until something is billed.
"""

from typing import Final

import msgspec
from dbos import DBOS

from canonical.events import OrderRejected
from canonical.faults import Conflict, GuardsFailed
from canonical.ports.quote_runs import QuoteRuns
from foundation.api import Api
from process_apis import ProcessApi, cases
from process_apis.journal import StepName
from process_apis.operating import VIEWED, Operating, Workflow
from process_apis.opportunity_to_project.objects import ORDERED
from process_apis.quote_to_order import steps, verification
from process_apis.quote_to_order.objects import Offer, Ordered, quote_of
from process_apis.quote_to_order.runs import OperatingQuoteRuns
from process_apis.quote_to_order.undo import FREEZE, ORDER, undo, undo_quote_to_order
from process_apis.steps import step

NAME: Final = "quote_to_order"
READS: Final = 3
"""How often a quote edited while it is worked on is read again, before a person is asked."""
STEPS: Final = [
    StepName("receive", "Quote accepted"),
    StepName("read", "Read quote, deal and other revisions again"),
    StepName("guard", "Guards"),
    StepName("freeze", "Freeze the revision"),
    StepName("customer", "Make sure the customer exists"),
    StepName("order", "Create the order with its lines"),
    StepName("confirm", "Check every line, then open the order"),
    StepName("billing", "Billing plan"),
    StepName("link", "Write the order's number to the quote"),
    StepName("supersede", "Supersede earlier revisions"),
    StepName("verify", "Check that both systems agree"),
]
cases.TOLD[NAME] = lambda _, fault, at: OrderRejected(reason=fault.reason, step=str(at))
cases.SUGGESTIONS[NAME] = {
    "guards_failed": (
        "guards",
        "Deal desk",
        "Mend what the guards name, or have approved what an approver may let pass; then run it again.",
    ),
    "disagreement": (
        "disagreement",
        "Product data",
        "Mend the lines, then run it again: till then it is a draft.",
    ),
}


@DBOS.workflow(name=f"{NAME}.v1", max_recovery_attempts=1000)
async def quote_to_order(run_id: str) -> str:
    """One run, under the workflow id `q2o:{crm}:{quote_id}:r{revision}`; answers its final status."""
    try:
        return await _flow(quote_of(run_id))
    except GuardsFailed as refused:
        return await cases.end_refused(refused, FREEZE)
    except Exception as failure:
        raise await cases.end_failed(failure) from failure


async def _flow(quote_id: str) -> str:
    await step(1, "receive", lambda s: steps.receive(s, quote_id))
    made = await _frozen(quote_id)
    order_id = await step(ORDER, "order", lambda s: steps.order(s, made), role="erp", entity=made.entity)
    if not order_id:
        await undo(str(DBOS.workflow_id))
        await cases.end_cancelled(Conflict("A later revision was accepted meanwhile; this one is not ordered."))
        return "cancelled"
    await _from_the_order_on(msgspec.structs.replace(made, order_id=order_id))
    await cases.end_succeeded()
    return "succeeded"


async def _frozen(quote_id: str) -> Ordered:
    """Steps 2 to 5, again as often as the quote changes between its guards and its freezing."""
    for _ in range(READS):
        made = await _frozen_once(await step(2, "read", lambda s: steps.read(s, quote_id), role="crm"))
        if made is not None:
            return made
    raise Conflict("The quote is being edited again and again; nobody knows what was accepted.")


async def _frozen_once(offer: Offer) -> Ordered | None:
    """Steps 3 to 5 on one reading of the quote; None when it turns out to have changed. All are repeated safely."""
    made = await step(3, "guard", lambda s: steps.guard(s, offer))
    if not await step(FREEZE, "freeze", lambda s: steps.freeze(s, made), role="crm"):
        return None
    known = await step(5, "customer", lambda s: steps.customer(s, made), role="erp", entity=made.entity)
    return msgspec.structs.replace(made, customer_id=known) if known else None


async def _from_the_order_on(made: Ordered) -> None:
    """Steps 7 to 11, on a revision that stays as its guards saw it."""
    entity = made.entity
    number = await step(7, "confirm", lambda s: steps.confirm(s, made), role="erp", entity=entity)
    whole = msgspec.structs.replace(made, order_number=number)
    await step(8, "billing", lambda s: steps.billing(s, whole), role="erp", entity=entity)
    await step(9, "link", lambda s: steps.link(s, whole), role="crm")
    await step(10, "supersede", lambda s: steps.supersede(s, whole), role="erp", entity=entity)
    await step(11, "verify", lambda s: steps.verify(s, whole))


WORKFLOW: Final = Workflow(
    name=NAME,
    prefix=ORDERED,
    steps=STEPS,
    pivot=len(STEPS) + 1,  # there is none: what is not billed can be cancelled
    run=quote_to_order,
    undo=undo_quote_to_order,
    of_deal=False,
    ended_too=True,
)
VIEWED[NAME] = verification.side_by_side
PROCESS_API: Final = ProcessApi(
    api=Api(
        name="quote-to-order",
        layer="process",
        title="Quote to order",
        description="An accepted quote becomes a sales order, line by line, and its number goes back to the CRM.",
        ports=(QuoteRuns,),
    ),
    implement=lambda platform: OperatingQuoteRuns(platform, Operating(platform, WORKFLOW)),
)
