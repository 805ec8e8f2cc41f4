"""What this org does by itself with orders: a number, a sum, and what an activated one does not take any more."""

from decimal import Decimal
from typing import Final

from foundation.sandbox import Box, Record
from foundation.sandbox.salesforce.errors import refused
from foundation.sandbox.salesforce.rows import update
from system_apis.salesforce.sandbox.schema import KINDS, ORDER_STATUSES

_DRAFT: Final = "Draft"
_ONLY_IN_DRAFT: Final = ("AccountId", "ContractId", "CurrencyIsoCode")


def order(box: Box, record: Record, before: Record) -> Record:
    """A new order is a draft, and is activated with a product at the least."""
    lines = box.store.find("OrderItem", OrderId=record["Id"], IsDeleted=False)
    category = ORDER_STATUSES[record["Status"]]
    changes: Record = {
        "StatusCode": category,
        "TotalAmount": sum((Decimal(each["TotalPrice"]) for each in lines), Decimal("0.00")),
    }
    if not before:
        changes["OrderNumber"] = f"{box.store.next_number('OrderNumber') + 100:08}"
        if category != _DRAFT:
            raise refused(400, "FAILED_ACTIVATION", "An order is created as a draft.", ["Status"])
        return changes
    if category != _DRAFT and not lines:
        raise refused(400, "FAILED_ACTIVATION", "An order must have at least one product.", ["Status"])
    if before["StatusCode"] != _DRAFT:
        if box.option("activated_orders_locked"):
            raise refused(403, "INSUFFICIENT_ACCESS_OR_READONLY", "You cannot edit activated orders.", [])
        if odd := [name for name in _ONLY_IN_DRAFT if record[name] != before[name]]:
            raise refused(400, "FIELD_INTEGRITY_EXCEPTION", "This can be changed of a draft only.", odd)
    return changes


def line(box: Box, record: Record, before: Record) -> Record:
    """What a product comes to; an activated order takes no more of them."""
    changes: Record = {"TotalPrice": Decimal(record["Quantity"]) * Decimal(record["UnitPrice"])}
    if before:
        return changes
    _draft(box, record)
    return changes | {"OrderItemNumber": f"{box.store.next_number('OrderItemNumber'):010}"}


def deleting_line(box: Box, record: Record) -> None:
    """A product of an activated order is not deleted."""
    _draft(box, record)


def summed(box: Box, _: Record, line: Record) -> None:
    """A product that is saved, or deleted, saves its order."""
    update(box, KINDS["order"], line["OrderId"], {})


def _draft(box: Box, line: Record) -> None:
    if (box.store.get("Order", line["OrderId"]) or {}).get("StatusCode") != _DRAFT:
        raise refused(400, "FIELD_INTEGRITY_EXCEPTION", "Products of an activated order stay as many.", ["OrderId"])
