"""Invoices, credit memos and payments <-> canonical; pure, as `mapping` is. Amounts are positive on both sides."""

from datetime import date
from decimal import Decimal
from typing import Any, Final, get_args

from canonical.faults import Drifted, FieldError, Invalid
from canonical.lengths import cut, whole
from canonical.money import Money
from canonical.objects import Allocation, Invoice, InvoiceLine, Payment
from canonical.objects.invoice import InvoiceStatus, LineKind
from foundation.vendor_values import money, unknown
from system_apis.netsuite import receivables_wire as wire
from system_apis.netsuite.lengths import MEMO, PO_NUMBER
from system_apis.netsuite.mapping import SYSTEM, source, xrefs
from system_apis.netsuite.rows import Transaction, instant
from system_apis.netsuite.wire import SERVICE_ITEM, Ref

PENDING: Final = "1"
APPROVED: Final = "2"
_APPROVALS: Final = (PENDING, APPROVED, "3", "")
_CREDIT: Final = "CustCred"


def invoice(found: wire.Invoice, *, legal_entity: str, currency: str) -> Invoice:
    """An invoice. Its number counts from the day it is posted."""
    status = _status(found.approval_status.id, found.total, found.amount_remaining)
    return Invoice(
        kind="invoice",
        number="" if status == "draft" else found.tran_id,
        po_number=found.other_ref_num,
        due_on=found.due_date,
        status=status,
        **_shared(found, legal_entity, currency),
    )


def credit_note(found: wire.CreditMemo, *, legal_entity: str, currency: str) -> Invoice:
    """A credit memo; it posts as it is saved."""
    return Invoice(
        kind="credit_note",
        number=found.tran_id,
        status=_status("", found.total, found.amount_remaining),
        corrects_invoice_id=found.custbody_tg_corrects,
        **_shared(found, legal_entity, currency),
    )


def head(row: Transaction, *, legal_entity: str, currency: str) -> Invoice:
    """Either, as a list tells it: without lines, and what of the total is tax."""
    credit = row.type == _CREDIT
    total, unpaid = (abs(each) for each in (row.foreigntotal, row.foreignamountunpaid))
    status = _status("" if credit else row.approvalstatus, total, unpaid)
    return Invoice(
        id=row.id,
        legal_entity_id=legal_entity,
        xrefs=xrefs(row.id, row.externalid),
        source=source(instant(row.changed)),
        kind="credit_note" if credit else "invoice",
        number="" if status == "draft" else row.tranid,
        account_id=row.entity,
        project_id=row.job,
        contract_id=row.custbody_tg_contract,
        po_number=row.otherrefnum,
        title=row.memo,
        issued_on=_day(row.trandate),
        due_on=row.duedate,
        currency=currency,
        gross=money(total, currency, system=SYSTEM),
        balance=money(unpaid, currency, system=SYSTEM),
        status=status,
        corrects_invoice_id=row.custbody_tg_corrects,
    )


def invoice_draft(data: Invoice, *, subsidiary: str, currency: str) -> wire.InvoiceDraft:
    """What an upsert writes: a draft, pending approval."""
    return wire.InvoiceDraft(
        entity=Ref(id=data.account_id),
        subsidiary=Ref(id=subsidiary),
        currency=Ref(id=currency),
        tran_date=data.issued_on,
        due_date=data.due_on,
        other_ref_num=whole(data.po_number, PO_NUMBER, "/po_number", system=SYSTEM) or None,
        memo=cut(data.title, MEMO) or None,
        job=Ref(id=data.project_id) if data.project_id else None,
        custbody_tg_contract=data.contract_id or None,
        approval_status=Ref(id=PENDING),
        item=_lines(data),
    )


def credit_draft(data: Invoice, corrected: Invoice, *, subsidiary: str, currency: str) -> wire.CreditMemoDraft:
    """What a credit writes, applied to the invoice as far as that is open; `Invalid` for more than it came to."""
    total = data.total()
    if corrected.currency != data.currency or (corrected.net is not None and not total <= corrected.net):
        error = FieldError(detail="a credit note comes to no more than its invoice, in its currency", pointer="/lines")
        raise Invalid(system=SYSTEM, errors=[error])
    open_amount = min(total.amount, corrected.balance.amount if corrected.balance else Decimal(0))
    applied = [wire.Applied(doc=Ref(id=corrected.id), apply=True, amount=open_amount)] if open_amount else []
    return wire.CreditMemoDraft(
        entity=Ref(id=corrected.account_id),
        subsidiary=Ref(id=subsidiary),
        currency=Ref(id=currency),
        tran_date=data.issued_on,
        memo=cut(data.title, MEMO) or None,
        job=Ref(id=corrected.project_id) if corrected.project_id else None,
        custbody_tg_contract=corrected.contract_id or None,
        custbody_tg_corrects=corrected.id,
        item=_lines(data),
        apply=wire.Applies(items=applied),
    )


