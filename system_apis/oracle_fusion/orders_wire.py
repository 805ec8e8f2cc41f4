"""What is sold and ordered, in Fusion's shapes: items with their structures, sales orders with lines and charges."""

from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from system_apis.oracle_fusion.framework import Link, Listed, links_field
from system_apis.oracle_fusion.wire import FSCM, Flex, Wire

ITEMS: Final = f"{FSCM}/itemsV2"
STRUCTURES: Final = f"{FSCM}/itemStructures"
ORDERS: Final = f"{FSCM}/salesOrdersForOrderHub"
LINES: Final = "lines"
DETAILS: Final = "additionalInformation"
SEGMENTS: Final = "HeaderEffBTIERGATEprivateVO"
"""The children of an extensible flexfield: one row a category, and below it one a context."""
ITEM_WITH: Final = {"expand": "ItemDFF"}
STRUCTURE_WITH: Final = {"expand": "Component"}
_LINE_PARTS: Final = ("charges.chargeComponents", "lineDetails")
LINE_WITH: Final = {"expand": ",".join(_LINE_PARTS)}
ORDER_WITH: Final = {"expand": ",".join((*(f"{LINES}.{part}" for part in _LINE_PARTS), f"{DETAILS}.{SEGMENTS}"))}


class ItemFlex(Flex, frozen=True, kw_only=True):
    """Our segments on an item."""

    links: list[Link] = links_field()
    tg_kind: str | None = None
    tg_tax: str | None = None


class Item(Wire, frozen=True, kw_only=True):
    """An item, as one organization has it."""

    links: list[Link] = links_field()
    item_id: int
    item_number: str
    organization_code: str
    item_description: str | None = None
    customer_order_enabled_flag: bool | None = None
    inventory_item_flag: bool | None = None
    pick_components_flag: bool | None = None
    unit: str | None = msgspec.field(default=None, name="PrimaryUOMValue")
    last_update_date_time: datetime | None = None
    flex: Listed[ItemFlex] = msgspec.field(default=Listed(), name="ItemDFF")


class Component(Wire, frozen=True, kw_only=True):
    """So many of another item."""

    component_item_number: str
    quantity: Decimal


class Structure(Wire, frozen=True, kw_only=True):
    """What an item is put together of."""

    item_number: str
    organization_code: str
    structure_name: str | None = None
    component: Listed[Component] = Listed()


class PriceDraft(Wire, frozen=True, kw_only=True):
    """One part of a charge: what one costs, and what all of them come to."""

    source_charge_component_id: str
    price_element_code: str
    price_element_usage_code: str
    header_currency_unit_price: Decimal
    header_currency_extended_amount: Decimal
    rollup_flag: bool
    sequence_number: int


class Price(Wire, frozen=True, kw_only=True):
    """The same, read."""

    price_element_usage_code: str | None = None
    header_currency_unit_price: Decimal | None = None
    header_currency_extended_amount: Decimal | None = None


class ChargeDraft(Wire, frozen=True, kw_only=True):
    """What a line costs."""

    source_charge_id: str
    apply_to: str
    priced_quantity: Decimal
    price_type: str
    charge_type: str
    charge_subtype: str = msgspec.field(name="ChargeSubType")
    charge_currency_code: str
    sequence_number: int
    charge_definition_code: str
    primary_flag: bool
    rollup_flag: bool
    charge_components: list[PriceDraft] = msgspec.field(name="chargeComponents")


class Charge(Wire, frozen=True, kw_only=True):
    """The same, read. The primary one is the price; another may be freight or a fee."""

    primary_flag: bool | None = None
    charge_components: Listed[Price] = msgspec.field(default=Listed(), name="chargeComponents")


class LineDraft(Wire, frozen=True, kw_only=True):
    """A line that is ordered."""

    source_transaction_line_id: str
    source_transaction_line_number: str
    source_transaction_schedule_id: str
    source_schedule_number: str
    transaction_category_code: str
    product_number: str
    ordered_quantity: Decimal
    unit: str | None = msgspec.field(name="OrderedUOM")
    comments: str | None
    charges: list[ChargeDraft] = msgspec.field(name="charges")


class LineGone(Wire, frozen=True, kw_only=True):
    """A line that is not wanted any more: nothing of it."""

    fulfill_line_id: int
    ordered_quantity: Decimal
    cancel_reason: str


class Billing(Wire, frozen=True, kw_only=True):
    """How a line was shipped and billed."""

    billing_transaction_number: str | None = None


