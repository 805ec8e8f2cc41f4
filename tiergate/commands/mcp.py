"""`tiergate mcp`: operations as tools for language models. Each action is a module of its own, `mcp_<action>.py`."""

import argparse
from typing import Final

from tiergate.commands import actions
from tiergate.settings import Settings

ACTIONS: Final = ("list", "serve")
"""In the order in which help shows them."""


def arguments(command: argparse.ArgumentParser) -> None:
    """What may be said after `tiergate mcp`."""
    actions.declare(command, "mcp", ACTIONS)


def mcp(settings: Settings, asked: argparse.Namespace) -> int:
    """Run the action that was asked for."""
    return actions.action_of("mcp", asked.action).run(settings, asked)
