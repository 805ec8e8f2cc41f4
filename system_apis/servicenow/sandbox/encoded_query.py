"""Encoded queries: `state=1^ORstate=2^correlation_idLIKEp-10^ORDERBYDESCsys_created_on`.

`^` is and, `^OR` binds tighter, `^NQ` starts another query whose rows come in addition. A part that makes no sense (a
column that is not there, an unknown operator) is dropped and the rest runs: the caller may get the whole table.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cmp_to_key
from typing import Any, Final, Protocol

import msgspec

from foundation.sandbox import Record

_TERM: Final = re.compile(
    r"(?P<column>[a-z_][a-z0-9_.]*)"
    r"(?P<operator>NOT IN|NOT LIKE|ISNOTEMPTY|ISEMPTY|STARTSWITH|ENDSWITH|BETWEEN|LIKE|IN|ON|!=|>=|<=|>|<|=)"
    r"(?P<operand>.*)",
    re.DOTALL,
)
_SCRIPT: Final = "javascript:"


class Reader(Protocol):
    """Reads one column of a row, following dot-walks."""

    def __call__(self, row: Record, path: str) -> str: ...


class Term(msgspec.Struct, frozen=True):
    """One comparison."""

    column: str
    operator: str
    operand: str


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """A query as understood: any of the groups, all clauses of a group, any term of a clause."""

    groups: list[list[list[Term]]]
    order: list[tuple[str, bool]]
    """Columns and whether the largest comes first."""
    dropped: bool
    """Whether a part made no sense."""

    def select(self, rows: Iterable[Record], read: Reader) -> list[Record]:
        """The rows that match, in the order asked for."""
        found = [row for row in rows if any(_matches(group, row, read) for group in self.groups)]
        for path, largest_first in reversed(self.order):
            found.sort(key=cmp_to_key(lambda a, b: _compare(read(a, path), read(b, path))), reverse=largest_first)  # noqa: B023 - used at once
        return found


def parse(text: str, knows: Callable[[str], bool], scripts: Mapping[str, str]) -> Query:
    """Read an encoded query. `knows` says whether a column exists, `scripts` what `javascript:` values stand for."""
    order: list[tuple[str, bool]] = []
    groups: list[list[list[Term]]] = []
    dropped = False
    for part in text.split("^NQ"):
        clauses: list[list[Term]] = []
        for piece in filter(None, part.split("^")):
            if piece.startswith("ORDERBY"):
                path = piece.removeprefix("ORDERBY").removeprefix("DESC")
                if knows(path):
                    order.append((path, piece.startswith("ORDERBYDESC")))
                else:
                    dropped = True
                continue
            if piece == "EQ":  # the list view ends its queries so
                continue
            alternative = piece.startswith("OR") and bool(clauses)
            term = _term(piece.removeprefix("OR") if alternative else piece, knows, scripts)
            if term is None:
                dropped = True
            elif alternative:
                clauses[-1].append(term)
            else:
                clauses.append([term])
        groups.append(clauses)
    return Query(groups=groups, order=order, dropped=dropped)


def _term(piece: str, knows: Callable[[str], bool], scripts: Mapping[str, str]) -> Term | None:
    found = _TERM.fullmatch(piece)
    if found is None or not knows(found["column"]):
        return None
    operand = found["operand"]
    if operand.startswith(_SCRIPT):
        script = operand.removeprefix(_SCRIPT)
        if script not in scripts:
            return None
        operand = scripts[script]
    return Term(found["column"], found["operator"], operand)


def _matches(group: list[list[Term]], row: Record, read: Reader) -> bool:
    return all(any(_holds(read(row, term.column), term) for term in clause) for clause in group)


def _holds(value: str, term: Term) -> bool:
    test: Callable[[str, str], Any] = _TESTS[term.operator]
    return bool(test(value, term.operand))


def _compare(one: str, other: str) -> int:
    """Numbers as numbers, everything else as text; ServiceNow's date-times sort as text."""
    left: Any = one
    right: Any = other
    if one.isdigit() and other.isdigit():
        left, right = int(one), int(other)
    return int(left > right) - int(left < right)


def _between(value: str, operand: str) -> bool:
    low, _, high = operand.partition("@")
    return _compare(value, low) >= 0 and _compare(value, high) <= 0


_TESTS: Final[Mapping[str, Callable[[str, str], Any]]] = {
    "=": lambda value, operand: value == operand,
    "!=": lambda value, operand: value != operand,
    ">": lambda value, operand: value and _compare(value, operand) > 0,
    ">=": lambda value, operand: value and _compare(value, operand) >= 0,
    "<": lambda value, operand: value and _compare(value, operand) < 0,
    "<=": lambda value, operand: value and _compare(value, operand) <= 0,
    "IN": lambda value, operand: value in operand.split(","),
    "NOT IN": lambda value, operand: value not in operand.split(","),
    "LIKE": lambda value, operand: operand in value,
    "NOT LIKE": lambda value, operand: operand not in value,
    "STARTSWITH": str.startswith,
    "ENDSWITH": str.endswith,
    "ISEMPTY": lambda value, _: not value,
    "ISNOTEMPTY": lambda value, _: value,
    "BETWEEN": _between,
    "ON": lambda value, operand: value[:10] == operand[:10],
}
