"""Ports that list: everything a system has of one kind, page by page, and what of it changed since.

`cursor` is opaque and names a place in the list, not a session: it may be kept, and used after a restart. A page holds
at most `limit` records, sometimes fewer, and `next` is empty on the last one. While a list is read, records come and
go: one that is there from begin to end is listed exactly once, one made or deleted meanwhile at most once.

`since` is a watermark as in `Changes`: empty for "from the beginning", `next` is always set and is the watermark of
the following poll. Records with the stamp of the watermark may come again, and so may an overlap for late commits.
"""

from typing import Annotated, Final, Literal, Protocol

import msgspec

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.dates import Instant
from canonical.faults import Invalid, NotFound
from canonical.objects import Contact, Customer, Project
from canonical.ports.operation import Page, Written, operation

PAGE: Final = 200
PageSize = Annotated[int, msgspec.Meta(ge=1, le=1000)]
"""How many records of a page are wished for."""


class RecordChange(Value, frozen=True, kw_only=True):
    """A record changed; thin on purpose: the reader reads it again."""

    native_id: Annotated[str, PUBLIC]
    version: Annotated[str, PUBLIC] = ""
    """As `source.native_version` of the record then says; empty for one that is gone."""
    changed_at: Annotated[Instant, PUBLIC]
    exact: Annotated[bool, PUBLIC] = False
    """Whether no other change has this version. A stamp is not: of two changes within its second, both have it."""
    gone: Annotated[bool, PUBLIC] = False
    """It was deleted or merged away: reading it again finds nothing, or its survivor."""


class LifecycleChange(Value, frozen=True, kw_only=True):
    """Whether business is done with a record: `closed` takes no new orders, projects or invoices."""

    lifecycle: Annotated[Literal["active", "closed"], PUBLIC]


class AccountList(Protocol):
    """Accounts and people of a CRM."""

    @operation("GET", "/accounts", raises=(Invalid,))
    async def accounts(self, cursor: str = "", limit: PageSize = PAGE) -> Page[Customer]:
        """All accounts that are not deleted."""

    @operation("GET", "/changes/accounts", raises=(Invalid,))
    async def account_changes(self, since: str, limit: PageSize = PAGE) -> Page[RecordChange]:
        """Accounts changed since a watermark, oldest first."""

    @operation("GET", "/people", raises=(Invalid,))
    async def people(self, cursor: str = "", limit: PageSize = PAGE) -> Page[Contact]:
        """All contacts, of whatever account."""


class CustomerList(Protocol):
    """Debtors of an ERP."""

    @operation("GET", "/customers", raises=(Invalid,))
    async def customers(self, cursor: str = "", limit: PageSize = PAGE) -> Page[Customer]:
        """All customers of all legal entities; `lifecycle` tells those that are closed."""

    @operation("GET", "/changes/customers", raises=(Invalid,))
    async def customer_changes(self, since: str, limit: PageSize = PAGE) -> Page[RecordChange]:
        """Customers changed since a watermark, oldest first."""

    @operation("PUT", "/customers/{customer_id}/lifecycle", raises=(NotFound,))
    async def set_customer_lifecycle(self, customer_id: str, data: LifecycleChange) -> Written:
        """Close a customer, or open it again. What is open with it stays; nothing is deleted. Idempotent."""


class ProjectList(Protocol):
    """Projects of an ERP or a PSA."""

    @operation("GET", "/projects", raises=(Invalid,))
    async def projects(self, cursor: str = "", limit: PageSize = PAGE) -> Page[Project]:
        """All projects, in whatever stage; tasks and milestones are read with one project."""

    @operation("GET", "/changes/projects", raises=(Invalid,))
    async def project_changes(self, since: str, limit: PageSize = PAGE) -> Page[RecordChange]:
        """Projects changed since a watermark, oldest first."""
