"""The models of a database with the modules QUIRKS.md lists, of each the fields kept here, as Tryton 8.2 has them."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

Kind = Literal[
    "char",
    "text",
    "boolean",
    "integer",
    "float",
    "numeric",
    "date",
    "timestamp",
    "timedelta",
    "selection",
    "multiselection",
    "many2one",
    "one2many",
    "many2many",
    "reference",
]


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field."""

    name: str
    type: Kind = "char"
    relation: str = ""
    """The model a relation leads to."""
    inverse: str = ""
    """Of a list of records: their field that leads back."""
    required: bool = False
    readonly: bool = False
    """Nobody writes it: since 8.2 the server refuses to."""
    selection: tuple[str, ...] = ()
    digits: int | None = None
    default: Any = None
    computed: bool = False
    """Worked out when it is read."""


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """One model."""

    name: str
    title: str
    fields: Mapping[str, Field]
    unique: Mapping[str, str] = {}
    """Field -> what is said when it is there twice."""
    numbered: str = ""
    """The field a sequence fills where nothing is said."""
    frozen: Mapping[str, frozenset[str]] = {}
    """State -> fields that nobody changes in it."""
    buttons: Mapping[str, Mapping[str, str]] = {}
    """Button -> state it may be pushed in -> state it leads to."""
    kept: frozenset[str] = frozenset()
    """States in which a record is not deleted."""
    needed_by: tuple[tuple[str, str], ...] = ()
    """Models and the field of each that leads here: a record they lead to is not deleted."""


def fields(*every: Field) -> dict[str, Field]:
    """Those of a model, and those that every model has."""
    stamps = tuple(
        Field(name=name, type="timestamp", readonly=True, computed=True)
        for name in ("create_date", "write_date", "last_modified_at")
    )
    names = (Field(name="id", type="integer", readonly=True), Field(name="rec_name", readonly=True, computed=True))
    return {field.name: field for field in (*names, *every, *stamps)}


def chars(*names: str, **more: Any) -> tuple[Field, ...]:
    """Texts of one row."""
    return tuple(Field(name=name, **more) for name in names)


def to(name: str, relation: str, **more: Any) -> Field:
    """A field that leads to a record."""
    return Field(name=name, type="many2one", relation=relation, **more)


def below(name: str, relation: str, inverse: str, **more: Any) -> Field:
    """The records below one."""
    return Field(name=name, type="one2many", relation=relation, inverse=inverse, **more)


def worked_out(*names: str, kind: Any = "numeric", **more: Any) -> tuple[Field, ...]:
    """Fields that nobody writes."""
    return tuple(Field(name=name, type=kind, readonly=True, computed=True, **more) for name in names)


ACTIVE: Final = Field(name="active", type="boolean", default=True)
COMPANY: Final = to("company", "company.company", required=True)
IDENTIFIERS: Final = (
    *("at_vat", "be_vat", "ch_vat", "de_vat", "es_vat", "eu_vat", "fr_vat", "gb_vat"),
    *("in_vat", "it_vat", "nl_vat", "no_vat", "pl_vat", "se_vat", "us_ein"),
)

