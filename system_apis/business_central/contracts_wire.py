"""A contract line by line: the sales order it is, and what fields of the extension say of it and of each line."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from msgspec import field

from system_apis.business_central.wire import BLANK, NEVER, NOTHING, SERVICE, Guid, Order, OrderLine, Tag, Wire


class LineTerms(Wire, frozen=True, kw_only=True):
    """What a line says, and may be changed of it as long as nothing is billed."""

    description: str = ""
    quantity: Decimal = Decimal(1)
    unit_price: Decimal = Decimal(0)
    discount_amount: Decimal = Decimal(0)
    starts_on: date = NEVER
    ends_on: date = NEVER
    billing_method: str = ""
    not_to_exceed: Decimal = Decimal(0)


class NewLine(LineTerms, frozen=True, kw_only=True):
    """A line that is added. What it is of and where it stands is never changed."""

    sequence: int
    line_type: str = "Resource"
    line_object_number: str = SERVICE
    tiergate_reference: str


class Line(OrderLine, frozen=True, kw_only=True):
    """A line, as it is read. Without a reference it is a quote's, or the whole value in one."""

    sequence: int = 0
    line_type: str = BLANK
    invoiced_quantity: Decimal = Decimal(0)
    tiergate_reference: str = ""
    starts_on: date = NEVER
    ends_on: date = NEVER
    billing_method: str = ""
    not_to_exceed: Decimal = Decimal(0)


class Head(Wire, frozen=True, kw_only=True):
    """What is written of an order that is there: nothing of it asks for an open one."""

    payment_terms_id: str = NOTHING
    external_document_number: str = ""
    contract_number: str = ""
    contract_title: str = ""
    contract_status: str = BLANK
    opportunity_id: str = ""
    billing_method: str = BLANK
    starts_on: date = NEVER
    ends_on: date = NEVER
    signed_on: date = NEVER
    carried_amendment: str = ""
    document_hash: str = ""
    not_to_exceed: Decimal = Decimal(0)
    release_again: bool = False
    """It was released, and will be once its lines are as they shall be; `release` takes the mark away."""


class NewTerms(Head, frozen=True, kw_only=True):
    """An order made with its lines, in one call."""

    tiergate_key: str
    customer_id: str
    currency_code: str = ""
    sales_order_lines: list[NewLine]


class Terms(Order, frozen=True, kw_only=True):
    """An order, as it is read with its lines."""

    id: Guid
    etag: Tag = field(name="@odata.etag")
    quote_id: str = ""
    not_to_exceed: Decimal = Decimal(0)
    release_again: bool = False
    sales_order_lines: Sequence[Line]
