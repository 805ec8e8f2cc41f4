"""Contracts <-> canonical; pure, as `mapping` is.

A line's reference is `{amendment}.{line}`, 0 for the contract itself, and stands in its note. Lines without one were
written as the whole value or by a quote's order: they are the contract's own.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final, cast

import msgspec

from canonical.faults import Conflict, Drifted
from canonical.money import Money
from canonical.objects import Amendment, Contract, ContractLine
from foundation.vendor_values import currency as iso
from foundation.vendor_values import money
from system_apis.tryton import codes, memo, wire
from system_apis.tryton.auth import SYSTEM
from system_apis.tryton.mapping import Values, amount_of, day_of, decimal_of, line_values, one, source, xrefs
from system_apis.tryton.orders_mapping import ORDER

CONTRACT: Final = "contract-key"
AMENDS: Final = "amends-key"
"""Of a further sale, the key of the contract whose later lines it holds."""
REF: Final = "ref"
_HEAD: Final = ("description", "payment_term")
"""What of a sale's head stays once it is no draft."""


def contract(sales: Sequence[wire.Sale], *, entity: str) -> Contract:
    """A contract: a sale, and those with later lines of it. Its value is what all lines come to without tax."""
    first, lines = sales[0], [line for sale in sales for line in sale.lines if line.type == "line"]
    words = memo.read(first.comment)
    currency = iso(first.currency.code, system=SYSTEM)
    status = codes.contract_status(first.state, words.get("status", ""))
    return Contract(
        id=str(first.id),
        legal_entity_id=entity,
        xrefs=xrefs(first.id, words.get(CONTRACT, "") or words.get(ORDER, "")),
        source=source(first.timestamp, first.last_modified_at),
        lifecycle="closed" if status == "cancelled" else "active",
        number=words.get("number", "") or first.number or str(first.id),
        account_id=str(first.party),
        title=first.description or "",
        opportunity_id=words.get("opportunity", ""),
        currency=currency,
        value=money(sum((amount_of(line) for line in lines), Decimal(0)), currency, system=SYSTEM),
        billing_method=codes.contract_type(words.get("method", "")),
        start=day_of(words, "start"),
        end=day_of(words, "end"),
        signed_at=day_of(words, "signed"),
        po_number=first.reference or "",
        payment_terms=first.payment_term.name if first.payment_term else "",
        status=cast(Any, status),
        document_hash=words.get("document", ""),
        not_to_exceed=_money(words, "nte", currency),
        amendment=_number(words["amendment"]) if words.get("amendment") else None,
    )


def terms(sales: Sequence[wire.Sale], *, entity: str) -> Contract:
    """A contract with its lines, and those of each amendment that has any."""
    head = contract(sales, entity=entity)
    by_amendment: dict[int, list[ContractLine]] = {0: []}
    for line in (each for sale in sales for each in sale.lines if each.type == "line"):
        words = memo.read(line.note)
        number, seq = _place(words.get(REF, ""))
        lines = by_amendment.setdefault(number, [])
        lines.append(
            ContractLine(
                seq=seq or len(lines) + 1,
                description=line.description or "",
                billing_method=codes.contract_type(words["method"]) if "method" in words else None,
                amount=money(amount_of(line), head.currency, system=SYSTEM),
                not_to_exceed=_money(words, "nte", head.currency),
                start=day_of(words, "from"),
                end=day_of(words, "to"),
            )
        )
    return msgspec.structs.replace(
        head,
        order_id=head.id if ORDER in memo.read(sales[0].comment) else "",
        lines=by_amendment.pop(0),
        amendments=[
            Amendment(
                number=number,
                status="agreed",
                effective=lines[0].start,
                currency=head.currency,
                value_change=Money.of(sum((line.amount.amount for line in lines), Decimal(0)), head.currency),
                lines=lines,
            )
            for number, lines in sorted(by_amendment.items())
        ],
    )


def contract_values(key: str, data: Contract, known: wire.Sale | None, terms: int | None) -> Values:
    """What an upsert writes of a sale's head and its one line. What company and party it is of, only a new one says.

    Of the order of a quote, nothing but the words: what was ordered stands there already.
    """
    if known and ORDER in memo.read(known.comment):
        return {"comment": head_values(key, data, known, terms)["comment"]}
    assert data.value is not None, "the adapter has refused a contract without a value"
    line = line_values(data.title, data.value, "")
    kept = [each for each in known.lines if each.type == "line"] if known else []
    surplus = [each.id for each in kept[1:]]
    lines = one(kept[0].id if kept else None, line) + ([["delete", surplus]] if surplus else [])
    return head_values(key, data, known, terms) | {"lines": lines}


