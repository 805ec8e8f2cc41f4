"""What is sold and ordered: items with what they are put together of, and sales orders with their lines.

The pages are our extension's; they name their fields as `items`, `salesOrders` and `salesOrderLines` of the API v2.0.
"""

from datetime import date, datetime
from decimal import Decimal

from msgspec import field

from system_apis.business_central.wire import BLANK, NEVER, NOTHING, Guid, Tag, Wire


class Component(Wire, frozen=True, kw_only=True):
    """One line of an item's assembly bill of material: so many of another item, or of a resource."""

    id: Guid
    line_number: int = 0
    component_type: str = BLANK
    component_number: str = ""
    quantity_per: Decimal = Decimal(0)


class Item(Wire, frozen=True, kw_only=True):
    """An item of a company. What one costs is in the company's own currency."""

    id: Guid
    etag: Tag = field(name="@odata.etag")
    last_modified_date_time: datetime | None = None
    number: str
    display_name: str = ""
    type: str
    blocked: bool = False
    sales_blocked: bool = False
    unit_price: Decimal = Decimal(0)
    takes_off: bool = False
    """It is a discount."""
    tax_category: str = ""
    """UN/CEFACT 5305, as the VAT posting setup has it."""
    assembly_components: list[Component] = []


class OrderedFields(Wire, frozen=True, kw_only=True):
    """A line of an order. Its sequence and what it is a line of are never changed: such a line is deleted."""

    sequence: int
    line_type: str = "Item"
    line_object_number: str = ""
    description: str = ""
    quantity: Decimal = Decimal(0)
    unit_price: Decimal = Decimal(0)
    discount_amount: Decimal = Decimal(0)


class Ordered(OrderedFields, frozen=True, kw_only=True):
    """A line we read. Its net amount is worked out there."""

    id: Guid
    etag: Tag = field(name="@odata.etag")
    last_modified_date_time: datetime | None = None
    net_amount: Decimal = Decimal(0)
    invoiced_quantity: Decimal = Decimal(0)


class OrderFields(Wire, frozen=True, kw_only=True):
    """An order's head, as it is written."""

    customer_id: str = NOTHING
    currency_code: str = ""
    payment_terms_id: str = NOTHING
    external_document_number: str = ""
    order_date: date = NEVER
    contract_title: str = ""
    opportunity_id: str = ""
    quote_id: str = ""


class OrderDraft(OrderFields, frozen=True, kw_only=True):
    """What we write of an order's head."""

    tiergate_key: str


class NewOrder(OrderDraft, frozen=True, kw_only=True):
    """An order made with its lines, in one call."""

    sales_order_lines: list[OrderedFields]


class Order(OrderFields, frozen=True, kw_only=True):
    """An order, as it is read with its lines."""

    id: Guid
    etag: Tag = field(name="@odata.etag")
    last_modified_date_time: datetime | None = None
    tiergate_key: str = ""
    number: str = ""
    status: str
    contract_status: str = BLANK
    sales_order_lines: list[Ordered] = []


class Cancelled(Wire, frozen=True, kw_only=True):
    """What marks an order that is not wanted any more."""

    contract_status: str = "Cancelled"
