"""How the sandbox shows a row: every attribute, null where it is empty, and links; children only where asked for."""

import hashlib
import re
from typing import Any, Final

import msgspec

from foundation.sandbox import Box, Record
from system_apis.oracle_fusion.sandbox.errors import framework, refused
from system_apis.oracle_fusion.sandbox.shapes import Resource

VERSION: Final = "11.13.18.05"
HASH: Final = "00020000000EACED0005"
MANY: Final = 25
"""Rows of a page where nothing is said, and of a child that is expanded."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What one call wants to see."""

    origin: str
    hidden: list[str]
    expand: str = ""
    fields: str = ""
    only_data: bool = False
    links: str = ""

    def row(self, resource: Resource, record: Record, here: str) -> Record:
        """One row of a resource, at its address."""
        wanted, children = self._fields(resource)
        expanded = children or self._tree(resource, self.expand)
        return self._row(resource, record, here, wanted, expanded, resource.name)

    def page(self, here: str, name: str, rows: list[Record], limit: int, offset: int, *, more: bool) -> Record:
        """A page of a collection."""
        link = {"rel": "self", "href": f"{self.origin}{here}", "name": name, "kind": "collection"}
        body = {"items": rows, "count": len(rows), "hasMore": more, "limit": limit, "offset": offset}
        return body | ({} if self.only_data else {"links": [link]})

    def _row(
        self, resource: Resource, record: Record, here: str, wanted: set[str] | None, tree: Record, path: str
    ) -> Record:
        shown: Record = {
            name: record.get(name)
            for name in resource.attributes
            if f"{path}.{name}" not in self.hidden and (wanted is None or name in wanted)
        }
        for name, inside in tree.items():
            child, below = resource.children[name], f"{here}/child/{name}"
            only = set(inside["*"]) if "*" in inside else None
            deeper = {each: more for each, more in inside.items() if each != "*"}
            rows = [
                self._row(child, each, f"{below}/{address(child, each)}", only, deeper, f"{path}.{name}")
                for each in record.get(name, [])
            ]
            shown[name] = self._children(below, name, rows)
        if not self.only_data:
            shown["links"] = self._links(resource, record, here)
        return shown

    def _children(self, below: str, name: str, rows: list[Record]) -> Any:
        """Plain lists before version 3 of the framework, collections of their own since."""
        if framework() < 3:
            return rows
        return self.page(below, name, rows[:MANY], MANY, 0, more=len(rows) > MANY)

    def _links(self, resource: Resource, record: Record, here: str) -> list[Record]:
        at = f"{self.origin}{here}"
        item = {"href": at, "name": resource.name, "kind": "item"}
        found: list[Record] = [
            {"rel": "self", **item, "properties": {"changeIndicator": indicator(record)}},
            {"rel": "canonical", **item},
        ]
        found += [
            {"rel": "child", "href": f"{at}/child/{name}", "name": name, "kind": "collection"}
            for name in resource.children
        ]
        wanted = self.links.split(",") if self.links else []
        return [each for each in found if not wanted or each["rel"] in wanted]

    def _fields(self, resource: Resource) -> tuple[set[str] | None, Record]:
        """`A,B;Child:C`: only these attributes, and of children those that are named."""
        if not self.fields:
            return None, {}
        own, *parts = self.fields.split(";")
        wanted = {name for name in own.split(",") if name}
        if unknown := wanted - set(resource.attributes):
            raise refused(f"Attribute {min(unknown)} is not a valid attribute of {resource.name}.", "JBO-25058")
        children: Record = {}
        for part in parts:
            name, _, attributes = part.partition(":")
            if name not in resource.children:
                raise refused(f"The child {name} is not found in {resource.name}.")
            children[name] = {"*": [each for each in attributes.split(",") if each]}
        return wanted, children

    def _tree(self, resource: Resource, text: str) -> Record:
        """Children to be expanded: `all`, or names with `.` between parent and child."""
        if text == "all":
            return {name: {} for name in resource.children}
        tree: Record = {}
        for path in filter(None, text.split(",")):
            at, inside = resource, tree
            for name in path.split("."):
                if name not in at.children:
                    raise refused(f"The child {name} is not found in {at.name}.")
                at, inside = at.children[name], inside.setdefault(name, {})
        return tree


def address(resource: Resource, record: Record) -> str:
    """The last part of a row's address: its key, or a hash nobody can make up."""
    if not resource.hashed:
        return str(record[resource.key])
    number = record["_id"]
    return f"{HASH}{number:016X}{hashlib.sha256(f'{resource.name}:{number}'.encode()).hexdigest()[:24].upper()}"


def number_in(hashed: str) -> str:
    """The number of the row that a hash stands for, if it does; the rest of it has to fit too."""
    digits = hashed.removeprefix(HASH)[:16]
    return str(int(digits, 16)) if re.fullmatch("[0-9A-F]{16}", digits) else ""


def indicator(record: Record) -> str:
    """The change indicator, which is also the row's ETag."""
    return f"ACED00057372{int(record['_version']):020X}"


def described(resource: Resource, hidden: list[str], path: str = "") -> Record:
    """A resource's own description."""
    path = path or resource.name
    attributes = [
        {
            "name": name,
            "type": each.kind,
            "updatable": not each.read_only,
            "mandatory": each.required,
            "queryable": each.queryable,
        }
        | ({"maxLength": str(each.length)} if each.length else {})
        for name, each in resource.attributes.items()
        if f"{path}.{name}" not in hidden
    ]
    finders = [
        {"name": name, "attributes": [{"name": each} for each in variables]}
        for name, variables in resource.finders.items()
    ]
    return {
        "discrColumnType": False,
        "attributes": attributes,
        "collection": {"rangeSize": MANY, "finders": finders},
        "children": {name: described(child, hidden, f"{path}.{name}") for name, child in resource.children.items()},
    }


def view_of(box: Box, origin: str, asked: Any) -> View:
    """What a query says of how rows are shown."""
    return View(
        origin=origin,
        hidden=box.option("hidden_fields"),
        expand=asked.get("expand", ""),
        fields=asked.get("fields", ""),
        only_data=asked.get("onlyData") == "true",
        links=asked.get("links", ""),
    )
