"""The objects of the sandbox's org and their fields: standard ones as far as we use them, and the firm's own."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import msgspec

FieldType = Literal[
    "id",
    "string",
    "textarea",
    "email",
    "phone",
    "picklist",
    "multipicklist",
    "boolean",
    "currency",
    "double",
    "percent",
    "int",
    "date",
    "datetime",
    "reference",
]
NUMBERS: Final = frozenset({"currency", "double", "percent", "int"})
TEXTS: Final = frozenset({"string", "textarea", "email", "phone", "picklist", "multipicklist"})


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field of an object."""

    name: str
    type: FieldType
    length: int = 0
    required: bool = False
    """Must be given when a record is made."""
    writable: bool = True
    default: Any = None
    external: bool = False
    """May be used as the key of an upsert."""
    unique: bool = False
    options: tuple[str, ...] = ()
    """What a restricted picklist takes; empty takes anything."""
    refers: str = ""
    relationship: str = ""
    """How SOQL walks to the record referred to."""

    def described(self) -> dict[str, Any]:
        """As `describe` tells it."""
        number = self.type in NUMBERS
        return {
            "name": self.name,
            "label": self.name.removesuffix("__c").replace("_", " "),
            "type": self.type,
            "length": self.length,
            "precision": 18 if number else 0,
            "scale": 2 if number and self.type != "int" else 0,
            "nillable": not self.required and self.type != "boolean",
            "createable": self.writable,
            "updateable": self.writable,
            "custom": self.name.endswith("__c"),
            "unique": self.unique,
            "externalId": self.external,
            "idLookup": self.external or self.type == "id",
            "defaultedOnCreate": self.default is not None,
            "restrictedPicklist": bool(self.options),
            "referenceTo": [self.refers] if self.refers else [],
            "relationshipName": self.relationship or None,
            "picklistValues": [
                {"value": value, "label": value, "active": True, "defaultValue": value == self.default}
                for value in self.options
            ],
        }


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One sObject."""

    name: str
    prefix: str
    """The first three characters of its ids."""
    fields: Mapping[str, Field]
    """By name in lower case: names are taken in any case and answered in theirs."""
    writable: bool = True

    def described(self, version: str) -> dict[str, Any]:
        """As the global describe lists it."""
        url = f"/services/data/{version}/sobjects/{self.name}"
        return {
            "name": self.name,
            "label": self.name,
            "labelPlural": f"{self.name}s",
            "keyPrefix": self.prefix,
            "custom": False,
            "queryable": True,
            "createable": self.writable,
            "updateable": self.writable,
            "deletable": self.writable,
            "urls": {"sobject": url, "describe": f"{url}/describe", "rowTemplate": f"{url}/{{ID}}"},
        }


STAGES: Final[Mapping[str, tuple[int, bool, bool]]] = {
    # probability, closed, won
    "Prospecting": (10, False, False),
    "Qualification": (10, False, False),
    "Proposal/Price Quote": (75, False, False),
    "Negotiation/Review": (90, False, False),
    "Closed Won": (100, True, True),
    "Closed Lost": (0, True, False),
}
_CONTRACT_TYPES: Final = (
    "Time and Materials",
    "Fixed Price",
    "Milestone",
    "Retainer",
    "Managed Service",
    "Not to Exceed",
)
_CURRENCIES: Final = ("USD", "EUR", "INR", "GBP", "JPY", "KWD")


def _text(name: str, length: int = 255, **more: Any) -> Field:
    return Field(name=name, type="string", length=length, **more)


def _long(name: str, length: int = 32768) -> Field:
    return Field(name=name, type="textarea", length=length)


def _of(of_type: FieldType, *names: str, **more: Any) -> tuple[Field, ...]:
    return tuple(Field(name=name, type=of_type, **more) for name in names)


def _pick(name: str, *options: str, **more: Any) -> Field:
    return Field(name=name, type="picklist", length=255, options=options, **more)


def _to(name: str, refers: str, relationship: str, **more: Any) -> Field:
    return Field(name=name, type="reference", length=18, refers=refers, relationship=relationship, **more)


def _address(place: str) -> tuple[Field, ...]:
    parts = ("City", "StateCode", "PostalCode", "CountryCode", "Country", "State")
    return (_long(f"{place}Street", 255), *(_text(f"{place}{part}", 80) for part in parts))


def _kind(name: str, prefix: str, *fields: Field | Iterable[Field], writable: bool = True) -> Kind:
    given: list[Field] = []
    for field in fields:
        given += [field] if isinstance(field, Field) else field
    return Kind(
        name=name,
        prefix=prefix,
        fields={field.name.lower(): field for field in (*_SYSTEM[:2], *given, *_SYSTEM[2:])},
        writable=writable,
    )


_SYSTEM: Final = (
    Field(name="Id", type="id", length=18, writable=False),
    Field(name="IsDeleted", type="boolean", writable=False, default=False),
    *_of("datetime", "CreatedDate", writable=False),
    _to("CreatedById", "User", "CreatedBy", writable=False),
    *_of("datetime", "LastModifiedDate", writable=False),
    _to("LastModifiedById", "User", "LastModifiedBy", writable=False),
    *_of("datetime", "SystemModstamp", writable=False),
)
_CURRENCY: Final = _pick("CurrencyIsoCode", *_CURRENCIES, default="USD")
_OWNER: Final = _to("OwnerId", "User", "Owner")

KINDS: Final[Mapping[str, Kind]] = {
    kind.name.lower(): kind
    for kind in (
        _kind(
            "Account",
            "001",
            _text("Name", required=True),
            _to("MasterRecordId", "Account", "MasterRecord", writable=False),
            _to("ParentId", "Account", "Parent"),
            _text("AccountNumber", 40),
            _text("Industry"),
            _text("Website"),
            _of("phone", "Phone", length=40),
            _address("Billing"),
            _address("Shipping"),
            _CURRENCY,
            _OWNER,
            _text("Legal_Name__c"),
            _text("Tax_Registration__c", 40),
            _text("Tax_Scheme__c", 40),
            _text("Tax_Country__c", 2),
            _text("Payment_Terms__c", 40),
            _of("boolean", "PO_Required__c", default=False),
            _text("ERP_Id__c", 64, external=True, unique=True),
            _text("Legacy_Id__c", 64, external=True),
        ),
        _kind(
            "Contact",
            "003",
            _to("AccountId", "Account", "Account"),
            _text("LastName", 80, required=True),
            _text("FirstName", 40),
            _text("Name", 121, writable=False),
            _of("email", "Email", length=80),
            _of("phone", "Phone", "MobilePhone", length=40),
            _text("Title", 128),
            _OWNER,
            _pick("Role__c", "Buyer", "Billing", "Sponsor", "Approver"),
        ),
        _kind(
            "Opportunity",
            "006",
            _to("AccountId", "Account", "Account"),
            _text("Name", 120, required=True),
            _long("Description"),
            _pick("StageName", *STAGES, required=True),
            _of("currency", "Amount"),
            _of("percent", "Probability"),
            _of("date", "CloseDate", required=True),
            _of("boolean", "IsClosed", "IsWon", writable=False, default=False),
            _text("Type"),
            _to("ContractId", "Contract", "Contract"),
            _to("SyncedQuoteId", "Quote", "SyncedQuote"),
            _of("datetime", "LastStageChangeDate", writable=False),
            _CURRENCY,
            _OWNER,
            _text("Legal_Entity__c", 20),
            Field(name="Delivery_Entities__c", type="multipicklist", length=4099),
            _pick("Contract_Type__c", *_CONTRACT_TYPES),
            _text("Practice__c"),
            _of("date", "Expected_Start__c", "Expected_End__c"),
            _long("Role_Demand__c"),
            _of("email", "Project_Manager__c", length=80),
            _text("PO_Number__c", 80),
            _of("double", "Won_Generation__c", writable=False, default=0),
            _text("Project_Code__c", 80),
            _text("ERP_Project_Id__c", 80),
            _text("PSA_Project_Id__c", 80),
            _text("ERP_Customer_Id__c", 80),
        ),
        _kind(
            "Quote",
            "0Q0",
            _to("OpportunityId", "Opportunity", "Opportunity", required=True),
            _text("Name", required=True),
            _text("QuoteNumber", 30, writable=False),
            _pick(
                "Status",
                *("Draft", "Needs Review", "In Review", "Approved", "Rejected", "Presented", "Accepted", "Denied"),
                default="Draft",
            ),
            _of("date", "ExpirationDate"),
            _of("currency", "GrandTotal", writable=False),
            _CURRENCY,
        ),
        _kind(
            "QuoteLineItem",
            "0QL",
            _to("QuoteId", "Quote", "Quote", required=True),
            _to("Product2Id", "Product2", "Product2"),
            _of("int", "SortOrder"),
            _of("double", "Quantity", required=True),
            _of("currency", "UnitPrice", required=True),
            _of("currency", "TotalPrice", writable=False),
            _text("Role__c"),
        ),
        _kind(
            "Product2",
            "01t",
            _text("Name", required=True),
            _pick("Family", "Services", "Expenses", "Fees", "Materials"),
            _of("boolean", "IsActive", default=True),
        ),
        _kind(
            "Contract",
            "800",
            _to("AccountId", "Account", "Account", required=True),
            _text("ContractNumber", 30, writable=False),
            _text("Name", 80),
            _pick("Status", "Draft", "In Approval Process", "Activated", "Terminated", "Expired", default="Draft"),
            _of("date", "StartDate", "EndDate", "CustomerSignedDate"),
            _of("datetime", "ActivatedDate", writable=False),
            _CURRENCY,
            _OWNER,
            _of("currency", "Contract_Value__c"),
            _pick("Contract_Type__c", *_CONTRACT_TYPES),
            _text("Payment_Terms__c", 40),
            _text("PO_Number__c", 80),
            _of("date", "At_Risk_Until__c"),
            _to("Opportunity__c", "Opportunity", "Opportunity__r"),
        ),
        _kind(
            "User",
            "005",
            _text("Username", 80),
            _text("Name", 121),
            _of("email", "Email", length=128),
            _of("boolean", "IsActive", default=True),
            writable=False,
        ),
        _kind("Organization", "00D", _text("Name", 80), _of("boolean", "IsSandbox"), writable=False),
    )
}
