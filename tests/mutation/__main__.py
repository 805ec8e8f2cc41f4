"""`make mutate`: the code is spoilt, one small change at a time, and the tests are asked whether they notice.

    SAMPLE=400 SEED=7      so many of all changes, drawn by the seed; SAMPLE=0: all of them, which takes a day
    ONLY='process_apis.*'  those whose name matches

Over the process tier, ownership, and the gateway's nouns, as `[tool.mutmut]` in pyproject.toml says. A change that no
test runs counts as unnoticed. Prints the unnoticed ones as diffs and then one JSON object; exit code 1 below `LEAST`.
"""

import argparse
import fnmatch
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
MADE: Final = ROOT / "mutants"
LEAST: Final = 0.85
"""Share of the changes that must be noticed."""
KILLED: Final = frozenset({1, 3, 24, 36, 37, 152, 255, -24})
"""Exit codes of the tests under a change that they notice: a failure, a loop without end, a type that does not fit."""
TRIES: Final = 3
"""The tests are run once more without any change before any is judged; one that fails then ends it all."""
UNTESTED: Final = frozenset({5, 33})
NOBODY: Final = "no.such.change"
STATS: Final = "mutmut-stats.json"
"""Which test runs which function: written when all of them have passed."""


def main() -> int:
    asked = argparse.ArgumentParser(prog="make mutate", description=__doc__)
    asked.add_argument("--sample", type=int, default=400)
    asked.add_argument("--seed", type=int, default=7)
    asked.add_argument("--only", default="*")
    given = asked.parse_args()
    _say("making the changes, and noting which test runs which function")
    said = _mutmut("run", NOBODY)  # ends with an error, when all is made that a run stands on
    if not (MADE / STATS).exists():
        _say(f"{said[-4000:]}\na test fails without any change, so none can be judged")
        return 2
    every = sorted(name for name in _codes() if fnmatch.fnmatch(name, given.only))
    if not every:
        _say(f"nothing that can be changed matches {given.only!r}")
        return 2
    chosen = drawn(every, given.sample, given.seed)
    _say(f"{len(chosen)} of {len(every)} changes, seed {given.seed}")
    _forget(frozenset(chosen))
    for _ in range(TRIES):
        subprocess.run([sys.executable, "-m", "mutmut", "run", *chosen], cwd=ROOT, check=False, stdout=sys.stderr)
        if not (untried := [name for name in chosen if _codes()[name] is None]):
            break
        _say(f"{len(untried)} changes were not tried: a test failed without any change, or the time ran out")
    found = judged({name: _codes()[name] for name in chosen})
    for name in found["unnoticed"]:
        _say(_mutmut("show", name))
    sys.stdout.write(json.dumps({"seed": given.seed, "of": len(every), **found}) + "\n")
    return 1 if found["share"] < LEAST else 0


def drawn(every: Sequence[str], sample: int, seed: int) -> list[str]:
    """So many of them, the same for the same seed; all of them for 0."""
    return list(every) if not sample else sorted(Random(seed).sample(every, min(sample, len(every))))


def judged(codes: dict[str, int | None]) -> dict[str, Any]:
    """What became of the changes. Raises `RuntimeError` where some were never tried."""
    if untried := [name for name, code in codes.items() if code is None]:
        raise RuntimeError(f"{len(untried)} changes were not tried, the first is {untried[0]}")
    count = Counter("killed" if c in KILLED else "untested" if c in UNTESTED else "survived" for c in codes.values())
    unnoticed = [name for name, code in codes.items() if code not in KILLED]
    share = round(count["killed"] / len(codes), 3)
    counted = {name: count[name] for name in ("killed", "survived", "untested")}
    return {"tried": len(codes), **counted, "share": share, "unnoticed": unnoticed}


def _codes() -> dict[str, int | None]:
    """The exit code of the tests under every change; None where they were not asked yet."""
    found: dict[str, int | None] = {}
    for file in sorted(MADE.rglob("*.meta")):
        found |= json.loads(file.read_text())["exit_code_by_key"]
    return found


def _forget(names: frozenset[str]) -> None:
    """What became of them in an earlier run."""
    for file in MADE.rglob("*.meta"):
        said = json.loads(file.read_text())
        codes = said["exit_code_by_key"]
        said["exit_code_by_key"] = {name: None if name in names else code for name, code in codes.items()}
        file.write_text(json.dumps(said))


def _mutmut(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout


def _say(what: str) -> None:
    sys.stderr.write(what + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
