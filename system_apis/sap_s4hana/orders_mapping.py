"""Products and sales orders <-> canonical; pure, as `mapping` is."""

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Literal

from canonical.faults import Drifted, FieldError, Invalid
from canonical.lengths import cut, whole
from canonical.money import Money, minor_units
from canonical.objects import Item, OrderLine, OrderStatus, SalesOrder
from foundation.vendor_values import money
from system_apis.sap_s4hana import codes, lengths, wire
from system_apis.sap_s4hana import orders_wire as there
from system_apis.sap_s4hana.mapping import source, xrefs
from system_apis.sap_s4hana.odata import SYSTEM, day, written

Kind = Literal["service", "goods", "discount", "bundle"]
_BUNDLES: Final = ("ERLA", "LUMF")
"""Item category groups of products that are sold as the parts of their bill of material."""
_SERVICE: Final = "SERV"
"""The product type of services; any other is of goods."""
_PIECES: Final = tuple(Decimal(10) ** digits for digits in range(5))
"""How many pieces a price may be for: SAP keeps five digits of it."""
_QUANTITY_DIGITS: Final = 3


def item(found: there.Product, entity: wire.Entity | None) -> Item:
    """A product, as the legal entity's sales area sells it; without one, as any of its areas does."""
    areas = [each for each in found.to_sales_delivery.results if entity is None or _is_of(each, entity)]
    gone = bool(found.to_product_sales and found.to_product_sales.sales_status)
    named = sorted(found.to_description.results, key=lambda each: (each.language != "EN", each.language))
    return Item(
        id=found.product,
        xrefs=xrefs(found.product, found.product),
        source=source(wire.Metadata(), found.last_change_date_time),
        lifecycle="closed" if gone or not any(_is_open(found, each) for each in areas) else "active",
        code=found.product,
        name=next((each.product_description for each in named if each.product_description), found.product),
        kind=_kind(found),
        tax_category=found.tg_tax_prd,
    )


def sells(found: there.Product, entity: wire.Entity) -> bool:
    """Whether a product was extended to the sales area of a legal entity."""
    return any(_is_of(each, entity) for each in found.to_sales_delivery.results)


def sells_still(found: there.Product, entity: wire.Entity) -> bool:
    """Whether that sales area sells it still: what an order is written of, whatever was true when it was judged."""
    return any(_is_of(each, entity) and _is_open(found, each) for each in found.to_sales_delivery.results)


def order(found: there.Order, *, legal_entity: str, billed: bool) -> SalesOrder:
    """An order with its items in their order; `billed` as its billing documents say."""
    currency, rows = found.transaction_currency, items(found)
    kept = [each for each in rows if not each.sales_document_rjcn_reason] or rows
    return SalesOrder(
        id=found.sales_order,
        legal_entity_id=legal_entity,
        xrefs=xrefs(found.sales_order, found.tg_key_sdh),
        source=source(found.metadata, found.last_change_date_time),
        number=found.sales_order,
        account_id=found.sold_to_party,
        title=found.tg_name_sdh,
        quote_id=found.tg_quote_sdh,
        opportunity_id=found.tg_opportunity_sdh,
        currency=currency,
        ordered_on=day(found.sales_order_date) or date.min,
        po_number=found.purchase_order_by_customer,
        payment_terms=codes.terms_said(found.customer_payment_terms),
        status=status(found, billed=billed),
        lines=[_line(place, each, currency) for place, each in enumerate(kept, 1)],
    )


def status(found: there.Order, *, billed: bool) -> OrderStatus:
    """How far an order is: billed in part counts as billed, rejected in every item as cancelled, blocked as a draft."""
    if billed:
        return "billed"
    rows = found.to_item.results
    if rows and all(each.sales_document_rjcn_reason for each in rows):
        return "cancelled"
    return "draft" if found.header_billing_block_reason else "open"


def items(found: there.Order) -> list[there.Sold]:
    """Its items by their numbers."""
    return sorted(found.to_item.results, key=lambda each: each.sales_order_item.zfill(6))


def draft(key: str, data: SalesOrder, entity: wire.Entity, units: Mapping[str, str]) -> there.OrderDraft:
    """What a create writes: blocked for billing until it is approved. `units` by item code."""
    return there.OrderDraft(
        sales_order_date=written(data.ordered_on),
        purchase_order_by_customer=whole(data.po_number, lengths.PO_NUMBER, "/po_number", system=SYSTEM),
        customer_payment_terms=codes.terms(data.payment_terms),
        tg_name_sdh=cut(data.title, lengths.OWN),
        tg_quote_sdh=data.quote_id,
        tg_opportunity_sdh=data.opportunity_id,
        sales_order_type="OR",
        sales_organization=entity.sales_organization,
        distribution_channel=entity.distribution_channel,
        organization_division=entity.organization_division,
        sold_to_party=data.account_id,
        transaction_currency=data.currency,
        header_billing_block_reason=codes.BILLING_BLOCK,
        tg_key_sdh=key,
        to_item=[_sold(place, line, units[line.code]) for place, line in enumerate(data.lines)],
    )


