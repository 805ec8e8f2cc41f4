"""Receivables <-> canonical. Pure: legal entity, customer and project come in as arguments."""

from decimal import Decimal
from typing import Final, Literal

from canonical.base import Source, Xref
from canonical.faults import FieldError, Invalid
from canonical.lengths import cut, whole
from canonical.money import Money
from canonical.objects import Allocation, Invoice, InvoiceLine, Payment
from canonical.objects.invoice import InvoiceStatus
from foundation import vendor_values
from system_apis.oracle_fusion import receivables_wire as wire
from system_apis.oracle_fusion import rest
from system_apis.oracle_fusion.codes import SOURCE, SYSTEM
from system_apis.oracle_fusion.lengths import DESCRIPTION, OWN, PURCHASE_ORDER

TRANSACTION_TYPE: Final = "Invoice"
INCOMPLETE: Final = "Incomplete"
COMPLETE: Final = "Complete"
UNITS: Final = {"HUR": "Hours", "DAY": "Days", "": "Each"}
"""UN/ECE Recommendation 20 -> the unit's name in Fusion."""
_KINDS: Final[tuple[Literal["time", "expense", "milestone", "retainer", "fee", "adjustment"], ...]] = (
    "time",
    "expense",
    "milestone",
    "retainer",
    "fee",
    "adjustment",
)
PaymentStatus = Literal["received", "part_applied", "applied", "reversed"]
_REVERSED: Final = frozenset({"REVERSE PAYMENT", "STOP PAYMENT", "INSUFFICIENT FUNDS"})
_RECEIVED: Final = frozenset({"", "APPLIED", "UNAPPLIED", "UNIDENTIFIED"})


def invoice(found: wire.Invoice, lines: list[wire.Line] | None, *, legal_entity: str, account_id: str) -> Invoice:
    """An invoice; without lines (None) it is the head of a list, which says neither them nor their sum."""
    ours = next(iter(found.flex.items), wire.InvoiceFlexHead())
    currency = vendor_values.currency(found.invoice_currency_code, system=SYSTEM)
    read = [_line(each, currency) for each in lines or []]
    gross = _amount(found.entered_amount, currency)
    net = sum((each.net for each in read), Money.of(0, currency)) if lines is not None else None
    balance = _amount(found.invoice_balance_amount, currency)
    return Invoice(
        id=str(found.customer_transaction_id),
        legal_entity_id=legal_entity,
        xrefs=[Xref(system=SYSTEM, native_id=str(found.customer_transaction_id), alt_key=found.cross_reference or "")],
        source=_source(found),
        number="" if found.document_number is None else str(found.document_number),
        account_id=account_id,
        project_id=ours.tg_project or "",
        contract_id=ours.tg_contract or "",
        po_number=found.purchase_order or "",
        issued_on=found.transaction_date,
        due_on=found.due_date,
        currency=currency,
        lines=read,
        net=net,
        tax=gross - net if gross and net else None,
        gross=gross,
        balance=balance,
        status=_status(found.invoice_status, gross, balance),
    )


def invoice_draft(key: str, data: Invoice, *, business_unit: str, account_number: str) -> wire.InvoiceDraft:
    """What a create writes: a draft, with its lines."""
    if data.kind != "invoice":
        raise _wrong("/kind", "what is taken back there is taken back by hand: only invoices are written")
    if not data.lines:
        raise _wrong("/lines", "an invoice there has lines")
    return wire.InvoiceDraft(
        invoice_status=INCOMPLETE,
        business_unit=business_unit,
        transaction_source=SOURCE,
        transaction_type=TRANSACTION_TYPE,
        transaction_date=data.issued_on,
        due_date=data.due_on,
        bill_to_customer_number=account_number,
        invoice_currency_code=data.currency,
        purchase_order=whole(data.po_number, PURCHASE_ORDER, "/po_number", system=SYSTEM) or None,
        cross_reference=key,
        lines=[_line_draft(place, each) for place, each in enumerate(data.lines)],
        flex=[wire.InvoiceFlexHead(tg_project=data.project_id or None, tg_contract=data.contract_id or None)],
    )


def same(found: wire.Invoice, lines: list[wire.Line], draft: wire.InvoiceDraft) -> bool:
    """Whether an invoice is as it is wanted, but for its status."""
    head = ("transaction_date", "due_date", "bill_to_customer_number", "invoice_currency_code", "purchase_order")
    if any(getattr(found, name) != getattr(draft, name) for name in head) or found.flex.items != draft.flex:
        return False
    names = ("line_number", "description", "quantity", "unit_of_measure", "unit_selling_price")
    there = [([getattr(each, name) for name in names], each.flex.items) for each in lines]
    return there == [([getattr(each, name) for name in names], each.flex) for each in draft.lines]


