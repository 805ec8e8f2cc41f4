"""Time as it is registered in Business Central: an entry of a time sheet, which people post to the project's ledger.

Business Central has no expense reports: what people spent is entered in purchase documents or journals.
"""

from decimal import Decimal
from typing import Final

from canonical.faults import Conflict, Drifted, FieldError, Invalid
from canonical.lengths import cut, whole
from canonical.objects import TimeEntry
from canonical.objects.time_entry import TimeStatus, hours_of
from canonical.ports.operation import Written
from foundation.vendor_values import meaning, money
from system_apis.business_central import effort_wire as there
from system_apis.business_central import lengths, mapping, wire
from system_apis.business_central.codes import plain
from system_apis.business_central.companies import Place
from system_apis.business_central.mapping import SYSTEM
from system_apis.business_central.records import Records, quoted

ENTRIES: Final = "timeRegistrationEntries"
EMPLOYEES: Final = "employees"
STATUSES: Final[dict[str, TimeStatus]] = {
    "Open": "draft",
    "Submitted": "submitted",
    "Rejected": "rejected",
    "Approved": "approved",
}
_WRITTEN: Final[dict[str, str]] = {"draft": "Open", "submitted": "Submitted", "rejected": "Rejected"}
"""Anything else was approved where it comes from."""
_LONGEST: Final = Decimal(1000)
"""Hours of one entry: more are none."""


class Effort(Records):
    """Entries of time sheets."""

    async def time_posting_by_key(self, key: str) -> TimeEntry:
        """An entry by our key."""
        return await self._time(await self._by_key(ENTRIES, key, there.TimeEntry))

    async def upsert_time_posting(self, key: str, data: TimeEntry) -> Written:
        """Write the entry; one that is posted or billed is left, and is a conflict where it differs."""
        company, job = await self._within(data.project_id, "/project_id")
        draft = _draft(key, data, job=job, employee=await self._employee(company, data.resource))
        known = await self._keyed(company, ENTRIES, key, there.TimeEntry)
        if known is not None and (known.posted or known.invoice_id != wire.NOTHING):
            told = (known.quantity, known.date, known.job_id.lower(), known.employee_id.lower())
            if told != (draft.quantity, draft.date, job, draft.employee_id):
                raise Conflict("it is posted already, and says something else: correct it", system=SYSTEM)
            return Written(id=mapping.native(company.name, known.id), created=False, version=known.etag)
        return await self._put(company, ENTRIES, known, draft, draft)

    async def _time(self, found: Place) -> TimeEntry:
        row: there.TimeEntry = found.row
        company = found.company
        employee = await self._one(company, EMPLOYEES, row.employee_id, there.Employee)
        currency = ""
        if row.unit_price:
            project = await self._one(company, "projects", row.job_id, wire.Project)
            currency = mapping.project_currency(project, await self._companies.local(company))
        return _entry(row, company=company.name, resource=employee.email, currency=currency)

    async def _employee(self, company: wire.Company, email: str) -> str:
        where = f"email eq {quoted(email)}"
        found = await self._rows(company.id, EMPLOYEES, there.Employee, where=where) if email else []
        if not found:
            detail = f"the company {company.name} has no employee with this e-mail address"
            raise Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer="/resource")])
        return found[0].id.lower()


def _entry(found: there.TimeEntry, *, company: str, resource: str, currency: str) -> TimeEntry:
    """Time in hours; in minutes as well where they come to that."""
    hours = found.quantity
    if not hours.is_finite() or abs(hours) > _LONGEST:
        raise Drifted(f"{hours} hours are no hours of a day", system=SYSTEM)
    minutes = int((hours * 60).to_integral_value())
    billed = mapping.reference(company, found.invoice_id)
    return TimeEntry(
        id=mapping.native(company, found.id),
        legal_entity_id=company,
        xrefs=mapping.xrefs(company, found, found.tiergate_key),
        source=mapping.source(found),
        resource_id=mapping.native(company, found.employee_id),
        resource=resource,
        project_id=mapping.native(company, found.job_id),
        task_id=found.job_task_number,
        worked_on=found.date,
        hours=hours,
        minutes=minutes if hours_of(minutes) == hours else None,
        work_type=found.work_type,
        role=found.role,
        billable=found.billable,
        bill_rate=money(found.unit_price, currency, system=SYSTEM) if currency else None,
        notes=found.description,
        status="billed" if billed else "posted" if found.posted else _status(found),
        invoice_id=billed,
        corrects=found.corrects_key,
    )


def _draft(key: str, data: TimeEntry, *, job: str, employee: str) -> there.TimeDraft:
    return there.TimeDraft(
        tiergate_key=key,
        employee_id=employee,
        job_id=job,
        job_task_number=whole(data.task_id, lengths.TASK, "/task_id", system=SYSTEM),
        date=data.worked_on,
        quantity=data.hours if data.minutes is None else hours_of(data.minutes),
        status=_WRITTEN.get(data.status, "Approved"),
        description=cut(data.notes, lengths.NAME),
        work_type=cut(data.work_type, lengths.WORK_TYPE),
        role=cut(data.role, lengths.NAME),
        billable=data.billable,
        unit_price=data.bill_rate.amount if data.bill_rate else Decimal(0),
        corrects_key=data.corrects,
    )


def _status(found: there.TimeEntry) -> TimeStatus:
    return meaning(STATUSES, plain(found.status), "timeRegistrationEntry.status", system=SYSTEM, record=found.id)
