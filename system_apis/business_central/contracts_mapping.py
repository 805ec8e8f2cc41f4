"""Contracts line by line <-> canonical. Pure, as `mapping` is.

A line's reference is `<amendment>.<line>`, 0 for the contract itself. Lines without one were written as the whole value
or by a quote's order: they are the contract's own.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import msgspec

from canonical.faults import Conflict, Drifted
from canonical.lengths import cut, whole
from canonical.money import Money
from canonical.objects import Amendment, Contract, ContractLine
from foundation.vendor_values import money
from system_apis.business_central import codes, lengths, mapping
from system_apis.business_central import contracts_wire as there
from system_apis.business_central.codes import plain
from system_apis.business_central.lines import STEP
from system_apis.business_central.mapping import SYSTEM
from system_apis.business_central.orders_mapping import OVER, RELEASED, TEXTS
from system_apis.business_central.wire import NEVER


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done to the lines of an order so that they say what is wanted."""

    drop: list[there.Line] = []
    write: list[tuple[there.Line, there.LineTerms]] = []
    add: list[there.NewLine] = []

    def __bool__(self) -> bool:
        return bool(self.drop or self.write or self.add)


def terms(found: there.Terms, *, company: str, local: str, terms: str) -> Contract:
    """A contract with its lines, and those of each amendment that has any."""
    head = mapping.contract(found, company=company, local=local, terms=terms)
    by_amendment: dict[int, list[ContractLine]] = {0: []}
    effective: dict[int, date | None] = {}
    for line in _sold(found):
        number, place = _numbers(line)
        lines = by_amendment.setdefault(number, [])
        lines.append(_line(place or len(lines) + 1, line, head.currency))
        effective.setdefault(number, mapping.day(line.starts_on))
    return msgspec.structs.replace(
        head,
        order_id=head.id if found.quote_id else "",
        not_to_exceed=_limit(found.not_to_exceed, head.currency),
        lines=by_amendment.pop(0),
        amendments=[
            Amendment(
                number=number,
                status="agreed",
                effective=effective[number],
                currency=head.currency,
                value_change=_sum(lines, head.currency),
                lines=lines,
            )
            for number, lines in sorted(by_amendment.items())
        ],
    )


def draft(key: str, data: Contract, *, customer_id: str, local: str, terms: str) -> there.NewTerms:
    """What an upsert wants to be there."""
    return there.NewTerms(
        tiergate_key=key,
        customer_id=customer_id,
        currency_code=mapping.code_of(data.currency, local),
        payment_terms_id=terms,
        external_document_number=whole(data.po_number, lengths.PO_NUMBER, "/po_number", system=SYSTEM),
        contract_number=data.number,
        contract_title=cut(data.title, lengths.TITLE),
        contract_status=codes.status_word(data.status),
        opportunity_id=data.opportunity_id,
        billing_method=data.billing_method,
        starts_on=data.start or NEVER,
        ends_on=data.end or NEVER,
        signed_on=data.signed_at or NEVER,
        carried_amendment="" if data.amendment is None else str(data.amendment),
        document_hash=data.document_hash,
        not_to_exceed=data.not_to_exceed.amount if data.not_to_exceed else Decimal(0),
        sales_order_lines=[
            _line_draft(place, number, line, data) for place, (number, line) in enumerate(_all(data), 1)
        ],
    )


def head(wanted: there.NewTerms, *, release_again: bool) -> there.Head:
    """An order without its lines, which a PATCH cannot carry, and without what is never changed of it."""
    names = [name for name in there.Head.__struct_fields__ if name != "release_again"]
    return there.Head(**{name: getattr(wanted, name) for name in names}, release_again=release_again)


def told(found: there.Terms, wanted: there.Head) -> bool:
    """Whether an order's head says what is wanted."""
    return all(getattr(found, name) == getattr(wanted, name) for name in there.Head.__struct_fields__)


def fitting(found: there.Terms, wanted: there.NewTerms) -> None:
    """`Conflict` where an order is in another currency, or another customer's: neither is ever changed of it."""
    if found.currency_code != wanted.currency_code:
        raise Conflict(f"order {found.number} is in another currency: end it, and write another", system=SYSTEM)
    if found.customer_id.lower() != wanted.customer_id:
        raise Conflict(f"order {found.number} is another customer's: end it, and write another", system=SYSTEM)


def changes(found: there.Terms, wanted: there.NewTerms) -> Changes:
    """What is to be done to the lines; `Conflict` where one is billed, or the whole order is."""
    made = _changes(found, wanted)
    if made and archived(found):
        detail = f"order {found.number} is billed in full, and takes no other lines: write another"
        raise Conflict(detail, system=SYSTEM)
    return made


def archived(found: there.Terms) -> bool:
    """All of it is billed: the vendor has deleted it, and only its archive is left."""
    lines = _sold(found)
    return bool(lines) and all(line.invoiced_quantity and line.invoiced_quantity == line.quantity for line in lines)


