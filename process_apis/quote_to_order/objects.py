"""What quote-to-order makes of a quote: the lines of its order, to the cent. Pure.

    line of the quote -> tax taken out -> bundle taken apart -> rounded -> what is left on the largest line

The order's lines come to exactly what was agreed, whatever each of them rounds to.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated

import msgspec

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.money import Money, split
from canonical.objects import (
    Contact,
    CrmOrder,
    Customer,
    Item,
    LegalEntity,
    Opportunity,
    OrderLine,
    Quote,
    QuoteLine,
    SalesOrder,
)
from process_apis.opportunity_to_project.objects import order_key


class Offer(Value, frozen=True, kw_only=True):
    """An accepted quote and all it rests on, read together."""

    quote: Quote
    opportunity: Opportunity
    account: Customer
    contacts: list[Contact] = []
    revisions: list[Quote] = []
    """Every quote of the deal, this one too, without lines."""
    orders: list[CrmOrder] = []
    """Orders the CRM has of this quote itself, but for cancelled ones."""


class Ordered(Value, frozen=True, kw_only=True):
    """What the steps have made so far."""

    offer: Offer
    crm: Annotated[str, PUBLIC]
    items: dict[str, Item]
    ordered_on: Annotated[date, PUBLIC]
    customer_id: Annotated[str, PUBLIC] = ""
    order_id: Annotated[str, PUBLIC] = ""
    order_number: Annotated[str, PUBLIC] = ""

    @property
    def key(self) -> str:
        """Of the order."""
        return order_key(self.crm, self.offer.quote)

    @property
    def entity(self) -> str:
        """The selling legal entity's code."""
        return self.offer.opportunity.legal_entity_id


def quote_of(run_id: str) -> str:
    """The CRM's id of the quote a run is about."""
    return run_id.split(":")[2]


def version_of(quote: Quote) -> str:
    """The version of the quote as its CRM counts."""
    return quote.source.native_version if quote.source else ""


def newer(offer: Offer) -> list[Quote]:
    """Later revisions of the same deal that were offered or accepted; a draft or a refused one decides nothing."""
    return [
        each
        for each in offer.revisions
        if each.revision > offer.quote.revision and each.status in ("approved", "presented", "accepted")
    ]


def older(offer: Offer) -> list[Quote]:
    """Earlier revisions, ordered or not."""
    return [each for each in offer.revisions if each.revision < offer.quote.revision]


def order_of(made: Ordered) -> SalesOrder:
    """The order, not open yet."""
    quote, deal = made.offer.quote, made.offer.opportunity
    return SalesOrder(
        legal_entity_id=made.entity,
        account_id=made.customer_id,
        title=deal.name,
        quote_id=quote.id,
        opportunity_id=deal.id,
        currency=quote.currency,
        ordered_on=made.ordered_on,
        po_number=deal.po_number,
        payment_terms=made.offer.account.payment_terms,
        lines=order_lines(quote, made.items),
    )


def order_lines(quote: Quote, items: Mapping[str, Item]) -> list[OrderLine]:
    """The order's lines: without tax, bundles taken apart, summing to what was agreed."""
    nets = _rounded(quote)
    parts = [part for line, net in zip(quote.lines, nets, strict=True) for part in _parts(line, net, items)]
    return [msgspec.structs.replace(part, seq=place) for place, part in enumerate(parts, 1)]


def agreed(quote: Quote) -> Money:
    """What the order comes to, before tax: the quote's total, or what is left of it without the tax in it."""
    if not quote.tax_included:
        return quote.total.quantize()
    whole = sum((_without_tax(quote, line).amount for line in quote.lines), Decimal(0))
    return Money.of(whole, quote.currency).quantize()


def slack(quote: Quote) -> Money:
    """How far the lines may be from the total by rounding alone: half a minor unit for each."""
    unit = Money.from_minor(1, quote.currency).amount
    return Money.of(unit / 2 * max(len(quote.lines), 1), quote.currency)


def order_day(quote: Quote, entity: LegalEntity | None, today: date) -> date:
    """The order's own date: the day of the signature, whose exchange rate was meant; today, where that is closed."""
    signed = quote.signed_on
    if signed is None or signed > today or entity is None:
        return today
    period = entity.period_of(signed)
    return today if period is not None and not period.open else signed


def _rounded(quote: Quote) -> list[Money]:
    """Each line in whole minor units; what rounding leaves goes on the largest."""
    nets = [_without_tax(quote, line).quantize() for line in quote.lines]
    left = agreed(quote).amount - sum((net.amount for net in nets), Decimal(0))
    if nets and left:
        largest = max(range(len(nets)), key=lambda place: abs(nets[place].amount))
        nets[largest] = Money.of(nets[largest].amount + left, quote.currency)
    return nets


def _without_tax(quote: Quote, line: QuoteLine) -> Money:
    """Where prices have the tax in them, the net of a line; its rate is a guard's affair."""
    if not quote.tax_included:
        return line.net
    return Money.of(line.net.amount / (1 + (line.tax_rate or Decimal(0))), quote.currency)


def _parts(line: QuoteLine, net: Money, items: Mapping[str, Item]) -> list[OrderLine]:
    """A line as the ERP bills it: itself, or the parts of its bundle, priced by what they cost alone, else evenly."""
    item = items[line.code]
    if item.kind != "bundle":
        return [_line(line, line.code, line.qty, net, line.unit_price if net.same(line.net) else None)]
    components = [(items[each.code], each.qty) for each in item.components]
    priced = [part.price.amount * qty if part.price else Decimal(0) for part, qty in components]
    weights = priced if all(priced) else [qty for _, qty in components]
    shares = split(net, weights)
    return [
        _line(line, part.code, line.qty * qty, share, None)
        for (part, qty), share in zip(components, shares, strict=True)
    ]


def _line(line: QuoteLine, code: str, qty: Decimal, net: Money, price: Money | None) -> OrderLine:
    each = price or Money.of((net.amount / qty).quantize(Decimal("0.000001")) if qty else net.amount, net.currency)
    return OrderLine(seq=line.seq, code=code, description=line.item, qty=qty, unit_price=each, net=net)
