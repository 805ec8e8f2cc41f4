"""`tiergate export`: the policies in the words of another program. Each is a module, `export_<program>.py`."""

import argparse
from typing import Final

from tiergate.commands import actions
from tiergate.settings import Settings

ACTIONS: Final = ("envoy",)


def arguments(command: argparse.ArgumentParser) -> None:
    """What may be said after `tiergate export`."""
    actions.declare(command, "export", ACTIONS)


def export(settings: Settings, asked: argparse.Namespace) -> int:
    """Run the action that was asked for."""
    return actions.action_of("export", asked.action).run(settings, asked)
