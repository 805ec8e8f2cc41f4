"""`tiergate policy check`: are the policies sound? Offline, by the same code as at run time."""

import argparse
import json
from typing import Final, get_args

import msgspec

from gateway.conversion import did_you_mean
from gateway.loader import PolicyError
from tiergate.contracts import plan_of
from tiergate.settings import Environment, Settings

SAYS: Final = "load everything and say what is wrong, by file and line"
EXAMPLES: Final = """\
  tiergate policy check                           are the policies in TIERGATE_POLICIES sound, in every environment?
  tiergate policy check --environment production  in this one only
  tiergate policy check --json                    for a program: {"sound": ..., "problems": [...]}
"""


def arguments(command: argparse.ArgumentParser) -> None:
    """Which environment."""
    known = get_args(Environment)
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
    problems = list(dict.fromkeys(problems))
    if problems and not asked.json:
        raise PolicyError(problems)
    if asked.json:
        said = {"sound": not problems, "problems": [_problem(problem) for problem in problems]}
        print(json.dumps(said if problems else {**said, "operations": len(plans[0].operations)}))
    else:
        where = f" in {asked.environment}" if asked.environment else ""
        print(
            f"The policies in {settings.policies} are sound{where}: {len(plans[0].operations)} operations are offered."
        )
    return 2 if problems else 0


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
