"""Contracts line by line <-> canonical; pure, as `mapping` is.

A line's reference is `{amendment}.{line}`, 0 for the contract itself. A line without one was written as the whole
value: it becomes the contract's first line, which keeps its project and its billing events.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

import msgspec

from canonical.faults import Conflict, Drifted, FieldError, Invalid
from canonical.lengths import cut, whole
from canonical.money import Money
from canonical.objects import Amendment, Contract, ContractLine
from foundation.vendor_values import money
from system_apis.oracle_fusion import codes, mapping, wire
from system_apis.oracle_fusion import contracts_wire as there
from system_apis.oracle_fusion.codes import SYSTEM
from system_apis.oracle_fusion.lengths import DESCRIPTION, OWN
from system_apis.oracle_fusion.rest import Change, at, differing, first

TAKEN_BACK: Final = "Y"
NOT_INVOICED: Final = "U"
_OTHERS: Final = ("belongs to another business unit", "is another customer's", "is in another currency")


def terms(found: there.Contract, *, legal_entity: str) -> Contract:
    """A contract with its lines, and those of each amendment that has any."""
    by_amendment: dict[int, list[ContractLine]] = {0: []}
    effective: dict[int, date | None] = {}
    for line in found.contract_line.items:
        flex = _flex(line)
        if flex.tg_taken_back == TAKEN_BACK:
            continue
        number, seq = _place(flex.tg_ref or "")
        lines = by_amendment.setdefault(number, [])
        lines.append(_line(seq or len(lines) + 1, line, flex, found.currency_code))
        effective.setdefault(number, line.start_date)
    return msgspec.structs.replace(
        mapping.contract(found, legal_entity=legal_entity),
        lines=by_amendment.pop(0),
        amendments=[
            Amendment(
                number=number,
                status="agreed",
                effective=effective[number],
                currency=found.currency_code,
                value_change=Money.of(sum((each.amount.amount for each in lines), Decimal(0)), found.currency_code),
                lines=lines,
            )
            for number, lines in sorted(by_amendment.items())
        ],
    )


def draft(key: str, data: Contract, entity: wire.LookupCode) -> there.ContractDraft:
    """What a create writes: every line by itself; `Invalid` for a contract without one."""
    if not data.lines:
        error = FieldError(detail="a contract in Fusion has at least one line", pointer="/lines")
        raise Invalid(system=SYSTEM, errors=[error])
    plain = mapping.contract_draft(key, msgspec.structs.replace(data, value=data.lines[0].amount), entity)
    ours = plain.flex[0]
    return msgspec.structs.replace(
        plain,
        contract_line=list(lines(data).values()),
        flex=[
            there.TermsFlexHead(
                **{name: getattr(ours, name) for name in ours.__struct_fields__},
                tg_amendment=data.amendment,
                tg_document=whole(data.document_hash, OWN, "/document_hash", system=SYSTEM) or None,
                tg_nte=data.not_to_exceed.amount if data.not_to_exceed else None,
            )
        ],
    )


def lines(data: Contract) -> dict[str, there.TermsLineDraft]:
    """Every line by its reference; one without a day of its own begins with its amendment."""
    return {f"{number}.{line.seq}": _draft(number, line, data) for number, line in _all(data)}


def check_same(found: there.Contract, data: Contract, unit: str) -> None:
    """`Conflict` where the contract is another entity's, customer's or currency's: none of them changes in Fusion."""
    of = (found.business_unit_name, found.buyer_party_number, found.currency_code)
    for there_now, wanted, what in zip(of, (unit, data.account_id, data.currency), _OTHERS, strict=True):
        if there_now != wanted:
            said = f"contract {found.contract_number} {what}: end it, and write another"
            raise Conflict(said, system=SYSTEM)


