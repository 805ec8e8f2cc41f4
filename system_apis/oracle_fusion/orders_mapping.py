"""Items and sales orders <-> canonical; pure, as `mapping` is."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Context, Decimal
from typing import Final, Literal

import msgspec

from canonical.faults import Drifted, FieldError, Invalid
from canonical.lengths import cut, whole
from canonical.money import Money
from canonical.objects import Component, Item, OrderLine, OrderStatus, SalesOrder
from foundation.vendor_values import meaning, money
from system_apis.oracle_fusion import codes, contracts_wire, lengths, wire
from system_apis.oracle_fusion import orders_wire as there
from system_apis.oracle_fusion.codes import SYSTEM
from system_apis.oracle_fusion.mapping import source, xrefs
from system_apis.oracle_fusion.ordered import transaction
from system_apis.oracle_fusion.rest import first

Kind = Literal["service", "goods", "discount", "bundle"]
NOON: Final = time(12, tzinfo=UTC)
"""A transaction is an instant there: at this hour of Greenwich it is the same day wherever the firm bills."""
CANCELLED: Final = "CANCELED"
STATUSES: Final[Mapping[str, OrderStatus]] = {
    # A closed order is over, whether by us or by people: nothing of it is changed or cancelled any more.
    "DOO_DRAFT": "draft",
    "OPEN": "open",
    "PARTIAL_CLOSE": "billed",
    "CLOSED": "billed",
    CANCELLED: "cancelled",
}
LIST_PRICE: Final = "LIST_PRICE"
NET_PRICE: Final = "NET_PRICE"
_DIGITS: Final = 10
"""Behind the point, of a quantity and of a price."""
_EXACT: Final = Context(prec=60)
_NOT_INVOICED: Final = "U"


def item(found: there.Item, parts: Sequence[there.Component], *, legal_entity: str) -> Item:
    """An item of an organization; a bundle where what is sold is picked by its components."""
    ours = first(found.flex) or there.ItemFlex()
    return Item(
        id=str(found.item_id),
        legal_entity_id=legal_entity,
        xrefs=xrefs(str(found.item_id), found.item_number),
        source=source(found, found.last_update_date_time),
        lifecycle="active" if found.customer_order_enabled_flag else "closed",
        code=found.item_number,
        name=found.item_description or found.item_number,
        kind=_kind(found, ours),
        tax_category=ours.tg_tax or "",
        components=[Component(code=each.component_item_number, qty=_quantity(each.quantity)) for each in parts],
    )


def order(found: there.Order, rows: Sequence[there.Line], *, legal_entity: str) -> SalesOrder:
    """An order with its lines as they were ordered; cancelled ones are none, unless all of them are."""
    ours, currency = segments(found), found.transactional_currency_code
    kept = standing(rows) or rows
    return SalesOrder(
        id=native_id(found),
        legal_entity_id=legal_entity,
        xrefs=xrefs(native_id(found), ours.tg_key),
        source=source(found, found.last_update_date),
        number=found.order_number or "",
        account_id=found.buying_party_number or "",
        title=ours.tg_title or "",
        quote_id=ours.tg_quote or "",
        opportunity_id=ours.tg_opportunity or "",
        currency=currency,
        ordered_on=found.transaction_on.astimezone(UTC).date() if found.transaction_on else date.min,
        po_number=found.purchase_order or "",
        payment_terms=codes.terms_said(found.payment_terms),
        status=status(found, rows),
        lines=[_line(place, each, currency) for place, each in enumerate(kept, 1)],
    )


def of_contract(found: contracts_wire.Contract, events: Sequence[wire.Event], *, legal_entity: str) -> SalesOrder:
    """A contract as the order it stands for: what bills it are its events."""
    over = codes.contract_status(found.status_code) in ("cancelled", "expired")
    billed = any(each.invoiced != _NOT_INVOICED for each in events)
    return SalesOrder(
        id=str(found.contract_id),
        legal_entity_id=legal_entity,
        xrefs=xrefs(str(found.contract_id), found.external_reference_key),
        source=source(found, found.last_update_date),
        number=found.contract_number,
        account_id=found.buyer_party_number or "",
        title=found.cognomen or "",
        currency=found.currency_code,
        ordered_on=found.start_date or date.min,
        status="billed" if billed else "cancelled" if over else "open",
        lines=[_event(place, each) for place, each in enumerate(events, 1)],
    )


def status(found: there.Order, rows: Sequence[there.Line]) -> OrderStatus:
    """How far an order is: billed as soon as any line is; `Drifted` for a status we do not know."""
    if any(each.billing_transaction_number for row in rows for each in row.details.items):
        return "billed"
    known = meaning(STATUSES, found.status_code or "", "salesOrdersForOrderHub.StatusCode", system=SYSTEM)
    return "cancelled" if known == "draft" and segments(found).tg_cancelled else known


def segments(found: there.Order) -> there.OrderFlex:
    """Ours, of whatever category and context there are."""
    return next((row for each in found.details.items for row in each.segments.items), there.OrderFlex())


def standing(rows: Sequence[there.Line]) -> list[there.Line]:
    """The lines that are not cancelled."""
    return [each for each in rows if each.status_code != CANCELLED]


def native_id(found: there.Order) -> str:
    """Source and transaction: the id of a header is another with each version."""
    return f"{found.source_transaction_system}:{found.source_transaction_id}"


def draft(key: str, data: SalesOrder, *, unit: str, account: str, units: Mapping[str, str | None]) -> there.OrderDraft:
    """What a create writes: a draft, priced by us. `unit` is the business unit, `units` are by item code."""
    if not data.lines:
        raise _wrong("/lines", "an order has at least one line")
    name = transaction(key)
    return there.OrderDraft(
        transaction_on=datetime.combine(data.ordered_on, NOON),
        payment_terms=codes.terms(data.payment_terms),
        purchase_order=whole(data.po_number, lengths.PURCHASE_ORDER, "/po_number", system=SYSTEM) or None,
        source_transaction_system=codes.SOURCE,
        source_transaction_id=name,
        source_transaction_number=name,
        business_unit_name=unit,
        requesting_business_unit_name=unit,
        buying_party_number=data.account_id,
        transaction_type_code=codes.ORDER_TYPE,
        transactional_currency_code=data.currency,
        freeze_price_flag=True,
        freeze_shipping_charge_flag=True,
        freeze_tax_flag=False,
        submitted_flag=False,
        bill_to=[there.BillTo(account_number=account)],
        ship_to=[there.ShipTo(party_number=data.account_id)],
        lines=[_line_draft(place, line, units[line.code]) for place, line in enumerate(data.lines)],
        details=[
            there.DetailDraft(
                category=codes.CATEGORY,
                segments=[
                    there.OrderFlexDraft(
                        context_code=codes.CONTEXT,
                        tg_key=whole(key, lengths.OWN, "/key", system=SYSTEM),
                        tg_title=cut(data.title, lengths.OWN) or None,
                        tg_quote=data.quote_id or None,
                        tg_opportunity=data.opportunity_id or None,
                    )
                ],
            )
        ],
    )


def same(found: there.Order, rows: Sequence[there.Line], draft: there.OrderDraft) -> bool:
    """Whether an order says what is wanted."""
    ours, wanted = segments(found), draft.details[0].segments[0]
    texts = all(getattr(ours, name) == getattr(wanted, name) for name in there.OrderFlexHead.__struct_fields__)
    head = all(getattr(found, name) == getattr(draft, name) for name in there.OrderHead.__struct_fields__)
    return texts and head and _alike(standing(rows), draft.lines) == len(draft.lines) == len(standing(rows))


def same_business(found: there.Order, draft: there.OrderDraft) -> bool:
    """Whether an order is of the same customer, business unit and currency: none of them changes."""
    names = ("buying_party_number", "business_unit_name", "transactional_currency_code")
    return all(getattr(found, name) == getattr(draft, name) for name in names)


def surplus(rows: Sequence[there.Line], draft: there.OrderDraft) -> list[there.Line]:
    """The lines that go: from the first that differs on all, since what comes anew stands last."""
    current = standing(rows)
    return current[_alike(current, draft.lines) :]


def redraft(rows: Sequence[there.Line], draft: there.OrderDraft) -> there.Revision:
    """What makes a draft say what another would, but for the lines that go."""
    return there.Revision(
        transaction_on=draft.transaction_on,
        payment_terms=draft.payment_terms,
        purchase_order=draft.purchase_order,
        submitted_flag=False,
        lines=_new(rows, draft),
        details=draft.details,
    )


def revision(rows: Sequence[there.Line], draft: there.OrderDraft) -> there.Revision:
    """What makes an order that is worked on say what a draft would: a line that goes stays there, cancelled."""
    gone = [_gone(each) for each in surplus(rows, draft)]
    whole_draft = redraft(rows, draft)
    return msgspec.structs.replace(whole_draft, submitted_flag=True, lines=[*gone, *whole_draft.lines])


def cancellation(rows: Sequence[there.Line]) -> there.Cancellation:
    """What cancels an order that is worked on."""
    return there.Cancellation(submitted_flag=True, lines=[_gone(each) for each in standing(rows)])


def mark() -> there.Marked:
    """What marks a draft that nobody wants any more."""
    row = there.Mark(context_code=codes.CONTEXT, tg_cancelled="Y")
    return there.Marked(details=[there.MarkDetail(category=codes.CATEGORY, segments=[row])])


def _kind(found: there.Item, ours: there.ItemFlex) -> Kind:
    if ours.tg_kind == "discount":
        return "discount"
    if found.pick_components_flag:
        return "bundle"
    return "goods" if found.inventory_item_flag else "service"


def _quantity(said: Decimal | None) -> Decimal:
    if said is None or not said.is_finite():
        raise Drifted(f"{said!s:.40} is no quantity", system=SYSTEM)
    return said


def _line(place: int, found: there.Line, currency: str) -> OrderLine:
    offered, net = _price(found, LIST_PRICE), _price(found, NET_PRICE)
    if net is None or net.header_currency_extended_amount is None:
        raise Drifted(f"line {place} of an order has no net price", system=SYSTEM)
    each = (offered or net).header_currency_unit_price or Decimal(0)
    return OrderLine(
        seq=place,
        code=found.product_number or "",
        description=found.comments or "",
        qty=_quantity(found.ordered_quantity),
        unit_price=money(each, currency, system=SYSTEM),
        net=money(net.header_currency_extended_amount, currency, system=SYSTEM),
    )


def _price(found: there.Line, usage: str) -> there.Price | None:
    """One part of a line's price. Of several charges the primary one is the price."""
    charges = sorted(found.charges.items, key=lambda each: not each.primary_flag)
    parts = charges[0].charge_components.items if charges else []
    return next((each for each in parts if each.price_element_usage_code == usage), None)


