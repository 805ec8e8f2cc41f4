"""`tiergate sync`: what syncs of accounts and people wrote, and having it undone. Each action is `sync_<action>.py`."""

import argparse
from typing import Final

from tiergate.commands import actions
from tiergate.settings import Settings

ACTIONS: Final = ("list", "undo")


def arguments(command: argparse.ArgumentParser) -> None:
    """What may be said after `tiergate sync`."""
    actions.declare(command, "sync", ACTIONS)


def sync(settings: Settings, asked: argparse.Namespace) -> int:
    """Run the action that was asked for."""
    return actions.action_of("sync", asked.action).run(settings, asked)
