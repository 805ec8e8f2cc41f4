"""Lines of documents: how they are numbered, and how quantities, prices and what they come to are rounded there."""

from decimal import ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Final

from canonical.money import minor_units

STEP: Final = 10000
"""Between the numbers of two lines, as the vendor's own pages leave it."""
DIGITS: Final = 5
"""Decimals that quantities and prices have there."""


def rounded(amount: Decimal, currency: str) -> Decimal:
    """An amount as its currency is written."""
    return amount.quantize(Decimal(1).scaleb(-minor_units(currency)), ROUND_HALF_UP)


def digits(number: Decimal) -> int:
    """How many decimals a number has."""
    return -int(number.normalize().as_tuple().exponent)


def priced(quantity: Decimal, price: Decimal, net: Decimal, currency: str) -> tuple[Decimal, Decimal]:
    """A price and a discount at which so much comes to exactly that net: the price that is given, wherever it can be.

    A discount only ever takes off, so a price that comes to too little is raised in its last decimal.
    """
    if not quantity:
        return price.quantize(Decimal(1).scaleb(-DIGITS), ROUND_HALF_UP), Decimal(0)
    over = rounded(quantity * price, currency) - net
    if digits(price) > DIGITS or (over and (over < 0) != (net < 0)):
        price = (net / quantity).quantize(Decimal(1).scaleb(-DIGITS), ROUND_UP)
        over = rounded(quantity * price, currency) - net
    return price, over
