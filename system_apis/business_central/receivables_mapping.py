"""Receivables <-> canonical. Pure, as `mapping` is. Amounts of a credit memo are positive on both sides."""

from decimal import Decimal
from typing import Any, Final, get_args

from msgspec import UNSET

from canonical.faults import FieldError, Invalid
from canonical.lengths import cut, whole
from canonical.money import Money
from canonical.objects import Allocation, Invoice, InvoiceLine, Payment
from canonical.objects.invoice import InvoiceStatus, LineKind
from foundation import vendor_values
from system_apis.business_central import lengths, mapping, wire
from system_apis.business_central import receivables_wire as there
from system_apis.business_central.codes import plain
from system_apis.business_central.lines import DIGITS, STEP, digits, rounded
from system_apis.business_central.mapping import SYSTEM

DRAFTS: Final = ("Draft", "In Review")
CANCELED: Final = "Canceled"
STATUSES: Final = (" ", *DRAFTS, "Open", "Paid", CANCELED, "Corrective")
PAYMENT: Final = "Payment"
DOCUMENT_TYPES: Final = (" ", PAYMENT, "Invoice", "Credit Memo", "Finance Charge Memo", "Reminder", "Refund")
UNITS: Final = {"HUR": "HOUR", "DAY": "DAY", "": "PCS"}
"""UN/ECE Recommendation 20 -> the company's code of the unit."""


def document(found: there.Invoice | there.CreditMemo, *, company: str, local: str) -> Invoice:
    """An invoice or a credit note. What it is called as a draft is no legal number."""
    currency = mapping.currency_of(found.currency_code, local)
    gross, balance = _money(found.total_amount_including_tax, currency), _money(found.remaining_amount, currency)
    status = _status(found, gross, balance)
    return Invoice(
        id=mapping.native(company, found.id),
        legal_entity_id=company,
        xrefs=mapping.xrefs(company, found, found.tiergate_key),
        source=mapping.source(found),
        number="" if status == "draft" else found.number,
        account_id=mapping.reference(company, found.customer_id),
        project_id=mapping.reference(company, found.project_id),
        contract_id=found.contract_number,
        po_number=found.customer_purchase_order_reference,
        title=found.title,
        currency=currency,
        net=_money(found.total_amount_excluding_tax, currency),
        tax=_money(found.total_tax_amount, currency),
        gross=gross,
        balance=balance,
        status=status,
        **_own(found, company, currency),
    )


def invoice_draft(
    key: str, data: Invoice, *, company: str, customer_id: str, project_id: str, local: str
) -> there.NewInvoice:
    """What an upsert writes: a draft with its lines."""
    return there.NewInvoice(
        tiergate_key=key,
        invoice_date=data.issued_on,
        due_date=data.due_on or UNSET,
        sales_invoice_lines=_lines(data, company),
        **_head(data, customer_id, project_id, local),
    )


def invoice_head(whole_invoice: there.NewInvoice) -> there.InvoiceDraft:
    """An invoice without its lines, which a PATCH cannot carry."""
    names = there.InvoiceDraft.__struct_fields__
    return there.InvoiceDraft(**{name: getattr(whole_invoice, name) for name in names})


def credit_draft(key: str, data: Invoice, corrected: there.Invoice, *, company: str, local: str) -> there.NewCreditMemo:
    """What a credit writes: the invoice's customer and project, applied to it where it is still open."""
    head = _head(data, corrected.customer_id, corrected.project_id, local)
    return there.NewCreditMemo(
        tiergate_key=key,
        credit_memo_date=data.issued_on,
        invoice_id=corrected.id if corrected.remaining_amount else wire.NOTHING,
        corrects_invoice_id=corrected.id,
        sales_credit_memo_lines=_lines(data, company),
        **head | {"contract_number": corrected.contract_number},
    )


def creditable(data: Invoice, corrected: Invoice, taken_back: Decimal) -> None:
    """`Invalid` for a credit note in another currency, or for more than is left of the invoice; `taken_back` is net."""
    if corrected.status in ("draft", "void"):
        raise _wrong("/corrects_invoice_id", "what is taken back is an invoice that is posted, and not cancelled")
    left = corrected.net.amount - taken_back if corrected.net is not None else Decimal(0)
    if corrected.currency != data.currency or data.total().amount > left:
        raise _wrong("/lines", "a credit note comes to no more than what is left of its invoice, in its currency")


def same(found: Invoice, data: Invoice) -> bool:
    """Whether what is there says what shall be written."""
    told = [(line.description, line.net.amount) for line in found.lines]
    wanted = [(cut(line.description, lengths.NAME), line.net.amount) for line in data.lines]
    heads = [(each.currency, each.issued_on, each.kind, each.corrects_invoice_id) for each in (found, data)]
    ours = data.kind == "credit_note" or found.account_id == data.account_id
    return heads[0] == heads[1] and told == wanted and ours