def _event(place: int, found: wire.Event) -> OrderLine:
    amount = money(found.bill_trns_amount, found.bill_trns_currency_code, system=SYSTEM)
    name = found.event_description or ""
    return OrderLine(seq=place, code=codes.EVENT_TYPE, description=name, qty=Decimal(1), unit_price=amount, net=amount)


def _line_draft(place: int, line: OrderLine, unit: str | None) -> there.LineDraft:
    if line.qty <= 0 or -int(line.qty.normalize().as_tuple().exponent) > _DIGITS:
        raise _wrong(f"/lines/{place}/qty", f"a quantity there is more than nothing, to ten places; {line.qty} is not")
    number = str(place + 1)
    return there.LineDraft(
        source_transaction_line_id=number,
        source_transaction_line_number=number,
        source_transaction_schedule_id="1",
        source_schedule_number="1",
        transaction_category_code="ORDER",
        product_number=line.code,
        ordered_quantity=line.qty,
        unit=unit,
        comments=cut(line.description, lengths.LINE_COMMENT) or None,
        charges=[_charge(number, line)],
    )


def _charge(number: str, line: OrderLine) -> there.ChargeDraft:
    """A frozen price: what one was offered at as the list price, and as the net price what the line comes to."""
    net, offered = line.net.quantize(), line.unit_price
    worth = Money.of(offered.amount * line.qty, offered.currency).quantize()
    each = (
        offered.amount
        if worth.same(net)
        else (net.amount / line.qty).quantize(Decimal(1).scaleb(-_DIGITS), context=_EXACT)
    )
    prices = (("QP_LIST_PRICE", LIST_PRICE, offered.amount, worth), ("QP_NET_PRICE", NET_PRICE, each, net))
    return there.ChargeDraft(
        source_charge_id=f"C{number}",
        apply_to="Price",
        priced_quantity=line.qty,
        price_type="One time",
        charge_type="Sale",
        charge_subtype="Price",
        charge_currency_code=line.net.currency,
        sequence_number=1,
        charge_definition_code="QP_SALE_PRICE",
        primary_flag=True,
        rollup_flag=False,
        charge_components=[
            there.PriceDraft(
                source_charge_component_id=f"C{number}-{sequence}",
                price_element_code=element,
                price_element_usage_code=usage,
                header_currency_unit_price=price,
                header_currency_extended_amount=whole_price.amount,
                rollup_flag=False,
                sequence_number=sequence,
            )
            for sequence, (element, usage, price, whole_price) in enumerate(prices, 1)
        ],
    )


