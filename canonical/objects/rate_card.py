"""What an hour costs the customer, by role. Owner: contract or PSA. What it costs the firm is not here."""

from datetime import date
from typing import Annotated

from canonical.base import Envelope, Value
from canonical.classes import PUBLIC
from canonical.money import Currency, Money


class Rate(Value, frozen=True, kw_only=True):
    """The price of one role, for a unit of work."""

    role: Annotated[str, PUBLIC]
    price: Money
    unit: Annotated[str, PUBLIC] = "HUR"
    """UN/ECE Recommendation 20: HUR hours, DAY days."""
    valid_from: Annotated[date | None, PUBLIC] = None


class RateCard(Envelope, frozen=True, kw_only=True):
    """A price list for work. A role that it does not name has no price: nothing is assumed."""

    name: Annotated[str, PUBLIC]
    currency: Currency
    valid_from: Annotated[date | None, PUBLIC] = None
    valid_to: Annotated[date | None, PUBLIC] = None
    rates: list[Rate] = []
