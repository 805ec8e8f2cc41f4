"""What was ordered, line by line, so that it can be billed. Owner: ERP."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from canonical.base import Envelope, Value
from canonical.classes import FREE_TEXT, PUBLIC
from canonical.money import Currency, Money

OrderStatus = Literal["draft", "open", "billed", "cancelled"]
"""`draft` waits to be approved and cannot be billed; `billed` is so in part or as a whole."""


class OrderLine(Value, frozen=True, kw_only=True):
    """One line of an order."""

    seq: Annotated[int, PUBLIC]
    code: Annotated[str, PUBLIC]
    """The item's code."""
    description: Annotated[str, FREE_TEXT] = ""
    qty: Annotated[Decimal, PUBLIC]
    unit_price: Money
    net: Money
    """Before tax, in the currency's minor unit: what the line is billed as, whatever quantity times price rounds to."""


class SalesOrder(Envelope, frozen=True, kw_only=True):
    """An order of services, made of one accepted quote."""

    number: Annotated[str, PUBLIC] = ""
    """The ERP's own; empty while it is being written."""
    account_id: Annotated[str, PUBLIC]
    """The ERP's customer."""
    title: Annotated[str, PUBLIC] = ""
    quote_id: Annotated[str, PUBLIC] = ""
    opportunity_id: Annotated[str, PUBLIC] = ""
    currency: Currency
    ordered_on: Annotated[date, PUBLIC]
    """The order's own date: where it is in a foreign currency, the ERP takes the rate of that day."""
    po_number: Annotated[str, PUBLIC] = ""
    payment_terms: Annotated[str, PUBLIC] = ""
    status: Annotated[OrderStatus, PUBLIC] = "draft"
    lines: list[OrderLine] = []

    def total(self) -> Money:
        """The sum of all lines, before tax."""
        whole = Money.of(0, self.currency)
        for line in self.lines:
            whole = whole + line.net
        return whole
