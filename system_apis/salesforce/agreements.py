"""Contracts as they were signed <-> canonical; pure, as `mapping` is."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from canonical.money import Money
from canonical.objects import Amendment, AmendmentKind, AmendmentStatus, Contract, ContractLine, ContractType, Uplift
from canonical.ports.contracts import AgreementMark
from foundation.vendor_values import currency as currency_of
from foundation.vendor_values import meaning, money
from system_apis.salesforce import contracts_wire as wire
from system_apis.salesforce.mapping import CONTRACT_TYPES, SYSTEM, contract, counted, rules, source

KINDS: Final[Mapping[str, AmendmentKind]] = {
    "Change": "change",
    "Renewal": "renewal",
    "Termination": "termination",
    "Assignment": "assignment",
}
STATUSES: Final[Mapping[str, AmendmentStatus]] = {
    "Draft": "draft",
    "In Approval Process": "in_approval",
    "Agreed": "agreed",
    "Void": "void",
}
TERMINATED: Final = "Terminated"


def agreement(
    row: wire.Agreement, amendments: Sequence[wire.Amendment] = (), lines: Sequence[wire.Line] = ()
) -> Contract:
    """A contract with its amendments; its version is the latest stamp of them all."""
    versions = [each.system_modstamp for each in amendments] + [each.system_modstamp for each in lines]
    below: dict[str, list[wire.Line]] = {}
    for line in lines:
        below.setdefault(line.amendment or "", []).append(line)
    return msgspec.structs.replace(
        contract(row),
        source=source(max([row.system_modstamp, *versions])),
        legal_entity_id=row.legal_entity or "",
        document_hash=row.document_hash or "",
        envelope=row.envelope or "",
        governing_law=row.governing_law or "",
        master_id=row.master or "",
        auto_renew=row.evergreen,
        uplift=_uplift(row),
        not_to_exceed=_amount(row.not_to_exceed, row.currency_iso_code),
        order_id=row.order_id or "",
        lines=_lines(below.get("", [])),
        amendments=[
            _amendment(each, below.get(each.id, [])) for each in sorted(amendments, key=lambda each: each.number)
        ],
    )


def mark(wanted: AgreementMark) -> wire.Mark:
    """What is written of how far it is carried."""
    carried, order_id = wanted.amendment, wanted.order_id or None
    if wanted.ended:
        return wire.Ending(carried=carried, order_id=order_id, status=TERMINATED)
    return wire.Mark(carried=carried, order_id=order_id)


def marked(row: wire.Agreement) -> AgreementMark:
    """How it is marked now."""
    return AgreementMark(
        amendment=None if row.carried is None else counted(row.carried),
        order_id=row.order_id or "",
        ended=row.status == TERMINATED,
    )


def _amendment(row: wire.Amendment, lines: list[wire.Line]) -> Amendment:
    currency = currency_of(row.currency_iso_code, system=SYSTEM)
    return Amendment(
        number=counted(row.number),
        kind=meaning(KINDS, row.kind, "Contract_Amendment__c.Kind__c", system=SYSTEM, record=row.id),
        status=meaning(STATUSES, row.status, "Contract_Amendment__c.Status__c", system=SYSTEM, record=row.id),
        based_on=counted(row.based_on or Decimal(0)),
        effective=row.effective,
        signed_at=row.signed_on,
        document_hash=row.document_hash or "",
        envelope=row.envelope or "",
        approved_exceptions=rules(row.approved_exceptions),
        currency=currency,
        value_change=_amount(row.value_change, currency),
        not_to_exceed_change=_amount(row.not_to_exceed_change, currency),
        end=row.end,
        legal_entity_id=row.legal_entity or "",
        lines=_lines(lines),
    )


def _lines(rows: list[wire.Line]) -> list[ContractLine]:
    return [_line(number, row) for number, row in enumerate(rows, 1)]


def _line(number: int, row: wire.Line) -> ContractLine:
    return ContractLine(
        seq=number,
        description=row.name or "",
        billing_method=_method(row),
        amount=money(row.amount or Decimal(0), row.currency_iso_code, system=SYSTEM),
        not_to_exceed=_amount(row.not_to_exceed, row.currency_iso_code),
        start=row.start,
        end=row.end,
    )


def _uplift(row: wire.Agreement) -> Uplift | None:
    if row.uplift_from is None or not row.uplift_percent:
        return None
    return Uplift(effective=row.uplift_from, share=row.uplift_percent / 100)


def _amount(value: Decimal | None, currency: str) -> Money | None:
    return None if value is None else money(value, currency, system=SYSTEM)


def _method(row: wire.Line) -> ContractType | None:
    """None where nobody has said."""
    if not row.method:
        return None
    return meaning(CONTRACT_TYPES, row.method, "Contract_Line__c.Billing_Method__c", system=SYSTEM)
