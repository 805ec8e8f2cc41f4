"""Contracts, whole or line by line <-> canonical; pure, as `mapping` is.

A line's reference is `{amendment}.{line}`, 0 for the contract itself. Items without one were written as the whole
value, or by people: they are the contract's own.
"""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Final

from msgspec.structs import replace

from canonical.faults import Drifted, FieldError, Invalid
from canonical.lengths import cut, whole
from canonical.money import Money
from canonical.objects import Amendment, Contract, ContractLine
from system_apis.sap_s4hana import codes, wire
from system_apis.sap_s4hana import contracts_wire as there
from system_apis.sap_s4hana.lengths import ITEM_TEXT, OWN, PO_NUMBER
from system_apis.sap_s4hana.mapping import ONE, UNIT, money, source, xrefs
from system_apis.sap_s4hana.odata import SYSTEM, day, written

OVER: Final = ("cancelled", "expired")
_REFERENCE: Final = re.compile(r"([0-9]{1,6})\.([0-9]{1,6})")
_NUMBER: Final = re.compile(r"[0-9]{1,6}")
NOTHING: Final = Decimal(0)


def contract(found: there.Contract, *, legal_entity: str) -> Contract:
    """A contract's head. Over when all its items are rejected, not agreed while its billing is blocked."""
    rows = items(found)
    over = bool(rows) and all(row.sales_document_rjcn_reason for row in rows)
    # What is rejected counts nothing in the total, so the prices say what was agreed.
    worth = sum((amount(row) for row in rows), NOTHING) if over else found.total_net_amount
    return Contract(
        id=found.sales_contract,
        legal_entity_id=legal_entity,
        xrefs=xrefs(found.sales_contract, found.tg_key_sdh),
        source=source(found.metadata, found.last_change_date_time),
        lifecycle="closed" if over else "active",
        number=found.tg_contract_sdh or found.sales_contract,
        account_id=found.sold_to_party,
        title=found.tg_name_sdh or (rows[0].sales_contract_item_text if rows else ""),
        opportunity_id=found.tg_opportunity_sdh,
        currency=found.transaction_currency,
        value=money(worth, found.transaction_currency),
        billing_method=codes.contract_type(found.tg_method_sdh),
        start=day(found.sales_contract_validity_start_date),
        end=day(found.sales_contract_validity_end_date),
        signed_at=day(found.tg_signed_sdh),
        po_number=found.purchase_order_by_customer,
        payment_terms=codes.terms_said(found.customer_payment_terms),
        status="cancelled" if over else "in_approval" if found.header_billing_block_reason else "active",
        document_hash=found.tg_document_sdh,
        amendment=_carried(found.tg_amendment_sdh),
    )


def terms(found: there.Contract, *, legal_entity: str) -> Contract:
    """A contract with its lines, and those of each amendment that has any."""
    currency = found.transaction_currency
    by_amendment: dict[int, list[ContractLine]] = {0: []}
    effective: dict[int, date | None] = {}
    for row in items(found):
        if gone(row):
            continue
        number, seq = place(row)
        lines = by_amendment.setdefault(number, [])
        lines.append(_line(seq or len(lines) + 1, row, currency))
        effective.setdefault(number, day(row.tg_from_sdi))
    return replace(
        contract(found, legal_entity=legal_entity),
        not_to_exceed=_limit(found.tg_nte_sdh, currency),
        lines=by_amendment.pop(0),
        amendments=[
            Amendment(
                number=number,
                status="agreed",
                effective=effective[number],
                currency=currency,
                value_change=Money.of(sum((line.amount.amount for line in lines), NOTHING), currency),
                lines=lines,
            )
            for number, lines in sorted(by_amendment.items())
        ],
    )


def items(found: there.Contract) -> list[there.Item]:
    """Its items in the order of their references; those without one first, by their numbers."""
    return sorted(found.to_item.results, key=lambda row: (*place(row), row.sales_contract_item.zfill(6)))


def place(row: there.Item) -> tuple[int, int]:
    """Of which amendment an item is, and which line of it; 0 and 0 without a reference. `Drifted` for another text."""
    if not row.tg_ref_sdi:
        return 0, 0
    read = _REFERENCE.fullmatch(row.tg_ref_sdi)
    if read is None:
        raise Drifted(f"an item of a contract has the unknown reference {row.tg_ref_sdi[:20]!r}", system=SYSTEM)
    return int(read[1]), int(read[2])


def amount(row: there.Item) -> Decimal:
    """What an item comes to; of one that is rejected, what it would come to."""
    if not row.sales_document_rjcn_reason:
        return row.net_amount
    price = price_of(row)
    rate = (price.condition_rate_value if price else None) or NOTHING
    if not rate.is_finite() or not row.requested_quantity.is_finite():
        raise Drifted(f"{row.requested_quantity} at {rate} is no amount", system=SYSTEM)
    return row.requested_quantity * rate


def price_of(row: there.Item) -> wire.Price | None:
    """The price that was set; taxes and the rest of the pricing procedure come with it."""
    return next((each for each in row.to_pricing_element.results if each.condition_type == codes.PRICE), None)


def gone(row: there.Item) -> bool:
    """A line that was taken back: it is rejected and comes to nothing."""
    return bool(row.tg_ref_sdi and row.sales_document_rjcn_reason) and not amount(row)


