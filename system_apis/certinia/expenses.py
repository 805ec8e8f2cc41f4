"""Expense reports and their receipts. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from canonical.base import Source, Xref
from canonical.faults import Drifted
from canonical.money import Money
from canonical.objects import ExpenseLine, ExpenseReport
from canonical.objects.expense_report import ExpenseStatus
from foundation.vendor_values import currency, day, instant, meaning, money
from system_apis.certinia.effort_wire import REPORT, Expense, Report
from system_apis.certinia.mapping import SYSTEM

STATUSES: Final[Mapping[str, ExpenseStatus]] = {
    "Draft": "draft",
    "Submitted": "submitted",
    "Approved": "approved",
    "Rejected": "rejected",
    "Paid": "paid",
}


def report(found: Report, receipts: Sequence[Expense]) -> ExpenseReport:
    """A report with its receipts. It is as old as its last receipt, or where it has none, as itself."""
    return ExpenseReport(
        id=found.id,
        xrefs=[Xref(system=SYSTEM, native_id=found.id)],
        source=Source(
            system=SYSTEM,
            native_version=found.system_modstamp,
            updated_at=instant(found.system_modstamp, system=SYSTEM),
        ),
        title=found.name,
        resource_id=found.person.id if found.person else "",
        resource=(found.person.email or "") if found.person else "",
        reported_on=found.last_expense or day(found.created_date, system=SYSTEM),
        currency=currency(found.currency_iso_code, system=SYSTEM),
        lines=[_line(each, found) for each in receipts],
        status=_status(found),
    )


def _status(found: Report) -> ExpenseStatus:
    return meaning(STATUSES, found.status or "Draft", f"{REPORT}.pse__Status__c", system=SYSTEM, record=found.id)


def _line(receipt: Expense, of: Report) -> ExpenseLine:
    return ExpenseLine(
        ref=receipt.id,
        spent_on=_spent(receipt),
        category=receipt.type or "",
        description=receipt.description or "",
        amount=_money(receipt),
        tax=None if receipt.tax is None else money(receipt.tax, receipt.currency_iso_code, system=SYSTEM),
        billable=receipt.billable,
        reimbursable=not receipt.non_reimbursable,
        project_id=receipt.project or of.project or "",
        invoice_id=(receipt.invoice_number or "") if receipt.invoiced else "",
    )


def _money(receipt: Expense) -> Money:
    if receipt.amount is None:
        raise Drifted(f"expense {receipt.id} has no amount", system=SYSTEM)
    return money(receipt.amount, receipt.currency_iso_code, system=SYSTEM)


def _spent(receipt: Expense) -> date:
    if receipt.spent_on is None:
        raise Drifted(f"expense {receipt.id} has no date", system=SYSTEM)
    return receipt.spent_on
