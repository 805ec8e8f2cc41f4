"""`tiergate policy diff`: what differs between two policy folders, in sentences."""

import argparse
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Final

import msgspec

from gateway.authoring.difference import Difference, differences
from gateway.authoring.effective import Effective, effective
from gateway.plan import Plan, compiled
from tiergate import catalogue
from tiergate.contracts import policies_of
from tiergate.settings import Settings, WrongSetting

SAYS: Final = "say who gains or loses access between two policy folders, and what else changes"
EXAMPLES: Final = """\
  tiergate policy diff OLD NEW                two folders, each with platform.yaml, apis/ and products/
  git worktree add /tmp/main main && tiergate policy diff /tmp/main/policies policies
"""


def arguments(command: argparse.ArgumentParser) -> None:
    """The two folders."""
    command.add_argument("old", type=Path, metavar="OLD", help="the policies as they were")
    command.add_argument("new", type=Path, metavar="NEW", help="the policies as they shall be")


def run(settings: Settings, asked: argparse.Namespace) -> int:
    """1 where anything differs."""
    (old, old_plan), (new, new_plan) = (_held(settings, folder) for folder in (asked.old, asked.new))
    found = differences(old, new, old_plan, new_plan)
    if asked.json:
        print(msgspec.json.encode(found).decode())
    else:
        _show(found)
    return 1 if found else 0


def _held(settings: Settings, folder: Path) -> tuple[dict[str, Effective], Plan]:
    if not folder.is_dir():
        raise WrongSetting(f"{folder} is not a folder of policies.")
    said = policies_of(settings, folder)
    plan = compiled(said, catalogue.apis())
    return effective(said, plan), plan


def _show(found: list[Difference]) -> None:
    for effect, each in groupby(found, key=lambda difference: difference.effect):
        print(f"{effect}:", *_together(each), sep="\n  ")
    print(f"{len(found)} difference{'' if len(found) == 1 else 's'}." if found else "Nothing differs in what holds.")


def _together(found: Iterable[Difference]) -> list[str]:
    """One line a sentence: what a line of the policies changes, it may change for many operations."""
    by_sentence: dict[tuple[str, str], list[str]] = {}
    for each in found:
        by_sentence.setdefault((each.new or each.old, each.sentence), []).append(each.operation)
    return [f"{place}: {', '.join(names)}: {sentence}" for (place, sentence), names in by_sentence.items()]
