"""The OpenAPI 3.1 document of an API, from its ports: schemas with `x-data-class`, faults as problem documents.

What the gateway adds (security, 401, 403, 429 ...) is policy, so its caller says it per operation.
"""

import inspect
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from canonical.events import Event, EventEnvelope, told
from canonical.faults import (
    Fault,
    Forbidden,
    Invalid,
    Malformed,
    OutcomeUnknown,
    Problem,
    VendorBusy,
    VendorFault,
    VendorRefused,
    VendorSignIn,
    VendorStale,
    VendorTimeout,
)
from canonical.ports import Operation, Raw
from canonical.ports.operation import Parameter
from foundation.api import PROBLEM_JSON, Api, documented_faults
from foundation.examples import UnsaidError, example_of
from foundation.schemas import schemas_of

SECURITY: Final = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "at+jwt",
        "description": "RFC 9068 access token",
    }
}
"""How callers sign in to whatever the gateway offers."""
SIGNED: Final = {
    "webhook-id": "The event's id: the same however often it is told",
    "webhook-timestamp": "When this attempt was made, in seconds since 1970",
    "webhook-signature": "`v1,` and the HMAC-SHA256 of id, timestamp and body, for each secret that holds",
}
"""Headers of an event that is told (Standard Webhooks)."""
_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}


