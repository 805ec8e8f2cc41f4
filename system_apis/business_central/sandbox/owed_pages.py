"""The pages of invoices, credit memos and the customer ledger."""

from typing import Final

from system_apis.business_central.sandbox.fields import CURRENCY, KEY, TERMS, Field, Page, page_of, texts, typed

_INVOICE_STATUSES: Final = ("_x0020_", "Draft", "In_x0020_Review", "Open", "Paid", "Canceled", "Corrective")
_DOCUMENT_TYPES: Final = (
    "_x0020_",
    "Payment",
    "Invoice",
    "Credit_x0020_Memo",
    "Finance_x0020_Charge_x0020_Memo",
    "Reminder",
    "Refund",
)


def _document(entity: str, address: str, date_field: str, lines: str, *more: Field) -> Page:
    """An invoice or a credit memo."""
    return page_of(
        entity,
        address,
        KEY,
        *texts("number", length=20, read_only=True),
        *texts("externalDocumentNumber", "customerPurchaseOrderReference", length=35),
        *typed("date", date_field, "postingDate", "dueDate"),
        Field(name="customerId", type="guid", of="customers", needed=True),
        CURRENCY,
        TERMS,
        *texts("title"),
        *texts("contractNumber", length=100),
        Field(name="projectId", type="guid", of="projects"),
        *typed("decimal", "totalAmountExcludingTax", "totalTaxAmount", "totalAmountIncludingTax", read_only=True),
        *typed("decimal", "remainingAmount", read_only=True),
        *typed("list", "status", words=_INVOICE_STATUSES, empty="Draft", read_only=True),
        *more,
        unique=("tiergateKey",),
        lines=lines,
    )


def _document_lines(entity: str, address: str, of: str) -> Page:
    return page_of(
        entity,
        address,
        Field(name="documentId", type="guid", of=of, read_only=True),
        *typed("integer", "sequence"),
        *typed("list", "lineType", words=("Comment", "Account", "Item", "Resource", "Fixed_x0020_Asset", "Charge")),
        *texts("lineObjectNumber", length=20),
        *texts("description", length=100),
        Field(name="unitOfMeasureCode", length=10, of="unitsOfMeasure"),
        *typed("decimal", "quantity", "unitPrice"),
        *typed("decimal", "netAmount", read_only=True),
        *texts("lineKind", length=20),
        Field(name="projectId", type="guid", of="projects"),
        *texts("sourceReferences", length=2048),
        parent="documentId",
    )


OWED: Final = (
    _document("salesInvoice", "salesInvoices", "invoiceDate", "salesInvoiceLines"),
    _document_lines("salesInvoiceLine", "salesInvoiceLines", "salesInvoices"),
    _document(
        "salesCreditMemo",
        "salesCreditMemos",
        "creditMemoDate",
        "salesCreditMemoLines",
        *typed("guid", "invoiceId", "correctsInvoiceId", of="salesInvoices"),
    ),
    _document_lines("salesCreditMemoLine", "salesCreditMemoLines", "salesCreditMemos"),
    page_of(
        "customerLedgerEntry",
        "customerLedgerEntries",
        *typed("list", "documentType", words=_DOCUMENT_TYPES),
        *texts("documentNumber", length=20),
        *texts("externalDocumentNumber", length=35),
        *typed("date", "postingDate"),
        Field(name="customerId", type="guid", of="customers"),
        CURRENCY,
        *typed("decimal", "amount", "remainingAmount"),
        *texts("paymentMethodCode", length=10),
        *typed("bool", "reversed"),
        writable=False,
        lines="appliedEntries",
    ),
    page_of(
        "appliedEntry",
        "appliedEntries",
        Field(name="documentId", type="guid", of="customerLedgerEntries"),
        Field(name="invoiceId", type="guid", of="salesInvoices"),
        *typed("decimal", "amount", "discountAmount"),
        writable=False,
        parent="documentId",
    ),
)
