"""Time and expenses of Kantata <-> canonical. Pure. It counts minutes, and money in minor units."""

from canonical.base import Source, Xref
from canonical.faults import Drifted
from canonical.money import Money
from canonical.objects import ExpenseLine, ExpenseReport, TimeEntry
from canonical.objects.expense_report import ExpenseStatus
from canonical.objects.time_entry import TimeStatus, hours_of
from canonical.ports.lists import RecordChange
from foundation.vendor_values import currency, day, instant, money
from system_apis.kantata import wire
from system_apis.kantata.mapping import SYSTEM


def time_entry(found: wire.TimeEntry, resource: str) -> TimeEntry:
    """One entry; `resource` is the e-mail address of its person."""
    rate = found.rate_in_cents
    return TimeEntry(
        id=found.id,
        xrefs=[Xref(system=SYSTEM, native_id=found.id)],
        source=_source(found),
        resource_id=found.user_id or "",
        resource=resource,
        project_id=found.workspace_id,
        task_id=found.story_id or "",
        worked_on=day(found.date_performed, system=SYSTEM),
        hours=hours_of(found.time_in_minutes),
        minutes=found.time_in_minutes,
        billable=found.billable,
        bill_rate=None if rate is None else _minor(rate, found.currency),
        notes=found.notes or "",
        status=_time_status(found),
        invoice_id=found.invoice_id or "",
    )


def expense_report(found: wire.Expense, resource: str) -> ExpenseReport:
    """One expense, as a report of its own: Kantata has none."""
    line = ExpenseLine(
        ref=found.id,
        spent_on=day(found.date, system=SYSTEM),
        category=found.category,
        description=found.notes or "",
        amount=_minor(found.amount_in_cents, found.currency),
        billable=found.is_billable,
        reimbursable=found.reimbursable,
        project_id=found.workspace_id,
        invoice_id=found.invoice_id or "",
    )
    status: ExpenseStatus = "approved" if found.approved or found.is_invoiced else "draft"
    return ExpenseReport(
        id=found.id,
        xrefs=[Xref(system=SYSTEM, native_id=found.id)],
        source=_source(found),
        resource_id=found.user_id or "",
        resource=resource,
        reported_on=line.spent_on,
        currency=line.amount.currency,
        lines=[line],
        status=status,
    )


def change(found: wire.TimeEntry | wire.Expense) -> RecordChange:
    """When it was changed; an approval is a change."""
    at = instant(found.updated_at, system=SYSTEM)
    if at.tzinfo is None:
        raise Drifted("a record does not say when it was changed", system=SYSTEM)
    return RecordChange(native_id=found.id, version=found.updated_at, changed_at=at)


def _time_status(found: wire.TimeEntry) -> TimeStatus:
    if found.is_invoiced:
        return "billed"
    return "approved" if found.approved else "submitted" if found.active_submission_id else "draft"


def _minor(units: int, code: str) -> Money:
    whole = Money.from_minor(units, currency(code, system=SYSTEM))
    return money(whole.amount, code, system=SYSTEM)


def _source(found: wire.TimeEntry | wire.Expense) -> Source:
    updated = instant(found.updated_at, system=SYSTEM) if found.updated_at else None
    return Source(system=SYSTEM, native_version=found.updated_at, updated_at=updated)
