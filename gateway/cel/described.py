"""Values of somebody else's types as an expression reads them: each as the document describes it, or refused."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from canonical.faults import FieldError, Invalid
from canonical.money import Money
from gateway.cel import exact
from gateway.cel.shapes import Described, Shape

_LARGEST: Final = 2**63


class Reading:
    """Makes of decoded JSON what an expression reads; `known` are the fields of an object that any can.

    A number behind a point must have been decoded as Decimal. Raises `Invalid`, by its JSON Pointer, for what is not
    as it is described.
    """

    def __init__(self, known: Callable[[Described], Collection[str]], named: frozenset[str]) -> None:
        self._known, self._named = known, named

    def read(self, shape: Shape, value: Any, at: str = "") -> Any:
        """The value as it travels; `at` is its place."""
        if value is None:
            return None
        if shape.message is not None:
            held = _held(value, Mapping, "an object", at)
            return dict(self._fields(shape.message, held, at))
        if shape.kind == "list":
            return [self.read(_of(shape), each, f"{at}/{n}") for n, each in enumerate(_held(value, list, "a list", at))]
        if shape.kind == "map":
            entries = _held(value, Mapping, "an object", at).items()
            return {k: self.read(_of(shape), each, _below(at, k)) for k, each in entries if each is not None}
        try:
            return _READ[shape.kind](value)
        except (ValueError, TypeError, InvalidOperation, OverflowError):
            raise _unlike(_SAID[shape.kind], at) from None

    def _fields(self, message: Described, value: Mapping[str, Any], at: str) -> Iterator[tuple[str, Any]]:
        for name in self._named & set(self._known(message)):
            if value.get(name) is not None:
                yield name, self.read(message.fields[name], value[name], _below(at, name))


def _of(shape: Shape) -> Shape:
    assert shape.item is not None
    return shape.item


def _held(value: Any, kind: Any, said: str, at: str) -> Any:
    if not isinstance(value, kind):
        raise _unlike(said, at)
    return value


def _unlike(said: str, at: str) -> Invalid:
    return Invalid("A rule cannot read it.", errors=[FieldError(pointer=at, detail=f"is not {said}")])


def _below(at: str, name: str) -> str:
    return f"{at}/{name.replace('~', '~0').replace('/', '~1')}"


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _number(value: Any) -> Decimal:
    """Text is taken for a number too: a decimal is mostly sent so."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise TypeError
    found = Decimal(value)
    if not found.is_finite():
        raise ValueError
    return found


def _int(value: Any) -> int:
    """JSON Schema calls 3.0 an integer too."""
    found = _number(None if isinstance(value, str) else value)
    if found != found.to_integral_value() or not -_LARGEST <= found < _LARGEST:
        raise ValueError
    return int(found)


def _double(value: Any) -> float:
    return float(_number(None if isinstance(value, str) else value))


def _money(value: Any) -> str:
    return exact.of_money(Money(amount=_number(value["amount"]), currency=_string(value["currency"])))


_READ: Final[Mapping[str, Callable[[Any], Any]]] = {
    "string": _string,
    "bool": _bool,
    "int": _int,
    "double": _double,
    "Decimal": lambda value: exact.of_decimal(_number(value)),
    "Date": lambda value: exact.of_date(date.fromisoformat(_string(value))),
    "Instant": lambda value: exact.of_instant(datetime.fromisoformat(_string(value))),
    "Money": _money,
}
_SAID: Final = {
    "string": "text",
    "bool": "true or false",
    "int": "an integer of 64 bits",
    "double": "a number",
    "Decimal": "a decimal number",
    "Date": "a date like 2026-09-01",
    "Instant": "an instant like 2026-09-01T12:00:00Z",
    "Money": "an amount and a currency",
}
