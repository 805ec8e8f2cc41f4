"""Kantata's shapes, only the fields we read or write. Ids are text; money is integer minor units.

Some ids and keys are numbers in its published contract and text in its answers, or the other way: both are read.
"""

from typing import Any, Final, Generic, TypeVar

import msgspec

from system_apis.kantata.billing_wire import (
    BillingMilestone,
    Invoice,
    Item,
    RateCard,
    RateCardRole,
    RateCardSet,
    RateCardSetVersion,
    RateCardVersion,
    Role,
    Submission,
)

T = TypeVar("T")

PAGE: Final = 200
"""The largest page it gives."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Where a workspace stands, from the account's own list of statuses."""

    told: int | str = msgspec.field(name="key")
    message: str = ""

    @property
    def key(self) -> int:
        """0 for what is no number: no status has it."""
        text = str(self.told)
        return int(text) if text.isdecimal() else 0


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """A workspace: what people call a project."""

    id: str
    title: str
    description: str | None = None
    archived: bool = False
    status: Status
    currency: str
    currency_base_unit: int
    price_in_cents: int | None = None
    start_date: str | None = None
    due_date: str | None = None
    rate_card: str | int | None = msgspec.field(name="rate_card_id", default=None)
    approver_ids: list[str] = []
    require_time_approvals: bool = False
    require_expense_approvals: bool = False
    external_reference_ids: list[str] = []
    updated_at: str = ""

    @property
    def rate_card_id(self) -> str | None:
        """The id as text."""
        return None if self.rate_card is None else str(self.rate_card)


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """A story: what people call a task or a milestone."""

    id: str
    title: str
    story_type: str
    parent_id: str | None = None
    start_date: str | None = None
    due_date: str | None = None
    time_estimate_in_minutes: int | None = None
    budget_estimate_in_cents: int | None = None
    billable: bool = True
    time_trackable: bool = True
    external_reference_ids: list[str] = []


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """An external reference: our key for one of their records."""

    id: str
    service_name: str
    service_model: str
    service_model_ref: str
    subject_type: str
    subject: str | int = msgspec.field(name="subject_id")

    @property
    def subject_id(self) -> str:
        """The id as text."""
        return str(self.subject)


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """A place on a workspace, for a person or for nobody yet."""

    id: str
    workspace_id: str
    user_id: str | None = None
    label: str | None = None


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes of a resource between two dates."""

    id: str
    workspace_id: str
    workspace_resource_id: str
    start_date: str
    end_date: str
    minutes: int
    hard: bool = False
    notes: str | None = None
    external_reference_ids: list[str] = []


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """A message in a workspace."""

    id: str
    workspace_id: str
    message: str


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person of the account."""

    id: str
    full_name: str = ""
    email_address: str = ""


class TimeEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One person's minutes on one day. Approved or invoiced, it is locked."""

    id: str
    workspace_id: str
    story_id: str | None = None
    user_id: str | None = None
    date_performed: str
    time_in_minutes: int
    billable: bool = True
    notes: str | None = None
    rate_in_cents: int | None = None
    currency: str = ""
    approved: bool = False
    is_invoiced: bool = False
    invoice_id: str | None = None
    active_submission_id: str | None = None
    updated_at: str = ""


class Expense(msgspec.Struct, frozen=True, kw_only=True):
    """One receipt. Billable is read as `is_billable`, and written as `billable`; approved is its submission."""

    id: str
    workspace_id: str
    user_id: str | None = None
    date: str
    category: str
    amount_in_cents: int
    currency: str
    notes: str | None = None
    is_billable: bool = False
    is_invoiced: bool = False
    invoice_id: str | None = None
    reimbursable: bool = False
    active_submission_id: str | None = None
    """The expense report it is on, unless that was rejected or cancelled."""
    recent_submission_id: str | None = None
    """The one it was on last, whatever became of that."""
    updated_at: str = ""


