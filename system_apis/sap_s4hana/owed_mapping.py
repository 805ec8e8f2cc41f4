"""Receivables <-> canonical. Pure, as `mapping` is.

An id says what it is of: `D` a debit memo request, `C` a credit memo request, `B` a billing document of anything else.
What is billed of a request keeps the request's id.
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, get_args

from canonical.faults import Drifted, FieldError, Invalid
from canonical.lengths import cut, whole
from canonical.money import Money, minor_units
from canonical.objects import Allocation, Invoice, InvoiceLine, Payment
from canonical.objects.invoice import InvoiceStatus, LineKind
from system_apis.sap_s4hana import codes, lengths, owed_wire, wire
from system_apis.sap_s4hana.mapping import UNIT, element_of, money, source, xrefs
from system_apis.sap_s4hana.odata import SYSTEM, day, written

Key = tuple[str, str, str]
"""An accounting document: company code, fiscal year, number."""
DEBIT: Final = "L"
CREDIT: Final = "K"
"""The categories of sales documents that are requests."""
CREDIT_BILL: Final = "O"
"""The category of billing documents that are credit memos."""
UNITS: Final = {"HUR": "H", "DAY": "DAY", "": UNIT}
"""UN/ECE Recommendation 20 -> SAP's code of the unit."""
NOT_BILLED: Final = ("", "A")


def invoice(
    found: owed_wire.Debit | owed_wire.Credit,
    bill: owed_wire.Bill | None,
    entries: Iterable[owed_wire.Entry],
    *,
    legal_entity: str,
) -> Invoice:
    """A request, and what is billed of it; a draft until that is in accounting."""
    currency = found.transaction_currency
    is_credit = isinstance(found, owed_wire.Credit)
    native = f"{'C' if is_credit else 'D'}{found.number}"
    billed = _billed(bill, list(entries), is_credit=is_credit) if bill and bill.accounting_document else None
    drafted = {"issued_on": _dated(found.date), "net": money(found.total_net_amount, currency)}
    return Invoice(
        id=native,
        legal_entity_id=legal_entity,
        xrefs=xrefs(native, found.tg_key_sdh),
        source=source(found.metadata, found.last_change_date_time),
        kind="credit_note" if is_credit else "invoice",
        account_id=found.sold_to_party,
        project_id=found.tg_project_sdh,
        contract_id=found.tg_contract_sdh,
        po_number=found.purchase_order_by_customer,
        title=found.tg_name_sdh,
        currency=currency,
        lines=_lines(found),
        corrects_invoice_id=found.tg_corrects_sdh if isinstance(found, owed_wire.Credit) else "",
        **(billed or drafted),
    )


def bill(found: owed_wire.Bill, entries: Iterable[owed_wire.Entry], *, legal_entity: str) -> Invoice:
    """A billing document of something else: an order that people billed."""
    is_credit = found.sd_document_category == CREDIT_BILL
    currency, native = found.transaction_currency, f"B{found.billing_document}"
    return Invoice(
        id=native,
        legal_entity_id=legal_entity,
        xrefs=xrefs(native, ""),
        source=source(found.metadata, found.last_change_date_time),
        kind="credit_note" if is_credit else "invoice",
        account_id=found.sold_to_party,
        po_number=found.purchase_order_by_customer,
        currency=currency,
        lines=[
            InvoiceLine(
                seq=seq,
                description=item.billing_document_item_text,
                quantity=_finite(item.billing_quantity),
                net=money(item.net_amount, currency),
            )
            for seq, item in enumerate(found.to_item.results, start=1)
        ],
        **_billed(found, list(entries), is_credit=is_credit),
    )


def debit_draft(key: str, data: Invoice, entity: wire.Entity, job: wire.Project | None) -> owed_wire.DebitDraft:
    """What a create writes of an invoice."""
    return owed_wire.DebitDraft(
        date=written(data.issued_on),
        type="DR",
        to_item=[
            owed_wire.DebitItemDraft(text=cut(line.description, lengths.ITEM_TEXT), **_item(place, line, data, job))
            for place, line in enumerate(_lined(data))
        ],
        **_head(key, data, entity, data.account_id),
    )


def credit_draft(
    key: str, data: Invoice, corrected: Invoice, bill: owed_wire.Bill, entity: wire.Entity
) -> owed_wire.CreditDraft:
    """What a create writes of a credit note: its invoice's customer, and the billing document it is of."""
    return owed_wire.CreditDraft(
        date=written(data.issued_on),
        type="CR",
        reference_sd_document=bill.billing_document,
        reference_sd_document_category=bill.sd_document_category,
        tg_corrects_sdh=corrected.id,
        to_item=[
            owed_wire.CreditItemDraft(text=cut(line.description, lengths.ITEM_TEXT), **_item(place, line, data, None))
            for place, line in enumerate(_lined(data))
        ],
        **_head(key, data, entity, corrected.account_id),
    )


