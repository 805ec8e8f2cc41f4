"""Running a query: fields resolved against the schema, records tested, sorted and cut, rows rendered."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any, Final

from foundation.sandbox import Record, Store
from foundation.sandbox.salesforce import soql
from foundation.sandbox.salesforce.errors import refused
from foundation.sandbox.salesforce.schema import TEXTS, Field, Kind

LARGEST_OFFSET: Final = 2000
Kinds = Mapping[str, Kind]
"""By name in lower case."""
Path = tuple[Field, ...]
"""From the queried kind: references, then the field itself."""


class Selection:
    """A query ready to run. Raises the vendor's error for what is no query or names what does not exist."""

    def __init__(self, kinds: Kinds, text: str) -> None:
        try:
            self._query = soql.parse(text)
        except soql.NotSoql as wrong:
            raise refused(400, "MALFORMED_QUERY", f"\n{text}\n^\nERROR at Row:1:Column:1\n{wrong}") from wrong
        kind = kinds.get(self._query.kind.lower())
        if kind is None:
            raise refused(400, "INVALID_TYPE", f"sObject type '{self._query.kind}' is not supported.")
        if self._query.offset > LARGEST_OFFSET:
            raise refused(400, "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000")
        self.kind = kind
        self._kinds = kinds
        self.counts_only = self._query.fields == ("COUNT()",)
        self.paths = () if self.counts_only else self._paths()
        self._holds = _test(kinds, kind, self._query.where)
        self._order = [(order, path_of(kinds, kind, order.field)) for order in self._query.order]

    def run(self, store: Store, *, deleted: bool) -> list[Record]:
        """The records it finds, in its order."""
        by_id = [(path[-1].name, order.descending) for order, path in self._order] == [("Id", False)]
        there = store.walk(self.kind.name, _after(self._query.where)) if by_id else store.all(self.kind.name)
        holding = (each for each in there if (deleted or not each["IsDeleted"]) and self._holds(each, store))
        stop = None if self._query.limit is None else self._query.offset + self._query.limit
        if by_id:
            return list(islice(holding, self._query.offset, stop))
        found = list(holding)
        for order, path in reversed(self._order):
            found.sort(key=lambda each: _sort_key(value_of(each, path, store), order), reverse=order.descending)
        return found[self._query.offset : stop]

    def _paths(self) -> tuple[Path, ...]:
        if self._query.fields == ("FIELDS(ALL)",):
            if self._query.limit is None or self._query.limit > 200:
                raise refused(400, "MALFORMED_QUERY", "The SOQL FIELDS function must have a LIMIT of at most 200")
            return tuple((field,) for field in self.kind.fields.values())
        return tuple(path_of(self._kinds, self.kind, name) for name in self._query.fields)


def path_of(kinds: Kinds, kind: Kind, name: str) -> Path:
    """The fields a dotted name walks along."""
    *parents, last = name.split(".")
    if parents and parents[0].lower() == kind.name.lower():
        parents = parents[1:]
    path: list[Field] = []
    for parent in parents:
        step = next((each for each in kind.fields.values() if each.relationship.lower() == parent.lower()), None)
        if step is None:
            raise refused(400, "INVALID_FIELD", f"Didn't understand relationship '{parent}' in field path.")
        path.append(step)
        kind = kinds[step.refers.lower()]
    field = kind.fields.get(last.lower())
    if field is None:
        raise refused(400, "INVALID_FIELD", f"No such column '{last}' on entity '{kind.name}'.")
    return (*path, field)


def value_of(record: Record | None, path: Path, store: Store) -> Any:
    """What stands at the end of a path; None where a reference is empty."""
    for step in path[:-1]:
        linked = record.get(step.name) if record else None
        record = store.get(step.refers, linked) if linked else None
    return record.get(path[-1].name) if record else None


def render(kinds: Kinds, kind: Kind, record: Record, paths: tuple[Path, ...], version: str, store: Store) -> Record:
    """A row as it goes out: parents nested, null where there is none."""
    row: Record = {"attributes": attributes(kind, record, version)}
    for path in paths:
        at, holder, here = row, kind, record
        for step in path[:-1]:
            linked = here.get(step.name)
            parent = store.get(step.refers, linked) if linked else None
            if parent is None:
                at.setdefault(step.relationship, None)
                break
            holder, here = kinds[step.refers.lower()], parent
            at = at.setdefault(step.relationship, {"attributes": attributes(holder, here, version)})
        else:
            at[path[-1].name] = here.get(path[-1].name)
    return row


