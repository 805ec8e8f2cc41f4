"""What a project is worked under: whom its cost falls to, at which rates, who approves, and whether it takes time.

Owners: PSA = rates, approvers, whether time may be entered; ERP = dimensions, whether time and cost may be posted.
"""

from typing import Annotated

from canonical.base import Value
from canonical.classes import PII, PUBLIC
from canonical.money import Money


class ProjectSetup(Value, frozen=True, kw_only=True):
    """Each field is null where a system keeps no such thing, and in a write where it shall stay as it is."""

    cost_center: Annotated[str | None, PUBLIC] = None
    profit_center: Annotated[str | None, PUBLIC] = None
    practice: Annotated[str | None, PUBLIC] = None
    rate_card_id: Annotated[str | None, PUBLIC] = None
    """Native id of the price list, in the system at hand."""
    calendar: Annotated[str | None, PUBLIC] = None
    """Whose holidays it keeps: an ISO 3166-1 country."""
    approval_required: Annotated[bool | None, PUBLIC] = None
    """Whether somebody must approve time and expenses before they count."""
    approvers: Annotated[list[str] | None, PII] = None
    """E-mail addresses."""
    budget: Money | None = None
    """What the project may cost the customer: the baseline others are compared with."""
    team: Annotated[list[str] | None, PII] = None
    """E-mail addresses of who may see it, where not everybody may."""
    documents: Annotated[str | None, PUBLIC] = None
    """Address of its document site."""
    open_for_time: Annotated[bool | None, PUBLIC] = None
    open_for_expenses: Annotated[bool | None, PUBLIC] = None
    cannot: Annotated[dict[str, str], PUBLIC] = {}
    """The fields this system does not keep, each with the reason; only ever read."""
