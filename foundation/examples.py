"""Examples for contracts, made of what the types say of themselves: what a call sends, and what it is answered.

A field says its own `examples`; where it says none, a word of its list, its default or its format stands for it. A
field that may be left out and says nothing is left out. So an example grows with its type, and is never a second
description of it.
"""

from collections.abc import Mapping
from typing import Any, Final

_BY_FORMAT: Final[Mapping[str, Any]] = {
    "date-time": "2027-01-04T09:30:00Z",
    "date": "2027-01-04",
    "decimal": "1250.00",
    "uri": "https://partner.example/a",
}
_REF: Final = "#/components/schemas/"


class UnsaidError(LookupError):
    """A field that is always there says no example. Its text is where."""


def example_of(schema: Mapping[str, Any], components: Mapping[str, Any]) -> Any:
    """A value that is as this schema says. `UnsaidError` names the first required field that says nothing of itself."""
    return _value(schema, components, "", ())


def _value(schema: Mapping[str, Any], known: Mapping[str, Any], where: str, above: tuple[str, ...]) -> Any:
    if schema.get("examples"):
        return schema["examples"][0]
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_REF)
        if name in above:
            raise UnsaidError(f"{where}: {name} holds itself")
        return _value(known[name], known, name, (*above, name))
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if "anyOf" in schema:
        return _value(next(e for e in schema["anyOf"] if e.get("type") != "null"), known, where, above)
    return _of_type(schema, known, where, above)


def _of_type(schema: Mapping[str, Any], known: Mapping[str, Any], where: str, above: tuple[str, ...]) -> Any:
    match schema.get("type"):
        case "object":
            return _object(schema, known, where, above)
        case "array":
            return [_value(schema["items"], known, f"{where}[]", above)] if schema.get("items") else []
        case "integer" | "number":
            return schema.get("default", schema.get("minimum", 1))
        case "boolean":
            return schema.get("default", True)
        case "string" if schema.get("format") in _BY_FORMAT:
            return _BY_FORMAT[schema["format"]]
        case "string" if schema.get("default"):
            return schema["default"]
    raise UnsaidError(where)


def _object(schema: Mapping[str, Any], known: Mapping[str, Any], where: str, above: tuple[str, ...]) -> dict[str, Any]:
    found = {}
    for name, field in schema.get("properties", {}).items():
        required = name in schema.get("required", ())
        if not required and _may_be_null(field) and not field.get("examples"):
            continue  # null is the usual case: no problem, no end yet
        try:
            found[name] = _value(field, known, f"{where}.{name}", above)
        except UnsaidError:
            if required:
                raise
    return found


def _may_be_null(field: Mapping[str, Any]) -> bool:
    return any(each.get("type") == "null" for each in field.get("anyOf", ()))
