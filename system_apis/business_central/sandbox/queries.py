"""System query options: `$filter`, order, pages, expanded lines."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import islice
from operator import itemgetter
from typing import Any, Final
from urllib.parse import quote

import msgspec

from foundation.sandbox import CALL, Box, Record, odata_filter
from system_apis.business_central.sandbox.errors import invalid, no_field, refused
from system_apis.business_central.sandbox.fields import Field, Page, caption
from system_apis.business_central.sandbox.schema import PAGES
from system_apis.business_central.sandbox.tables import is_hidden, lines_of

_KNOWN: Final = frozenset(
    f"${name}" for name in "filter orderby expand select top skip count skiptoken schemaversion".split()
)


class Query:
    """One query on a page. Raises the vendor's 400 for what it cannot make sense of."""

    def __init__(self, box: Box, page: Page, asked: Mapping[str, str]) -> None:
        self._box, self._page, self._asked = box, page, asked
        self._captions = asked.get("$schemaversion") == "1.0"
        if unknown := [name for name in asked if name.startswith("$") and name not in _KNOWN]:
            raise invalid(f"The query parameter {unknown[0]} is not supported.")
        expanded = asked.get("$expand", "")
        if expanded and expanded != page.lines:
            raise no_field(expanded, page.entity)
        self._select = [self._field(name.strip()) for name in asked.get("$select", "").split(",") if name.strip()]

    def of_company(self, company: str) -> tuple[list[Record], str]:
        """The page asked for of all a company has: in the order of ids, read no further than it must be."""
        if self._asked.get("$orderby") or "$skip" in self._asked:
            return self.page(self._box.store.find(self._page.set, _company=company))
        holds, size = self._test(), self._size()
        there = self._box.store.walk(self._page.set, self._asked.get("$skiptoken", "").strip("'"))
        fitting = (row for row in there if row["_company"] == company and holds(row))
        most = int(self._asked.get("$top", size + 1))
        found = list(islice(fitting, min(most, size + 1)))
        return found[:size], _token(found[size - 1]) if len(found) > size else ""

    def page(self, rows: list[Record]) -> tuple[list[Record], str]:
        """The rows of the page asked for, and the token of the next; empty where there is none."""
        holds = self._test()
        found = [row for row in rows if holds(row)]
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
        return found[:size], _token(found[size - 1]) if more else ""

    def shown(self, row: Record) -> Record:
        """A row as it is answered: the empty values of its types, never a null."""
        names = self._select or [name for name in self._page.fields if not is_hidden(self._box, self._page, name)]
        found = {"@odata.etag": etag(row)} | {name: self._worded(name, row[name]) for name in names}
        if self._asked.get("$expand"):
            version = {name: each for name, each in self._asked.items() if name == "$schemaversion"}
            inner = Query(self._box, PAGES[self._page.lines], version)
            found[self._page.lines] = [inner.shown(line) for line in lines_of(self._box, self._page, row)]
        return found

    def _test(self) -> odata_filter.Test:
        text = self._asked.get("$filter", "").strip()
        return odata_filter.read(text, _Names(self._page, self._field, self._captions)) if text else lambda _: True

    def _worded(self, name: str, value: Any) -> Any:
        return caption(value) if self._captions and self._page.fields[name].type == "list" else value

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


def _token(row: Record) -> str:
    return quote(f"'{row['id']}'")


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as wrong:
        raise refused(400, "Application_FilterErrorException", f"'{text}' is no Edm.DateTimeOffset.") from wrong


def etag(row: Record) -> str:
    """The version of a row as its weak tag."""
    return f'W/"JzQ0O{row["id"][:8]}{row["_version"]:08}MDsn"'


class _Named(msgspec.Struct, frozen=True):
    field: Field
    captions: bool

    def value(self, row: Record) -> Any:
        found = row[self.field.name]
        if self.captions and self.field.type == "list":
            return caption(found)
        return _instant(found) if self.field.type == "instant" else found

    def literal(self, kind: str, text: str) -> Any:
        match kind:
            case "word":
                return text == "true"
            case "instant" if self.field.type == "instant":
                return _instant(text)
            case "number":
                return Decimal(text)
            case _:
                return text


class _Names(msgspec.Struct, frozen=True):
    page: Page
    seen: Callable[[str], str]
    """Refuses a field that is not there for us."""
    captions: bool

    def column(self, name: str) -> _Named:
        return _Named(self.page.fields[self.seen(name)], self.captions)

    def wrong(self, words: str) -> Exception:
        return refused(400, "Application_FilterErrorException", words)