def over(wanted: there.NewTerms) -> bool:
    """Whether it is not delivered any more."""
    return codes.contract_status(wanted.contract_status) in OVER


def released(found: there.Terms) -> bool:
    """Whether nobody may edit it as it is."""
    return plain(found.status) == RELEASED


def _changes(found: there.Terms, wanted: there.NewTerms) -> Changes:
    lines = _sold(found)
    bare, ours = [line for line in lines if not line.tiergate_reference], _ours(lines)
    if not ours and not found.quote_id and not any(line.invoiced_quantity for line in lines):
        return Changes(drop=bare, add=_placed(found, bare, wanted.sales_order_lines))
    write, add = [], []
    for draft in wanted.sales_order_lines:
        if bare and draft.tiergate_reference.startswith("0."):
            continue  # the contract's own lines stand there as they were ordered
        line = ours.pop(draft.tiergate_reference, None)
        if line is None:
            add.append(draft)
        elif not _alike(line, draft):
            write.append((_unbilled(line, found), _said(draft)))
    drop = [_unbilled(line, found) for line in ours.values()]
    return Changes(drop=drop, write=write, add=_placed(found, drop, add))


def _sold(found: there.Terms) -> list[there.Line]:
    """The lines of an order in the order people see them, without those that only say something."""
    sold = (line for line in found.sales_order_lines if plain(line.line_type) not in TEXTS)
    return sorted(sold, key=lambda line: line.sequence)


def _ours(lines: list[there.Line]) -> dict[str, there.Line]:
    return {line.tiergate_reference: line for line in lines if line.tiergate_reference}


def _placed(found: there.Terms, gone: list[there.Line], add: list[there.NewLine]) -> list[there.NewLine]:
    """Lines to be added, after all that stay."""
    stays = {line.sequence for line in found.sales_order_lines} - {line.sequence for line in gone}
    last = max(stays, default=0) // STEP
    return [msgspec.structs.replace(line, sequence=(last + place) * STEP) for place, line in enumerate(add, 1)]


def _unbilled(line: there.Line, found: there.Terms) -> there.Line:
    if line.invoiced_quantity:
        detail = f"line {line.tiergate_reference} of order {found.number} is billed: amend it, or credit it"
        raise Conflict(detail, system=SYSTEM)
    return line


def _alike(line: there.Line, draft: there.LineTerms) -> bool:
    """Whether a line says what was signed; its text is no part of that."""
    kept = (line.net_amount, line.starts_on, line.ends_on, line.billing_method, line.not_to_exceed)
    return kept == (draft.unit_price, draft.starts_on, draft.ends_on, draft.billing_method, draft.not_to_exceed)


def _said(draft: there.NewLine) -> there.LineTerms:
    return there.LineTerms(**{name: getattr(draft, name) for name in there.LineTerms.__struct_fields__})


def _all(data: Contract) -> Iterator[tuple[int, ContractLine]]:
    """Every line with the number of its amendment; one without a day of its own begins with the amendment."""
    for line in data.lines:
        yield 0, line
    for amendment in data.amendments:
        for line in amendment.lines:
            begins = line.start or amendment.effective
            yield amendment.number, msgspec.structs.replace(line, start=begins)


def _line_draft(place: int, number: int, line: ContractLine, data: Contract) -> there.NewLine:
    return there.NewLine(
        sequence=place * STEP,
        tiergate_reference=f"{number}.{line.seq}",
        description=cut(line.description or data.title, lengths.NAME),
        unit_price=line.amount.quantize().amount,
        starts_on=line.start or NEVER,
        ends_on=line.end or NEVER,
        billing_method=line.billing_method or "",
        not_to_exceed=line.not_to_exceed.amount if line.not_to_exceed else Decimal(0),
    )


def _line(seq: int, line: there.Line, currency: str) -> ContractLine:
    return ContractLine(
        seq=seq,
        description=line.description,
        billing_method=codes.contract_type(line.billing_method) if line.billing_method else None,
        amount=money(line.net_amount, currency, system=SYSTEM),
        not_to_exceed=_limit(line.not_to_exceed, currency),
        start=mapping.day(line.starts_on),
        end=mapping.day(line.ends_on),
    )


def _numbers(line: there.Line) -> tuple[int, int]:
    """Of which amendment a line is, and which of its lines; 0 and 0 without a reference."""
    if not line.tiergate_reference:
        return 0, 0
    number, _, place = line.tiergate_reference.partition(".")
    if not (number.isdecimal() and place.isdecimal()):
        raise Drifted(f"a line of an order has the unknown reference {line.tiergate_reference!r}", system=SYSTEM)
    return int(number), int(place)


def _limit(amount: Decimal, currency: str) -> Money | None:
    """A limit; 0 is none, since nothing is ever null there."""
    return money(amount, currency, system=SYSTEM) if amount else None


def _sum(lines: list[ContractLine], currency: str) -> Money:
    return Money.of(sum((line.amount.amount for line in lines), Decimal(0)), currency)