def attributes(kind: Kind, record: Record, version: str) -> Record:
    """The `attributes` of a row."""
    return {"type": kind.name, "url": f"/services/data/{version}/sobjects/{kind.name}/{record['Id']}"}


Holds = Callable[[Record, Store], bool]


def _after(where: soql.Where | None) -> str:
    """The id that all wanted come after, so that a list read on from one need not be read from its beginning."""
    parts = where.parts if isinstance(where, soql.All) else (where,)
    ids = [part.value for part in parts if isinstance(part, soql.Test) and (part.field, part.sign) == ("Id", ">")]
    return max((str(each)[:15] for each in ids), default="")


def _test(kinds: Kinds, kind: Kind, where: soql.Where | None) -> Holds:
    match where:
        case None:
            return lambda record, store: True
        case soql.Not(of):
            inner = _test(kinds, kind, of)
            return lambda record, store: not inner(record, store)
        case soql.All(parts):
            every = [_test(kinds, kind, part) for part in parts]
            return lambda record, store: all(holds(record, store) for holds in every)
        case soql.Any(parts):
            some = [_test(kinds, kind, part) for part in parts]
            return lambda record, store: any(holds(record, store) for holds in some)
        case soql.Among(name, values, includes):
            return _among(path_of(kinds, kind, name), values, includes=includes)
        case soql.Test(name, sign, value):
            return _compared(path_of(kinds, kind, name), sign, value)


def _among(path: Path, values: tuple[soql.Literal, ...], *, includes: bool) -> Holds:
    wanted = [comparable(path[-1], _fitting(path[-1], value)) for value in values]
    if not includes:
        return lambda record, store: comparable(path[-1], value_of(record, path, store)) in wanted

    def holds(record: Record, store: Store) -> bool:
        had = str(value_of(record, path, store) or "").lower().split(";")
        return any(all(part in had for part in str(each).split(";")) for each in wanted)

    return holds


def _compared(path: Path, sign: str, literal: soql.Literal) -> Holds:
    field = path[-1]
    if sign == "LIKE":
        pattern = _like(str(literal))
        return lambda record, store: bool(pattern.fullmatch(str(value_of(record, path, store) or "")))
    wanted = comparable(field, _fitting(field, literal))

    def holds(record: Record, store: Store) -> bool:
        had = comparable(field, value_of(record, path, store))
        if sign in ("=", "!="):
            return bool(had == wanted) is (sign == "=")
        if had is None or wanted is None:
            return False
        if sign in (">", ">="):
            return bool(had > wanted) or (sign == ">=" and bool(had == wanted))
        return bool(had < wanted) or (sign == "<=" and bool(had == wanted))

    return holds


def comparable(field: Field, value: Any) -> Any:
    """A value as it is compared: ids by 15 characters, texts without case, instants as instants."""
    if value is None:
        return None
    if field.type in ("id", "reference"):
        return str(value)[:15]
    if field.type == "datetime":
        return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    if field.type == "date":
        return value.isoformat() if isinstance(value, date) else str(value)
    return value.lower() if isinstance(value, str) else value


def _fitting(field: Field, literal: soql.Literal) -> soql.Literal:
    quoted = isinstance(literal, str)
    if literal is None or quoted == (field.type in TEXTS or field.type in ("id", "reference")):
        return literal
    shown = f"'{literal}'" if quoted else str(literal)
    should = "should not be enclosed in quotes" if quoted else "must be of type string and should be enclosed in quotes"
    raise refused(400, "INVALID_FIELD", f"value of filter criterion for field '{field.name}' {should}: {shown}")


def _like(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace("%", ".*").replace("_", "."), re.IGNORECASE | re.DOTALL)


def _sort_key(value: Any, order: soql.Order) -> tuple[bool, Any]:
    # Nulls come first unless told otherwise; `reverse` turns the flag round as well.
    missing_is_high = order.nulls_last != order.descending
    if value is None:
        return (missing_is_high, 0)
    return (not missing_is_high, value if isinstance(value, int | Decimal) else str(value))
