"""The pages of the API, standard and of our extension: their fields, lengths, lists, and what refers to what."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

FieldType = Literal["text", "decimal", "integer", "date", "guid", "bool", "instant", "list"]
NOTHING: Final = "00000000-0000-0000-0000-000000000000"
NEVER: Final = "0001-01-01"
EMPTY: Final[Mapping[FieldType, Any]] = {
    "text": "",
    "decimal": 0,
    "integer": 0,
    "date": NEVER,
    "guid": NOTHING,
    "bool": False,
    "instant": "0001-01-01T00:00:00Z",
    "list": "_x0020_",
}


def caption(word: str) -> str:
    """A word of a list as people read it: `In_x0020_Review` is "In Review"."""
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), word)


def guid(kind: str, number: int) -> str:
    """A deterministic system id."""
    return str(UUID(hashlib.sha256(f"{kind}:{number}".encode()).hexdigest()[:32]))


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a page."""

    name: str
    type: FieldType = "text"
    length: int = 250
    read_only: bool = False
    needed: bool = False
    words: tuple[str, ...] = ()
    """Of a list, escaped as on the wire."""
    of: str = ""
    """The page a reference points to: by id, or a text by code."""
    empty: Any = None

    @property
    def default(self) -> Any:
        """What it holds where nothing was said."""
        return EMPTY[self.type] if self.empty is None else self.empty


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One API page."""

    entity: str
    set: str
    fields: Mapping[str, Field]
    standard: bool = False
    writable: bool = True
    unique: tuple[str, ...] = ()
    lines: str = ""
    """The page of its lines, which is also the navigation's name."""
    parent: str = ""
    """In lines, the field that holds the document's id."""


def _page(entity: str, address: str, *fields: Field, **more: Any) -> Page:
    every = (
        Field(name="id", type="guid", read_only=True),
        *fields,
        Field(name="lastModifiedDateTime", type="instant", read_only=True),
    )
    return Page(entity=entity, set=address, fields={field.name: field for field in every}, **more)


def _texts(*names: str, length: int = 250, **more: Any) -> tuple[Field, ...]:
    return tuple(Field(name=name, length=length, **more) for name in names)


def _of(kind: FieldType, *names: str, **more: Any) -> tuple[Field, ...]:
    return tuple(Field(name=name, type=kind, **more) for name in names)


_KEY: Final = Field(name="tiergateKey", length=100)
_CURRENCY: Final = Field(name="currencyCode", length=10, of="currencies")
_TERMS: Final = Field(name="paymentTermsId", type="guid", of="paymentTerms")
_STATUSES: Final = ("_x0020_", "Draft", "In_x0020_Approval", "Active", "Expired", "Cancelled")

_STANDARD: Final = (
    _page(
        "company",
        "companies",
        *_texts("name", "displayName", "systemVersion", "businessProfileId"),
        standard=True,
        writable=False,
    ),
    _page(
        "companyInformation",
        "companyInformation",
        *_texts("displayName", "addressLine1", "city", "country", "currencyCode", "taxRegistrationNumber"),
        standard=True,
        writable=False,
    ),
    _page(
        "accountingPeriod",
        "accountingPeriods",
        *_of("date", "startingDate"),
        *_texts("name"),
        *_of("bool", "newFiscalYear", "closed", "dateLocked"),
        standard=True,
        writable=False,
    ),
    _page("paymentTerm", "paymentTerms", *_texts("code", "displayName", "dueDateCalculation"), standard=True),
    _page("currency", "currencies", *_texts("code", "displayName", "symbol"), standard=True),
    _page(
        "employee",
        "employees",
        *_texts("number", length=20),
        *_texts("displayName", length=92),
        *_texts("jobTitle", length=30),
        *_texts("email", length=80),
        standard=True,
    ),
    _page(
        "unitOfMeasure",
        "unitsOfMeasure",
        *_texts("code", "displayName", "internationalStandardCode"),
        standard=True,
    ),
)
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
    return _page(
        entity,
        address,
        _KEY,
        *_texts("number", length=20, read_only=True),
        *_texts("externalDocumentNumber", "customerPurchaseOrderReference", length=35),
        *_of("date", date_field, "postingDate", "dueDate"),
        Field(name="customerId", type="guid", of="customers", needed=True),
        _CURRENCY,
        _TERMS,
        *_texts("title"),
        *_texts("contractNumber", length=100),
        Field(name="projectId", type="guid", of="projects"),
        *_of("decimal", "totalAmountExcludingTax", "totalTaxAmount", "totalAmountIncludingTax", read_only=True),
        *_of("decimal", "remainingAmount", read_only=True),
        *_of("list", "status", words=_INVOICE_STATUSES, empty="Draft", read_only=True),
        *more,
        unique=("tiergateKey",),
        lines=lines,
    )


