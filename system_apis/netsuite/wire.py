"""NetSuite's shapes: only the fields we read or write. Names are NetSuite's, spelled our way; nulls never come at all.

`...Draft` is what we write: a field without a default is always sent, and None there clears it.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Final, Generic, TypeVar

import msgspec

SERVICE_ITEM: Final = "tiergate-services"
"""External id of the service item that stands on every order we write (see QUIRKS.md, "What the account must have")."""

RowT = TypeVar("RowT")


def _spelled(name: str) -> str:
    """`company_name` is `companyName`; custom fields keep their underscores."""
    if "_tg_" in name:
        return name
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


class Wire(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename=_spelled):
    """One JSON object of the record API."""


class Ref(Wire, frozen=True, kw_only=True):
    """A reference to a record or a value of a list; written by one of its ids."""

    id: str = ""
    ref_name: str = ""
    external_id: str = ""


class Country(Wire, frozen=True, kw_only=True):
    """ISO 3166-1 alpha-2 in `id`."""

    id: str = ""


class PostalAddress(Wire, frozen=True, kw_only=True):
    """A postal address."""

    addr1: str = ""
    addr2: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: Country | None = None


class AddressLine(Wire, frozen=True, kw_only=True):
    """One line of a customer's address book; `id` names an existing one."""

    id: int | None = None
    default_billing: bool = False
    default_shipping: bool = False
    address_book_address: PostalAddress = PostalAddress()


class AddressBook(Wire, frozen=True, kw_only=True):
    """A customer's addresses."""

    items: list[AddressLine] = []


class Customer(Wire, frozen=True, kw_only=True):
    """A customer, as read with its sublists."""

    id: str
    external_id: str = ""
    entity_id: str = ""
    company_name: str = ""
    email: str = ""
    subsidiary: Ref = Ref()
    currency: Ref = Ref()
    terms: Ref = Ref()
    vat_reg_number: str = ""
    credit_limit: Decimal | None = None
    credit_hold_override: Ref = Ref()
    balance: Decimal = Decimal(0)
    is_inactive: bool = False
    address_book: AddressBook = AddressBook()
    last_modified_date: datetime | None = None
    custentity_tg_tax_country: str = ""
    custentity_tg_tax_scheme: str = ""


class CustomerDraft(Wire, frozen=True, kw_only=True):
    """Without `creditLimit` and `creditHoldOverride`: credit is the ERP's own, an upsert cannot loosen it."""

    company_name: str
    is_person: bool
    subsidiary: Ref
    currency: Ref
    email: str | None
    vat_reg_number: str | None
    custentity_tg_tax_country: str | None
    custentity_tg_tax_scheme: str | None
    terms: Ref | None = None
    address_book: AddressBook | None = None


class Activity(Wire, frozen=True, kw_only=True, omit_defaults=False):
    """Whether a customer takes new transactions."""

    is_inactive: bool


class Rekeyed(Wire, frozen=True, kw_only=True):
    """Another external id."""

    external_id: str


class OrderLine(Wire, frozen=True, kw_only=True):
    """One line of an order."""

    item: Ref
    quantity: int = 0
    amount: Decimal | None = None
    description: str = ""
    is_closed: bool = False


class OrderLines(Wire, frozen=True, kw_only=True):
    """An order's lines."""

    items: list[OrderLine] = []


class SalesOrder(Wire, frozen=True, kw_only=True):
    """A sales order: our contract."""

    id: str
    external_id: str = ""
    tran_id: str = ""
    entity: Ref = Ref()
    subsidiary: Ref = Ref()
    currency: Ref = Ref()
    order_status: Ref = Ref()
    other_ref_num: str = ""
    memo: str = ""
    terms: Ref = Ref()
    start_date: date | None = None
    end_date: date | None = None
    subtotal: Decimal = Decimal(0)
    last_modified_date: datetime | None = None
    custbody_tg_contract: str = ""
    custbody_tg_opportunity: str = ""
    custbody_tg_method: str = ""
    custbody_tg_signed: date | None = None
    custbody_tg_amendment: int | None = None
    custbody_tg_document: str = ""


class SalesOrderDraft(Wire, frozen=True, kw_only=True):
    """What we write of a sales order."""

    entity: Ref
    subsidiary: Ref
    currency: Ref
    order_status: Ref
    other_ref_num: str | None
    memo: str | None
    start_date: date | None
    end_date: date | None
    custbody_tg_contract: str
    custbody_tg_opportunity: str | None
    custbody_tg_method: str
    custbody_tg_signed: date | None
    item: OrderLines | None = None
    terms: Ref | None = None


class Job(Wire, frozen=True, kw_only=True):
    """A project."""

    id: str
    external_id: str = ""
    entity_id: str = ""
    company_name: str = ""
    parent: Ref = Ref()
    subsidiary: Ref = Ref()
    currency: Ref = Ref()
    entity_status: Ref = Ref()
    is_inactive: bool = False
    job_billing_type: Ref = Ref()
    estimated_revenue: Decimal | None = None
    start_date: date | None = None
    projected_end_date: date | None = None
    last_modified_date: datetime | None = None
    custentity_tg_opportunity: str = ""
    custentity_tg_contract: str = ""
    custentity_tg_method: str = ""
    custentity_tg_pm: str = ""
    custentity_tg_practice: str = ""
    custentity_tg_cost_center: str = ""
    custentity_tg_profit_center: str = ""
    custentity_tg_documents: str = ""
    allow_time: bool = True
    allow_expenses: bool = True


