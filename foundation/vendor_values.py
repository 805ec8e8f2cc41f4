"""A vendor's texts, numbers and words as values of ours. What cannot be one is `Drifted`, and says which it was."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Final, TypeVar

from canonical.faults import Drifted
from canonical.money import Money

_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_WHOLE_DIGITS: Final = 18
"""Of an amount before the point: with ten behind it, all that is kept anywhere."""
W = TypeVar("W", str, int)
T = TypeVar("T")


def meaning(words: Mapping[W, T], word: W, field: str, *, system: str, record: str = "") -> T:
    """What a word of a vendor's list stands for; `unknown` where we have none for it."""
    if word not in words:
        raise unknown(word, field, system=system, record=record)
    return words[word]


def unknown(word: object, field: str, *, system: str, record: str = "") -> Drifted:
    """The fault of a word that somebody added to a list, or that a vendor began to use.

    `field` is what the vendor calls it, with its object: `salesOrder.orderStatus`; it is a fact of the fault, too.
    `record` is the native id of the record that holds it, where it is known.
    """
    of = f" of {record}" if record else ""
    return Drifted(f"{field}{of} holds {word!r:.60}, for which we have no word", system=system, field=field)


def instant(text: str, *, system: str) -> datetime:
    """An ISO 8601 instant; one without an offset stays without."""
    try:
        return datetime.fromisoformat(text)
    except ValueError as wrong:
        raise Drifted(f"{text[:60]!r} is no instant: {wrong}", system=system) from wrong


def day(text: str, *, system: str) -> date:
    """An ISO 8601 date; of an instant, its first ten characters."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError as wrong:
        raise Drifted(f"{text[:60]!r} is no date: {wrong}", system=system) from wrong


def currency(code: str, *, system: str) -> str:
    """An ISO 4217 code."""
    if not _CURRENCY.fullmatch(code):
        raise Drifted(f"{code[:60]!r} is no currency", system=system)
    return code


def money(amount: Decimal, code: str, *, system: str) -> Money:
    """An amount that can be kept, in a currency there is."""
    if not amount.is_finite() or amount.adjusted() >= _WHOLE_DIGITS:
        raise Drifted(f"{amount!s:.60} is no amount of money", system=system)
    return Money(amount=amount, currency=currency(code, system=system))


def share(percent: Decimal | None, *, system: str) -> Decimal | None:
    """A share of one, where a system says how many of a hundred."""
    if percent is not None and not percent.is_finite():
        raise Drifted(f"{percent!s:.60} is no percentage", system=system)
    return None if percent is None else percent / 100
