"""JSON Schema of the policy files, for editors: made from the Structs the loader itself converts to.

An editor that speaks the YAML language server's protocol completes keys and shows what each means while a policy is
written. What no schema can say (that a name exists, that dates are in order) is left to `tiergate policy check`.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, Literal, get_args, get_origin

import msgspec

from canonical.ownership import VARIANTS, ownable
from gateway import policies
from gateway.authoring.cases import Given, Then
from gateway.authoring.described import default_of, in_words, is_struct, meaning, meanings, without_none
from gateway.commitment import Committed
from gateway.environments import Environment
from gateway.noun import nouns
from gateway.ownership import Field
from gateway.words import Duration, Rate, Size

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Final = {str: {}, date: {"format": "date"}, Rate: {}, Size: {}, Duration: {}}
_PLAIN: Final[dict[Any, dict[str, Any]]] = {
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    Any: {},
    object: {},
}
FILES: Final[dict[str, tuple[str, Callable[[], Any]]]] = {
    "platform": ("platform.yaml", policies.platform_type),
    "api": ("apis/*.yaml", policies.api_type),
    "product": ("products/*.yaml", lambda: policies.Product),
    **{name: (f"{name}.yaml", kind) for name, kind in policies.own_files().items()},
    "environment": ("environments/*.yaml", lambda: Environment),
    "commitment": ("commitment.yaml", lambda: Committed),
}
"""Every kind of policy file: the path it has, and its Struct."""


def schemas() -> dict[str, dict[str, Any]]:
    """A schema for each kind of file, by the kind's word."""
    found = {kind: _document(pattern, struct()) for kind, (pattern, struct) in FILES.items()}
    return {**found, "ownership": _ownership(), "tests": _tests()}


def texts() -> dict[str, str]:
    """The same as files: `platform.json` and so on."""
    return {f"{kind}.json": json.dumps(found, indent=2) + "\n" for kind, found in schemas().items()}


def _tests() -> dict[str, Any]:
    """A file of tests is a list, and what one may be written as several ways is not a Struct."""
    found: dict[str, Any] = {}
    given, then = _of(Given, found), _of(Then, found)
    names = {"type": "string"}
    test = {
        "type": "object",
        "properties": {
            "given": {"description": "Who calls, or each of several.", **_one_or_more(given)},
            "when": {"description": "What is called: `[api.]operationId[@v1]`, or `api.*`.", **_one_or_more(names)},
            "then": {"description": "`allow`, a reason, or more of the answer.", "anyOf": [names, then]},
        },
        "required": ["when", "then"],
        "additionalProperties": False,
    }
    head = {"$schema": DIALECT, "title": "Tiergate: tests/*.yaml"}
    return {**head, "type": "array", "items": test, "$defs": dict(sorted(found.items()))}


def _ownership() -> dict[str, Any]:
    """Objects and fields are those there are, and a field is not left out."""
    found: dict[str, Any] = {}
    rule = _of(Field, found)
    objects = {
        kind: {
            "type": "object",
            "properties": dict.fromkeys(fields, rule),
            "required": [] if kind in VARIANTS else list(fields),
            "additionalProperties": False,
        }
        for kind, fields in sorted(ownable().items())
    }
    head = {"$schema": DIALECT, "title": "Tiergate: ownership.yaml"}
    says = "Who owns which field of which object, by our own words for both."
    return {
        **head,
        "description": says,
        "type": "object",
        "properties": objects,
        "additionalProperties": False,
        "$defs": dict(sorted(found.items())),
    }


def _one_or_more(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "array", "items": schema}]}


def _document(pattern: str, struct: type[msgspec.Struct]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    whole = _struct(struct, found)
    head = {"$schema": DIALECT, "title": f"Tiergate: {pattern}"}
    return {**head, **whole, "$defs": dict(sorted(found.items()))}


def _nouns_say() -> Mapping[str, str]:
    """What stands for the sentence under a field in the types that are put together from nouns."""
    return {
        **{noun.name: noun.says for noun in nouns()},
        **{key: noun.says for noun in nouns() for key in noun.platform or {}},
        "api": "The API's name, as it is served.",
        "owner": "Who answers for it: an address.",
        "defaults": "What holds for every operation below that says nothing else.",
        "operations": "By operationId. One that is not listed cannot be reached.",
    }


def _struct(struct: type[msgspec.Struct], found: dict[str, Any]) -> dict[str, Any]:
    of_nouns = struct in (policies.platform_type(), policies.api_type(), policies.operation_type())
    say = _nouns_say() if of_nouns else meanings(struct)
    fields = msgspec.structs.fields(struct)
    properties = {}
    for field in fields:
        schema = _of(field.type, found)
        described = {"description": say[field.name]} if say.get(field.name) else {}
        default = {"default": default_of(field)} if default_of(field) and schema.get("type") == "string" else {}
        properties[field.encode_name] = {**schema, **described, **default}
    doc = meaning(struct)
    return {
        **({"description": " ".join(doc.split())} if doc else {}),
        "type": "object",
        "properties": properties,
        "required": [field.encode_name for field in fields if field.required],
        "additionalProperties": False,
    }


def _of(kind: Any, found: dict[str, Any]) -> dict[str, Any]:
    options = without_none(kind)
    if len(options) > 1:
        return {"anyOf": [_of(option, found) for option in options]}
    kind = options[0]
    origin = get_origin(kind)
    if origin is Literal:
        return {"enum": list(get_args(kind))}
    if origin is list:
        return {"type": "array", "items": _of(get_args(kind)[0], found)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _of(get_args(kind)[1], found)}
    if is_struct(kind):
        if kind.__name__ not in found:
            found[kind.__name__] = {}
            found[kind.__name__] = _struct(kind, found)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    if kind in _TEXT:
        said = {"type": "string", **_TEXT[kind]}
        return said if kind is str else {**said, "description": f"{in_words(kind)[0].upper()}{in_words(kind)[1:]}."}
    # A word of a noun's own reads what a person writes: text, or a number.
    return dict(_PLAIN.get(kind, {"type": ["string", "number"]}))
