"""A person at a customer. Owner: CRM."""

from typing import Annotated, Literal

from canonical.base import Envelope, Value
from canonical.classes import PII, PUBLIC


class ContactRole(Value, frozen=True, kw_only=True):
    """What a contact is to an account."""

    account_id: Annotated[str, PUBLIC]
    role: Annotated[Literal["buyer", "billing", "sponsor", "approver"], PUBLIC]


class Contact(Envelope, frozen=True, kw_only=True):
    """A person at a customer."""

    given: Annotated[str, PII] = ""
    family: Annotated[str, PII]
    email: Annotated[str, PII] = ""
    phone: Annotated[str, PII] = ""
    title: Annotated[str, PII] = ""
    account_id: Annotated[str, PUBLIC] = ""
    """The account this is a person of, as the system at hand calls it."""
    status: Annotated[Literal["active", "inactive"], PUBLIC] = "active"
    """Whether anybody still writes to this person; an inactive one stays on record."""
    marketing_opt_out: Annotated[bool, PUBLIC] = False
    """No advertising to this person, please. Invoices and contracts are none."""
    roles: list[ContactRole] = []
    language: Annotated[str, PUBLIC] = ""
