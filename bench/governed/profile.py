"""Where the time of a governed call goes, by module: `python -m bench.governed.profile [--proxied]`.

cProfile counts each call of a function, which makes small functions look dearer than they are; so shares are said, not
microseconds. The record's thread is not among it: `python -m bench.audit` measures that.
"""

import argparse
import asyncio
import cProfile
import pstats
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bench.governed import load, paired, world
from tiergate.server import run, settle

CALLS: Final = 5_000
LISTED: Final = 16
_SITE: Final = "site-packages/"


def shares(stats: Mapping[tuple[str, int, str], Any]) -> list[tuple[str, float]]:
    """Each module's own time as a part of all of it, the largest first."""
    spent: dict[str, float] = defaultdict(float)
    for (file, _, function), (_, _, own, _, _) in stats.items():
        spent[_module(file, function)] += own
    total = sum(spent.values()) or 1.0
    return sorted(((name, own / total) for name, own in spent.items()), key=lambda pair: -pair[1])


def _module(file: str, function: str) -> str:
    if file == "~":
        return "built-in" if "msgspec" not in function else "msgspec"
    root = str(world.ROOT) + "/"
    if _SITE in file:
        return file.rpartition(_SITE)[2].partition("/")[0]
    return file.removeprefix(root) if file.startswith(root) else "standard library"


async def _profiled(side: paired.Side) -> cProfile.Profile:
    await side.block(1_000)
    settle()
    profile = cProfile.Profile()
    profile.enable()
    await side.block(CALLS)
    profile.disable()
    return profile


async def _within(here: Path) -> None:
    key = world.make_key(here)
    on, _, _, trail = paired.audit(here, key, world.token(key))
    _print("the call, in one process", await _profiled(on))
    trail.close()


async def _proxied(here: Path) -> None:
    key, port, processes = world.make_key(here), load.free_port(), load.Processes(here)
    try:
        processes.ours("tier", "tier", port)
        governor = world.governor_of(world.plan_of(here / "policies"), key, None)
        proxy = governor.services.upstreams.apart("process-tier", f"http://127.0.0.1:{port}")

        async def behind(scope: Any, receive: Any, send: Any) -> None:
            await proxy(scope, receive, send)

        gateway = world.over(governor, behind, here=False)
        side = paired.Side(gateway, [paired.request(world.PATH, world.token(key))], receive=_stays)
        _print("the call, proxied", await _profiled(side))
    finally:
        processes.stop()


async def _stays() -> Any:
    """A caller who sends nothing more and does not leave."""
    await asyncio.Event().wait()


def _print(what: str, profile: cProfile.Profile) -> None:
    print(f"  {what}, of its time in Python and beneath:")
    for name, share in shares(pstats.Stats(profile).stats)[:LISTED]:  # type: ignore[attr-defined]  # it is there
        print(f"    {share:6.1%}  {name}")


def main() -> int:
    """Profile and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--proxied", action="store_true", help="in front of a tier in another process")
    proxied = asked.parse_args().proxied
    with tempfile.TemporaryDirectory(prefix="tiergate-profile-") as folder:
        run(_proxied(Path(folder)) if proxied else _within(Path(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
