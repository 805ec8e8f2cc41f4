"""Invoices and rate cards, as the published contract has them (OAS 1.0.0 of Kantata OX, `/invoices`, `/rate_cards`).

An invoice takes time and expenses: they are invoiced from then on, and on no other. A draft is deleted, an active one
only cancelled, and both let go of what they held. A rate card is one currency of a set; its versions come with the
set's versions, each from a day on.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from canonical.money import minor_units
from foundation.sandbox import Box, Record
from system_apis.kantata.sandbox.kind import REFERENCES, Complain, Kind, belongs, names
from system_apis.kantata.sandbox.submissions import is_approved

_HELD: Final[Mapping[str, str]] = {
    "time_entry_ids": "time_entries",
    "expense_ids": "expenses",
    "billing_milestone_ids": "billing_milestones",
}
"""What an invoice takes that was there before it: field -> kind."""
_OWN: Final = ("fixed_fee_items", "additional_items")
"""What an invoice brings along: nested in its create, read by inclusion only."""


def _invoice(box: Box, before: Record, given: Record, complain: Complain) -> Record:
    kept = {name: value for name, value in given.items() if name not in _OWN and name != "workspace_id"}
    whole = before | kept
    if not before:
        of = given.get("workspace_ids") or ([given["workspace_id"]] if given.get("workspace_id") else [])
        kept["workspace_ids"] = whole["workspace_ids"] = [str(each) for each in of]
        if not of:
            complain("workspace_id", "Workspace can't be blank")
    for each in whole.get("workspace_ids") or []:
        belongs(box, {"workspace_id": each}, complain)
    if before.get("status") in ("cancelled", "accepted payment"):
        complain("base", "Invoice can no longer be changed")
    if not isinstance(whole.get("payment_schedule"), int):
        complain("payment_schedule", "Payment schedule is not a number")
    if not isinstance(whole.get("user_invoice_number", 0), int):
        complain("user_invoice_number", "User invoice number is not a number")
    for field, kind in _HELD.items():
        kept[field] = whole[field] = [str(each) for each in whole.get(field) or []]
        for each in whole[field]:
            _takeable(box, kind, each, before, whole, complain)
    if not any(whole[field] for field in _HELD) and not any(
        given.get(name) or before.get(f"{name.removesuffix('s')}_ids") for name in _OWN
    ):
        complain("base", "Invoice must have at least one line item")
    if before:
        return kept
    currency = next((_workspace(box, each).get("currency") for each in whole["workspace_ids"]), None) or "USD"
    number = box.store.next_number("_user_invoice_number")
    fresh: Record = {
        "status": "new",
        "draft": False,
        "message": "",
        "tax_rate": None,
        "user_invoice_title": "",
        "due_date": "",
    }
    fresh |= {"currency": currency, "currency_base_unit": 10 ** minor_units(currency), "user_invoice_number": number}
    fresh |= {"invoice_date": box.now().date().isoformat(), "purchase_order": None, "project_code": None}
    own = {
        f"{name.removesuffix('s')}_ids": [_item(box, name, fresh, each) for each in given.get(name) or []]
        for name in _OWN
    }
    return {**fresh, **kept, **own}


def _takeable(box: Box, kind: str, id: str, before: Record, whole: Record, complain: Complain) -> None:
    singular = kind.removesuffix("s") if kind != "time_entries" else "time_entry"
    record = box.store.get(kind, id)
    if record is None or record["workspace_id"] not in whole["workspace_ids"]:
        complain(f"{singular}_ids", f"{id} does not belong to this project")
    elif kind == "expenses" and not is_approved(box, record):
        complain(f"{singular}_ids", f"{id} is not on an approved expense report")
    elif record.get("is_invoiced") and id not in (before.get(f"{singular}_ids") or []):
        complain(f"{singular}_ids", f"{id} is already on an invoice")


def _settle(box: Box, before: Record, invoice: Record) -> None:
    """Mark what it took, let go of what it no longer holds, and work out what is due."""
    live = invoice["status"] != "cancelled"
    for field, kind in _HELD.items():
        gone = set(before.get(field, [])) - set(invoice[field] if live else [])
        for id in gone:
            _move(box, kind, id, None)
        for id in invoice[field] if live else []:
            if not (box.store.get(kind, id) or {}).get("is_invoiced"):
                _move(box, kind, id, invoice["id"])
    box.store.update("invoices", invoice["id"], {"title": _title(invoice), "balance_in_cents": _balance(box, invoice)})


def _move(box: Box, kind: str, id: str, invoice_id: str | None) -> None:
    """Onto an invoice, or off it. An expense does not tell which it is on."""
    told = {} if kind == "expenses" else {"invoice_id": invoice_id}
    box.store.update(kind, id, {"is_invoiced": invoice_id is not None, **told, **_touched(box)})


def _item(box: Box, kind: str, invoice: Record, given: Record) -> str:
    """One item of its own. It is written in whole units and read in minor ones."""
    id = str(box.store.next_number(kind))
    units = Decimal(str(given.get("amount") or 0)) * invoice["currency_base_unit"]
    item = {"id": id, "notes": given.get("notes"), "amount_in_cents": int(units), "currency": invoice["currency"]}
    box.store.insert(kind, id, item | {"taxable": False, "created_at": box.now().isoformat(timespec="microseconds")})
    return id


def _title(invoice: Record) -> str:
    return f"{'Draft ' if invoice['draft'] else ''}Invoice #{invoice['user_invoice_number']}"


def _balance(box: Box, invoice: Record) -> int:
    if invoice["status"] != "new":
        return 0
    whole = Decimal(0)
    for id in invoice["time_entry_ids"]:
        entry = box.store.get("time_entries", id) or {}
        worked = Decimal(entry["time_in_minutes"]) * (entry["rate_in_cents"] or 0) / 60
        whole += worked.quantize(Decimal(1), rounding=ROUND_HALF_UP)
    for kind in ("expenses", "billing_milestones", *_OWN):
        ids = invoice.get(f"{kind.removesuffix('s')}_ids") or []
        whole += sum((box.store.get(kind, id) or {})["amount_in_cents"] for id in ids)
    return int(whole)


def cancel(box: Box, invoice: Record, complain: Complain) -> Record:
    """Cancel an active invoice: it stays, and holds nothing."""
    if invoice["draft"]:
        complain("base", "A draft is deleted, not cancelled")
    if invoice["status"] == "accepted payment":
        complain("base", "Invoice is paid")
    changed = box.store.update("invoices", invoice["id"], {"status": "cancelled", **_touched(box)})
    _settle(box, invoice, changed)
    return box.store.get("invoices", invoice["id"]) or changed


def let_go(box: Box, invoice: Record, complain: Complain) -> None:
    """Before a draft is deleted."""
    if not invoice["draft"]:
        complain("base", "Active invoices cannot be deleted")
    _settle(box, invoice, invoice | {"status": "cancelled"})


def _milestone(box: Box, before: Record, given: Record, complain: Complain) -> Record:
    whole = before | given
    belongs(box, whole, complain)
    if not isinstance(whole.get("amount_in_cents"), int):
        complain("amount_in_cents", "Amount is not a number")
    currency = _workspace(box, whole.get("workspace_id")).get("currency", "USD")
    return given if before else {"billing_type": "fixed_date", "currency": currency, "invoice_id": None, **given}


def _workspace(box: Box, id: Any) -> Record:
    return box.store.get("workspaces", str(id)) or {}


def _touched(box: Box) -> Record:
    return {"updated_at": box.now().isoformat(timespec="microseconds")}


# --- rate cards -------------------------------------------------------------------------------------------------------


def _needing(*fields: str, **fresh: Any) -> Any:
    """A kind that only has to name these."""

    def shape(_: Box, before: Record, given: Record, complain: Complain) -> Record:
        for name in fields:
            if (before | given).get(name) in (None, ""):
                complain(name, f"{name.replace('_', ' ').capitalize()} can't be blank")
        return given if before else {**fresh, **given}

    return shape


def _card_made(box: Box, before: Record, card: Record) -> None:
    """A card gets a version for every version of its set."""
    if not before:
        for version in box.store.find("rate_card_set_versions", rate_card_set_id=card["rate_card_set_id"]):
            _version(box, card, version)


def _set_version_made(box: Box, before: Record, version: Record) -> None:
    """A set's version has one of each of its cards."""
    if not before:
        for card in box.store.find("rate_cards", rate_card_set_id=version["rate_card_set_id"]):
            _version(box, card, version)


