"""A request's body as it comes in: no more bytes than are taken, and no longer than anybody waits.

How long a body may take in all, from its first byte awaited to its last, is a setting of the process
(`TIERGATE_SLOW_SECONDS`); the same holds for a request's head, where the server counts. Who sends a byte now and then
to keep a connection (a slow sender) is so let go, and told.
"""

import asyncio
from typing import Final

from canonical.faults import Malformed
from gateway.messages import Message, Receive
from gateway.refusals import BodyTooLarge

UNGOVERNED_MAX: Final = 64 * 1024
"""Bytes of a body where no policy governs: a sign-in form or a token exchange."""


async def whole(receive: Receive, *, most: int, seconds: float, policy: str = "") -> bytes:
    """The body, of `most` bytes at most. Raises `BodyTooLarge`, or `Malformed` for one that is cut or too slow."""
    parts, take, more = [], bounded(receive, most=most, seconds=seconds, policy=policy), True
    while more:
        message = await take()
        if message["type"] == "http.disconnect":
            raise Malformed("The caller left before the body was complete.")
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def bounded(receive: Receive, *, most: int, seconds: float, policy: str = "") -> Receive:
    """What gives an app no more than that. Raises, when it is asked for more, what `whole` raises."""
    size, ended, until = 0, False, 0.0
    source: Receive | None = receive
    del receive

    async def take() -> Message:
        nonlocal size, ended, until, source
        if source is None:
            raise Malformed("The body is not read any more.")
        if ended:  # what comes now is only that the caller has left
            return await source()
        until = until or asyncio.get_running_loop().time() + seconds
        coming = asyncio.ensure_future(source())
        await asyncio.wait({coming}, timeout=until - asyncio.get_running_loop().time())
        if not coming.done():
            coming.cancel()
            source = None  # the server ends the connection once nobody can ask for its body any more
            raise Malformed(f"The body did not come within {seconds:g} seconds.")
        message = coming.result()
        size += len(message.get("body", b""))
        ended = not message.get("more_body", False)
        if size > most:
            source = None
            raise BodyTooLarge(f"The body has more than the {most} bytes taken.", policy=policy)
        return message

    return take
