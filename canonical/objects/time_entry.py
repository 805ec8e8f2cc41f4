"""Time somebody worked on a project. Owners: PSA = entry and approval; ERP = posting, cost, billed or not."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Literal

from canonical.base import Envelope
from canonical.classes import PII, PUBLIC
from canonical.dates import Instant
from canonical.money import Money

TimeStatus = Literal["draft", "submitted", "approved", "rejected", "posted", "billed", "written_off"]


class TimeEntry(Envelope, frozen=True, kw_only=True):
    """One person's time on one task on one day. A week row (Certinia) is seven of them, `id` being row and day."""

    resource_id: Annotated[str, PUBLIC] = ""
    """Native id of the person in the system the entry is in."""
    resource: Annotated[str, PII] = ""
    """E-mail address: what one system calls a person by towards another."""
    project_id: Annotated[str, PUBLIC]
    """Native id of the project in the system the entry is in."""
    task_id: Annotated[str, PUBLIC] = ""
    worked_on: Annotated[date, PUBLIC]
    """The day where the person worked, which is the one on the time sheet; never shifted to another zone."""
    hours: Annotated[Decimal, PUBLIC]
    minutes: Annotated[int | None, PUBLIC] = None
    """As the system measured it, where it counts minutes: 20 minutes are 0.33 hours in no exact number."""
    work_type: Annotated[str, PUBLIC] = ""
    role: Annotated[str, PUBLIC] = ""
    billable: Annotated[bool, PUBLIC] = True
    bill_rate: Money | None = None
    """For an hour."""
    notes: Annotated[str, PII] = ""
    status: Annotated[TimeStatus, PUBLIC] = "draft"
    approved_at: Annotated[Instant | None, PUBLIC] = None
    invoice_id: Annotated[str, PUBLIC] = ""
    """Native id of the invoice that bills it; empty until one does."""
    corrects: Annotated[str, PUBLIC] = ""
    """Our key of the entry this one takes back, as negative hours, since what is posted is not edited."""


def hours_of(minutes: int) -> Decimal:
    """Minutes as hours to four places, half up: 20 minutes are 0.3333, which times three is not an hour."""
    return (Decimal(minutes) / 60).quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)
