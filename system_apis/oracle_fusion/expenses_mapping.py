"""Expense reports <-> cost of projects. Pure, as `mapping` is.

A report is no record there: it is its lines, each a cost of its own that says which report it is of.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import msgspec

from canonical.base import Source, Xref
from canonical.lengths import cut, whole
from canonical.money import Money
from canonical.objects import ExpenseLine, ExpenseReport
from canonical.objects.expense_report import ExpenseStatus
from foundation.vendor_values import currency, money, unknown
from system_apis.oracle_fusion import codes, lengths, rest
from system_apis.oracle_fusion import costs_wire as there
from system_apis.oracle_fusion.codes import SYSTEM
from system_apis.oracle_fusion.costs_mapping import APPROVED, WAITING, day_of, wrong

LINE_OF: Final = "#"
"""Between the key of a report and the `ref` of its line, in an original transaction reference."""
Row = there.Waiting | there.Processed


class Place(msgspec.Struct, frozen=True):
    """Where an expense goes: a project, the task of it that takes what is on none."""

    project_id: int
    task_id: int


def expense_report(key: str, found: Sequence[Row], *, legal_entity: str) -> ExpenseReport:
    """A report from its lines, at least one; what is of all of them the first one says."""
    rows = sorted(found, key=lambda each: _flex(each).tg_line or 0)
    ours = _flex(rows[0])
    latest = max((each.last_update_date for each in rows if each.last_update_date), default=None)
    return ExpenseReport(
        id=key,
        legal_entity_id=legal_entity,
        xrefs=[Xref(system=SYSTEM, native_id=key, alt_key=key)],
        source=Source(system=SYSTEM, native_version=latest.isoformat() if latest else "", updated_at=latest),
        number=ours.tg_number or "",
        title=ours.tg_report or "",
        resource_id=rows[0].person_number or "",
        resource=rows[0].email or "",
        reported_on=ours.tg_reported or day_of(rows[0]),
        currency=currency(ours.tg_currency or rows[0].transaction_currency_code or "", system=SYSTEM),
        lines=[_line(key, each, codes.OVERHEAD + legal_entity) for each in rows],
        status=_status(rows),
    )


def check(data: ExpenseReport) -> None:
    """`Invalid` for a report that nobody has approved yet, for nobody's, and for one without a line."""
    if data.status not in (*APPROVED, "paid"):
        raise wrong("/status", "only expenses that are approved become cost in Fusion")
    if not data.resource:
        raise wrong("/resource", "cost in Fusion is a person's, by e-mail address")
    if not data.lines:
        raise wrong("/lines", "a report in Fusion is its lines: without one there is none")


def drafts(key: str, data: ExpenseReport, places: Sequence[Place], unit: str) -> list[there.CostDraft]:
    """What is sent, one cost a line; `places` are those of the lines."""
    year, week, _ = data.reported_on.isocalendar()
    return [
        there.CostDraft(
            expenditure_batch=f"{codes.BATCH} {year}-W{week:02}",
            email=data.resource,
            quantity=line.amount.amount,
            unit_of_measure_code=codes.CURRENCY_UNIT,
            comment=cut(line.description, lengths.COMMENT) or None,
            reversed_original_transaction_reference=None,
            unmatched_negative_transaction_flag=line.amount.amount < 0,
            raw_cost_in_transaction_currency=line.amount.amount,
            transaction_currency_code=line.amount.currency,
            business_unit=unit,
            transaction_source=codes.COST_SOURCE,
            document=codes.EXPENSE_DOCUMENT,
            document_entry=codes.EXPENSE_DOCUMENT,
            original_transaction_reference=whole(
                key + LINE_OF + line.ref, lengths.ORIGINAL, f"/lines/{number}/ref", system=SYSTEM
            ),
            place=[
                there.PlaceDraft(
                    project_id=place.project_id,
                    task_id=place.task_id,
                    day=line.spent_on,
                    type=line.category,
                    organization=unit,
                )
            ],
            flex=[_segments(number, line, data)],
        )
        for number, (line, place) in enumerate(zip(data.lines, places, strict=True))
    ]


def same(found: there.Processed, draft: there.CostDraft) -> bool:
    """Whether an expense that was imported is what it shall be."""
    place = draft.place[0]
    told = (found.raw_cost_in_transaction_currency, found.transaction_currency_code, found.email)
    where = (found.project_id, found.expenditure_item_date, found.expenditure_type)
    wanted = (draft.raw_cost_in_transaction_currency, draft.transaction_currency_code, draft.email)
    return told == wanted and where == (place.project_id, place.day, place.type)


def _segments(number: int, line: ExpenseLine, data: ExpenseReport) -> there.ExpenseFlexHead:
    return there.ExpenseFlexHead(
        tg_billable="Y" if line.billable else "N",
        tg_invoice=line.invoice_id or None,
        tg_line=number,
        tg_report=cut(data.title, lengths.OWN) or None,
        tg_number=whole(data.number, lengths.OWN, "/number", system=SYSTEM) or None,
        tg_reported=data.reported_on,
        tg_currency=data.currency,
        tg_reimbursable="Y" if line.reimbursable else "N",
        tg_tax=None if line.tax is None else line.tax.amount,
    )


def _line(key: str, found: Row, overhead: str) -> ExpenseLine:
    ours, code = _flex(found), found.transaction_currency_code or ""
    return ExpenseLine(
        ref=(found.original_transaction_reference or "").removeprefix(key + LINE_OF),
        spent_on=day_of(found),
        category=found.expenditure_type or "",
        description=found.comment or "",
        amount=money(found.raw_cost_in_transaction_currency or Decimal(0), code, system=SYSTEM),
        tax=_tax(ours.tg_tax, code),
        billable=ours.tg_billable == "Y",
        reimbursable=ours.tg_reimbursable != "N",
        project_id="" if found.project_number == overhead else str(found.project_id or ""),
        invoice_id=ours.tg_invoice or "",
    )


def _tax(amount: Decimal | None, code: str) -> Money | None:
    return None if amount is None else money(amount, code, system=SYSTEM)


def _status(rows: Sequence[Row]) -> ExpenseStatus:
    """Posted once every line is; rejected as soon as one of them is."""
    waiting = [each.status_code or "" for each in rows if isinstance(each, there.Waiting)]
    if strange := [code for code in waiting if code not in WAITING]:
        raise unknown(strange[0], "unprocessedProjectCosts.StatusCode", system=SYSTEM)
    if "R" in waiting:
        return "rejected"
    return "approved" if waiting else "posted"


def _flex(found: Row) -> there.CostFlex:
    return rest.first(found.flex) or there.CostFlex()
