"""Dataverse's shapes: only the columns we read or write. Web API 9.2, minimal metadata.

A lookup comes as `_<column>_value`; a choice as its number, and with the annotation we ask for, as its label beside it.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Final, Generic, TypeVar

import msgspec
from msgspec import field

from canonical.money import Currency as Code

T = TypeVar("T")
FORMATTED: Final = "OData.Community.Display.V1.FormattedValue"


ETag = Annotated[str, msgspec.Meta(pattern=r'^(W/)?"[!#-~]*"$')]
"""An entity tag (RFC 9110 section 8.8.3), since it goes back in a header."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A record: column names as Dataverse writes them; a null is None."""

    expands: ClassVar[Mapping[str, str]] = {}
    """Navigation property -> the columns wanted of the record there."""

    etag: ETag = field(name="@odata.etag")

    @classmethod
    def select(cls) -> str:
        """Its columns, for `$select`."""
        names = cls.__struct_encode_fields__
        return ",".join(name for name in names if "@" not in name and name not in cls.expands)

    @classmethod
    def expand(cls) -> str:
        """What is wanted of the records it points at, for `$expand`; empty where nothing is."""
        return ",".join(f"{name}($select={columns})" for name, columns in cls.expands.items())


class Me(msgspec.Struct, frozen=True, rename="pascal"):
    """Who we are."""

    user_id: str
    organization_id: str


class Rows(msgspec.Struct, Generic[T], frozen=True):
    """A page of a list."""

    value: list[T]
    next_link: str = field(default="", name="@odata.nextLink")


class DeltaRow(msgspec.Struct, frozen=True):
    """A row that changed since a token, or what is left of one that was deleted."""

    id: str = ""
    reason: str = ""


class Delta(msgspec.Struct, frozen=True):
    """A page of what is tracked; the last one has the link to what changes from then on."""

    value: list[DeltaRow]
    next_link: str = field(default="", name="@odata.nextLink")
    delta_link: str = field(default="", name="@odata.deltaLink")


class Tracking(msgspec.Struct, frozen=True):
    """Whether a table tracks its changes, as the metadata tells it."""

    enabled: bool | None = field(name="ChangeTrackingEnabled")


class Problem(msgspec.Struct, frozen=True):
    """What went wrong. `code` is hexadecimal, a signed number, or empty."""

    code: str
    message: str = ""


class Refusal(msgspec.Struct, frozen=True):
    """An error answer."""

    error: Problem


class Currency(msgspec.Struct, frozen=True):
    """A currency, as far as a record's amounts need it."""

    isocurrencycode: Code


IN_CURRENCY: Final = {"transactioncurrencyid": "isocurrencycode"}


class Opportunity(Row, frozen=True, kw_only=True):
    """A deal, with the organisation's own columns (QUIRKS.md lists them)."""

    expands: ClassVar[Mapping[str, str]] = IN_CURRENCY

    opportunityid: str
    name: str
    statecode: int
    stepname: str | None
    estimatedvalue: Decimal | None
    estimatedclosedate: date | None
    actualclosedate: date | None
    closeprobability: int | None
    versionnumber: int
    modifiedon: datetime
    tg_legalentity: str | None
    tg_deliveryentities: str | None
    tg_contracttype: int | None
    tg_practice: str | None
    tg_expectedstart: date | None
    tg_expectedend: date | None
    tg_projectmanager: str | None
    tg_ponumber: str | None
    tg_wongeneration: int | None
    tg_wonon: datetime | None
    tg_projectcode: str | None
    account: str | None = field(name="_parentaccountid_value")
    owner: str | None = field(name="_ownerid_value")
    currency: Currency | None = field(name="transactioncurrencyid")
    delivery_entities: str | None = field(default=None, name=f"tg_deliveryentities@{FORMATTED}")
    contract_type: str | None = field(default=None, name=f"tg_contracttype@{FORMATTED}")


class OrderReference(Row, frozen=True, kw_only=True):
    """The order a deal became, and the quote it was made from."""

    salesorderid: str
    quote: str | None = field(name="_quoteid_value")


class QuoteReference(Row, frozen=True, kw_only=True):
    """One of a deal's quotes."""

    quoteid: str


class Link(Row, frozen=True, kw_only=True):
    """The columns of a deal that point at its project."""

    versionnumber: int
    tg_projectcode: str | None
    tg_erpprojectid: str | None
    tg_psaprojectid: str | None
    tg_erpcustomerid: str | None


class LinkUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What is written to link a deal; None clears."""

    tg_projectcode: str | None
    tg_erpprojectid: str | None
    tg_psaprojectid: str | None
    tg_erpcustomerid: str | None


class Account(Row, frozen=True, kw_only=True):
    """A customer. A merged one stays, inactive, and names its master."""

    expands: ClassVar[Mapping[str, str]] = IN_CURRENCY

    accountid: str
    name: str
    accountnumber: str | None
    statecode: int
    merged: bool | None
    emailaddress1: str | None
    address1_line1: str | None
    address1_line2: str | None
    address1_line3: str | None
    address1_city: str | None
    address1_stateorprovince: str | None
    address1_postalcode: str | None
    address1_country: str | None
    paymenttermscode: int | None
    versionnumber: int
    modifiedon: datetime
    tg_legalname: str | None
    tg_taxregistration: str | None
    tg_taxscheme: str | None
    tg_taxcountry: str | None
    tg_porequired: bool | None
    master: str | None = field(name="_masterid_value")
    parent: str | None = field(name="_parentaccountid_value")
    owner: str | None = field(name="_ownerid_value")
    currency: Currency | None = field(name="transactioncurrencyid")
    payment_terms: str | None = field(default=None, name=f"paymenttermscode@{FORMATTED}")


class Contact(Row, frozen=True, kw_only=True):
    """A person at a customer. Only forms ask for a last name, the API does not."""

    contactid: str
    firstname: str | None
    lastname: str | None
    emailaddress1: str | None
    telephone1: str | None
    jobtitle: str | None
    donotbulkemail: bool | None
    statecode: int
    merged: bool | None
    versionnumber: int
    modifiedon: datetime
    tg_contactrole: int | None
    account: str | None = field(name="_parentcustomerid_value")
    master: str | None = field(name="_masterid_value")
    role: str | None = field(default=None, name=f"tg_contactrole@{FORMATTED}")


class Lead(Row, frozen=True, kw_only=True):
    """Somebody who may become a customer; qualified, it stays and names the account and the person."""

    leadid: str
    companyname: str | None
    firstname: str | None
    lastname: str | None
    emailaddress1: str | None
    statecode: int
    merged: bool | None
    versionnumber: int
    modifiedon: datetime
    account: str | None = field(name="_parentaccountid_value")
    contact: str | None = field(name="_parentcontactid_value")
    master: str | None = field(name="_masterid_value")


class Absorbed(Row, frozen=True, kw_only=True):
    """A lead that was merged into another."""

    leadid: str


class Originated(Row, frozen=True, kw_only=True):
    """The deal a lead was qualified to, and the lead."""

    opportunityid: str
    lead: str | None = field(name="_originatingleadid_value")


class Order(Row, frozen=True, kw_only=True):
    """What was agreed: the order a won quote became."""

    expands: ClassVar[Mapping[str, str]] = IN_CURRENCY

    salesorderid: str
    ordernumber: str
    name: str | None
    statecode: int
    totalamount: Decimal | None
    paymenttermscode: int | None
    versionnumber: int
    modifiedon: datetime
    tg_contracttype: int | None
    tg_startson: date | None
    tg_endson: date | None
    tg_signedon: date | None
    tg_atriskuntil: date | None
    tg_atriskcap: Decimal | None
    tg_approvedexceptions: str | None
    tg_ponumber: str | None
    tg_carriedamendment: int | None
    account: str | None = field(name="_customerid_value")
    opportunity: str | None = field(name="_opportunityid_value")
    currency: Currency | None = field(name="transactioncurrencyid")
    payment_terms: str | None = field(default=None, name=f"paymenttermscode@{FORMATTED}")
    contract_type: str | None = field(default=None, name=f"tg_contracttype@{FORMATTED}")
    exceptions: str | None = field(default=None, name=f"tg_approvedexceptions@{FORMATTED}")


class Changed(Row, frozen=True, kw_only=True):
    """A deal as the poll sees it."""

    opportunityid: str
    statecode: int
    versionnumber: int
    modifiedon: datetime


class ChangedRecord(Row, frozen=True, kw_only=True):
    """An account or a person as the poll sees it."""

    merged: bool | None
    versionnumber: int
    modifiedon: datetime


class ChangedAccount(ChangedRecord, frozen=True, kw_only=True):
    """An account."""

    accountid: str


class ChangedLead(ChangedRecord, frozen=True, kw_only=True):
    """A lead."""

    leadid: str


class ChangedContact(ChangedRecord, frozen=True, kw_only=True):
    """A person."""

    contactid: str


class ChangedOrder(Row, frozen=True, kw_only=True):
    """An order as the poll sees it; orders are not merged."""

    salesorderid: str
    versionnumber: int
    modifiedon: datetime


class Attribute(msgspec.Struct, frozen=True, rename="pascal"):
    """A column, as the metadata tells it."""

    logical_name: str


class Entity(msgspec.Struct, frozen=True, rename="pascal"):
    """A table, as the metadata tells it."""

    attributes: list[Attribute]


class Localized(msgspec.Struct, frozen=True, rename="pascal"):
    """A word in one language."""

    label: str | None


class Label(msgspec.Struct, frozen=True, rename="pascal"):
    """A word in the language of whoever asks."""

    user_localized_label: Localized | None = None

    @property
    def said(self) -> str:
        """The word; empty where there is none in that language."""
        return (self.user_localized_label.label if self.user_localized_label else None) or ""


class Option(msgspec.Struct, frozen=True, rename="pascal"):
    """One word of a choice."""

    value: int
    label: Label | None = None


class OptionSet(msgspec.Struct, frozen=True, rename="pascal"):
    """The words of a choice."""

    options: list[Option]


class Choice(msgspec.Struct, frozen=True, rename="pascal"):
    """A column that holds a choice, and what it may hold."""

    logical_name: str
    option_set: OptionSet | None
