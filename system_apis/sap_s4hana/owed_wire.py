"""Receivables' shapes: requests that are billed, billing documents, and customers' items in accounting.

What is billed is requested first: a debit memo request for an invoice, a credit memo request for a credit note. The two
services have the same fields under their own names, which are one name here.
"""

from decimal import Decimal
from typing import Final

import msgspec

from system_apis.sap_s4hana.wire import V2, Code, Listed, Metadata, Price, PriceDraft, Wire

DEBITS: Final = f"{V2}/API_DEBIT_MEMO_REQUEST_SRV"
CREDITS: Final = f"{V2}/API_CREDIT_MEMO_REQUEST_SRV"
BILLS: Final = f"{V2}/API_BILLING_DOCUMENT_SRV"
LEDGER: Final = f"{V2}/API_OPLACCTGDOCITEMCUBE_SRV"
BILLING: Final = "/sap/opu/odata4/sap/api_billingdocument/srvd_a2x/sap/billingdocument/0001"
"""The same billing documents by OData V4, which alone has actions that make and post them."""


class ItemHead(Wire, frozen=True, kw_only=True):
    """What an item may change of what both requests have."""

    requested_quantity: Decimal
    requested_quantity_unit: str = ""
    wbs_element: str = ""
    tg_kind_sdi: str = ""
    tg_refs_sdi: str = ""
    """Our keys, `;` between."""


class DebitItemHead(ItemHead, frozen=True, kw_only=True):
    """What an item of a debit memo request may change."""

    text: str = msgspec.field(default="", name="DebitMemoRequestItemText")


class DebitItemDraft(DebitItemHead, frozen=True, kw_only=True):
    """An item that is made."""

    material: str
    to_pricing_element: list[PriceDraft]


class DebitItemLater(DebitItemDraft, frozen=True, kw_only=True):
    """An item added to a request that is there."""

    request: str = msgspec.field(name="DebitMemoRequest")


class DebitItem(DebitItemHead, frozen=True, kw_only=True):
    """An item. Its net amount is worked out by SAP."""

    number: str = msgspec.field(name="DebitMemoRequestItem")
    net_amount: Decimal = Decimal(0)
    to_pricing_element: Listed[Price] = Listed()


class CreditItemDraft(ItemHead, frozen=True, kw_only=True):
    """An item of a credit memo request that is made."""

    text: str = msgspec.field(default="", name="CreditMemoRequestItemText")
    material: str
    to_pricing_element: list[PriceDraft]


class CreditItem(ItemHead, frozen=True, kw_only=True):
    """An item of a credit memo request."""

    number: str = msgspec.field(name="CreditMemoRequestItem")
    text: str = msgspec.field(default="", name="CreditMemoRequestItemText")
    net_amount: Decimal = Decimal(0)
    to_pricing_element: Listed[Price] = Listed()


class RequestHead(Wire, frozen=True, kw_only=True):
    """What a request may change."""

    purchase_order_by_customer: str = ""
    billing_document_date: str | None = None
    tg_name_sdh: str = ""
    tg_contract_sdh: str = ""
    tg_project_sdh: str = ""


class DebitHead(RequestHead, frozen=True, kw_only=True):
    """The same of a debit memo request."""

    date: str | None = msgspec.field(default=None, name="DebitMemoRequestDate")


class NewRequest(RequestHead, frozen=True, kw_only=True):
    """Where a request is made, and for whom: it stays so."""

    sales_organization: str
    distribution_channel: str
    organization_division: str
    sold_to_party: str
    transaction_currency: str
    tg_key_sdh: str


class DebitDraft(NewRequest, frozen=True, kw_only=True):
    """A debit memo request that is made."""

    date: str | None = msgspec.field(default=None, name="DebitMemoRequestDate")
    type: str = msgspec.field(name="DebitMemoRequestType")
    to_item: list[DebitItemDraft]