def creditable(data: Invoice, corrected: Invoice, taken_back: Decimal) -> None:
    """`Invalid` for a credit note in another currency, or for more than is left of the invoice; `taken_back` is net."""
    if corrected.kind != "invoice" or corrected.status in ("draft", "void"):
        raise _wrong("/corrects_invoice_id", "what is taken back is an invoice that is posted")
    left = corrected.net.amount - taken_back if corrected.net else Decimal(0)
    if corrected.currency != data.currency or data.total().amount > left:
        raise _wrong("/lines", "a credit note comes to no more than what is left of its invoice, in its currency")


def same(found: Invoice, data: Invoice) -> bool:
    """Whether what is there says what shall be written."""
    told = [(line.description, line.net.amount) for line in found.lines]
    wanted = [(cut(line.description, lengths.ITEM_TEXT), line.net.amount) for line in data.lines]
    heads = [(each.currency, each.issued_on, each.kind, each.corrects_invoice_id) for each in (found, data)]
    ours = data.kind == "credit_note" or found.account_id == data.account_id
    return heads[0] == heads[1] and told == wanted and ours


def payment(
    key: Key,
    own: list[owed_wire.Entry],
    cleared: list[owed_wire.Entry],
    ids: Mapping[Key, str],
    *,
    legal_entity: str,
) -> Payment:
    """A document of incoming payment: its customer's items, what they clear, and what they are held against."""
    first, currency = own[0], own[0].transaction_currency
    amount = -sum((each.amount_in_transaction_currency for each in own), Decimal(0))
    held = [each for each in own if each.invoice_reference]
    loose = [each for each in own if not each.invoice_reference and not each.clearing_accounting_document]
    unapplied = -sum((each.amount_in_transaction_currency for each in loose), Decimal(0))
    settled: dict[Key, Decimal] = {}
    for each in cleared:
        if key_of(each) != key:
            invoice_key = referred(each) or key_of(each)
            settled[invoice_key] = settled.get(invoice_key, Decimal(0)) + each.amount_in_transaction_currency
    whole_ones = set(settled)
    for each in held:
        target = referred(each)
        if target is not None and target not in whole_ones:
            settled[target] = settled.get(target, Decimal(0)) - each.amount_in_transaction_currency
    allocations = [
        Allocation(invoice_id=ids[each], amount=money(worth, currency))
        for each, worth in settled.items()
        if each in ids
    ]
    native = ".".join(key)
    return Payment(
        id=native,
        legal_entity_id=legal_entity,
        xrefs=xrefs(native, ""),
        number=first.accounting_document,
        account_id=first.customer,
        received_on=_dated(first.posting_date),
        currency=currency,
        amount=money(amount, currency),
        unapplied=money(unapplied, currency),
        method=first.payment_method,
        bank_reference=first.document_reference_id,
        allocations=allocations,
        status=("part_applied" if unapplied else "applied") if settled else "received" if unapplied else "reversed",
    )


def key_of(entry: owed_wire.Entry) -> Key:
    """The document an item is of."""
    return entry.company_code, entry.fiscal_year, entry.accounting_document


def referred(entry: owed_wire.Entry) -> Key | None:
    """The invoice's document that an item is held against."""
    if not entry.invoice_reference:
        return None
    return entry.company_code, entry.invoice_reference_fiscal_year, entry.invoice_reference


def posted_as(found: owed_wire.Bill) -> Key:
    """The accounting document of a billing document."""
    return found.company_code, found.fiscal_year, found.accounting_document


def id_of(found: owed_wire.Bill) -> str:
    """Our id of what a billing document is of."""
    for item in found.to_item.results:
        if item.reference_sd_document_category in (DEBIT, CREDIT) and item.reference_sd_document:
            return ("D" if item.reference_sd_document_category == DEBIT else "C") + item.reference_sd_document
    return f"B{found.billing_document}"


def _billed(found: owed_wire.Bill, entries: list[owed_wire.Entry], *, is_credit: bool) -> dict[str, Any]:
    """What the billing document and the customer's items say: amounts, dates, what is open."""
    currency, key = found.transaction_currency, posted_as(found)
    gross = money(found.total_gross_amount, currency)
    own = [each for each in entries if key_of(each) == key]
    balance = _credit_left(own, entries) if is_credit else _owed(key, entries)
    due = [day(each.net_due_date) for each in own]
    status = _status(found, gross, money(balance, currency))
    return {
        "issued_on": _dated(found.billing_document_date),
        "due_on": None if is_credit else next(iter(due), None),
        "number": "" if status == "draft" else found.document_reference_id or found.billing_document,
        "net": money(found.total_net_amount, currency),
        "tax": money(found.tax_amount, currency),
        "gross": gross,
        "balance": None if status == "draft" else money(balance, currency),
        "status": status,
    }


def _status(found: owed_wire.Bill, gross: Money, balance: Money) -> InvoiceStatus:
    if found.billing_document_is_cancelled:
        return "void"
    if not found.accounting_document:
        return "draft"
    return "paid" if not balance.amount else "part_paid" if balance < gross else "posted"