class Line(Wire, frozen=True, kw_only=True):
    """The same, read."""

    links: list[Link] = links_field()
    fulfill_line_id: int
    source_transaction_line_id: str | None = None
    product_number: str | None = None
    ordered_quantity: Decimal | None = None
    comments: str | None = None
    status_code: str | None = None
    charges: Listed[Charge] = msgspec.field(default=Listed(), name="charges")
    details: Listed[Billing] = msgspec.field(default=Listed(), name="lineDetails")


class OrderFlexHead(Flex, frozen=True, kw_only=True):
    """Our segments on an order."""

    tg_key: str | None = None
    tg_title: str | None = None
    tg_quote: str | None = None
    tg_opportunity: str | None = None
    tg_cancelled: str | None = None


class OrderFlexDraft(OrderFlexHead, frozen=True, kw_only=True):
    """The same, where they are made."""

    context_code: str = msgspec.field(name="ContextCode")


class OrderFlex(OrderFlexHead, frozen=True, kw_only=True):
    """The same, read."""

    links: list[Link] = links_field()


class Mark(Flex, frozen=True, kw_only=True):
    """That nobody wants a draft any more."""

    context_code: str = msgspec.field(name="ContextCode")
    tg_cancelled: str


class DetailDraft(Wire, frozen=True, kw_only=True):
    """The category our segments are in."""

    category: str
    segments: list[OrderFlexDraft] = msgspec.field(name=SEGMENTS)


class Detail(Wire, frozen=True, kw_only=True):
    """The same, read."""

    segments: Listed[OrderFlex] = msgspec.field(default=Listed(), name=SEGMENTS)


class BillTo(Wire, frozen=True, kw_only=True):
    """The customer account that is billed."""

    account_number: str


class ShipTo(Wire, frozen=True, kw_only=True):
    """The party it is done for."""

    party_number: str


class OrderHead(Wire, frozen=True, kw_only=True):
    """What we write of an order's head, and may change."""

    transaction_on: datetime | None = None
    payment_terms: str | None = None
    purchase_order: str | None = msgspec.field(default=None, name="CustomerPONumber")


class OrderDraft(OrderHead, frozen=True, kw_only=True):
    """An order that is made. Source and transaction are its external key; its prices are ours, and frozen."""

    source_transaction_system: str
    source_transaction_id: str
    source_transaction_number: str
    business_unit_name: str
    requesting_business_unit_name: str
    buying_party_number: str
    transaction_type_code: str
    transactional_currency_code: str
    freeze_price_flag: bool
    freeze_shipping_charge_flag: bool
    freeze_tax_flag: bool
    submitted_flag: bool
    bill_to: list[BillTo] = msgspec.field(name="billToCustomer")
    ship_to: list[ShipTo] = msgspec.field(name="shipToCustomer")
    lines: list[LineDraft] = msgspec.field(name=LINES)
    details: list[DetailDraft] = msgspec.field(name=DETAILS)


class Submission(Wire, frozen=True, kw_only=True):
    """What makes a draft, or a revision, the order that is worked on."""

    submitted_flag: bool


class Cancellation(Submission, frozen=True, kw_only=True):
    """An order, every line of which is not wanted any more."""

    lines: list[LineGone] = msgspec.field(name=LINES)


class Revision(OrderHead, frozen=True, kw_only=True):
    """A change of an order that is worked on: it is submitted with it."""

    submitted_flag: bool
    lines: list[LineGone | LineDraft] = msgspec.field(name=LINES)
    details: list[DetailDraft] = msgspec.field(name=DETAILS)


class MarkDetail(Wire, frozen=True, kw_only=True):
    """The category that is in."""

    category: str
    segments: list[Mark] = msgspec.field(name=SEGMENTS)


class Marked(Wire, frozen=True, kw_only=True):
    """An order that is marked."""

    details: list[MarkDetail] = msgspec.field(name=DETAILS)


class Order(OrderHead, frozen=True, kw_only=True):
    """An order with its lines, in one of its versions."""

    links: list[Link] = links_field()
    source_transaction_system: str
    source_transaction_id: str
    order_number: str | None = None
    change_version_number: int | None = None
    business_unit_name: str | None = None
    buying_party_number: str | None = None
    transactional_currency_code: str
    status_code: str | None = None
    message_text: str | None = None
    last_update_date: datetime | None = None
    lines: Listed[Line] = msgspec.field(default=Listed(), name=LINES)
    details: Listed[Detail] = msgspec.field(default=Listed(), name=DETAILS)
