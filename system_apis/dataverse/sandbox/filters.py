"""`$filter` in Dataverse's words: columns by their wire names, texts without case, instants as instants."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from foundation.sandbox import Record, odata_filter
from foundation.sandbox.odata_filter import Test
from system_apis.dataverse.sandbox.errors import invalid, no_column
from system_apis.dataverse.sandbox.schema import Column, Table


def test_of(table: Table, text: str, hidden: Callable[[str], bool]) -> Test:
    """What a row must satisfy; `hidden` says whether a column is not there for us. Raises the vendor's 400."""
    return odata_filter.read(text, _Names(table, hidden))


def value_of(column: Column, record: Record) -> Any:
    """A row's value, as it compares."""
    found = record.get(column.name)
    if found is None or column.type not in ("DateTime", "DateOnly"):
        return found.casefold() if isinstance(found, str) else found
    return datetime.fromisoformat(found).timestamp() if column.type == "DateTime" else found


class _Named(msgspec.Struct, frozen=True):
    column: Column

    def value(self, row: Record) -> Any:
        return value_of(self.column, row)

    def literal(self, kind: str, text: str) -> Any:
        match kind:
            case "word":
                return text == "true"
            case "instant":
                return datetime.fromisoformat(text).timestamp() if self.column.type == "DateTime" else text[:10]
            case "number":
                return Decimal(text)
            case _:
                return text.casefold()


class _Names(msgspec.Struct, frozen=True):
    table: Table
    hidden: Callable[[str], bool]

    def column(self, name: str) -> _Named:
        found = next((each for each in self.table.columns.values() if each.wire == name), None)
        if found is None or self.hidden(found.name):
            raise no_column(self.table.name, name)
        return _Named(found)

    def wrong(self, words: str) -> Exception:
        return invalid(words)
