"""Guards of quote-to-order, as data: what must hold before a quote is frozen; all that fail are told at once.

What is a matter of judgement only holds: its approver lets it pass for this revision at these amounts, until a day.
What nobody could bill, tax or deliver has to be mended.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Final

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.money import Money
from canonical.objects import Customer, Item, LegalEntity, QuoteLine, SalesOrder, TaxProfile
from canonical.ports.approvals import Approval
from process_apis import approvals
from process_apis.account_sync import debtors
from process_apis.judging import Guard, Skip, Verdict, judged
from process_apis.quote_to_order import crm_orders
from process_apis.quote_to_order.objects import Offer, agreed, newer, slack

FREE_DISCOUNT: Final = Decimal("0.15")
"""What may be taken off the list price without anybody's approval, as a share."""
MARGIN_FLOOR: Final = Decimal("0.10")
"""What must be left of the price once the work is paid for, as a share."""
LATE: Final = timedelta(days=30)
"""How long after its last day a signed quote may still be approved; after that it is offered anew."""


class Evidence(Value, frozen=True, kw_only=True):
    """What the guards look at besides the quote."""

    entity: LegalEntity | None
    today: Annotated[date, PUBLIC]
    erp_customer: Customer | None = None
    tax_profile: TaxProfile | None = None
    alike: Annotated[list[str], PUBLIC] = []
    """The cases that say who of the books the customer may be, where they know nobody as it."""
    items: dict[str, Item] = {}
    """By code: those of the lines, and what bundles consist of. A code that is missing is one the ERP does not know."""
    own_order: SalesOrder | None = None
    """The order under this revision's key, where an earlier try made it."""
    earlier: list[SalesOrder] = []
    """Orders of earlier revisions."""
    contract_order: SalesOrder | None = None
    """What the deal's contract is billed by, in an ERP that keeps contracts as orders."""


Said = str | Skip | None


def _entity(offer: Offer, seen: Evidence) -> Said:
    code = offer.opportunity.legal_entity_id
    if not code:
        return "The deal names no legal entity, so nobody can sell it."
    if seen.entity is None:
        return f"The ERP knows no legal entity {code}."
    return None if seen.entity.status == "open" else f"{code} is closed."


def _accepted(offer: Offer, _seen: Evidence) -> Said:
    quote = offer.quote
    return None if quote.status == "accepted" else f"Quote {quote.number} is {quote.status}, not accepted."


def _latest(offer: Offer, _seen: Evidence) -> Said:
    quote, later = offer.quote, newer(offer)
    if later:
        named = ", ".join(f"{each.number} (revision {each.revision}, {each.status})" for each in later)
        return f"Quote {quote.number} is revision {quote.revision}, and there is a later one: {named}."
    twins = [q for q in offer.revisions if q.id != quote.id and q.revision == quote.revision and q.order_number]
    return f"Quote {twins[0].number} of the same deal is ordered as {twins[0].order_number}." if twins else None


def _signed(offer: Offer, _seen: Evidence) -> Said:
    return None if offer.quote.signed_on else f"Quote {offer.quote.number} is not signed."


def _valid(offer: Offer, seen: Evidence) -> Said:
    quote = offer.quote
    if quote.valid_to is None:
        return Skip("not applicable: the quote says no day it is valid to")
    when = quote.signed_on or seen.today
    if when > quote.valid_to + LATE:
        return Skip(f"not applicable: it was signed more than {LATE.days} days too late")
    return None if when <= quote.valid_to else f"It was valid to {quote.valid_to}, and signed on {when}."


def _expired(offer: Offer, seen: Evidence) -> Said:
    quote = offer.quote
    when = quote.signed_on or seen.today
    if quote.valid_to is None or when <= quote.valid_to + LATE:
        return None
    return f"It was valid to {quote.valid_to}, and signed on {when}: more than {LATE.days} days later."


