"""Requests and answers as ASGI has them, and what the gateway does to them on their way."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final

import msgspec

from canonical.faults import Problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

_ONLY_OURS: Final = frozenset((b"forwarded", b"x-request-id", b"traceparent"))
_OURS_BEGIN: Final = (b"tiergate-", b"x-forwarded-")


class CallerGone(Exception):  # noqa: N818 - what happened, not whose error it is
    """Whoever called does not wait for the answer any more."""


async def besides_http(front: App | None, scope: Scope, receive: Receive, send: Send) -> None:
    """The server's start and end, which `front` may want to hear of; anything else is turned away."""
    if scope["type"] == "lifespan" and front is not None:
        await front(scope, receive, send)
    elif scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
    else:
        await send({"type": "websocket.close", "code": 1008})


def is_problem(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether an answer is a problem document."""
    return any(name == b"content-type" and value.startswith(b"application/problem") for name, value in headers)


def from_outside(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Without what only we may say: the context travels beside the request, not in it."""
    return [said for said in headers if said[0] not in _ONLY_OURS and not said[0].startswith(_OURS_BEGIN)]


def with_request_id(send: Send, request_id: str) -> Send:
    """What no policy governs is answered with the request's id too."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (b"x-request-id", request_id.encode())]}
        await send(message)

    return sending


def replay(body: bytes, receive: Receive) -> Receive:
    """What a tier is given whose request has been read already."""
    sent = False

    async def again() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def reason_of(answer: bytes) -> str:
    """The reason a problem document names."""
    try:
        return msgspec.json.decode(answer, type=Problem).reason
    except msgspec.MsgspecError:
        return "unexplained"
