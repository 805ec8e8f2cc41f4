"""The closing step, and what a case shows: the quote in the CRM and its order in the ERP, field by field."""

import asyncio

from canonical.objects import Quote, SalesOrder
from canonical.ports.orders import SalesOrders
from canonical.ports.processes import Run, SystemView
from canonical.ports.systems import Opportunities
from process_apis.operating import view_of
from process_apis.opportunity_to_project.verification import agree
from process_apis.platform import Platform
from process_apis.quote_to_order import crm_orders
from process_apis.quote_to_order.objects import Ordered, agreed, order_lines, quote_of
from process_apis.steps import Scope


async def verify(s: Scope, made: Ordered) -> str:
    """Read back until both agree, or the settle window is over; `Disagreement` names each field that differs."""

    async def read() -> dict[str, dict[str, str]]:
        quote = await s.ask("crm", Opportunities).quote(made.offer.quote.id)
        found = await s.ask("erp", SalesOrders, made.entity).order_by_key(made.key)
        orders = await crm_orders.of_quote(s, quote.id, quote.opportunity_id)
        told = crm_orders.facts(orders, quote)
        lines = {f"line {each.seq}": f"{each.code} {each.net}" for each in order_lines(quote, made.items)}
        return {
            made.crm: quote_facts(quote) | lines,
            **({f"{made.crm}, {crm_orders.named(orders)}": told} if told else {}),
            s.platform.systems.name("erp", made.entity): order_facts(found)
            | {f"line {place}": f"{line.code} {line.net}" for place, line in enumerate(found.lines, 1)},
        }

    return await agree(s, read)


def quote_facts(quote: Quote) -> dict[str, str]:
    """What the CRM says of the order."""
    state = "ordered" if quote.status == "accepted" and quote.frozen and quote.order_number else quote.status
    return {
        "order": quote.order_number or "none",
        "status": state,
        "value": str(agreed(quote)),
        "currency": quote.currency,
    }


def order_facts(order: SalesOrder) -> dict[str, str]:
    """What the ERP says of it."""
    state = "ordered" if order.status in ("open", "billed") else order.status
    return {"order": order.number, "status": state, "value": str(order.total()), "currency": order.currency}


async def side_by_side(platform: Platform, run: Run) -> list[SystemView]:
    """A case's view: the quote and the order as they are at this moment."""
    crm, entity = run.business_key.partition(":")[0], run.legal_entity
    quote_id = quote_of(run.id)

    async def of_quote() -> dict[str, str]:
        return quote_facts(await platform.systems.ask(crm, Opportunities).quote(quote_id))

    async def of_order() -> dict[str, str]:
        return order_facts(await platform.systems.of("erp", SalesOrders, entity).order_by_key(run.id))

    asked = {crm: of_quote()}
    if platform.systems.plays("erp", entity):
        asked[platform.systems.name("erp", entity)] = of_order()
    return await asyncio.gather(*(view_of(platform, name, what) for name, what in asked.items()))
