"""System query options: `$filter` as far as comparisons joined by `and`, order, pages, expanded lines."""

import re
from collections.abc import Mapping
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final
from urllib.parse import quote

from foundation.sandbox import CALL, Box, Record
from system_apis.business_central.sandbox.errors import invalid, no_field, refused
from system_apis.business_central.sandbox.schema import PAGES, Page
from system_apis.business_central.sandbox.tables import is_hidden, lines_of

_TEST: Final = re.compile(r"(\w+) (eq|ne|gt|ge|lt|le) ('(?:[^']|'')*'|[\w.:+-]+)(?: and |$)")
_KNOWN: Final = frozenset({"$filter", "$orderby", "$expand", "$select", "$top", "$skip", "$count", "$skiptoken"})


class Query:
    """One query on a page. Raises the vendor's 400 for what it cannot make sense of."""

    def __init__(self, box: Box, page: Page, asked: Mapping[str, str]) -> None:
        self._box, self._page, self._asked = box, page, asked
        if unknown := [name for name in asked if name.startswith("$") and name not in _KNOWN]:
            raise invalid(f"The query parameter {unknown[0]} is not supported.")
        expanded = asked.get("$expand", "")
        if expanded and expanded != page.lines:
            raise no_field(expanded, page.entity)
        self._select = [self._field(name.strip()) for name in asked.get("$select", "").split(",") if name.strip()]

    def page(self, rows: list[Record]) -> tuple[list[Record], str]:
        """The rows of the page asked for, and the token of the next; empty where there is none."""
        found = [row for row in rows if all(self._holds(row, *test) for test in self._tests())]
        for each in reversed([each for each in self._asked.get("$orderby", "").split(",") if each.strip()]):
            name, _, direction = each.strip().partition(" ")
            self._field(name)
            found.sort(key=itemgetter(name), reverse=direction.strip() == "desc")
        found = found[int(self._asked.get("$skip", "0")) :]
        if "$top" in self._asked:
            found = found[: int(self._asked["$top"])]
        if token := self._asked.get("$skiptoken"):
            found = found[next((place for place, row in enumerate(found, 1) if f"'{row['id']}'" == token), 0) :]
        size = self._size()
        more = len(found) > size
        return found[:size], quote(f"'{found[size - 1]['id']}'") if more else ""

    def shown(self, row: Record) -> Record:
        """A row as it is answered: the empty values of its types, never a null."""
        names = self._select or [name for name in self._page.fields if not is_hidden(self._box, self._page, name)]
        found = {"@odata.etag": etag(row)} | {name: row[name] for name in names}
        if self._asked.get("$expand"):
            inner = Query(self._box, PAGES[self._page.lines], {})
            found[self._page.lines] = [inner.shown(line) for line in lines_of(self._box, self._page, row)]
        return found

    def _tests(self) -> list[tuple[str, str, str]]:
        text = self._asked.get("$filter", "")
        found = _TEST.findall(text)
        if "".join(match[0] for match in _TEST.finditer(text)) != text:
            raise refused(400, "Application_FilterErrorException", f"Syntax error in '{text}'.")
        return found

    def _holds(self, row: Record, name: str, compare: str, literal: str) -> bool:
        self._field(name)
        wanted: Any = literal[1:-1].replace("''", "'") if literal.startswith("'") else literal
        have = row[name]
        if isinstance(have, (int, Decimal)) and not isinstance(have, bool):
            wanted = Decimal(wanted)
        elif isinstance(have, bool):
            wanted = wanted == "true"
        holds: dict[str, bool] = {
            "eq": have == wanted,
            "ne": have != wanted,
            "gt": have > wanted,
            "ge": have >= wanted,
            "lt": have < wanted,
            "le": have <= wanted,
        }
        return holds[compare]

    def _field(self, name: str) -> str:
        if name not in self._page.fields or is_hidden(self._box, self._page, name):
            raise no_field(name, self._page.entity)
        return name

    def _size(self) -> int:
        largest: int = self._box.option("largest_page")
        wished = re.search(r"odata\.maxpagesize=(\d+)", CALL.get().headers.get("prefer", ""))
        if wished and int(wished[1]) > 20_000:
            raise refused(413, "RequestEntityTooLarge", "The page size is larger than 20000.")
        return min(largest, max(1, int(wished[1]))) if wished else largest


def etag(row: Record) -> str:
    """The version of a row as its weak tag."""
    return f'W/"JzQ0O{row["id"][:8]}{row["_version"]:08}MDsn"'
