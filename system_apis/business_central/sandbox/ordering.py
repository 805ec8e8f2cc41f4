"""What the tables behind items and sales orders insist on: released orders are left alone, items exist and are sold.

The texts of refusals are those of the standard pages' and codeunits' source.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from foundation.sandbox import Box, Record
from system_apis.business_central.sandbox.errors import refused
from system_apis.business_central.sandbox.fields import NEVER, Page
from system_apis.business_central.sandbox.ledger import stamped

ORDERS: Final = "salesOrders"
LINES: Final = "salesOrderLines"
_GUARDED: Final = frozenset({"customerId", "currencyCode"})
"""Fields whose validation asks for an open order before it looks at the value."""
_FIXED: Final = {
    "sequence": "The value for sequence cannot be modified. Delete and insert the line again.",
    "lineObjectNumber": 'The value for "lineObjectNumber" cannot be modified.',
}


def completed(box: Box, company: str, page: Page, row: Record) -> None:
    """A new row: an order is of today where it does not say; a line is of an item that can be sold."""
    if page.set == ORDERS and row["orderDate"] == NEVER:
        row["orderDate"] = box.now().date().isoformat()
    if page.set != LINES:
        return
    _open(box, row["documentId"])
    if row["lineType"] != "Item":
        return
    found = box.store.find("items", _company=company, number=row["lineObjectNumber"])
    if not found:
        raise _dialog("Item does not exist.")
    (item,) = found
    for field, caption in (("blocked", "Blocked"), ("salesBlocked", "Sales Blocked")):
        if item[field]:
            words = f"{caption} must be equal to 'No' in Item: No.={item['number']}. Current value is 'Yes'."
            raise refused(400, "Application_FieldValidationException", words)
    row["description"] = row["description"] or item["displayName"]


def editable(box: Box, page: Page, row: Record, fields: Collection[str]) -> None:
    """Whether these fields of an order may be changed as it is; lines only while it is open."""
    if page.set == LINES:
        _open(box, row["documentId"])
    if page.set == ORDERS and _GUARDED & set(fields):
        _open(box, row["id"])


def fixed(page: Page, row: Record, changed: Record) -> None:
    """What a line is of, and where it stands, is never changed."""
    for name, words in _FIXED.items() if page.parent else ():
        if row.get(name) and changed[name] != row[name]:
            raise _dialog(words)


def release(box: Box, row: Record) -> None:
    """The bound action of our extension: the codeunit "Release Sales Document", for what is still wanted."""
    if row["status"] == "In_x0020_Review":
        raise _dialog("This document can only be released when the approval process is complete.")
    if row["contractStatus"] in ("Cancelled", "Expired"):
        raise _dialog(f"Order {row['number']} is cancelled.")
    if not any(line["quantity"] for line in box.store.find(LINES, documentId=row["id"])):
        words = f"There is nothing to release for the document of type Order with the number {row['number']}."
        raise _dialog(words)
    if row["status"] != "Open":
        box.store.update(ORDERS, row["id"], stamped(box, row | {"status": "Open", "releaseAgain": False}))


def reopen(box: Box, row: Record) -> None:
    """The bound action that makes a released order editable."""
    _archived(box, row)
    if row["status"] == "In_x0020_Review":
        raise _dialog("The approval process must be cancelled or completed to reopen this document.")
    if row["status"] != "Draft":
        box.store.update(ORDERS, row["id"], stamped(box, row | {"status": "Draft"}))


ACTIONS: Final[Mapping[str, Callable[[Box, Record], None]]] = {
    "Microsoft.NAV.release": release,
    "Microsoft.NAV.reopen": reopen,
}


def _open(box: Box, order_id: str) -> None:
    order = box.store.get(ORDERS, order_id)
    if order is not None:
        _archived(box, order)
    if order is not None and order["status"] != "Draft":
        words = (
            f"Status must be equal to 'Open' in Sales Header: Document Type=Order, No.={order['number']}."
            " Current value is 'Released'."
        )
        raise refused(400, "Application_FieldValidationException", words)


def _archived(box: Box, order: Record) -> None:
    """What is posted in full is gone, and shown from its archive: of that only fields of the extension are written."""
    lines = [line for line in box.store.find(LINES, documentId=order["id"]) if line["quantity"]]
    if lines and all(line["invoicedQuantity"] == line["quantity"] for line in lines):
        raise _dialog(f"Order {order['number']} is posted in full and can no longer be modified.")


def _dialog(words: str) -> Exception:
    return refused(400, "Application_DialogException", words)
