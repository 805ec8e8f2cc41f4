"""A priced offer. Owner: CRM until accepted, then frozen."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from canonical.base import Envelope, Value
from canonical.classes import PUBLIC
from canonical.money import Currency, Money

QuoteStatus = Literal["draft", "approved", "presented", "accepted", "rejected", "superseded"]


class QuoteLine(Value, frozen=True, kw_only=True):
    """One line of an offer."""

    seq: Annotated[int, PUBLIC]
    item: Annotated[str, PUBLIC]
    code: Annotated[str, PUBLIC] = ""
    """The item's code, the same in the CRM's catalogue and in the ERP's; empty where the CRM keeps none."""
    kind: Annotated[Literal["labour", "expense", "fee", "material"], PUBLIC] = "labour"
    qty: Annotated[Decimal, PUBLIC]
    unit_price: Money
    net: Money
    """What the line comes to; with tax in it where the quote's prices have it."""
    list_price: Money | None = None
    """What the price book asks for one; None where the CRM does not say."""
    tax_rate: Annotated[Decimal | None, PUBLIC] = None
    """As a share: 0.19 for 19 %. None where the CRM does not say."""
    role: Annotated[str, PUBLIC] = ""


class Quote(Envelope, frozen=True, kw_only=True):
    """An offer for one opportunity. Another revision is another quote of the same opportunity."""

    number: Annotated[str, PUBLIC]
    revision: Annotated[int, PUBLIC] = 1
    opportunity_id: Annotated[str, PUBLIC]
    currency: Currency
    total: Money
    tax_included: Annotated[bool, PUBLIC] = False
    """Whether the prices and the total have the tax in them."""
    cost: Money | None = None
    """What delivering it costs, where the CRM knows it."""
    approved_discount: Annotated[Decimal | None, PUBLIC] = None
    """The discount somebody approved, as a share of the list price."""
    status: Annotated[QuoteStatus, PUBLIC]
    valid_to: Annotated[date | None, PUBLIC] = None
    signed_on: Annotated[date | None, PUBLIC] = None
    """The day the customer signed; None is unsigned."""
    envelope: Annotated[str, PUBLIC] = ""
    """The signing service's id of what was signed."""
    frozen: Annotated[bool, PUBLIC] = False
    """Nobody edits it any more: it is being ordered, or was."""
    order_number: Annotated[str, PUBLIC] = ""
    """The ERP's sales order made of it; empty until then."""
    order_id: Annotated[str, PUBLIC] = ""
    lines: list[QuoteLine] = []
