"""What a schema takes, as far as it matters for reading text: whether `5` in a query is a number or a word."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

import msgspec

from gateway.contracts.reading import DeadReferenceError, Document, Place, mapping
from gateway.contracts.schemas import Schemas

_DEPTH: Final = 8
"""So deep is looked into a schema."""


class Kinds(msgspec.Struct, frozen=True, kw_only=True):
    """What a schema takes."""

    types: frozenset[str] = frozenset()
    items: "Kinds | None" = None
    fields: Mapping[str, "Kinds"] = {}
    more: "Kinds | None" = None
    """Of fields that are not named; None where there may be none."""


class Reading:
    """Finds it out for the schemas of one document."""

    def __init__(self, document: Document, schemas: Schemas) -> None:
        self._document = document
        self._schemas = schemas

    def of(self, at: Place) -> Kinds:
        """What the schema at a place takes."""
        return self._kinds(self._schemas.translated(at), _DEPTH)

    def _kinds(self, schema: Any, depth: int) -> Kinds:
        if not isinstance(schema, Mapping) or depth == 0:
            return Kinds()
        found = [_own(schema, lambda inner: self._kinds(inner, depth - 1))]
        if isinstance(schema.get("$ref"), str):
            with suppress(DeadReferenceError):
                at, _ = self._document.target(schema["$ref"])
                found.append(self._kinds(self._schemas.translated(at), depth - 1))
        for key in ("allOf", "anyOf", "oneOf"):
            listed = schema.get(key)
            found += [self._kinds(each, depth - 1) for each in (listed if isinstance(listed, list) else ())]
        return _together(found)


def _own(schema: Mapping[str, Any], inner: Callable[[Any], Kinds]) -> Kinds:
    said = schema.get("type")
    listed = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    types = {each for each in listed if isinstance(each, str)}
    if not types:
        options = schema.get("enum")
        values = [*(options if isinstance(options, list) else ()), *([schema["const"]] if "const" in schema else [])]
        types = {_type_of(value) for value in values}
    fields = mapping(schema.get("properties"))
    more = schema.get("additionalProperties", True)
    return Kinds(
        types=frozenset(types | ({"object"} if fields else set())),
        items=inner(schema["items"]) if "items" in schema else None,
        fields={name: inner(each) for name, each in fields.items()},
        more=None if more is False else inner(more),
    )


def _type_of(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    return "string" if isinstance(value, str) else "number"


def _together(found: list[Kinds]) -> Kinds:
    fields: dict[str, Kinds] = {}
    for each in found:
        fields |= each.fields
    return Kinds(
        types=frozenset[str]().union(*(each.types for each in found)),
        items=next((each.items for each in found if each.items is not None), None),
        fields=fields,
        more=None if any(each.more is None for each in found) else found[0].more,
    )
