"""`python -m tests.chaos.executor`: a whole platform in a hurry, its door on the port it is told, until it is killed.

It loads itself, puts itself together once the sandboxes of its state folder run, and then waits for that port, a line
on standard input: one that stands by takes a dead one's place at once. Everything else is in the environment, as for
any other platform.
"""

import asyncio
import faulthandler
import os
import sys

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


async def main() -> None:
    known = settings.read(dict(os.environ))
    while not addresses(known.state / embedded.FOLDER):  # noqa: ASYNC110 - another process makes them
        await asyncio.sleep(0.05)
    values = with_demo(known) | await embedded.introduce(known.state, known.address)
    served = everything(msgspec.structs.replace(known, values=values), PACE)
    told = await asyncio.to_thread(sys.stdin.readline)
    if not told:
        return  # whom it stood by for needs it no more
    await served.start()
    await Serving(served.app, known.host, int(told)).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    faulthandler.enable()
    asyncio.run(main())
