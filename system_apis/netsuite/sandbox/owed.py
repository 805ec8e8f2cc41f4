"""What NetSuite works out for invoices, credit memos and payments: totals, what is still open, and closed periods."""

from decimal import Decimal
from typing import Any, Final

from foundation.sandbox import Box, Record
from system_apis.netsuite.sandbox.errors import user_error

_SETTLING: Final = ("creditMemo", "customerPayment")


def derive(box: Box, kind: str, record: Record) -> None:
    """Totals from lines, and what is left of them. Tax is the account's own affair: there is none here."""
    if kind in ("invoice", "creditMemo"):
        lines = record.get("item", {}).get("items", [])
        total = sum((_number(line.get("amount")) for line in lines), Decimal(0))
        record |= {"subtotal": total, "taxTotal": Decimal(0), "total": total}
    if kind == "invoice":
        record["amountRemaining"] = record["total"] - _settled(box, str(record.get("id", "")))
    if kind in _SETTLING:
        left = "amountRemaining" if kind == "creditMemo" else "unapplied"
        whole = _number(record.get("total" if kind == "creditMemo" else "payment"))
        record[left] = whole - sum((amount for _, amount in _applied(record)), Decimal(0))


def check(box: Box, kind: str, record: Record) -> None:
    """Nothing posts into a closed period, and nothing is applied that is not there."""
    posts = kind in _SETTLING or (kind == "invoice" and record.get("approvalStatus") == {"id": "2"})
    day = record.get("tranDate", "")
    closed = box.store.find("accountingPeriod", closed=True)
    if posts and any(each["startDate"] <= day <= each["endDate"] for each in closed):
        raise user_error("You cannot post a transaction into a closed accounting period.")
    if kind in _SETTLING and _number(record.get("unapplied", record.get("amountRemaining"))) < 0:
        raise user_error("You cannot apply more than your total payments.")


def settle(box: Box, kind: str, record: Record) -> None:
    """Bring the invoices up to date that a credit or a payment is applied to."""
    if kind not in _SETTLING:
        return
    stamp = box.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    for invoice, _ in _applied(record):
        found = box.store.get("invoice", invoice)
        if found is not None:
            left = _number(found["total"]) - _settled(box, invoice)
            box.store.update("invoice", invoice, {"amountRemaining": left, "lastModifiedDate": stamp})


def _settled(box: Box, invoice: str) -> Decimal:
    every = [record for kind in _SETTLING for record in box.store.all(kind)]
    return sum((amount for record in every for doc, amount in _applied(record) if doc == invoice), Decimal(0))


def _applied(record: Record) -> list[tuple[str, Decimal]]:
    lines = (record.get("apply") or {}).get("items", [])
    applied = [line for line in lines if line.get("apply")]
    return [(line["doc"]["id"], _number(line.get("amount")) + _number(line.get("disc"))) for line in applied]


def _number(value: Any) -> Decimal:
    return Decimal(value or 0)
