"""Time and expenses <-> canonical; pure, as `mapping` is."""

import re
from datetime import date
from decimal import Decimal
from typing import Final

from canonical.faults import Drifted, FieldError, Invalid
from canonical.lengths import cut
from canonical.objects import ExpenseLine, ExpenseReport, TimeEntry
from canonical.objects.time_entry import TimeStatus, hours_of
from foundation.vendor_values import money, unknown
from system_apis.netsuite import effort_wire as wire
from system_apis.netsuite.lengths import MEMO
from system_apis.netsuite.mapping import SYSTEM, source, xrefs
from system_apis.netsuite.wire import Ref

_APPROVED: Final = "3"
_SUBMITTED: Final = "2"
_HOURS: Final = re.compile(r"(-?)(\d{1,4}):(\d\d)")


def time_entry(found: wire.TimeBill, *, resource: str, currency: str, task: str) -> TimeEntry:
    """Time that was posted. Its rate is in the currency of the project; `task` is what the task it names is called."""
    minutes = _minutes(found.hours)
    return TimeEntry(
        id=found.id,
        xrefs=xrefs(found.id, found.external_id),
        source=source(found.last_modified_date),
        resource_id=found.employee.id,
        resource=resource,
        project_id=found.customer.id,
        task_id=task or found.custcol_tg_task,
        worked_on=_day(found.tran_date),
        hours=hours_of(minutes).normalize() + Decimal(0),
        minutes=minutes,
        work_type=found.custcol_tg_type,
        role=found.custcol_tg_role,
        billable=found.is_billable,
        bill_rate=None if found.rate is None else money(found.rate, currency, system=SYSTEM),
        notes=found.memo,
        status="billed" if found.custcol_tg_invoice else _status(found.approval_status.id),
        invoice_id=found.custcol_tg_invoice,
        corrects=found.custcol_tg_corrects,
    )


def time_draft(data: TimeEntry, *, employee: str, task: str) -> wire.TimeBillDraft:
    """What an upsert writes, in whole minutes. `task` is the internal id of one, or empty: then a text says it."""
    minutes = data.minutes if data.minutes is not None else _exact(data.hours * 60)
    sign, whole = ("-" if minutes < 0 else ""), abs(minutes)
    return wire.TimeBillDraft(
        employee=Ref(id=employee),
        customer=Ref(id=data.project_id),
        tran_date=data.worked_on,
        hours=f"{sign}{whole // 60}:{whole % 60:02}",
        is_billable=data.billable,
        memo=cut(data.notes, MEMO) or None,
        rate=data.bill_rate.amount if data.bill_rate else None,
        approval_status=Ref(id=_SUBMITTED if data.status in ("draft", "submitted") else _APPROVED),
        case_task_event=Ref(id=task) if task else None,
        custcol_tg_task=None if task else data.task_id or None,
        custcol_tg_role=data.role or None,
        custcol_tg_type=data.work_type or None,
        custcol_tg_invoice=data.invoice_id or None,
        custcol_tg_corrects=data.corrects or None,
    )


def expense_report(
    found: wire.ExpenseReport, *, resource: str, legal_entity: str, currencies: list[str]
) -> ExpenseReport:
    """A report; `currencies` are its own, then that of each line."""
    own, *each = currencies
    return ExpenseReport(
        id=found.id,
        legal_entity_id=legal_entity,
        xrefs=xrefs(found.id, found.external_id),
        source=source(found.last_modified_date),
        number=found.tran_id,
        title=found.memo,
        resource_id=found.entity.id,
        resource=resource,
        reported_on=_day(found.tran_date),
        currency=own,
        lines=[_line(line, code) for line, code in zip(found.expense.items, each, strict=True)],
        status="posted" if found.accounting_approval else "approved" if found.supervisor_approval else "submitted",
    )


def expense_draft(
    data: ExpenseReport, *, employee: str, subsidiary: str, categories: list[str], currencies: list[str]
) -> wire.ExpenseReportDraft:
    """What an upsert writes; `categories` and `currencies` are those of the lines, the report's currency last."""
    *each, own = currencies
    lines = [
        wire.ExpenseLine(
            expense_date=line.spent_on,
            category=Ref(id=category),
            amount=line.amount.amount,
            currency=Ref(id=currency),
            customer=Ref(id=line.project_id) if line.project_id else None,
            is_billable=line.billable,
            memo=cut(line.description, MEMO),
            custcol_tg_ref=line.ref,
        )
        for line, category, currency in zip(data.lines, categories, each, strict=True)
    ]
    if not lines:
        raise Invalid(system=SYSTEM, errors=[FieldError(detail="a report has at least one line", pointer="/lines")])
    return wire.ExpenseReportDraft(
        entity=Ref(id=employee),
        subsidiary=Ref(id=subsidiary),
        expense_report_currency=Ref(id=own),
        tran_date=data.reported_on,
        memo=cut(data.title, MEMO) or None,
        complete=data.status != "draft",
        supervisor_approval=data.status in ("approved", "posted", "paid"),
        expense=wire.ExpenseLines(items=lines),
    )


def _line(found: wire.ExpenseLine, currency: str) -> ExpenseLine:
    return ExpenseLine(
        ref=found.custcol_tg_ref,
        spent_on=_day(found.expense_date),
        category=found.category.ref_name,
        description=found.memo,
        amount=money(found.amount or Decimal(0), currency, system=SYSTEM),
        billable=found.is_billable,
        project_id=found.customer.id if found.customer else "",
    )


def _status(code: str) -> TimeStatus:
    if code not in ("1", _SUBMITTED, _APPROVED, "4", ""):
        raise unknown(code, "timeBill.approvalStatus", system=SYSTEM)
    words: dict[str, TimeStatus] = {_APPROVED: "approved", "4": "rejected", "1": "draft"}
    return words.get(code, "submitted")


def _minutes(text: str) -> int:
    read = _HOURS.fullmatch(text)
    if read is None:
        raise Drifted(f"{text[:20]!r} are no hours and minutes", system=SYSTEM)
    minutes = int(read[2]) * 60 + int(read[3])
    return -minutes if read[1] else minutes


def _exact(minutes: Decimal) -> int:
    if minutes != minutes.to_integral_value():
        detail = "NetSuite keeps whole minutes: say them in `minutes`"
        raise Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer="/hours")])
    return int(minutes)


def _day(told: date | None) -> date:
    if told is None:
        raise Drifted("time or an expense has no date", system=SYSTEM)
    return told
