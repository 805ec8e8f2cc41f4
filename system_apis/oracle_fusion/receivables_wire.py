"""Receivables' shapes: invoices, receipts, what was applied, and which customer account a party has."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final

import msgspec

from system_apis.oracle_fusion.framework import Link, Listed, links_field
from system_apis.oracle_fusion.wire import FSCM, Flex, Wire

INVOICES: Final = f"{FSCM}/receivablesInvoices"
RECEIPTS: Final = f"{FSCM}/standardReceipts"
SITES: Final = f"{FSCM}/customerAccountSitesLOV"
ACTIVITIES: Final = f"{FSCM}/receivablesCustomerAccountActivities"
LINES: Final = "receivablesInvoiceLines"
INVOICE_FLEX: Final = "receivablesInvoiceDFF"
LINE_FLEX: Final = "receivablesInvoiceLineDFF"
INVOICE_WITH: Final = {"expand": f"{LINES}.{LINE_FLEX},{INVOICE_FLEX}"}
HEAD_WITH: Final = {"expand": INVOICE_FLEX}
LINE_WITH: Final = {"expand": LINE_FLEX}


class AccountSite(Wire, frozen=True, kw_only=True):
    """A customer account, by the site that is billed, and the party it is of."""

    account_number: str
    party_number: str | None = None


class LineFlexHead(Flex, frozen=True, kw_only=True):
    """Our segments on an invoice line."""

    tg_kind: str | None = None
    tg_project: str | None = None
    tg_sources: str | None = None


class InvoiceFlexHead(Flex, frozen=True, kw_only=True):
    """Our segments on an invoice."""

    tg_project: str | None = None
    tg_contract: str | None = None


class LineDraft(Wire, frozen=True, kw_only=True):
    """A line of an invoice that is made."""

    line_number: int
    description: str | None
    quantity: Decimal
    unit_of_measure: str | None
    unit_selling_price: Decimal
    flex: list[LineFlexHead] = msgspec.field(name=LINE_FLEX)


class Line(Wire, frozen=True, kw_only=True):
    """The same, read."""

    line_number: int
    description: str | None = None
    quantity: Decimal | None = None
    unit_of_measure: str | None = None
    unit_selling_price: Decimal | None = None
    line_amount: Decimal | None = None
    flex: Listed[LineFlexHead] = msgspec.field(default=Listed(), name=LINE_FLEX)


class InvoiceStatus(Wire, frozen=True, kw_only=True):
    """Whether an invoice is owed, or still being written."""

    invoice_status: str | None = None


class InvoiceDraft(InvoiceStatus, frozen=True, kw_only=True):
    """An invoice that is made. Nothing of it but its status is changed later."""

    business_unit: str
    transaction_source: str
    transaction_type: str
    transaction_date: date
    due_date: date | None
    bill_to_customer_number: str
    invoice_currency_code: str
    purchase_order: str | None
    cross_reference: str
    lines: list[LineDraft] = msgspec.field(name=LINES)
    flex: list[InvoiceFlexHead] = msgspec.field(name=INVOICE_FLEX)


class Invoice(InvoiceStatus, frozen=True, kw_only=True):
    """An invoice. Its legal number is the document's, given when it is complete."""

    customer_transaction_id: int
    transaction_number: str | None = None
    document_number: str | int | None = None
    transaction_date: date
    due_date: date | None = None
    business_unit: str | None = None
    bill_to_customer_number: str
    invoice_currency_code: str
    purchase_order: str | None = None
    cross_reference: str | None = None
    entered_amount: Decimal | None = None
    invoice_balance_amount: Decimal | None = None
    last_update_date: datetime | None = None
    lines: Listed[Line] = msgspec.field(default=Listed(), name=LINES)
    flex: Listed[InvoiceFlexHead] = msgspec.field(default=Listed(), name=INVOICE_FLEX)
    links: list[Link] = links_field()


class Receipt(Wire, frozen=True, kw_only=True):
    """A receipt. What is not applied yet is null until the process that applies has run."""

    standard_receipt_id: int
    receipt_number: str
    receipt_date: date
    receipt_method: str | None = None
    business_unit: str | None = None
    amount: Decimal
    currency: str
    unapplied_amount: Decimal | None = None
    state: str | None = None
    customer_account_number: str | None = None
    last_update_date: datetime | None = None
    links: list[Link] = links_field()


class Application(Wire, frozen=True, kw_only=True):
    """What of a receipt was applied to a transaction."""

    standard_receipt_id: int
    reference_transaction_id: int | None = None
    application_amount: Decimal
    application_status: str | None = None


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """What went on in a customer account."""

    applications: Listed[Application] = msgspec.field(default=Listed(), name="standardReceiptApplications")
    links: list[Link] = []
