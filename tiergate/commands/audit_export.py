"""`tiergate audit export`: the record as CloudEvents."""

import argparse
import sys
from pathlib import Path
from typing import Final

import msgspec

from gateway.audit import every
from gateway.audit.export import events
from tiergate.commands import audit_record
from tiergate.settings import Settings

SAYS: Final = "write calls as CloudEvents 1.0, one JSON object a line, oldest first"
EXAMPLES: Final = """\
  tiergate audit export --since 24h --out calls.jsonl    yesterday's, people under their pseudonyms
  tiergate audit export --key ACME-1 --names             to standard output, people by name
"""


def arguments(command: argparse.ArgumentParser) -> None:
    """Which records, and where to."""
    audit_record.filters(command)
    command.add_argument("--names", action="store_true", help="say people's names, where they were not erased")
    command.add_argument("--out", type=Path, metavar="FILE", help="a file (default: standard output)")
    audit_record.which(command)


def run(settings: Settings, asked: argparse.Namespace) -> int:
    """0 however many there are; with `--json` and `--out`, says how many."""
    place = audit_record.place_of(settings, asked)
    kept = every(place, names=asked.names, **audit_record.matching(asked))
    lines = events(kept, f"{settings.address}/audit")
    if asked.out is None:
        for line in lines:
            sys.stdout.write(line.decode() + "\n")
        return 0
    count = 0
    with asked.out.open("wb") as out:
        for count, line in enumerate(lines, 1):  # noqa: B007 - how many there were is said below
            out.write(line + b"\n")
    said = {"file": str(asked.out), "events": count}
    print(msgspec.json.encode(said).decode() if asked.json else f"{count} events are in {asked.out}.")
    return 0