class CreditDraft(NewRequest, frozen=True, kw_only=True):
    """A credit memo request that is made: of a billing document, which its items refer to."""

    date: str | None = msgspec.field(default=None, name="CreditMemoRequestDate")
    type: str = msgspec.field(name="CreditMemoRequestType")
    reference_sd_document: str
    reference_sd_document_category: str
    tg_corrects_sdh: str
    to_item: list[CreditItemDraft]


class Request(RequestHead, frozen=True, kw_only=True):
    """What is read of either."""

    metadata: Metadata = msgspec.field(default=Metadata(), name="__metadata")
    sales_organization: str = ""
    sold_to_party: str = ""
    transaction_currency: Code
    total_net_amount: Decimal = Decimal(0)
    overall_ord_reltd_billg_status: str = ""
    last_change_date_time: str | None = None
    tg_key_sdh: str = ""


class Debit(Request, frozen=True, kw_only=True):
    """A debit memo request."""

    number: str = msgspec.field(name="DebitMemoRequest")
    date: str | None = msgspec.field(default=None, name="DebitMemoRequestDate")
    to_item: Listed[DebitItem] = Listed()


class Credit(Request, frozen=True, kw_only=True):
    """A credit memo request."""

    number: str = msgspec.field(name="CreditMemoRequest")
    date: str | None = msgspec.field(default=None, name="CreditMemoRequestDate")
    tg_corrects_sdh: str = ""
    to_item: Listed[CreditItem] = Listed()


class BillItem(Wire, frozen=True, kw_only=True):
    """An item of a billing document, and what it bills."""

    billing_document: str
    billing_document_item: str = ""
    billing_document_item_text: str = ""
    billing_quantity: Decimal = Decimal(1)
    net_amount: Decimal = Decimal(0)
    reference_sd_document: str = ""
    reference_sd_document_category: str = ""


class Bill(Wire, frozen=True, kw_only=True):
    """A billing document. Its amounts are positive, whichever it is."""

    metadata: Metadata = msgspec.field(default=Metadata(), name="__metadata")
    billing_document: str
    sd_document_category: str = ""
    billing_document_date: str | None = None
    billing_document_is_cancelled: bool = False
    cancelled_billing_document: str = ""
    sales_organization: str = ""
    sold_to_party: str = ""
    purchase_order_by_customer: str = ""
    company_code: str = ""
    fiscal_year: str = ""
    accounting_document: str = ""
    document_reference_id: str = ""
    transaction_currency: Code
    total_net_amount: Decimal = Decimal(0)
    tax_amount: Decimal = Decimal(0)
    total_gross_amount: Decimal = Decimal(0)
    last_change_date_time: str | None = None
    to_item: Listed[BillItem] = Listed()


class Entry(Wire, frozen=True, kw_only=True):
    """An item of a customer in accounting: what it owes is positive, what it paid negative."""

    company_code: str
    fiscal_year: str
    accounting_document: str
    accounting_document_item: str
    accounting_document_type: str = ""
    customer: str = ""
    posting_date: str | None = None
    net_due_date: str | None = None
    amount_in_transaction_currency: Decimal
    transaction_currency: Code
    invoice_reference: str = ""
    invoice_reference_fiscal_year: str = ""
    clearing_accounting_document: str = ""
    clearing_doc_fiscal_year: str = ""
    document_reference_id: str = ""
    payment_method: str = ""


class Reference(Wire, frozen=True, kw_only=True):
    """What a billing document is to be made of (V4)."""

    sd_document: str
    sd_document_category: str
    billing_document_date: str


class ToBill(Wire, frozen=True, kw_only=True):
    """The parameters of `CreateFromSDDocument` (V4)."""

    references: list[Reference] = msgspec.field(name="_Reference")


class Numbered(Wire, frozen=True, kw_only=True):
    """A billing document that was made (V4)."""

    billing_document: str


class Billed(msgspec.Struct, frozen=True):
    """Those that were made (V4)."""

    value: list[Numbered] = []
