"""`tiergate mcp list`: which operations the policies offer to language models, each with its line."""

import argparse
from typing import Final

import msgspec

from gateway.mcp.tools import Offered, Tools
from tiergate.contracts import plan_of
from tiergate.settings import Settings

SAYS: Final = "say which operations are tools, what each asks for, and the line that says so"
EXAMPLES: Final = """\
  tiergate mcp list           name, title, scopes and line of each tool
  tiergate mcp list --json    as a client is told of them, arguments and answers included
"""


def arguments(command: argparse.ArgumentParser) -> None:
    """Nothing but how it is printed."""


def run(settings: Settings, asked: argparse.Namespace) -> int:
    """Offline: what a certain caller is shown depends on its scopes, its roles and its product."""
    tools = Tools(plan_of(settings)).all.values()
    if asked.json:
        print(msgspec.json.encode([tool.description for tool in tools]).decode())
        return 0
    for tool in tools:
        print(f"{tool.name}\n  {tool.description['title']}; {_asks(tool)}\n  {_where(tool)}")
    print(f"{len(tools)} tools at /mcp" if tools else "No operation is a tool: say tool: {title: ...} at one.")
    return 0


def _asks(tool: Offered) -> str:
    scopes = sorted({scope for rule in tool.governed.rules for scope in getattr(rule, "scopes", ())})
    return f"asks for {' '.join(scopes)}" if scopes else "public"


def _where(tool: Offered) -> str:
    return tool.governed.tool.where if tool.governed.tool is not None else ""
