"""From when on a deal is prepared for before it is won: `policies/commitment.yaml`. Without the file: never.

probability: 85%                 # the CRM's own, or more
stages: [Verbal commitment]      # or in one of these, as the CRM calls them
"""

import re
from decimal import Decimal
from pathlib import Path
from typing import Final, Self

import msgspec

from gateway.conversion import convert
from gateway.loader import PolicyError, read

FILE: Final = "commitment.yaml"


class Percentage(Decimal):
    """From 0 to 1, said as a whole percentage: `85%`."""

    @classmethod
    def read(cls, said: object) -> Self:
        """From its text; `ValueError` when it is not one, or more than all."""
        match = re.fullmatch(r"(\d{1,3})%", str(said).strip())
        if match is None or int(match[1]) > 100:
            raise ValueError(f"{said!r} is not a percentage: write it like 90%")
        return cls(Decimal(match[1]) / 100)


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """From when on a deal is prepared for; one of the two is enough."""

    probability: Percentage | None = None
    """As likely as this in the CRM's own words, or more: `85%`."""
    stages: list[str] = []
    """Or in one of these stages, as the CRM calls them."""


def read_commitment(folder: Path) -> Committed:
    """What the folder's file says; nothing where it has none. Raises `PolicyError` with each wrong line."""
    path = folder / FILE
    if not path.exists():
        return Committed()
    problems: list[str] = []
    node = read(path, f"{folder.name}/{FILE}", {})
    found: Committed | None = convert(node, Committed, problems, "")
    if found is not None and found == Committed():
        problems.append(f"{node.where}: say probability, stages, or both; to prepare for no deal, leave the file out")
    if problems or found is None:
        raise PolicyError(problems)
    return found
