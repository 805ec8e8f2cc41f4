"""A tool call as the HTTP request it stands for, and that request's answer as the result of the tool."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from canonical.faults import FieldError, Invalid
from gateway.call import Answer
from gateway.conversion import did_you_mean
from gateway.mcp.tools import BODY, KEY, RESULT, Offered

Headers = list[tuple[bytes, bytes]]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request."""

    path: str
    """Percent-encoded."""
    query: str
    headers: Headers
    body: bytes


def request(tool: Offered, arguments: Mapping[str, Any]) -> Request:
    """What a call with these arguments asks. Raises `Invalid` with each one that no request could carry.

    Whether the values are good is the operation's own to say.
    """
    errors = [
        FieldError(pointer=f"/{name}", detail=f"is not an argument of {tool.name}{did_you_mean(name, tool.places)}")
        for name in arguments
        if name not in tool.places
    ]
    path, query, headers = tool.governed.path, list[tuple[str, str]](), [(b"accept", b"application/json")]
    for name, place in tool.places.items():
        given = arguments.get(name)
        if place == BODY or (given is None and place != "path"):
            continue
        texts = _texts(given, several=place == "query")
        if texts is None:
            errors.append(FieldError(pointer=f"/{name}", detail=_needed(place, given)))
        elif place == "path":
            path = path.replace(f"{{{name}}}", quote(texts[0], safe=""))
        elif place == "query":
            query += [(name, text) for text in texts]
        else:
            headers.append((name.lower().encode(), _header(name, texts[0])))
    if errors:
        raise Invalid("Some arguments are not as they must be.", errors=errors)
    body = msgspec.json.encode(arguments[BODY]) if BODY in arguments else b""
    headers += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))] if body else []
    return Request(path=path, query=urlencode(query), headers=headers, body=body)


def _texts(given: Any, *, several: bool) -> list[str] | None:
    """A value as it stands in an address or a header; None for what cannot stand there."""
    if isinstance(given, list) and several:
        found = [_text(each) for each in given]
        return [each for each in found if each is not None] if None not in found else None
    text = _text(given)
    return [text] if text and text.isprintable() else None


def _text(given: Any) -> str | None:
    if isinstance(given, bool):
        return "true" if given else "false"
    return str(given) if isinstance(given, str | int | float) else None


def _needed(place: str, given: Any) -> str:
    return "is required" if given is None else f"must be text or a number that can stand in the {place}"


def _header(name: str, text: str) -> bytes:
    """What a caller says of its intention is quoted, as RFC 9651 has it; a model need not know."""
    if name == KEY:
        text = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text.encode("utf-8")


def result(tool: Offered, answer: Answer) -> dict[str, Any]:
    """What `tools/call` answers: the operation's answer, or with `isError` the problem it was refused with."""
    if answer.status >= 400:
        return failed(answer.body)
    media = answer.header(b"content-type").decode("latin-1").partition(";")[0].strip().lower()
    if not answer.body:
        return {"content": [_said("Done.")], "isError": False}
    if media == "application/json" or media.endswith("+json"):
        found: dict[str, Any] = {"content": [_said(answer.body.decode("utf-8", "replace"))], "isError": False}
        if tool.answers:
            value = msgspec.json.decode(answer.body)
            found["structuredContent"] = {RESULT: value} if tool.wraps else value
        return found
    if media.startswith("text/"):
        return {"content": [_said(answer.body.decode("utf-8", "replace"))], "isError": False}
    resource = {"uri": f"answer:{tool.name}", "mimeType": media, "blob": base64.b64encode(answer.body).decode()}
    return {"content": [{"type": "resource", "resource": resource}], "isError": False}


def failed(problem: bytes) -> dict[str, Any]:
    """A refusal: the problem document (RFC 9457) as it would have come over HTTP, which says how it is mended."""
    return {"content": [_said(problem.decode("utf-8", "replace"))], "isError": True}


def _said(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def answer_of(messages: Sequence[Mapping[str, Any]]) -> Answer:
    """The whole answer an ASGI app sent."""
    start, *parts = messages
    body = b"".join(part.get("body", b"") for part in parts)
    return Answer(status=start["status"], headers=tuple(start["headers"]), body=body)
