"""The pages of the API, standard and of our extension: their fields, lengths, lists, and what refers to what."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

FieldType = Literal["text", "decimal", "date", "guid", "bool", "instant", "list"]
NOTHING: Final = "00000000-0000-0000-0000-000000000000"
EMPTY: Final[Mapping[FieldType, Any]] = {
    "text": "",
    "decimal": 0,
    "date": "0001-01-01",
    "guid": NOTHING,
    "bool": False,
    "instant": "0001-01-01T00:00:00Z",
    "list": "_x0020_",
}


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
    """The page a reference points to; for a currency code, `currencies`."""
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


def _texts(*names: str, length: int = 250) -> tuple[Field, ...]:
    return tuple(Field(name=name, length=length) for name in names)


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
        *_of("list", "lineType", words=("_x0020_", "Item", "Account", "Resource")),
        *_texts("lineObjectNumber", length=20),
        *_texts("description", length=100),
        *_of("decimal", "quantity", empty=1),
        *_of("decimal", "unitPrice"),
        *_of("decimal", "netAmount", read_only=True),
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
        *_texts("contractNumber", "opportunityId", "practice", length=50),
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

PAGES: Final[Mapping[str, Page]] = {page.set: page for page in (*_STANDARD, *_EXTENSION)}
NUMBERED: Final = {"customers": "C", "salesOrders": "S-ORD", "projects": "PR"}
"""Pages whose `number` comes from a number series where none is given."""
