"""An order as the CRM has it: what a seller, or a quoting tool, made of an offer. Owner: CRM.

What is billed is the ERP's: a `SalesOrder`.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from canonical.base import Envelope, Value
from canonical.classes import FREE_TEXT, PUBLIC
from canonical.money import Currency, Money
from canonical.objects.quote import QuoteLine

CrmOrderStatus = Literal["draft", "open", "fulfilled", "billed", "cancelled"]
"""`draft` is still worked on; `open` was activated or submitted. Not every CRM says the rest of what becomes of it."""


class CrmOrderLine(QuoteLine, frozen=True, kw_only=True):
    """One product of an order: what a `QuoteLine` has, and this besides. `net` is before tax."""

    description: Annotated[str, FREE_TEXT] = ""
    """In the words of whoever entered it."""
    discount_amount: Money | None = None
    """Taken off quantity times price. None where the CRM says none, or has it in the price."""
    start: Annotated[date | None, PUBLIC] = None
    """The first day of it; None where the CRM does not say, as the last."""
    end: Annotated[date | None, PUBLIC] = None


class CrmOrder(Envelope, frozen=True, kw_only=True):
    """An order in a CRM. The ERP's, which is billed, is a `SalesOrder`."""

    number: Annotated[str, PUBLIC]
    """The CRM's own."""
    title: Annotated[str, PUBLIC] = ""
    account_id: Annotated[str, PUBLIC] = ""
    opportunity_id: Annotated[str, PUBLIC] = ""
    quote_id: Annotated[str, PUBLIC] = ""
    """The offer it was made of; empty where the CRM does not say."""
    contract_id: Annotated[str, PUBLIC] = ""
    """The contract it is ordered under; the order itself, in a CRM whose orders are its contracts."""
    currency: Currency
    total: Money | None = None
    """What the CRM says it comes to. None in a list, where that is not worked out yet; one read by its id has it."""
    status: Annotated[CrmOrderStatus, PUBLIC]
    start: Annotated[date | None, PUBLIC] = None
    end: Annotated[date | None, PUBLIC] = None
    po_number: Annotated[str, PUBLIC] = ""
    erp_number: Annotated[str, PUBLIC] = ""
    """The ERP's number of what it became; empty until that is written back."""
    lines: list[CrmOrderLine] = []

    def worth(self) -> Money:
        """What it comes to: what the CRM says, else the sum of its lines."""
        if self.total is not None:
            return self.total
        return Money.of(sum((line.net.amount for line in self.lines), Decimal(0)), self.currency)


class OrderMark(Value, frozen=True, kw_only=True):
    """What quote-to-order writes back to a CRM's order."""

    erp_number: Annotated[str, PUBLIC]
    """The ERP's number of the order; an empty text takes it away."""
