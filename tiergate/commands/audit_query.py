"""`tiergate audit query`: who did what, with what, about what, when, and how it ended."""

import argparse
from typing import Final

import msgspec

from gateway.audit import query
from gateway.audit.reading import Kept
from tiergate.commands import audit_record
from tiergate.settings import Settings

SAYS: Final = "find calls by who made them, with what client, on what, when, and how they ended"
EXAMPLES: Final = """\
  tiergate audit query --subject priya --since 24h      what somebody did since yesterday
  tiergate audit query --key ACME-1 --operation upsertContract
  tiergate audit query --client partner-demo --status 4xx --json
"""


def arguments(command: argparse.ArgumentParser) -> None:
    """Which records, and how many."""
    audit_record.filters(command)
    command.add_argument("--limit", type=int, default=100, help="at most so many, the newest (default: 100)")
    audit_record.which(command)


def run(settings: Settings, asked: argparse.Namespace) -> int:
    """0 when there are some, 1 when there are none."""
    place = audit_record.place_of(settings, asked)
    found = query(place, limit=asked.limit, **audit_record.matching(asked))
    if asked.json:
        print(msgspec.json.encode(found).decode())
    elif found:
        print(*(_line(kept) for kept in found), sep="\n")
    else:
        print(f"No call like that is on record in {place.name}.")
    return 0 if found else 1


def _line(kept: Kept) -> str:
    record = kept.record
    operation = f"{record.api}-{record.version}.{record.operation}" if record.api else record.operation
    ended = f"{record.status} {record.reason}".strip() if record.status else "begun, its end not seen"
    who = f"{record.subject or '-'} with {record.client or '-'}"
    who += f" for {record.acted_for}" if record.acted_for else ""
    about = f"  {record.key}" if record.key else ""
    return f"{record.at}  {ended}  {operation}{about}  {who}  {record.request_id}"
