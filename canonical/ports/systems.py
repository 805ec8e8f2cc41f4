"""Ports of the system tier: what a workflow may ask of a CRM, an ERP, a PSA or a service desk.

Every write is an upsert by our key, so that it can be repeated: an adapter looks up by the key first, or uses the
vendor's own upsert. A write whose answer is lost raises `OutcomeUnknown`; the matching `..._by_key` settles it.
"""

from typing import Annotated, Literal, Protocol

from canonical.base import Value
from canonical.classes import PII, PUBLIC, SECRET
from canonical.dates import Instant
from canonical.faults import Conflict, Invalid, NotFound, Unauthenticated
from canonical.objects import (
    BillingSchedule,
    Booking,
    Contact,
    Contract,
    Customer,
    LegalEntity,
    Opportunity,
    Project,
    ProjectLink,
    ProjectStage,
    Quote,
    ResourceDemand,
    TaxProfile,
    Ticket,
)
from canonical.ports.operation import Page, Written, operation


class Change(Value, frozen=True, kw_only=True):
    """A record changed; thin on purpose: the reader reads it again."""

    object: Annotated[Literal["opportunity", "customer", "contact", "lead", "contract"], PUBLIC]
    native_id: Annotated[str, PUBLIC]
    version: Annotated[str, PUBLIC]
    """The vendor's stamp, comparable as text within one record."""
    changed_at: Annotated[Instant, PUBLIC]
    exact: Annotated[bool, PUBLIC] = False
    """Whether no other change has this version. A stamp is not: of two changes within its second, both have it."""
    notification_id: Annotated[str, PUBLIC] = ""
    """The sender's id of the delivery; empty when found by polling."""
    won: Annotated[bool | None, PUBLIC] = None
    """Whether the record now counts as won, where the source says so."""


class Delivery(Value, frozen=True, kw_only=True):
    """A webhook delivery as it came in: headers in lower case, the raw body as text."""

    headers: Annotated[dict[str, str], PII]
    body: Annotated[str, PII]
    received_at: Annotated[Instant | None, PUBLIC] = None
    """When it came in, where that was before now: its age is judged by that moment."""


class KeyedMessage(Value, frozen=True, kw_only=True):
    """What a sender that cannot sign posted: the key that its address holds, and the body as text."""

    key: Annotated[str, SECRET]
    body: Annotated[str, PII]


class Heard(Value, frozen=True, kw_only=True):
    """What a message tells, and what its sender must be answered to count it as taken."""

    changes: Annotated[list[Change], PUBLIC]
    answer: Annotated[str, PUBLIC]


class Account(Value, frozen=True, kw_only=True):
    """Who our own credentials are, as the system sees them: the answer of a connection check."""

    system: Annotated[str, PUBLIC]
    instance: Annotated[str, PUBLIC]
    user: Annotated[str, PII]


class StageChange(Value, frozen=True, kw_only=True):
    """The stage a project shall have."""

    stage: Annotated[ProjectStage, PUBLIC]


class Message(Value, frozen=True, kw_only=True):
    """A message to a project's workspace. `key` makes it post once."""

    key: Annotated[str, PUBLIC]
    text: Annotated[str, PII]


class Opportunities(Protocol):
    """Deals, with the quote, contract and customer they rest on, as the CRM has them."""

    @operation("GET", "/opportunities/{opportunity_id}", raises=(NotFound,))
    async def opportunity(self, opportunity_id: str) -> Opportunity:
        """One deal. Its `source.native_version` changes with every edit."""

    @operation("GET", "/accounts/{account_id}", raises=(NotFound,))
    async def account(self, account_id: str) -> Customer:
        """The customer behind a deal. A merged account answers as the one it was merged into, `merged_into` set."""

    @operation("GET", "/accounts/{account_id}/contacts", raises=(NotFound,))
    async def contacts(self, account_id: str) -> list[Contact]:
        """The people known at a customer."""

    @operation("GET", "/quotes/{quote_id}", raises=(NotFound,))
    async def quote(self, quote_id: str) -> Quote:
        """One quote with its lines."""

    @operation("GET", "/contracts/{contract_id}", raises=(NotFound,))
    async def contract(self, contract_id: str) -> Contract:
        """One contract with its legal state."""

    @operation("PUT", "/opportunities/{opportunity_id}/project", raises=(NotFound, Conflict))
    async def link_project(self, opportunity_id: str, data: ProjectLink) -> Written:
        """Write the project's ids to the deal; empty strings clear them. Idempotent."""


class Changes(Protocol):
    """What changed, by polling and by signed notification."""

    @operation("GET", "/changes", raises=(Invalid,))
    async def changes(self, since: str, limit: int = 200) -> Page[Change]:
        """Deals changed since a watermark (opaque, empty for "from the beginning"), oldest first.

        `next` is always set: it is the watermark for the following poll. Records with the same stamp as the watermark
        may come again, and so may a short overlap that catches late commits.
        """

    @operation("POST", "/notifications", raises=(Invalid, Unauthenticated), local=True)
    async def read_notification(self, data: Delivery) -> list[Change]:
        """Verify the signature of a delivered notification and say what it tells; a bad one is `Unauthenticated`."""


class Messages(Protocol):
    """What changed, told by a sender that cannot sign and wants an answer in its own protocol."""

    @operation("POST", "/messages", raises=(Invalid, Unauthenticated), local=True)
    async def read_message(self, data: KeyedMessage) -> Heard:
        """Hold a message against the key and the organization we know, and say what it tells.

        `Unauthenticated` for another key or another organization. What it tells is thin: the records are read again.
        """


