"""Kantata's shapes, only the fields we read or write. Ids are text; money is integer minor units."""

from typing import Any, Final, Generic, TypeVar

import msgspec

T = TypeVar("T")

PAGE: Final = 200
"""The largest page it gives."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Where a workspace stands, from the account's own list of statuses."""

    key: int
    message: str = ""


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
    external_reference_ids: list[str] = []
    updated_at: str = ""


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
    external_reference_ids: list[str] = []


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """An external reference: our key for one of their records."""

    id: str
    service_name: str
    service_model: str
    service_model_ref: str
    subject_type: str
    subject_id: str


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
    external_reference: ReferenceWrite | msgspec.UnsetType = msgspec.UNSET


class ResourceWrite(msgspec.Struct, frozen=True, kw_only=True):
    """A place for nobody yet: a resource without a user."""

    workspace_id: str | msgspec.UnsetType = msgspec.UNSET
    label: str


class AllocationWrite(msgspec.Struct, frozen=True, kw_only=True):
    """What a write of an allocation names. The resource is written as `resource_id`."""

    resource_id: str | msgspec.UnsetType = msgspec.UNSET
    workspace_id: str | msgspec.UnsetType = msgspec.UNSET
    start_date: str | msgspec.UnsetType = msgspec.UNSET
    end_date: str | msgspec.UnsetType = msgspec.UNSET
    minutes: int | msgspec.UnsetType = msgspec.UNSET
    hard: bool | msgspec.UnsetType = msgspec.UNSET
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


class Complaint(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong. `field` names the attribute of a `validation`."""

    type: str = ""
    message: str = ""
    field: str = ""


class Complaints(msgspec.Struct, frozen=True, kw_only=True):
    """The body of an error."""

    errors: list[Complaint]


class Kind(msgspec.Struct, Generic[T], frozen=True):
    """One kind of record: `plural` is address and map, `singular` wraps a write, `subject` names it in references."""

    plural: str
    singular: str
    subject: str
    shape: type[T]


WORKSPACES: Final = Kind("workspaces", "workspace", "Workspace", Workspace)
STORIES: Final = Kind("stories", "story", "Story", Story)
REFERENCES: Final = Kind("external_references", "external_reference", "ExternalReference", Reference)
RESOURCES: Final = Kind("workspace_resources", "workspace_resource", "WorkspaceResource", Resource)
ALLOCATIONS: Final = Kind("workspace_allocations", "workspace_allocation", "WorkspaceAllocation", Allocation)
POSTS: Final = Kind("posts", "post", "Post", Post)
USERS: Final = Kind("users", "user", "User", User)
KINDS: Final[dict[str, Kind[Any]]] = {
    each.plural: each for each in (WORKSPACES, STORIES, REFERENCES, RESOURCES, ALLOCATIONS, POSTS, USERS)
}
"""By address."""