class WorkspaceWrite(msgspec.Struct, frozen=True, kw_only=True):
    """What a write of a workspace names; an update leaves the rest as it is.

    The price is written as `price`, in whole units, and read as `price_in_cents`.
    """

    title: str | msgspec.UnsetType = msgspec.UNSET
    creator_role: str | msgspec.UnsetType = msgspec.UNSET
    """Only on a create: whether we deliver (`maven`) or buy (`buyer`)."""
    description: str | msgspec.UnsetType = msgspec.UNSET
    budgeted: bool | msgspec.UnsetType = msgspec.UNSET
    currency: str | msgspec.UnsetType = msgspec.UNSET
    price: str | msgspec.UnsetType = msgspec.UNSET
    start_date: str | msgspec.UnsetType | None = msgspec.UNSET
    due_date: str | msgspec.UnsetType | None = msgspec.UNSET
    status_key: int | msgspec.UnsetType = msgspec.UNSET
    archived: bool | msgspec.UnsetType = msgspec.UNSET
    """Only on an update."""
    rate_card_id: str | msgspec.UnsetType | None = msgspec.UNSET
    approver_ids: list[str] | msgspec.UnsetType = msgspec.UNSET
    require_time_approvals: bool | msgspec.UnsetType = msgspec.UNSET
    require_expense_approvals: bool | msgspec.UnsetType = msgspec.UNSET


class ReferenceWrite(msgspec.Struct, frozen=True, kw_only=True):
    """Our key for a record: on its own it names its subject, nested in a create it has it already."""

    service_name: str
    service_model: str
    service_model_ref: str
    subject_type: str | msgspec.UnsetType = msgspec.UNSET
    subject_id: str | msgspec.UnsetType = msgspec.UNSET


class StoryWrite(msgspec.Struct, frozen=True, kw_only=True):
    """What a write of a story names."""

    workspace_id: str | msgspec.UnsetType = msgspec.UNSET
    title: str | msgspec.UnsetType = msgspec.UNSET
    story_type: str | msgspec.UnsetType = msgspec.UNSET
    parent_id: str | msgspec.UnsetType | None = msgspec.UNSET
    start_date: str | msgspec.UnsetType | None = msgspec.UNSET
    due_date: str | msgspec.UnsetType | None = msgspec.UNSET
    time_estimate_in_minutes: int | msgspec.UnsetType = msgspec.UNSET
    budget_estimate_in_cents: int | msgspec.UnsetType = msgspec.UNSET
    billable: bool | msgspec.UnsetType = msgspec.UNSET
    fixed_fee: bool | msgspec.UnsetType = msgspec.UNSET
    time_trackable: bool | msgspec.UnsetType = msgspec.UNSET
    external_reference: ReferenceWrite | msgspec.UnsetType = msgspec.UNSET


class ResourceWrite(msgspec.Struct, frozen=True, kw_only=True):
    """A place on a workspace: of a user, or of nobody yet."""

    workspace_id: str | msgspec.UnsetType = msgspec.UNSET
    user_id: str | msgspec.UnsetType = msgspec.UNSET
    label: str | msgspec.UnsetType = msgspec.UNSET


class AllocationWrite(msgspec.Struct, frozen=True, kw_only=True):
    """What a write of an allocation names. The resource is written as `resource_id`."""

    resource_id: str | msgspec.UnsetType = msgspec.UNSET
    workspace_id: str | msgspec.UnsetType = msgspec.UNSET
    start_date: str | msgspec.UnsetType = msgspec.UNSET
    end_date: str | msgspec.UnsetType = msgspec.UNSET
    minutes: int | msgspec.UnsetType = msgspec.UNSET
    hard: bool | msgspec.UnsetType = msgspec.UNSET
    notes: str | msgspec.UnsetType = msgspec.UNSET
    external_reference: ReferenceWrite | msgspec.UnsetType = msgspec.UNSET


class InvoiceWrite(msgspec.Struct, frozen=True, kw_only=True):
    """What a write of an invoice names. The ids replace all there were; no mail goes to the client."""

    workspace_id: str | msgspec.UnsetType = msgspec.UNSET
    """Only on a create, as `suppress_emails` and the reference are."""
    payment_schedule: int | msgspec.UnsetType = msgspec.UNSET
    """Days until it is due."""
    user_invoice_title: str | msgspec.UnsetType = msgspec.UNSET
    """The number another system gave it: `user_invoice_number` takes digits only."""
    invoice_date: str | msgspec.UnsetType = msgspec.UNSET
    time_entry_ids: list[str] | msgspec.UnsetType = msgspec.UNSET
    expense_ids: list[str] | msgspec.UnsetType = msgspec.UNSET
    suppress_emails: bool | msgspec.UnsetType = msgspec.UNSET
    external_reference: ReferenceWrite | msgspec.UnsetType = msgspec.UNSET


