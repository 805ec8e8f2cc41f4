"""Contracts line by line <-> canonical; pure, as `mapping` is.

A line's reference is `{amendment}.{line}`, 0 for the contract itself. Lines without one were written as the whole value
or by a quote's order: they are the contract's own.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

import msgspec

from canonical.faults import Conflict, Drifted
from canonical.lengths import cut, whole
from canonical.money import Money
from canonical.objects import Amendment, Contract, ContractLine
from foundation.vendor_values import money
from system_apis.netsuite import codes, mapping
from system_apis.netsuite import contracts_wire as wire
from system_apis.netsuite.lengths import MEMO, PO_NUMBER
from system_apis.netsuite.mapping import SYSTEM
from system_apis.netsuite.wire import SERVICE_ITEM, Ref

_OVER: Final = ("cancelled", "expired")
_NOT_BEGUN: Final = ("A", "B")
"""Statuses of an order that is approved at the most; from there on it moves by itself."""


def terms(found: wire.Terms, *, legal_entity: str, currency: str) -> Contract:
    """A contract with its lines, and those of each amendment that has any."""
    by_amendment: dict[int, list[ContractLine]] = {0: []}
    effective: dict[int, date | None] = {}
    for line in found.item.items:
        if _gone(line):
            continue
        number = _amendment_of(line)
        lines = by_amendment.setdefault(number, [])
        lines.append(_line(len(lines) + 1, line, currency))
        effective.setdefault(number, line.custcol_tg_from)
    head = mapping.contract(found, legal_entity=legal_entity, currency=currency)
    return msgspec.structs.replace(
        head,
        order_id=found.id if found.custbody_tg_quote else "",
        not_to_exceed=_money(found.custbody_tg_nte, currency),
        lines=by_amendment.pop(0),
        amendments=[
            Amendment(
                number=number,
                status="agreed",
                effective=effective[number],
                currency=currency,
                value_change=_sum(lines, currency),
                lines=lines,
            )
            for number, lines in sorted(by_amendment.items())
        ],
    )


def draft(
    data: Contract, known: wire.Terms | None, *, subsidiary: str, currency: str, terms: str
) -> tuple[wire.TermsDraft, bool]:
    """What an upsert writes, and whether its lines replace those that are there; `Conflict` where it may not."""
    if known is not None and (known.subsidiary.id, known.currency.id) != (subsidiary, currency):
        said = "belongs to another subsidiary" if known.subsidiary.id != subsidiary else "is in another currency"
        raise Conflict(f"order {known.tran_id} {said}: end it, and write another", system=SYSTEM)
    wanted, replacing = {_ref(number, line): _draft(number, line, data) for number, line in _all(data)}, True
    items: list[wire.LineDraft] = list(wanted.values())
    if known is not None and not _untouched(known):
        items, replacing = _changes(known, wanted, over=data.status in _OVER), False
    begun = known is not None and known.order_status.id not in _NOT_BEGUN
    plain = wire.TermsDraft(
        entity=Ref(id=data.account_id),
        subsidiary=Ref(id=subsidiary),
        currency=Ref(id=currency),
        order_status=None if begun else Ref(id=codes.order_status(data.status)),
        other_ref_num=whole(data.po_number, PO_NUMBER, "/po_number", system=SYSTEM) or None,
        memo=cut(data.title, MEMO) or None,
        start_date=data.start,
        end_date=data.end,
        custbody_tg_contract=data.number,
        custbody_tg_opportunity=data.opportunity_id or None,
        custbody_tg_method=data.billing_method,
        custbody_tg_signed=data.signed_at,
        custbody_tg_amendment=data.amendment,
        custbody_tg_document=data.document_hash or None,
        custbody_tg_nte=data.not_to_exceed.amount if data.not_to_exceed else None,
        item=wire.LinesDraft(items=items) if items else None,
        terms=Ref(id=terms) if terms else None,
    )
    return plain, replacing and bool(items)


def _all(data: Contract) -> Iterator[tuple[int, ContractLine]]:
    """Every line with the number of its amendment; one without a day of its own begins with the amendment."""
    for line in data.lines:
        yield 0, line
    for amendment in data.amendments:
        for line in amendment.lines:
            begins = line.start or amendment.effective
            yield amendment.number, msgspec.structs.replace(line, start=begins)


def _untouched(known: wire.Terms) -> bool:
    """Nothing is billed, no quote ordered it, and no line is one of ours: then the lines are written anew."""
    lines = known.item.items
    return not known.custbody_tg_quote and not any(line.quantity_billed or line.custcol_tg_ref for line in lines)


def _changes(known: wire.Terms, wanted: dict[str, wire.LineDraft], *, over: bool) -> list[wire.LineDraft]:
    """What of the lines is to be written so that these hold; those that are right already are not sent."""
    ours = {line.custcol_tg_ref: line for line in known.item.items if line.custcol_tg_ref}
    bare = [line for line in known.item.items if not line.custcol_tg_ref]
    found = [_as_it_is(line, closed=True) for line in bare if over and not line.is_closed]
    for ref, draft in wanted.items():
        if bare and ref.startswith("0."):
            continue  # the contract's own lines stand there as they were ordered
        line = ours.pop(ref, None)
        if line is None:
            found.append(draft)
        elif _alike(line, draft):
            found += [_as_it_is(line, closed=True)] if draft.is_closed and not line.is_closed else []
        else:
            found.append(msgspec.structs.replace(draft, line=_unbilled(line, known).line))
    for line in ours.values():
        if not _gone(line):
            nothing = _as_it_is(_unbilled(line, known), closed=True)
            found.append(msgspec.structs.replace(nothing, amount=Decimal(0)))
    return found


def _unbilled(line: wire.Line, known: wire.Terms) -> wire.Line:
    if line.quantity_billed:
        ref = line.custcol_tg_ref
        raise Conflict(f"line {ref} of order {known.tran_id} is billed: amend it, or credit it", system=SYSTEM)
    return line


def _alike(line: wire.Line, draft: wire.LineDraft) -> bool:
    there = (_amount(line), line.custcol_tg_from, line.custcol_tg_to, line.custcol_tg_method, line.custcol_tg_nte)
    sent = (draft.amount, draft.custcol_tg_from, draft.custcol_tg_to, draft.custcol_tg_method, draft.custcol_tg_nte)
    return there == (*sent[:3], sent[3] or "", sent[4]) and line.is_closed <= draft.is_closed


def _draft(number: int, line: ContractLine, data: Contract) -> wire.LineDraft:
    return wire.LineDraft(
        item=Ref(external_id=SERVICE_ITEM),
        quantity=1,
        amount=line.amount.quantize().amount,
        description=cut(line.description or data.title, MEMO),
        is_closed=data.status in _OVER,
        custcol_tg_ref=_ref(number, line),
        custcol_tg_from=line.start,
        custcol_tg_to=line.end,
        custcol_tg_method=line.billing_method,
        custcol_tg_nte=line.not_to_exceed.amount if line.not_to_exceed else None,
    )


def _as_it_is(line: wire.Line, *, closed: bool) -> wire.LineDraft:
    """The same line, closed or not; its quantity stays."""
    return wire.LineDraft(
        line=line.line,
        item=Ref(id=line.item.id),
        amount=_amount(line),
        description=line.description,
        is_closed=closed,
        custcol_tg_ref=line.custcol_tg_ref,
        custcol_tg_from=line.custcol_tg_from,
        custcol_tg_to=line.custcol_tg_to,
        custcol_tg_method=line.custcol_tg_method or None,
        custcol_tg_nte=line.custcol_tg_nte,
    )


def _line(seq: int, line: wire.Line, currency: str) -> ContractLine:
    return ContractLine(
        seq=seq,
        description=line.description,
        billing_method=codes.contract_type(line.custcol_tg_method) if line.custcol_tg_method else None,
        amount=money(_amount(line), currency, system=SYSTEM),
        not_to_exceed=_money(line.custcol_tg_nte, currency),
        start=line.custcol_tg_from,
        end=line.custcol_tg_to,
    )


def _amendment_of(line: wire.Line) -> int:
    number = line.custcol_tg_ref.partition(".")[0] or "0"
    if not number.isdecimal():
        raise Drifted(f"a line of an order has the unknown reference {line.custcol_tg_ref!r}", system=SYSTEM)
    return int(number)


def _gone(line: wire.Line) -> bool:
    """An amendment's line that was taken back: it is closed and comes to nothing."""
    return bool(line.custcol_tg_ref) and line.is_closed and not _amount(line)


def _amount(line: wire.Line) -> Decimal:
    return line.quantity * (line.rate or Decimal(0)) if line.amount is None else line.amount


def _ref(number: int, line: ContractLine) -> str:
    return f"{number}.{line.seq}"


def _sum(lines: list[ContractLine], currency: str) -> Money:
    return Money.of(sum((line.amount.amount for line in lines), Decimal(0)), currency)


def _money(amount: Decimal | None, currency: str) -> Money | None:
    return None if amount is None else money(amount, currency, system=SYSTEM)
