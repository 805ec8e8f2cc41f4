"""A command with several actions (`tiergate policy check`), each a module of its own, `<command>_<action>.py`."""

import argparse
import importlib
from collections.abc import Callable, Sequence
from typing import Protocol, cast

from tiergate.settings import Settings


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


def declare(command: argparse.ArgumentParser, group: str, names: Sequence[str]) -> None:
    """Declare the actions of a command, in the order in which help shows them."""
    actions = command.add_subparsers(dest="action", metavar="ACTION", title="actions", required=True)
    examples = []
    for name in names:
        action = action_of(group, name)
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


def action_of(group: str, name: str) -> Action:
    """The module of an action."""
    return cast(Action, importlib.import_module(f"tiergate.commands.{group}_{name}"))
