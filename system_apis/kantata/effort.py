"""Time and expenses of Kantata <-> canonical. Pure. It counts minutes, and money in minor units."""

from collections.abc import Mapping
from typing import Final

import msgspec

from canonical.base import Source, Xref
from canonical.faults import Drifted
from canonical.money import Money
from canonical.objects import ExpenseLine, ExpenseReport, TimeEntry
from canonical.objects.expense_report import ExpenseStatus
from canonical.objects.time_entry import TimeStatus, hours_of
from canonical.ports.lists import RecordChange
from foundation.vendor_values import currency, day, instant, meaning, money
from system_apis.kantata import billing_wire, wire
from system_apis.kantata.mapping import SYSTEM

_SUBMITTED: Final[Mapping[str, ExpenseStatus]] = {
    "pending": "submitted",
    "new": "submitted",
    "approved": "approved",
    "rejected": "rejected",
    "cancelled": "draft",
}
"""What a submission's status makes of its expenses. `new` is what the filter calls `pending`."""


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """An expense, and what decides whether it counts."""

    expense: wire.Expense
    submission: billing_wire.Submission | None
    """The one it was on last."""
    asks_for_approval: bool

    @property
    def status(self) -> ExpenseStatus:
        """Approved, too, where it is billed already or nobody has to approve it."""
        if self.expense.is_invoiced or not self.asks_for_approval:
            return "approved"
        if self.submission is None:
            return "submitted" if self.expense.active_submission_id else "draft"
        field = "expense_report_submissions.status"
        return meaning(_SUBMITTED, self.submission.status, field, system=SYSTEM, record=self.submission.id)

    @property
    def is_approved(self) -> bool:
        """Whether it counts."""
        return self.status == "approved"

    @property
    def updated_at(self) -> str:
        """When it changed last, or was decided on."""
        stamps = [self.expense.updated_at, self.submission.updated_at if self.submission else ""]
        return max((each for each in stamps if each), key=lambda text: instant(text, system=SYSTEM), default="")


def spent(found: wire.Expense, beside: wire.Envelope) -> Spent:
    """An expense with what is included beside it. Of what is hidden from us, the less is assumed."""
    workspace = beside.workspaces.get(found.workspace_id)
    last = found.active_submission_id or found.recent_submission_id
    return Spent(
        expense=found,
        submission=beside.expense_report_submissions.get(last or ""),
        asks_for_approval=workspace is None or workspace.require_expense_approvals,
    )


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


def expense_report(of: Spent, resource: str) -> ExpenseReport:
    """One expense, as a report of its own: those of one submission are billed one by one."""
    found = of.expense
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
    return ExpenseReport(
        id=found.id,
        xrefs=[Xref(system=SYSTEM, native_id=found.id)],
        source=_source(of),
        resource_id=found.user_id or "",
        resource=resource,
        reported_on=line.spent_on,
        currency=line.amount.currency,
        lines=[line],
        status=of.status,
    )


def change(found: wire.TimeEntry) -> RecordChange:
    """When it was changed; an approval is a change."""
    return _change(found.id, found.updated_at)


def spent_change(of: Spent) -> RecordChange:
    """When an expense was changed, or decided on."""
    return _change(of.expense.id, of.updated_at)


def _change(native_id: str, stamp: str) -> RecordChange:
    at = instant(stamp, system=SYSTEM)
    if at.tzinfo is None:
        raise Drifted("a record does not say when it was changed", system=SYSTEM)
    return RecordChange(native_id=native_id, version=stamp, changed_at=at)


def _time_status(found: wire.TimeEntry) -> TimeStatus:
    if found.is_invoiced:
        return "billed"
    return "approved" if found.approved else "submitted" if found.active_submission_id else "draft"


def _minor(units: int, code: str) -> Money:
    whole = Money.from_minor(units, currency(code, system=SYSTEM))
    return money(whole.amount, code, system=SYSTEM)


def _source(found: wire.TimeEntry | Spent) -> Source:
    updated = instant(found.updated_at, system=SYSTEM) if found.updated_at else None
    return Source(system=SYSTEM, native_version=found.updated_at, updated_at=updated)
