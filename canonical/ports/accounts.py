"""Writing accounts in a CRM: single fields of one that is there, never a new one."""

from typing import Annotated, Protocol

import msgspec

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.faults import Invalid, NotFound
from canonical.objects import Customer
from canonical.ports.operation import Written, operation


class AccountUpdate(Value, frozen=True, kw_only=True):
    """Which fields of an account shall be as they are in `account`; all others stay as the system has them."""

    fields: Annotated[list[str], PUBLIC, msgspec.Meta(min_length=1, examples=[["legal_name", "payment_terms"]])]
    """Names of `Customer`."""
    account: Customer
    seen: Annotated[str, PUBLIC] = ""
    """The version it was read at (`source.native_version`); it is not written when it has changed since. Empty: is
    not asked."""


class Accounts(Protocol):
    """Accounts of a CRM, written."""

    @operation("PATCH", "/accounts/{account_id}", raises=(NotFound, Invalid))
    async def update_account(self, account_id: str, data: AccountUpdate) -> Written:
        """Change these fields. `VendorStale` when it changed since it was seen; `Invalid` for what it does not keep."""
