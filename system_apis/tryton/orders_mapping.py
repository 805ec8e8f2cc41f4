"""Products and orders <-> canonical; pure, as `mapping` is.

A line comes to its quantity times its price, and a price has four decimals. Where that is not what was agreed, the
difference is a line of its own below it, without a product; read, the two are one.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any, Final

from canonical.faults import Drifted, FieldError, Invalid
from canonical.money import minor_units
from canonical.objects import Item, OrderLine, OrderStatus, SalesOrder
from foundation.vendor_values import currency as iso
from foundation.vendor_values import meaning, money, unknown
from system_apis.tryton import codes, memo, wire
from system_apis.tryton import orders_wire as there
from system_apis.tryton.auth import SYSTEM
from system_apis.tryton.mapping import Values, as_date, decimal, instant, source, xrefs

ORDER: Final = "order-key"
QUOTE: Final = "quote"
REST: Final = "rest"
"""The word of a line that only carries what the one above it comes to besides."""
STATUS: Final = "status"
DIGITS: Final = 4


def item(found: there.Product, *, entity: str, books: str) -> Item:
    """A product, as a company sells it: `entity`, which keeps its books in `books`. Without one it has no price."""
    kind = meaning(codes.PRODUCTS, found.type, "product.product.type", system=SYSTEM, record=str(found.id))
    price = decimal(found.list_price_used) if books and found.list_price_used else Decimal(0)
    return Item(
        id=str(found.id),
        legal_entity_id=entity,
        xrefs=xrefs(found.id, found.code),
        source=source(found.timestamp, found.last_modified_at),
        lifecycle="active" if sells(found) else "closed",
        code=found.code,
        name=found.name,
        kind="discount" if any(_is_discount(each) for each in found.categories) else kind,
        tax_category=next((each.name for each in found.categories if _below(each) == codes.TAXED), ""),
        price=money(price, books, system=SYSTEM) if price else None,
    )


def sells(found: there.Product) -> bool:
    """Whether anybody may order it."""
    return bool(found.active and found.template.active and found.salable)


def order(found: there.Order, *, entity: str) -> SalesOrder:
    """A sale as an order, with its lines."""
    words = memo.read(found.comment)
    currency = iso(found.currency.code, system=SYSTEM)
    return SalesOrder(
        id=str(found.id),
        legal_entity_id=entity,
        xrefs=xrefs(found.id, words.get(ORDER, "")),
        source=source(found.timestamp, found.last_modified_at),
        number=found.number or "",
        account_id=str(found.party),
        title=found.description or "",
        quote_id=words.get(QUOTE, ""),
        opportunity_id=words.get("opportunity", ""),
        currency=currency,
        ordered_on=as_date(found.sale_date) if found.sale_date else instant(found.create_date).date(),
        po_number=found.reference or "",
        payment_terms=found.payment_term.name if found.payment_term else "",
        status=status(found),
        lines=_lines(found, currency),
    )


def status(found: there.Order) -> OrderStatus:
    """How far a sale is: billed as soon as an invoice of it stands; `Drifted` for a state we do not know.

    A draft of an invoice bills it too, unless the order is marked: then that draft is on its way out.
    """
    if found.state not in codes.SALES:
        raise unknown(found.state, "sale.sale.state", system=SYSTEM, record=str(found.id))
    marked = memo.read(found.comment).get(STATUS) == "cancelled"
    ended = ("cancelled", "draft") if marked else ("cancelled",)
    if any(each.state not in ended for each in invoices(found)):
        return "billed"
    if marked or found.state in ("cancelled", "done"):
        return "cancelled"
    return "draft" if found.state in ("draft", "quotation") else "open"


def invoices(found: there.Order) -> list[there.Invoiced]:
    """Every invoice of a sale, once."""
    every = [each.invoice for line in found.lines for each in line.invoice_lines if each.invoice]
    return list({each.id: each for each in every}.values())


def order_values(
    key: str,
    data: SalesOrder,
    known: there.Order | None,
    *,
    terms: int | None,
    products: Mapping[str, there.Product],
    taxes: Mapping[str, list[int]],
) -> Values:
    """What an upsert writes; `products` and `taxes` by code. Lines that say the same already are not written again."""
    words = {ORDER: key, QUOTE: data.quote_id, "opportunity": data.opportunity_id}
    before = known.comment if known else ""
    values: Values = {
        "reference": data.po_number,
        "description": data.title,
        "payment_term": terms,
        "sale_date": wire.day(data.ordered_on),
        "comment": memo.written(memo.read(before) | words, before),
    }
    if known is None:
        values |= {"invoice_method": "manual", "shipment_method": "manual"}
    elif [line_facts(each) for each in _lines(known, data.currency)] == [line_facts(each) for each in data.lines]:
        return values
    new = [
        draft
        for place, line in enumerate(data.lines)
        for draft in _drafts(place, line, products[line.code], taxes[line.code])
    ]
    gone = [each.id for each in known.lines] if known else []
    values["lines"] = [*([["delete", gone]] if gone else []), ["create", new]]
    return values


def same(found: SalesOrder, data: SalesOrder) -> bool:
    """Whether what is there says what shall be written."""
    told = (found.account_id, found.currency, [line_facts(each)[:3] for each in found.lines])
    return told == (data.account_id, data.currency, [line_facts(each)[:3] for each in data.lines])


def line_facts(line: OrderLine) -> tuple[Any, ...]:
    """What two lines are compared by."""
    return line.code, line.qty, line.net.quantize().amount, " ".join(line.description.split()), line.unit_price.amount


def _below(category: wire.Category) -> str:
    return category.parent.name if category.parent else ""


def _is_discount(category: wire.Category) -> bool:
    return category.name == codes.DISCOUNT and category.parent is None


def _lines(found: there.Order, currency: str) -> list[OrderLine]:
    """The lines that are priced, each with what stands below it."""
    made: list[OrderLine] = []
    for line in (each for each in found.lines if each.type == "line"):
        net = money(decimal(line.amount) if line.amount else Decimal(0), currency, system=SYSTEM)
        if made and REST in memo.read(line.note):
            made[-1] = _with(made[-1], net)
            continue
        made.append(
            OrderLine(
                seq=len(made) + 1,
                code=(line.product.code or "") if line.product else "",
                description=line.description or "",
                qty=_quantity(line.quantity or Decimal(0)),
                unit_price=money(decimal(line.unit_price) if line.unit_price else Decimal(0), currency, system=SYSTEM),
                net=net,
            )
        )
    return made


def _drafts(place: int, line: OrderLine, product: there.Product, taxes: list[int]) -> list[Values]:
    """The line, and what it comes to besides where no price of four decimals comes to it."""
    digits = product.sale_uom.digits if product.sale_uom else 0
    net = line.net.quantize().amount
    if line.qty != round(line.qty, digits) or (net and not line.qty):
        raise _wrong(f"/lines/{place}/qty", f"{line.code} is counted with {digits} decimals, and not as nothing")
    price, rest = priced(line.qty, line.unit_price.amount, net, line.net.currency)
    taxed = {"taxes": [["add", taxes]]} if taxes else {}
    told = {
        "product": product.id,
        "unit": product.sale_uom.id if product.sale_uom else None,
        "quantity": line.qty,
        "unit_price": wire.number(price),
        "description": line.description,
    }
    if not rest:
        return [told | taxed]
    note = memo.written({REST: line.code})
    below = {"description": line.description, "quantity": 1, "unit_price": wire.number(rest), "note": note}
    return [told | taxed, below | taxed]


def priced(qty: Decimal, price: Decimal, net: Decimal, currency: str) -> tuple[Decimal, Decimal]:
    """A price that a line comes to its net amount with, and what is left where there is none: as agreed, or near it."""
    step, cent = Decimal(1).scaleb(-DIGITS), Decimal(1).scaleb(-minor_units(currency))
    near = price.quantize(step, ROUND_HALF_UP)
    exact = (net / qty).quantize(step, ROUND_HALF_UP) if qty else near
    for each in (near, exact):
        if (qty * each).quantize(cent, ROUND_HALF_EVEN) == net:
            return each, Decimal(0)
    return exact, net - (qty * exact).quantize(cent, ROUND_HALF_EVEN)


def _quantity(said: Decimal) -> Decimal:
    """A binary fraction as it was written: 400, not 400.0 or 4E+2."""
    if not said.is_finite():
        raise Drifted(f"{said} is no quantity", system=SYSTEM)
    return Decimal(int(said)) if said == said.to_integral_value() else said.normalize()


def _with(line: OrderLine, more: Any) -> OrderLine:
    return OrderLine(
        seq=line.seq,
        code=line.code,
        description=line.description,
        qty=line.qty,
        unit_price=line.unit_price,
        net=line.net + more,
    )


def _wrong(pointer: str, detail: str) -> Invalid:
    return Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer=pointer)])
