"""Orders the CRM has itself of a quote: a seller pressed a button, or a quoting tool made one.

What is ordered is the ERP's, under the quote's key. An order of the CRM is recognised, held against the quote, and told
the ERP's number; it is never made, changed otherwise or cancelled here.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from canonical.faults import NotBound, Unsupported
from canonical.money import Money
from canonical.objects import CrmOrder, OrderMark, Quote
from canonical.ports.orders import CrmOrders
from process_apis.paging import Listing, pages
from process_apis.quote_to_order.objects import agreed, slack
from process_apis.steps import Scope

_AT_WORK: Final = ("draft", "open")
"""States in which a CRM takes an edit of its orders for sure."""


async def of_quote(s: Scope, quote_id: str, opportunity_id: str) -> list[CrmOrder]:
    """Those of a quote, with their lines, and those of its deal that name no quote; none that is cancelled.

    Asked for by the deal and by the quote, since an order may name either alone. Empty where the CRM has no orders.
    """
    try:
        port = s.ask("crm", CrmOrders)
        listings: tuple[Listing[CrmOrder], ...] = (
            lambda cursor: port.orders(opportunity_id=opportunity_id, cursor=cursor),
            lambda cursor: port.orders(quote_id=quote_id, cursor=cursor),
        )
        there = [each for listing in listings async for page in pages(listing) for each in page]
        meant = {each.id for each in there if each.quote_id in ("", quote_id) and each.status != "cancelled"}
        return [await port.order(each) for each in sorted(meant)]
    except (NotBound, Unsupported):
        return []


async def mark(s: Scope, orders: Iterable[CrmOrder], number: str) -> list[str]:
    """Write the ERP's number to those that are at work, or take it away; the numbers of those that have changed."""
    marked = [each for each in orders if each.status in _AT_WORK and each.erp_number != number]
    for each in marked:
        await _mark(s, each.id, OrderMark(erp_number=number))
    return [each.number for each in marked]


async def release(s: Scope, quote_id: str, opportunity_id: str, number: str) -> None:
    """Take the number of an order that was cancelled from the CRM's orders that have it."""
    if number:
        kept = [each for each in await of_quote(s, quote_id, opportunity_id) if each.erp_number == number]
        await mark(s, kept, "")


def odd(orders: Sequence[CrmOrder], quote: Quote) -> list[str]:
    """How the CRM's orders are not what their quote is: in amount, then item by item. All are in its currency."""
    worth = total(orders, quote.currency)
    if abs(worth.amount - quote.total.amount) > slack(quote).amount:
        return [f"{named(orders)} in the CRM {_come(orders)} to {worth}, the quote to {quote.total}"]
    lines = [line for each in orders for line in each.lines]
    if not lines or not all(line.code for line in (*lines, *quote.lines)):
        return []  # what was written in by hand can be compared by its sum only
    theirs = _quantities((line.code, line.qty) for line in lines)
    ours, none = _quantities((line.code, line.qty) for line in quote.lines), Decimal(0)
    return [
        f"{named(orders)} in the CRM {_come(orders, 'has', 'have')} {theirs.get(code, none):f} of {code}, "
        f"the quote {ours.get(code, none):f}"
        for code in {**ours, **theirs}
        if theirs.get(code, none) != ours.get(code, none)
    ]


def total(orders: Iterable[CrmOrder], currency: str) -> Money:
    """What they come to together: an offer may be ordered in parts. Those of another currency are left out."""
    worth = (each.worth().amount for each in orders if each.currency == currency)
    return Money.of(sum(worth, Decimal(0)), currency)


def named(orders: Sequence[CrmOrder]) -> str:
    """Which they are, for people."""
    numbers = [each.number for each in orders]
    return f"order {numbers[0]}" if len(numbers) == 1 else f"orders {' and '.join(numbers)} together"


def facts(orders: Sequence[CrmOrder], quote: Quote) -> dict[str, str]:
    """What they say, for a comparison with the ERP; nothing where there are none at work."""
    at_work = [each for each in orders if each.status in _AT_WORK]
    if not at_work:
        return {}
    told = list(dict.fromkeys(each.erp_number or "none" for each in at_work))
    currencies = list(dict.fromkeys(each.currency for each in orders))
    differ = len(currencies) > 1 or currencies != [quote.currency] or odd(orders, quote)
    worth = total(orders, quote.currency) if differ else agreed(quote)
    return {"order": ", ".join(told), "value": str(worth), "currency": ", ".join(currencies)}


async def _mark(s: Scope, order_id: str, wanted: OrderMark) -> None:
    await s.settle(lambda: s.ask("crm", CrmOrders).mark_order(order_id, wanted))


def _quantities(said: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for code, qty in said:
        found[code] = found.get(code, Decimal(0)) + qty
    return {code: qty.normalize() for code, qty in found.items()}


def _come(orders: Sequence[CrmOrder], one: str = "comes", several: str = "come") -> str:
    return one if len(orders) == 1 else several
