"""`$filter` as far as the Web API takes it: comparisons, `and`, `or`, `not`, three text functions, parentheses."""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from foundation.sandbox import Record
from system_apis.dataverse.sandbox.errors import invalid, no_column
from system_apis.dataverse.sandbox.schema import Column, Table

Test = Callable[[Record], bool]
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')"
    r"|(?P<instant>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?(?![\w-]))"
    r"|(?P<guid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>\w+)|(?P<mark>[(),]))"
)
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda one, other: bool(one == other),
    "ne": lambda one, other: bool(one != other),
    "gt": lambda one, other: bool(one > other),
    "ge": lambda one, other: bool(one >= other),
    "lt": lambda one, other: bool(one < other),
    "le": lambda one, other: bool(one <= other),
}
_TEXTS: Final[dict[str, Callable[[str, str], bool]]] = {
    "contains": lambda text, part: part in text,
    "startswith": lambda text, part: text.startswith(part),
    "endswith": lambda text, part: text.endswith(part),
}


def test_of(table: Table, text: str, hidden: Callable[[str], bool]) -> Test:
    """What a row must satisfy; `hidden` says whether a column is not there for us. Raises the vendor's 400."""
    return _Reader(table, text, hidden).read()


def value_of(column: Column, record: Record) -> Any:
    """A row's value, as it compares."""
    found = record.get(column.name)
    if found is None or column.type not in ("DateTime", "DateOnly"):
        return found.casefold() if isinstance(found, str) else found
    return datetime.fromisoformat(found).timestamp() if column.type == "DateTime" else found


class _Reader:
    def __init__(self, table: Table, text: str, hidden: Callable[[str], bool]) -> None:
        self._table, self._hidden, self._text = table, hidden, text
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if not found or not found.lastgroup:
                raise invalid(f"Syntax error at position {at} in '{text}'.")
            self._tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()

    def read(self) -> Test:
        found = self._either()
        if self._tokens:
            raise self._wrong()
        return found

    def _either(self) -> Test:
        tests = [self._both()]
        while self._takes("or"):
            tests.append(self._both())
        return (lambda row: any(test(row) for test in tests)) if len(tests) > 1 else tests[0]

    def _both(self) -> Test:
        tests = [self._one()]
        while self._takes("and"):
            tests.append(self._one())
        return (lambda row: all(test(row) for test in tests)) if len(tests) > 1 else tests[0]

    def _one(self) -> Test:
        if self._takes("not"):
            test = self._one()
            return lambda row: not test(row)
        if self._takes("("):
            inner = self._either()
            self._must(")")
            return inner
        kind, name = self._next()
        if kind == "name" and name in _TEXTS:
            return self._function(name)
        column = self._column(name)
        compare = self._next()[1]
        if compare not in _COMPARE:
            raise self._wrong()
        return _comparing(column, compare, self._value(column))

    def _function(self, name: str) -> Test:
        self._must("(")
        column = self._column(self._next()[1])
        self._must(",")
        part = str(self._value(column))
        self._must(")")
        return lambda row: _TEXTS[name](str(value_of(column, row) or ""), part)

    def _column(self, name: str) -> Column:
        column = next((each for each in self._table.columns.values() if each.wire == name), None)
        if column is None or self._hidden(column.name):
            raise no_column(self._table.name, name)
        return column

    def _value(self, column: Column) -> Any:
        kind, text = self._next()
        if kind == "name" and text in ("null", "true", "false"):
            return {"null": None, "true": True, "false": False}[text]
        if kind == "text":
            return text[1:-1].replace("''", "'").casefold()
        if kind == "guid":
            return text.lower()
        if kind == "instant":
            return datetime.fromisoformat(text).timestamp() if column.type == "DateTime" else text[:10]
        if kind == "number":
            return Decimal(text)
        raise self._wrong()

    def _next(self) -> tuple[str, str]:
        if not self._tokens:
            raise self._wrong()
        return self._tokens.pop(0)

    def _takes(self, word: str) -> bool:
        if self._tokens and self._tokens[0][1] == word and self._tokens[0][0] in ("name", "mark"):
            self._tokens.pop(0)
            return True
        return False

    def _must(self, word: str) -> None:
        if not self._takes(word):
            raise self._wrong()

    def _wrong(self) -> Exception:
        return invalid(f"Syntax error in '{self._text}'.")


def _comparing(column: Column, compare: str, wanted: Any) -> Test:
    def test(row: Record) -> bool:
        found = value_of(column, row)
        if compare in ("gt", "ge", "lt", "le") and (found is None or wanted is None):
            return False
        try:
            return _COMPARE[compare](found, wanted)
        except TypeError:
            raise invalid(f"A binary operator with incompatible types was detected at '{column.wire}'.") from None

    return test
