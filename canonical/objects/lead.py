"""A lead: somebody who may become a customer. Owner: CRM. Converted, it is an account, a person and perhaps a deal."""

from typing import Annotated, Literal

from canonical.base import Envelope
from canonical.classes import PII, PUBLIC
from canonical.dates import Instant

LeadStatus = Literal["open", "converted", "disqualified"]


class Lead(Envelope, frozen=True, kw_only=True):
    """What the CRM knows of one; what it was converted to is empty until it is."""

    company: Annotated[str, PUBLIC] = ""
    given: Annotated[str, PII] = ""
    family: Annotated[str, PII] = ""
    email: Annotated[str, PII] = ""
    status: Annotated[LeadStatus, PUBLIC] = "open"
    account_id: Annotated[str, PUBLIC] = ""
    contact_id: Annotated[str, PUBLIC] = ""
    opportunity_id: Annotated[str, PUBLIC] = ""
    converted_at: Annotated[Instant | None, PUBLIC] = None
    absorbed: Annotated[list[str], PUBLIC] = []
    """Leads that were merged into it, directly or by way of others: whoever knew those, knows this one."""
