"""Time <-> cost of projects. Pure, as `mapping` is."""

from datetime import date
from decimal import Decimal
from typing import Final

from canonical.base import Source, Xref
from canonical.faults import Drifted, FieldError, Invalid
from canonical.lengths import cut, whole
from canonical.objects import TimeEntry
from canonical.objects.time_entry import TimeStatus, hours_of
from foundation.vendor_values import meaning, money
from system_apis.oracle_fusion import codes, lengths, rest, wire
from system_apis.oracle_fusion import costs_wire as there
from system_apis.oracle_fusion.codes import SYSTEM

WAITING: Final[dict[str, TimeStatus]] = {"P": "approved", "R": "rejected"}
"""Pending, and rejected by an import. It was approved where it comes from."""
_LONGEST: Final = Decimal(1000)
"""Hours of one entry: more are none."""
APPROVED: Final = ("approved", "posted", "billed")


def time_entry(key: str, found: there.Waiting | there.Processed, *, job: wire.Project, legal_entity: str) -> TimeEntry:
    """Time in hours; in minutes as well where they come to that."""
    ours = rest.first(found.flex) or there.CostFlex()
    hours = found.quantity or Decimal(0)
    if not hours.is_finite() or abs(hours) > _LONGEST:
        raise Drifted(f"{hours} hours are no hours of a day", system=SYSTEM)
    minutes = int((hours * 60).to_integral_value())
    native, task = native_id(found), found.task_number or ""
    return TimeEntry(
        id=native,
        legal_entity_id=legal_entity,
        xrefs=[Xref(system=SYSTEM, native_id=native, alt_key=key)],
        source=Source(system=SYSTEM, native_version=rest.version(found), updated_at=found.last_update_date),
        resource_id=found.person_number or "",
        resource=found.email or "",
        project_id=str(job.project_id),
        task_id="" if task == codes.NO_TASK else task,
        worked_on=day_of(found),
        hours=hours,
        minutes=minutes if hours_of(minutes) == hours else None,
        work_type=ours.tg_type or "",
        role=ours.tg_role or "",
        billable=ours.tg_billable != "N",
        bill_rate=None if ours.tg_rate is None else money(ours.tg_rate, job.project_currency_code, system=SYSTEM),
        notes=found.comment or "",
        status=_status(found, ours),
        invoice_id=ours.tg_invoice or "",
        corrects=found.reversed_original_transaction_reference or "",
    )


def time_draft(key: str, data: TimeEntry, job: wire.Project, task_id: int) -> there.CostDraft:
    """What a create sends; `Invalid` for time that nobody has approved yet, and for nobody's."""
    if data.status not in APPROVED:
        raise wrong("/status", "only time that is approved becomes cost in Fusion")
    if not data.resource:
        raise wrong("/resource", "cost in Fusion is a person's, by e-mail address")
    if data.bill_rate is not None and data.bill_rate.currency != job.project_currency_code:
        raise wrong("/bill_rate", f"the project is in {job.project_currency_code}")
    hours = data.hours if data.minutes is None else hours_of(data.minutes)
    unit, (year, week, _) = job.business_unit_name or "", data.worked_on.isocalendar()
    return there.CostDraft(
        expenditure_batch=f"{codes.BATCH} {year}-W{week:02}",
        email=data.resource,
        quantity=hours,
        unit_of_measure_code=codes.HOURS,
        comment=cut(data.notes, lengths.COMMENT) or None,
        reversed_original_transaction_reference=data.corrects or None,
        unmatched_negative_transaction_flag=hours < 0 and not data.corrects,
        business_unit=unit,
        transaction_source=codes.COST_SOURCE,
        document=codes.TIME_DOCUMENT,
        document_entry=codes.TIME_ENTRY,
        original_transaction_reference=whole(key, lengths.ORIGINAL, "/key", system=SYSTEM),
        place=[
            there.PlaceDraft(
                project_id=job.project_id,
                task_id=task_id,
                day=data.worked_on,
                type=codes.TIME_TYPE,
                organization=unit,
            )
        ],
        flex=[
            there.CostFlexHead(
                tg_type=whole(data.work_type, lengths.OWN, "/work_type", system=SYSTEM) or None,
                tg_role=whole(data.role, lengths.OWN, "/role", system=SYSTEM) or None,
                tg_billable="Y" if data.billable else "N",
                tg_rate=data.bill_rate.amount if data.bill_rate else None,
                tg_invoice=data.invoice_id or None,
            )
        ],
    )


def same(found: there.Cost, draft: there.CostDraft) -> bool:
    """Whether cost that was imported is what it shall be."""
    place = draft.place[0]
    told = (found.quantity, found.email, found.reversed_original_transaction_reference)
    told_place = (found.project_id, found.task_id, found.expenditure_item_date)
    wanted = (draft.quantity, draft.email, draft.reversed_original_transaction_reference)
    return told == wanted and told_place == (place.project_id, place.task_id, place.day)


def native_id(found: there.Waiting | there.Processed) -> str:
    """Its id, which is another once it was imported."""
    if isinstance(found, there.Processed):
        return str(found.expenditure_item_id)
    return str(found.unprocessed_transaction_reference_id)


def _status(found: there.Waiting | there.Processed, ours: there.CostFlexHead) -> TimeStatus:
    if ours.tg_invoice:
        return "billed"
    if isinstance(found, there.Processed):
        return "posted"
    return meaning(WAITING, found.status_code or "", "unprocessedProjectCosts.StatusCode", system=SYSTEM)


def day_of(found: there.Cost) -> date:
    """The day it was worked or spent; `Drifted` for none."""
    if found.expenditure_item_date is None:
        raise Drifted("a cost has no day", system=SYSTEM)
    return found.expenditure_item_date


def wrong(pointer: str, detail: str) -> Invalid:
    """What is wrong at one place of what we were given."""
    return Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer=pointer)])
