"""Whether an answer is the one a row demands: fields are parsed, and what is not demanded must be absent."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.conformance.asking import Answer
from tests.conformance.fields import held_to, same_list
from tests.conformance.table import Kind, Row

WATCHED: Final = (
    "WWW-Authenticate Allow Retry-After Deprecation Sunset Link RateLimit RateLimit-Policy DPoP-Nonce "
    "Idempotency-Replayed Cache-Status Age Set-Cookie Location Via Proxy-Authenticate X-Powered-By "
    "Access-Control-Allow-Origin Mcp-Session-Id"
).split()
"""Fields that mean something to a caller: one that no clause demands is a fault as well."""
PROBLEM: Final = "application/problem+json"


def judge(row: Row, answer: Answer, kinds: Mapping[str, Kind], values: Mapping[str, str]) -> list[str]:
    """What is not as the row demands, as sentences; nothing where it conforms."""
    return list(_judge(row, answer, kinds, values))


def _judge(row: Row, answer: Answer, kinds: Mapping[str, Kind], values: Mapping[str, str]) -> Iterator[str]:
    then = row.then
    if answer.status != then.status:
        yield f"status is {answer.status}, not {then.status}: {answer.body[:300].decode('utf-8', 'replace')}"
        return
    if then.status == 0:
        return
    if then.closed and not answer.closed:
        yield "the connection stays open"
    demanded = _filled(then.headers, values)
    for name, wanted in demanded.items():
        found = answer.value(name)
        if found is None:
            yield f"{name} is missing"
        else:
            yield from (f"{name}: {wrong}" for wrong in held_to(found, wanted))
    named = {name.lower() for name in demanded}
    for name in WATCHED:
        if name.lower() not in named and answer.lines(name):
            yield f"{name} must not be there, and is {answer.value(name)!r}"
    if then.problem:
        yield from _problem(row, answer, kinds[then.problem], values)
    elif PROBLEM in answer.lines("Content-Type") and answer.body and then.status < 400:
        yield "it is a problem document, and none is demanded"
    if then.json:
        yield from _members(_json(answer), _filled(then.json, values))


def _problem(row: Row, answer: Answer, kind: Kind, values: Mapping[str, str]) -> Iterator[str]:
    """RFC 9457 section 3: the media type, and members that agree with the answer they came in."""
    then = row.then
    if answer.lines("Content-Type") != [PROBLEM]:
        yield f"Content-Type is {answer.value('Content-Type')!r}, not {PROBLEM}"
        return
    reason = kind.reason or then.problem
    known = {**values, "reason": reason}
    document = _json(answer)
    wanted = {"type": kind.type, "title": kind.title, "status": kind.status, "reason": reason}
    yield from _members(document, _filled({**wanted, **then.members}, known))
    if not isinstance(document.get("detail"), str) or not document["detail"]:
        yield "the problem document has no detail"
    if "request_id" not in then.members and document.get("request_id") != answer.value("X-Request-Id"):
        yield "request_id is not what X-Request-Id says"
    if kind.error:
        if answer.value("Cache-Control") != "no-store":
            yield f"Cache-Control is {answer.value('Cache-Control')!r}, not no-store"
        hop = f"next-hop={json.dumps(document.get('system'))}; " if kind.next_hop else ""
        entry = f"tiergate; error={kind.error}; {hop}details={json.dumps(reason)}"
        yield from (f"Proxy-Status: {wrong}" for wrong in same_list(answer.value("Proxy-Status") or "", entry))
    elif answer.lines("Proxy-Status"):
        yield "Proxy-Status says that the gateway made this answer, which the tier behind it did"


def _members(document: dict[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    for path, value in wanted.items():
        had: Any = document
        for name in path.split("."):
            had = had.get(name) if isinstance(had, dict) else None
        if (had is None) if value == {"any": True} else had != value:
            yield f"{path} is {had!r}, not {value!r}"


def _json(answer: Answer) -> dict[str, Any]:
    found = json.loads(answer.body)
    if not isinstance(found, dict):
        raise TypeError("the answer is not a JSON object")
    return found


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    """With `${name}` replaced throughout."""
    match value:
        case str():
            return re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], value)
        case dict():
            return {key: _filled(inner, values) for key, inner in value.items()}
        case list():
            return [_filled(inner, values) for inner in value]
        case _:
            return value
