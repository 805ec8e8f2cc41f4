"""Tryton's words and what they mean in ours."""

from collections.abc import Mapping
from typing import Final, Literal, get_args

from canonical.objects import ContractType, ProjectStage
from foundation.vendor_values import meaning, unknown
from system_apis.tryton.auth import SYSTEM

STAGES: Final[Mapping[ProjectStage, str]] = {
    "planned": "Planned",
    "active": "Active",
    "on_hold": "On Hold",
    "closed": "Closed",
    "cancelled": "Cancelled",
}
"""Stage -> the status a work has then; a firm makes these five."""
_BY_HAND: Final[Mapping[str, ProjectStage]] = {"Open": "active", "Done": "closed"}
"""What Tryton begins with: somebody chose them."""
PERIODS: Final = {"open": True, "closed": False, "locked": False}
"""Whether a period takes postings, by its state."""
CONTRACTS: Final = ("draft", "in_approval", "active", "cancelled", "expired")
SALES: Final = ("draft", "quotation", "confirmed", "processing", "done", "cancelled")
CONTACT: Final = "Contact of"
"""What the type of the relation is called in which a person is to the customer they are a contact of."""
SERVICE: Final = "TG-SERVICE"
"""The product whose accounts and taxes an invoice's lines have."""
PRODUCTS: Final[Mapping[str, Literal["service", "goods"]]] = {"service": "service", "goods": "goods", "assets": "goods"}
"""What a product is, by its type."""
TAXED: Final = "Tax Category"
"""The category whose children say how a product is taxed, by UN/CEFACT 5305."""
DISCOUNT: Final = "Discount"
"""The category of what takes off."""
INVOICES: Final = ("draft", "validated", "posted", "paid", "cancelled")
BY_TIME: Final = frozenset({"tm", "nte", "managed", "retainer"})
"""Contracts whose hours are billed as they are worked; of the others the billing plan says what is billed."""
SCHEMES: Final[Mapping[str, tuple[str, str]]] = {
    # What an identifier is called there -> country and scheme.
    "us_ein": ("US", "EIN"),
    "in_vat": ("IN", "GSTIN"),
    "de_vat": ("DE", "USt-IdNr"),
}


def stage(status: str) -> ProjectStage:
    """A work's stage; `Drifted` for a status we do not know."""
    known: dict[str, ProjectStage] = {**{name: stage for stage, name in STAGES.items()}, **_BY_HAND}
    return meaning(known, status, "project.work.status", system=SYSTEM)


def contract_status(state: str, kept: str) -> str:
    """What a sale says of its contract: cancelled there is cancelled; else as we wrote it, or a draft."""
    if state not in SALES:
        raise unknown(state, "sale.sale.state", system=SYSTEM)
    return "cancelled" if state == "cancelled" else next((word for word in CONTRACTS if word == kept), "draft")


def contract_type(kept: str) -> ContractType:
    """As we wrote it; what somebody made by hand counts as time and material."""
    return next((kind for kind in get_args(ContractType) if kind == kept), "tm")


def identifier_type(country: str) -> str:
    """What the tax number of a country is called."""
    return next((kind for kind, (known, _) in SCHEMES.items() if known == country), f"{country.lower()}_vat")


def scheme(kind: str) -> tuple[str, str] | None:
    """The country and scheme of a tax identifier; None for what is none."""
    if kind in SCHEMES:
        return SCHEMES[kind]
    return (kind[:2].upper(), "VAT") if kind.endswith("_vat") else None
