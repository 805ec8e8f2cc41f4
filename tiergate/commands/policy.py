"""`tiergate policy`: what may be asked of the policies. Each action is a module of its own, `policy_<action>.py`."""

import argparse
from typing import Final

from tiergate.commands import actions
from tiergate.settings import Settings

ACTIONS: Final = ("check", "explain", "why", "diff", "replay", "test", "schema")
"""In the order in which help shows them."""


def arguments(command: argparse.ArgumentParser) -> None:
    """What may be said after `tiergate policy`."""
    actions.declare(command, "policy", ACTIONS)


def policy(settings: Settings, asked: argparse.Namespace) -> int:
    """Run the action that was asked for."""
    return action_of(asked.action).run(settings, asked)


def action_of(name: str) -> actions.Action:
    """The module of an action."""
    return actions.action_of("policy", name)
