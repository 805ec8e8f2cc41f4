"""`tiergate connections check`: sign in everywhere, read one record of each object, look for every field we map."""

import argparse
import asyncio
from typing import Final

import msgspec

from foundation.checking import Report
from tiergate.commands.capabilities import named
from tiergate.connections import checked, chosen
from tiergate.settings import Settings

SAYS: Final = "sign in to each system, read one record of each object, compare its metadata with what we map"
EXAMPLES: Final = """\
  tiergate connections check                 every bound system: are we let in, and is all there that we need?
  tiergate connections check netsuite        one
  tiergate connections check --json          for a program: [{"system", "user", "fields", "findings": [...]}]
"""


def arguments(command: argparse.ArgumentParser) -> None:
    """Which systems."""
    command.add_argument("systems", nargs="*", metavar="SYSTEM", help="systems to check (default: all that are bound)")


def run(settings: Settings, asked: argparse.Namespace) -> int:
    """0 when all is as it must be, 1 for findings; `PolicyError` and `WrongSetting` (2) for what cannot be tried."""
    named(asked.systems)
    reports = asyncio.run(_all(settings, asked.systems))
    if asked.json:
        print(msgspec.json.encode(reports).decode())
    else:
        print("\n".join(text(each) for each in reports))
    return 1 if any(each.findings for each in reports) else 0


async def _all(settings: Settings, names: list[str]) -> list[Report]:
    return [await checked(system, connection) for system, connection in chosen(settings, names)]


def text(report: Report) -> str:
    """For a person: who we are there, what was looked at, and each finding with what to change."""
    who = f"signed in to {report.instance} as {report.user}" if report.user else "not signed in"
    where = f"{report.url}, in {report.region}" if report.region else report.url
    lines = [f"{report.system}: {who}, at {where}"]
    if report.fields:
        lines.append("  looked at: " + ", ".join(f"{kind} ({number} fields)" for kind, number in report.fields.items()))
    if report.unread:
        lines.append(f"  no record to read yet: {', '.join(report.unread)}")
    if (limit := report.allowed) is not None:
        known = limit.concurrent if limit.concurrent is not None else "not known"
        lines.append(f"  calls at once: {known}, {limit.whose} ({limit.set_at})")
    lines += [f"  {finding}" for finding in report.findings]
    if not report.findings:
        lines.append("  all is there")
    return "\n".join(lines)
