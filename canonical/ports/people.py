"""People at customers, one by one: read, followed as they change, and written field by field.

Both a CRM and an ERP keep them, so one port serves both. Only an ERP is told of one it does not know: the CRM's people
are its own, and what an ERP's people are there for is that invoices reach somebody.
"""

from typing import Annotated, Protocol

import msgspec

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.faults import Invalid, NotFound
from canonical.objects import Contact
from canonical.ports.lists import PAGE, PageSize, RecordChange
from canonical.ports.operation import Page, Written, operation


class PersonUpdate(Value, frozen=True, kw_only=True):
    """Which fields of a person shall be as they are in `person`; all others stay as the system has them."""

    fields: Annotated[list[str], PUBLIC, msgspec.Meta(min_length=1, examples=[["email", "phone"]])]
    """Names of `Contact`."""
    person: Contact
    seen: Annotated[str, PUBLIC] = ""
    """The version it was read at (`source.native_version`); it is not written when it has changed since. Empty: is
    not asked."""


class People(Protocol):
    """People of a CRM's accounts or an ERP's customers."""

    @operation("GET", "/people/{person_id}", raises=(NotFound,))
    async def person(self, person_id: str) -> Contact:
        """One person. One that was merged away answers as who it was merged into, `merged_into` set."""

    @operation("GET", "/changes/people", raises=(Invalid,))
    async def person_changes(self, since: str, limit: PageSize = PAGE) -> Page[RecordChange]:
        """People changed since a watermark, oldest first."""

    @operation("PATCH", "/people/{person_id}", raises=(NotFound, Invalid))
    async def update_person(self, person_id: str, data: PersonUpdate) -> Written:
        """Change these fields. `VendorStale` when it changed since it was seen; `Invalid` for what it does not keep."""


class CustomerPeople(Protocol):
    """People of an ERP's customers, under our key."""

    @operation("GET", "/people", raises=(Invalid,))
    async def customer_people(self, cursor: str = "", limit: PageSize = PAGE) -> Page[Contact]:
        """All people of all customers; `status` tells those that are inactive."""

    @operation("GET", "/people/by-key/{key}", raises=(NotFound,))
    async def person_by_key(self, key: str) -> Contact:
        """One person by our key."""

    @operation("PUT", "/people/by-key/{key}", raises=(Invalid,))
    async def upsert_person(self, key: str, data: Contact) -> Written:
        """Make the person exist under our key, `account_id` being the ERP's customer."""
