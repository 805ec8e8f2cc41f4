"""`$filter` of OData v4 (Part 2, section 5.1.1): comparisons, `and`, `or`, `not`, three text functions, parentheses.

A vendor says what its names mean and how it complains:

    class Names:
        def column(self, name: str) -> Column: ...       # raises the vendor's refusal for a name it has not
        def wrong(self, words: str) -> Exception: ...    # the vendor's refusal of the whole
    test = read("name eq 'Acme' and (total gt 5 or not closed eq true)", Names())
    rows = [row for row in rows if test(row)]
"""

import re
from collections.abc import Callable
from typing import Any, Final, Protocol

from foundation.sandbox.store import Record

Test = Callable[[Record], bool]


class Column(Protocol):
    """A name in a filter."""

    def value(self, row: Record) -> Any:
        """A row's value, as it compares; None for null."""

    def literal(self, kind: str, text: str) -> Any:
        """What is written beside it, as it compares. `kind` is text, instant, guid, number or word (true, false)."""


class Names(Protocol):
    """What a filter of one table may speak of."""

    def column(self, name: str) -> Column:
        """The column of that name. Raises the vendor's refusal where there is none."""

    def wrong(self, words: str) -> Exception:
        """The vendor's refusal of a filter it cannot make sense of."""


_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')"
    r"|(?P<instant>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?(?![\w-]))"
    r"|(?P<guid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>\w+)|(?P<mark>[(),]))"
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


def read(text: str, names: Names) -> Test:
    """What a row must satisfy."""
    return _Reader(text, names).read()


class _Reader:
    def __init__(self, text: str, names: Names) -> None:
        self._text, self._names = text, names
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if not found or not found.lastgroup:
                raise names.wrong(f"Syntax error at position {at} in '{text}'.")
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
        if kind == "word" and name in _TEXTS:
            return self._function(name)
        column = self._names.column(name)
        compare = self._next()[1]
        if compare not in _COMPARE:
            raise self._wrong()
        return self._comparing(name, column, compare)

    def _function(self, name: str) -> Test:
        self._must("(")
        column = self._names.column(self._next()[1])
        self._must(",")
        part = str(self._value(column))
        self._must(")")
        return lambda row: _TEXTS[name](str(column.value(row) or ""), part)

    def _comparing(self, name: str, column: Column, compare: str) -> Test:
        wanted = self._value(column)

        def test(row: Record) -> bool:
            found = column.value(row)
            if compare in ("gt", "ge", "lt", "le") and (found is None or wanted is None):
                return False
            try:
                return _COMPARE[compare](found, wanted)
            except TypeError:
                words = f"A binary operator with incompatible types was detected at '{name}'."
                raise self._names.wrong(words) from None

        return test

    def _value(self, column: Column) -> Any:
        kind, text = self._next()
        if kind == "word":
            if text not in ("null", "true", "false"):
                raise self._wrong()
            return None if text == "null" else column.literal(kind, text)
        if kind == "mark":
            raise self._wrong()
        return column.literal(kind, text[1:-1].replace("''", "'") if kind == "text" else text)

    def _next(self) -> tuple[str, str]:
        if not self._tokens:
            raise self._wrong()
        return self._tokens.pop(0)

    def _takes(self, word: str) -> bool:
        if self._tokens and self._tokens[0][1] == word and self._tokens[0][0] in ("word", "mark"):
            self._tokens.pop(0)
            return True
        return False

    def _must(self, word: str) -> None:
        if not self._takes(word):
            raise self._wrong()

    def _wrong(self) -> Exception:
        return self._names.wrong(f"Syntax error in '{self._text}'.")