class PostWrite(msgspec.Struct, frozen=True, kw_only=True):
    """A new message."""

    workspace_id: str
    message: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of an answer's order: which map, which record."""

    key: str
    id: str


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """Where a page stands in its list."""

    page_count: int = 1


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """Every answer: an order, and records as maps by id; included records are maps beside the ones asked for."""

    results: list[Result] = []
    meta: Meta = Meta()
    workspaces: dict[str, Workspace] = {}
    stories: dict[str, Story] = {}
    external_references: dict[str, Reference] = {}
    workspace_resources: dict[str, Resource] = {}
    workspace_allocations: dict[str, Allocation] = {}
    posts: dict[str, Post] = {}
    users: dict[str, User] = {}
    time_entries: dict[str, TimeEntry] = {}
    expenses: dict[str, Expense] = {}
    expense_report_submissions: dict[str, Submission] = {}
    invoices: dict[str, Invoice] = {}
    fixed_fee_items: dict[str, Item] = {}
    additional_items: dict[str, Item] = {}
    billing_milestones: dict[str, BillingMilestone] = {}
    rate_cards: dict[str, RateCard] = {}
    rate_card_sets: dict[str, RateCardSet] = {}
    rate_card_versions: dict[str, RateCardVersion] = {}
    rate_card_set_versions: dict[str, RateCardSetVersion] = {}
    rate_card_roles: dict[str, RateCardRole] = {}
    roles: dict[str, Role] = {}


class Complaint(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong. `field` names the attribute of a `validation`."""

    type: str = ""
    message: str = ""
    field: str = ""


class Complaints(msgspec.Struct, frozen=True, kw_only=True):
    """The body of an error."""

    errors: list[Complaint]


class Kind(msgspec.Struct, Generic[T], frozen=True):
    """One kind of record: `plural` is address and map, `singular` wraps a write, `subject` names it in references.

    `includes`: the associations we read, since what lists others is told only when it is asked for (QUIRKS 25).
    """

    plural: str
    singular: str
    subject: str
    shape: type[T]
    includes: str = ""
    hides: str = ""
    """The parameter without which a list leaves out what is of archived workspaces."""


_REFERENCES: Final = "external_references"
WORKSPACES: Final = Kind("workspaces", "workspace", "Workspace", Workspace, f"{_REFERENCES},approvers")
STORIES: Final = Kind("stories", "story", "Story", Story, _REFERENCES)
REFERENCES: Final = Kind("external_references", "external_reference", "ExternalReference", Reference)
RESOURCES: Final = Kind("workspace_resources", "workspace_resource", "WorkspaceResource", Resource)
ALLOCATIONS: Final = Kind(
    "workspace_allocations", "workspace_allocation", "WorkspaceAllocation", Allocation, _REFERENCES
)
POSTS: Final = Kind("posts", "post", "Post", Post)
USERS: Final = Kind("users", "user", "User", User)
TIME_ENTRIES: Final = Kind("time_entries", "time_entry", "TimeEntry", TimeEntry, hides="from_archived_workspaces")
EXPENSES: Final = Kind("expenses", "expense", "Expense", Expense, "active_submission,recent_submission,workspace")
SUBMISSIONS: Final = Kind(
    "expense_report_submissions", "expense_report_submission", "Submission", Submission, "expenses"
)
INVOICES: Final = Kind(
    "invoices",
    "invoice",
    "Invoice",
    Invoice,
    f"{_REFERENCES},workspaces,time_entries,expenses,billing_milestones,fixed_fee_items,additional_items",
)
RATE_CARDS: Final = Kind("rate_cards", "rate_card", "RateCard", RateCard, "rate_card_set,rate_card_versions")
RATE_CARD_VERSIONS: Final = Kind(
    "rate_card_versions",
    "rate_card_version",
    "RateCardVersion",
    RateCardVersion,
    "rate_card_set_version,rate_card_roles",
)
ROLES: Final = Kind("roles", "role", "Role", Role)
KINDS: Final[dict[str, Kind[Any]]] = {
    each.plural: each
    for each in (
        WORKSPACES,
        STORIES,
        REFERENCES,
        RESOURCES,
        ALLOCATIONS,
        POSTS,
        USERS,
        TIME_ENTRIES,
        EXPENSES,
        SUBMISSIONS,
        INVOICES,
        RATE_CARDS,
        RATE_CARD_VERSIONS,
        ROLES,
    )
}
"""By address."""
