"""A whole platform in a hurry, its door on the port it is told, until it is killed: `live` is all it does.

It is forked from a process that has read our code and done nothing with it (to read it takes each one seconds of a
processor), puts itself together once the sandboxes of its state folder run, and then waits for that port: one that
stands by takes a dead one's place at once.
"""

import asyncio
import faulthandler
import os
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from foundation.sandbox.server import addresses
from process_apis.platform import Pace
from tiergate import embedded, settings
from tiergate.assembly import everything
from tiergate.running import with_demo
from tiergate.server import Serving

PACE = Pace(
    retry=0.05,
    retry_most=1.0,
    longest_asked=20.0,
    settle=(0.05, 0.2),
    verify=(0.05, 0.2, 0.5),
    poll=1.0,
    desk=1.0,
    lag=0.5,
)


async def main(told: Connection, environment: Mapping[str, str]) -> None:
    known = settings.read(environment)
    while not addresses(known.state / embedded.FOLDER):  # noqa: ASYNC110 - another process makes them
        await asyncio.sleep(0.05)
    values = with_demo(known) | await embedded.introduce(known.state, known.address)
    served = everything(msgspec.structs.replace(known, values=values), PACE)
    port: int = await asyncio.to_thread(told.recv)
    await served.start()
    await Serving(served.app, known.host, port).start()
    told.send("ready")
    await asyncio.Event().wait()


def live(told: Connection, log: Path, environment: Mapping[str, str]) -> None:
    """Until it is killed, or whom it stood by for has gone. `told` gives its port, and hears when it is ready."""
    kept = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(kept, 1)
    os.dup2(kept, 2)
    faulthandler.enable()
    with suppress(EOFError):
        asyncio.run(main(told, environment))
