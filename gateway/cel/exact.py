"""What a rule can do with money, decimals, dates and instants: exactly, or not at all.

CEL has no decimals: its numbers are 64-bit integers and floats. So these values travel through an expression as text
that only the functions here can read (`M|12.50|EUR`), the checker knows them as types without fields or operators, and
what cannot be said exactly is an error, which breaks the rule.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Clamped, Context, Decimal, Inexact, InvalidOperation, Overflow, Rounded, Underflow
from typing import Any, Final

import msgspec

from canonical.money import Money

_EXACT: Final = Context(prec=80, traps=[Clamped, Inexact, InvalidOperation, Overflow, Rounded, Underflow])
"""Arithmetic that says when it would round."""
_CURRENCY: Final = 3
MADE: Final = ("money", "decimal", "date", "instant")
"""Functions that make such a value of text: where the text stands in the expression, it is checked when that is."""
COMPARED: Final = "compare money, decimals, dates and instants with same, lt and le"


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """One function: what it takes and gives, in the checker's names (`list(Money)`), and what it does."""

    overloads: tuple[tuple[tuple[str, ...], str], ...]
    call: Callable[..., Any]


def of_money(value: Money) -> str:
    """As it travels."""
    return f"M|{value.amount}|{value.currency}"


def of_decimal(value: Decimal) -> str:
    """As it travels."""
    return f"D|{value}"


def of_date(value: date) -> str:
    """As it travels."""
    return f"A|{value.isoformat()}"


def of_instant(value: datetime) -> str:
    """As it travels: in UTC, so that its text sorts as it does. Without a zone it is taken to be in UTC."""
    zoned = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return f"I|{zoned.astimezone(UTC).isoformat(timespec='microseconds')}"


def _money(amount: str, currency: str) -> str:
    if len(currency) != _CURRENCY or not currency.isascii() or not currency.isupper():
        raise ValueError(f"{currency!r} is no currency: write it as ISO 4217 does, like EUR")
    return of_money(Money(amount=_number(amount), currency=currency))


def _decimal(text: str) -> str:
    return of_decimal(_number(text))


def _date(text: str) -> str:
    try:
        return of_date(date.fromisoformat(text))
    except ValueError:
        raise ValueError(f"{text!r} is no date: write it like 2026-09-01") from None


def _instant(text: str) -> str:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no instant: write it like 2026-09-01T12:00:00Z") from None
    if found.tzinfo is None:
        raise ValueError(f"{text!r} has no zone: write Z or an offset at its end")
    return of_instant(found)


def _number(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is no number: write it like 12.50") from None
    if not found.is_finite():
        raise ValueError(f"{text!r} is no amount")
    return found


def _pair(one: str, other: str) -> tuple[Any, Any]:
    """Two values of one kind as what they sort by; money in one currency."""
    kind, first, second = one[0], one.split("|"), other.split("|")
    if kind == "M":
        _one_currency(first[2], second[2])
    if kind in "MD":
        return Decimal(first[1]), Decimal(second[1])
    return first[1], second[1]


def _one_currency(one: str, other: str) -> None:
    if one != other:
        raise ValueError(f"{one} and {other} are two currencies, and nothing is converted")


def _same(one: str, other: str) -> bool:
    first, second = _pair(one, other)
    return bool(first == second)


def _lt(one: str, other: str) -> bool:
    first, second = _pair(one, other)
    return bool(first < second)


def _le(one: str, other: str) -> bool:
    first, second = _pair(one, other)
    return bool(first <= second)


def _plus(one: str, other: str) -> str:
    first, second = _pair(one, other)
    return _like(one, _exactly(_EXACT.add, first, second))


def _minus(one: str, other: str) -> str:
    first, second = _pair(one, other)
    return _like(one, _exactly(_EXACT.subtract, first, second))


def _times(one: str, factor: str) -> str:
    return _like(one, _exactly(_EXACT.multiply, Decimal(one.split("|")[1]), Decimal(factor.split("|")[1])))


def _exactly(operation: Callable[[Decimal, Decimal], Decimal], one: Decimal, other: Decimal) -> Decimal:
    try:
        return operation(one, other)
    except (Clamped, Inexact, InvalidOperation, Overflow, Rounded, Underflow):
        raise ValueError("the numbers are too long or too far apart to be added or multiplied exactly") from None


def _like(value: str, amount: Decimal) -> str:
    kind, _, *currency = value.split("|")
    return "|".join([kind, str(amount), *currency])


def _sum(values: list[str], currency: str = "") -> str:
    """Of no money there is a sum only where its currency is said."""
    if not values and not currency:
        raise ValueError("there is nothing to sum: say the currency, sum(..., 'EUR')")
    total = f"M|0|{currency}" if currency else _like(values[0], Decimal(0))
    for value in values:
        total = _plus(total, value)
    return total


def _currency(value: str) -> str:
    return value.split("|")[2]


def _days(one: str, other: str) -> int:
    return (date.fromisoformat(other.split("|")[1]) - date.fromisoformat(one.split("|")[1])).days


_KINDS: Final = ("Money", "Decimal", "Date", "Instant")
_ORDER: Final = tuple(((kind, kind), "bool") for kind in _KINDS)
_NUMBERS: Final = ((("Money", "Money"), "Money"), (("Decimal", "Decimal"), "Decimal"))

FUNCTIONS: Final[Mapping[str, Function]] = {
    "money": Function(overloads=((("string", "string"), "Money"),), call=_money),
    "decimal": Function(overloads=((("string",), "Decimal"),), call=_decimal),
    "date": Function(overloads=((("string",), "Date"),), call=_date),
    "instant": Function(overloads=((("string",), "Instant"),), call=_instant),
    "same": Function(overloads=_ORDER, call=_same),
    "lt": Function(overloads=_ORDER, call=_lt),
    "le": Function(overloads=_ORDER, call=_le),
    "plus": Function(overloads=_NUMBERS, call=_plus),
    "minus": Function(overloads=_NUMBERS, call=_minus),
    "times": Function(overloads=((("Money", "Decimal"), "Money"), (("Decimal", "Decimal"), "Decimal")), call=_times),
    "sum": Function(
        overloads=(
            (("list(Money)",), "Money"),
            (("list(Decimal)",), "Decimal"),
            (("list(Money)", "string"), "Money"),
        ),
        call=_sum,
    ),
    "currency": Function(overloads=((("Money",), "string"),), call=_currency),
    "days": Function(overloads=((("Date", "Date"), "int"),), call=_days),
}