FIRST: Final = (
    Model(
        name="country.country",
        title="Country",
        fields=fields(*chars("name", required=True), *chars("code"), ACTIVE),
    ),
    Model(
        name="country.subdivision",
        title="Subdivision",
        fields=fields(
            to("country", "country.country", required=True),
            *chars("name", required=True),
            *chars("code"),
            Field(name="type", type="selection"),
        ),
    ),
    Model(
        name="currency.currency",
        title="Currency",
        fields=fields(
            *chars("name", required=True),
            *chars("code", required=True),
            Field(name="digits", type="integer", required=True, default=2),
            ACTIVE,
        ),
    ),
    Model(
        name="company.company",
        title="Company",
        fields=fields(
            to("party", "party.party", required=True),
            to("currency", "currency.currency", required=True),
            Field(name="timezone", type="selection"),
        ),
    ),
    Model(
        name="account.period",
        title="Account Period",
        fields=fields(
            *chars("name", required=True),
            Field(name="start_date", type="date", required=True),
            Field(name="end_date", type="date", required=True),
            Field(
                name="state",
                type="selection",
                selection=("open", "closed", "locked"),
                default="open",
                readonly=True,
                required=True,
            ),
            Field(
                name="type", type="selection", selection=("standard", "adjustment"), default="standard", required=True
            ),
            to("company", "company.company", readonly=True),
        ),
    ),
    Model(
        name="account.invoice.payment_term",
        title="Payment Term",
        fields=fields(*chars("name", required=True), ACTIVE),
    ),
    Model(
        name="party.category",
        title="Party Category",
        fields=fields(*chars("name", required=True), to("parent", "party.category"), ACTIVE),
    ),
    Model(
        name="party.party",
        title="Party",
        fields=fields(
            *chars("name"),
            *chars("code", required=True),
            ACTIVE,
            below("addresses", "party.address", "party"),
            below("identifiers", "party.identifier", "party"),
            below("contact_mechanisms", "party.contact_mechanism", "party"),
            below("relations", "party.relation.all", "from_"),
            Field(name="categories", type="many2many", relation="party.category"),
            to("customer_currency", "currency.currency"),
            to("customer_payment_term", "account.invoice.payment_term"),
            below("credit_limit_amounts", "party.party.credit_limit_amount", "party"),
            Field(name="credit_amount", type="numeric", readonly=True, computed=True),
            Field(name="email", computed=True),
            to("tax_identifier", "party.identifier", readonly=True, computed=True),
        ),
        unique={"code": "The code on party must be unique."},
        numbered="code",
    ),
    Model(
        name="party.address",
        title="Address",
        fields=fields(
            to("party", "party.party", required=True),
            Field(name="street", type="text"),
            *chars("city", "postal_code"),
            to("country", "country.country"),
            to("subdivision", "country.subdivision"),
            ACTIVE,
        ),
    ),
    Model(
        name="party.identifier",
        title="Party Identifier",
        fields=fields(
            to("party", "party.party", required=True),
            Field(name="type", type="selection", selection=IDENTIFIERS),
            *chars("code", required=True),
            ACTIVE,
        ),
    ),
    Model(
        name="party.contact_mechanism",
        title="Contact Mechanism",
        fields=fields(
            to("party", "party.party", required=True),
            Field(
                name="type",
                type="selection",
                selection=("phone", "mobile", "fax", "email", "website", "skype", "sip", "irc", "jabber", "other"),
                required=True,
                default="phone",
            ),
            *chars("value", required=True),
            ACTIVE,
        ),
    ),
    Model(
        name="party.party.credit_limit_amount",
        title="Party Credit Limit Amount",
        fields=fields(
            to("party", "party.party"),
            to("company", "company.company"),
            Field(name="credit_limit_amount", type="numeric"),
        ),
    ),
    Model(
        name="project.work.status",
        title="Project Work Status",
        fields=fields(
            *chars("name", required=True),
            Field(name="types", type="multiselection"),
            Field(name="progress", type="float"),
        ),
    ),
    Model(
        name="project.work",
        title="Project Work",
        fields=fields(
            *chars("name", required=True),
            *chars("number", readonly=True),
            Field(name="type", type="selection", selection=("project", "task"), required=True, default="task"),
            COMPANY,
            to("party", "party.party"),
            Field(name="comment", type="text"),
            to("status", "project.work.status", required=True),
            to("parent", "project.work"),
            below("children", "project.work", "parent"),
            Field(name="effort_duration", type="timedelta"),
            Field(name="timesheet_available", type="boolean", default=False),
            Field(name="timesheet_start_date", type="date", computed=True),
            Field(name="timesheet_end_date", type="date", computed=True),
            below("timesheet_works", "timesheet.work", "origin", readonly=True),
            Field(
                name="project_invoice_method",
                type="selection",
                selection=("manual", "effort", "progress", "timesheet"),
                default="manual",
            ),
        ),
        unique={"number": "The number on work must be unique."},
        numbered="number",
        needed_by=(("project.work", "parent"),),
    ),
)
