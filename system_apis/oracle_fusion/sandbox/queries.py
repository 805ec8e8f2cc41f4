"""What a collection is asked for: `q` in both its languages, finders, `orderBy`.

Version 1 of the framework reads `q` as query by example, conditions with `;` between; version 2 and later as an
expression: comparisons, `like`, `in`, `between`, `is null`, `upper(...)`, with `and`, `or` and parentheses.
"""

import operator
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from typing import Any, Final

from foundation.sandbox import Record
from system_apis.oracle_fusion.sandbox.errors import refused
from system_apis.oracle_fusion.sandbox.shapes import Attribute, Resource

Test = Callable[[Record], bool]
_TOKEN: Final = re.compile(r"""\s*('[^']*'|"[^"]*"|-?\d+(?:\.\d+)?(?![\w-])|[A-Za-z_]\w*|>=|<=|!=|[=<>(),])""")
_EXAMPLE: Final = re.compile(r"\s*(\w+)\s*(>=|<=|!=|=|<|>)\s*(.+?)\s*")
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class Reader:
    """Reads values of one resource; `hidden` are attributes nobody sees."""

    def __init__(self, resource: Resource, hidden: list[str]) -> None:
        self._resource, self._hidden = resource, hidden

    def attribute(self, name: str) -> Attribute:
        """An attribute that may be asked for; a 400 otherwise, never an empty list."""
        known = self._resource.attributes.get(name)
        if known is None or f"{self._resource.name}.{name}" in self._hidden:
            raise refused(f"Attribute {name} is not a valid attribute of {self._resource.name}.", "JBO-25058")
        if not known.queryable:
            raise refused(f"Attribute {name} is not queryable.")
        return known

    def value(self, known: Attribute, said: Any) -> Any:
        """Something that can be compared; a 400 for what the attribute can never be."""
        if said is None:
            return None
        try:
            if known.kind in ("integer", "number"):
                return Decimal(str(said))
            if known.kind == "datetime":
                return datetime.fromisoformat(str(said))
        except (InvalidOperation, ValueError) as wrong:
            raise refused(f"The value {said} is not valid for the query.") from wrong
        return str(said).lower() if known.kind == "boolean" else str(said)


def by_example(resource: Resource, text: str, hidden: list[str]) -> Test:
    """Version 1: every condition holds; `*` and `%` stand for anything."""
    reader = Reader(resource, hidden)
    tests = [_like_this(reader, each) for each in text.split(";") if each.strip()]
    return lambda record: all(test(record) for test in tests)


def _like_this(reader: Reader, text: str) -> Test:
    match = _EXAMPLE.fullmatch(text)
    if match is None or " and " in text.lower():
        raise refused(f"URL request parameter q cannot be used with a value of {text}.")
    name, sign, said = match.groups()
    known = reader.attribute(name)
    said = said[1:-1] if said[:1] in "'\"" and said[-1:] == said[:1] else said
    if known.kind == "string" and sign == "=" and set("*%") & set(said):
        return _pattern(name, said)
    wanted = reader.value(known, said)
    return lambda record: _holds(_COMPARE[sign], reader.value(known, record.get(name)), wanted)


def expression(resource: Resource, text: str, hidden: list[str]) -> Test:
    """Version 2 and later."""
    reading = _Reading(Reader(resource, hidden), text)
    test = reading.either()
    reading.end()
    return test


def ordered(resource: Resource, found: list[Record], text: str, hidden: list[str]) -> list[Record]:
    """`A:asc,B:desc`; without it rows come in no order anybody promised."""
    reader = Reader(resource, hidden)
    for each in reversed([part for part in text.split(",") if part]):
        name, _, way = each.strip().partition(":")
        known = reader.attribute(name)
        if way not in ("", "asc", "desc"):
            raise refused(f"URL request parameter orderBy cannot be used with a value of {text}.")
        empty = [row for row in found if row.get(name) is None]
        filled = [row for row in found if row.get(name) is not None]
        filled.sort(key=lambda row: reader.value(known, row[name]), reverse=way == "desc")
        found = filled + empty
    return found


