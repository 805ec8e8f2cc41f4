"""SAP's codes and what they mean in our words."""

from typing import Final, get_args

from canonical.faults import FieldError, Invalid
from canonical.objects import ContractType, ProjectStage
from foundation.vendor_values import meaning
from system_apis.sap_s4hana.odata import SYSTEM

STAGES: Final[dict[ProjectStage, str]] = {
    # Stage -> processing status: 00 created, 10 released, 20 completed, 40 closed. The word itself stands beside it.
    "planned": "00",
    "active": "10",
    "on_hold": "20",
    "closed": "40",
    "cancelled": "40",
}
CREATED, RELEASED = STAGES["planned"], STAGES["active"]
_BY_HAND: Final[dict[str, ProjectStage]] = {"00": "planned", "10": "active", "20": "closed", "40": "closed"}
"""What a status means whose word is missing or does not belong to it: somebody set it in SAP."""

TAX_TYPES: Final = {("DE", "USt-IdNr"): "DE0", ("IN", "GSTIN"): "IN3", ("US", "EIN"): "US2"}
"""Country and scheme -> tax number category; anywhere else the VAT number, `<country>0`."""

BILLING_BLOCK: Final = "01"
"""Set on a contract that is not agreed yet: nothing of it is billed."""
REJECTED: Final = "00"
"""Reason for rejection on the items of a contract that is over."""

KEY_TYPE: Final = "ZTGKEY"
PERSON_KEY_TYPE: Final = "ZTGPER"
"""Our keys of customers, and of persons: a type of identification is for one category of partners."""
PERSON: Final = "1"
"""The category of business partners that are persons."""
CONTACT_ROLE: Final = "BUP001"
CONTACT_OF: Final = "BUR001"
"""The category of the relationship `is contact person of`."""
FOR_GOOD: Final = "9999-12-31T00:00:00"
CUSTOMER_ROLES: Final = ("FLCU00", "FLCU01")
"""A debtor in accounting, and in sales."""
MATERIAL: Final = "TIERGATE-SERVICES"
PRICE: Final = "PPR0"


def stage(status: str, word: str) -> ProjectStage:
    """A project's stage; `Drifted` for a status we do not know."""
    ours = next((each for each in STAGES if each == word), None)
    if ours is not None and STAGES[ours] == status:
        return ours
    return meaning(_BY_HAND, status, "A_EnterpriseProject.ProcessingStatus", system=SYSTEM)


def contract_type(kept: str) -> ContractType:
    """As we wrote it; what somebody made by hand counts as time and material."""
    return next((kind for kind in get_args(ContractType) if kind == kept), "tm")


def terms(said: str) -> str:
    """The key of payment terms: `Net 30` is NT30; a key of four characters is one already."""
    days = said.removeprefix("Net ")
    key = f"NT{int(days):02d}" if said.startswith("Net ") and days.isdigit() else said
    if len(key) > 4:
        detail = f"SAP keeps payment terms as a key of four characters; {said!r} is none"
        raise Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer="/payment_terms")])
    return key


def terms_said(key: str) -> str:
    """The same back."""
    days = key.removeprefix("NT")
    return f"Net {int(days)}" if key.startswith("NT") and days.isdigit() else key


def tax_type(country: str, scheme: str) -> str:
    """The category a tax number is kept under."""
    return TAX_TYPES.get((country, scheme), f"{country}0")


def tax_meaning(kept: str) -> tuple[str, str]:
    """Country and scheme of a category."""
    known = next((pair for pair, code in TAX_TYPES.items() if code == kept), None)
    return known or (kept[:2], "VAT")
