"""The body of a governed request: read whole, up to what its operation takes, or passed on piece by piece."""

from collections.abc import Mapping
from typing import Final

from canonical.faults import Malformed
from gateway.call import Call
from gateway.messages import Message, Receive, replay
from gateway.receiving import bounded, whole

_AT_HAND: Final = 64 * 1024
"""Bytes of a body that is read before anything is sent on: a slow caller then holds no connection of an upstream."""


class Incoming:
    """One request's body. `headers` have their names in lower case; in `seconds` all of it must be there."""

    __slots__ = ("_headers", "_receive", "_seconds", "_take", "call")

    def __init__(self, headers: Mapping[str, str], receive: Receive, seconds: float) -> None:
        self._headers = headers
        self._receive: Receive | None = receive
        self._take: Receive | None = None
        self._seconds = seconds
        self.call: Call | None = None
        """Which knows how large it may be."""

    @property
    def there(self) -> bool:
        """Whether there is a body."""
        return "transfer-encoding" in self._headers or self._headers.get("content-length", "0") != "0"

    @property
    def long(self) -> bool:
        """Whether it is passed on before it is there: it says its length, and is long.

        One that comes in chunks is read whole: only at its last one is it known to be well-formed and not too large.
        """
        return int(self._headers.get("content-length", "0")) > _AT_HAND

    async def whole(self) -> bytes:
        """All of it. Raises `BodyTooLarge`, or `Malformed` when it is cut or too slow."""
        call = self.call
        if call is None or self._receive is None or not self.there:
            return b""
        return await whole(self._receive, most=call.body_max, seconds=self._seconds, policy=call.body_max_at)

    def again(self, body: bytes, receive: Receive) -> Receive:
        """What a tier is given once the body was read, be it empty: the server has it no more, and would wait."""
        return replay(body, receive) if self.there else receive

    async def piece(self) -> Message:
        """The next piece, as ASGI has it. Raises what `whole` raises."""
        call = self.call
        if call is None or self._receive is None:
            raise Malformed("The body is not read any more.")
        if self._take is None:
            most, policy = call.body_max, call.body_max_at
            self._take = bounded(self._receive, most=most, seconds=self._seconds, policy=policy)
        message = await self._take()
        call.streamed += len(message.get("body", b""))
        return message

    def let_go(self) -> None:
        """Read no more of it: the server ends a connection only when nobody can.

        The call is let go too, which knows how to read its body: else only the garbage collector would find the two.
        """
        self._receive = self._take = self.call = None
