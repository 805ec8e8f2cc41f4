"""`$filter` of OData V2: comparisons, `and`, `or`, `not`, `substringof`, `startswith`, `endswith`; their literals."""

import operator
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from foundation.sandbox import Record
from system_apis.sap_s4hana.sandbox.entity_sets import EntitySet
from system_apis.sap_s4hana.sandbox.errors import refused, unknown_property

Test = Callable[[Record], bool]
Value = Callable[[Record], Any]

_TOKEN: Final = re.compile(
    r"\s*(datetimeoffset'[^']*'|datetime'[^']*'|guid'[^']*'|'(?:[^']|'')*'|-?\d+(?:\.\d+)?[MmLl]?|\w+(?:/\w+)*|[(),])"
)
_BOOLEANS: Final = {"true": True, "false": False}
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_FUNCTIONS: Final[dict[str, Callable[[str, str], bool]]] = {
    "substringof": lambda part, text: part in text,
    "startswith": lambda text, part: text.startswith(part),
    "endswith": lambda text, part: text.endswith(part),
}


def matching(entity_set: EntitySet, text: str, hidden: list[str]) -> Test:
    """The test a filter is; `Refused` with 400 for what cannot be read."""
    reading = _Reading(entity_set, text, hidden)
    test = reading.either()
    reading.end()
    return test


class _Reading:
    def __init__(self, entity_set: EntitySet, text: str, hidden: list[str]) -> None:
        self._set, self._hidden = entity_set, hidden
        self._tokens: list[str] = []
        at, text = 0, text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise _wrong(text[at : at + 20])
            self._tokens.append(match[1])
            at = match.end()

    def either(self) -> Test:
        left = self._both()
        while self._taken("or"):
            left = _either(left, self._both())
        return left

    def end(self) -> None:
        if self._tokens:
            raise _wrong(self._tokens[0])

    def _both(self) -> Test:
        left = self._one()
        while self._taken("and"):
            left = _both(left, self._one())
        return left

    def _one(self) -> Test:
        if self._taken("not"):
            inner = self._one()
            return lambda record: not inner(record)
        if self._taken("("):
            inner = self.either()
            self._expect(")")
            return inner
        called = self._tokens[:1] and self._tokens[0] in _FUNCTIONS
        left = self._value()
        if called and (not self._tokens or self._tokens[0] not in _COMPARE):
            return lambda record: bool(left(record))
        sign = self._next()
        if sign not in _COMPARE:
            raise _wrong(sign)
        right, compare = self._value(), _COMPARE[sign]

        def test(record: Record) -> bool:
            one, other = left(record), right(record)
            return compare(one, other) if one is not None and other is not None else sign == "ne" and one != other

        return test

    def _value(self) -> Value:
        token = self._next()
        if token in _FUNCTIONS:
            self._expect("(")
            first = self._value()
            self._expect(",")
            second = self._value()
            self._expect(")")
            function = _FUNCTIONS[token]
            return lambda record: function(first(record), second(record))
        if token in _BOOLEANS:
            return _constant(_BOOLEANS[token])
        if token.startswith("'"):
            return _constant(token[1:-1].replace("''", "'"))
        if token.startswith("datetime'"):
            return _constant(token.split("'")[1][:10])
        if token.startswith("datetimeoffset'"):
            return _constant(_instant(token.split("'")[1]))
        if "'" in token:
            return _constant(token.split("'")[1])
        if re.fullmatch(r"-?\d.*", token):
            return _constant(Decimal(token.rstrip("MmLl")))
        return self._property(token)

    def _property(self, name: str) -> Value:
        known = self._set.properties.get(name)
        if known is None or f"{self._set.name}.{name}" in self._hidden:
            raise unknown_property(name, self._set.type)
        if known.kind == "amount":
            return lambda record: None if record.get(name) is None else Decimal(record[name])
        if known.kind == "bool":
            return lambda record: bool(record.get(name))
        if known.kind == "stamp":
            return lambda record: datetime.fromisoformat(record[name]) if record.get(name) else None
        return lambda record: record.get(name) or ("" if known.kind == "text" else None)

    def _next(self) -> str:
        if not self._tokens:
            raise _wrong("the end")
        return self._tokens.pop(0)

    def _taken(self, token: str) -> bool:
        if self._tokens[:1] != [token]:
            return False
        self._tokens.pop(0)
        return True

    def _expect(self, token: str) -> None:
        if not self._taken(token):
            raise _wrong(self._tokens[0] if self._tokens else "the end")


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as wrong:
        raise _wrong(text) from wrong


def _constant(value: Any) -> Value:
    return lambda _: value


def _either(left: Test, right: Test) -> Test:
    return lambda record: left(record) or right(record)


def _both(left: Test, right: Test) -> Test:
    return lambda record: left(record) and right(record)


def _wrong(token: str) -> Exception:
    return refused(
        400, "005056A509B11ED1BDCCB3B7B3C28E3C", f"Invalid parametertype used at function '$filter' near '{token}'"
    )
