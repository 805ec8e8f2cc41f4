"""What each step of quote-to-order does. Each looks before it writes, so that it can be repeated."""

from collections.abc import Iterable
from typing import Final

import msgspec
import sqlalchemy as sa

from canonical.dates import business_date, now
from canonical.events import OrderCancelled, OrderCreated, QuoteAccepted
from canonical.faults import Disagreement, FieldError, NotBound, NotFound, VendorStale
from canonical.objects import Customer, Item, LegalEntity, OrderLine, Quote, SalesOrder, TaxProfile
from canonical.ports.orders import Items, QuoteMark, Quotes, SalesOrders
from canonical.ports.systems import Customers, LegalEntities, Opportunities
from process_apis import approvals, journal
from process_apis.account_sync import debtors
from process_apis.account_sync.customers import account_key
from process_apis.events import outbox
from process_apis.judging import refuse, summary
from process_apis.opportunity_to_project.guards import Deal
from process_apis.opportunity_to_project.objects import order_key
from process_apis.opportunity_to_project.steps import customer as deal_customer
from process_apis.quote_to_order import crm_orders, guards, verification
from process_apis.quote_to_order.guards import Evidence
from process_apis.quote_to_order.objects import (
    Offer,
    Ordered,
    newer,
    older,
    order_day,
    order_of,
    version_of,
)
from process_apis.steps import Scope

_MOST_CODES: Final = 200
"""Items looked up for one quote at the most."""


async def receive(s: Scope, quote_id: str) -> None:
    """Say that it was asked for."""
    event = QuoteAccepted(quote_id=quote_id, revision=s.run_id.rpartition(":r")[2])
    await s.record(lambda c: outbox.emit(c, s.run_id, event))
    s.say(f"quote {quote_id}")


async def read(s: Scope, quote_id: str) -> Offer:
    """The quote as it is now, with the deal, the customer and the other revisions."""
    crm, quotes = s.ask("crm", Opportunities), s.ask("crm", Quotes)
    quote = await crm.quote(quote_id)
    opportunity = await crm.opportunity(quote.opportunity_id)
    offer = Offer(
        quote=quote,
        opportunity=opportunity,
        account=await crm.account(opportunity.account_id),
        contacts=await crm.contacts(opportunity.account_id),
        revisions=await quotes.quotes(opportunity.id),
        orders=await crm_orders.of_quote(s, quote.id, opportunity.id),
    )
    name = s.platform.systems.name("crm")
    await s.record(lambda c: describe(c, s.run_id, offer, name))
    s.say(f"{quote.number}, revision {quote.revision}, {len(quote.lines)} lines, {quote.total}")
    return offer


async def guard(s: Scope, offer: Offer) -> Ordered:
    """All guards; `GuardsFailed` names every one that does not hold. What they looked at is what is ordered.

    What an approver may let pass is written down with its terms, before anybody is told of the refusal.
    """
    seen = await gather(s, offer)
    given = await s.record(lambda c: approvals.of(c, s.run_id))
    verdicts = guards.judge(offer, seen, given)
    await s.record(lambda c: approvals.ask(c, s.run_id, verdicts, guards.terms_of(offer, seen)))
    s.say(summary(verdicts))
    refuse(verdicts)
    return Ordered(
        offer=offer,
        crm=s.platform.systems.name("crm"),
        items=seen.items,
        ordered_on=seen.own_order.ordered_on if seen.own_order else order_day(offer.quote, seen.entity, seen.today),
    )


async def gather(s: Scope, offer: Offer) -> Evidence:
    """What the guards need to know from the ERP."""
    code, crm = offer.opportunity.legal_entity_id, s.platform.systems.name("crm")
    entity: LegalEntity | None = None
    customer: Customer | None = None
    profile: TaxProfile | None = None
    alike: list[str] = []
    try:
        entity = await s.ask("erp", LegalEntities, code).legal_entity(code)
    except (NotFound, NotBound):
        return Evidence(entity=None, today=now().date())  # the guards say that there is none
    try:
        known = await debtors.debtor(s.watched(), account_key(crm, offer.account), code)
        customer = known.customer
        profile = await s.ask("erp", Customers, code).tax_profile(known.key, code) if known.key else None
    except NotFound:  # the ERP does not know it yet: it is made of the account
        alike = await debtors.doubts(s.platform, account_key(crm, offer.account), code)
    orders = s.ask("erp", SalesOrders, code)
    found = [await _order(orders, order_key(crm, each)) for each in older(offer)]
    contract = offer.opportunity.contract_id
    return Evidence(
        entity=entity,
        today=business_date(now(), entity.time_zone),
        erp_customer=customer,
        tax_profile=profile,
        alike=alike,
        items=await _items(s.ask("erp", Items, code), code, (line.code for line in offer.quote.lines)),
        own_order=await _order(orders, order_key(crm, offer.quote)),
        earlier=[each for each in found if each is not None],
        contract_order=await _order(orders, f"{crm}:{contract}") if contract else None,
    )


