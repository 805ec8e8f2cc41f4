"""What somebody spent for the firm. Owners: PSA or expense tool = entry and approval; ERP = tax, posting, payout."""

from datetime import date
from typing import Annotated, Literal

from canonical.base import Envelope, Value
from canonical.classes import FREE_TEXT, PII, PUBLIC
from canonical.dates import Instant
from canonical.money import Currency, Money

ExpenseStatus = Literal["draft", "submitted", "approved", "rejected", "posted", "paid"]


class ExpenseLine(Value, frozen=True, kw_only=True):
    """One receipt. `amount` is what was spent, tax included, in the currency it was spent in."""

    ref: Annotated[str, PUBLIC]
    """Stable and unique within the report."""
    spent_on: Annotated[date, PUBLIC]
    category: Annotated[str, PUBLIC]
    description: Annotated[str, FREE_TEXT] = ""
    amount: Money
    tax: Money | None = None
    billable: Annotated[bool, PUBLIC] = False
    reimbursable: Annotated[bool, PUBLIC] = True
    project_id: Annotated[str, PUBLIC] = ""
    """Native id of the project in the system the report is in."""
    invoice_id: Annotated[str, PUBLIC] = ""
    """Native id of the invoice that bills it; empty until one does."""


class ExpenseReport(Envelope, frozen=True, kw_only=True):
    """One person's expenses, approved and paid out together; a system without reports has one for each expense."""

    number: Annotated[str, PUBLIC] = ""
    title: Annotated[str, PUBLIC] = ""
    resource_id: Annotated[str, PUBLIC] = ""
    resource: Annotated[str, PII] = ""
    """E-mail address."""
    reported_on: Annotated[date, PUBLIC]
    currency: Currency
    """What it is paid out in."""
    lines: list[ExpenseLine] = []
    status: Annotated[ExpenseStatus, PUBLIC] = "draft"
    approved_at: Annotated[Instant | None, PUBLIC] = None
