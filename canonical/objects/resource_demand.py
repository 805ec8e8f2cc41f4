"""People a project asks for. Owner: PSA."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from canonical.base import Envelope
from canonical.classes import PUBLIC


class ResourceDemand(Envelope, frozen=True, kw_only=True):
    """A request for hours of one role on one project, before anyone is named."""

    project_id: Annotated[str, PUBLIC]
    """Native id of the project in the PSA."""
    role: Annotated[str, PUBLIC]
    hours: Annotated[Decimal, PUBLIC]
    start: Annotated[date, PUBLIC]
    end: Annotated[date, PUBLIC]
    commitment: Annotated[Literal["soft", "hard"], PUBLIC] = "soft"
    status: Annotated[Literal["open", "filled", "cancelled"], PUBLIC] = "open"
