"""`tiergate policy replay`: the calls on record, decided again on another policy folder."""

import argparse
import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from gateway.audit import every
from gateway.authoring.replay import replay
from gateway.plan import compiled
from gateway.words import Duration
from tiergate import catalogue, record
from tiergate.contracts import policies_of
from tiergate.settings import Settings, WrongSetting

SAYS: Final = "decide the calls on record again on another policy folder, and say who would be treated differently"
EXAMPLES: Final = """\
  tiergate policy replay --since 24h --policy DIR    whom would these policies have refused, or let in, since yesterday?
  tiergate policy replay --since 7d                  the policies in force: what was changed during the week?
"""


def arguments(command: argparse.ArgumentParser) -> None:
    """The period and the folder."""
    command.add_argument("--since", metavar="SPAN", default="24h", help="how far back: 30m, 24h, 7d (default: 24h)")
    command.add_argument("--policy", type=Path, metavar="DIR", help="the other folder (default: the one in force)")
    command.add_argument("--file", type=Path, help="the record as a file (default: the platform's)")


def run(settings: Settings, asked: argparse.Namespace) -> int:
    """1 where anybody would be treated differently."""
    place, since = record.found(settings, asked.file), _since(asked.since)
    plan = compiled(policies_of(settings, _folder(settings, asked.policy)), catalogue.apis())
    found = asyncio.run(replay((kept.record for kept in every(place, since=since)), plan))
    if asked.json:
        print(msgspec.json.encode(found).decode())
    else:
        print(*found.differently, sep="\n", end="\n" if found.differently else "")
        print(
            f"{found.decided} calls since {since:%Y-%m-%d %H:%M} UTC decided again, "
            f"{sum(each.calls for each in found.differently)} differently; "
            f"{found.left_out} left out, for the record does not hold what they were refused for."
        )
    return 1 if found.differently else 0


def _since(said: str) -> datetime:
    try:
        return datetime.now(UTC) - timedelta(seconds=Duration.read(said))
    except ValueError as wrong:
        raise WrongSetting(f"--since: {wrong}.") from wrong


def _folder(settings: Settings, given: Path | None) -> Path:
    folder = given or settings.policies
    if not folder.is_dir():
        raise WrongSetting(f"{folder} is not a folder of policies.")
    return folder
