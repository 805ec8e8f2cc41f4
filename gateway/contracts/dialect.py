"""The schemas of a document in the words of our validator (JSON Schema 2020-12), and what in them it cannot check.

3.0's `nullable` and boolean `exclusiveMinimum` become what they mean; `int32` and `int64` become bounds; a field that
is only read is not asked for in a request, and one that is only written has no place in an answer.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from math import isfinite
from typing import Any, Final, Literal

import msgspec

from gateway.contracts.reading import DATA, DeadReferenceError, Document, Place, fragment, mapping

Direction = Literal["request", "response"]
_ONE: Final = frozenset(
    "additionalProperties not if then else contains propertyNames unevaluatedProperties unevaluatedItems items "
    "contentSchema".split()
)
_NAMED: Final = frozenset(("properties", "patternProperties", "$defs", "definitions", "dependentSchemas"))
_LISTS: Final = frozenset(("allOf", "anyOf", "oneOf", "prefixItems"))
_PLAIN: Final = frozenset(
    "$ref $comment $anchor $dynamicRef $dynamicAnchor $defs type title description deprecated readOnly writeOnly "
    "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern format minItems maxItems "
    "uniqueItems minContains maxContains minProperties maxProperties required dependentRequired contentEncoding "
    "contentMediaType discriminator xml externalDocs".split()
)
_NOT_FOLLOWED: Final = {
    "$id": "gives the schema an address of its own, from which references would be read",
    "$schema": "is another dialect of JSON Schema than 2020-12",
    "$vocabulary": "is of a dialect of its own",
    "$recursiveRef": "is of JSON Schema 2019-09; write $dynamicRef",
    "$recursiveAnchor": "is of JSON Schema 2019-09; write $dynamicAnchor",
    "dependencies": "is of an older JSON Schema; write dependentRequired or dependentSchemas",
    "additionalItems": "is of an older JSON Schema; write prefixItems and items",
}
_KNOWN: Final = _PLAIN | _ONE | _NAMED | _LISTS | DATA | _NOT_FOLLOWED.keys()
_OURS: Final = ("https://json-schema.org/draft/2020-12/schema", "https://spec.openapis.org/oas/3.1/dialect/base")
_NUMBERS: Final = frozenset(
    "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength const enum".split()
)
_INTEGERS: Final = {"int32": 2**31, "int64": 2**63}
_CHECKED: Final = frozenset(
    "date date-time time duration uuid email idn-email hostname idn-hostname ipv4 ipv6 uri uri-reference iri "
    "iri-reference uri-template json-pointer relative-json-pointer regex byte decimal int32 int64".split()
)
_SAYS_NOTHING: Final = frozenset("float double binary password".split())
"""Of how a value is kept or shown; there is nothing to check."""


class Refusal(msgspec.Struct, frozen=True, order=True):
    """A construct that cannot be checked, so that a contract with it is not used."""

    pointer: str
    """Where in the document (JSON Pointer)."""
    says: str

    def __str__(self) -> str:
        return f"{self.pointer}: {self.says}"


Refuse = Callable[[Place, str], None]


class Dialect:
    """Translates schemas of one document for one direction; says what it cannot translate, and what it passes over."""

    def __init__(self, document: Document, direction: Direction, refuse: Refuse, pass_over: Refuse) -> None:
        self._document = document
        self._direction = direction
        self._refuse = refuse
        self._pass_over = pass_over
        self.targets: set[Place] = set()
        """What references lead to."""
        self.one_sided = False
        """Whether some field is only read, or only written."""

    def translated(self, schema: Any, at: Place) -> Any:
        """One schema in the validator's words."""
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, Mapping):
            self._refuse(at, "is no schema")
            return True
        if "$ref" in schema and self._document.older:
            schema = {"$ref": schema["$ref"]}  # 3.0: whatever stands beside it is not read
        self.one_sided = self.one_sided or schema.get("readOnly") is True or schema.get("writeOnly") is True
        found = {key: self._key(key, value, (*at, key), schema) for key, value in schema.items()}
        self._unchecked(schema, at)
        self._null(schema, found, at)
        self._bounds(found)
        self._fields(schema, found)
        return found

    def _key(self, key: str, value: Any, at: Place, schema: Mapping[str, Any]) -> Any:
        if key == "$ref":
            return self._reference(value, at)
        if key in _NAMED and isinstance(value, Mapping):
            return {name: self.translated(each, (*at, name)) for name, each in value.items()}
        if key in _LISTS and isinstance(value, list):
            return [self.translated(each, (*at, number)) for number, each in enumerate(value)]
        if key in _ONE and not isinstance(value, list):
            return self.translated(value, at)
        if key == "discriminator":
            if not {"oneOf", "anyOf"} & schema.keys():
                self._refuse(at, "chooses a subtype that the validator does not know of; list them as oneOf")
        elif key == "$schema":
            if str(value).rstrip("#") not in _OURS:
                self._refuse(at, _NOT_FOLLOWED[key])
        elif key in _NOT_FOLLOWED:
            self._refuse(at, _NOT_FOLLOWED[key])
        return _exact(value) if key in _NUMBERS else value

    def _reference(self, reference: Any, at: Place) -> Any:
        try:
            to, _ = self._document.target(str(reference))
        except DeadReferenceError as dead:
            self._refuse(at[:-1], str(dead))
            return "#/nowhere"
        self.targets.add(to)
        return "#" + fragment(to)

    def _unchecked(self, schema: Mapping[str, Any], at: Place) -> None:
        for key in schema:
            known = (
                key in _PLAIN or key in _ONE or key in _NAMED or key in _LISTS or key in DATA or key in _NOT_FOLLOWED
            )
            older = self._document.older and key == "nullable"
            if not known and not older and not key.startswith("x-"):
                self._pass_over((*at, key), "is not a keyword that is checked")
        said = schema.get("format")
        if isinstance(said, str) and said not in _CHECKED and said not in _SAYS_NOTHING:
            self._pass_over((*at, "format"), f"{said!r} is not a format that is checked")

    def _null(self, schema: Mapping[str, Any], found: dict[str, Any], at: Place) -> None:
        if not self._document.older:
            return
        if found.pop("nullable", None) is True and isinstance(schema.get("type"), str):
            found["type"] = [schema["type"], "null"]
        for key, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            if isinstance(found.get(key), bool) and found.pop(key) and limit in found:
                found[key] = found.pop(limit)

    def _bounds(self, found: dict[str, Any]) -> None:
        size = _INTEGERS.get(str(found.get("format")))
        if size is not None and found.get("type") in ("integer", ["integer", "null"]):
            for key, limit, tighter in (("minimum", -size, max), ("maximum", size - 1, min)):
                said = found.get(key, limit)
                found[key] = tighter(said, limit) if isinstance(said, (int, Decimal)) else said

    def _fields(self, schema: Mapping[str, Any], found: dict[str, Any]) -> None:
        """A field that is only read need not be sent; one that is only written must not be answered."""
        word = "readOnly" if self._direction == "request" else "writeOnly"
        one_sided = {name for name, field in mapping(schema.get("properties")).items() if self._is(field, word)}
        if one_sided and isinstance(found.get("required"), list):
            found["required"] = [name for name in found["required"] if str(name) not in one_sided]
        if word == "writeOnly":
            found |= {"properties": found["properties"] | dict.fromkeys(one_sided, False)} if one_sided else {}

    def _is(self, field: Any, word: str) -> bool:
        if isinstance(field, Mapping) and field.get(word) is True:
            return True
        try:
            _, field = self._document.follow(field, ())
        except DeadReferenceError:
            return False
        return isinstance(field, Mapping) and field.get(word) is True


def _exact(value: Any) -> Any:
    """A number as it is written: what the reader of the document made a float is a decimal again."""
    if isinstance(value, list):
        return [_exact(each) for each in value]
    if not isinstance(value, float) or not isfinite(value):
        return value
    return int(value) if value.is_integer() else Decimal(repr(value))