class Governed(dict[int, str]):
    """Statuses (and what each means) the gateway adds to one operation; `scopes` become its security requirement."""

    scopes: tuple[str, ...] = ()
    public: bool = False
    parameters: tuple[dict[str, Any], ...] = ()
    """Headers the gateway reads, as OpenAPI parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.plain: dict[int, str] = {}
        """Statuses of answers without a body, and what each means."""
        self.headers: dict[str, dict[str, Any]] = {}
        """Headers that a good answer may carry, and one that refuses what was sent (422), as OpenAPI header objects."""


def document(api: Api, governed: Callable[[Operation], Governed] | None = None, *, only: str = "") -> dict[str, Any]:
    """The contract of `api`; `governed` tells what policy adds to an operation; `only` one operation, by its id."""
    listed = tuple(operation for operation in api.operations() if only in ("", operation.id))
    events = () if only else api.events
    kinds = [*_kinds(listed), *map(told, events), *([EventEnvelope] if events else [])]
    schemas, components = schemas_of((*kinds, Problem))
    by_kind = dict(zip(map(repr, kinds), schemas, strict=False))
    paths: dict[str, dict[str, Any]] = {}
    for operation in listed:
        added = governed(operation) if governed else Governed()
        said = _operation(api, operation, by_kind, added)
        if events and operation.calls:
            said["callbacks"] = {"event": {f"{{$request.body#/{operation.calls}}}": {"post": _callback(api, by_kind)}}}
        if api.layer == "process":
            _give_examples(said, components)
        paths.setdefault(api.prefix + operation.path, {})[operation.method.lower()] = said
    webhooks = {event.type(): {"post": _webhook(api, event, by_kind)} for event in events}
    return {
        "openapi": "3.1.0",
        "info": {"title": api.title, "version": f"{api.major}.0.0", "description": api.description or api.title},
        "servers": [{"url": "/"}],
        "tags": [{"name": api.name, "description": api.title}],
        "paths": paths,
        **({"webhooks": webhooks} if webhooks else {}),
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": SECURITY,
        },
    }


def _operation(api: Api, operation: Operation, by_kind: dict[str, Any], governed: Governed) -> dict[str, Any]:
    summary, _, rest = operation.doc.partition("\n")
    answer = _answer(operation, by_kind)
    headers = dict(governed.headers) | _watched(api, operation, answer)
    responses: dict[str, Any] = {str(operation.status): {**answer, "headers": headers} if headers else answer}
    for status, meaning in sorted(_faults(api, operation, governed).items()):
        responses[str(status)] = {"description": meaning, "content": {PROBLEM_JSON: {"schema": _PROBLEM}}}
    if governed.headers:
        responses[str(Invalid.status)]["headers"] = dict(governed.headers)
    responses |= {str(status): {"description": meaning} for status, meaning in governed.plain.items()}
    found: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [api.name],
        "summary": summary.rstrip("."),
        "description": ((operation.doc if rest.strip() else summary) or operation.id) + _told_of(operation),
        "parameters": [*(_parameter(p, by_kind) for p in operation.parameters), *governed.parameters],
        "responses": responses,
        "security": [] if governed.public else [{"bearer": list(governed.scopes)}],
    }
    if operation.body is Raw:
        found["requestBody"] = {"required": True, "content": {operation.media: {"schema": {}}}}
    elif operation.body is not None:
        found["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": by_kind[repr(operation.body)]}},
        }
    return found


def _watched(api: Api, operation: Operation, answer: dict[str, Any]) -> dict[str, Any]:
    """The header that says where it is read how far this is; the link that says which operation that is."""
    if not operation.status_path:
        return {}
    own = {each.name for each in operation.parameters}
    asked = re.findall(r"\{(\w+)\}", operation.status_path)
    named = {name: f"$request.path.{name}" if name in own else "$response.body#/id" for name in asked}
    answer["links"] = {"status": {"operationId": operation.status_id, "parameters": named}}
    where = api.prefix + operation.status_path
    said = f"Where it is read how far this is: `{where}`, on the same server"
    return {"Location": {"description": said, "schema": {"type": "string", "format": "uri-reference"}}}


def _told_of(operation: Operation) -> str:
    kinds = ", ".join(f"`{event.type()}`" for event in operation.tells)
    return f"\n\nWhat comes of it is told as events (events-v1): {kinds}." if kinds else ""


def _give_examples(said: dict[str, Any], components: dict[str, Any]) -> None:
    """What is sent and what is answered, each once as an example, where the types say enough of themselves."""
    good = [answer for status, answer in said["responses"].items() if status.startswith("2")]
    for each in [said.get("requestBody", {}), *good]:
        for content in each.get("content", {}).values():
            with suppress(UnsaidError):
                content["example"] = example_of(content["schema"], components)


def _webhook(api: Api, event: type[Event], by_kind: dict[str, Any]) -> dict[str, Any]:
    """What is posted to a subscriber."""
    words = event.kind.replace("_", ".").split(".")
    said = " ".join((inspect.getdoc(event) or "").split())
    name = "on" + "".join(word.capitalize() for word in words)
    return _posted(api, name, said, by_kind[repr(told(event))])


def _callback(api: Api, by_kind: dict[str, Any]) -> dict[str, Any]:
    """What is posted to the address that a subscription names, whichever event it is."""
    said = "An event that was asked for. What each type says in `data` stands under this document's `webhooks`."
    return _posted(api, "onEvent", said, by_kind[repr(EventEnvelope)])


def _posted(api: Api, name: str, said: str, schema: dict[str, Any]) -> dict[str, Any]:
    """One delivery, and what its answers mean."""
    return {
        "operationId": name,
        "tags": [api.name],
        "summary": said.partition(".")[0],
        "description": said,
        "parameters": [
            {"name": header, "in": "header", "required": True, "description": meaning, "schema": {"type": "string"}}
            for header, meaning in SIGNED.items()
        ],
        "requestBody": {"required": True, "content": {"application/cloudevents+json": {"schema": schema}}},
        "responses": {
            "204": {"description": "Taken; any other 2xx says the same"},
            "410": {"description": "Tell me nothing any more: the subscription ends"},
        },
        "security": [],
    }


def _faults(api: Api, operation: Operation, governed: Governed) -> dict[int, str]:
    """Every refusal the operation can give, by status; several of one status share their meanings."""
    # An address that can be read in two ways, and a parameter nobody knows, can come to any operation.
    kinds: list[type[Fault]] = [Malformed, Invalid]
    for kind in documented_faults(api, operation):
        kinds += _of_vendor(api, operation) if kind is VendorFault else [kind]
    found: dict[int, list[str]] = {}
    for kind in dict.fromkeys(kinds):
        found.setdefault(kind.status, []).append(kind.title)
    if api.layer == "system":
        found.setdefault(Forbidden.status, []).append(Forbidden.title)
    for status, meaning in governed.items():
        found.setdefault(status, []).append(meaning)
    return {status: "; ".join(dict.fromkeys(meanings)) for status, meanings in found.items()}


def _of_vendor(api: Api, operation: Operation) -> list[type[Fault]]:
    """What a system behind us can do to an operation, one fault a status; only a write can find a record changed."""
    if operation.safe:
        return [VendorSignIn, VendorBusy, VendorTimeout]
    stale = [VendorStale] if api.layer == "system" and api.detects_changes else []
    return [VendorSignIn, VendorBusy, OutcomeUnknown, VendorRefused, *stale]


def _answer(operation: Operation, by_kind: dict[str, Any]) -> dict[str, Any]:
    if operation.returns is None:
        return {"description": "Done"}
    return {
        "description": {201: "Made", 202: "Accepted; the work goes on"}.get(operation.status, "The answer"),
        "content": {operation.media: {"schema": by_kind[repr(operation.returns)]}},
    }


def _parameter(parameter: Parameter, by_kind: dict[str, Any]) -> dict[str, Any]:
    schema = dict(by_kind[repr(parameter.type)])
    if not parameter.required and parameter.default is not None:
        schema["default"] = parameter.default
    return {"name": parameter.name, "in": parameter.place, "required": parameter.required, "schema": schema}


def _kinds(listed: tuple[Operation, ...]) -> list[Any]:
    found: dict[str, Any] = {}
    for operation in listed:
        for kind in (operation.body, operation.returns, *(p.type for p in operation.parameters)):
            if kind not in (None, Raw):
                found[repr(kind)] = kind
    return list(found.values())