def same(found: SalesOrder, data: SalesOrder) -> bool:
    """Whether what is there says what shall be written."""
    told = [(line.code, line.qty, line.net.amount) for line in found.lines]
    wanted = [(line.code, line.qty, line.net.amount) for line in data.lines]
    return (found.account_id, found.currency, told) == (data.account_id, data.currency, wanted)


def price_of(found: there.Sold) -> there.Rate | None:
    """The price set by hand, among all lines of the pricing procedure."""
    return next((each for each in found.to_pricing_element.results if each.condition_type == codes.PRICE), None)


def _kind(found: there.Product) -> Kind:
    if found.tg_kind_prd == "discount":
        return "discount"
    if found.item_category_group in _BUNDLES:
        return "bundle"
    return "service" if found.product_type == _SERVICE else "goods"


def _is_of(area: there.Delivery, entity: wire.Entity) -> bool:
    place = area.product_sales_org, area.product_distribution_chnl
    return place == (entity.sales_organization, entity.distribution_channel)


def _is_open(found: there.Product, area: there.Delivery) -> bool:
    return not (found.is_marked_for_deletion or area.product_sales_status or area.is_marked_for_deletion)


def _line(place: int, found: there.Sold, currency: str) -> OrderLine:
    net, price = money(found.net_amount, currency, system=SYSTEM), price_of(found)
    return OrderLine(
        seq=place,
        code=found.material,
        description=found.sales_order_item_text,
        qty=found.requested_quantity,
        unit_price=_unit_price(found, price, net),
        net=net,
    )


def _unit_price(found: there.Sold, price: there.Rate | None, net: Money) -> Money:
    """As it was offered, while SAP's own price is still the one we made of that; else that one."""
    rate = (price.condition_rate_value if price else None) or Decimal(0)
    pieces = (price.condition_quantity if price else None) or Decimal(1)
    offered = _offered(found.tg_price_sdi, net.currency)
    if offered is not None and _rated(found.requested_quantity, offered, net) == (rate, pieces):
        return offered
    return money(rate / pieces, net.currency, system=SYSTEM)


def _offered(text: str, currency: str) -> Money | None:
    if not text:
        return None
    try:
        return money(Decimal(text), currency, system=SYSTEM)
    except ArithmeticError as wrong:
        raise Drifted(f"{text[:20]!r} in YY1_TGPrice_SDI is no price", system=SYSTEM) from wrong


def _sold(place: int, line: OrderLine, unit: str) -> there.SoldDraft:
    if line.qty != round(line.qty, _QUANTITY_DIGITS):
        raise _wrong(f"/lines/{place}/qty", f"SAP keeps three places of a quantity; {line.qty} has more")
    rated = _rated(line.qty, line.unit_price, line.net)
    if rated is None:
        detail = f"no price SAP can keep makes {line.qty} come to {line.net}: split the line"
        raise _wrong(f"/lines/{place}/net", detail)
    rate, pieces = rated
    return there.SoldDraft(
        sales_order_item_text=cut(line.description, lengths.ITEM_TEXT),
        requested_quantity=line.qty,
        requested_quantity_unit=unit,
        tg_price_sdi=format(line.unit_price.amount, "f"),
        material=line.code,
        to_pricing_element=[
            there.RateDraft(
                condition_rate_value=rate,
                condition_currency=line.net.currency,
                condition_quantity=pieces,
                condition_quantity_unit=unit,
                condition_type=codes.PRICE,
            )
        ],
    )


def _rated(qty: Decimal, price: Money, net: Money) -> tuple[Decimal, Decimal] | None:
    """A price, and for how many pieces, that SAP rounds to the net: the one that was offered, else the nearest to it.

    A price has the places of its currency and no more, so that what does not come out is one for 10 pieces or more.
    """
    step = Decimal(1).scaleb(-minor_units(net.currency))
    worth = net.amount.quantize(step, ROUND_HALF_UP)

    def comes_to(rate: Decimal, pieces: Decimal) -> bool:
        return (rate * qty / pieces).quantize(step, ROUND_HALF_UP) == worth

    whole_price = price.amount.quantize(step, ROUND_HALF_UP)
    if whole_price == price.amount and comes_to(whole_price, Decimal(1)):
        return whole_price, Decimal(1)
    for pieces in _PIECES if qty else ():
        rate = (worth * pieces / qty).quantize(step, ROUND_HALF_UP)
        if comes_to(rate, pieces):
            return rate, pieces
    return (Decimal(0), Decimal(1)) if not worth else None


def _wrong(pointer: str, detail: str) -> Invalid:
    return Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer=pointer)])
