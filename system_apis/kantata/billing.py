"""Invoices as pro-formas and as marks of what is billed; rate cards by role. Pure but for the day: an old rate is none.

Kantata tells what an invoice bills, and what of it is open; its sum is nowhere told (QUIRKS 27).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, cast

from msgspec import UNSET

from canonical.base import Source, Xref
from canonical.dates import now
from canonical.faults import Drifted
from canonical.money import Money
from canonical.objects import Invoice, InvoiceLine, Rate, RateCard
from canonical.objects.invoice import InvoiceStatus, LineKind
from canonical.objects.time_entry import hours_of
from canonical.ports.effort import Billed
from foundation.vendor_values import currency, day, instant, meaning, money
from system_apis.kantata import billing_wire, description, wire
from system_apis.kantata.mapping import SYSTEM, reference

BILL: Final = "bill"
"""The model our keys of bills go by."""
CANCELLED: Final = "cancelled"
_STATUSES: Final[Mapping[str, InvoiceStatus]] = {"new": "posted", "accepted payment": "paid", CANCELLED: "void"}
_HOURS: Final = "HUR"
_AT_ONCE: Final = 0
"""Days of payment of a mark: when the invoice is due, the ERP knows."""

Rates = tuple[date | None, list[tuple[str, int]]]
"""From a day on (None: ever since), role by role what an hour costs in minor units."""


# --- what is billed ---------------------------------------------------------------------------------------------------


def written(project_id: str, key: str | None, data: Billed) -> wire.InvoiceWrite:
    """The invoice that stands for a bill of the ERP; no key where its reference is there. It is mailed to nobody."""
    return wire.InvoiceWrite(
        workspace_id=project_id,
        payment_schedule=_AT_ONCE,
        user_invoice_title=data.invoice_number,
        invoice_date=data.invoiced_on.isoformat(),
        time_entry_ids=sorted(data.time_entry_ids),
        expense_ids=sorted(data.expense_ids),
        suppress_emails=True,
        external_reference=reference(key, BILL) if key else UNSET,
    )


def renewed(found: billing_wire.Invoice, data: Billed) -> wire.InvoiceWrite | None:
    """What makes it say this; None where it does. The lists go together: each replaces all there was."""
    same = (billed(found).invoice_number, billed(found).invoiced_on) == (data.invoice_number, data.invoiced_on)
    if (
        same
        and set(found.time_entry_ids) == set(data.time_entry_ids)
        and set(found.expense_ids) == set(data.expense_ids)
    ):
        return None
    return wire.InvoiceWrite(
        user_invoice_title=data.invoice_number,
        invoice_date=data.invoiced_on.isoformat(),
        time_entry_ids=sorted(data.time_entry_ids),
        expense_ids=sorted(data.expense_ids),
    )


def billed(found: billing_wire.Invoice) -> Billed:
    """What an invoice says is billed."""
    return Billed(
        invoice_number=found.user_invoice_title or "",
        invoiced_on=day(found.invoice_date, system=SYSTEM),
        time_entry_ids=sorted(found.time_entry_ids),
        expense_ids=sorted(found.expense_ids),
    )


# --- pro-formas -------------------------------------------------------------------------------------------------------


def proforma(found: billing_wire.Invoice, beside: wire.Envelope) -> Invoice:
    """An invoice with what it bills; `beside` is the answer it came in."""
    status = meaning(_STATUSES, found.status, "invoices.status", system=SYSTEM, record=found.id)
    of = [beside.workspaces[each] for each in found.workspace_ids if each in beside.workspaces]
    said = description.read(of[0].description or "") if of else {}
    balance = found.balance_in_cents
    return Invoice(
        id=found.id,
        xrefs=[Xref(system=SYSTEM, native_id=found.id)],
        source=Source(
            system=SYSTEM,
            native_version=found.updated_at,
            updated_at=instant(found.updated_at, system=SYSTEM) if found.updated_at else None,
        ),
        legal_entity_id=said.get("legal_entity_id", ""),
        kind="proforma",
        number=str(found.user_invoice_number or ""),
        account_id=said.get("account_id", ""),
        project_id=found.workspace_ids[0] if len(found.workspace_ids) == 1 else "",
        contract_id=said.get("contract_id", ""),
        po_number=found.purchase_order or "",
        title=found.user_invoice_title or found.title or "",
        issued_on=day(found.invoice_date, system=SYSTEM),
        due_on=day(found.due_date, system=SYSTEM) if found.due_date else None,
        currency=currency(found.currency, system=SYSTEM),
        lines=list(_lines(found, beside)),
        balance=None if balance is None else _minor(balance, found.currency),
        status="draft" if found.draft and found.status == "new" else status,
    )


def _lines(found: billing_wire.Invoice, beside: wire.Envelope) -> Iterator[InvoiceLine]:
    seq = 0
    for id in found.time_entry_ids:
        if entry := beside.time_entries.get(id):
            seq += 1
            yield _time(seq, entry)
    for id in found.expense_ids:
        if expense := beside.expenses.get(id):
            seq += 1
            said = (expense.amount_in_cents, expense.currency, expense.notes or expense.category)
            yield _line(seq, "expense", *said, expense.workspace_id, [id])
    for id in found.billing_milestone_ids:
        if due := beside.billing_milestones.get(id):
            seq += 1
            said = (due.amount_in_cents, due.currency, due.title or "")
            yield _line(seq, "milestone", *said, due.workspace_id or "", [id])
    others = (("fee", found.fixed_fee_item_ids, beside.fixed_fee_items),)
    for kind, ids, items in (*others, ("adjustment", found.additional_item_ids, beside.additional_items)):
        for id in ids:
            if item := items.get(id):
                seq += 1
                yield _line(seq, cast(LineKind, kind), item.amount_in_cents, item.currency, item.notes or "", "", [])


def _time(seq: int, entry: wire.TimeEntry) -> InvoiceLine:
    price = _minor(entry.rate_in_cents or 0, entry.currency)
    worked = (Decimal(entry.rate_in_cents or 0) * entry.time_in_minutes / 60).quantize(Decimal(1), ROUND_HALF_UP)
    return InvoiceLine(
        seq=seq,
        kind="time",
        description=entry.notes or "",
        quantity=hours_of(entry.time_in_minutes),
        unit=_HOURS,
        unit_price=price,
        net=_minor(int(worked), entry.currency),
        project_id=entry.workspace_id,
        source_refs=[entry.id],
    )


def _line(
    seq: int, kind: LineKind, units: int, code: str, text: str, project_id: str, refs: Sequence[str]
) -> InvoiceLine:
    return InvoiceLine(
        seq=seq,
        kind=kind,
        description=text,
        net=_minor(units, code),
        project_id=project_id,
        source_refs=list(refs),
    )


# --- rates ------------------------------------------------------------------------------------------------------------


def rate_card(found: billing_wire.RateCard, beside: wire.Envelope, versions: Sequence[Rates]) -> RateCard:
    """A card with the rates that are in force or to come. A default rate is for roles unnamed, and names none."""
    title = beside.rate_card_sets.get(found.rate_card_set_id or "")
    if title is None:
        raise Drifted(f"rate card {found.id} came without its set", system=SYSTEM)
    code = currency(found.currency, system=SYSTEM)
    return RateCard(
        id=found.id,
        xrefs=[Xref(system=SYSTEM, native_id=found.id)],
        source=Source(
            system=SYSTEM,
            native_version=found.updated_at,
            updated_at=instant(found.updated_at, system=SYSTEM) if found.updated_at else None,
        ),
        name=title.title,
        currency=code,
        rates=[
            Rate(role=role, price=_minor(rate, code), unit=_HOURS, valid_from=start)
            for start, roles in _current(versions)
            for role, rate in roles
        ],
    )


def rates(
    version: billing_wire.RateCardVersion,
    of: billing_wire.RateCardSetVersion,
    beside: wire.Envelope,
    roles: Mapping[str, str],
) -> Rates:
    """A version of a card: the rates of its roles, by the roles' names. One of a role that is gone says nothing."""
    start = day(of.effective_date, system=SYSTEM) if of.effective_date else None
    own = [beside.rate_card_roles[id] for id in version.rate_card_role_ids if id in beside.rate_card_roles]
    return start, [(roles[each.role_id], each.rate) for each in own if each.role_id and each.role_id in roles]


def _current(versions: Sequence[Rates]) -> list[Rates]:
    """Without the versions that a later one, in force by now, has replaced."""
    today = now().date()
    ordered = sorted(versions, key=lambda each: each[0] or date.min)
    begun = [each for each in ordered if (each[0] or date.min) <= today]
    return [*begun[-1:], *ordered[len(begun) :]]


def _minor(units: int, code: str) -> Money:
    whole = Money.from_minor(units, currency(code, system=SYSTEM))
    return money(whole.amount, code, system=SYSTEM)