def _discount(offer: Offer, _seen: Evidence) -> Said:
    listed = _listed(offer)
    if not listed:
        return Skip("not applicable: no line says its list price")
    allowed = max(FREE_DISCOUNT, offer.quote.approved_discount or Decimal(0))
    odd = [
        f"line {line.seq} {_percent(off)}"
        for line, price in listed
        if price.amount > 0 and (off := 1 - line.unit_price.amount / price.amount) > allowed
    ]
    return f"The discount goes beyond {_percent(allowed)}: {', '.join(odd)}." if odd else None


def _margin(offer: Offer, _seen: Evidence) -> Said:
    margin = _margin_of(offer)
    if margin is None:
        return Skip("not applicable: the CRM keeps no cost of the quote")
    return None if margin >= MARGIN_FLOOR else f"The margin is {_percent(margin)}, below {_percent(MARGIN_FLOOR)}."


def _currency(offer: Offer, seen: Evidence) -> Said:
    wanted = offer.quote.currency
    others = {
        "the deal": offer.opportunity.amount.currency,
        "the price list": offer.opportunity.price_list_currency or wanted,
        "the customer in the ERP": (seen.erp_customer.default_currency if seen.erp_customer else "") or wanted,
    }
    others |= {f"order {each.number} in the CRM": each.currency for each in offer.orders}
    odd = [f"{name} in {currency}" for name, currency in others.items() if currency != wanted]
    return f"The quote is in {wanted}, but {' and '.join(odd)}." if odd else None


def _items(offer: Offer, seen: Evidence) -> Said:
    if not offer.quote.lines:
        return "The quote has no lines, so nothing could be ordered."
    return _together(
        [
            *(f"line {line.seq} ({line.item}) has no item code" for line in offer.quote.lines if not line.code),
            *(f"the ERP has no item {code}" for code in _codes(offer, seen) if code not in seen.items),
            *(f"{item.code} is a bundle of nothing" for item in seen.items.values() if _empty(item)),
        ]
    )


def _active(offer: Offer, seen: Evidence) -> Said:
    used = [seen.items[code] for code in _codes(offer, seen) if code in seen.items]
    return _together(f"item {item.code} is inactive in the ERP" for item in used if item.lifecycle != "active")


def _prices(offer: Offer, seen: Evidence) -> Said:
    pairs = [
        (line, line.list_price, item.price)
        for line in offer.quote.lines
        if (item := seen.items.get(line.code)) and item.price and line.list_price
    ]
    comparable = [(line, ours, theirs) for line, ours, theirs in pairs if ours.currency == theirs.currency]
    if not comparable:
        return Skip("not applicable: the ERP keeps no list prices in the quote's currency")
    return _together(
        f"line {line.seq} was quoted from a list price of {ours}, the ERP has {theirs}"
        for line, ours, theirs in comparable
        if not ours.same(theirs)
    )


def _taxed(offer: Offer, seen: Evidence) -> Said:
    plain = [i for code in _codes(offer, seen) if (i := seen.items.get(code)) and i.kind != "bundle"]
    return _together(f"item {item.code} has no tax class" for item in plain if not item.tax_category)


def _tax_inside(offer: Offer, _seen: Evidence) -> Said:
    if not offer.quote.tax_included:
        return None
    return _together(
        f"line {line.seq} has tax in its price and does not say which"
        for line in offer.quote.lines
        if line.tax_rate is None
    )


def _tax_profile(offer: Offer, seen: Evidence) -> Said:
    if seen.tax_profile is not None and seen.tax_profile.registrations:
        said = seen.tax_profile.status
        return None if said == "valid" else f"The tax profile in the ERP is {said}."
    if any(each.number and each.status != "expired" for each in offer.account.tax_registrations):
        return None
    return f"{offer.account.legal_name} has no tax registration, so no invoice could be taxed."


def _amounts(offer: Offer, seen: Evidence) -> Said:
    def odd(line: QuoteLine) -> bool:
        item = seen.items.get(line.code)
        return line.net.amount < 0 and (item is None or item.kind != "discount")

    return _together(
        [
            *(f"line {line.seq} is negative, and its item is no discount" for line in offer.quote.lines if odd(line)),
            *(f"line {line.seq} has no quantity" for line in offer.quote.lines if not line.qty and line.net.amount),
            *(["the quote comes to less than nothing"] if agreed(offer.quote).amount < 0 else []),
        ]
    )