def contract_draft(key: str, data: Contract, entity: wire.Entity) -> there.ContractDraft:
    """What a create writes: one item of the whole value."""
    if data.value is None:
        raise _needed("/value", "a contract in SAP needs a value")
    item = there.ItemDraft(
        sales_contract_item_text=cut(data.title, ITEM_TEXT),
        sales_document_rjcn_reason=_reason(data),
        material=codes.MATERIAL,
        requested_quantity=ONE,
        requested_quantity_unit=UNIT,
        to_pricing_element=[_price(data.value)],
    )
    return there.ContractDraft(**_head(data), **_made(key, data, entity), to_item=[item])


def terms_draft(key: str, data: Contract, entity: wire.Entity) -> there.TermsDraft:
    """What a create writes of a contract line by line; `Invalid` for one without a line."""
    if not data.lines:
        raise _needed("/lines", "a contract in SAP has at least one line")
    return there.TermsDraft(
        **_head(data),
        **_made(key, data, entity),
        tg_name_sdh=cut(data.title, ITEM_TEXT),
        tg_amendment_sdh="" if data.amendment is None else str(data.amendment),
        tg_document_sdh=whole(data.document_hash, OWN, "/document_hash", system=SYSTEM),
        tg_nte_sdh=data.not_to_exceed.amount if data.not_to_exceed else NOTHING,
        to_item=[_line_draft(number, line, data) for number, line in _all(data)],
    )


def whole_line(data: Contract) -> Contract:
    """A contract of one line, which is the whole value: what is written where there were lines before."""
    if data.value is None:
        raise _needed("/value", "a contract in SAP needs a value")
    return replace(
        data, lines=[ContractLine(seq=1, description=data.title, amount=data.value)], amendments=[], amendment=None
    )


def _head(data: Contract) -> dict[str, Any]:
    agreed = data.status in ("active", *OVER)
    return {
        "purchase_order_by_customer": whole(data.po_number, PO_NUMBER, "/po_number", system=SYSTEM),
        "customer_payment_terms": codes.terms(data.payment_terms),
        "header_billing_block_reason": "" if agreed else codes.BILLING_BLOCK,
        "sales_contract_validity_start_date": written(data.start),
        "sales_contract_validity_end_date": written(data.end),
        "tg_contract_sdh": whole(data.number, OWN, "/number", system=SYSTEM),
        "tg_opportunity_sdh": data.opportunity_id,
        "tg_method_sdh": data.billing_method,
        "tg_signed_sdh": written(data.signed_at),
    }


def _made(key: str, data: Contract, entity: wire.Entity) -> dict[str, Any]:
    return {
        "sales_contract_type": "CQ",
        "sales_organization": entity.sales_organization,
        "distribution_channel": entity.distribution_channel,
        "organization_division": entity.organization_division,
        "sold_to_party": data.account_id,
        "transaction_currency": data.currency,
        "tg_key_sdh": key,
    }


def _all(data: Contract) -> Iterator[tuple[int, ContractLine]]:
    """Every line with the number of its amendment; one without a day of its own begins with the amendment."""
    for line in data.lines:
        yield 0, line
    for amendment in data.amendments:
        for line in amendment.lines:
            yield amendment.number, replace(line, start=line.start or amendment.effective)


def _line_draft(number: int, line: ContractLine, data: Contract) -> there.LineDraft:
    return there.LineDraft(
        sales_contract_item_text=cut(line.description or data.title, ITEM_TEXT),
        sales_document_rjcn_reason=_reason(data),
        tg_ref_sdi=f"{number}.{line.seq}",
        tg_from_sdi=written(line.start),
        tg_to_sdi=written(line.end),
        tg_method_sdi=line.billing_method or "",
        tg_nte_sdi=line.not_to_exceed.amount if line.not_to_exceed else NOTHING,
        material=codes.MATERIAL,
        requested_quantity=ONE,
        requested_quantity_unit=UNIT,
        to_pricing_element=[_price(line.amount.quantize())],
    )


def _price(worth: Money) -> wire.PriceDraft:
    return wire.PriceDraft(
        condition_rate_value=worth.amount, condition_currency=worth.currency, condition_type=codes.PRICE
    )


def _reason(data: Contract) -> str:
    return codes.REJECTED if data.status in OVER else ""


def _line(seq: int, row: there.Item, currency: str) -> ContractLine:
    return ContractLine(
        seq=seq,
        description=row.sales_contract_item_text,
        billing_method=codes.contract_type(row.tg_method_sdi) if row.tg_method_sdi else None,
        amount=money(amount(row), currency),
        not_to_exceed=_limit(row.tg_nte_sdi, currency),
        start=day(row.tg_from_sdi),
        end=day(row.tg_to_sdi),
    )


def _limit(kept: Decimal | None, currency: str) -> Money | None:
    return money(kept, currency) if kept else None


def _carried(kept: str) -> int | None:
    if kept and not _NUMBER.fullmatch(kept):
        raise Drifted(f"a contract was carried up to the unknown amendment {kept[:20]!r}", system=SYSTEM)
    return int(kept) if kept else None


def _needed(pointer: str, detail: str) -> Invalid:
    return Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer=pointer)])
