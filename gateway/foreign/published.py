"""The contract callers of a foreign API are given: its owner's, with our addresses, our scopes and our refusals.

What the owner says of servers and sign-in is for us, not for callers: it stays here.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from canonical.faults import Invalid, Problem
from canonical.ports import Operation
from foundation.api import PROBLEM_JSON
from foundation.openapi import SECURITY, Governed
from foundation.schemas import schemas_of
from gateway.foreign.api import METHODS, Foreign
from gateway.foreign.specs import mapping

_OURS: Final = "TiergateProblem"
"""What our problem document is called in a contract that has a Problem of its own."""
_LEFT: Final = ("servers", "security", "callbacks")
"""Of an operation or a path: said by us, or about calls that do not come by us."""


def contract(api: Foreign, governed: Callable[[Operation], Governed], offered: Collection[str]) -> dict[str, Any]:
    """OpenAPI 3.1; `governed` tells what policy adds to an operation, `offered` are the operationIds in it."""
    said = api.document
    components = {**mapping(said.get("components"))}
    schemas = dict(mapping(components.get("schemas")))
    (problem,), needed = schemas_of((Problem,))
    name = _OURS if "Problem" in schemas else "Problem"
    for key, schema in needed.items():
        schemas.setdefault(name if key == "Problem" else key, schema)
    reference = {"$ref": problem["$ref"].replace("/Problem", f"/{name}")}
    info = {key: value for key, value in mapping(said["info"]).items() if key != "termsOfService"}
    return {
        "openapi": "3.1.0",
        "info": {**info, "version": str(info.get("version") or f"{api.major}.0.0")},
        "servers": [{"url": "/"}],
        **({"tags": said["tags"]} if "tags" in said else {}),
        "paths": _paths(api, governed, offered, reference),
        "components": {**components, "schemas": dict(sorted(schemas.items())), "securitySchemes": SECURITY},
    }


def _paths(
    api: Foreign, governed: Callable[[Operation], Governed], offered: Collection[str], problem: dict[str, str]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for operation in api.operations():
        if operation.id not in offered:
            continue
        item = mapping(api.document["paths"][operation.path])
        kept = {key: value for key, value in item.items() if key not in (*METHODS, *_LEFT, "head", "options", "trace")}
        here = found.setdefault(api.prefix + operation.path, kept)
        here[operation.method.lower()] = _operation(
            mapping(item[operation.method.lower()]), governed(operation), problem
        )
    return found


def _operation(said: Mapping[str, Any], added: Governed, problem: dict[str, str]) -> dict[str, Any]:
    responses = {str(status): answer for status, answer in mapping(said.get("responses")).items()}
    for status, meaning in sorted(added.items()):
        responses[str(status)] = _with_problem(responses.get(str(status)), meaning, problem)
    for told, answer in responses.items() if added.headers else ():
        if told.startswith("2") or told == str(Invalid.status):
            responses[told] = _with_headers(answer, added.headers)
    for status, meaning in added.plain.items():
        responses.setdefault(str(status), {"description": meaning})
    found = {key: value for key, value in said.items() if key not in _LEFT}
    if added.parameters:
        found["parameters"] = [*said.get("parameters", ()), *added.parameters]
    return {
        **found,
        "responses": responses,
        "security": [] if added.public else [{"bearer": list(added.scopes)}],
    }


def _with_headers(answer: Any, headers: Mapping[str, Any]) -> Any:
    """With ours beside the owner's. An answer that is told elsewhere stays as it is told there."""
    if not isinstance(answer, Mapping) or "$ref" in answer:
        return answer
    return {**answer, "headers": {**headers, **mapping(answer.get("headers"))}}


def _with_problem(answer: Any, meaning: str, problem: dict[str, str]) -> dict[str, Any]:
    """An answer of the owner's that may be a refusal of ours too: which of the two, its media type tells."""
    ours = {PROBLEM_JSON: {"schema": problem}}
    if not isinstance(answer, Mapping) or "$ref" in answer:
        return {"description": meaning, "content": ours}
    content = mapping(answer.get("content"))
    description = "; ".join(dict.fromkeys(part for part in (str(answer.get("description") or ""), meaning) if part))
    return {**answer, "description": description, "content": {**content, **({} if PROBLEM_JSON in content else ours)}}
