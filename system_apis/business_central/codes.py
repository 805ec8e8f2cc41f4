"""Business Central's words and what they mean in ours. A word of a list that holds a blank is escaped on the wire."""

import re
from collections.abc import Mapping
from typing import Final, Literal, get_args

from canonical.faults import Drifted
from canonical.objects import ContractType, ProjectStage
from foundation.vendor_values import meaning, unknown

ContractStatus = Literal["draft", "in_approval", "active", "expired", "cancelled"]

JOB_STATUSES: Final = ("Planning", "Quote", "Open", "Completed")
JOB_BLOCKS: Final = (" ", "Posting", "All")
STAGES: Final[Mapping[ProjectStage, tuple[str, str]]] = {
    # Stage -> status and block. A block on posting lets a project be planned and changed, and takes no cost.
    "planned": ("Planning", " "),
    "active": ("Open", " "),
    "on_hold": ("Open", "Posting"),
    "closed": ("Completed", " "),
    "cancelled": ("Completed", "All"),
}
_BY_HAND: Final[Mapping[str, ProjectStage]] = {
    # Pairs we never write: somebody set them.
    "Planning": "planned",
    "Quote": "planned",
    "Open": "on_hold",
    "Completed": "closed",
}
CLOSED: Final = "All"
"""The block of a customer that business is over with."""
CUSTOMER_BLOCKS: Final[Mapping[str, str]] = {
    " ": "",
    "Ship": "Shipping to it is blocked.",
    "Invoice": "Invoicing it is blocked.",
    "All": "It is blocked.",
}
CONTRACT_STATUSES: Final[Mapping[str, ContractStatus]] = {
    " ": "draft",
    "Draft": "draft",
    "In Approval": "in_approval",
    "Active": "active",
    "Expired": "expired",
    "Cancelled": "cancelled",
}
TAX_SCHEMES: Final = {"US": "EIN", "IN": "GSTIN", "DE": "USt-IdNr"}
"""What a tax number is called where the customer does not say; "VAT" anywhere else."""
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")


def plain(word: str) -> str:
    """`In_x0020_Approval` as `In Approval`; an empty word is the blank one."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), word) or " "


def escaped(word: str) -> str:
    """The other way."""
    return re.sub(r"\W", lambda found: f"_x{ord(found[0]):04X}_", word)


def stage(status: str, blocked: str) -> ProjectStage:
    """A project's stage; `Drifted` for a status or block we do not know."""
    pair = (plain(status), plain(blocked))
    exact = next((stage for stage, kept in STAGES.items() if kept == pair), None)
    found = exact or (_BY_HAND.get(pair[0]) if pair[1] in JOB_BLOCKS else None)
    if found is None:
        known = pair[0] in JOB_STATUSES
        raise unknown(pair[known], f"project.{'blocked' if known else 'status'}", system="business_central")
    return found


def hold(blocked: str) -> str:
    """Why a customer gets no credit, empty when it does; `Drifted` for a block we do not know."""
    return meaning(CUSTOMER_BLOCKS, plain(blocked), "customer.blocked", system="business_central")


def contract_status(word: str) -> ContractStatus:
    """What an order says of the contract."""
    return meaning(CONTRACT_STATUSES, plain(word), "salesOrder.contractStatus", system="business_central")


def status_word(status: str) -> str:
    """The word to write a contract's status in."""
    return escaped(next(word for word, known in CONTRACT_STATUSES.items() if known == status and word != " "))


def contract_type(kept: str) -> ContractType:
    """As we wrote it; an order or project somebody made by hand counts as time and material."""
    return next((kind for kind in get_args(ContractType) if kind == kept), "tm")


def carried(said: str, number: str) -> int | None:
    """The last amendment an order has, None for none; `Drifted` for what is no number."""
    if said and not said.isdecimal():
        raise Drifted(f"order {number} is carried up to {said!r}, which is no number", system="business_central")
    return int(said) if said else None
