"""How the sandbox shows a record: references with names and links, sublists as links unless asked for, no nulls."""

from typing import Any, Final
from urllib.parse import quote

from foundation.sandbox import Box, Record
from system_apis.netsuite.sandbox.schema import LINES, RECORDS, VALUES, Field, RecordType

RECORDS_PATH: Final = "/services/rest/record/v1"
_NAMES: Final = ("companyName", "name", "periodName", "displayName", "title", "tranId", "lastName")


class View:
    """One answer's way of showing: where links point, and what the query asked for."""

    def __init__(self, box: Box, origin: str, *, expand: bool = False, plain_enums: bool = False) -> None:
        self._box = box
        self._base = origin + RECORDS_PATH
        self._expand = expand
        self._plain_enums = plain_enums

    def address(self, kind: str, native_id: str) -> str:
        """A record's own address."""
        return f"{self._base}/{kind}/{quote(native_id)}"

    def record(self, kind: RecordType, record: Record, only: list[str] | None = None) -> Record:
        """One record; `only` picks fields."""
        here = self.address(kind.name, record["id"])
        shown: Record = {"links": [_self(here)], "id": record["id"]}
        for name, field in kind.fields.items():
            if only is not None and name not in only:
                continue
            if field.kind == "sublist":
                shown[name] = self._sublist(field, record.get(name), f"{here}/{name}")
            elif record.get(name) is not None:
                shown[name] = self._value(field, record[name])
        return shown

    def sublist(self, kind: RecordType, record: Record, name: str) -> Record:
        """One sublist with all its lines."""
        return self._lines(kind.fields[name], record.get(name), f"{self.address(kind.name, record['id'])}/{name}")

    def _sublist(self, field: Field, value: Any, here: str) -> Record:
        return self._lines(field, value, here) if self._expand else {"links": [_self(here)]}

    def _lines(self, field: Field, value: Any, here: str) -> Record:
        lines = (value or {}).get("items", [])
        key = "line" if field.of == "item" else "id"
        items = [self._fields(LINES[field.of], line) | {key: line["id"]} for line in lines]
        count = len(items)
        return {
            "links": [_self(here)],
            "count": count,
            "hasMore": False,
            "items": items,
            "offset": 0,
            "totalResults": count,
        }

    def _fields(self, fields: dict[str, Field], line: Record) -> Record:
        return {name: self._value(field, line[name]) for name, field in fields.items() if line.get(name) is not None}

    def _value(self, field: Field, value: Any) -> Any:
        if field.kind == "ref":
            links = [_self(self.address(field.of, value["id"]))]
            return {"links": links, "id": value["id"], "refName": self._name_of(field.of, value["id"])}
        if field.kind == "enum":
            if self._plain_enums:
                return value["id"]
            return {"id": value["id"], "refName": VALUES[field.of].get(value["id"], value["id"])}
        if field.kind == "subrecord":
            return self._fields(LINES[field.of], value)
        return value

    def _name_of(self, kind: str, native_id: str) -> str:
        record = self._box.store.get(RECORDS[kind.lower()].name, native_id) or {}
        return next((str(record[name]) for name in _NAMES if record.get(name)), native_id)


def page(here: str, items: list[Record], total: int, limit: int, offset: int) -> Record:
    """The envelope of a list: links to the neighbours, `hasMore`, and how many there are."""
    last = max(0, (total - 1) // limit * limit)
    places = {"self": offset, "first": 0, "last": last}
    if offset >= limit:
        places["previous"] = offset - limit
    if offset + limit < total:
        places["next"] = offset + limit
    links = [{"rel": rel, "href": f"{here}?limit={limit}&offset={place}"} for rel, place in places.items()]
    more = offset + limit < total
    return {
        "links": links,
        "count": len(items),
        "hasMore": more,
        "items": items,
        "offset": offset,
        "totalResults": total,
    }


def _self(address: str) -> Record:
    return {"rel": "self", "href": address}
