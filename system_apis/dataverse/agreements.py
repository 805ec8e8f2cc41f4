"""Contracts as they were signed <-> canonical; pure, as `mapping` is."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from canonical.money import Money
from canonical.objects import Amendment, AmendmentKind, AmendmentStatus, Contract, ContractLine, ContractType, Uplift
from canonical.ports.contracts import AgreementMark
from foundation.vendor_values import money
from system_apis.dataverse import contract_wire as wire
from system_apis.dataverse.mapping import CONTRACT_TYPES, SYSTEM, contract, currency_of, known, rules, source

KINDS: Final[Mapping[int, AmendmentKind]] = {
    100000000: "change",
    100000001: "renewal",
    100000002: "termination",
    100000003: "assignment",
}
STATUSES: Final[Mapping[int, AmendmentStatus]] = {
    100000000: "draft",
    100000001: "in_approval",
    100000002: "agreed",
    100000003: "void",
}
SUBMITTED: Final = 1
"""The state of an order that is in force."""
CANCELLED: Final = 2
"""The state of an order that was terminated."""
AGREED: Final = next(code for code, word in STATUSES.items() if word == "agreed")
NO_MONEY: Final = 4
"""Why an order is cancelled: of the reasons Dynamics has, the one a new organisation offers."""


def agreement(
    row: wire.Agreement,
    lines: Sequence[wire.OrderLine] = (),
    amendments: Sequence[wire.Amendment] = (),
    added: Sequence[wire.AmendmentLine] = (),
) -> Contract:
    """A contract with its amendments; its version is the latest of them all, since one count numbers every table."""
    currency = currency_of(row.currency)
    versions = [each.versionnumber for part in (lines, amendments, added) for each in part]
    below: dict[str, list[wire.AmendmentLine]] = {}
    for line in added:
        below.setdefault(line.amendment or "", []).append(line)
    return msgspec.structs.replace(
        contract(row),
        source=source(max([row.versionnumber, *versions]), row.modifiedon),
        legal_entity_id=row.tg_legalentity or "",
        document_hash=row.tg_documenthash or "",
        envelope=row.tg_signatureenvelope or "",
        governing_law=row.tg_governinglaw or "",
        master_id=row.master or "",
        auto_renew=bool(row.tg_evergreen),
        uplift=_uplift(row),
        not_to_exceed=_amount(row.tg_nottoexceed, currency),
        order_id=row.tg_erporderid or "",
        lines=[_order_line(number, line, currency) for number, line in enumerate(lines, 1)],
        amendments=[
            _amendment(each, below.get(each.tg_contractamendmentid, []))
            for each in sorted(amendments, key=lambda each: each.tg_number)
        ],
    )


def mark(wanted: AgreementMark) -> wire.Mark:
    """What is written of how far it is carried."""
    return wire.Mark(carried=wanted.amendment, order_id=wanted.order_id or None)


def ending(order_id: str) -> wire.Ending:
    """What tells the action that an order is over."""
    close = wire.OrderClose(subject="Terminated by an amendment", order=f"/salesorders({order_id})")
    return wire.Ending(status=NO_MONEY, close=close)


def marked(row: wire.Agreement) -> AgreementMark:
    """How it is marked now."""
    return AgreementMark(
        amendment=row.tg_carriedamendment, order_id=row.tg_erporderid or "", ended=row.statecode == CANCELLED
    )


def _amendment(row: wire.Amendment, lines: list[wire.AmendmentLine]) -> Amendment:
    currency = currency_of(row.currency)
    return Amendment(
        number=row.tg_number,
        kind=known(KINDS, row.tg_kind, "tg_contractamendment.tg_kind", row.tg_contractamendmentid),
        status=known(STATUSES, row.tg_status, "tg_contractamendment.tg_status", row.tg_contractamendmentid),
        based_on=row.tg_basedon or 0,
        effective=row.tg_effectiveon,
        signed_at=row.tg_signedon,
        document_hash=row.tg_documenthash or "",
        envelope=row.tg_signatureenvelope or "",
        approved_exceptions=rules(row.exceptions),
        currency=currency,
        value_change=_amount(row.tg_valuechange, currency),
        not_to_exceed_change=_amount(row.tg_nottoexceedchange, currency),
        end=row.tg_newendson,
        legal_entity_id=row.tg_newlegalentity or "",
        lines=[_amendment_line(number, line) for number, line in enumerate(lines, 1)],
    )


def _order_line(number: int, row: wire.OrderLine, currency: str) -> ContractLine:
    return ContractLine(
        seq=number,
        description=row.productdescription or (row.product.name if row.product else ""),
        billing_method=_method(row, "salesorderdetail"),
        amount=money(row.extendedamount, currency, system=SYSTEM),
        not_to_exceed=_amount(row.tg_nottoexceed, currency),
        start=row.tg_startson,
        end=row.tg_endson,
    )


def _amendment_line(number: int, row: wire.AmendmentLine) -> ContractLine:
    currency = currency_of(row.currency)
    return ContractLine(
        seq=number,
        description=row.tg_name or "",
        billing_method=_method(row, "tg_contractamendmentline"),
        amount=money(row.tg_amount or Decimal(0), currency, system=SYSTEM),
        not_to_exceed=_amount(row.tg_nottoexceed, currency),
        start=row.tg_startson,
        end=row.tg_endson,
    )


def _method(row: wire.OrderLine | wire.AmendmentLine, table: str) -> ContractType | None:
    """None where nobody has said."""
    code = row.tg_contracttype
    column = f"{table}.tg_contracttype"
    return None if code is None else known(CONTRACT_TYPES, code, column, label=row.contract_type)


def _uplift(row: wire.Agreement) -> Uplift | None:
    if row.tg_upliftfrom is None or not row.tg_upliftpercent:
        return None
    return Uplift(effective=row.tg_upliftfrom, share=row.tg_upliftpercent / 100)


def _amount(value: Decimal | None, currency: str) -> Money | None:
    return None if value is None else money(value, currency, system=SYSTEM)
