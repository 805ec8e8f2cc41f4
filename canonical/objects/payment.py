"""Money a customer paid, and which invoices it settles. Owner: ERP."""

from datetime import date
from typing import Annotated, Literal

from canonical.base import Envelope, Value
from canonical.classes import FINANCIAL, PUBLIC
from canonical.money import Currency, Money


class Allocation(Value, frozen=True, kw_only=True):
    """What of a payment goes to one invoice. Discount and withheld tax settle it too, and were not paid."""

    invoice_id: Annotated[str, PUBLIC]
    amount: Money
    discount: Money | None = None
    withheld: Money | None = None


class Payment(Envelope, frozen=True, kw_only=True):
    """One receipt. What `allocations` leave of `amount` is `unapplied`."""

    number: Annotated[str, PUBLIC] = ""
    account_id: Annotated[str, PUBLIC]
    received_on: Annotated[date, PUBLIC]
    """A business date in the zone of the legal entity."""
    currency: Currency
    amount: Money
    unapplied: Money
    method: Annotated[str, PUBLIC] = ""
    bank_reference: Annotated[str, FINANCIAL] = ""
    allocations: list[Allocation] = []
    status: Annotated[Literal["received", "part_applied", "applied", "reversed"], PUBLIC] = "received"
