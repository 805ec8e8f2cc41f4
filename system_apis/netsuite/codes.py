"""NetSuite's codes and what they mean in our words. The project statuses are the ids every new account has."""

from typing import Final, Literal, get_args

from canonical.objects import ContractType, ProjectStage
from foundation.vendor_values import meaning, unknown

STAGES: Final[dict[ProjectStage, tuple[str, bool]]] = {
    # Stage -> project status and `isInactive`: an inactive project takes neither time nor cost.
    "planned": ("4", True),
    "active": ("2", False),
    "on_hold": ("4", False),
    "closed": ("1", True),
    "cancelled": ("3", True),
}
_LOOSE_STAGES: Final[dict[str, ProjectStage]] = {
    # Pairs we never write, made by hand in NetSuite: 1 closed, 2 in progress, 3 not awarded, 5 awarded.
    "1": "closed",
    "2": "on_hold",
    "3": "cancelled",
    "5": "active",
}
BILLING_TYPES: Final[dict[ContractType, str]] = {
    "tm": "TM",
    "nte": "TM",
    "fixed": "FBI",
    "retainer": "FBI",
    "milestone": "FBM",
    "managed": "CB",
}
BY_MILESTONE: Final = "FBM"
BY_INTERVAL: Final = "FBI"
TAX_SCHEMES: Final = {"US": "EIN", "IN": "GSTIN", "DE": "USt-IdNr"}
"""What a tax number is called where the customer does not say; "VAT" anywhere else."""

OrderMeaning = Literal["in_approval", "active", "cancelled"]
_PENDING_APPROVAL: Final = "A"
_PENDING_FULFILMENT: Final = "B"
_ORDERS: Final[dict[str, OrderMeaning]] = {
    # C is cancelled, H closed; D to G are stages of fulfilment and billing.
    _PENDING_APPROVAL: "in_approval",
    _PENDING_FULFILMENT: "active",
    "C": "cancelled",
    **dict.fromkeys("DEFG", "active"),
    "H": "cancelled",
}


def order_status(status: str) -> str:
    """The status to write an order in. An order is closed by its lines, not by its status."""
    return _PENDING_APPROVAL if status in ("draft", "in_approval") else _PENDING_FULFILMENT


def order_meaning(code: str) -> OrderMeaning:
    """What an order's status says of the contract; `Drifted` for one we do not know."""
    return meaning(_ORDERS, code, "salesOrder.orderStatus", system="netsuite")


def stage(status: str, *, inactive: bool) -> ProjectStage:
    """A project's stage; `Drifted` for a status we do not know."""
    exact = (stage for stage, kept in STAGES.items() if kept == (status, inactive))
    found = next(exact, None) or _LOOSE_STAGES.get(status)
    if found is None:
        raise unknown(status, "job.entityStatus", system="netsuite")
    return found


def contract_type(kept: str) -> ContractType:
    """As we wrote it; an order or project somebody made by hand counts as time and material."""
    return next((kind for kind in get_args(ContractType) if kind == kept), "tm")
