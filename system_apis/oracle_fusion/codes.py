"""Fusion's codes and what they mean in our words, and the names of what a pod has set up for us."""

from typing import Final, Literal, get_args

from canonical.objects import ContractType, ProjectStage
from foundation.vendor_values import meaning

SYSTEM: Final = "oracle_fusion"
SOURCE: Final = "TIERGATE"
"""What we are called wherever Fusion asks for a source: accounts, contracts, projects, billing events."""
CUSTOMER: Final = "ZCA_CUSTOMER"
ACTIVE: Final = "A"
INACTIVE: Final = "I"
"""The status of a party that takes no change any more, not even to be active again."""
CONTRACT_TYPE: Final = "Sell: Project Lines"
LINE_TYPE: Final = "Free-form, project"
BILL_PLAN: Final = "Tiergate"
BILL_METHOD: Final = "Tiergate Events"
EVENT_TYPE: Final = "Tiergate Billing"
HELD: Final = "Y"
NOT_HELD: Final = "N"
"""Whether a billing event waits, and is invoiced by nobody."""
ORDER_TYPE: Final = "STD"
"""The transaction type of orders."""
CONTEXT: Final = "TIERGATE"
"""The context of our segments in the extensible flexfield of an order's head, which is of the category below."""
CATEGORY: Final = "DOO_HEADERS_ADD_INFO"
CANCEL_REASON: Final = "Tiergate"
STRUCTURE: Final = "Primary"
"""Which of an item's structures is meant."""
TEMPLATE: Final = "TIERGATE"
"""Number of the project template."""
LABOR: Final = "Labor"
EXPENSES: Final = "Expenses"
"""Expenditure categories: whether cost of each may be charged to a project is a transaction control of it."""
NO_TASK: Final = "TG"
"""Number of the template's own task, which takes time that was entered on none."""
COST_SOURCE: Final = "Tiergate"
TIME_DOCUMENT: Final = "Tiergate Time"
TIME_ENTRY: Final = "Tiergate Time"
TIME_TYPE: Final = "Tiergate Time"
"""Transaction source, document, document entry and expenditure type of time."""
EXPENSE_DOCUMENT: Final = "Tiergate Expenses"
"""Document and document entry of expenses; their expenditure types are the categories themselves."""
OVERHEAD: Final = "TG-"
"""What the number of a legal entity's overhead project begins with, before its code: it takes expenses of none."""
HOURS: Final = "HOURS"
CURRENCY_UNIT: Final = "DOLLARS"
"""The unit of what is counted in money, of whatever currency."""
BATCH: Final = "Tiergate"
"""What an expenditure batch begins with; a week follows."""
RECEIVABLES: Final = 222
"""The application whose periods say whether one may bill."""

STAGES: Final[dict[ProjectStage, str]] = {
    # Stage -> project status. `ACTIVE` and `CLOSED` are in every pod, the others are made for us.
    "planned": "TG_PLANNED",
    "active": "ACTIVE",
    "on_hold": "TG_ON_HOLD",
    "closed": "CLOSED",
    "cancelled": "TG_CANCELLED",
}
_BY_HAND: Final[dict[str, ProjectStage]] = {
    # Statuses we never write: somebody set them in Fusion.
    "DRAFT": "planned",
    "SUBMITTED": "planned",
    "APPROVED": "active",
    "PENDING_CLOSE": "closed",
}

ContractStatus = Literal["draft", "in_approval", "active", "cancelled", "expired"]
CONTRACT_STATUSES: Final[dict[ContractStatus, str]] = {
    "draft": "DRAFT",
    "in_approval": "PENDING_APPROVAL",
    "active": "ACTIVE",
    "cancelled": "CANCELED",
    "expired": "EXPIRED",
}
_CONTRACTS_BY_HAND: Final[dict[str, ContractStatus]] = {
    "PENDING_SIGNATURE": "in_approval",
    "UNDER_AMENDMENT": "active",
    "HOLD": "active",
    "CLOSED": "expired",
}
OPEN_PERIOD: Final = "O"
SCHEMES: Final = {"US": "EIN", "IN": "GSTIN", "DE": "USt-IdNr"}
"""What a tax number is called where the account does not say; "VAT" anywhere else."""


def placed(description: str | None) -> tuple[str, str, str]:
    """What a legal entity's lookup code says: country, zone, and the organization whose items it sells."""
    country, zone, organization, *_ = [*(description or "").split(), "", "", ""]
    return country, zone, organization


def stage(status: str | None) -> ProjectStage:
    """A project's stage; `Drifted` for a status we do not know."""
    known = {code: stage for stage, code in STAGES.items()} | _BY_HAND
    return meaning(known, status or "", "projects.ProjectStatusCode", system=SYSTEM)


def contract_status(status: str | None) -> ContractStatus:
    """A contract's status; `Drifted` for one we do not know."""
    known = {code: meaning for meaning, code in CONTRACT_STATUSES.items()} | _CONTRACTS_BY_HAND
    return meaning(known, status or "", "contracts.StatusCode", system=SYSTEM)


def contract_type(kept: str | None) -> ContractType:
    """As we wrote it; what somebody made by hand counts as time and material."""
    return next((kind for kind in get_args(ContractType) if kind == kept), "tm")


def terms(said: str) -> str | None:
    """The name of payment terms: `Net 30` is `30 Net`; any other name is one already."""
    days = said.removeprefix("Net ")
    return f"{days} Net" if said.startswith("Net ") and days.isdigit() else said or None


def terms_said(name: str | None) -> str:
    """The same back."""
    days = (name or "").removesuffix(" Net")
    return f"Net {days}" if name and name.endswith(" Net") and days.isdigit() else name or ""
