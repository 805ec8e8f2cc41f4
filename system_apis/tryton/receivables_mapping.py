"""Invoices and credit notes <-> canonical; pure, as `mapping` is. Amounts are positive in ours, whichever it is."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final, get_args

from canonical.faults import FieldError, Invalid
from canonical.money import minor_units
from canonical.objects import Invoice, InvoiceLine
from canonical.objects.invoice import InvoiceStatus, LineKind
from foundation.vendor_values import currency as iso
from foundation.vendor_values import money, unknown
from system_apis.tryton import billing_wire, codes, memo, wire
from system_apis.tryton.auth import SYSTEM
from system_apis.tryton.mapping import Values, as_date, decimal, instant, source, xrefs

KEY: Final = "invoice-key"
DIGITS: Final = 4
"""Decimals of a price."""


def invoice(found: billing_wire.Invoice, *, entity: str) -> Invoice:
    """An invoice, or a credit note: that is one whose amounts are negative."""
    words = memo.read(found.comment)
    currency = iso(found.currency.code, system=SYSTEM)
    total = decimal(found.total_amount)
    credit = total < 0
    open_amount = Decimal(0) if credit and _applied(found) else abs(decimal(found.amount_to_pay))
    due = [as_date(each.maturity_date) for each in found.lines_to_pay if each.maturity_date]
    term = as_date(found.payment_term_date) if found.payment_term_date else None
    return Invoice(
        id=str(found.id),
        legal_entity_id=entity,
        xrefs=xrefs(found.id, words.get(KEY, "")),
        source=source(found.timestamp, found.last_modified_at),
        kind="credit_note" if credit else "invoice",
        number=found.number or "",
        account_id=str(found.party),
        project_id=words.get("project", ""),
        contract_id=words.get("contract", ""),
        po_number=found.reference or "",
        title=found.description or "",
        issued_on=as_date(found.invoice_date) if found.invoice_date else instant(found.create_date).date(),
        due_on=None if credit else max(due, default=term),
        currency=currency,
        lines=[_line(seq, each, currency) for seq, each in enumerate(_priced(found), start=1)],
        net=money(abs(decimal(found.untaxed_amount)), currency, system=SYSTEM),
        tax=money(abs(decimal(found.tax_amount)), currency, system=SYSTEM),
        gross=money(abs(total), currency, system=SYSTEM),
        balance=money(open_amount, currency, system=SYSTEM),
        status=_status(found.state, abs(total), open_amount),
        corrects_invoice_id=words.get("corrects", ""),
    )


def invoice_values(
    key: str, data: Invoice, known: billing_wire.Invoice | None, booking: billing_wire.Booking, currency: int
) -> Values:
    """What an upsert writes. A line keeps its place; where it is booked only a new one says."""
    if not data.lines:
        raise Invalid(system=SYSTEM, errors=[FieldError(detail="an invoice has at least one line", pointer="/lines")])
    sign = -1 if data.kind == "credit_note" else 1
    words = {
        KEY: key,
        "project": data.project_id,
        "contract": data.contract_id,
        "corrects": data.corrects_invoice_id,
    }
    new: Values = {"account": booking.account, "currency": currency}
    if booking.taxes.add:
        new["taxes"] = [["add", [tax.id for _, tax in booking.taxes.add]]]
    there = [each.id for each in _priced(known)] if known else []
    commands: list[Any] = []
    for place, line in enumerate(data.lines):
        said = _line_values(line, sign)
        commands.append(["write", [there[place]], said] if place < len(there) else ["create", [new | said]])
    if surplus := there[len(data.lines) :]:
        commands.append(["delete", surplus])
    return {
        "invoice_date": wire.day(data.issued_on),
        "payment_term_date": wire.day(data.due_on),
        "reference": data.po_number,
        "description": data.title,
        "comment": memo.written(words, known.comment if known else ""),
        "lines": commands,
    }


def creditable(data: Invoice, corrected: Invoice) -> None:
    """`Invalid` for a credit note that comes to more than its invoice, or is in another currency."""
    if corrected.currency != data.currency or (corrected.net is not None and not data.total() <= corrected.net):
        error = FieldError(detail="a credit note comes to no more than its invoice, in its currency", pointer="/lines")
        raise Invalid(system=SYSTEM, errors=[error])


def same(found: Invoice, data: Invoice) -> bool:
    """Whether what is there says what shall be written."""
    told = [(line.description, line.net.amount) for line in found.lines]
    wanted = [(line.description, line.net.amount) for line in data.lines]
    heads = [(each.currency, each.issued_on, each.kind, each.corrects_invoice_id) for each in (found, data)]
    return heads[0] == heads[1] and told == wanted


def _applied(found: billing_wire.Invoice) -> bool:
    return bool(found.lines_to_pay) and all(each.invoice_payments for each in found.lines_to_pay)


def _priced(found: billing_wire.Invoice) -> list[billing_wire.InvoiceLine]:
    return [each for each in found.lines if each.type == "line"]


def _status(state: str, total: Decimal, unpaid: Decimal) -> InvoiceStatus:
    if state not in codes.INVOICES:
        raise unknown(state, "account.invoice.state", system=SYSTEM)
    if state in ("draft", "validated"):
        return "draft"
    if state == "cancelled":
        return "void"
    return "paid" if state == "paid" or (not unpaid and total) else "part_paid" if unpaid < total else "posted"


def _line_values(line: InvoiceLine, sign: int) -> Values:
    """Quantity and price where they come to the net as Tryton rounds; else one piece at the net, and both noted."""
    price = line.unit_price.amount if line.unit_price else line.net.amount
    unit = Decimal(1).scaleb(-minor_units(line.net.currency))
    exact = (line.quantity * price).quantize(unit, ROUND_HALF_EVEN) == line.net.amount
    fits = -int(price.normalize().as_tuple().exponent) <= DIGITS
    words = {"kind": line.kind, "unit": line.unit, "refs": " ".join(line.source_refs)}
    if line.unit_price is None:
        words["priced"] = "no"
    quantity = line.quantity
    if not (exact and fits):
        words |= {"quantity": f"{quantity:f}", "price": f"{price:f}" if line.unit_price else ""}
        quantity, price = Decimal(1), line.net.amount
    return {
        "type": "line",
        "description": line.description,
        "quantity": sign * quantity,
        "unit_price": wire.number(price),
        "note": memo.written(words),
    }


def _line(seq: int, found: billing_wire.InvoiceLine, currency: str) -> InvoiceLine:
    words = memo.read(found.note)
    kind: LineKind = next((known for known in get_args(LineKind) if known == words.get("kind")), "fee")
    noted = "quantity" in words
    quantity = _noted(words["quantity"]) if noted else abs(found.quantity if found.quantity is not None else Decimal(1))
    price = _noted(words["price"]) if "price" in words else decimal(found.unit_price) if found.unit_price else None
    if words.get("priced") == "no":
        price = None
    return InvoiceLine(
        seq=seq,
        kind=kind,
        description=found.description or "",
        quantity=quantity.normalize() + Decimal(0),
        unit=words.get("unit", ""),
        unit_price=None if price is None else money(price, currency, system=SYSTEM),
        net=money(abs(decimal(found.amount)) if found.amount else Decimal(0), currency, system=SYSTEM),
        source_refs=words.get("refs", "").split(),
    )


def _noted(text: str) -> Decimal:
    return decimal(wire.Number(decimal=text))
