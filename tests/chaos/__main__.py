"""`make chaos RUNS=1000 SEED=7 DATABASE=sqlite|postgres`: deals won in a storm, and what became of every one.

Executors are killed, vendors throttle, forget who we are, answer late, half, or after they have done what was asked;
notifications come twice, out of order or never. At the end every deal must stand once and alike in all systems, or be
parked for a reason that is true. Prints one JSON object; exit code 1 when something was doubled, lost or untrue.
"""

import argparse
import asyncio
import sys

import msgspec

from tests.chaos.raging import Report, rage


def main() -> int:
    asked = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    asked.add_argument("--runs", type=int, default=40)
    asked.add_argument("--seed", type=int, default=7)
    asked.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    given = asked.parse_args()
    report: Report = asyncio.run(rage(given.runs, given.seed, given.database, _say))
    for each in (*report.duplicates, *report.lost, *report.untrue):
        _say(each)
    sys.stdout.write(msgspec.json.encode(report.counted()).decode() + "\n")
    return 1 if report.duplicates or report.lost or report.untrue else 0


def _say(what: str) -> None:
    sys.stderr.write(what + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
