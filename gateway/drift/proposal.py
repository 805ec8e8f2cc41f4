"""The change of a contract that would make it say what its answers are: a JSON Patch (RFC 6902) of the document.

Proposed is the least that lets pass what was seen. Whether the contract or the answer is wrong, a person decides.
"""

import copy
from collections.abc import Mapping
from typing import Any, Final, Literal, Protocol

import msgspec

from foundation.violations import pointer_of
from gateway.contracts import Contract
from gateway.contracts.reading import Document, Place
from gateway.publishing.contract import compare

_TYPES: Final = {
    "text": "string",
    "a whole number": "integer",
    "a number": "number",
    "true or false": "boolean",
    "a list": "array",
    "an object": "object",
    "null": "null",
}
_BOUNDS: Final = frozenset(
    "format pattern minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems maxItems "
    "minProperties maxProperties uniqueItems const".split()
)


class Patch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One operation of a JSON Patch."""

    op: Literal["add", "remove", "replace"]
    path: str
    value: Any = None


class Noted(Protocol):
    """What was seen: a row of the table."""

    operation: str
    place: str
    rule_at: str
    keyword: str
    seen: str
    example: str


def proposed(row: Noted, contract: Contract) -> list[Patch]:
    """The change for one difference; none where what was seen does not say which."""
    read = Document(contract.document)
    at = _at(read, row.rule_at)
    if row.keyword in ("status", "media type") or row.place.startswith("header:"):
        return _of_response(row, contract, read)
    if at is None:
        return []
    rule, schema = _value(read, at), _value(read, at[:-1])
    match row.keyword:
        case "type":
            known = [rule] if isinstance(rule, str) else list(rule or ())
            return [Patch(op="replace", path=row.rule_at, value=[*known, _TYPES.get(row.seen, "string")])]
        case "enum":
            return [Patch(op="add", path=f"{row.rule_at}/-", value=row.example)] if row.example else []
        case "required":
            name = _unescaped(row.place.rpartition("/")[2])
            return [Patch(op="replace", path=row.rule_at, value=[each for each in rule or () if each != name])]
        case "additionalProperties" | "unevaluatedProperties":
            name = row.place.rpartition("/")[2]
            if name in ("*", "?"):
                return []
            field = {"type": _TYPES.get(row.seen, "string")}  # its data class is for the owner to say
            fields = pointer_of((*at[:-1], "properties"))
            if isinstance(schema, Mapping) and "properties" in schema:
                return [Patch(op="add", path=f"{fields}/{name}", value=field)]
            return [Patch(op="add", path=fields, value={_unescaped(name): field})]
        case keyword if keyword in _BOUNDS:
            return [Patch(op="remove", path=row.rule_at)]
        case _:
            return []


def touched(document: Mapping[str, Any], proposal: list[Patch]) -> list[str]:
    """The breaking changes between the contract and what it would be."""
    if not proposal:
        return []
    try:
        return [str(change) for change in compare(document, applied(document, proposal)) if change.breaking]
    except (ValueError, TypeError, AttributeError, KeyError):
        return ["it could not be compared"]


def applied(document: Mapping[str, Any], proposal: list[Patch]) -> dict[str, Any]:
    """The document as the patch makes it. Raises `KeyError` or `ValueError` where it does not fit."""
    whole: dict[str, Any] = copy.deepcopy(dict(document))
    for patch in proposal:
        *parents, last = [_unescaped(part) for part in patch.path.lstrip("/").split("/")]
        place: Any = whole
        for part in parents:
            place = place[int(part)] if isinstance(place, list) else place[part]
        if isinstance(place, list):
            _apply_to_list(place, last, patch)
        elif patch.op == "remove":
            del place[last]
        else:
            place[last] = patch.value
    return whole


def _apply_to_list(place: list[Any], last: str, patch: Patch) -> None:
    if patch.op == "add":
        place.insert(len(place) if last == "-" else int(last), patch.value)
    elif patch.op == "remove":
        del place[int(last)]
    else:
        place[int(last)] = patch.value


def _of_response(row: Noted, contract: Contract, read: Document) -> list[Patch]:
    at = pointer_of((*contract.place(row.operation), "responses"))
    if row.keyword == "status":
        return [Patch(op="add", path=f"{at}/{row.seen}", value={"description": "Seen, and not described yet"})]
    if row.place.startswith("header:") and row.keyword == "required":
        name = row.place.removeprefix("header:")
        found = contract.headers(row.operation, name)
        return [Patch(op="add", path=f"{pointer_of(each)}/required", value=False) for each in found]
    return []


def _at(read: Document, pointer: str) -> Place | None:
    try:
        return read.target(f"#{pointer}")[0] if pointer else None
    except ValueError:
        return None


def _value(read: Document, at: Place) -> Any:
    found: Any = read.said
    for part in at:
        found = found[part]
    return found


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")
