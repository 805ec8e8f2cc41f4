"""Business Central's shapes: only the fields we read or write. API v2.0, and the pages of our extension.

Nothing is ever null there: an empty text is "", an empty date 0001-01-01, an empty reference the zero GUID, and a word
of a list that holds a blank is escaped (`_x0020_`). `...Draft` is what we write.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final, Generic, Protocol, TypeVar

import msgspec
from msgspec import field

T = TypeVar("T")
Guid = Annotated[str, msgspec.Meta(pattern="^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$")]
Tag = Annotated[str, msgspec.Meta(pattern='^W/"[!-~]+"$')]
"""A version: a weak tag, which goes back as it came."""
NOTHING: Final = "00000000-0000-0000-0000-000000000000"
"""A reference to nothing."""
NEVER: Final = date(1, 1, 1)
"""A date that was never set."""
BLANK: Final = "_x0020_"
"""The word " " of a list, which usually means "no"."""
SERVICE: Final = "TG-SERVICE"
"""The resource on every order line we write (see QUIRKS.md, "What the environment must have")."""


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One JSON object."""


class Row(Protocol):
    """What every record has: its id, and the version it was read at."""

    @property
    def id(self) -> str:
        """Its system id, a GUID."""

    @property
    def etag(self) -> str:
        """The version it was read at."""

    @property
    def last_modified_date_time(self) -> datetime | None:
        """When it was written last."""


class Kept(Wire, frozen=True, kw_only=True):
    """What a write answers: the record, of which we need the address and the version."""

    id: Guid
    etag: Tag = field(name="@odata.etag")
    last_modified_date_time: datetime | None = None


class Company(Wire, frozen=True, kw_only=True):
    """A company of the environment; its name is our code of the legal entity."""

    id: str
    name: str
    display_name: str = ""


class CompanyInformation(Wire, frozen=True, kw_only=True):
    """What a company says of itself. One row."""

    id: str
    display_name: str = ""
    country: str = ""
    currency_code: str = ""
    """Its own (local) currency."""


class EntitySettings(Wire, frozen=True, kw_only=True):
    """Our extension's page on a company's setup. One row."""

    time_zone: str = ""
    intercompany_partners: str = ""
    """Codes, `;` between."""
    allow_posting_from: date = NEVER
    allow_posting_to: date = NEVER
    closed: bool = False


class AccountingPeriod(Wire, frozen=True, kw_only=True):
    """An accounting period; it ends where the next one begins."""

    name: str
    starting_date: date
    closed: bool = False


class PaymentTerms(Wire, frozen=True, kw_only=True):
    """Terms of payment."""

    id: str
    code: str = ""
    display_name: str = ""


class CustomerFields(Wire, frozen=True, kw_only=True):
    """A customer, as it is written."""

    display_name: str
    address_line1: str = ""
    address_line2: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    email: str = ""
    currency_code: str = ""
    payment_terms_id: str = NOTHING
    tax_registration_number: str = ""
    tax_country: str = ""
    tax_scheme: str = ""


class CustomerDraft(CustomerFields, frozen=True, kw_only=True):
    """What we write: without `creditLimit` and `blocked`, since credit is the ERP's own."""

    tiergate_key: str
    type: str = "Company"


class Customer(CustomerFields, frozen=True, kw_only=True):
    """A customer, as it is read."""

    id: Guid
    etag: Tag = field(name="@odata.etag")
    last_modified_date_time: datetime | None = None
    tiergate_key: str = ""
    number: str = ""
    credit_limit: Decimal = Decimal(0)
    balance_due: Decimal = Decimal(0)
    blocked: str = BLANK


class LineFields(Wire, frozen=True, kw_only=True):
    """A line of an order."""

    description: str = ""
    quantity: Decimal = Decimal(1)
    unit_price: Decimal = Decimal(0)


class OrderLineDraft(LineFields, frozen=True, kw_only=True):
    """A line we write: one service of the whole value."""

    line_type: str = "Resource"
    line_object_number: str = SERVICE


class CustomerBlock(Wire, frozen=True, kw_only=True):
    """What is blocked for a customer."""

    blocked: str


class CustomerKey(Wire, frozen=True, kw_only=True):
    """Under which key of ours a customer is known."""

    tiergate_key: str


class OrderLine(LineFields, frozen=True, kw_only=True):
    """A line we read. The net amount is worked out there."""

    id: Guid
    etag: Tag = field(name="@odata.etag")
    last_modified_date_time: datetime | None = None
    net_amount: Decimal = Decimal(0)


