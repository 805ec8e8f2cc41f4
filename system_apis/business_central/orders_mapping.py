"""Items and sales orders <-> canonical. Pure, as `mapping` is."""

from collections.abc import Mapping
from typing import Final, Literal

from canonical.faults import Drifted, FieldError, Invalid
from canonical.lengths import cut, whole
from canonical.objects import Component, Item, OrderLine, OrderStatus, SalesOrder
from foundation.vendor_values import meaning, money
from system_apis.business_central import codes, lengths, mapping
from system_apis.business_central import orders_wire as there
from system_apis.business_central.codes import plain
from system_apis.business_central.lines import DIGITS, STEP, digits, priced
from system_apis.business_central.mapping import SYSTEM

INVENTORY: Final = "Inventory"
ITEM_TYPES: Final[Mapping[str, Literal["service", "goods"]]] = {
    INVENTORY: "goods",
    "Service": "service",
    "Non-Inventory": "goods",
}
RELEASED: Final = "Open"
OVER: Final = ("cancelled", "expired")
"""Of a contract whose order is not delivered any more."""
STATUSES: Final[Mapping[str, OrderStatus]] = {
    # The vendor's page calls an order Open once it is released, and In Review while it waits for somebody's yes.
    "Draft": "draft",
    "In Review": "draft",
    RELEASED: "open",
}
TEXTS: Final = (" ", "Comment")
"""Types of lines that only say something: people's, and no part of what is ordered."""


def item(found: there.Item, *, company: str, local: str) -> Item:
    """An item; a bundle where it is put together of others and kept in no stock, so that its parts are what is sold."""
    kind = meaning(ITEM_TYPES, plain(found.type), "item.type", system=SYSTEM, record=found.number)
    bundle = bool(found.assembly_components) and plain(found.type) != INVENTORY
    return Item(
        id=mapping.native(company, found.id),
        legal_entity_id=company,
        xrefs=mapping.xrefs(company, found, found.number),
        source=mapping.source(found),
        lifecycle="closed" if found.blocked or found.sales_blocked else "active",
        code=found.number,
        name=found.display_name or found.number,
        kind="bundle" if bundle else "discount" if found.takes_off else kind,
        tax_category=found.tax_category,
        price=money(found.unit_price, local, system=SYSTEM) if found.unit_price else None,
        components=[_component(found, each) for each in found.assembly_components] if bundle else [],
    )


def order(found: there.Order, *, company: str, local: str, terms: str) -> SalesOrder:
    """An order with its lines, in the order people see them."""
    currency = mapping.currency_of(found.currency_code, local)
    sold = (line for line in found.sales_order_lines if plain(line.line_type) not in TEXTS)
    lines = sorted(sold, key=lambda line: line.sequence)
    return SalesOrder(
        id=mapping.native(company, found.id),
        legal_entity_id=company,
        xrefs=mapping.xrefs(company, found, found.tiergate_key),
        source=mapping.source(found),
        number=found.number,
        account_id=mapping.reference(company, found.customer_id),
        title=found.contract_title,
        quote_id=found.quote_id,
        opportunity_id=found.opportunity_id,
        currency=currency,
        ordered_on=found.order_date,
        po_number=found.external_document_number,
        payment_terms=terms,
        status=status(found),
        lines=[_line(place, line, currency) for place, line in enumerate(lines, 1)],
    )


def status(found: there.Order) -> OrderStatus:
    """How far an order is: billed as soon as any line is; `Drifted` for a status we do not know."""
    if any(line.invoiced_quantity for line in found.sales_order_lines):
        return "billed"
    if codes.contract_status(found.contract_status) in OVER:
        return "cancelled"
    return meaning(STATUSES, plain(found.status), "salesOrder.status", system=SYSTEM, record=found.number)


def draft(key: str, data: SalesOrder, *, customer_id: str, local: str, terms: str) -> there.NewOrder:
    """What an upsert writes."""
    if not data.lines:
        raise _wrong("/lines", "an order has at least one line")
    return there.NewOrder(
        tiergate_key=key,
        customer_id=customer_id,
        currency_code=mapping.code_of(data.currency, local),
        payment_terms_id=terms,
        external_document_number=whole(data.po_number, lengths.PO_NUMBER, "/po_number", system=SYSTEM),
        order_date=data.ordered_on,
        contract_title=cut(data.title, lengths.TITLE),
        opportunity_id=data.opportunity_id,
        quote_id=data.quote_id,
        sales_order_lines=[_line_draft(place, line) for place, line in enumerate(data.lines)],
    )


def head(whole_order: there.NewOrder) -> there.OrderDraft:
    """An order without its lines, which a PATCH cannot carry."""
    names = there.OrderDraft.__struct_fields__
    return there.OrderDraft(**{name: getattr(whole_order, name) for name in names})


def told(found: there.Order, wanted: there.NewOrder) -> bool:
    """Whether an order's head says what is wanted."""
    return all(getattr(found, name) == getattr(wanted, name) for name in there.OrderDraft.__struct_fields__)


def kept(found: there.Order, wanted: there.NewOrder) -> dict[str, there.Ordered]:
    """The lines that stay, by their sequence: those of the same item in the same place."""
    codes_of = {line.sequence: line.line_object_number for line in wanted.sales_order_lines}
    return {
        str(line.sequence): line
        for line in found.sales_order_lines
        if plain(line.line_type) == "Item" and codes_of.get(line.sequence) == line.line_object_number
    }


def surplus(found: there.Order, wanted: there.NewOrder) -> list[there.Ordered]:
    """The lines that go. What people only wrote between them stays, where it is not in the way."""
    stays, places = kept(found, wanted), {line.sequence for line in wanted.sales_order_lines}
    return [
        line
        for line in found.sales_order_lines
        if str(line.sequence) not in stays and (plain(line.line_type) not in TEXTS or line.sequence in places)
    ]


def same(found: SalesOrder, data: SalesOrder) -> bool:
    """Whether what is billed already says what shall be written."""
    told = [(line.code, line.qty, line.net.amount) for line in found.lines]
    wanted = [(line.code, line.qty, line.net.amount) for line in data.lines]
    return (found.account_id, found.currency, told) == (data.account_id, data.currency, wanted)


def _component(of: there.Item, found: there.Component) -> Component:
    if plain(found.component_type) != "Item":
        detail = f"item {of.number} is put together of {found.component_number!r}, which is no item"
        raise Drifted(detail, system=SYSTEM)
    return Component(code=found.component_number, qty=found.quantity_per)


def _line(place: int, line: there.Ordered, currency: str) -> OrderLine:
    return OrderLine(
        seq=place,
        code=line.line_object_number,
        description=line.description,
        qty=line.quantity,
        unit_price=money(line.unit_price, currency, system=SYSTEM),
        net=money(line.net_amount, currency, system=SYSTEM),
    )


def _line_draft(place: int, line: OrderLine) -> there.OrderedFields:
    net = line.net.quantize().amount
    if digits(line.qty) > DIGITS or (net and not line.qty):
        raise _wrong(f"/lines/{place}/qty", f"a quantity there has {DIGITS} decimals, and is not nothing")
    price, discount = priced(line.qty, line.unit_price.amount, net, line.net.currency)
    return there.OrderedFields(
        sequence=(place + 1) * STEP,
        line_object_number=line.code,
        description=cut(line.description, lengths.NAME),
        quantity=line.qty,
        unit_price=price,
        discount_amount=discount,
    )


def _wrong(pointer: str, detail: str) -> Invalid:
    return Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer=pointer)])
