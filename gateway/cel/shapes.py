"""Somebody else's types as the checker of expressions knows them, from the JSON Schemas of an OpenAPI 3.1 document.

    object with properties             a message; those of `allOf` together, of `oneOf` and `anyOf` what one may have
    object with additionalProperties   a map
    object of amount and currency      Money, where the amount is text or a number
    string                             string; of the format date, date-time, decimal: Date, Instant, Decimal
    number                             Decimal, as it was sent; of the format float or double: double
    integer, boolean, array            int, bool, list

What may be null is not there when it is. What may be of two kinds, or is described by nothing, no rule can read.
References are followed inside of the document; what leads to itself without a field in between is nothing.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Any, Final
from urllib.parse import unquote

import msgspec

_DEEPEST: Final = 40
"""Schemas within schemas, but for the fields of objects: these are looked at when it is their turn."""
_MOST: Final = 2_000
"""Objects of one document that rules can read."""
_FORMATS: Final = {"date": "Date", "date-time": "Instant", "decimal": "Decimal"}
_BINARY: Final = ("float", "double")
_MONEY: Final = frozenset(("amount", "currency"))
_WIDER: Final = {
    frozenset(("int", "Decimal")): "Decimal",
    frozenset(("int", "double")): "double",
    **{frozenset(("string", kind)): "string" for kind in _FORMATS.values()},
}
"""Of two kinds of which either may be there, the one that holds both."""


class Shape(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What may stand in one place."""

    kind: str = ""
    """`string`, `int`, `double`, `bool`, `Money`, `Decimal`, `Date`, `Instant`, `list`, `map` or `message`; empty where
    no rule can read it."""
    item: "Shape | None" = None
    """Of a list or a map."""
    message: "Described | None" = None
    nullable: bool = False
    anything: bool = False
    """Whether nothing is said of it."""


UNREADABLE: Final = Shape()
ANYTHING: Final = Shape(anything=True)


class Described:
    """An object of the document: what is told of its fields, in one place or in several."""

    def __init__(
        self, name: str, parts: Mapping[int, Mapping[str, Any]], required: frozenset[str], shapes: "Shapes"
    ) -> None:
        self.name, self.parts, self.required = name, parts, required
        self._shapes = shapes

    @cached_property
    def fields(self) -> Mapping[str, Shape]:
        """By name. They are looked at when they are asked for: an object may be in itself."""
        names = dict.fromkeys(name for part in self.parts.values() for name in _mapping(part.get("properties")))
        return {name: self._shapes.field(self.parts.values(), name, self.name + name[:1].upper() + name[1:])
                for name in names}  # fmt: skip

    def missable(self, name: str) -> bool:
        """Whether a field may not be there."""
        return name not in self.required or self.fields[name].nullable


class _Endless(Exception):  # noqa: N818 - a schema that is only itself, or leads nowhere
    pass


class _Whole:
    """A schema with all that must hold beside it: what its references and `allOf` lead to."""

    def __init__(self, name: str, inside: frozenset[int]) -> None:
        self.name, self.inside = name, inside
        self.parts: dict[int, Mapping[str, Any]] = {}
        self.branches: list[list[Any]] = []


