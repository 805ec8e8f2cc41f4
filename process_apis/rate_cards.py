"""Whether a price list for work covers what is to be worked, for every workflow that asks."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from canonical.objects import RateCard

BY_THE_HOUR: Final = ("tm", "nte")
"""Ways of billing for which each role needs a rate."""


def lacking(card: RateCard, roles: Iterable[str], start: date | None, end: date | None) -> str:
    """Why a card does not cover these roles over these days; empty where it does."""
    if (card.valid_from and start and card.valid_from > start) or (card.valid_to and end and card.valid_to < end):
        return (
            f"{card.name} is in force from {card.valid_from or '...'} to {card.valid_to or '...'}, "
            f"the work runs from {start} to {end}."
        )
    known = {r.role.casefold() for r in card.rates if r.valid_from is None or start is None or r.valid_from <= start}
    missing = [role for role in dict.fromkeys(roles) if role.casefold() not in known]
    return f"{card.name} has no rate on {start} for {some(missing)}." if missing else ""


def some(items: list[str]) -> str:
    """The first few, and how many more."""
    return ", ".join(items[:3]) + (f" and {len(items) - 3} more" if len(items) > 3 else "")
