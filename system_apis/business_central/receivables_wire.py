"""Receivables' shapes: invoices and credit memos with their lines, and what stands in the customer ledger.

The pages are our extension's; they name their fields as `salesInvoices` and `salesCreditMemos` of the API v2.0 do.
"""

from datetime import date, datetime
from decimal import Decimal

from msgspec import UNSET, UnsetType, field

from system_apis.business_central.wire import NEVER, NOTHING, SERVICE, Guid, Tag, Wire


class LineFields(Wire, frozen=True, kw_only=True):
    """A line of an invoice or a credit memo."""

    sequence: int
    description: str = ""
    unit_of_measure_code: str = ""
    quantity: Decimal = Decimal(1)
    unit_price: Decimal = Decimal(0)
    line_kind: str = ""
    project_id: str = NOTHING
    source_references: str = ""
    """Our keys, `;` between."""


class LineDraft(LineFields, frozen=True, kw_only=True):
    """A line we write."""

    line_type: str = "Resource"
    line_object_number: str = SERVICE


class Line(LineFields, frozen=True, kw_only=True):
    """A line we read. Its net amount is worked out there."""

    id: Guid
    etag: Tag = field(name="@odata.etag")
    last_modified_date_time: datetime | None = None
    net_amount: Decimal = Decimal(0)


class Head(Wire, frozen=True, kw_only=True):
    """What an invoice and a credit memo have in common, as it is written."""

    customer_id: str = NOTHING
    currency_code: str = ""
    posting_date: date = NEVER
    customer_purchase_order_reference: str = ""
    title: str = ""
    contract_number: str = ""
    project_id: str = NOTHING


class InvoiceDraft(Head, frozen=True, kw_only=True):
    """What we write of an invoice's head. Without a due date the customer's terms say it."""

    tiergate_key: str
    invoice_date: date
    due_date: date | UnsetType = UNSET


class NewInvoice(InvoiceDraft, frozen=True, kw_only=True):
    """An invoice made with its lines, in one call."""

    sales_invoice_lines: list[LineDraft]


class NewCreditMemo(Head, frozen=True, kw_only=True):
    """A credit memo made with its lines."""

    tiergate_key: str
    credit_memo_date: date
    invoice_id: str = NOTHING
    """The open invoice it is applied to when it is posted; nothing where that is paid already."""
    corrects_invoice_id: str
    sales_credit_memo_lines: list[LineDraft]


class Document(Head, frozen=True, kw_only=True):
    """Either, as it is read. What is posted keeps the id it had as a draft, and has another number."""

    id: Guid
    etag: Tag = field(name="@odata.etag")
    last_modified_date_time: datetime | None = None
    tiergate_key: str = ""
    number: str = ""
    due_date: date = NEVER
    total_amount_excluding_tax: Decimal = Decimal(0)
    total_tax_amount: Decimal = Decimal(0)
    total_amount_including_tax: Decimal = Decimal(0)
    remaining_amount: Decimal = Decimal(0)
    status: str


class Invoice(Document, frozen=True, kw_only=True):
    """An invoice, as it is read; in a list without its lines."""

    invoice_date: date = NEVER
    sales_invoice_lines: list[Line] = []


class CreditMemo(Document, frozen=True, kw_only=True):
    """A credit memo, as it is read. Its amounts are positive."""

    credit_memo_date: date = NEVER
    corrects_invoice_id: str = NOTHING
    sales_credit_memo_lines: list[Line] = []


class AppliedEntry(Wire, frozen=True, kw_only=True):
    """What of a ledger entry was applied to one document; positive."""

    id: Guid
    invoice_id: str = NOTHING
    """Nothing where it went to something that is no invoice."""
    amount: Decimal = Decimal(0)
    discount_amount: Decimal = Decimal(0)


class LedgerEntry(Wire, frozen=True, kw_only=True):
    """An entry of the customer ledger. What a customer paid is negative in it."""

    id: Guid
    etag: Tag = field(name="@odata.etag")
    last_modified_date_time: datetime | None = None
    document_type: str
    document_number: str = ""
    external_document_number: str = ""
    posting_date: date = NEVER
    customer_id: str = NOTHING
    currency_code: str = ""
    amount: Decimal
    remaining_amount: Decimal
    payment_method_code: str = ""
    reversed: bool = False
    applied_entries: list[AppliedEntry] = []
