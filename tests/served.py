"""A sandbox served in a thread of its own, for a client that blocks."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foundation.sandbox import Sandbox
from foundation.sandbox.server import Address, addresses, serve


@contextmanager
def served(sandbox: Sandbox, state: Path) -> Iterator[Address]:
    """Its address, for a block; what it keeps lies in the folder `state`."""
    up = threading.Event()
    stopped: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    failed: list[BaseException] = []

    async def run() -> None:
        ready, stop = asyncio.Event(), asyncio.Event()
        stopped.append((asyncio.get_running_loop(), stop))
        serving = asyncio.create_task(serve([sandbox], state, ready=ready, stop=stop))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait([serving, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if serving.done() and (wrong := serving.exception()):
            failed.append(wrong)
        up.set()
        await asyncio.wait([serving])

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert up.wait(20)
    if failed:
        thread.join(10)
        raise failed[0]
    yield addresses(state)[sandbox.name]
    loop, stop = stopped[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
