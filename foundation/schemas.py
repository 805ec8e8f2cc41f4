"""Strict decoding with every error named, and the JSON Schemas of our types.

msgspec decodes and stops at the first fault; a caller wants all of them. So a body that fails is checked once more,
against the JSON Schema of the same type, and the answer lists each field. Valid bodies are read once.
"""

from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Final

import jsonschema_rs
import msgspec

from canonical.faults import FieldError, Invalid, Malformed
from foundation.violations import violations

REF: Final = "#/components/schemas/{name}"


class Described(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """In the place of a type, where none of ours says what a value is: a JSON Schema does."""

    schema: dict[str, Any]
    """Whole; what it refers to is in its `$defs`."""


def decode(raw: bytes, kind: Any) -> Any:
    """`raw` JSON as a `kind`. Raises `Malformed` when it is not JSON at all, `Invalid` with every field error."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as wrong:
        # It was found before the end was read: what follows may be no JSON at all.
        errors = _every_error(_json(raw), kind, str(wrong))
        raise Invalid("Some fields are not as they must be.", errors=errors) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as broken:
        raise Malformed(f"The body is not JSON: {broken}.") from None


def convert_parameter(value: str, kind: Any, place: str) -> Any:
    """One path or query parameter as its type; `Invalid` names the place."""
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as wrong:
        raise Invalid(
            "A parameter is not as it must be.", errors=[FieldError(pointer=place, detail=str(wrong))]
        ) from None


def schemas_of(kinds: tuple[Any, ...], template: str = REF) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The schema of each type, and the components they share."""
    schemas, components = msgspec.json.schema_components(kinds, schema_hook=_hook, ref_template=template)
    return list(schemas), components


def schema_of(kind: Any) -> dict[str, Any]:
    """One self-contained JSON Schema (2020-12) of a type."""
    return kind.schema if isinstance(kind, Described) else _schema(kind)


@cache
def _schema(kind: Any) -> dict[str, Any]:
    return msgspec.json.schema(kind, schema_hook=_hook)


def _json(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as broken:
        raise Malformed(f"The body is not JSON: {broken}.") from None


@cache
def _validator(kind: Any) -> Any:
    schema = _with_numbers(schema_of(kind))
    return jsonschema_rs.validator_for(schema, validate_formats=True, formats={"decimal": _is_decimal})


def _with_numbers(schema: Any) -> Any:
    """A decimal is published as text, which loses nothing on its way; as a number it is taken too."""
    if isinstance(schema, dict):
        found = {key: _with_numbers(value) for key, value in schema.items()}
        return found | {"type": ["string", "number"]} if found.get("format") == "decimal" else found
    return [_with_numbers(value) for value in schema] if isinstance(schema, list) else schema


def _is_decimal(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _every_error(value: Any, kind: Any, first: str) -> list[FieldError]:
    found = [each.field_error() for each in violations(_validator(kind), value)]
    # A rule only the type knows (a Struct's own check) leaves the schema content: msgspec's word is then the only one.
    return found or [FieldError(pointer=pointer(first), detail=first)]


def pointer(message: str) -> str:
    """Where a value is not as it must be, by msgspec's sentence; empty for the whole of it."""
    _, at, where = message.rpartition(" - at `$")
    return where.rstrip("`").replace(".", "/").replace("[", "/").replace("]", "") if at else ""


def _hook(kind: type) -> dict[str, Any]:
    raise NotImplementedError(f"{kind} has no JSON Schema")
