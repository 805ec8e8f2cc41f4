"""Where a customer begins: leads of a CRM, and what an ERP does with a prospect that becomes a customer.

An ERP may know somebody as a prospect long before there is a deal, under the key of the CRM's lead. When the lead is
converted, the same record becomes the account's customer: it gets the account's key, and no second one is made.
"""

from typing import Annotated, Protocol

import msgspec

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.faults import Conflict, Invalid, NotFound
from canonical.objects import Lead
from canonical.ports.lists import PAGE, PageSize, RecordChange
from canonical.ports.operation import Page, Written, operation


class KeyChange(Value, frozen=True, kw_only=True):
    """Under which key of ours a record is known from now on."""

    key: Annotated[str, PUBLIC, msgspec.Meta(min_length=1, examples=["salesforce:001Tg0000000001IAA"])]


class Leads(Protocol):
    """Leads of a CRM."""

    @operation("GET", "/leads/{lead_id}", raises=(NotFound,))
    async def lead(self, lead_id: str) -> Lead:
        """One lead. One that was merged away answers as the lead it was merged into, `merged_into` set."""

    @operation("GET", "/opportunities/{opportunity_id}/leads", raises=(NotFound,))
    async def leads_of(self, opportunity_id: str) -> list[Lead]:
        """The leads that were converted to this deal; most deals have none, and few have more than one."""

    @operation("GET", "/changes/leads", raises=(Invalid,))
    async def lead_changes(self, since: str, limit: PageSize = PAGE) -> Page[RecordChange]:
        """Leads changed since a watermark, oldest first; a conversion is a change."""


class CustomerKeys(Protocol):
    """Keys of an ERP's customers."""

    @operation("PUT", "/customers/{customer_id}/key", raises=(NotFound, Conflict))
    async def set_customer_key(self, customer_id: str, data: KeyChange) -> Written:
        """Know a customer under another key of ours. Idempotent. `Conflict` when another customer has that key."""
