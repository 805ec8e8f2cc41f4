"""Bulk API 2.0's tables: what a row of CSV says as a record, and a record as a row.

An empty cell says nothing, `#N/A` empties the field, `Account.ERP_Id__c` names a parent by its external id.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from foundation.sandbox import Record
from foundation.sandbox.salesforce.errors import refused
from foundation.sandbox.salesforce.schema import NUMBERS, Field, Kind
from foundation.sandbox.salesforce.select import Path

DELIMITERS: Final[Mapping[str, str]] = {
    "BACKQUOTE": "`",
    "CARET": "^",
    "COMMA": ",",
    "PIPE": "|",
    "SEMICOLON": ";",
    "TAB": "\t",
}
ENDINGS: Final[Mapping[str, str]] = {"LF": "\n", "CRLF": "\r\n"}
EMPTIED: Final = "#N/A"


class InvalidBatch(Exception):  # noqa: N818 - the job fails with it, and no row is looked at
    """The table as a whole cannot be read; the text is the job's `errorMessage`."""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """What a job said of its CSV."""

    delimiter: str = "COMMA"
    ending: str = "LF"

    def read(self, text: str) -> tuple[list[str], list[list[str]]]:
        """The names in the first line, and the rows. Raises `InvalidBatch`."""
        first, found, _ = text.partition("\n")
        if found and first.endswith("\r") != (self.ending == "CRLF"):
            wrong = f"LineEnding is invalid on user data. Current LineEnding setting is {self.ending}"
            raise InvalidBatch(f"ClientInputError : {wrong}")
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=DELIMITERS[self.delimiter]) if row]
        if not rows:
            raise InvalidBatch("InvalidBatch : Failed to parse CSV header")
        header, lines = rows[0], rows[1:]
        if any(len(line) != len(header) for line in lines):
            raise InvalidBatch("InvalidBatch : The number of columns in a row is not that of the header")
        return header, lines

    def written(self, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
        """Every cell in quotes, as the vendor has them."""
        made = io.StringIO()
        writer = csv.writer(
            made,
            delimiter=DELIMITERS[self.delimiter],
            lineterminator=ENDINGS[self.ending],
            quoting=csv.QUOTE_ALL,
        )
        writer.writerow(header)
        writer.writerows(rows)
        return made.getvalue()


def check_header(kinds: Mapping[str, Kind], kind: Kind, header: Sequence[str]) -> None:
    """Raises `InvalidBatch` for a column that is no field."""
    for name in header:
        parent, dot, key = name.partition(".")
        known = _lookup(kind, parent) if dot else kind.fields.get(name.lower())
        if known is None or (dot and key.lower() not in kinds[known.refers.lower()].fields):
            raise InvalidBatch(f"InvalidBatch : Field name not found : {name}")


def record_of(kind: Kind, header: Sequence[str], row: Sequence[str]) -> Record:
    """What a row says. Raises the org's error for a cell that is no value of its field."""
    return dict(_said(kind, name, text) for name, text in zip(header, row, strict=True) if text != "")


def _said(kind: Kind, name: str, text: str) -> tuple[str, Any]:
    parent, dot, key = name.partition(".")
    if dot:
        return parent, {key: text}
    field = kind.fields[name.lower()]
    return field.name, None if text == EMPTIED else _value(field, text)


def _lookup(kind: Kind, relationship: str) -> Field | None:
    return next(
        (each for each in kind.fields.values() if each.relationship.lower() == relationship.lower() != ""), None
    )


def _value(field: Field, text: str) -> Any:
    if field.type == "boolean":
        return text.lower() in ("true", "1")
    if field.type in NUMBERS:
        try:
            return Decimal(text)
        except InvalidOperation as wrong:
            message = f"'{text}' is not a valid value for the type xsd:double"
            raise refused(400, "INVALID_TYPE_ON_FIELD_IN_RECORD", message, [field.name]) from wrong
    return text


def names_of(paths: Sequence[Path]) -> list[str]:
    """The header of a query's answer."""
    return [".".join([*(step.relationship for step in path[:-1]), path[-1].name]) for path in paths]


def cells(values: Iterable[tuple[Field, Any]]) -> Iterator[str]:
    """A record's values as they stand in a row: nothing for null, instants in UTC with a Z."""
    for field, value in values:
        if value is None:
            yield ""
        elif isinstance(value, bool):
            yield str(value).lower()
        elif field.type == "datetime":
            yield str(value).replace("+0000", "Z")
        else:
            yield str(value)
