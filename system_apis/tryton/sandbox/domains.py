"""Domains: how Tryton says which records are meant.

`[["name", "ilike", "%elbe%"], ["OR", ["company", "=", 1], ["company.party.code", "=", "ACME-US"]]]`: clauses of field,
operator, operand, all of which hold; a list that begins with "OR" needs one. A field with dots goes through a relation;
through a list of records it holds where it holds of one of them.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from foundation.sandbox import Record

Values = Callable[[Record, str], list[Any]]
"""What a record holds under a name, which may lead through others."""
_ORDERED: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": lambda one, other: one < other,
    ">": lambda one, other: one > other,
    "<=": lambda one, other: one <= other,
    ">=": lambda one, other: one >= other,
}
_NEGATED: Final = {"!=": "=", "not in": "in", "not like": "like", "not ilike": "ilike"}
_INSTANT: Final = ("year", "month", "day", "hour", "minute", "second", "microsecond")
OPERATORS: Final = frozenset({"=", "in", "like", "ilike", *_ORDERED, *_NEGATED})


class BadDomain(ValueError):  # noqa: N818 - what Python would raise there
    """A domain that makes no sense."""


def holds(domain: list[Any], record: Record, values: Values) -> bool:
    """Whether a record is meant."""
    if domain and domain[0] in ("AND", "OR"):
        found = [holds(each, record, values) for each in domain[1:]]
        return any(found) if domain[0] == "OR" else all(found)
    if domain and isinstance(domain[0], str):
        return _clause(domain, record, values)
    return all(holds(each, record, values) for each in domain)


def _clause(clause: list[Any], record: Record, values: Values) -> bool:
    if len(clause) < 3 or clause[1] not in OPERATORS:
        raise BadDomain(f"invalid clause {clause}")
    name, operator, operand = clause[:3]
    if operator in _NEGATED:
        return not _clause([name, _NEGATED[operator], operand], record, values)
    found = values(record, name)
    if operand is None and operator == "=":
        return not [each for each in found if each is not None]
    return any(_compares(operator, comparable(value), operand) for value in found)


def _compares(operator: str, value: Any, operand: Any) -> bool:
    match operator:
        case "=":
            return bool(value == comparable(operand))
        case "in":
            return value in [comparable(each) for each in operand]
        case "like" | "ilike":
            flags = re.DOTALL | (re.IGNORECASE if operator == "ilike" else 0)
            return isinstance(value, str) and re.fullmatch(_pattern(operand), value, flags) is not None
        case _:
            return value is not None and _ORDERED[operator](value, comparable(operand))


def _pattern(text: str) -> str:
    """A pattern of LIKE: `%` is anything, `_` one character, a backslash takes that away."""
    parts = re.findall(r"\\.|.", text, re.DOTALL)
    known = {"%": ".*", "_": "."}
    return "".join(known.get(each, re.escape(each[-1])) for each in parts)


def comparable(value: Any) -> Any:
    """A typed value as what orders as it does."""
    if isinstance(value, dict):
        match value.get("__class__"):
            case "Decimal":
                return Decimal(value["decimal"])
            case "datetime":
                return tuple(value.get(name, 0) for name in _INSTANT)
            case "date":
                return (value["year"], value["month"], value["day"])
            case "timedelta":
                return Decimal(str(value["seconds"]))
    return value