def payment(found: wire.Receipt, applied: list[wire.Application], *, legal_entity: str, account_id: str) -> Payment:
    """A receipt. Of what is applied it says only the sum; to what, the account's activities say."""
    currency = vendor_values.currency(found.currency, system=SYSTEM)
    amount = _money(found.amount, currency)
    unapplied = amount if found.unapplied_amount is None else _money(found.unapplied_amount, currency)
    return Payment(
        id=str(found.standard_receipt_id),
        legal_entity_id=legal_entity,
        xrefs=[Xref(system=SYSTEM, native_id=str(found.standard_receipt_id))],
        source=_source(found),
        number=found.receipt_number,
        account_id=account_id,
        received_on=found.receipt_date,
        currency=currency,
        amount=amount,
        unapplied=unapplied,
        method=found.receipt_method or "",
        allocations=[
            Allocation(invoice_id=str(each.reference_transaction_id), amount=_money(each.application_amount, currency))
            for each in applied
        ],
        status=_payment_status(found.state, amount, unapplied),
    )


def _line_draft(place: int, line: InvoiceLine) -> wire.LineDraft:
    """The net counts: where quantity and price do not come to it, it is one piece of it."""
    priced = line.unit_price is not None and line.unit_price.amount * line.quantity == line.net.amount
    if line.unit not in UNITS:
        raise _wrong(f"/lines/{place}/unit", f"{line.unit!r} has no unit of measure there that we know")
    return wire.LineDraft(
        line_number=line.seq,
        description=cut(line.description, DESCRIPTION) or None,
        quantity=line.quantity if priced else Decimal(1),
        unit_of_measure=UNITS[line.unit if priced else ""],
        unit_selling_price=line.unit_price.amount if priced and line.unit_price else line.net.amount,
        flex=[
            wire.LineFlexHead(
                tg_kind=line.kind,
                tg_project=line.project_id or None,
                tg_sources=whole(";".join(line.source_refs), OWN, f"/lines/{place}/source_refs", system=SYSTEM) or None,
            )
        ],
    )


def _line(found: wire.Line, currency: str) -> InvoiceLine:
    ours = next(iter(found.flex.items), wire.LineFlexHead())
    quantity = Decimal(1) if found.quantity is None else found.quantity
    price = Decimal(0) if found.unit_selling_price is None else found.unit_selling_price
    unit = next((code for code, name in UNITS.items() if name == found.unit_of_measure), "")
    net = quantity * price if found.line_amount is None else found.line_amount
    return InvoiceLine(
        seq=found.line_number,
        kind=next((kind for kind in _KINDS if kind == ours.tg_kind), _KINDS[4]),
        description=found.description or "",
        quantity=quantity,
        unit=unit,
        unit_price=_money(price, currency) if unit or quantity != 1 else None,
        net=_money(net, currency),
        project_id=ours.tg_project or "",
        source_refs=[each for each in (ours.tg_sources or "").split(";") if each],
    )


def _status(said: str | None, gross: Money | None, balance: Money | None) -> InvoiceStatus:
    if said == INCOMPLETE:
        return "draft"
    if said != COMPLETE:
        raise vendor_values.unknown(said, "receivablesInvoices.InvoiceStatus", system=SYSTEM)
    if gross is None or balance is None or balance == gross:
        return "posted"
    return "paid" if balance.amount == 0 else "part_paid"


def _payment_status(state: str | None, amount: Money, unapplied: Money) -> PaymentStatus:
    if state in _REVERSED:
        return "reversed"
    if (state or "") not in _RECEIVED:
        raise vendor_values.unknown(state, "standardReceipts.State", system=SYSTEM)
    if unapplied.amount == 0:
        return "applied"
    return "part_applied" if unapplied < amount else "received"


def _source(row: wire.Invoice | wire.Receipt) -> Source:
    return Source(system=SYSTEM, native_version=rest.version(row), updated_at=row.last_update_date)


def _amount(amount: Decimal | None, currency: str) -> Money | None:
    return None if amount is None else _money(amount, currency)


def _money(amount: Decimal, currency: str) -> Money:
    return vendor_values.money(amount, currency, system=SYSTEM)


def _wrong(pointer: str, detail: str) -> Invalid:
    return Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer=pointer)])