async def freeze(s: Scope, made: Ordered) -> bool:
    """The revision cannot be edited from here on. False when it was since its guards passed: read again."""
    quote, quotes = made.offer.quote, s.ask("crm", Quotes)
    mark = _mark(quote, frozen=True, seen=version_of(quote))
    try:
        await s.settle(lambda: quotes.mark_quote(quote.id, mark))
    except VendorStale:
        s.say("the quote was edited since its guards passed: read again")
        return False
    s.say(f"{quote.number}, revision {quote.revision}, is frozen")
    return True


async def customer(s: Scope, made: Ordered) -> str:
    """The ERP's customer. Empty when the account was merged since the guards saw it: read again."""
    offer = made.offer
    party = await deal_customer(
        s, Deal(opportunity=offer.opportunity, account=offer.account, contacts=offer.contacts, quote=offer.quote)
    )
    return party.customer_id if party else ""


async def order(s: Scope, made: Ordered) -> str:
    """The order with its lines, a draft. Empty when a later revision was accepted meanwhile."""
    quote = made.offer.quote
    fresh = await s.ask("crm", Quotes).quotes(made.offer.opportunity.id)
    if later := newer(msgspec.structs.replace(made.offer, revisions=fresh)):
        s.say(f"revision {later[-1].revision} was {later[-1].status} meanwhile")
        return ""
    erp, data = s.ask("erp", SalesOrders, made.entity), order_of(made)
    written = await s.settle(lambda: erp.upsert_order(made.key, data), lambda: erp.order_by_key(made.key))
    system = s.platform.systems.name("erp", made.entity)
    await s.record(lambda c: journal.link(c, "order", made.key, system, written.id))
    s.say(f"{written.id}: {len(data.lines)} lines, {data.total()}; quote {quote.number} dated {made.ordered_on}")
    return written.id


async def confirm(s: Scope, made: Ordered) -> str:
    """Every line is there as it was sent: then the order is opened; answers its number.

    Raises `Disagreement` with each line that is not; the order stays a draft, which nobody can bill.
    """
    erp = s.ask("erp", SalesOrders, made.entity)
    found = await erp.order_by_key(made.key)
    if odd := _odd_lines(found, order_of(made)):
        raise Disagreement(" ".join(each.detail for each in odd), errors=odd)
    await s.settle(lambda: erp.approve_order(found.id))
    if not found.number:
        found = await erp.order_by_key(made.key)  # there are ERPs that number what is open, and no draft
    system = s.platform.systems.name("erp", made.entity)
    await s.record(lambda c: journal.link(c, "order", made.key, system, found.id, found.number))
    s.say(f"order {found.number} is open")
    return found.number


async def billing(s: Scope, made: Ordered) -> None:
    """When it is billed: by the plan of the deal's project, where it has one; an order alone is billed as delivered."""
    crm = s.platform.systems.name("crm")
    projects = await s.record(lambda c: journal.links(c, "billing_schedule", f"{crm}:{made.offer.opportunity.id}"))
    system = s.platform.systems.name("erp", made.entity)
    if system not in projects:
        s.status = "not_applicable"
        s.say("not applicable: the deal has no project, whose billing plan it would be billed by")
        return
    s.say(f"billed by the plan {projects[system]} of the deal's project")


async def link(s: Scope, made: Ordered) -> None:
    """Write the order's number back to the quote, and to the orders the CRM has of it, whenever they were made."""
    quote, quotes = made.offer.quote, s.ask("crm", Quotes)
    mark = _mark(quote, frozen=True, number=made.order_number, order_id=made.order_id)
    await s.settle(lambda: quotes.mark_quote(quote.id, mark))
    there = await crm_orders.of_quote(s, quote.id, made.offer.opportunity.id)
    marked = await crm_orders.mark(s, there, made.order_number)
    event = OrderCreated(order_number=made.order_number, quote_id=quote.id, revision=str(quote.revision))

    await s.record(lambda c: outbox.emit(c, s.run_id, event))
    tail = f" and on order {', '.join(marked)} of the CRM" if marked else ""
    s.say(f"order {made.order_number} on quote {quote.number}{tail}")


