"""The rules of orders: drafts that are submitted or not, versions, lines that are cancelled, and their billing."""

from decimal import Decimal
from typing import Any, Final

from foundation.sandbox import Box, Record
from system_apis.oracle_fusion.sandbox.errors import refused

DRAFT: Final = "DOO_DRAFT"
OPEN: Final = "OPEN"
CANCELLED: Final = "CANCELED"
NEW: Final = "NOT_STARTED"
_TAKEN: Final = "The application successfully imported the sales order."
_NOT_SUBMITTED: Final = "The application didn't submit the sales order because it failed validation."
KIND: Final = "salesOrdersForOrderHub"


def numbered(box: Box, record: Record, _: Record) -> None:
    """A new order: what it is called, and that it is a draft."""
    record["OrderKey"] = f"{record['SourceTransactionSystem']}:{record['SourceTransactionId']}"
    record |= {"HeaderId": record["_id"], "OrderNumber": str(100000 + box.store.next_number("order"))}
    record |= {"StatusCode": DRAFT, "ChangeVersionNumber": 1}


def line(box: Box, record: Record, order: Record) -> None:
    """A new line, of an item that its business unit's organization has."""
    if _item(box, order, record["ProductNumber"]) is None:
        words = f"The value {record['ProductNumber']} for the attribute ProductNumber is not valid."
        raise refused(words, "DOO_INVALID_PRODUCT", "/ProductNumber")
    if Decimal(str(record["OrderedQuantity"])) <= 0:
        raise refused("The ordered quantity must be more than zero.", "DOO_INVALID_QUANTITY", "/OrderedQuantity")
    record["StatusCode"] = NEW


def item(box: Box, record: Record, _: Record) -> None:
    """A new item."""
    record["OrganizationId"] = sum(str(record["OrganizationCode"]).encode())
    record["LastUpdateDateTime"] = box.now().isoformat(timespec="milliseconds")


def begun(record: Record) -> None:
    """Whatever is changed begins a version, which is a draft until it is submitted."""
    if record["StatusCode"] in ("CLOSED", CANCELLED):
        raise refused(f"The order {record['OrderNumber']} is over and cannot be changed.", "DOO_ORDER_CLOSED")
    if record["StatusCode"] != DRAFT:
        record["ChangeVersionNumber"] += 1
    record["SubmittedFlag"] = False


def cancelled(record: Record, row: Record, before: Record) -> None:
    """A line of nothing is cancelled, unless it is billed; one of a draft has to be deleted."""
    if Decimal(str(row["OrderedQuantity"])) != 0 or before.get("StatusCode") == CANCELLED:
        return
    if record["StatusCode"] == DRAFT:
        raise refused("A line of a draft cannot be canceled.", "DOO_LINE_DRAFT", "/OrderedQuantity")
    if row["lineDetails"]:
        raise refused("A billed line cannot be canceled.", "DOO_LINE_BILLED", "/OrderedQuantity")
    if not row.get("CancelReason"):
        raise refused("A canceled line needs a reason.", "DOO_NO_CANCEL_REASON", "/CancelReason")
    row["StatusCode"] = CANCELLED


def valid(box: Box, record: Record, _: Record) -> None:
    """Whose it is is looked at at once; all else when it is submitted, and then only a message tells."""
    for name, kind in (("BuyingPartyNumber", "accounts"), ("BusinessUnitName", "finBusinessUnitsLOV")):
        if not box.store.find(kind, **{"PartyNumber" if kind == "accounts" else name: record[name]}):
            raise refused(f"The value {record[name]} for {name} is not valid.", "DOO_INVALID_VALUE", f"/{name}")
    for each in record["billToCustomer"]:
        if not box.store.find("customerAccountSitesLOV", AccountNumber=each["AccountNumber"]):
            raise refused("The bill-to account is not valid.", "DOO_INVALID_BILL_TO", "/AccountNumber")
    if not record.get("SubmittedFlag"):
        record |= {"StatusCode": DRAFT, "MessageText": _TAKEN}
        return
    rows = record["lines"]
    standing = [each for each in rows if each["StatusCode"] != CANCELLED]
    found = [_item(box, record, each["ProductNumber"]) for each in standing]
    if not rows or any(each is None or not each.get("CustomerOrderEnabledFlag") for each in found):
        record |= {"StatusCode": DRAFT, "SubmittedFlag": False, "MessageText": _NOT_SUBMITTED}
        return
    for each in standing:
        each["StatusCode"] = "AWAIT_BILLING"
    record |= {"StatusCode": OPEN if standing else CANCELLED, "MessageText": _TAKEN}


def only_new(row: Record) -> None:
    """A line that was submitted is cancelled, not deleted."""
    if row["StatusCode"] != NEW:
        raise refused("A line of a submitted order cannot be deleted.", "DOO_LINE_SUBMITTED")


def billed(box: Box, order_key: str) -> None:
    """What the firm's billing does later: the first line is on an invoice."""
    (record,) = box.store.find(KIND, OrderKey=order_key)
    row: Record = record["lines"][0]
    detail = {"_id": row["_id"] + 500000, "_version": 0, "FulfillLineDetailId": row["_id"] + 500000}
    row["lineDetails"] = [detail | {"BillingTransactionNumber": "500123", "BillingTransactionDate": None}]
    row["StatusCode"] = "BILLED"
    box.store.update(KIND, str(record["_id"]), {"lines": record["lines"]})


def _item(box: Box, order: Record, number: Any) -> Record | None:
    units = box.store.find("finBusinessUnitsLOV", BusinessUnitName=order.get("BusinessUnitName"))
    organization = units[0].get("_organization") if units else None
    found = box.store.find("itemsV2", OrganizationCode=organization, ItemNumber=number)
    return found[0] if found else None
