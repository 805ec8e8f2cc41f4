"""Waiting for the record: a durable call is not begun, and not answered, before that is on disk."""

import asyncio
from concurrent.futures import Future
from typing import Final

from gateway.call import Call
from gateway.refusals import AuditUnavailable

PATIENCE: Final = 5.0
"""Seconds; a store that needs longer for a commit counts as away."""


async def begun(recording: "Future[None]") -> None:
    """Wait until it is on record that a call begins. Raises `AuditUnavailable`: then nothing has happened."""
    if not await _done(recording):
        raise not_begun()


def not_begun() -> AuditUnavailable:
    """What a durable call is refused with before anything happened."""
    return AuditUnavailable("This must be on record, and the record cannot be written: nothing was done.", done="no")


async def recorded(call: Call) -> None:
    """Wait until the end of a durable call is on record; no other call waits. Raises `AuditUnavailable`."""
    if call.recorded is not None and not await _done(call.recorded):
        raise AuditUnavailable(
            "The call was carried out, and that it had begun is on record; its end could not be put there in time.",
            done="yes",
        )


async def _done(recording: "Future[None]") -> bool:
    try:
        await asyncio.wait_for(asyncio.wrap_future(recording), PATIENCE)
    except (TimeoutError, OSError):
        return False
    return True
