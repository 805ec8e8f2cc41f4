"""What a pod must have: the resources we use, with the attributes we map, those of children and our own among them."""

from collections.abc import Iterator
from typing import Any, Final, get_args, get_origin

import msgspec

from foundation.checking import Checked
from system_apis.oracle_fusion import (
    codes,
    contracts_wire,
    costs_wire,
    framework,
    orders_wire,
    people_wire,
    receivables_wire,
    setups_wire,
    wire,
)

PLACES: Final = {
    "accounts": wire.ACCOUNTS,
    "SourceSystemReference": wire.ACCOUNTS,
    "contacts": people_wire.CONTACTS,
    "contracts": wire.CONTRACTS,
    "projects": wire.PROJECTS,
    "projectTasks": wire.PROJECTS,
    "projectCosts": costs_wire.PROCESSED,
    "unprocessedProjectCosts": costs_wire.UNPROCESSED,
    "projectBillingEvents": wire.EVENTS,
    "itemsV2": orders_wire.ITEMS,
    "itemStructures": orders_wire.STRUCTURES,
    "salesOrdersForOrderHub": orders_wire.ORDERS,
    "lookupCodes": wire.ENTITIES,
    "receivablesInvoices": receivables_wire.INVOICES,
    "standardReceipts": receivables_wire.RECEIPTS,
    "customerAccountSitesLOV": receivables_wire.SITES,
}
SHAPES: Final[dict[str, tuple[type[Any], dict[str, str]]]] = {
    "accounts": (wire.Account, wire.ACCOUNT_WITH | {"q": f"SourceSystem='{codes.SOURCE}'"}),
    "SourceSystemReference": (wire.KnownAccount, wire.KNOWN_WITH | {"q": f"SourceSystem='{codes.SOURCE}'"}),
    "contacts": (people_wire.Contact, {"q": f"SourceSystem='{codes.SOURCE}'"}),
    "contracts": (contracts_wire.Contract, contracts_wire.CONTRACT_WITH | {"q": f"ExternalSourceKey='{codes.SOURCE}'"}),
    "projects": (wire.Project, wire.PROJECT_WITH | {"q": f"SourceApplicationCode='{codes.SOURCE}'"}),
    "projectTasks": (setups_wire.Project, setups_wire.PROJECT_WITH | {"q": f"SourceApplicationCode='{codes.SOURCE}'"}),
    "projectCosts": (costs_wire.Processed, costs_wire.PROCESSED_WITH),
    "unprocessedProjectCosts": (costs_wire.Waiting, costs_wire.WAITING_WITH),
    "projectBillingEvents": (wire.Event, wire.EVENT_WITH | {"q": f"SourceName='{codes.SOURCE}'"}),
    "itemsV2": (orders_wire.Item, orders_wire.ITEM_WITH),
    "itemStructures": (orders_wire.Structure, orders_wire.STRUCTURE_WITH | {"q": f"StructureName='{codes.STRUCTURE}'"}),
    "salesOrdersForOrderHub": (
        orders_wire.Order,
        orders_wire.ORDER_WITH | {"q": f"SourceTransactionSystem='{codes.SOURCE}'"},
    ),
    "lookupCodes": (wire.LookupCode, {}),
    "receivablesInvoices": (
        receivables_wire.Invoice,
        receivables_wire.INVOICE_WITH | {"q": f"TransactionSource='{codes.SOURCE}'"},
    ),
    "standardReceipts": (receivables_wire.Receipt, {}),
    "customerAccountSitesLOV": (receivables_wire.AccountSite, {}),
}
"""How one record is read. Only ours: a pod has contracts of other types, and projects of other people."""


def fields(shape: type[Any]) -> Iterator[str]:
    """The attributes of a shape; those of a child as `Child.Attribute`."""
    for each in msgspec.structs.fields(shape):
        if get_origin(each.type) is framework.Listed:
            (child,) = get_args(each.type)
            yield from (f"{each.encode_name}.{name}" for name in fields(child))
        elif each.encode_name != "links":
            yield each.encode_name


def description(place: str) -> str:
    """Where a resource describes itself; `place` is where its collection is."""
    root, version, rest = place.partition(f"{wire.VERSION}/")
    return f"{root}{version}{rest.partition('/')[0]}/describe"


def names(told: framework.Description, place: str) -> list[str]:
    """The same of a resource's description."""
    resource, _, child = place.rpartition(f"{wire.VERSION}/")[2].partition("/child/")
    found = told.resources.get(resource.partition("/")[0], framework.Described())
    return list(_named(found.children.get(child, framework.Described()) if child else found))


def _named(told: framework.Described) -> Iterator[str]:
    yield from (each.name for each in told.attributes)
    for name, child in told.children.items():
        yield from (f"{name}.{each}" for each in _named(child))


CHECKS: Final = tuple(Checked(object=name, fields=tuple(fields(shape))) for name, (shape, _) in SHAPES.items())
