"""`tiergate policy check`: are the policies sound? Offline, by the same code as at run time."""

import argparse
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, get_args

import msgspec

from gateway.audit import Place, every
from gateway.authoring.retirement import Orphaned, leaving, orphaned
from gateway.conversion import did_you_mean
from gateway.loader import PolicyError
from tiergate import configuration
from tiergate.contracts import plan_of, policies_of
from tiergate.record import place_of
from tiergate.settings import Environment, Settings

SAYS: Final = "load everything and say what is wrong, by file and line"
EXAMPLES: Final = """\
  tiergate policy check                           are the policies in TIERGATE_POLICIES sound, in every environment?
  tiergate policy check --environment production  in this one only
  tiergate policy check --days 90                 who still called a version that ends within so many days?
  tiergate policy check --json                    for a program: {"sound": ..., "problems": [...], "warnings": [...]}
"""


def arguments(command: argparse.ArgumentParser) -> None:
    """Which environment."""
    known = get_args(Environment)
    command.add_argument(
        "--days", type=int, default=30, help="of the record that is looked at, and of the time to come (default: 30)"
    )
    command.add_argument("--file", type=Path, help="the record (default: the one of the settings, where there is one)")
    command.add_argument("--environment", choices=known, metavar="NAME", help=f"only in one of {', '.join(known)}")


def run(settings: Settings, asked: argparse.Namespace) -> int:
    """0 when they are sound; otherwise `PolicyError`, or with `--json` exit code 2."""
    names = [asked.environment] if asked.environment else list(get_args(Environment))
    plans, problems = [], _strangers(settings)
    for name in names:
        try:
            plans.append(plan_of(msgspec.structs.replace(settings, environment=name)))
        except PolicyError as wrong:
            problems += wrong.problems
    problems += _of_the_whole_firm(settings)
    left = [] if problems else _orphaned(settings, asked)
    problems = list(dict.fromkeys([*problems, *(str(each) for each in left if not each.leaving.anyway)]))
    remarks = list(dict.fromkeys(remark for plan in plans for remark in plan.remarks))
    if problems and not asked.json:
        raise PolicyError(problems)
    if asked.json:
        said = {"sound": not problems, "problems": [_problem(problem) for problem in problems]}
        said["warnings"] = [_problem(remark) for remark in remarks]
        print(json.dumps(said if problems else {**said, "operations": len(plans[0].operations)}))
    else:
        print(*(str(each) for each in left), sep="\n", end="\n" if left else "")
        print(*(f"warning: {remark}" for remark in remarks), sep="\n", end="\n" if remarks else "")
        where = f" in {asked.environment}" if asked.environment else ""
        print(
            f"The policies in {settings.policies} are sound{where}: {len(plans[0].operations)} operations are offered."
        )
    return 2 if problems else 0


def _orphaned(settings: Settings, asked: argparse.Namespace) -> list[Orphaned]:
    """Versions that go although somebody still calls them; none where there is no record yet."""
    now = datetime.now(UTC)
    going = leaving(policies_of(settings), now.date(), asked.days)
    place = Place.beside(asked.file) if asked.file is not None else place_of(settings)
    if not going or not place.exists():
        return []
    since = now - timedelta(days=asked.days)
    return orphaned(going, (kept.record for kept in every(place, since=since)))


def _of_the_whole_firm(settings: Settings) -> list[str]:
    """What is wrong with the files that are the same in every environment."""
    problems: list[str] = []
    for reading in (configuration.ownership, configuration.commitment):
        try:
            reading(settings.policies)
        except PolicyError as wrong:
            problems += wrong.problems
    return problems


def _strangers(settings: Settings) -> list[str]:
    """Files of environments that there are none of."""
    known = get_args(Environment)
    return [
        f"{settings.policies.name}/environments/{path.name}:1: no environment is called {path.stem!r}"
        f"{did_you_mean(path.stem, known)}"
        for path in sorted((settings.policies / "environments").glob("*.yaml"))
        if path.stem not in known
    ]


def _problem(problem: str) -> dict[str, str | int]:
    file, line, sentence = problem.split(":", 2)
    return {"file": file, "line": int(line), "problem": sentence.strip()}