def _new(rows: Sequence[there.Line], draft: there.OrderDraft) -> list[there.LineGone | there.LineDraft]:
    """The lines that come anew, under numbers that were nobody's."""
    taken = max((int(each) for row in rows if (each := row.source_transaction_line_id or "").isdecimal()), default=0)
    stay = _alike(standing(rows), draft.lines)
    return [_renumbered(each, taken + number) for number, each in enumerate(draft.lines[stay:], 1)]


def _gone(found: there.Line) -> there.LineGone:
    return there.LineGone(
        fulfill_line_id=found.fulfill_line_id, ordered_quantity=Decimal(0), cancel_reason=codes.CANCEL_REASON
    )


def _renumbered(line: there.LineDraft, number: int) -> there.LineDraft:
    name = str(number)
    return msgspec.structs.replace(line, source_transaction_line_id=name, source_transaction_line_number=name)


def _alike(rows: Sequence[there.Line], drafts: Sequence[there.LineDraft]) -> int:
    """How many lines from the first on are as they are wanted."""
    pairs = zip(rows, drafts, strict=False)
    return next(
        (at for at, (row, line) in enumerate(pairs) if _said(row) != _wanted(line)), min(len(rows), len(drafts))
    )


def _said(row: there.Line) -> tuple[object, ...]:
    prices = [_price(row, usage) for usage in (LIST_PRICE, NET_PRICE)]
    told = [
        (each.header_currency_unit_price, each.header_currency_extended_amount) if each else None for each in prices
    ]
    return (row.product_number, row.ordered_quantity, row.comments, *told)


def _wanted(line: there.LineDraft) -> tuple[object, ...]:
    parts = line.charges[0].charge_components
    told = [(each.header_currency_unit_price, each.header_currency_extended_amount) for each in parts]
    return (line.product_number, line.ordered_quantity, line.comments, *told)


def _wrong(pointer: str, detail: str) -> Invalid:
    return Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer=pointer)])
