"""One contender of ours as a process: `python -m bench.governed.serve WHAT FOLDER PORT [--tier URL] [--redis URL]`.

tier      the app alone, ungoverned
gateway   the gateway and the tier in one process; with --redis, the counters in Redis
proxy     the gateway alone, in front of the tier at --tier
slowapi   Starlette and slowapi in our place
"""

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

from bench.governed import slow, world
from foundation.counting import counters_at
from tiergate.front import app_of, health
from tiergate.server import Serving, run, settle


def app_for(asked: argparse.Namespace) -> tuple[Any, list[Any]]:
    """The app, and what is closed at the end."""
    if asked.what == "tier":
        return world.tier(), []
    own = Path(asked.folder) / f"{asked.what}-{asked.port}"
    own.mkdir()
    if asked.what == "slowapi":
        return slow.app_of(world.read_key(Path(asked.folder)), own / "access.log"), []
    trail = world.trail_at(own)
    plan = world.plan_of(own / "policies")
    governor = world.governor_of(plan, world.read_key(Path(asked.folder)), trail, counters_at(asked.redis))
    behind: Any = world.tier()
    if asked.what == "proxy":
        proxy = governor.services.upstreams.apart("process-tier", asked.tier)

        async def behind(scope: Any, receive: Any, send: Any) -> None:
            # A tier that nobody governs: limits and record are the gateway's own, as they are Envoy's in its place.
            await proxy(scope, receive, send)

    return world.over(governor, behind, front=app_of([health()]), here=asked.what == "gateway"), [trail]


async def serve(asked: argparse.Namespace) -> None:
    """Until SIGTERM."""
    app, closing = app_for(asked)
    serving, told = Serving(app, "127.0.0.1", asked.port), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    await serving.start()
    settle()
    await told.wait()
    await serving.stop()
    for each in closing:
        each.close()


def main() -> int:
    """Serve what is asked for."""
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("what", choices=("tier", "gateway", "proxy", "slowapi"))
    said.add_argument("folder")
    said.add_argument("port", type=int)
    said.add_argument("--tier", default="")
    said.add_argument("--redis", default="")
    run(serve(said.parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
