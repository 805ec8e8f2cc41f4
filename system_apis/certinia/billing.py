"""Billing events as the PSA's own invoices, before tax and legal number; what says that something is billed. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from canonical.base import Source, Xref
from canonical.faults import Drifted
from canonical.money import Money
from canonical.objects import Invoice, InvoiceLine
from canonical.ports.effort import Billed
from foundation.vendor_values import currency, instant, money
from system_apis.certinia.effort_wire import Event, Item, Mark
from system_apis.certinia.mapping import SYSTEM, number

Kind = Literal["time", "expense", "milestone", "adjustment"]


def proforma(found: Event, items: Sequence[Item]) -> Invoice:
    """A billing event with its items. It is a draft until the package says it is invoiced."""
    if found.date is None:
        raise Drifted(f"billing event {found.id} has no date", system=SYSTEM)
    return Invoice(
        id=found.id,
        xrefs=[Xref(system=SYSTEM, native_id=found.id)],
        source=Source(
            system=SYSTEM,
            native_version=found.system_modstamp,
            updated_at=instant(found.system_modstamp, system=SYSTEM),
        ),
        kind="proforma",
        number=found.invoice_number or "",
        account_id=(found.project.key or "") if found.project else "",
        project_id=found.project_id or "",
        contract_id=(found.project.contract or "") if found.project else "",
        title=found.name,
        issued_on=found.date,
        currency=currency(found.currency_iso_code, system=SYSTEM),
        lines=[_line(seq, each, found.project_id or "") for seq, each in enumerate(items, 1)],
        net=None if found.amount is None else money(found.amount, found.currency_iso_code, system=SYSTEM),
        status="posted" if found.invoiced else "draft",
    )


def mark(kind: str, native_id: str, key: str, data: Billed | None) -> Mark:
    """What puts a record on a bill, or takes it off where there is none."""
    return Mark(
        attributes={"type": kind},
        id=native_id,
        billed=data is not None,
        invoiced=data is not None,
        invoice_number=data.invoice_number if data else None,
        invoice_date=data.invoiced_on if data else None,
        bill=key or None,
    )


def _line(seq: int, item: Item, project_id: str) -> InvoiceLine:
    kind, ref = _source(item)
    return InvoiceLine(
        seq=seq,
        kind=kind,
        description=item.description or item.category or "",
        quantity=Decimal(1) if item.quantity is None else number(item.quantity),
        unit="HUR" if kind == "time" else "",
        unit_price=None if item.unit_price is None else _money(item.unit_price, item),
        net=_money(item.amount or Decimal(0), item),
        project_id=project_id,
        source_refs=[ref] if ref else [],
    )


def _source(item: Item) -> tuple[Kind, str]:
    if item.split:
        return "time", item.split
    if item.expense:
        return "expense", item.expense
    if item.milestone:
        return "milestone", item.milestone
    return "adjustment", ""


def _money(amount: Decimal, item: Item) -> Money:
    return money(amount, item.currency_iso_code, system=SYSTEM)
