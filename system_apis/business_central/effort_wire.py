"""Time as it is registered: entries of time sheets, and the employees they are of.

The page of the entries is our extension's; it names its fields as `timeRegistrationEntries` of the API v2.0 does, which
says job where other pages say project.
"""

from datetime import date, datetime
from decimal import Decimal

from msgspec import field

from system_apis.business_central.wire import NOTHING, Guid, Tag, Wire


class Employee(Wire, frozen=True, kw_only=True):
    """An employee of a company."""

    id: Guid
    etag: Tag = field(name="@odata.etag")
    last_modified_date_time: datetime | None = None
    number: str = ""
    email: str = ""


class TimeFields(Wire, frozen=True, kw_only=True):
    """An entry, as it is written. What an hour is billed at is in the project's currency."""

    employee_id: str
    job_id: str
    job_task_number: str = ""
    date: date
    quantity: Decimal
    unit_of_measure_code: str = "HOUR"
    status: str
    description: str = ""
    work_type: str = ""
    role: str = ""
    billable: bool = True
    unit_price: Decimal = Decimal(0)
    corrects_key: str = ""


class TimeDraft(TimeFields, frozen=True, kw_only=True):
    """What we write."""

    tiergate_key: str


class TimeEntry(TimeFields, frozen=True, kw_only=True):
    """An entry, as it is read."""

    id: Guid
    etag: Tag = field(name="@odata.etag")
    last_modified_date_time: datetime | None = None
    tiergate_key: str = ""
    posted: bool = False
    """It stands in the project's ledger, where nobody edits it."""
    invoice_id: str = NOTHING
