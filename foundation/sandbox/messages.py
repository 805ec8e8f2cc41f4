"""ASGI messages: a call's body read whole, an app played without a network, what it sent taken apart."""

from collections.abc import Mapping
from typing import Any

from litestar.types import ASGIApp, Message, Receive, Scope

from foundation.sandbox.answers import Answer


async def read(receive: Receive) -> bytes:
    """A call's body."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return body
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def played(app: ASGIApp, scope: Scope, body: bytes) -> list[Message]:
    """What an app sends for a call."""
    sent: list[Message] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


def raw(fixed: Answer) -> tuple[Message, bytes]:
    """An answer as the message that starts it, and its content."""
    headers = {**fixed.headers, "content-type": str(fixed.media_type)}
    named = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http.response.start", "status": fixed.status_code or 200, "headers": named}, fixed.content


def messages(sent: list[Message]) -> tuple[Message, bytes]:
    """The same of what an app sent."""
    body = b"".join(message.get("body", b"") for message in sent[1:])  # type: ignore[misc]  # they are body messages
    return sent[0], body


def without(start: Any, name: str) -> bool:
    """Take a header away; whether it was there."""
    kept = [each for each in start["headers"] if each[0].lower() != name.encode()]
    was_there = len(kept) < len(list(start["headers"]))
    start["headers"] = kept
    return was_there


def with_headers(start: Message, extra: Mapping[str, str], length: int) -> Message:
    """A start message with more headers, and the length of what follows."""
    kept = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]  # type: ignore[typeddict-item]  # a start
    kept += [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in extra.items()]
    if start["status"] not in (204, 304):  # type: ignore[typeddict-item]  # a start message
        kept.append((b"content-length", str(length).encode()))
    return {**start, "headers": kept}  # type: ignore[return-value]  # the same kind of message
