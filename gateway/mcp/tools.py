"""What a plan offers as tools: name, texts and schemas of each, from its policy and its published contract.

A tool's arguments are the operation's parameters by name, and `body` where it takes one; its result is the operation's
answer, as the object it is, or as `result` where it is a list or a plain value.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

import msgspec

from canonical.ports import Operation
from gateway.nouns.tool import ToolRule
from gateway.plan import Governed, Plan
from gateway.published import contract

BODY: Final = "body"
RESULT: Final = "result"
KEY: Final = "Idempotency-Key"
_SCHEMAS: Final = "#/components/schemas/"
_NOT_SAID: Final = frozenset({"if-none-match"})
"""Headers that make no sense from a model: it keeps no answer that could still be good."""
_KEY_SCHEMA: Final = {
    "type": "string",
    "pattern": "^[ !#-\\[\\]-~]{1,250}$",
    "description": "A word of your own for this one intention. Sent again with the same word, nothing is done twice.",
}


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """One operation as a tool."""

    name: str
    governed: Governed
    description: dict[str, Any]
    """As `tools/list` says it."""
    places: Mapping[str, str]
    """Where each argument goes: `path`, `query`, `header` or `body`."""
    wraps: bool
    """Whether the answer is told as `{"result": ...}`, since it is no object."""
    answers: bool
    """Whether the contract says what the answer is."""


class Tools:
    """The tools of one plan, by name; each contract is made once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._contracts: dict[str, dict[str, Any]] = {}

    @cached_property
    def all(self) -> Mapping[str, Offered]:
        """In the order of their names."""
        found = (self._offered(governed, governed.tool) for governed in self.plan.operations.values() if governed.tool)
        return {tool.name: tool for tool in sorted(found, key=lambda tool: tool.name)}

    def _offered(self, governed: Governed, rule: Any) -> Offered:
        assert isinstance(rule, ToolRule)
        operation = governed.operation
        assert isinstance(operation, Operation)
        document = self._contract(governed)
        said = document["paths"][governed.path][operation.method.lower()]
        places, arguments = _arguments(said, document)
        answer = _answer(said, document)
        wraps = answer is not None and _resolved(answer, document).get("type") != "object"
        description: dict[str, Any] = {
            "name": rule.name,
            "title": rule.said.title,
            "description": rule.said.description or operation.doc or rule.said.title,
            "inputSchema": whole(arguments, document),
            "annotations": _annotations(operation, rule.said.title, places),
        }
        if answer is not None:
            description["outputSchema"] = whole(_wrapped(answer) if wraps else answer, document)
        return Offered(
            name=rule.name,
            governed=governed,
            description=description,
            places=places,
            wraps=wraps,
            answers=answer is not None,
        )

    def _contract(self, governed: Governed) -> dict[str, Any]:
        key = governed.api.key
        if key not in self._contracts:
            self._contracts[key] = contract(self.plan, governed.api)
        return self._contracts[key]


def tools_of(plan: Callable[[], Plan]) -> Callable[[], Tools]:
    """Those of whatever plan is in force; kept until another one is."""
    kept: Tools | None = None

    def current_tools() -> Tools:
        nonlocal kept
        now = plan()
        if kept is None or kept.plan is not now:
            kept = Tools(now)
        return kept

    return current_tools


def whole(schema: dict[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """A schema that stands alone, of type object: what it refers to under `$defs`, nothing of ours (`x-`) in it."""
    names: dict[str, None] = {}
    found = _moved(schema, names)
    defs: dict[str, Any] = {}
    while left := [name for name in names if name not in defs]:
        for name in left:
            defs[name] = _moved(document["components"]["schemas"][name], names)
    return {"type": "object", **found, **({"$defs": dict(sorted(defs.items()))} if defs else {})}


def _moved(schema: Any, names: dict[str, None]) -> Any:
    if isinstance(schema, list):
        return [_moved(each, names) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "$ref" and isinstance(value, str) and value.startswith(_SCHEMAS):
            names[value.removeprefix(_SCHEMAS)] = None
            found[key] = value.replace(_SCHEMAS, "#/$defs/")
        elif key == "properties" and isinstance(value, dict):
            found[key] = {name: _moved(each, names) for name, each in value.items()}
        elif not key.startswith("x-"):
            found[key] = _moved(value, names)
    return found


def _arguments(said: Mapping[str, Any], document: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    places: dict[str, str] = {}
    properties: dict[str, Any] = {}
    required = []
    for parameter in _parameters(said, document):
        name, place = parameter["name"], parameter["in"]
        if place == "cookie" or (place == "header" and name.lower() in _NOT_SAID):
            continue
        schema = dict(_KEY_SCHEMA) if name == KEY else dict(parameter.get("schema", {}))
        if "description" in parameter:
            schema.setdefault("description", parameter["description"])
        places[name], properties[name] = place, schema
        required += [name] if parameter.get("required") else []
    if "requestBody" in said:
        body = _resolved(said["requestBody"], document)
        places[BODY], properties[BODY] = BODY, _json_of(body, document) or {}
        required += [BODY] if body.get("required") else []
    return places, {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _parameters(said: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for each in said.get("parameters", ()):
        yield _resolved(each, document)


def _answer(said: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any] | None:
    """The schema of the answer, where there is one way to answer well, and it is JSON."""
    good = [answer for status, answer in said["responses"].items() if status.startswith("2")]
    return _json_of(_resolved(good[0], document), document) if len(good) == 1 else None


def _json_of(content: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any] | None:
    for media, said in content.get("content", {}).items():
        if media.partition(";")[0].strip().lower() == "application/json":
            return dict(said.get("schema", {}))
    return None


def _resolved(said: dict[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """What a reference stands for."""
    while "$ref" in said:
        found: Any = document
        for part in said["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        said = found
    return said


def _wrapped(answer: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {RESULT: answer}, "required": [RESULT]}


def _annotations(operation: Operation, title: str, places: Mapping[str, str]) -> dict[str, Any]:
    """Hints only; what may be called is judged when it is."""
    hints: dict[str, Any] = {"title": title, "readOnlyHint": operation.safe, "openWorldHint": False}
    if not operation.safe:
        hints["destructiveHint"] = operation.method == "DELETE"
        hints["idempotentHint"] = operation.method in ("PUT", "DELETE") or KEY in places
    return hints
