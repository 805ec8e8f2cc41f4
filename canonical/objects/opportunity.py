"""A deal in the pipeline. Owner: CRM."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from canonical.base import Envelope, Value
from canonical.classes import FREE_TEXT, PII, PUBLIC
from canonical.dates import Instant
from canonical.money import Money
from canonical.objects.quote import QuoteLine

ContractType = Literal["tm", "fixed", "milestone", "retainer", "managed", "nte"]


class Stage(Value, frozen=True, kw_only=True):
    """The CRM's own stage code, and which of three kinds it is."""

    code: Annotated[str, PUBLIC]
    category: Annotated[Literal["open", "won", "lost"], PUBLIC]


class RoleDemand(Value, frozen=True, kw_only=True):
    """People the deal will need: so many hours of one role."""

    role: Annotated[str, PUBLIC]
    hours: Annotated[Decimal, PUBLIC]
    start: Annotated[date | None, PUBLIC] = None
    end: Annotated[date | None, PUBLIC] = None


class OpportunityLine(QuoteLine, frozen=True, kw_only=True):
    """One product of a deal: what a `QuoteLine` has, and this besides. `net` is before tax."""

    description: Annotated[str, FREE_TEXT] = ""
    """In the words of whoever entered it."""
    discount: Annotated[Decimal | None, PUBLIC] = None
    """Taken off quantity times price, as a share of it. None where the CRM says none, or says an amount."""
    discount_amount: Money | None = None
    """The same where the CRM says how much."""
    service_date: Annotated[date | None, PUBLIC] = None
    """The day it is to be delivered; None where the CRM does not say."""


class Opportunity(Envelope, frozen=True, kw_only=True):
    """One deal. `legal_entity_id` of the envelope is the selling entity's code."""

    name: Annotated[str, PUBLIC]
    account_id: Annotated[str, PUBLIC]
    stage: Stage
    amount: Money
    close_date: Annotated[date, PUBLIC]
    won_generation: Annotated[int, PUBLIC] = 0
    """How often it has been won: 1 the first time, 2 when reopened and won again."""
    probability: Annotated[Decimal, PUBLIC] = Decimal(0)
    """From 0 to 1."""
    delivery_entities: Annotated[list[str], PUBLIC] = []
    contract_type: Annotated[ContractType, PUBLIC] = "tm"
    practice: Annotated[str, PUBLIC] = ""
    expected_start: Annotated[date | None, PUBLIC] = None
    expected_end: Annotated[date | None, PUBLIC] = None
    role_demand: list[RoleDemand] = []
    lines: list[OpportunityLine] = []
    """What it sells, product by product. A CRM may hold a deal to their sum, or let its people enter another amount."""
    quote_id: Annotated[str, PUBLIC] = ""
    contract_id: Annotated[str, PUBLIC] = ""
    price_list_currency: Annotated[str, PUBLIC] = ""
    po_number: Annotated[str, PUBLIC] = ""
    owner_id: Annotated[str, PUBLIC] = ""
    project_manager: Annotated[str, PII] = ""
    """E-mail address of the project manager to be."""
    won_at: Annotated[Instant | None, PUBLIC] = None
    project_code: Annotated[str, PUBLIC] = ""
    """Linked back by opportunity-to-project; empty until then."""


class ProjectLink(Value, frozen=True, kw_only=True):
    """What opportunity-to-project writes back to the deal."""

    project_code: Annotated[str, PUBLIC]
    erp_project_id: Annotated[str, PUBLIC] = ""
    psa_project_id: Annotated[str, PUBLIC] = ""
    erp_customer_id: Annotated[str, PUBLIC] = ""