class LegalEntities(Protocol):
    """The firm's own companies, as the ERP keeps them."""

    @operation("GET", "/legal-entities/{code}", raises=(NotFound,))
    async def legal_entity(self, code: str) -> LegalEntity:
        """One legal entity with its accounting periods."""


class Customers(Protocol):
    """Debtors in an ERP."""

    @operation("GET", "/customers/{customer_id}", raises=(NotFound,))
    async def customer(self, customer_id: str) -> Customer:
        """One customer by native id."""

    @operation("GET", "/customers/by-key/{key}", raises=(NotFound,))
    async def customer_by_key(self, key: str, legal_entity_id: str = "") -> Customer:
        """One customer by our key.

        Where each legal entity has customers of its own, that one's; without one, the customer that was written last.
        """

    @operation("GET", "/customers/by-key/{key}/tax-profile", raises=(NotFound,))
    async def tax_profile(self, key: str, legal_entity_id: str = "") -> TaxProfile:
        """How this customer is taxed, looked up as above; `NotFound` when the ERP has no such customer."""

    @operation("PUT", "/customers/by-key/{key}", raises=(Invalid,))
    async def upsert_customer(self, key: str, data: Customer) -> Written:
        """Make the customer exist under our key. Never lowers a credit limit nor clears a hold."""


class Contracts(Protocol):
    """Billable contracts in an ERP (in some, a service order)."""

    @operation("GET", "/contracts/by-key/{key}", raises=(NotFound,))
    async def contract_by_key(self, key: str) -> Contract:
        """One contract by our key."""

    @operation("PUT", "/contracts/by-key/{key}", raises=(Invalid,))
    async def upsert_contract(self, key: str, data: Contract) -> Written:
        """Make the contract exist, `account_id` being the ERP's customer id. A cancelled one is closed, not deleted."""


class Projects(Protocol):
    """Projects, in an ERP or a PSA."""

    @operation("GET", "/projects/{project_id}", raises=(NotFound,))
    async def project(self, project_id: str) -> Project:
        """One project by native id, with whatever tasks and milestones the system keeps."""

    @operation("GET", "/projects/by-key/{key}", raises=(NotFound,))
    async def project_by_key(self, key: str) -> Project:
        """One project by our key."""

    @operation("PUT", "/projects/by-key/{key}", raises=(Invalid, Conflict))
    async def upsert_project(self, key: str, data: Project) -> Written:
        """Make the project exist with its tasks and milestones, each once, in the stage it says.

        `Conflict` when its code belongs to another project.
        """

    @operation("PUT", "/projects/{project_id}/stage", raises=(NotFound,))
    async def set_project_stage(self, project_id: str, data: StageChange) -> Written:
        """Move a project to a stage. Idempotent."""


class BillingSchedules(Protocol):
    """Billing plans in an ERP."""

    @operation("GET", "/billing-schedules/by-key/{key}", raises=(NotFound,))
    async def billing_schedule_by_key(self, key: str) -> BillingSchedule:
        """One billing plan by our key."""

    @operation("PUT", "/billing-schedules/by-key/{key}", raises=(Invalid,))
    async def upsert_billing_schedule(self, key: str, data: BillingSchedule) -> Written:
        """Make the billing plan exist and belong to `project_id`."""


class ResourceDemands(Protocol):
    """Requests for people in a PSA."""

    @operation("GET", "/projects/{project_id}/resource-demands", raises=(NotFound,))
    async def resource_demands(self, project_id: str) -> list[ResourceDemand]:
        """All requests of one project."""

    @operation("PUT", "/resource-demands/by-key/{key}", raises=(Invalid,))
    async def upsert_resource_demand(self, key: str, data: ResourceDemand) -> Written:
        """Make the request exist; `status` cancelled withdraws it."""


class Bookings(Protocol):
    """Named people on projects, in a PSA."""

    @operation("GET", "/bookings/by-key/{key}", raises=(NotFound,))
    async def booking_by_key(self, key: str) -> Booking:
        """One booking by our key; a released one is `NotFound`."""

    @operation("PUT", "/bookings/by-key/{key}", raises=(Invalid,))
    async def upsert_booking(self, key: str, data: Booking) -> Written:
        """Make the booking exist, or withdraw it where it is `released`. `Invalid` when it knows no such person."""


class Workspaces(Protocol):
    """Where a project's people talk."""

    @operation("POST", "/projects/{project_id}/messages", raises=(NotFound,))
    async def post_message(self, project_id: str, data: Message) -> Written:
        """Post once; the same key again finds the first message."""


class Tickets(Protocol):
    """Incidents at a service desk."""

    @operation("GET", "/tickets/by-key/{key}", raises=(NotFound,))
    async def ticket_by_key(self, key: str) -> Ticket:
        """One incident by our correlation key."""

    @operation("PUT", "/tickets/by-key/{key}", raises=(Invalid,))
    async def upsert_ticket(self, key: str, data: Ticket) -> Written:
        """Open the incident, or bring its status and notes up to date. Looks up by key before it makes one."""


class Connection(Protocol):
    """Every system answers this one."""

    @operation("GET", "/account")
    async def whoami(self) -> Account:
        """Sign in and say as whom."""