class OrderFields(Wire, frozen=True, kw_only=True):
    """An order: our contract."""

    customer_id: str = NOTHING
    currency_code: str = ""
    payment_terms_id: str = NOTHING
    external_document_number: str = ""
    contract_number: str = ""
    contract_title: str = ""
    contract_status: str = BLANK
    opportunity_id: str = ""
    billing_method: str = BLANK
    starts_on: date = NEVER
    ends_on: date = NEVER
    signed_on: date = NEVER


class ContractMark(Wire, frozen=True, kw_only=True):
    """What says of an order that it bills a contract: fields of the extension, written to a released order as well."""

    contract_number: str
    contract_title: str
    contract_status: str
    opportunity_id: str
    billing_method: str
    starts_on: date
    ends_on: date
    signed_on: date


class OrderDraft(OrderFields, frozen=True, kw_only=True):
    """What we write of an order's head."""

    tiergate_key: str


class NewOrder(OrderDraft, frozen=True, kw_only=True):
    """An order made with its line, in one call."""

    sales_order_lines: list[OrderLineDraft]


class Order(OrderFields, frozen=True, kw_only=True):
    """An order, as it is read with its lines."""

    id: Guid
    etag: Tag = field(name="@odata.etag")
    last_modified_date_time: datetime | None = None
    tiergate_key: str = ""
    number: str = ""
    status: str = ""
    carried_amendment: str = ""
    """A number as text, since 0 is the contract itself; empty where nothing is carried."""
    document_hash: str = ""
    sales_order_lines: Sequence[OrderLine]


class ProjectStage(Wire, frozen=True, kw_only=True):
    """The part of a project that says how far it is."""

    status: str
    blocked: str


class ProjectFields(Wire, frozen=True, kw_only=True):
    """A project, which its tables call a job."""

    number: str
    display_name: str = ""
    bill_to_customer_id: str = NOTHING
    currency_code: str = ""
    status: str = "Open"
    blocked: str = BLANK
    starting_date: date = NEVER
    ending_date: date = NEVER
    contract_number: str = ""
    opportunity_id: str = ""
    billing_method: str = BLANK
    budget: Decimal = Decimal(0)
    practice: str = ""
    manager: str = ""


class ProjectDraft(ProjectFields, frozen=True, kw_only=True):
    """What we write of a project."""

    tiergate_key: str


class Project(ProjectFields, frozen=True, kw_only=True):
    """A project, as it is read, with what it is worked under."""

    id: Guid
    etag: Tag = field(name="@odata.etag")
    last_modified_date_time: datetime | None = None
    tiergate_key: str = ""
    cost_center: str = ""
    profit_center: str = ""
    documents: str = ""
    allow_time: bool = False
    allow_expenses: bool = False


class PlanningLineFields(Wire, frozen=True, kw_only=True):
    """A billable job planning line: a date and what is billed on it."""

    line_reference: str
    description: str = ""
    planning_date: date
    line_amount: Decimal


class PlanningLine(PlanningLineFields, frozen=True, kw_only=True):
    """A planning line, as it is read."""

    id: Guid
    etag: Tag = field(name="@odata.etag")
    last_modified_date_time: datetime | None = None


class ScheduleFields(Wire, frozen=True, kw_only=True):
    """The head of a billing plan."""

    display_name: str = ""
    project_id: str = NOTHING
    method: str = "monthly"


class ScheduleDraft(ScheduleFields, frozen=True, kw_only=True):
    """What we write of a billing plan's head."""

    tiergate_key: str


class NewSchedule(ScheduleDraft, frozen=True, kw_only=True):
    """A billing plan made with its lines, in one call."""

    project_planning_lines: list[PlanningLineFields]


class Schedule(ScheduleFields, frozen=True, kw_only=True):
    """A billing plan, as it is read with its lines."""

    id: Guid
    etag: Tag = field(name="@odata.etag")
    last_modified_date_time: datetime | None = None
    tiergate_key: str = ""
    project_planning_lines: list[PlanningLine]


class Rows(msgspec.Struct, Generic[T], frozen=True):
    """A page of a list."""

    value: list[T]
    next_link: str = field(default="", name="@odata.nextLink")


class Problem(msgspec.Struct, frozen=True):
    """What went wrong."""

    code: str = ""
    message: str = ""


class Refusal(msgspec.Struct, frozen=True):
    """An error answer."""

    error: Problem
