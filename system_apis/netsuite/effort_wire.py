"""NetSuite's shapes for time and expenses. As in `wire`."""

from datetime import date, datetime
from decimal import Decimal

from system_apis.netsuite.wire import Ref, Wire


class TimeBill(Wire, frozen=True, kw_only=True):
    """One person's time on one day."""

    id: str
    external_id: str = ""
    employee: Ref = Ref()
    customer: Ref = Ref()
    """The project: time belongs to a customer or to one of its projects."""
    case_task_event: Ref = Ref()
    """A project task; of time that is not ours maybe a case or an event."""
    tran_date: date | None = None
    hours: str = ""
    """As `2:30`."""
    is_billable: bool = False
    memo: str = ""
    rate: Decimal | None = None
    approval_status: Ref = Ref()
    last_modified_date: datetime | None = None
    custcol_tg_task: str = ""
    custcol_tg_role: str = ""
    custcol_tg_type: str = ""
    custcol_tg_invoice: str = ""
    custcol_tg_corrects: str = ""


class TimeBillDraft(Wire, frozen=True, kw_only=True):
    """What we write of it."""

    employee: Ref
    customer: Ref
    tran_date: date
    hours: str
    is_billable: bool
    memo: str | None
    rate: Decimal | None
    approval_status: Ref
    case_task_event: Ref | None
    custcol_tg_task: str | None
    custcol_tg_role: str | None
    custcol_tg_type: str | None
    custcol_tg_invoice: str | None
    custcol_tg_corrects: str | None


class ExpenseLine(Wire, frozen=True, kw_only=True):
    """One receipt."""

    expense_date: date | None = None
    category: Ref = Ref()
    amount: Decimal | None = None
    currency: Ref = Ref()
    customer: Ref | None = None
    is_billable: bool = False
    memo: str = ""
    custcol_tg_ref: str = ""


class ExpenseLines(Wire, frozen=True, kw_only=True):
    """All of them."""

    items: list[ExpenseLine] = []


class ExpenseReport(Wire, frozen=True, kw_only=True):
    """An employee's expense report."""

    id: str
    external_id: str = ""
    tran_id: str = ""
    entity: Ref = Ref()
    subsidiary: Ref = Ref()
    expense_report_currency: Ref = Ref()
    tran_date: date | None = None
    memo: str = ""
    complete: bool = False
    supervisor_approval: bool = False
    accounting_approval: bool = False
    expense: ExpenseLines = ExpenseLines()
    last_modified_date: datetime | None = None


class ExpenseReportDraft(Wire, frozen=True, kw_only=True):
    """What we write of it."""

    entity: Ref
    subsidiary: Ref
    expense_report_currency: Ref
    tran_date: date
    memo: str | None
    complete: bool
    supervisor_approval: bool
    expense: ExpenseLines
