"""Time as time sheets keep it, and the people who enter it.

A record is made, changed and cancelled by one `POST` each, which says what it is to do. Source: the metadata of
API_MANAGE_WORKFORCE_TIMESHEET; fields of a firm's own stand beside `TimeSheetDataFields`, not in it.
"""

from decimal import Decimal
from typing import Final

from msgspec import UNSET, Struct, UnsetType, field

from system_apis.sap_s4hana.wire import Wire

CREATE: Final = "C"
UPDATE: Final = "U"


class Hours(Wire, frozen=True, kw_only=True):
    """What was worked on, by what kind of activity, for how long."""

    activity_type: str = ""
    wbs_element: str = ""
    time_sheet_note: str = ""
    recorded_hours: Decimal
    recorded_quantity: Decimal
    hours_unit_of_measure: str = "H"


class TimeHead(Wire, frozen=True, kw_only=True):
    """What we write of a record."""

    time_sheet_date: str | None
    time_sheet_status: str
    time_sheet_data_fields: Hours
    tg_minutes_tim: Decimal | None = None
    tg_rate_tim: Decimal | None = None
    tg_unbilled_tim: bool = False
    tg_work_type_tim: str = ""
    tg_role_tim: str = ""
    tg_corrects_tim: str = ""


class TimeDraft(TimeHead, frozen=True, kw_only=True):
    """A record that is made or changed."""

    person_work_agreement_external_id: str
    company_code: str
    time_sheet_record: str | UnsetType = UNSET
    time_sheet_is_released_on_save: bool
    time_sheet_operation: str = CREATE
    tg_key_tim: str


class Record(TimeHead, frozen=True, kw_only=True):
    """A record, as it is read."""

    person_work_agreement_external_id: str
    company_code: str
    time_sheet_record: str
    tg_key_tim: str = ""


class Worker(Wire, frozen=True, kw_only=True):
    """Somebody who enters time, from our own service, by OData V4."""

    email: str
    company_code: str
    person_work_agreement_external_id: str
    activity_type: str


class Workers(Struct, frozen=True):
    """A list by OData V4."""

    value: list[Worker]
    next: str = field(default="", name="@odata.nextLink")
