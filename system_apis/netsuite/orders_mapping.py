"""Items and sales orders <-> canonical; pure, as `mapping` is."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from canonical.faults import Drifted
from canonical.lengths import cut, whole
from canonical.money import Money
from canonical.objects import Component, Item, OrderLine, OrderStatus, SalesOrder
from foundation.vendor_values import meaning, money
from system_apis.netsuite import orders_wire as wire
from system_apis.netsuite.lengths import MEMO, PO_NUMBER
from system_apis.netsuite.mapping import SYSTEM, source, xrefs
from system_apis.netsuite.wire import Ref

PENDING_APPROVAL: Final = "A"
PENDING_FULFILMENT: Final = "B"
_STATUSES: Final[Mapping[str, OrderStatus]] = {
    # C is cancelled, H closed; D to F are stages of fulfilment, G is billed.
    PENDING_APPROVAL: "draft",
    PENDING_FULFILMENT: "open",
    "C": "cancelled",
    **dict.fromkeys("DEF", "open"),
    "G": "billed",
    "H": "cancelled",
}
_KINDS: Final[Mapping[str, Literal["service", "goods", "discount", "bundle"]]] = {
    "Service": "service",
    "OthCharge": "service",
    "NonInvtPart": "goods",
    "InvtPart": "goods",
    "Assembly": "goods",
    "Discount": "discount",
    "Group": "bundle",
    "Kit": "bundle",
}


def item(row: wire.ItemRow, members: list[tuple[str, Decimal]]) -> Item:
    """An item; a group with its members, by their codes."""
    kind = meaning(_KINDS, row.itemtype, "item.itemtype", system=SYSTEM, record=row.itemid)
    return Item(
        id=row.id,
        xrefs=xrefs(row.id, row.itemid),
        lifecycle="closed" if row.isinactive == "T" else "active",
        code=row.itemid,
        name=row.displayname or row.itemid,
        kind=kind,
        tax_category=row.custitem_tg_tax_category,
        components=[Component(code=code, qty=qty) for code, qty in members],
    )


def order(found: wire.Order, codes: Mapping[str, str], *, legal_entity: str, currency: str) -> SalesOrder:
    """An order with its lines; `codes` by item id. One that is billed in part counts as billed, closed or not."""
    return SalesOrder(
        id=found.id,
        legal_entity_id=legal_entity,
        xrefs=xrefs(found.id, found.external_id),
        source=source(found.last_modified_date),
        number=found.tran_id,
        account_id=found.entity.id,
        title=found.memo,
        quote_id=found.custbody_tg_quote,
        opportunity_id=found.custbody_tg_opportunity,
        currency=currency,
        ordered_on=found.tran_date or date.min,
        po_number=found.other_ref_num,
        payment_terms=found.terms.ref_name,
        status=status(found),
        lines=[_line(place, line, codes, currency) for place, line in enumerate(found.item.items, 1)],
    )


def status(found: wire.Order) -> OrderStatus:
    """How far an order is; `Drifted` for a status we do not know."""
    if any(line.quantity_billed for line in found.item.items):
        return "billed"
    return meaning(_STATUSES, found.order_status.id, "salesOrder.orderStatus", system=SYSTEM, record=found.id)


def draft(
    data: SalesOrder, ids: Mapping[str, str], *, subsidiary: str, currency: str, terms: str, opened: bool
) -> wire.OrderDraft:
    """What an upsert writes; `ids` by item code. One that is open already stays so."""
    return wire.OrderDraft(
        entity=Ref(id=data.account_id),
        subsidiary=Ref(id=subsidiary),
        currency=Ref(id=currency),
        order_status=Ref(id=PENDING_FULFILMENT if opened else PENDING_APPROVAL),
        tran_date=data.ordered_on,
        other_ref_num=whole(data.po_number, PO_NUMBER, "/po_number", system=SYSTEM) or None,
        memo=cut(data.title, MEMO) or None,
        custbody_tg_opportunity=data.opportunity_id or None,
        custbody_tg_quote=data.quote_id or None,
        item=wire.LinesDraft(items=[_line_draft(line, ids[line.code]) for line in data.lines]),
        terms=Ref(id=terms) if terms else None,
    )


def closing(found: wire.Order) -> wire.Closing:
    """The same lines, closed: an order is closed by its lines."""
    return wire.Closing(
        item=wire.LinesDraft(
            items=[
                wire.LineDraft(
                    item=Ref(id=line.item.id),
                    quantity=line.quantity,
                    rate=line.rate or Decimal(0),
                    amount=line.amount or Decimal(0),
                    description=line.description,
                    is_closed=True,
                )
                for line in found.item.items
            ]
        )
    )


def same(found: SalesOrder, data: SalesOrder) -> bool:
    """Whether what is there says what shall be written."""
    told = [(line.code, line.qty, line.net.amount) for line in found.lines]
    wanted = [(line.code, line.qty, line.net.amount) for line in data.lines]
    return (found.account_id, found.currency, told) == (data.account_id, data.currency, wanted)


def _line(place: int, line: wire.Line, codes: Mapping[str, str], currency: str) -> OrderLine:
    if line.item.id not in codes:
        raise Drifted(f"item {line.item.id!r} of an order has no code we know", system=SYSTEM)
    net = line.quantity * (line.rate or Decimal(0)) if line.amount is None else line.amount
    return OrderLine(
        seq=place,
        code=codes[line.item.id],
        description=line.description,
        qty=line.quantity,
        unit_price=money(line.rate or Decimal(0), currency, system=SYSTEM),
        net=money(net, currency, system=SYSTEM),
    )


def _line_draft(line: OrderLine, native_id: str) -> wire.LineDraft:
    return wire.LineDraft(
        item=Ref(id=native_id),
        quantity=line.qty,
        rate=line.unit_price.amount,
        amount=_plain(line.net),
        description=cut(line.description, MEMO),
        is_closed=False,
    )


def _plain(amount: Money) -> Decimal:
    """A posted amount has its currency's minor unit and no more."""
    return amount.quantize().amount
