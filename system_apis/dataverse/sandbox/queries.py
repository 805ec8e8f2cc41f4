"""System query options: what of which rows is shown, in which order, in which pages, with which annotations."""

import re
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Final
from urllib.parse import quote, unquote

from foundation.sandbox import CALL, Box, Record
from system_apis.dataverse.sandbox.errors import invalid, no_column
from system_apis.dataverse.sandbox.filters import test_of, value_of
from system_apis.dataverse.sandbox.schema import CHOICES, TABLES, Column, Table

LARGEST_PAGE: Final = 5000
KNOWN: Final = frozenset({"$select", "$filter", "$orderby", "$expand", "$top", "$count", "$skiptoken"})
_EXPANDED: Final = re.compile(r"(\w+)(?:\(\$select=([\w,]+)\))?(?:,|$)")
_COOKIE: Final = re.compile(r'pagenumber="(\d+)" pagingcookie="([0-9a-f-]*)"')
_FORMATTED: Final = "@OData.Community.Display.V1.FormattedValue"


class Query:
    """One query on a table. Raises the vendor's 400 for what it cannot make sense of."""

    def __init__(self, box: Box, table: Table, asked: Mapping[str, str], *, since: int = 0) -> None:
        self._box, self.table = box, table
        self._hidden = {each.partition(".")[2] for each in box.option("hidden_fields") if _of(each) == table.name}
        if unknown := [name for name in asked if name.startswith("$") and name not in KNOWN]:
            raise invalid(f"The query parameter {unknown[0]} is not supported")
        self.columns = self._selected(asked.get("$select", ""))
        self._expands = self._expanded(asked.get("$expand", ""))
        self._test = test_of(table, asked["$filter"], self._is_hidden) if asked.get("$filter") else None
        if since:
            self._test = lambda row: bool(row["versionnumber"] > since)
        self._order = [self._ordered(each) for each in asked.get("$orderby", "").split(",") if each.strip()]
        self._after = _COOKIE.search(unquote(asked.get("$skiptoken", "")))
        self._top = int(asked["$top"]) if asked.get("$top", "").isdecimal() else None
        self._prefer = CALL.get().headers.get("prefer", "")

    def found(self) -> list[Record]:
        """The rows, in order."""
        rows = [row for row in self._box.store.all(self.table.name) if self._test is None or self._test(row)]
        for column, backwards in reversed([*self._order, (self.table.columns[self.table.key], False)]):
            rows.sort(key=_sorting(column), reverse=backwards)
        return rows

    def page(self) -> tuple[list[Record], str]:
        """The rows of the page asked for, and the cookie of the next; empty where there is none."""
        if not self._order:
            return self._by_key()
        rows = self.found()
        if self._top is not None:
            return rows[: self._top], ""
        start, number = 0, 1
        if self._after:
            number = int(self._after[1])
            start = next((at for at, row in enumerate(rows, 1) if row[self.table.key] == self._after[2]), 0)
        size = self._size()
        shown = rows[start : start + size]
        if start + size >= len(rows):
            return shown, ""
        return shown, self._cookie(number + 1, shown[-1])

    def _by_key(self) -> tuple[list[Record], str]:
        """The same where nothing else orders the rows: it goes on after the key in the cookie, there or gone."""
        number, last = (int(self._after[1]), self._after[2]) if self._after else (1, "")
        there = self._box.store.walk(self.table.name, last)
        size = self._size() if self._top is None else self._top
        rows = list(islice((row for row in there if self._test is None or self._test(row)), size + 1))
        more = len(rows) > size and self._top is None
        return rows[:size], self._cookie(number + 1, rows[size - 1]) if more else ""

    def _cookie(self, number: int, last: Record) -> str:
        cookie = f'<cookie pagenumber="{number}" pagingcookie="{last[self.table.key]}" istracking="False" />'
        return quote(cookie, safe='="')

    def shown(self, row: Record) -> Record:
        """A row as it is answered: nulls are there, a lookup under another name, annotations only where wished."""
        found: Record = {"@odata.etag": etag(row)}
        for column in self.columns:
            found |= self._annotated(column, row.get(column.name))
        for navigation, columns in self._expands.items():
            found[navigation] = self._beside(navigation, columns, row)
        return found

    def _annotated(self, column: Column, value: Any) -> Record:
        found: Record = {column.wire: value}
        if value is None:
            return found
        if "FormattedValue" in self._prefer or 'annotations="*"' in self._prefer:
            label = self._label(column, value)
            found |= {f"{column.wire}{_FORMATTED}": label} if label else {}
        if 'annotations="*"' in self._prefer and column.type == "Lookup":
            navigation, target = next(iter(column.targets.items()))
            found[f"{column.wire}@Microsoft.Dynamics.CRM.associatednavigationproperty"] = navigation
            found[f"{column.wire}@Microsoft.Dynamics.CRM.lookuplogicalname"] = target
        return found

    def _label(self, column: Column, value: Any) -> str:
        if column.type in CHOICES:
            more = self._box.option("more_values").get(f"{self.table.name}.{column.name}", {})
            return str(column.options.get(value) or more.get(str(value), ""))
        if column.type == "MultiSelectPicklist":
            return "; ".join(column.options[int(each)] for each in str(value).split(","))
        if column.type == "Lookup":
            target = TABLES[next(iter(column.targets.values()))]
            return str((self._box.store.get(target.name, value) or {}).get(target.label) or "")
        if column.type == "Boolean":
            return "Yes" if value else "No"
        return f"{value:,.2f}" if column.type == "Money" else ""

    def _beside(self, navigation: str, columns: list[Column], row: Record) -> Record | None:
        lookup, target = self.table.navigations[navigation]
        id = row.get(lookup.name)
        other = self._box.store.get(target, id) if id else None
        if other is None:
            return None
        return {each.wire: other.get(each.name) for each in columns}

    def _selected(self, text: str) -> list[Column]:
        names = [name.strip() for name in text.split(",") if name.strip()]
        every = [column for column in self.table.columns.values() if not self._is_hidden(column.name)]
        if not names:
            return every
        found = [self._column(name) for name in names]
        key = self.table.columns[self.table.key]
        return found if key in found else [*found, key]

    def _expanded(self, text: str) -> dict[str, list[Column]]:
        found: dict[str, list[Column]] = {}
        for navigation, names in _EXPANDED.findall(text):
            if navigation not in self.table.navigations or self._is_hidden(navigation):
                raise no_column(self.table.name, navigation)
            target = TABLES[self.table.navigations[navigation][1]]
            chosen = [target.columns[name] for name in names.split(",") if name in target.columns]
            found[navigation] = chosen or list(target.columns.values())
        return found

    def _column(self, name: str) -> Column:
        found = next((each for each in self.table.columns.values() if each.wire == name), None)
        if found is None or self._is_hidden(found.name):
            raise no_column(self.table.name, name)
        return found

    def _ordered(self, text: str) -> tuple[Column, bool]:
        name, _, direction = text.strip().partition(" ")
        return self._column(name), direction.strip() == "desc"

    def _size(self) -> int:
        """`Prefer: odata.maxpagesize=500`, within bounds; the wish is not remembered for the next page."""
        wished = re.search(r"odata\.maxpagesize=(\d+)", self._prefer)
        largest: int = self._box.option("largest_page")
        return min(largest, max(1, int(wished[1]))) if wished else largest

    def _is_hidden(self, name: str) -> bool:
        return name in self._hidden


def etag(row: Record) -> str:
    """The version of a row as its weak tag."""
    return f'W/"{row["versionnumber"]}"'


def _of(field: str) -> str:
    return field.partition(".")[0]


def _sorting(column: Column) -> Callable[[Record], tuple[bool, Any]]:
    def key(row: Record) -> tuple[bool, Any]:
        value = value_of(column, row)
        return (value is not None, value if value is not None else 0)

    return key
