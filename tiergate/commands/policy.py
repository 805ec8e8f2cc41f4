"""`tiergate policy`: what may be asked of the policies. Each action is a module of its own, `policy_<action>.py`."""

import argparse
import importlib
from collections.abc import Callable
from typing import Final, Protocol, cast

from tiergate.settings import Settings

ACTIONS: Final = ("check", "explain", "why", "diff", "replay", "test", "schema")
"""In the order in which help shows them."""


class Action(Protocol):
    """What a module of an action has."""

    SAYS: str
    """What it does, for the list of actions."""
    EXAMPLES: str
    """Lines of `command   what it answers`."""
    run: Callable[[Settings, argparse.Namespace], int]
    """The exit code: 0 fine, 1 something was found. What cannot be raises `PolicyError` or `WrongSetting` (2)."""

    def arguments(self, command: argparse.ArgumentParser) -> None:
        """Declare what may be said after it."""


def arguments(command: argparse.ArgumentParser) -> None:
    """What may be said after `tiergate policy`."""
    actions = command.add_subparsers(dest="action", metavar="ACTION", title="actions", required=True)
    examples = []
    for name in ACTIONS:
        action = action_of(name)
        made = actions.add_parser(
            name,
            help=action.SAYS,
            description=action.SAYS[0].upper() + action.SAYS[1:] + ".",
            epilog="examples:\n" + action.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        action.arguments(made)
        made.add_argument("--json", action="store_true", help="print JSON")
        examples.append(action.EXAMPLES.splitlines()[0])
    command.epilog = "examples:\n" + "\n".join(examples)
    command.formatter_class = argparse.RawDescriptionHelpFormatter


def policy(settings: Settings, asked: argparse.Namespace) -> int:
    """Run the action that was asked for."""
    return action_of(asked.action).run(settings, asked)


def action_of(name: str) -> Action:
    """The module of an action."""
    return cast(Action, importlib.import_module(f"tiergate.commands.policy_{name}"))
