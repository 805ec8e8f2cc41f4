"""`tiergate capabilities`: what each system can, and why not."""

import argparse
from difflib import get_close_matches
from itertools import groupby
from typing import Final

import msgspec

from system_apis import POLLED, SystemApi, discover
from system_apis.capabilities import Matrix, behind, capabilities, found, matrix
from tiergate.settings import Settings, WrongSetting

EXAMPLES: Final = """\
examples:
  tiergate capabilities                 every system, every operation of its ports: yes, or why not
  tiergate capabilities netsuite        one system
  tiergate capabilities --json          [{"system", "port", "operation", "can", "why_not",
                                          "consistency", "lag_seconds", "verified"}]
"""


def arguments(command: argparse.ArgumentParser) -> None:
    """What may be said after `tiergate capabilities`."""
    command.epilog = EXAMPLES
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_argument("systems", nargs="*", metavar="SYSTEM", help="systems to tell of (default: all)")
    command.add_argument("--json", action="store_true", help="print JSON")


def tell(_: Settings, asked: argparse.Namespace) -> int:
    """Exit code 0; `WrongSetting` for a system nobody knows."""
    chosen = named(asked.systems)
    if asked.json:
        print(msgspec.json.encode(capabilities(chosen)).decode())
    else:
        print(table(matrix(chosen)))
    return 0


def named(names: list[str]) -> list[SystemApi]:
    """These systems, or all where none is named. `WrongSetting` says what is near."""
    known = discover()
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}? There" if near else "there"
            raise WrongSetting(f"no system is called {name!r}; {hint} are {', '.join(known)}.")
    return [known[name] for name in names] or list(known.values())


def table(told: Matrix) -> str:
    """For a terminal: ports as headings, systems as columns; below it how far reads are behind writes."""
    wide = max(len(operation) for _, operation, _ in told.rows) + 4
    cells = [max(len(cell) for cell in (system.abbreviation, *column)) + 2 for system, column in _columns(told)]
    lines = [" " * wide + "".join(s.abbreviation.ljust(w) for s, w in zip(told.systems, cells, strict=True)).rstrip()]
    for port, rows in groupby(told.rows, key=lambda row: row[0]):
        lines.append(port)
        for _, operation, row in rows:
            said = "".join((cell or ".").ljust(width) for cell, width in zip(row, cells, strict=True))
            lines.append(f"  {operation}".ljust(wide) + said.rstrip())
    systems = [f"{each.abbreviation}  {each.title} ({', '.join(each.roles)})" for each in told.systems]
    reasons = [f"[{number}] {why}" for number, why in enumerate(told.reasons, 1)]
    late = [
        f"{system.abbreviation}  {', '.join(names) + ': ' if names else ''}{found(reads)}. {reads.why}"
        for system, reads, names in behind(told.systems)
    ]
    late.append(f"    by a poll: {found(POLLED)}. {POLLED.why}")
    noted = [*systems, ".   not what a system of its role is asked for", *reasons]
    return "\n".join([*lines, "", *noted, "", "A read finds what was written:", *late])


def _columns(told: Matrix) -> list[tuple[SystemApi, list[str]]]:
    return [(system, [row[place] for _, _, row in told.rows]) for place, system in enumerate(told.systems)]