async def supersede(s: Scope, made: Ordered) -> None:
    """Earlier revisions are superseded, and what was ordered of them is cancelled; `Conflict` where it is billed."""
    quotes, orders = s.ask("crm", Quotes), s.ask("erp", SalesOrders, made.entity)
    gone = [each for each in older(made.offer) if each.status not in ("rejected", "draft")]
    cancelled = []
    for each in gone:
        found = await _order(orders, order_key(made.crm, each))
        if found is not None and found.status != "cancelled":
            await cancel(s, orders, found, each.id)
            await crm_orders.release(s, each.id, made.offer.opportunity.id, found.number)
            cancelled.append(found.number)
        await _supersede(s, quotes, each)
    tail = f"; cancelled {', '.join(cancelled)}" if cancelled else ""
    s.say(f"{len(gone)} earlier revisions superseded{tail}")


async def cancel(s: Scope, orders: SalesOrders, found: SalesOrder, quote_id: str) -> None:
    """Cancel an order, and tell of it."""
    await s.settle(lambda: orders.cancel_order(found.id))
    event = OrderCancelled(order_number=found.number, quote_id=quote_id)
    await s.record(lambda c: outbox.emit(c, s.run_id, event))


async def verify(s: Scope, made: Ordered) -> None:
    """Read both systems back, and record whether they agree; `Disagreement` when they do not."""
    s.say(await verification.verify(s, made))


async def _supersede(s: Scope, quotes: Quotes, quote: Quote) -> None:
    mark = QuoteMark(status="superseded", frozen=quote.frozen, order_number=quote.order_number, order_id=quote.order_id)
    await s.settle(lambda: quotes.mark_quote(quote.id, mark))


async def _order(orders: SalesOrders, key: str) -> SalesOrder | None:
    try:
        return await orders.order_by_key(key)
    except NotFound:
        return None


async def _items(items: Items, entity: str, codes: Iterable[str]) -> dict[str, Item]:
    """Those of the lines, and what their bundles consist of; a code the ERP does not know is left out."""
    found: dict[str, Item] = {}
    wanted, asked = [code for code in codes if code], set[str]()
    while wanted and len(asked) < _MOST_CODES:
        code = wanted.pop(0)
        if code in asked:
            continue
        asked.add(code)
        try:
            found[code] = await items.item(code, entity)
        except NotFound:
            continue
        wanted += [each.code for each in found[code].components]
    return found


def _mark(quote: Quote, *, frozen: bool, number: str = "", order_id: str = "", seen: str = "") -> QuoteMark:
    return QuoteMark(
        status="accepted",
        frozen=frozen,
        order_number=number or quote.order_number,
        order_id=order_id or quote.order_id,
        seen=seen,
    )


def _odd_lines(found: SalesOrder, wanted: SalesOrder) -> list[FieldError]:
    """What of the order's lines is not as it was sent."""
    odd = []
    for place in range(max(len(found.lines), len(wanted.lines))):
        there = found.lines[place] if place < len(found.lines) else None
        sent = wanted.lines[place] if place < len(wanted.lines) else None
        if there is None or sent is None or not _alike(there, sent):
            kept = f"{there.code} {there.net}" if there else "nothing"
            asked = f"{sent.code} {sent.net}" if sent else "nothing"
            detail = f"Line {place + 1} of order {found.number}: {asked} was sent, {kept} was kept."
            odd.append(FieldError(rule=f"line {place + 1}", detail=detail, owner="Product data"))
    return odd


def _alike(there: OrderLine, sent: OrderLine) -> bool:
    return (there.code, there.qty) == (sent.code, sent.qty) and there.net.same(sent.net)


def describe(connection: sa.Connection, run_id: str, offer: Offer, crm: str) -> None:
    """What people see of the run."""
    quote, key = offer.quote, order_key(crm, offer.quote)
    journal.update_run(
        connection,
        run_id,
        title=offer.opportunity.name,
        customer=offer.account.legal_name,
        account_key=account_key(crm, offer.account),
        contract_key=key,
        legal_entity=offer.opportunity.legal_entity_id,
        amount=str(quote.total.amount),
        currency=quote.total.currency,
        source_version=version_of(quote),
    )
    journal.link(connection, "quote", key, crm, quote.id, quote.number)