def _total(offer: Offer, _seen: Evidence) -> Said:
    quote = offer.quote
    lines = sum((line.net.amount for line in quote.lines), Decimal(0))
    if abs(lines - quote.total.amount) <= slack(quote).amount:
        return None
    return f"The lines come to {Money.of(lines, quote.currency)}, the quote to {quote.total}: not by rounding."


def _alike(offer: Offer, seen: Evidence) -> Said:
    return debtors.undecided(offer.account.legal_name, seen.alike)


def _credit_hold(_offer: Offer, seen: Evidence) -> Said:
    customer = seen.erp_customer
    if customer is None or not customer.credit.hold:
        return None
    return f"{customer.legal_name} is on credit hold in the ERP. {customer.credit.reason}".strip()


def _credit_limit(offer: Offer, seen: Evidence) -> Said:
    limit, worth = (seen.erp_customer.credit.limit if seen.erp_customer else None), agreed(offer.quote)
    if limit is None or limit.currency != worth.currency:
        return Skip("not applicable: the ERP has no credit limit in the quote's currency")
    return None if worth <= limit else f"The order of {worth} is more than the credit limit of {limit}."


def _po(offer: Offer, _seen: Evidence) -> Said:
    if offer.opportunity.po_number or not offer.account.po_required:
        return None
    return f"{offer.account.legal_name} pays only against a PO, and there is none."


def _earlier(_offer: Offer, seen: Evidence) -> Said:
    return _together(
        f"order {order.number} of an earlier revision is billed already: credit it first"
        for order in seen.earlier
        if order.status == "billed"
    )


def _once(_offer: Offer, seen: Evidence) -> Said:
    order, own = seen.contract_order, seen.own_order
    if order is None or order.status == "cancelled" or (own is not None and own.id == order.id):
        return None
    return f"The deal is billed by its contract already, as order {order.number}."


def _crm_order(offer: Offer, seen: Evidence) -> Said:
    orders, ours = offer.orders, [seen.own_order] if seen.own_order else []
    if not orders:
        return Skip("not applicable: the CRM has no order of this quote")
    elsewhere = [
        *(
            f"order {each.number} in the CRM says it is order {each.erp_number} of the ERP already"
            for each in orders
            if each.erp_number and each.erp_number not in [order.number for order in (*ours, *seen.earlier)]
        ),
        *(
            f"order {each.number} in the CRM is invoiced there, and the ERP has none of this quote"
            for each in orders
            if each.status == "billed" and not ours
        ),
    ]
    if elsewhere:
        return _together(elsewhere)
    if any(each.currency != offer.quote.currency for each in orders):
        return Skip("not applicable: the currencies differ, which is told by itself")
    return _together(crm_orders.odd(orders, offer.quote))


GUARDS: Final[tuple[Guard[[Offer, Evidence]], ...]] = (
    Guard("legal_entity", "Finance", _entity),
    Guard("quote_accepted", "Deal desk", _accepted),
    Guard("latest_revision", "Deal desk", _latest),
    Guard("signed", "Deal desk", _signed),
    Guard("validity", "Deal desk", _valid, "hold", "Deal desk", here=True),
    Guard("expired", "Deal desk", _expired),
    Guard("discount_authority", "Deal desk", _discount, "hold", "Deal desk", here=True),
    Guard("margin_floor", "Finance", _margin, "hold", "Finance", here=True),
    Guard("currency", "Sales operations", _currency),
    Guard("items", "Product data", _items),
    Guard("active_items", "Product data", _active),
    Guard("list_price", "Product data", _prices),
    Guard("tax_class", "Finance", _taxed),
    Guard("tax_included", "Deal desk", _tax_inside),
    Guard("tax_profile", "Account owner", _tax_profile),
    Guard("line_amounts", "Deal desk", _amounts),
    Guard("quote_total", "Deal desk", _total),
    Guard("second_customer", "Account steward", _alike, "hold", "Finance", here=True),
    Guard("credit_hold", "Credit control", _credit_hold),
    Guard("credit_limit", "Credit control", _credit_limit, "hold", "Credit control", here=True),
    Guard("purchase_order", "Account owner", _po, "hold", "Finance", here=True),
    Guard("earlier_order", "Finance", _earlier),
    Guard("billed_once", "Finance", _once),
    Guard("crm_order", "Deal desk", _crm_order),
)


