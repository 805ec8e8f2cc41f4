"""A named person's hours on a project. Owner: PSA, once staffing has decided."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from canonical.base import Envelope
from canonical.classes import PII, PUBLIC


class Booking(Envelope, frozen=True, kw_only=True):
    """Hours of one person on one project between two dates, as the PSA keeps them."""

    project_id: Annotated[str, PUBLIC]
    """Native id of the project in the PSA."""
    resource: Annotated[str, PII]
    """The person's e-mail address, as the PSA knows it."""
    role: Annotated[str, PUBLIC]
    hours: Annotated[Decimal, PUBLIC]
    """All of them, over the whole time."""
    start: Annotated[date, PUBLIC]
    end: Annotated[date, PUBLIC]
    commitment: Annotated[Literal["soft", "hard"], PUBLIC] = "soft"
    status: Annotated[Literal["booked", "released"], PUBLIC] = "booked"
    notes: Annotated[str, PII] = ""