class Shapes:
    """Those of one document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._objects: dict[tuple[frozenset[int], frozenset[str]], Described] = {}

    def of(self, schema: Any, name: str) -> Shape:
        """What a schema describes; an object that has no name of its own is called `name`."""
        return self._shape(schema, name, frozenset())

    def field(self, parts: Iterable[Mapping[str, Any]], name: str, called: str, inside: Collection[int] = ()) -> Shape:
        """What is told of one field by all parts of an object."""
        told = (_mapping(part.get("properties")) for part in parts)
        shapes = [self._shape(each[name], called, frozenset(inside)) for each in told if name in each]
        return self._either([shape for shape in shapes if not shape.anything] or [ANYTHING])

    def _shape(self, schema: Any, name: str, inside: frozenset[int]) -> Shape:
        whole = _Whole(name, inside)
        try:
            self._gather(schema, whole, naming=True)
        except _Endless:
            return UNREADABLE
        found = self._own(whole)
        for branches in whole.branches:
            some = [branch for branch in branches if _types(branch) != {"null"}]
            found = self._both(found, self._either([self._shape(each, whole.name, whole.inside) for each in some]))
            if len(some) < len(branches):
                found = msgspec.structs.replace(found, nullable=True)
        return found

    def _gather(self, schema: Any, whole: _Whole, *, naming: bool) -> None:
        if not isinstance(schema, Mapping):
            return
        if id(schema) in whole.inside or len(whole.inside) > _DEEPEST:
            raise _Endless
        whole.inside |= {id(schema)}
        whole.parts[id(schema)] = schema
        reference = schema.get("$ref")
        if isinstance(reference, str):
            if naming:
                whole.name = _word(reference.rpartition("/")[2])
            self._gather(self._target(reference), whole, naming=naming)
        together = _list(schema.get("allOf"))
        for each in together:
            self._gather(each, whole, naming=naming and len(together) == 1)
        whole.branches += [_list(schema[key]) for key in ("anyOf", "oneOf") if key in schema]

    def _target(self, reference: str) -> Any:
        found: Any = self._document
        if not reference.startswith("#/"):
            raise _Endless
        for part in reference[2:].split("/"):
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and name.isdigit() and int(name) < len(found):
                found = found[int(name)]
            elif isinstance(found, Mapping) and name in found:
                found = found[name]
            else:
                raise _Endless
        return found

    def _own(self, whole: _Whole) -> Shape:
        """What is said of it beside the branches."""
        told = [types for part in whole.parts.values() if (types := _types(part)) is not None]
        if not told:
            return ANYTHING
        types, nullable = _agreed(told), all("null" in each for each in told)
        parts = list(whole.parts.values())
        if types == {"object"}:
            found = self._object(whole)
        elif types == {"array"}:
            found = Shape(kind="list", item=self._inner(parts, "items", whole))
        else:
            found = Shape(kind=_scalar(types, {str(part["format"]) for part in parts if "format" in part}))
        return msgspec.structs.replace(found, nullable=nullable)

    def _inner(self, parts: Iterable[Mapping[str, Any]], key: str, whole: _Whole) -> Shape:
        told = [part[key] for part in parts if isinstance(part.get(key), Mapping)]
        return self._either([self._shape(each, whole.name, whole.inside) for each in told] or [ANYTHING])

    def _object(self, whole: _Whole) -> Shape:
        telling = {key: part for key, part in whole.parts.items() if _mapping(part.get("properties"))}
        parts = telling.values()
        if not telling:
            item = self._inner(whole.parts.values(), "additionalProperties", whole)
            return UNREADABLE if item.anything else Shape(kind="map", item=item)
        if {name for part in parts for name in part["properties"]} == _MONEY:
            kinds = [self.field(parts, name, whole.name, whole.inside).kind for name in ("amount", "currency")]
            if kinds in (["Decimal", "string"], ["string", "string"]):
                return Shape(kind="Money")
        required = frozenset(
            name for part in whole.parts.values() for name in _list(part.get("required")) if isinstance(name, str)
        )
        return self._message(whole.name, telling, required)

    def _message(self, name: str, parts: Mapping[int, Mapping[str, Any]], required: frozenset[str]) -> Shape:
        key = (frozenset(parts), required)
        if key not in self._objects:
            if len(self._objects) >= _MOST:
                return UNREADABLE
            self._objects[key] = Described(name, parts, required, self)
        return Shape(kind="message", message=self._objects[key])

    def _both(self, one: Shape, other: Shape) -> Shape:
        """What is as both say."""
        if one.anything or other.anything:
            return other if one.anything else one
        nullable = one.nullable and other.nullable
        if one.message is not None and other.message is not None:
            found = self._merged(one.message, other.message, one.message.required | other.message.required)
        elif one.kind == other.kind:
            found = one
        else:
            wider = _WIDER.get(frozenset((one.kind, other.kind)))
            found = UNREADABLE if wider is None else one if one.kind != wider else other
        return msgspec.structs.replace(found, nullable=nullable)

    def _either(self, shapes: list[Shape]) -> Shape:
        """What is as one of them says."""
        first, *rest = shapes or [ANYTHING]
        for other in rest:
            first = self._one_of(first, other)
        return first

    def _one_of(self, one: Shape, other: Shape) -> Shape:
        if one.anything or other.anything:
            return ANYTHING
        if one.message is not None and other.message is not None:
            if one.message is other.message:
                found = one
            else:
                found = self._merged(one.message, other.message, one.message.required & other.message.required)
        elif one.item is not None and other.item is not None and one.kind == other.kind:
            found = Shape(kind=one.kind, item=self._one_of(one.item, other.item))
        else:
            kinds = frozenset((one.kind, other.kind))
            found = Shape(kind=one.kind if len(kinds) == 1 else _WIDER.get(kinds, ""))
        return msgspec.structs.replace(found, nullable=one.nullable or other.nullable)

    def _merged(self, one: Described, other: Described, required: frozenset[str]) -> Shape:
        return self._message(one.name, {**one.parts, **other.parts}, required)


def _types(schema: Any) -> set[str] | None:
    """The types that a schema itself allows; None where it says nothing of them."""
    if not isinstance(schema, Mapping):
        return None
    said = schema.get("type")
    if isinstance(said, str):
        return {said}
    if isinstance(said, list):
        return {each for each in said if isinstance(each, str)}
    if "const" in schema or isinstance(schema.get("enum"), list):
        return {_type_of(value) for value in ([schema["const"]] if "const" in schema else schema["enum"])}
    if _mapping(schema.get("properties")) or _mapping(schema.get("additionalProperties")):
        return {"object"}
    return {"array"} if isinstance(schema.get("items"), Mapping) else None


def _type_of(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case _:
            return "array" if isinstance(value, list) else "object"


def _agreed(told: list[set[str]]) -> set[str]:
    """What all allow, but for null. An integer is a number."""
    wide = [each | {"integer"} if "number" in each else each for each in told]
    found = set.intersection(*wide) - {"null"}
    return found if "number" not in found else found - {"integer"}


def _scalar(types: set[str], formats: set[str]) -> str:
    known = {_FORMATS[each] for each in formats if each in _FORMATS}
    if types == {"string"}:
        return known.pop() if len(known) == 1 else "" if known else "string"
    if types in ({"number"}, {"number", "integer"}):
        return "double" if formats & set(_BINARY) else "Decimal"
    if "string" in types and types <= {"string", "number", "integer"} and known == {"Decimal"}:
        return "Decimal"
    return {"integer": "int", "boolean": "bool"}.get(next(iter(types)), "") if len(types) == 1 else ""


def _word(said: str) -> str:
    """A name as the checker takes it."""
    found = re.sub(r"[^A-Za-z0-9_]", "_", said)
    return found if found[:1].isalpha() else f"T{found}"


def _mapping(said: Any) -> Mapping[str, Any]:
    return said if isinstance(said, Mapping) else {}


def _list(said: Any) -> list[Any]:
    return said if isinstance(said, list) else []
