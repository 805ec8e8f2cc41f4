"""What a contract must be before it is published: the house's rules, and that our validator can check all of it.

operation-id      every operation has one, in camelCase, and no two are the same: policies bind to it
described         every operation has a summary, and every API an owner's description
secured           every operation says its security: scopes, or an explicit `security: []`
problem           every 4xx and 5xx is application/problem+json (RFC 9457)
data-class        every string field says its x-data-class: what is not classed is never recorded
success           every operation says what it answers when it succeeds
checkable         nothing is in it that `gateway.contracts` cannot check: every schema compiles (JSON Schema 2020-12),
                  every reference leads somewhere inside, every keyword and format is one that is known
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from gateway.contracts import Contract
from gateway.publishing.shapes import resolve

_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_CAMEL: Final = re.compile(r"[a-z][a-zA-Z0-9]*")
_NOT_PERSONAL: Final = {"date", "date-time", "time", "duration", "uri", "uuid"}
_KNOWN_CLASSES: Final = ("public", "pii", "financial", "secret")


class Finding(msgspec.Struct, frozen=True, order=True):
    """One thing that keeps a contract from being published."""

    pointer: str
    """Where in the document (JSON Pointer, RFC 6901)."""
    rule: str
    says: str

    def __str__(self) -> str:
        return f"{self.pointer}: {self.rule}: {self.says}"


def findings(document: Mapping[str, Any]) -> list[Finding]:
    """Everything that is against the rules, in the order of the document's places."""
    contract = Contract(document)
    found = [Finding(each.pointer, "checkable", each.says) for each in (*contract.refused(), *contract.passed_over())]
    if found:
        return sorted(found)  # nothing below could be read safely
    return sorted({*_operations(document), *_schemas(document)})


def _operations(document: Mapping[str, Any]) -> Iterator[Finding]:
    named: dict[str, str] = {}
    if not document.get("info", {}).get("description"):
        yield Finding("/info", "described", "the API has no description")
    for path, item in document.get("paths", {}).items():
        for method in (each for each in _METHODS if each in item):
            operation, at = item[method], _at("paths", path, method)
            name = operation.get("operationId", "")
            if not _CAMEL.fullmatch(name):
                yield Finding(at, "operation-id", f"{name!r} is not an operationId in camelCase")
            elif name in named:
                yield Finding(at, "operation-id", f"{name!r} is the operationId of {named[name]} already")
            named.setdefault(name, at)
            if not operation.get("summary"):
                yield Finding(at, "described", "the operation has no summary")
            if "security" not in operation and "security" not in document:
                yield Finding(at, "secured", "say its security: the scopes it needs, or `security: []` for anybody")
            yield from _answers(document, operation.get("responses", {}), at)


def _answers(document: Mapping[str, Any], responses: Mapping[str, Any], at: str) -> Iterator[Finding]:
    if not any(str(status)[0] in "123d" for status in responses):
        yield Finding(at, "success", "no 2xx or 3xx is among its responses")
    for status, each in responses.items():
        content = resolve(document, each).get("content", {})
        if str(status)[0] in "45" and "application/problem+json" not in content:
            yield Finding(f"{at}/responses/{status}", "problem", "an error is application/problem+json (RFC 9457)")


def _schemas(document: Mapping[str, Any]) -> Iterator[Finding]:
    for at, schema in _roots(document):
        yield from _classes(schema, at)


def _roots(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Schemas, each where it stands: the named ones, and those of parameters and media types."""
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        yield _at("components", "schemas", name), schema
    for path, item in document.get("paths", {}).items():
        yield from _inside(item, _at("paths", path))


def _inside(node: Any, at: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == "schema":
                yield f"{at}/schema", value
            elif key not in ("example", "examples"):
                yield from _inside(value, f"{at}/{_escaped(key)}")
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield from _inside(value, f"{at}/{place}")


def _classes(schema: Any, at: str) -> Iterator[Finding]:
    if not isinstance(schema, Mapping):
        return
    for name, field in schema.get("properties", {}).items():
        where = f"{at}/properties/{_escaped(name)}"
        if isinstance(field, Mapping) and _holds_text(field) and field.get("x-data-class") not in _KNOWN_CLASSES:
            known = ", ".join(_KNOWN_CLASSES)
            yield Finding(where, "data-class", f"a text without x-data-class ({known}): it would never be recorded")
        yield from _classes(field, where)
    for key in ("items", "additionalProperties"):
        yield from _classes(schema.get(key), f"{at}/{key}")
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for place, each in enumerate(schema.get(key, [])):
            yield from _classes(each, f"{at}/{key}/{place}")


def _holds_text(field: Mapping[str, Any]) -> bool:
    kinds = field.get("type")
    text = kinds == "string" or (isinstance(kinds, list) and "string" in kinds)
    alternatives = [each for key in ("anyOf", "oneOf") for each in field.get(key, []) if isinstance(each, Mapping)]
    fixed = "const" in field or "enum" in field or field.get("format") in _NOT_PERSONAL
    return (text and not fixed) or any(_holds_text(each) for each in alternatives)


def _at(*parts: object) -> str:
    return "".join(f"/{_escaped(part)}" for part in parts)


def _escaped(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")