def _version(box: Box, card: Record, of: Record) -> None:
    id = str(box.store.next_number("rate_card_versions"))
    made = {"id": id, "rate_card_id": card["id"], "rate_card_set_version_id": of["id"], "default_rate": 0}
    box.store.insert("rate_card_versions", id, made | {"created_at": of["created_at"], **_touched(box)})


_INVOICE: Final = names(
    "time_entry_ids expense_ids billing_milestone_ids payment_schedule invoice_date user_invoice_number draft message"
    " user_invoice_title purchase_order project_code external_reference"
)
BILLING: Final[Mapping[str, Kind]] = {
    "invoices": Kind(
        singular="invoice",
        subject="Invoice",
        creates=_INVOICE
        | names("workspace_id workspace_ids fixed_fee_items additional_items tax_rate suppress_emails"),
        updates=_INVOICE,
        shape=_invoice,
        settle=_settle,
        releases=let_go,
        many={
            **REFERENCES,
            "workspaces": ("workspace_ids", "workspaces", ""),
            "time_entries": ("time_entry_ids", "time_entries", ""),
            "expenses": ("expense_ids", "expenses", ""),
            "billing_milestones": ("billing_milestone_ids", "billing_milestones", ""),
            "fixed_fee_items": ("fixed_fee_item_ids", "fixed_fee_items", ""),
            "additional_items": ("additional_item_ids", "additional_items", ""),
        },
    ),
    "billing_milestones": Kind(
        singular="billing_milestone",
        subject="BillingMilestone",
        creates=names("title date_to_invoice amount_in_cents workspace_id story_id billing_type currency"),
        updates=names("title date_to_invoice amount_in_cents"),
        shape=_milestone,
    ),
    "roles": Kind(
        singular="role", subject="Role", creates=names("name"), updates=names("name"), shape=_needing("name")
    ),
    "rate_card_sets": Kind(
        singular="rate_card_set",
        subject="RateCardSet",
        creates=names("title"),
        updates=names("title"),
        shape=_needing("title", account_default=False),
        filters=frozenset(),
    ),
    "rate_card_set_versions": Kind(
        singular="rate_card_set_version",
        subject="RateCardSetVersion",
        creates=names("rate_card_set_id effective_date"),
        updates=names("effective_date"),
        shape=_needing("rate_card_set_id", active=False, effective_date=None),
        settle=_set_version_made,
        filters=names("rate_card_set_id"),
    ),
    "rate_cards": Kind(
        singular="rate_card",
        subject="RateCard",
        creates=names("rate_card_set_id rate_card_set_version_id currency external_reference"),
        updates=names("currency"),
        shape=_needing("rate_card_set_id", "currency", uses=0, removable=True),
        settle=_card_made,
        filters=names("rate_card_set_id"),
        one={"rate_card_set": ("rate_card_set_id", "rate_card_sets")},
        many={**REFERENCES, "rate_card_versions": ("rate_card_version_ids", "rate_card_versions", "rate_card_id")},
    ),
    "rate_card_versions": Kind(
        singular="rate_card_version",
        subject="RateCardVersion",
        creates=frozenset(),
        updates=names("default_rate"),
        shape=_needing(),
        filters=names("rate_card_id rate_card_set_version_id"),
        deletable=False,
        one={
            "rate_card": ("rate_card_id", "rate_cards"),
            "rate_card_set_version": ("rate_card_set_version_id", "rate_card_set_versions"),
        },
        many={"rate_card_roles": ("rate_card_role_ids", "rate_card_roles", "rate_card_version_id")},
    ),
    "rate_card_roles": Kind(
        singular="rate_card_role",
        subject="RateCardRole",
        creates=names("rate_card_version_id role_id rate"),
        updates=names("rate"),
        shape=_needing("rate_card_version_id", "role_id", "rate"),
        filters=names("rate_card_version_id"),
        one={"role": ("role_id", "roles")},
    ),
}