def _owed(key: Key, entries: list[owed_wire.Entry]) -> Decimal:
    """What is open of an invoice: its item, and all that is held against it."""
    group = (each for each in entries if key_of(each) == key or referred(each) == key)
    return max(_open(group), Decimal(0))


def _credit_left(own: list[owed_wire.Entry], entries: list[owed_wire.Entry]) -> Decimal:
    """What is open of a credit memo: what its invoice has no use for."""
    target = next((referred(each) for each in own), None)
    if target is None or any(each.clearing_accounting_document for each in own):
        return max(-_open(own), Decimal(0))
    surplus = -_open(each for each in entries if key_of(each) == target or referred(each) == target)
    return max(min(surplus, -_open(own)), Decimal(0))


def _open(entries: Iterable[owed_wire.Entry]) -> Decimal:
    still = (each.amount_in_transaction_currency for each in entries if not each.clearing_accounting_document)
    return sum(map(_finite, still), Decimal(0))


def _head(key: str, data: Invoice, entity: wire.Entity, customer: str) -> dict[str, Any]:
    return {
        "purchase_order_by_customer": whole(data.po_number, lengths.PO_NUMBER, "/po_number", system=SYSTEM),
        "billing_document_date": written(data.issued_on),
        "tg_name_sdh": cut(data.title, lengths.OWN),
        "tg_contract_sdh": whole(data.contract_id, lengths.OWN, "/contract_id", system=SYSTEM),
        "tg_project_sdh": data.project_id,
        "sales_organization": entity.sales_organization,
        "distribution_channel": entity.distribution_channel,
        "organization_division": entity.organization_division,
        "sold_to_party": customer,
        "transaction_currency": data.currency,
        "tg_key_sdh": key,
    }


def _lined(data: Invoice) -> list[InvoiceLine]:
    if not data.lines:
        raise _wrong("/lines", "what is billed has at least one line")
    return data.lines


def _item(place: int, line: InvoiceLine, data: Invoice, job: wire.Project | None) -> dict[str, Any]:
    """Quantity and price where they come to the net as SAP rounds; else one piece at the net, which counts."""
    if line.unit not in UNITS:
        raise _wrong(f"/lines/{place}/unit", f"{line.unit!r} has no unit of measure there that we know")
    if line.project_id not in ("", data.project_id):
        raise _wrong(f"/lines/{place}/project_id", "what is billed there at once is of one project")
    price = line.unit_price.amount if line.unit_price else line.net.amount
    step = Decimal(1).scaleb(-minor_units(line.net.currency))
    exact = line.unit_price is not None and price == price.quantize(step)
    exact = exact and (line.quantity * price).quantize(step, ROUND_HALF_UP) == line.net.amount
    refs = ";".join(line.source_refs)
    return {
        "requested_quantity": line.quantity if exact else Decimal(1),
        "requested_quantity_unit": UNITS[line.unit if exact else ""],
        "wbs_element": element_of(job.project) if job else "",
        "tg_kind_sdi": line.kind,
        "tg_refs_sdi": whole(refs, lengths.SOURCES, f"/lines/{place}/source_refs", system=SYSTEM),
        "material": codes.MATERIAL,
        "to_pricing_element": [
            wire.PriceDraft(
                condition_rate_value=price if exact else line.net.amount,
                condition_currency=data.currency,
                condition_type=codes.PRICE,
            )
        ],
    }


def _lines(found: owed_wire.Debit | owed_wire.Credit) -> list[InvoiceLine]:
    items: list[owed_wire.DebitItem | owed_wire.CreditItem] = [*found.to_item.results]
    return [_line(seq, item, found.transaction_currency) for seq, item in enumerate(items, start=1)]


def _line(seq: int, found: owed_wire.DebitItem | owed_wire.CreditItem, currency: str) -> InvoiceLine:
    kind: LineKind = next((known for known in get_args(LineKind) if known == found.tg_kind_sdi), "fee")
    unit = next((unit for unit, code in UNITS.items() if code == found.requested_quantity_unit), "")
    quantity = _finite(found.requested_quantity)
    priced = [each for each in found.to_pricing_element.results if each.condition_type == codes.PRICE]
    price = next((each.condition_rate_value for each in priced), None)
    says = price is not None and (unit or quantity != 1)
    return InvoiceLine(
        seq=seq,
        kind=kind,
        description=found.text,
        quantity=quantity,
        unit=unit,
        unit_price=money(price, currency) if says and price is not None else None,
        net=money(found.net_amount, currency),
        source_refs=[ref for ref in found.tg_refs_sdi.split(";") if ref],
    )


def _dated(ticks: str | None) -> Any:
    found = day(ticks)
    if found is None:
        raise Drifted("a document has no date", system=SYSTEM)
    return found


def _finite(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise Drifted(f"{number} is no quantity", system=SYSTEM)
    return number


def _wrong(pointer: str, detail: str) -> Invalid:
    return Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer=pointer)])
