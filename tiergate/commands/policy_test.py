"""`tiergate policy test`: the tests beside the policies, what they leave open, and which mistakes they would notice."""

import argparse
import asyncio
import json
from collections.abc import Sequence
from typing import Final

from gateway.authoring.cases import Case, cases
from gateway.authoring.mutants import Mutant, survivors
from gateway.authoring.outcomes import Outcome, Uncovered, uncovered
from gateway.authoring.outcomes import run as ask
from gateway.conversion import did_you_mean
from gateway.plan import Plan, compiled
from gateway.policies import Policies
from tiergate import catalogue
from tiergate.contracts import policies_of, values_of
from tiergate.settings import Settings, WrongSetting

SAYS: Final = "run the tests beside the policies, and say which operations they leave open"
EXAMPLES: Final = """\
  tiergate policy test                        policies/tests/*.yaml, by a simulated clock, store and issuer
  tiergate policy test --mutate               and break the policies, one mistake at a time: each must be noticed
  tiergate policy test --mutate engagements   the same of one API, while its policy is written
"""


def arguments(command: argparse.ArgumentParser) -> None:
    """Of which APIs, and with mistakes or without."""
    command.add_argument("apis", nargs="*", metavar="API", help="the tests of these APIs only")
    command.add_argument("--mutate", action="store_true", help="also break the policies: each mistake must be noticed")


def run(settings: Settings, asked: argparse.Namespace) -> int:
    """1 where a test fails, an operation is not covered or a mistake is not noticed."""
    found = policies_of(settings)
    plan = compiled(found, catalogue.apis())
    chosen = _chosen(plan, asked.apis)
    tests = [each for each in cases(settings.policies, plan, values_of(settings)) if each.operation in chosen]
    outcomes = ask(plan, tests)
    failed = [each for each in outcomes if each.wrong]
    open_ = [each for each in uncovered(plan, outcomes) if each.operation in chosen]
    made, left = _mutate(found, plan, tests, chosen) if asked.mutate and not failed else (0, [])
    if asked.json:
        print(json.dumps(_document(outcomes, open_, made, left)))
    else:
        _show(outcomes, failed, open_)
        if asked.mutate:
            _show_mutants(made, left, failed)
    return 1 if failed or open_ or left else 0


def _chosen(plan: Plan, apis: Sequence[str]) -> frozenset[str]:
    """The operations of these APIs; of all, where none is named. Raises `WrongSetting` for one that no policy is of."""
    known = {governed.api.name for governed in plan.operations.values()}
    for name in apis:
        if name not in known:
            raise WrongSetting(f"no policy is of an API {name!r}{did_you_mean(name, known)}")
    return frozenset(key for key, governed in plan.operations.items() if not apis or governed.api.name in apis)


def _mutate(found: Policies, plan: Plan, tests: Sequence[Case], operations: frozenset[str]) -> tuple[int, list[Mutant]]:
    return asyncio.run(survivors(found, plan, catalogue.apis(), tests, operations))


def _show(outcomes: Sequence[Outcome], failed: Sequence[Outcome], open_: Sequence[Uncovered]) -> None:
    for each in failed:
        print(each)
    for operation in open_:
        print(operation)
    covered = f"{len(open_)} operations are not covered" if open_ else "every operation is covered"
    print(f"{len(outcomes) - len(failed)} passed, {len(failed)} failed; {covered}.")


def _show_mutants(made: int, left: Sequence[Mutant], failed: Sequence[Outcome]) -> None:
    if failed:
        print("No mistake was made: first all tests must pass.")
        return
    for mutant in left:
        print(f"{mutant}, and no test notices")
    print(f"{made} mistakes, {made - len(left)} noticed, {len(left)} not.")


def _document(
    outcomes: Sequence[Outcome], open_: Sequence[Uncovered], made: int, left: Sequence[Mutant]
) -> dict[str, object]:
    failed = [each for each in outcomes if each.wrong]
    return {
        "passed": len(outcomes) - len(failed),
        "failed": [{"where": o.case.where, "operation": o.case.operation, "wrong": o.wrong} for o in failed],
        "uncovered": [{"where": u.where, "operation": u.operation, "missing": u.missing} for u in open_],
        "mistakes": made,
        "survivors": [{"where": mutant.where, "mistake": mutant.says} for mutant in left],
    }
