"""An incident at the service desk. Owner: ITSM."""

from typing import Annotated, Literal

from canonical.base import Envelope
from canonical.classes import FREE_TEXT, PUBLIC

TicketStatus = Literal["new", "in_progress", "on_hold", "resolved", "closed", "cancelled"]


class Ticket(Envelope, frozen=True, kw_only=True):
    """One incident. `correlation` is our key for it, e.g. the case number."""

    number: Annotated[str, PUBLIC] = ""
    correlation: Annotated[str, PUBLIC]
    summary: Annotated[str, FREE_TEXT]
    description: Annotated[str, FREE_TEXT] = ""
    urgency: Annotated[Literal["high", "medium", "low"], PUBLIC] = "medium"
    status: Annotated[TicketStatus, PUBLIC] = "new"
    close_notes: Annotated[str, FREE_TEXT] = ""