def payment(found: there.LedgerEntry, *, company: str, local: str) -> Payment:
    """A receipt: an entry of the ledger, with its sign turned."""
    if plain(found.document_type) != PAYMENT:
        raise vendor_values.unknown(
            plain(found.document_type), "customerLedgerEntry.documentType", system=SYSTEM, record=found.id
        )
    currency = mapping.currency_of(found.currency_code, local)
    amount, unapplied = _money(-found.amount, currency), _money(-found.remaining_amount, currency)
    applied = [each for each in found.applied_entries if each.invoice_id != wire.NOTHING]
    return Payment(
        id=mapping.native(company, found.id),
        legal_entity_id=company,
        xrefs=mapping.xrefs(company, found, ""),
        source=mapping.source(found),
        number=found.document_number,
        account_id=mapping.reference(company, found.customer_id),
        received_on=found.posting_date,
        currency=currency,
        amount=amount,
        unapplied=unapplied,
        method=found.payment_method_code,
        bank_reference=found.external_document_number,
        allocations=[_allocation(each, company, currency) for each in applied],
        status="reversed"
        if found.reversed
        else "received"
        if unapplied.same(amount)
        else "part_applied"
        if unapplied.amount
        else "applied",
    )


def _own(found: there.Invoice | there.CreditMemo, company: str, currency: str) -> dict[str, Any]:
    if isinstance(found, there.Invoice):
        return {
            "kind": "invoice",
            "issued_on": found.invoice_date,
            "due_on": mapping.day(found.due_date),
            "lines": _read(found.sales_invoice_lines, company, currency),
        }
    return {
        "kind": "credit_note",
        "issued_on": found.credit_memo_date,
        "lines": _read(found.sales_credit_memo_lines, company, currency),
        "corrects_invoice_id": mapping.reference(company, found.corrects_invoice_id),
    }


def _head(data: Invoice, customer_id: str, project_id: str, local: str) -> dict[str, Any]:
    po_number = whole(data.po_number, lengths.PO_NUMBER, "/po_number", system=SYSTEM)
    return {
        "customer_id": customer_id,
        "currency_code": mapping.code_of(data.currency, local),
        "posting_date": data.issued_on,
        "customer_purchase_order_reference": po_number,
        "title": cut(data.title, lengths.TITLE),
        "contract_number": whole(data.contract_id, lengths.CONTRACT, "/contract_id", system=SYSTEM),
        "project_id": project_id,
    }


def _lines(data: Invoice, company: str) -> list[there.LineDraft]:
    if not data.lines:
        raise _wrong("/lines", "an invoice there has at least one line")
    return [_line_draft(place, line, company) for place, line in enumerate(data.lines)]


def _line_draft(place: int, line: InvoiceLine, company: str) -> there.LineDraft:
    """Quantity and price where they come to the net as it rounds there; else one piece at the net, which counts."""
    if line.unit not in UNITS:
        raise _wrong(f"/lines/{place}/unit", f"{line.unit!r} has no unit of measure there that we know")
    price = line.unit_price.amount if line.unit_price else line.net.amount
    priced = line.unit_price is not None and rounded(line.quantity * price, line.net.currency) == line.net.amount
    exact = priced and digits(price) <= DIGITS and digits(line.quantity) <= DIGITS
    refs = ";".join(line.source_refs)
    return there.LineDraft(
        sequence=(place + 1) * STEP,
        description=cut(line.description, lengths.NAME),
        unit_of_measure_code=UNITS[line.unit if exact else ""],
        quantity=line.quantity if exact else Decimal(1),
        unit_price=price if exact else line.net.amount,
        line_kind=line.kind,
        project_id=mapping.guid_in(line.project_id, company, f"/lines/{place}/project_id"),
        source_references=whole(refs, lengths.SOURCES, f"/lines/{place}/source_refs", system=SYSTEM),
    )


def _read(lines: list[there.Line], company: str, currency: str) -> list[InvoiceLine]:
    ordered = sorted(lines, key=lambda each: each.sequence)
    return [_line(seq, each, company, currency) for seq, each in enumerate(ordered, start=1)]


def _line(seq: int, found: there.Line, company: str, currency: str) -> InvoiceLine:
    kind: LineKind = next((known for known in get_args(LineKind) if known == found.line_kind), "fee")
    unit = next((unit for unit, code in UNITS.items() if code == found.unit_of_measure_code), "")
    return InvoiceLine(
        seq=seq,
        kind=kind,
        description=found.description,
        quantity=found.quantity,
        unit=unit,
        unit_price=_money(found.unit_price, currency) if unit or found.quantity != 1 else None,
        net=_money(found.net_amount, currency),
        project_id=mapping.reference(company, found.project_id),
        source_refs=[ref for ref in found.source_references.split(";") if ref],
    )


def _status(found: there.Document, gross: Money, balance: Money) -> InvoiceStatus:
    word = plain(found.status)
    match word:
        case "Draft" | "In Review":
            return "draft"
        case "Open":
            return "part_paid" if balance < gross else "posted"
        case "Paid" | "Corrective":
            return "paid"
        case "Canceled":
            return "void"
    page = "salesInvoice" if isinstance(found, there.Invoice) else "salesCreditMemo"
    raise vendor_values.unknown(word, f"{page}.status", system=SYSTEM, record=found.number)


def _allocation(found: there.AppliedEntry, company: str, currency: str) -> Allocation:
    return Allocation(
        invoice_id=mapping.native(company, found.invoice_id),
        amount=_money(found.amount, currency),
        discount=_money(found.discount_amount, currency) if found.discount_amount else None,
    )


def _money(amount: Decimal, currency: str) -> Money:
    return vendor_values.money(amount, currency, system=SYSTEM)


def _wrong(pointer: str, detail: str) -> Invalid:
    return Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer=pointer)])
