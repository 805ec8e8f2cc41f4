"""`tiergate policy check`: are the policies sound? Offline, by the same code as at run time."""

import argparse
import json
from typing import Final

from gateway.loader import PolicyError
from tiergate.contracts import plan_of
from tiergate.settings import Settings

SAYS: Final = "load everything and say what is wrong, by file and line"
EXAMPLES: Final = """\
  tiergate policy check                      are the policies in TIERGATE_POLICIES sound?
  tiergate policy check --json               the same for a program: {"sound": ..., "problems": [...]}
"""


def arguments(command: argparse.ArgumentParser) -> None:
    """Nothing but `--json`."""


def run(settings: Settings, asked: argparse.Namespace) -> int:
    """0 when they are sound; otherwise `PolicyError`, or with `--json` exit code 2."""
    try:
        plan = plan_of(settings)
    except PolicyError as wrong:
        if not asked.json:
            raise
        print(json.dumps({"sound": False, "problems": [_problem(problem) for problem in wrong.problems]}))
        return 2
    if asked.json:
        print(json.dumps({"sound": True, "operations": len(plan.operations), "problems": []}))
    else:
        print(f"The policies in {settings.policies} are sound: {len(plan.operations)} operations are offered.")
    return 0


def _problem(problem: str) -> dict[str, str | int]:
    file, line, sentence = problem.split(":", 2)
    return {"file": file, "line": int(line), "problem": sentence.strip()}