class JobDraft(Wire, frozen=True, kw_only=True):
    """What we write of a project."""

    company_name: str
    entity_id: str
    parent: Ref
    subsidiary: Ref
    currency: Ref
    entity_status: Ref
    is_inactive: bool
    job_billing_type: Ref
    estimated_revenue: Decimal | None
    start_date: date | None
    projected_end_date: date | None
    custentity_tg_opportunity: str | None
    custentity_tg_contract: str | None
    custentity_tg_method: str
    custentity_tg_pm: str | None
    custentity_tg_practice: str | None


class JobSetup(Wire, frozen=True, kw_only=True, omit_defaults=True):
    """What a project is worked under; a field that is not named stays as it is."""

    custentity_tg_practice: str | msgspec.UnsetType | None = msgspec.UNSET
    custentity_tg_cost_center: str | msgspec.UnsetType | None = msgspec.UNSET
    custentity_tg_profit_center: str | msgspec.UnsetType | None = msgspec.UNSET
    custentity_tg_documents: str | msgspec.UnsetType | None = msgspec.UNSET
    estimated_revenue: Decimal | msgspec.UnsetType = msgspec.UNSET
    allow_time: bool | msgspec.UnsetType = msgspec.UNSET
    allow_expenses: bool | msgspec.UnsetType = msgspec.UNSET


class JobStage(Wire, frozen=True, kw_only=True):
    """The part of a project that says how far it is."""

    entity_status: Ref
    is_inactive: bool


class ScheduleMilestone(Wire, frozen=True, kw_only=True):
    """An amount billed when a milestone is reached."""

    milestone_date: date
    milestone_amount: Decimal
    comments: str = ""


class ScheduleMilestones(Wire, frozen=True, kw_only=True):
    """The lines of a schedule by milestone."""

    items: list[ScheduleMilestone]


class ScheduleRecurrence(Wire, frozen=True, kw_only=True):
    """An amount billed on a date."""

    recurrence_date: date
    amount: Decimal


class ScheduleRecurrences(Wire, frozen=True, kw_only=True):
    """The lines of a schedule by interval."""

    items: list[ScheduleRecurrence]


class BillingSchedule(Wire, frozen=True, kw_only=True):
    """A billing schedule, as read with its sublists."""

    id: str
    external_id: str = ""
    name: str = ""
    project: Ref = Ref()
    schedule_type: Ref = Ref()
    milestone: ScheduleMilestones = ScheduleMilestones(items=[])
    recurrence: ScheduleRecurrences = ScheduleRecurrences(items=[])
    last_modified_date: datetime | None = None


class BillingScheduleDraft(Wire, frozen=True, kw_only=True):
    """What we write of a billing schedule."""

    name: str
    project: Ref
    schedule_type: Ref
    milestone: ScheduleMilestones
    recurrence: ScheduleRecurrences


class Rows(msgspec.Struct, Generic[RowT], frozen=True, rename="camel"):
    """One page of a SuiteQL answer. Every value is a string, and a null one is missing."""

    items: list[RowT]
    has_more: bool = False


class CodeRow(msgspec.Struct, frozen=True):
    """An internal id and the code or name it stands for."""

    id: str
    code: str = ""


class SubsidiaryRow(msgspec.Struct, frozen=True):
    """A subsidiary, by SuiteQL."""

    id: str
    name: str
    legalname: str = ""
    country: str = ""
    currency: str = ""
    isinactive: str = "F"
    custrecord_tg_code: str = ""
    custrecord_tg_time_zone: str = ""
    custrecord_tg_ic_partners: str = ""


class PeriodRow(msgspec.Struct, frozen=True):
    """An accounting period, by SuiteQL."""

    periodname: str
    startdate: date
    enddate: date
    closed: str
    arlocked: str


class Catalog(msgspec.Struct, frozen=True):
    """The record types this sign-in may see."""

    items: list["CatalogEntry"]


class CatalogEntry(msgspec.Struct, frozen=True):
    """One record type."""

    name: str


class ErrorDetail(msgspec.Struct, frozen=True):
    """One thing wrong, and where in the body."""

    detail: str = ""
    code: str = msgspec.field(default="", name="o:errorCode")
    path: str = msgspec.field(default="", name="o:errorPath")


class ErrorBody(msgspec.Struct, frozen=True):
    """An error answer; the code stands in the details, sometimes at the top."""

    title: str = ""
    code: str = msgspec.field(default="", name="o:errorCode")
    details: list[ErrorDetail] = msgspec.field(default_factory=list, name="o:errorDetails")


class Schema(msgspec.Struct, frozen=True, kw_only=True):
    """A record type in the metadata catalogue: a JSON Schema."""

    properties: dict[str, msgspec.Raw]


class GovernanceLimits(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many requests the account works on at once; the part of it that is allotted to us, if any is."""

    account_concurrency_limit: int
    account_unallocated_concurrency_limit: int
    integration_concurrency_limit: int | None = None


class ListedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A list of records tells their ids, and nothing else."""

    id: str


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a record type."""

    items: list[ListedRecord] = []
