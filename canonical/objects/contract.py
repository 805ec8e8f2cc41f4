"""A contract. Owners: CRM or CLM = text and commercial terms; ERP = billable terms once active."""

from datetime import date
from typing import Annotated, Literal

from canonical.base import Envelope
from canonical.classes import PUBLIC
from canonical.money import Currency, Money
from canonical.objects.opportunity import ContractType


class Contract(Envelope, frozen=True, kw_only=True):
    """What was agreed with a customer: in the CRM the signed terms, in the ERP the order that can be billed."""

    number: Annotated[str, PUBLIC]
    account_id: Annotated[str, PUBLIC]
    title: Annotated[str, PUBLIC] = ""
    opportunity_id: Annotated[str, PUBLIC] = ""
    currency: Currency
    value: Money | None = None
    billing_method: Annotated[ContractType, PUBLIC] = "tm"
    start: Annotated[date | None, PUBLIC] = None
    end: Annotated[date | None, PUBLIC] = None
    signed_at: Annotated[date | None, PUBLIC] = None
    """The day the customer signed; None is an unsigned contract."""
    at_risk_until: Annotated[date | None, PUBLIC] = None
    """Work may start unsigned until this day, on an authorised approval."""
    po_number: Annotated[str, PUBLIC] = ""
    payment_terms: Annotated[str, PUBLIC] = ""
    status: Annotated[Literal["draft", "in_approval", "active", "cancelled", "expired"], PUBLIC] = "draft"
