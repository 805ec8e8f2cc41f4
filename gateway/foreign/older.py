"""OpenAPI 3.0 in the words of 3.1: what each of its own keywords means in JSON Schema 2020-12.

https://spec.openapis.org/oas/v3.1.1 and the same of 3.0.4. A document of 3.1 is left as it is.
"""

from collections.abc import Mapping
from typing import Any, Final

_DATA: Final = frozenset(("example", "examples", "default", "const", "enum"))
"""Keys below which stands data, not a schema."""
_EXCLUSIVE: Final = (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum"))


def newer(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document as 3.1."""
    if not str(document.get("openapi", "")).startswith("3.0"):
        return dict(document)
    found: dict[str, Any] = {**_walked(document), "openapi": "3.1.0"}
    return found


def _walked(said: Any, *, named: bool = False) -> Any:
    """`named`: the keys are names of the author's (of properties, schemas, examples), not keywords."""
    if isinstance(said, list):
        return [_walked(each) for each in said]
    if not isinstance(said, Mapping):
        return said
    if named:
        return {key: _walked(each) for key, each in said.items()}
    if isinstance(said.get("$ref"), str):
        return {"$ref": said["$ref"]}  # 3.0: what stands beside a reference says nothing
    found = {
        key: each if key in _DATA else _walked(each, named=key in ("properties", "schemas", "paths"))
        for key, each in said.items()
    }
    return _null(_exclusive(found))


def _exclusive(said: dict[str, Any]) -> dict[str, Any]:
    for bound, exclusive in _EXCLUSIVE:
        if isinstance(said.get(exclusive), bool):
            is_so = said.pop(exclusive)
            if is_so and bound in said:
                said[exclusive] = said.pop(bound)
    return said


def _null(said: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(said.get("nullable"), bool):
        return said
    if said.pop("nullable") and isinstance(said.get("type"), str):
        said["type"] = [said["type"], "null"]
        if isinstance(said.get("enum"), list) and None not in said["enum"]:
            said["enum"] = [*said["enum"], None]
    return said
