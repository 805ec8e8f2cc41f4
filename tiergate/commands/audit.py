"""`tiergate audit`: what may be asked of the record of calls, and done to it."""

import argparse
from typing import Final

from tiergate.commands import actions
from tiergate.settings import Settings

ACTIONS: Final = ("query", "verify", "export", "sweep", "erase")


def arguments(command: argparse.ArgumentParser) -> None:
    """What may be said after `tiergate audit`."""
    actions.declare(command, "audit", ACTIONS)


def audit(settings: Settings, asked: argparse.Namespace) -> int:
    """Run the action that was asked for."""
    return actions.action_of("audit", asked.action).run(settings, asked)