def changes(found: there.Contract, data: Contract, billed: set[str]) -> list[Change]:
    """What makes these lines hold; those that are right already are not sent. `billed` are numbers of lines."""
    wanted = lines(data)
    ours = {ref: line for line in found.contract_line.items if (ref := _flex(line).tg_ref)}
    bare = [line for line in found.contract_line.items if not _flex(line).tg_ref]
    if any(line.line_number in billed for line in bare):
        wanted = {ref: each for ref, each in wanted.items() if not ref.startswith("0.")}
    elif bare:
        ours.setdefault(next(iter(wanted)), bare[0])
    made = list[Change]()
    for ref, want in wanted.items():
        line = ours.pop(ref, None)
        if line is None:
            made.append(Change(operation="create", path=f"{at(found)}/child/{there.LINES}", body=want))
        elif line.line_number not in billed:
            made += _changed(line, want, want.flex[0])
        elif not _alike(line, want):
            raise _is_billed(found, ref)
    for ref, line in ours.items():
        flex = _flex(line)
        if flex.tg_taken_back == TAKEN_BACK:
            continue
        if line.line_number in billed:
            raise _is_billed(found, ref)
        nothing = msgspec.structs.replace(line, line_amount=Decimal(0))
        marked = there.LineFlexHead(tg_ref=ref, tg_method=flex.tg_method, tg_nte=flex.tg_nte, tg_taken_back=TAKEN_BACK)
        made += _changed(line, nothing, marked)
    return made


def status(found: there.Contract, data: Contract) -> str:
    """The status to be written: a word of Fusion's own that means the same (on hold, being amended) stays."""
    said = found.status_code or ""
    return said if codes.contract_status(said) == data.status else codes.CONTRACT_STATUSES[data.status]


def carried(found: there.Contract) -> bool:
    """Whether it holds lines that were carried one by one."""
    return any(_flex(line).tg_ref for line in found.contract_line.items)


def _changed(line: there.ContractLine, want: there.TermsLineHead, flex: there.LineFlexHead) -> list[Change]:
    below = f"{at(line)}/child/{there.LINE_FLEX}"
    return differing(there.TermsLineHead, line, want, "") + differing(there.LineFlexHead, first(line.flex), flex, below)


def _alike(line: there.ContractLine, want: there.TermsLineDraft) -> bool:
    """Whether a billed line says what it shall, but for its words."""
    flex, asked = _flex(line), want.flex[0]
    now = (line.line_amount, line.start_date, line.end_date, flex.tg_method, flex.tg_nte, flex.tg_taken_back)
    then = (want.line_amount, want.start_date, want.end_date, asked.tg_method, asked.tg_nte, asked.tg_taken_back)
    return now == then


def _is_billed(found: there.Contract, ref: str) -> Conflict:
    return Conflict(f"line {ref} of contract {found.contract_number} is billed: amend it, or credit it", system=SYSTEM)


def _all(data: Contract) -> Iterator[tuple[int, ContractLine]]:
    for line in data.lines:
        yield 0, line
    for amendment in data.amendments:
        for line in amendment.lines:
            yield amendment.number, msgspec.structs.replace(line, start=line.start or amendment.effective)


def _draft(number: int, line: ContractLine, data: Contract) -> there.TermsLineDraft:
    return there.TermsLineDraft(
        line_type_name=codes.LINE_TYPE,
        line_amount=line.amount.quantize().amount,
        item_description=cut(line.description or data.title, DESCRIPTION) or None,
        start_date=line.start,
        end_date=line.end,
        flex=[
            there.LineFlexHead(
                tg_ref=f"{number}.{line.seq}",
                tg_method=line.billing_method,
                tg_nte=line.not_to_exceed.amount if line.not_to_exceed else None,
            )
        ],
    )


def _line(seq: int, line: there.ContractLine, flex: there.LineFlexHead, currency: str) -> ContractLine:
    return ContractLine(
        seq=seq,
        description=line.item_description or "",
        billing_method=codes.contract_type(flex.tg_method) if flex.tg_method else None,
        amount=money(line.line_amount or Decimal(0), currency, system=SYSTEM),
        not_to_exceed=None if flex.tg_nte is None else money(flex.tg_nte, currency, system=SYSTEM),
        start=line.start_date,
        end=line.end_date,
    )


def _place(ref: str) -> tuple[int, int]:
    """Amendment and line of a reference; of a line without one, the contract's own and no number."""
    if not ref:
        return 0, 0
    number, _, seq = ref.partition(".")
    if not (number.isdecimal() and seq.isdecimal()):
        raise Drifted(f"a line of a contract has the unknown reference {ref[:40]!r}", system=SYSTEM)
    return int(number), int(seq)


def _flex(line: there.ContractLine) -> there.LineFlexHead:
    return first(line.flex) or there.LineFlexHead()