def judge(offer: Offer, seen: Evidence, given: Sequence[Approval] = ()) -> list[Verdict]:
    """Every guard's verdict, minding what approvers have let pass."""
    return judged(GUARDS, approvals.leniency(given, seen.today, terms_of(offer, seen)), offer, seen)


def terms_of(offer: Offer, seen: Evidence) -> Callable[[str], Mapping[str, str]]:
    """What an approval of a rule is given for: this revision at these amounts, and what the rule holds them against."""
    quote, margin = offer.quote, _margin_of(offer)
    limit = seen.erp_customer.credit.limit if seen.erp_customer else None
    discounts = [1 - line.unit_price.amount / price.amount for line, price in _listed(offer) if price.amount > 0]
    always = {
        "revision": f"{quote.revision} ({quote.number})",
        "customer": offer.account.legal_name,
        "company": offer.opportunity.legal_entity_id,
        "total": str(agreed(quote)),
        "largest discount": _percent(max(discounts)) if discounts else "no list prices",
        "cost": str(quote.cost) if quote.cost else "not known",
        "margin": "not known" if margin is None else _percent(margin),
        "lines": f"{len(quote.lines)} ({_fingerprint(quote.lines)})",
    }
    compared = {
        "validity": {"valid to": str(quote.valid_to), "signed on": str(quote.signed_on or "not signed")},
        "discount_authority": {"discount approved in the CRM": _percent(quote.approved_discount or Decimal(0))},
        "second_customer": {"undecided": ", ".join(seen.alike) or "nothing"},
        "credit_limit": {"credit limit": str(limit) if limit else "none"},
    }
    return lambda rule: always | compared.get(rule, {})


def _codes(offer: Offer, seen: Evidence) -> list[str]:
    """Every code that is ordered: those of the lines, and what their bundles consist of."""
    said = [line.code for line in offer.quote.lines if line.code]
    inside = [each.code for code in said if code in seen.items for each in seen.items[code].components]
    return list(dict.fromkeys([*said, *inside]))


def _empty(item: Item) -> bool:
    return item.kind == "bundle" and not any(each.qty > 0 for each in item.components)


def _together(found: Iterable[str]) -> str | None:
    said = list(found)
    return f"{'; '.join(said)}." if said else None


def _margin_of(offer: Offer) -> Decimal | None:
    """What is left of the price, as a share; None where the CRM keeps no cost to compare."""
    cost, worth = offer.quote.cost, agreed(offer.quote)
    if cost is None or cost.currency != worth.currency or worth.amount <= 0:
        return None
    return 1 - cost.amount / worth.amount


def _listed(offer: Offer) -> list[tuple[QuoteLine, Money]]:
    """The lines that say their list price, each with it."""
    return [(line, line.list_price) for line in offer.quote.lines if line.list_price is not None]


def _fingerprint(lines: Sequence[QuoteLine]) -> str:
    """Another one wherever a line has another item, quantity or price."""

    def said(line: QuoteLine) -> list[str]:
        listed = line.list_price.amount if line.list_price else Decimal(0)
        numbers = (line.qty, line.unit_price.amount, listed, line.net.amount)
        return [line.code, *(f"{number.normalize():f}" for number in numbers)]

    return hashlib.sha256(repr([said(each) for each in lines]).encode()).hexdigest()[:12]


def _percent(share: Decimal) -> str:
    return f"{share * 100:.1f} %"
