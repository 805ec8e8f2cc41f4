"""How the objects of an org are described: kinds, their fields, and what every org has."""

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
    """The entries of a list."""
    restricted: bool = True
    """Whether the list takes nothing else; an open one takes any text."""
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
            "restrictedPicklist": bool(self.options) and self.restricted,
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
            "custom": self.name.endswith("__c"),
            "queryable": True,
            "createable": self.writable,
            "updateable": self.writable,
            "deletable": self.writable,
            "urls": {"sobject": url, "describe": f"{url}/describe", "rowTemplate": f"{url}/{{ID}}"},
        }


_CURRENCIES: Final = ("USD", "EUR", "INR", "GBP", "JPY", "KWD")


def text(name: str, length: int = 255, **more: Any) -> Field:
    """A line of text."""
    return Field(name=name, type="string", length=length, **more)


def long_text(name: str, length: int = 32768) -> Field:
    """Text of several lines."""
    return Field(name=name, type="textarea", length=length)


def of(of_type: FieldType, *names: str, **more: Any) -> tuple[Field, ...]:
    """Several fields of one type."""
    return tuple(Field(name=name, type=of_type, **more) for name in names)


def pick(name: str, *options: str, **more: Any) -> Field:
    """A list of which one entry is chosen."""
    return Field(name=name, type="picklist", length=255, options=options, **more)


def to(name: str, refers: str, relationship: str, **more: Any) -> Field:
    """A reference to a record of another kind."""
    return Field(name=name, type="reference", length=18, refers=refers, relationship=relationship, **more)


def kind(name: str, prefix: str, *fields: Field | Iterable[Field], writable: bool = True) -> Kind:
    """One sObject; what every one of them has is added."""
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
    *of("datetime", "CreatedDate", writable=False),
    to("CreatedById", "User", "CreatedBy", writable=False),
    *of("datetime", "LastModifiedDate", writable=False),
    to("LastModifiedById", "User", "LastModifiedBy", writable=False),
    *of("datetime", "SystemModstamp", writable=False),
)
CURRENCY: Final = pick("CurrencyIsoCode", *_CURRENCIES, default="USD")
OWNER: Final = to("OwnerId", "User", "Owner")
PLATFORM: Final = (
    kind(
        "User",
        "005",
        text("Username", 80),
        text("Name", 121),
        of("email", "Email", length=128),
        of("boolean", "IsActive", default=True),
        writable=False,
    ),
    kind("Organization", "00D", text("Name", 80), of("boolean", "IsSandbox"), writable=False),
)
"""What there is in every org."""