def same(found: Invoice, data: Invoice) -> bool:
    """Whether what is there says what shall be written."""
    told = [(line.description, line.net.amount) for line in found.lines]
    wanted = [(cut(line.description, MEMO), line.net.amount) for line in data.lines]
    heads = [(each.currency, each.issued_on, each.kind, each.corrects_invoice_id) for each in (found, data)]
    return heads[0] == heads[1] and told == wanted


def payment(found: wire.Payment, *, legal_entity: str, currency: str) -> Payment:
    """A payment; what it could be applied to and is not is left out."""
    amount, unapplied = (money(each, currency, system=SYSTEM) for each in (found.payment, found.unapplied))
    applied = [_allocation(each, currency) for each in found.apply.items if each.apply and each.amount]
    return Payment(
        id=found.id,
        legal_entity_id=legal_entity,
        xrefs=xrefs(found.id, found.external_id),
        source=source(found.last_modified_date),
        number=found.tran_id,
        account_id=found.customer.id,
        received_on=_day(found.tran_date),
        currency=currency,
        amount=amount,
        unapplied=unapplied,
        method=found.payment_method.ref_name,
        bank_reference=found.check_num,
        allocations=applied,
        status="received" if not applied else "applied" if not unapplied.amount else "part_applied",
    )


def _shared(found: wire.Transaction, legal_entity: str, currency: str) -> dict[str, Any]:
    return {
        "id": found.id,
        "legal_entity_id": legal_entity,
        "xrefs": xrefs(found.id, found.external_id),
        "source": source(found.last_modified_date),
        "account_id": found.entity.id,
        "project_id": found.job.id,
        "contract_id": found.custbody_tg_contract,
        "title": found.memo,
        "issued_on": _day(found.tran_date),
        "currency": currency,
        "lines": [_line(seq, line, currency) for seq, line in enumerate(found.item.items, start=1)],
        "net": money(found.subtotal, currency, system=SYSTEM),
        "tax": money(found.tax_total, currency, system=SYSTEM),
        "gross": money(found.total, currency, system=SYSTEM),
        "balance": money(found.amount_remaining, currency, system=SYSTEM),
    }


def _status(approval: str, total: Decimal, unpaid: Decimal) -> InvoiceStatus:
    if approval not in _APPROVALS:
        raise unknown(approval, "invoice.approvalStatus", system=SYSTEM)
    if not total.is_finite() or not unpaid.is_finite():
        raise Drifted(f"an invoice of {total!s:.60} with {unpaid!s:.60} unpaid", system=SYSTEM)
    if approval in (PENDING, "3"):
        return "draft"
    return "paid" if not unpaid and total else "part_paid" if unpaid < total else "posted"


def _lines(data: Invoice) -> wire.Lines:
    if not data.lines:
        raise Invalid(system=SYSTEM, errors=[FieldError(detail="an invoice has at least one line", pointer="/lines")])
    return wire.Lines(
        items=[
            wire.Line(
                item=Ref(external_id=SERVICE_ITEM),
                quantity=line.quantity,
                rate=line.unit_price.amount if line.unit_price else None,
                amount=line.net.amount,
                description=cut(line.description, MEMO),
                custcol_tg_kind=line.kind,
                custcol_tg_unit=line.unit,
                custcol_tg_refs=";".join(line.source_refs),
            )
            for line in data.lines
        ]
    )


def _line(seq: int, found: wire.Line, currency: str) -> InvoiceLine:
    kind: LineKind = next((known for known in get_args(LineKind) if known == found.custcol_tg_kind), "fee")
    return InvoiceLine(
        seq=seq,
        kind=kind,
        description=found.description,
        quantity=found.quantity if found.quantity is not None else Decimal(1),
        unit=found.custcol_tg_unit,
        unit_price=None if found.rate is None else money(found.rate, currency, system=SYSTEM),
        net=money(found.amount or Decimal(0), currency, system=SYSTEM),
        source_refs=[ref for ref in found.custcol_tg_refs.split(";") if ref],
    )


def _allocation(found: wire.Applied, currency: str) -> Allocation:
    discount: Money | None = money(found.disc, currency, system=SYSTEM) if found.disc else None
    amount = money(found.amount or Decimal(0), currency, system=SYSTEM)
    return Allocation(invoice_id=found.doc.id, amount=amount, discount=discount)


def _day(told: date | None) -> date:
    if told is None:
        raise Drifted("a transaction has no date", system=SYSTEM)
    return told
