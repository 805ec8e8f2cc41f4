"""A customer: the CRM's account and the ERP's debtor are both this object."""

from typing import Annotated, Literal

from canonical.base import Envelope, Value
from canonical.classes import FREE_TEXT, PII, PUBLIC
from canonical.money import Money
from canonical.objects.tax_profile import TaxRegistration


class Address(Value, frozen=True, kw_only=True):
    """A postal address and what it is for. `country` is ISO 3166-1 alpha-2."""

    role: Annotated[Literal["bill", "ship", "legal"], PUBLIC] = "bill"
    lines: Annotated[list[str], PII] = []
    city: Annotated[str, PUBLIC] = ""
    subdivision: Annotated[str, PUBLIC] = ""
    postal: Annotated[str, PUBLIC] = ""
    country: Annotated[str, PUBLIC] = ""


class Credit(Value, frozen=True, kw_only=True):
    """How far the ERP trusts the customer. `hold` blocks new work; billing goes on."""

    limit: Money | None = None
    hold: Annotated[bool, PUBLIC] = False
    reason: Annotated[str, FREE_TEXT] = ""


class Customer(Envelope, frozen=True, kw_only=True):
    """Whom the firm works for. Owners: CRM = trading name, owner, segment; ERP = number, terms, credit, tax."""

    legal_name: Annotated[str, PUBLIC]
    trading_name: Annotated[str, PUBLIC] = ""
    number: Annotated[str, PUBLIC] = ""
    parent_id: Annotated[str, PUBLIC] = ""
    addresses: list[Address] = []
    tax_registrations: list[TaxRegistration] = []
    default_currency: Annotated[str, PUBLIC] = ""
    payment_terms: Annotated[str, PUBLIC] = ""
    credit: Credit = Credit()
    email: Annotated[str, PII] = ""
    po_required: Annotated[bool, PUBLIC] = False
    owner_id: Annotated[str, PUBLIC] = ""
