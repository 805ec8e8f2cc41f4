"""Time <-> canonical. Pure, as `mapping` is."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from msgspec import UNSET

from canonical.faults import Drifted, FieldError, Invalid
from canonical.lengths import cut, whole
from canonical.objects import TimeEntry
from canonical.objects.time_entry import TimeStatus, hours_of
from foundation.vendor_values import meaning
from system_apis.sap_s4hana import mapping, wire
from system_apis.sap_s4hana import setups_wire as plan
from system_apis.sap_s4hana import time_wire as there
from system_apis.sap_s4hana.lengths import OWN
from system_apis.sap_s4hana.odata import SYSTEM, as_sent, day, written
from system_apis.sap_s4hana.setups_mapping import ref_of

STATUSES: Final[dict[str, TimeStatus]] = {"10": "draft", "20": "submitted", "30": "approved", "40": "rejected"}
OVER: Final = ("50", "60")
"""A record that another one has taken the place of, and one that is cancelled."""
_WRITTEN: Final[dict[str, str]] = {"draft": "10", "submitted": "20", "rejected": "40"}
_APPROVED: Final = "30"
"""Anything else was approved where it comes from."""
_HUNDREDTH: Final = Decimal("0.01")
_MOST: Final = Decimal("99.99")


def time_entry(
    found: there.Record, element: plan.Element, project: wire.Project, worker: there.Worker, *, legal_entity: str
) -> TimeEntry:
    """A record. Minutes are told while they come to the hours that SAP has."""
    data = found.time_sheet_data_fields
    hours = _hours(data.recorded_hours)
    minutes = int(_hours(found.tg_minutes_tim)) if found.tg_minutes_tim is not None else None
    worked_on = day(found.time_sheet_date)
    if worked_on is None:
        raise Drifted("a time sheet record has no day", system=SYSTEM)
    rate = found.tg_rate_tim
    return TimeEntry(
        id=found.time_sheet_record,
        legal_entity_id=legal_entity,
        xrefs=mapping.xrefs(found.time_sheet_record, found.tg_key_tim),
        source=mapping.source(wire.Metadata(), None),
        resource_id=found.person_work_agreement_external_id,
        resource=worker.email,
        project_id=project.project_uuid,
        task_id="" if element.project_element == mapping.element_of(project.project) else ref_of(element),
        worked_on=worked_on,
        hours=hours,
        minutes=minutes if minutes is not None and _hundredths(hours_of(minutes)) == hours else None,
        work_type=found.tg_work_type_tim,
        role=found.tg_role_tim,
        billable=not found.tg_unbilled_tim,
        bill_rate=mapping.money(rate, project.project_currency) if rate else None,
        notes=data.time_sheet_note,
        status=meaning(STATUSES, found.time_sheet_status, f"{plan.TIME}.TimeSheetStatus", system=SYSTEM),
        corrects=found.tg_corrects_tim,
    )


def time_draft(key: str, data: TimeEntry, project: wire.Project, element: str, worker: there.Worker) -> there.TimeDraft:
    """What a create writes."""
    if data.bill_rate is not None and data.bill_rate.currency != project.project_currency:
        raise invalid("/bill_rate", f"the project is in {project.project_currency}")
    hours = data.hours if data.minutes is None else _hundredths(hours_of(data.minutes))
    if hours != _hundredths(hours) or abs(hours) > _MOST:
        raise invalid("/hours", f"SAP keeps hundredths of an hour, {_MOST} at the most")
    status = _WRITTEN.get(data.status, _APPROVED)
    return there.TimeDraft(
        time_sheet_date=written(data.worked_on),
        time_sheet_status=status,
        time_sheet_data_fields=there.Hours(
            activity_type=worker.activity_type,
            wbs_element=element,
            time_sheet_note=data.notes,
            recorded_hours=hours,
            recorded_quantity=hours,
        ),
        tg_minutes_tim=None if data.minutes is None else Decimal(data.minutes),
        tg_rate_tim=data.bill_rate.amount if data.bill_rate else None,
        tg_unbilled_tim=not data.billable,
        tg_work_type_tim=cut(data.work_type, OWN),
        tg_role_tim=cut(data.role, OWN),
        tg_corrects_tim=whole(data.corrects, OWN, "/corrects", system=SYSTEM),
        person_work_agreement_external_id=worker.person_work_agreement_external_id,
        company_code=worker.company_code,
        time_sheet_record=UNSET,
        time_sheet_is_released_on_save=status != _WRITTEN["draft"],
        tg_key_tim=whole(key, OWN, "path:key", system=SYSTEM),
    )


def alike(found: there.Record, wanted: there.TimeDraft) -> bool:
    """Whether a record says already what it shall."""
    names = there.TimeHead.__struct_fields__
    return all(as_sent(getattr(found, name)) == getattr(wanted, name) for name in names)


def invalid(pointer: str, detail: str) -> Invalid:
    """A write that names what SAP cannot keep."""
    return Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer=pointer)])


def _hundredths(hours: Decimal) -> Decimal:
    return hours.quantize(_HUNDREDTH, ROUND_HALF_UP)


def _hours(number: Decimal) -> Decimal:
    if not number.is_finite() or abs(number) > 10_000:
        raise Drifted(f"{number} is no time of a day", system=SYSTEM)
    return number