def finder(resource: Resource, text: str, hidden: list[str]) -> Test:
    """`Name;Variable=value,Variable=value`; a finder without its variables is refused."""
    name, _, rest = text.partition(";")
    if name not in resource.finders:
        raise refused(f"The finder {name} is not found in {resource.name}.")
    every = dict(part.partition("=")[::2] for part in rest.split(",") if part)
    said = {each: value for each, value in every.items() if each not in resource.optional}
    if unknown := [each for each in said if each not in resource.finders[name]]:
        raise refused(f"The finder {name} has no variable {unknown[0]}.")
    if missing := [each for each in resource.finders[name] if each not in said]:
        raise refused(f"The finder {name} requires a value for {missing[0]}.")
    reader = Reader(resource, hidden)
    wanted = {each: reader.value(resource.attributes[each], value) for each, value in said.items()}
    return lambda record: all(
        reader.value(resource.attributes[each], record.get(each)) == value for each, value in wanted.items()
    )


class _Reading:
    def __init__(self, reader: Reader, text: str) -> None:
        self._reader, self._text = reader, text
        self._tokens: list[str] = []
        at, text = 0, text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise self._wrong()
            self._tokens.append(match[1])
            at = match.end()

    def either(self) -> Test:
        tests = [self._both()]
        while self._taken("or"):
            tests.append(self._both())
        return lambda record: any(test(record) for test in tests)

    def end(self) -> None:
        if self._tokens:
            raise self._wrong()

    def _both(self) -> Test:
        tests = [self._one()]
        while self._taken("and"):
            tests.append(self._one())
        return lambda record: all(test(record) for test in tests)

    def _one(self) -> Test:
        if self._taken("("):
            inner = self.either()
            self._expect(")")
            return inner
        upper = self._tokens[:1] == ["upper"]
        if upper:
            self._next()
            self._expect("(")
        name = self._next()
        known = self._reader.attribute(name)
        if upper:
            self._expect(")")
        return self._condition(name, known, upper)

    def _condition(self, name: str, known: Attribute, upper: bool) -> Test:
        def kept(record: Record) -> Any:
            value = self._reader.value(known, record.get(name))
            return value.upper() if upper and isinstance(value, str) else value

        sign = self._next().lower()
        if sign in _COMPARE:
            wanted, compare = self._literal(known), _COMPARE[sign]
            return lambda record: _holds(compare, kept(record), wanted)
        if sign == "like":
            if known.kind != "string":
                raise self._wrong()
            return _pattern(name, self._literal(known), upper=upper)
        if sign == "between":
            least = self._literal(known)
            self._expect("and")
            most = self._literal(known)
            return lambda record: kept(record) is not None and least <= kept(record) <= most
        if sign == "in":
            self._expect("(")
            among = [self._literal(known)]
            while self._taken(","):
                among.append(self._literal(known))
            self._expect(")")
            return lambda record: kept(record) in among
        if sign == "is":
            wrong_way = self._taken("not")
            self._expect("null")
            return lambda record: (kept(record) is None) is not wrong_way
        raise self._wrong()

    def _literal(self, known: Attribute) -> Any:
        token = self._next()
        if token[:1] in "'\"":
            return self._reader.value(known, token[1:-1])
        if re.fullmatch(r"-?\d+(\.\d+)?|true|false", token):
            return self._reader.value(known, token)
        raise self._wrong()

    def _next(self) -> str:
        if not self._tokens:
            raise self._wrong()
        return self._tokens.pop(0)

    def _taken(self, token: str) -> bool:
        if not self._tokens or self._tokens[0].lower() != token:
            return False
        self._tokens.pop(0)
        return True

    def _expect(self, token: str) -> None:
        if not self._taken(token):
            raise self._wrong()

    def _wrong(self) -> Exception:
        return refused(f"URL request parameter q cannot be used with a value of {self._text}.")


def _holds(compare: Callable[[Any, Any], bool], kept: Any, wanted: Any) -> bool:
    return kept is not None and compare(kept, wanted)


def _pattern(name: str, text: str, *, upper: bool = False) -> Test:
    """`%` and `*` stand for any letters, `_` for one."""
    plain = text.replace("[", "[[]").replace("?", "[?]").replace("%", "*").replace("_", "?")

    def test(record: Record) -> bool:
        kept = record.get(name)
        return kept is not None and fnmatchcase(str(kept).upper() if upper else str(kept), plain)

    return test