def head_values(key: str, data: Contract, known: wire.Sale | None, terms: int | None) -> Values:
    """What is written of a sale's head. The words that only an order says, or what was carried, stay."""
    words = memo.read(known.comment if known else "") | {
        CONTRACT: key,
        "number": data.number,
        "opportunity": data.opportunity_id,
        "method": data.billing_method,
        "status": data.status,
        "start": data.start.isoformat() if data.start else "",
        "end": data.end.isoformat() if data.end else "",
        "signed": data.signed_at.isoformat() if data.signed_at else "",
    }
    comment = memo.written(words, known.comment if known else "")
    return {"reference": data.po_number, "description": data.title, "payment_term": terms, "comment": comment}


def terms_values(key: str, data: Contract, known: wire.Sale | None, terms: int | None) -> Values:
    """The head of a contract carried line by line; of one that is no draft, what Tryton still lets be written."""
    head = head_values(key, data, known, terms)
    carried = {
        "amendment": "" if data.amendment is None else str(data.amendment),
        "document": data.document_hash,
        "nte": f"{data.not_to_exceed.amount:f}" if data.not_to_exceed else "",
    }
    head["comment"] = memo.written(memo.read(head["comment"]) | carried, head["comment"])
    if known is not None and known.state != "draft":
        return {name: value for name, value in head.items() if name not in _HEAD}
    return head


def lines_of(data: Contract) -> dict[str, Values]:
    """Every line as it is written, by its reference; one without a day of its own begins with its amendment."""
    return {f"{number}.{line.seq}": _line_values(number, line, data) for number, line in _all(data)}


def changes(sales: Sequence[wire.Sale], wanted: dict[str, Values]) -> tuple[dict[int, list[Any]], list[Values]]:
    """The commands that make these lines hold, by sale, and the lines that stand on none of them yet.

    A line of a draft is changed or deleted; one that people have quoted stays as it is, or it is a conflict.
    """
    commands, left = dict[int, list[Any]](), dict(wanted)
    for sale in sales:
        of_order = ORDER in memo.read(sale.comment)
        for line in (each for each in sale.lines if each.type == "line"):
            ref = memo.read(line.note).get(REF, "")
            if not ref and (of_order or sale.state != "draft"):
                left = {each: values for each, values in left.items() if not each.startswith("0.")}
                continue  # the contract's own lines stand there as they were ordered
            values = left.pop(ref, None)
            if values is not None and _alike(line, values, drafted=sale.state == "draft"):
                continue
            if sale.state != "draft":
                said = f"line {ref} stands on sale {sale.number or sale.id}, which is {sale.state}"
                raise Conflict(f"{said}: make it a draft again, or amend it", system=SYSTEM)
            command = ["delete", [line.id]] if values is None else ["write", [line.id], values]
            commands.setdefault(sale.id, []).append(command)
    return commands, list(left.values())


def _all(data: Contract) -> Iterator[tuple[int, ContractLine]]:
    for line in data.lines:
        yield 0, line
    for amendment in data.amendments:
        for line in amendment.lines:
            yield amendment.number, msgspec.structs.replace(line, start=line.start or amendment.effective)


def _line_values(number: int, line: ContractLine, data: Contract) -> Values:
    words = {
        REF: f"{number}.{line.seq}",
        "method": line.billing_method or "",
        "from": line.start.isoformat() if line.start else "",
        "to": line.end.isoformat() if line.end else "",
        "nte": f"{line.not_to_exceed.amount:f}" if line.not_to_exceed else "",
    }
    return line_values(line.description or data.title, line.amount.quantize(), memo.written(words))


def _alike(line: wire.Line, values: Values, *, drafted: bool) -> bool:
    """Whether a line says what it shall: amount, our words, and what it is called while that can be changed."""
    amount = decimal_of(values["unit_price"].decimal)
    called = not drafted or (line.description or "") == values["description"]
    return called and (amount_of(line), memo.read(line.note)) == (amount, memo.read(values["note"]))


def _place(ref: str) -> tuple[int, int]:
    """Amendment and line of a reference; of a line without one, the contract's own and no number."""
    if not ref:
        return 0, 0
    number, _, seq = ref.partition(".")
    return _number(number), _number(seq)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise Drifted(f"{text[:40]!r} is no number of an amendment or a line", system=SYSTEM)
    return int(text)


def _money(words: dict[str, str], word: str, currency: str) -> Money | None:
    return money(decimal_of(words[word]), currency, system=SYSTEM) if words.get(word) else None
