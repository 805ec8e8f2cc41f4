"""What Kantata has no field for: lines of a workspace's description, above whatever people write there.

Custom fields could hold it too, but they are records of their own, limited apart, and set up by each account.
"""

from collections.abc import Mapping
from typing import Final

from canonical.objects import Project

_LABELS: Final[Mapping[str, str]] = {
    "Customer": "account_id",
    "Legal entity": "legal_entity_id",
    "Contract": "contract_id",
    "Deal": "opportunity_id",
    "Billing": "billing_method",
    "Practice": "practice",
    "Project manager": "project_manager",
}
"""Label -> field of the project."""


def of(data: Project, so_far: str) -> str:
    """The description with our lines as the project has them, and people's own as they are."""
    ours = [f"{label}: {value}" for label, name in _LABELS.items() if (value := getattr(data, name))]
    theirs = [line for line in so_far.splitlines() if line.partition(": ")[0] not in _LABELS]
    return "\n".join([*ours, *theirs])


def read(description: str) -> dict[str, str]:
    """Field -> value of our lines; a line somebody removed is missing."""
    lines = (line.partition(": ") for line in description.splitlines())
    return {_LABELS[label]: value for label, _, value in lines if label in _LABELS}
