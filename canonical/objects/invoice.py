"""An invoice, or the credit note that takes one back. Owner: ERP; the PSA has pro-formas, without tax and number."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from canonical.base import Envelope, Value
from canonical.classes import FREE_TEXT, PUBLIC
from canonical.money import Currency, Money

InvoiceKind = Literal["invoice", "credit_note", "proforma"]
LineKind = Literal["time", "expense", "milestone", "retainer", "fee", "adjustment"]
InvoiceStatus = Literal["draft", "posted", "part_paid", "paid", "void"]


class LineTax(Value, frozen=True, kw_only=True):
    """The tax of one line. `category` is UNCL 5305: S standard, Z zero, E exempt, AE reverse charge, O out of scope."""

    category: Annotated[Literal["S", "Z", "E", "AE", "G", "K", "O"], PUBLIC]
    rate: Annotated[Decimal, PUBLIC] = Decimal(0)
    """In percent."""
    amount: Money | None = None


class InvoiceLine(Value, frozen=True, kw_only=True):
    """One line. `net` is what counts; quantity and price say how it came about."""

    seq: Annotated[int, PUBLIC]
    kind: Annotated[LineKind, PUBLIC] = "fee"
    description: Annotated[str, FREE_TEXT] = ""
    quantity: Annotated[Decimal, PUBLIC] = Decimal(1)
    unit: Annotated[str, PUBLIC] = ""
    """UN/ECE Recommendation 20: HUR hours, DAY days; empty for pieces."""
    unit_price: Money | None = None
    net: Money
    tax: LineTax | None = None
    project_id: Annotated[str, PUBLIC] = ""
    """Native id of the project in the system the invoice is in."""
    source_refs: Annotated[list[str], PUBLIC] = []
    """Our keys of the time, expenses or milestone that this line bills."""


class Invoice(Envelope, frozen=True, kw_only=True):
    """What a customer owes, or is given back. All amounts are in `currency`, and positive in a credit note too."""

    kind: Annotated[InvoiceKind, PUBLIC] = "invoice"
    number: Annotated[str, PUBLIC] = ""
    """The legal number: the ERP gives it when it posts."""
    account_id: Annotated[str, PUBLIC]
    """The customer's native id in the system the invoice is in."""
    project_id: Annotated[str, PUBLIC] = ""
    contract_id: Annotated[str, PUBLIC] = ""
    po_number: Annotated[str, PUBLIC] = ""
    title: Annotated[str, PUBLIC] = ""
    issued_on: Annotated[date, PUBLIC]
    """A business date in the zone of the legal entity; the accounting period follows from it."""
    tax_point: Annotated[date | None, PUBLIC] = None
    due_on: Annotated[date | None, PUBLIC] = None
    currency: Currency
    lines: list[InvoiceLine] = []
    net: Money | None = None
    """As the system worked it out; None on what is yet to be written."""
    tax: Money | None = None
    gross: Money | None = None
    balance: Money | None = None
    """What is open: of an invoice to be paid, of a credit note to be applied."""
    status: Annotated[InvoiceStatus, PUBLIC] = "draft"
    corrects_invoice_id: Annotated[str, PUBLIC] = ""
    """Of a credit note: the native id of the invoice it takes back."""

    def total(self) -> Money:
        """The sum of the lines, without tax."""
        whole = Money.of(0, self.currency)
        for line in self.lines:
            whole = whole + line.net
        return whole