def _document_lines(entity: str, address: str, of: str) -> Page:
    return _page(
        entity,
        address,
        Field(name="documentId", type="guid", of=of, read_only=True),
        *_of("integer", "sequence"),
        *_of("list", "lineType", words=("Comment", "Account", "Item", "Resource", "Fixed_x0020_Asset", "Charge")),
        *_texts("lineObjectNumber", length=20),
        *_texts("description", length=100),
        Field(name="unitOfMeasureCode", length=10, of="unitsOfMeasure"),
        *_of("decimal", "quantity", "unitPrice"),
        *_of("decimal", "netAmount", read_only=True),
        *_texts("lineKind", length=20),
        Field(name="projectId", type="guid", of="projects"),
        *_texts("sourceReferences", length=2048),
        parent="documentId",
    )


_OWED: Final = (
    _document("salesInvoice", "salesInvoices", "invoiceDate", "salesInvoiceLines"),
    _document_lines("salesInvoiceLine", "salesInvoiceLines", "salesInvoices"),
    _document(
        "salesCreditMemo",
        "salesCreditMemos",
        "creditMemoDate",
        "salesCreditMemoLines",
        *_of("guid", "invoiceId", "correctsInvoiceId", of="salesInvoices"),
    ),
    _document_lines("salesCreditMemoLine", "salesCreditMemoLines", "salesCreditMemos"),
    _page(
        "customerLedgerEntry",
        "customerLedgerEntries",
        *_of("list", "documentType", words=_DOCUMENT_TYPES),
        *_texts("documentNumber", length=20),
        *_texts("externalDocumentNumber", length=35),
        *_of("date", "postingDate"),
        Field(name="customerId", type="guid", of="customers"),
        _CURRENCY,
        *_of("decimal", "amount", "remainingAmount"),
        *_texts("paymentMethodCode", length=10),
        *_of("bool", "reversed"),
        writable=False,
        lines="appliedEntries",
    ),
    _page(
        "appliedEntry",
        "appliedEntries",
        Field(name="documentId", type="guid", of="customerLedgerEntries"),
        Field(name="invoiceId", type="guid", of="salesInvoices"),
        *_of("decimal", "amount", "discountAmount"),
        writable=False,
        parent="documentId",
    ),
)
_TIME: Final = (
    _page(
        "timeRegistrationEntry",
        "timeRegistrationEntries",
        _KEY,
        Field(name="employeeId", type="guid", of="employees", needed=True),
        Field(name="jobId", type="guid", of="projects", needed=True),
        *_texts("jobTaskNumber", length=20),
        *_of("date", "date", needed=True),
        *_of("decimal", "quantity"),
        Field(name="unitOfMeasureCode", length=10, of="unitsOfMeasure"),
        *_of("list", "status", words=("Open", "Submitted", "Rejected", "Approved"), empty="Open"),
        *_texts("description", "role", length=100),
        *_texts("workType", length=10),
        *_of("bool", "billable"),
        *_of("decimal", "unitPrice"),
        *_texts("correctsKey", length=100),
        *_of("bool", "posted", read_only=True),
        Field(name="invoiceId", type="guid", of="salesInvoices", read_only=True),
        unique=("tiergateKey",),
    ),
)
_EXTENSION: Final = (
    _page(
        "entitySetting",
        "entitySettings",
        *_texts("timeZone", "intercompanyPartners"),
        *_of("date", "allowPostingFrom", "allowPostingTo"),
        *_of("bool", "closed"),
        writable=False,
    ),
    _page(
        "customer",
        "customers",
        _KEY,
        *_texts("number", "phoneNumber", length=20),
        *_texts("displayName", "addressLine1", length=100),
        *_texts("addressLine2", length=50),
        *_texts("city", "state", length=30),
        *_texts("postalCode", length=20),
        *_texts("country", "taxCountry", length=10),
        *_texts("email", length=80),
        *_texts("taxRegistrationNumber", "taxScheme", length=20),
        _CURRENCY,
        _TERMS,
        *_of("decimal", "creditLimit"),
        *_of("decimal", "balanceDue", read_only=True),
        *_of("list", "blocked", words=("_x0020_", "Ship", "Invoice", "All")),
        *_of("list", "type", words=("Company", "Person"), empty="Company"),
        unique=("tiergateKey", "number"),
    ),
    _page(
        "salesOrder",
        "salesOrders",
        _KEY,
        *_texts("number", length=20),
        Field(name="customerId", type="guid", of="customers", needed=True),
        _CURRENCY,
        _TERMS,
        *_texts("externalDocumentNumber", length=35),
        *_texts("contractNumber", "opportunityId", length=50),
        *_texts("contractTitle"),
        *_texts("quoteId", length=50),
        *_of("date", "orderDate"),
        *_of("list", "contractStatus", words=_STATUSES),
        *_of("list", "status", words=("Draft", "In_x0020_Review", "Open"), empty="Draft", read_only=True),
        *_texts("billingMethod", length=20),
        *_of("date", "startsOn", "endsOn", "signedOn"),
        *_of("decimal", "totalAmountExcludingTax", "totalAmountIncludingTax", read_only=True),
        unique=("tiergateKey", "number"),
        lines="salesOrderLines",
    ),
    _page(
        "salesOrderLine",
        "salesOrderLines",
        Field(name="documentId", type="guid", of="salesOrders", read_only=True),
        *_of("integer", "sequence"),
        *_of("list", "lineType", words=("_x0020_", "Comment", "Item", "Account", "Resource")),
        *_texts("lineObjectNumber", length=20),
        *_texts("description", length=100),
        *_of("decimal", "quantity", empty=1),
        *_of("decimal", "unitPrice", "discountAmount"),
        *_of("decimal", "netAmount", "invoicedQuantity", read_only=True),
        parent="documentId",
    ),
    _page(
        "item",
        "items",
        *_texts("number", length=20),
        *_texts("displayName", length=100),
        *_of("list", "type", words=("Inventory", "Service", "Non_x002D_Inventory"), empty="Inventory"),
        *_of("bool", "blocked", "salesBlocked", "takesOff"),
        *_of("decimal", "unitPrice"),
        *_texts("taxCategory", length=10),
        unique=("number",),
        lines="assemblyComponents",
    ),
    _page(
        "assemblyComponent",
        "assemblyComponents",
        Field(name="documentId", type="guid", of="items", read_only=True),
        *_of("integer", "lineNumber"),
        *_of("list", "componentType", words=("_x0020_", "Item", "Resource")),
        *_texts("componentNumber", length=20),
        *_of("decimal", "quantityPer"),
        parent="documentId",
    ),
    _page(
        "project",
        "projects",
        _KEY,
        Field(name="number", length=20),
        *_texts("displayName", length=100),
        Field(name="billToCustomerId", type="guid", of="customers", needed=True),
        _CURRENCY,
        *_of("list", "status", words=("Planning", "Quote", "Open", "Completed"), empty="Open"),
        *_of("list", "blocked", words=("_x0020_", "Posting", "All")),
        *_of("date", "startingDate", "endingDate"),
        *_texts("contractNumber", length=100),
        *_texts("opportunityId", "practice", length=50),
        *_texts("billingMethod", length=20),
        *_of("decimal", "budget"),
        *_texts("manager", length=80),
        unique=("tiergateKey", "number"),
    ),
    _page(
        "billingSchedule",
        "billingSchedules",
        _KEY,
        *_texts("displayName", length=100),
        Field(name="projectId", type="guid", of="projects", needed=True),
        *_texts("method", length=20),
        unique=("tiergateKey",),
        lines="projectPlanningLines",
    ),
    _page(
        "projectPlanningLine",
        "projectPlanningLines",
        Field(name="documentId", type="guid", of="billingSchedules", read_only=True),
        *_texts("lineReference", length=50),
        *_texts("description", length=100),
        *_of("date", "planningDate", needed=True),
        *_of("decimal", "lineAmount"),
        parent="documentId",
    ),
)

PAGES: Final[Mapping[str, Page]] = {page.set: page for page in (*_STANDARD, *_EXTENSION, *_OWED, *_TIME)}
NUMBERED: Final = {
    "customers": "C",
    "salesOrders": "S-ORD",
    "projects": "PR",
    "salesInvoices": "S-INV",
    "salesCreditMemos": "S-CR",
}
"""Pages whose `number` comes from a number series where none is given."""
