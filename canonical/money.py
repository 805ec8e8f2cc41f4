"""Money: an exact decimal amount and its ISO 4217 currency. No float ever touches either."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Final, Self

import msgspec

from canonical.base import Value
from canonical.classes import FINANCIAL, classed

_MINOR_UNITS: Final = {
    # ISO 4217: the currencies whose minor unit is not two digits.
    **dict.fromkeys(("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF").split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}

Currency = Annotated[
    str, classed("public", pattern="^[A-Z]{3}$", description="ISO 4217 code"), msgspec.Meta(examples=["USD"])
]


def minor_units(currency: str) -> int:
    """Digits behind the point of a posted amount (ISO 4217): 2 for EUR, 0 for JPY, 3 for KWD."""
    return _MINOR_UNITS.get(currency, 2)


class Money(Value, frozen=True, kw_only=True):
    """An amount in one currency.

    Arithmetic and comparison between two currencies raise `ValueError`: nothing is ever converted silently.
    """

    amount: Annotated[Decimal, FINANCIAL]
    currency: Currency

    def __post_init__(self) -> None:
        if not self.amount.is_finite():
            raise ValueError(f"{self.amount} is not an amount of money")

    @classmethod
    def of(cls, amount: Decimal | int | str, currency: str) -> Self:
        """From exact input; a float is refused with `TypeError`, since it has lost cents already."""
        if isinstance(amount, float):
            raise TypeError("money is never made from a float: pass Decimal, int or str")
        return cls(amount=Decimal(amount), currency=currency)

    @classmethod
    def from_minor(cls, units: int, currency: str) -> Self:
        """From integer minor units: 12345 EUR cents are 123.45; 500 JPY are 500."""
        return cls(amount=Decimal(units).scaleb(-minor_units(currency)), currency=currency)

    def to_minor(self) -> int:
        """In integer minor units; `ValueError` when the amount is finer than the currency's minor unit."""
        scaled = self.amount.scaleb(minor_units(self.currency))
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{self} is finer than the minor unit of {self.currency}: quantize it first")
        return int(scaled)

    def quantize(self, rounding: str = ROUND_HALF_UP) -> Self:
        """Rounded to the currency's minor unit, as a posted amount must be."""
        step = Decimal(1).scaleb(-minor_units(self.currency))
        return type(self)(amount=self.amount.quantize(step, rounding=rounding), currency=self.currency)

    def same(self, other: Self) -> bool:
        """Equal value and currency; `100` and `100.00` are the same money."""
        return self.currency == other.currency and self.amount == other.amount

    def __add__(self, other: Self) -> Self:
        return type(self)(amount=self.amount + self._amount_of(other), currency=self.currency)

    def __sub__(self, other: Self) -> Self:
        return type(self)(amount=self.amount - self._amount_of(other), currency=self.currency)

    def __le__(self, other: Self) -> bool:
        return self.amount <= self._amount_of(other)

    def __lt__(self, other: Self) -> bool:
        return self.amount < self._amount_of(other)

    def __str__(self) -> str:
        return f"{self.currency} {self.quantize().amount:,f}"

    def _amount_of(self, other: Self) -> Decimal:
        if self.currency != other.currency:
            raise ValueError(f"{self} and {other} are in different currencies and cannot be combined")
        return other.amount


def split(total: Money, weights: list[Decimal]) -> list[Money]:
    """`total` shared out by `weights` in whole minor units; the parts always sum to the total exactly.

    The remainder goes to the last part. `ValueError` when there are no weights, or they sum to nothing.
    """
    whole = sum(weights, Decimal(0))
    if not weights or whole <= 0:
        raise ValueError("money is split by at least one weight, and the weights sum to more than zero")
    parts = [Money(amount=total.amount * weight / whole, currency=total.currency).quantize() for weight in weights[:-1]]
    spent = sum((part.amount for part in parts), Decimal(0))
    return [*parts, Money(amount=total.amount - spent, currency=total.currency)]
