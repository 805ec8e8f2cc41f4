"""The part of SuiteQL that integrations use, parsed and run over the sandbox's records.

    SELECT [DISTINCT] item [AS name], ... | * | COUNT(*)  FROM table [alias]
    [WHERE comparisons with = != <> < <= > >= LIKE, IN (...), BETWEEN, IS [NOT] NULL, joined by AND, OR, NOT, (...)]
    [ORDER BY item [ASC|DESC], ...]

with `TO_DATE`, `TO_CHAR`, `UPPER` and `LOWER`. No joins, no sub-queries, no grouping. As in NetSuite every value comes
out as a string, booleans are 'T' and 'F', a date not put through TO_CHAR has the account's format, nulls are left out.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cmp_to_key
from itertools import islice
from typing import Any, Final

import msgspec

from foundation.sandbox import Box, Record
from system_apis.netsuite.sandbox.errors import refused
from system_apis.netsuite.sandbox.schema import RECORDS, TABLES, RecordType

Row = dict[str, Any]
Evaluate = Callable[[Row], Any]

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w.]*)"
    r"|(?P<sign><>|!=|<=|>=|[=<>(),*]))"
)
_FORMATS: Final = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "HH24": "%H", "MI": "%M", "SS": "%S", "TZH:TZM": "%z"}
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "<>": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}


class Item(msgspec.Struct):
    """One selected column and what it is called in the answer."""

    name: str
    value: Evaluate


def run(box: Box, text: str, limit: int, offset: int) -> tuple[list[Record], int]:
    """A page of a query and how many rows there are; what cannot be understood is answered 400 INVALID_PARAMETER."""
    query = _Query(box, text)
    if on := query.read_on():
        return on(limit, offset)
    rows = query.rows()
    return rows[offset : offset + limit], len(rows)


class _Query:
    def __init__(self, box: Box, text: str) -> None:
        self._box = box
        self._tokens = _tokens(text)
        self._at = 0
        self._alias = ""
        self._table: RecordType | None = None

    def read_on(self) -> Callable[[int, int], tuple[list[Record], int]] | None:
        """For `SELECT ... FROM x WHERE id > n ORDER BY id`: so that a long list is read on, and not anew each time."""
        words = [token.upper() for token in self._tokens]
        if len(words) < 9 or words[-7:-4] != ["WHERE", "ID", ">"] or words[-3:] != ["ORDER", "BY", "ID"]:
            return None
        after = self._tokens[-4]
        self._find_table()
        if self._alias or not after.isdigit() or len(self._kinds()) > 1:
            return None
        self._expect("SELECT")
        items, (kind,) = self._items(), self._kinds()

        def page(limit: int, offset: int) -> tuple[list[Record], int]:
            there = islice(self._box.store.walk(kind.name, after, numbers=True), offset, offset + limit)
            shown = [{"links": [], **_shown(self._row(kind, record), items)} for record in there]
            return shown, self._box.store.count(kind.name, int(after))

        return page

    def rows(self) -> list[Record]:
        # The table decides which columns there are, and stands behind them: look ahead for it.
        self._find_table()
        self._expect("SELECT")
        distinct = self._taken("DISTINCT")
        items = self._items()
        self._expect("FROM")
        self._at += 1
        if self._alias:
            self._taken("AS")
            self._at += 1
        keep = self._condition() if self._taken("WHERE") else lambda _: True
        order = self._order() if self._taken("ORDER") else []
        if self._at < len(self._tokens):
            raise _wrong(f"unexpected '{self._tokens[self._at]}'")
        found = [row for row in self._all() if keep(row)]
        if [item.name for item in items] == ["count(*)"]:
            return [{"links": [], "expr1": str(len(found))}]
        found.sort(key=cmp_to_key(lambda a, b: _ordered(a, b, order)))
        shown = [_shown(row, items) for row in found]
        if distinct:
            shown = [row for place, row in enumerate(shown) if row not in shown[:place]]
        return [{"links": [], **row} for row in shown]

    def _find_table(self) -> None:
        words = [token.upper() for token in self._tokens]
        if "FROM" not in words or words.index("FROM") + 1 >= len(words):
            raise _wrong("no FROM")
        place = words.index("FROM") + 1
        self._table = TABLES.get(self._tokens[place].lower())
        if self._table is None:
            raise _wrong(f"Record '{self._tokens[place]}' was not found")
        following = words[place + 1] if place + 1 < len(words) else "WHERE"
        if following == "AS":
            if place + 2 >= len(words):
                raise _wrong("unexpected end")
            following = words[place + 2]
        if following not in ("WHERE", "ORDER"):
            self._alias = following.lower()

    def _items(self) -> list[Item]:
        items: list[Item] = []
        while True:
            if self._taken("*"):
                items += [Item(name, self._column(name)) for name in self._columns()]
            elif self._peek() == "COUNT":
                self._at += 1
                for token in ("(", "*", ")"):
                    self._expect(token)
                items.append(Item("count(*)", lambda _: None))
            else:
                name = self._tokens[self._at].lower().rpartition(".")[2]
                value = self._operand()
                items.append(Item(self._next().lower() if self._taken("AS") else name, value))
            if not self._taken(","):
                return items

    def _order(self) -> list[tuple[Evaluate, bool]]:
        self._expect("BY")
        order = []
        while True:
            value = self._operand()
            descending = self._taken("DESC")
            if not descending:
                self._taken("ASC")
            order.append((value, descending))
            if not self._taken(","):
                return order

    def _condition(self) -> Callable[[Row], bool]:
        either = [self._conjunction()]
        while self._taken("OR"):
            either.append(self._conjunction())
        return lambda row: any(test(row) for test in either)

    def _conjunction(self) -> Callable[[Row], bool]:
        both = [self._test()]
        while self._taken("AND"):
            both.append(self._test())
        return lambda row: all(test(row) for test in both)

    def _test(self) -> Callable[[Row], bool]:
        if self._taken("NOT"):
            inner = self._test()
            return lambda row: not inner(row)
        if self._taken("("):
            inner = self._condition()
            self._expect(")")
            return inner
        left = self._operand()
        if self._taken("IS"):
            wanted = not self._taken("NOT")
            self._expect("NULL")
            return lambda row: (left(row) is None) == wanted
        if self._taken("NOT"):
            inner = self._comparison(left)
            return lambda row: left(row) is not None and not inner(row)
        return self._comparison(left)

    def _comparison(self, left: Evaluate) -> Callable[[Row], bool]:
        sign = self._next().upper()
        if sign == "IN":
            self._expect("(")
            values = [self._operand()]
            while self._taken(","):
                values.append(self._operand())
            self._expect(")")
            return lambda row: any(_compared("=", left(row), value(row)) for value in values)
        if sign == "BETWEEN":
            low = self._operand()
            self._expect("AND")
            high = self._operand()
            return lambda row: _compared(">=", left(row), low(row)) and _compared("<=", left(row), high(row))
        right = self._operand()
        if sign == "LIKE":
            return lambda row: _like(left(row), right(row))
        if sign not in _COMPARE:
            raise _wrong(f"unexpected '{sign}'")
        return lambda row: _compared(sign, left(row), right(row))

    def _operand(self) -> Evaluate:
        token = self._next()
        if token.startswith("'"):
            text = token[1:-1].replace("''", "'")
            return lambda _: text
        if token[0].isdigit():
            number = Decimal(token)
            return lambda _: number
        if self._peek() == "(" and token.upper() in _FUNCTIONS:
            self._expect("(")
            arguments = [self._operand()]
            while self._taken(","):
                arguments.append(self._operand())
            self._expect(")")
            return lambda row: _called(token.upper(), [argument(row) for argument in arguments])
        return self._column(token)

    def _column(self, token: str) -> Evaluate:
        prefix, _, name = token.lower().rpartition(".")
        assert self._table is not None
        if name not in self._columns() or prefix not in ("", self._alias, self._table.table):
            raise _wrong(
                f"Field '{token}' for record '{self._table.table}' was not found. Reason: NOT_EXPOSED - Not exposed"
            )
        return lambda row: row.get(name)

    def _columns(self) -> list[str]:
        assert self._table is not None
        fields = [item for kind in self._kinds() for item in kind.fields.items()]
        plain = dict.fromkeys(name.lower() for name, field in fields if field.kind != "sublist")
        more = ["type", "foreigntotal", "foreignamountunpaid"] if self._table.table == "transaction" else []
        return ["id", *plain, *more]

    def _kinds(self) -> list[RecordType]:
        """The record types that stand in the table."""
        assert self._table is not None
        return [kind for kind in RECORDS.values() if kind.table == self._table.table]

    def _all(self) -> list[Row]:
        return [self._row(kind, record) for kind in self._kinds() for record in self._box.store.all(kind.name)]

    def _row(self, kind: RecordType, record: Record) -> Row:
        kinds = {name.lower(): field.kind for name, field in kind.fields.items()}
        cells = {name.lower(): _cell(kinds.get(name.lower(), ""), value) for name, value in record.items()}
        return {**cells, **_of_transaction(kind, cells)}

    def _peek(self) -> str:
        return self._tokens[self._at].upper() if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            raise _wrong("unexpected end")
        self._at += 1
        return self._tokens[self._at - 1]

    def _taken(self, token: str) -> bool:
        if self._peek() != token:
            return False
        self._at += 1
        return True

    def _expect(self, token: str) -> None:
        if not self._taken(token):
            raise _wrong(f"expected {token}, found '{self._peek()}'")


def _of_transaction(kind: RecordType, cells: Row) -> Row:
    """The columns that all transactions have, whatever their records call them; a credit counts against."""
    if not kind.type:
        return {}
    sign = -1 if kind.type in ("CustCred", "CustPymt") else 1
    total = cells.get("total", cells.get("payment"))
    unpaid = cells.get("amountremaining", cells.get("unapplied"))
    return {
        "type": kind.type,
        "entity": cells.get("entity", cells.get("customer")),
        "foreigntotal": None if total is None else sign * total,
        "foreignamountunpaid": None if unpaid is None else sign * unpaid,
    }


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _wrong(f"cannot read '{text[at : at + 20].strip()}'")
        tokens.append(match.group().strip())
        at = match.end()
    return tokens


def _wrong(why: str) -> Exception:
    words = f"Invalid search query. Detailed unprocessed description follows. Search error occurred: {why}."
    return refused(400, "INVALID_PARAMETER", words)


def _cell(kind: str, value: Any) -> Any:
    """A stored value as SuiteQL sees it: references by id, booleans as letters, dates as dates."""
    if value is None:
        return None
    if kind in ("ref", "enum"):
        return str(value["id"])
    if kind == "bool":
        return "T" if value else "F"
    if kind == "date":
        return datetime.fromisoformat(value)
    if kind == "datetime":
        return datetime.fromisoformat(value).replace(tzinfo=None)
    return value


def _compared(sign: str, left: Any, right: Any) -> bool:
    """Null compares with nothing; a number with a string as numbers, like ids."""
    if left is None or right is None:
        return False
    if isinstance(left, str) and isinstance(right, (int, Decimal)):
        left = Decimal(left) if re.fullmatch(r"-?\d+(\.\d+)?", left) else left
    if isinstance(right, str) and isinstance(left, (int, Decimal)):
        right = Decimal(right) if re.fullmatch(r"-?\d+(\.\d+)?", right) else right
    if isinstance(left, str) and isinstance(right, str) and left.isdigit() and right.isdigit():
        left, right = int(left), int(right)
    try:
        return _COMPARE[sign](left, right)
    except TypeError as mixed:
        raise _wrong(f"Invalid or unsupported comparison: {mixed}") from mixed


def _like(value: Any, pattern: Any) -> bool:
    if value is None:
        return False
    expression = re.escape(str(pattern)).replace("%", ".*").replace("_", ".")
    return re.fullmatch(expression, str(value), re.DOTALL) is not None


def _ordered(a: Row, b: Row, order: list[tuple[Evaluate, bool]]) -> int:
    for value, descending in order:
        left, right = value(a), value(b)
        if left == right:
            continue
        # Nulls last when ascending, as Oracle does.
        before = right is None if left is None or right is None else _compared("<", left, right)
        return (1 if before else -1) if descending else (-1 if before else 1)
    return 0


def _shown(row: Row, items: list[Item]) -> Record:
    cells = {item.name: item.value(row) for item in items}
    return {name: _text(value) for name, value in cells.items() if value is not None}


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value.month}/{value.day}/{value.year}"
    return str(value)


def _called(function: str, arguments: list[Any]) -> Any:
    try:
        return _FUNCTIONS[function](*arguments)
    except (TypeError, AttributeError) as unfit:
        raise _wrong(f"Invalid arguments of {function}") from unfit


def _to_date(text: str, pattern: str = "YYYY-MM-DD") -> datetime:
    try:
        return datetime.strptime(text, _strptime(pattern))  # noqa: DTZ007 - the account's zone, as the columns
    except ValueError as unread:
        raise _wrong(f'Parse of date/time "{text}" failed with date format "{pattern}"') from unread


def _to_instant(text: str, pattern: str) -> datetime:
    return _to_date(text, pattern).astimezone(UTC).replace(tzinfo=None)


def _to_char(value: date | None, pattern: str) -> str | None:
    return None if value is None else value.strftime(_strptime(pattern))


def _strptime(pattern: str) -> str:
    return re.sub("YYYY|MM|DD|HH24|MI|SS|TZH:TZM", lambda match: _FORMATS[match.group()], pattern)


_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "TO_DATE": _to_date,
    "TO_TIMESTAMP_TZ": _to_instant,
    "SYS_EXTRACT_UTC": lambda instant: instant,
    "TO_CHAR": _to_char,
    "UPPER": lambda text: None if text is None else str(text).upper(),
    "LOWER": lambda text: None if text is None else str(text).lower(),
}
