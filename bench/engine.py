"""What our engine costs a run beside bare DBOS, and how much longer than its calls a run takes.

Runs of opportunity-to-project are recorded once; then they are played through the whole platform and replayed by
bare DBOS in turns: the same calls, the same writing transactions, checkpoints of as many bytes, on the same database.
The reads of our own database, the journal's masks, governance and the record are ours to answer for. `bare` is played
twice a round, and what the two differ by is said. Writes `bench/results/engine.json`.

python -m bench.engine [--quick] [--databases sqlite postgres]
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from bench.durable.picture import drawn
from tests.postgres import server as postgres

ROOT: Final = Path(__file__).resolve().parent.parent
RESULT: Final = ROOT / "bench" / "results" / "engine.json"
PICTURE: Final = ROOT / "docs" / "pictures" / "engine-cost.svg"
AIMS: Final = {"runs_vs_bare_dbos": 0.8, "slow_run_vs_calls_under_way": 1.2}
SIDES: Final = ("ours", "bare", "bare again")
DELAY_SECONDS: Final = 0.15


class Size(msgspec.Struct, frozen=True):
    """How much is played."""

    runs: int
    rounds: int
    slow_runs: int


WHOLE: Final = Size(24, 5, 20)
QUICK: Final = Size(6, 1, 2)


def main() -> int:
    """Measure, and write the result unless it is a small run."""
    asked = argparse.ArgumentParser(prog="python -m bench.engine", description=__doc__)
    asked.add_argument("--quick", action="store_true", help="a small run that writes nothing")
    asked.add_argument("--databases", nargs="+", default=["sqlite", *(["postgres"] if shutil.which("initdb") else [])])
    asked.add_argument("--rounds", type=int, default=0)
    asked.add_argument("--runs", type=int, default=0)
    given = asked.parse_args()
    size = QUICK if given.quick else WHOLE
    size = msgspec.structs.replace(size, rounds=given.rounds or size.rounds, runs=given.runs or size.runs)
    measured = {}
    with tempfile.TemporaryDirectory(prefix="tiergate-bench-") as folder:
        for kind in given.databases:
            measured[kind] = throughput(Path(folder) / kind, kind, size)
        slow = _played("slow", Path(folder) / "slow", size.slow_runs, f"sqlite:///{folder}/slow.sqlite")
    result = result_of(measured, slow["rows"], size)
    print(json.dumps(result["ratios"], indent=2))
    if not given.quick:
        RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        PICTURE.write_text(drawn(result), encoding="utf-8")
    return 0


def throughput(folder: Path, kind: str, size: Size) -> dict[str, Any]:
    """Every side's rounds on one kind of database, a fresh one each time, and where our time goes."""
    folder.mkdir()
    found: dict[str, Any] = {side: [] for side in SIDES}
    with _database(kind, folder, "record") as url:
        found["recorded"] = _played("record", folder / "record", size.runs, url)
    for number in range(size.rounds):
        for side in SIDES:
            with _database(kind, folder, f"{side.replace(' ', '-')}-{number}") as url:
                playing = side.split()[0]
                found[side].append(_played(playing, folder / f"{side}-{number}", size.runs, url))
            print(f"  {kind} {number + 1} {side:<11} {found[side][-1]}", flush=True)
    with _database(kind, folder, "profile") as url:
        found["profiled"] = _played("profile", folder / "profile", size.runs, url)
    return found


def result_of(measured: dict[str, Any], rows: list[list[float]], size: Size) -> dict[str, Any]:
    """Medians, ratios, and what is short of its aim."""
    ratios: dict[str, Any] = {"runs_vs_bare_dbos": {}, "cpu_vs_bare_dbos": {}, "bare_vs_bare_again": {}}
    for kind, found in measured.items():
        runs = {side: _median(found[side], "runs_a_second") for side in SIDES}
        cpu = {side: _median(found[side], "cpu_ms_a_run") for side in SIDES}
        ratios["runs_vs_bare_dbos"][kind] = round(2 * runs["ours"] / (runs["bare"] + runs["bare again"]), 3)
        ratios["cpu_vs_bare_dbos"][kind] = round(2 * cpu["ours"] / (cpu["bare"] + cpu["bare again"]), 3)
        ratios["bare_vs_bare_again"][kind] = round(runs["bare"] / runs["bare again"], 3)
    under_way = statistics.median(took / covered for took, covered, _ in rows)
    ratios["slow_run_vs_calls_under_way"] = round(under_way, 3)
    ratios["slow_run_vs_calls_times_delay"] = round(
        statistics.median(took / (calls * DELAY_SECONDS) for took, _, calls in rows), 3
    )
    short = [f"runs_vs_bare_dbos {kind}" for kind, said in ratios["runs_vs_bare_dbos"].items() if said < 0.8]
    short += ["slow_run_vs_calls_under_way"] if under_way > AIMS["slow_run_vs_calls_under_way"] else []
    return {
        "what": "opportunity-to-project runs through the whole platform, and the same calls, writing transactions and"
        " checkpoint bytes by bare DBOS, vendors in a process of their own; medians of interleaved rounds",
        "ratios": ratios,
        "aims": AIMS,
        "short": short,
        "measured": {
            kind: {side: found[side] for side in SIDES} | {"recorded": found["recorded"], "profiled": found["profiled"]}
            for kind, found in measured.items()
        },
        "slow": {
            "p50_seconds": round(statistics.median(row[0] for row in rows), 3),
            "p50_seconds_under_way": round(statistics.median(row[1] for row in rows), 3),
            "p50_calls": statistics.median(row[2] for row in rows),
            "runs": len(rows),
        },
        "size": msgspec.to_builtins(size),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]},
        "repeat": "python -m bench.engine",
    }


def _median(rounds: list[dict[str, float]], name: str) -> float:
    return statistics.median(each[name] for each in rounds)


@contextmanager
def _database(kind: str, folder: Path, name: str) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / name}.sqlite"
        return
    with postgres() as url:
        yield url


def _played(side: str, folder: Path, runs: int, url: str) -> dict[str, Any]:
    folder.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "bench.durable.playing", side, str(folder), str(runs), url]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    sys.exit(main())
