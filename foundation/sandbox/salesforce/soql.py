"""SOQL, parsed: what our adapter and real clients write.

    SELECT field, Parent.field, COUNT() | FIELDS(ALL)
    FROM Kind [alias]
    WHERE field = != > >= < <= LIKE value, [NOT] IN (...), INCLUDES (...), AND, OR, NOT, parentheses
    ORDER BY field [ASC|DESC] [NULLS FIRST|LAST], ...   LIMIT n   OFFSET n

`NotSoql` says what is wrong, in the words of the real error as far as they are known.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Final

import msgspec

Literal = str | Decimal | bool | date | datetime | None

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^'\\]|\\.)*')
    | (?P<instant>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    | (?P<day>\d{4}-\d\d-\d\d)
    | (?P<number>[+-]?\d+(?:\.\d+)?)
    | (?P<word>[A-Za-z_][\w.]*)
    | (?P<sign><=|>=|!=|<>|=|<|>|\(|\)|,)
    )""",
    re.VERBOSE,
)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_COMPARE: Final = frozenset({"=", "!=", "<>", ">", ">=", "<", "<="})


class NotSoql(Exception):  # noqa: N818 - becomes a MALFORMED_QUERY
    """The text is not a query."""


class Test(msgspec.Struct, frozen=True):
    """A field compared with one value."""

    field: str
    sign: str
    value: Literal


class Among(msgspec.Struct, frozen=True):
    """A field compared with several: `IN`, or `INCLUDES` for a multi-select picklist."""

    field: str
    values: tuple[Literal, ...]
    includes: bool = False


class Not(msgspec.Struct, frozen=True):
    """The contrary."""

    of: "Where"


class All(msgspec.Struct, frozen=True):
    """Every part holds."""

    parts: tuple["Where", ...]


class Any(msgspec.Struct, frozen=True):
    """Some part holds."""

    parts: tuple["Where", ...]


Where = Test | Among | Not | All | Any


class Order(msgspec.Struct, frozen=True):
    """One key to sort by."""

    field: str
    descending: bool = False
    nulls_last: bool = False


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """A query."""

    fields: tuple[str, ...]
    """Paths as written; a single `COUNT()` or `FIELDS(ALL)` stands as that."""
    kind: str
    where: Where | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0


def parse(text: str) -> Query:
    """The query a text says; `NotSoql` when it says none."""
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = [*_tokens(text), ("end", "")]
        self._at = 0

    def query(self) -> Query:
        self._must("SELECT")
        fields = self._columns()
        self._must("FROM")
        kind = self._name()
        if self._kind() == "word" and not self._is("WHERE", "ORDER", "LIMIT", "OFFSET"):
            self._next()  # an alias, which nobody here needs
        where = self._or() if self._take("WHERE") else None
        order = self._orders() if self._take("ORDER") else ()
        limit = self._count() if self._take("LIMIT") else None
        offset = self._count() if self._take("OFFSET") else 0
        if self._kind() != "end":
            raise self._unexpected()
        return Query(fields=fields, kind=kind, where=where, order=order, limit=limit, offset=offset)

    def _columns(self) -> tuple[str, ...]:
        fields = [self._column()]
        while self._take(","):
            fields.append(self._column())
        return tuple(fields)

    def _column(self) -> str:
        name = self._name()
        if name.upper() == "COUNT" and self._take("("):
            self._must(")")
            return "COUNT()"
        if name.upper() == "FIELDS" and self._take("("):
            which = self._name().upper()
            self._must(")")
            return f"FIELDS({which})"
        return name

    def _or(self) -> Where:
        parts = [self._and()]
        while self._take("OR"):
            parts.append(self._and())
        return Any(tuple(parts)) if len(parts) > 1 else parts[0]

    def _and(self) -> Where:
        parts = [self._one()]
        while self._take("AND"):
            parts.append(self._one())
        return All(tuple(parts)) if len(parts) > 1 else parts[0]

    def _one(self) -> Where:
        if self._take("NOT"):
            return Not(self._one())
        if self._take("("):
            inner = self._or()
            self._must(")")
            return inner
        field = self._name()
        if self._take("NOT"):
            self._must("IN")
            return Not(Among(field, self._values()))
        if self._take("IN"):
            return Among(field, self._values())
        if self._take("INCLUDES"):
            return Among(field, self._values(), includes=True)
        if self._take("LIKE"):
            return Test(field, "LIKE", self._value())
        kind, sign = self._next()
        if kind != "sign" or sign not in _COMPARE:
            raise NotSoql(f"unexpected token: {sign}")
        return Test(field, "!=" if sign == "<>" else sign, self._value())

    def _values(self) -> tuple[Literal, ...]:
        self._must("(")
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        self._must(")")
        return tuple(values)

    def _value(self) -> Literal:
        kind, text = self._next()
        if kind == "text":
            return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text[1:-1], flags=re.DOTALL)
        if kind == "number":
            return Decimal(text)
        try:
            if kind == "day":
                return date.fromisoformat(text)
            if kind == "instant":
                return datetime.fromisoformat(text)
        except ValueError as wrong:
            raise NotSoql(f"{text} is not a date") from wrong
        if text.upper() in ("TRUE", "FALSE"):
            return text.upper() == "TRUE"
        if text.upper() == "NULL":
            return None
        raise NotSoql(f"unexpected token: {text}")

    def _orders(self) -> tuple[Order, ...]:
        self._must("BY")
        orders = [self._order()]
        while self._take(","):
            orders.append(self._order())
        return tuple(orders)

    def _order(self) -> Order:
        field = self._name()
        descending = self._take("DESC")
        if not descending:
            self._take("ASC")
        last = False
        if self._take("NULLS"):
            last = self._take("LAST")
            if not last:
                self._must("FIRST")
        return Order(field, descending, last)

    def _count(self) -> int:
        kind, text = self._next()
        if kind != "number" or not text.isdecimal():
            raise NotSoql(f"unexpected token: {text}")
        return int(text)

    def _name(self) -> str:
        kind, text = self._next()
        if kind != "word":
            raise NotSoql(f"unexpected token: {text or '<EOF>'}")
        return text

    def _kind(self) -> str:
        return self._tokens[self._at][0]

    def _is(self, *words: str) -> bool:
        kind, text = self._tokens[self._at]
        return kind in ("word", "sign") and text.upper() in words

    def _take(self, word: str) -> bool:
        if self._is(word):
            self._at += 1
            return True
        return False

    def _must(self, word: str) -> None:
        if not self._take(word):
            raise self._unexpected(word)

    def _next(self) -> tuple[str, str]:
        token = self._tokens[self._at]
        if token[0] != "end":
            self._at += 1
        return token

    def _unexpected(self, instead_of: str = "") -> NotSoql:
        text = self._tokens[self._at][1] or "<EOF>"
        return NotSoql(f"unexpected token: {text}" + (f" (expecting {instead_of})" if instead_of else ""))


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    text = text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found or not found.lastgroup:
            raise NotSoql(f"unexpected token: {text[at : at + 20].strip()}")
        yield found.lastgroup, found[found.lastgroup]
        at = found.end()
