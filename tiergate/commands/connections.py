"""`tiergate connections`: what may be asked of the systems behind us. Each action is `connections_<action>.py`."""

import argparse
from typing import Final

from tiergate.commands import actions
from tiergate.settings import Settings

ACTIONS: Final = ("check",)


def arguments(command: argparse.ArgumentParser) -> None:
    """What may be said after `tiergate connections`."""
    actions.declare(command, "connections", ACTIONS)


def connections(settings: Settings, asked: argparse.Namespace) -> int:
    """Run the action that was asked for."""
    return actions.action_of("connections", asked.action).run(settings, asked)
