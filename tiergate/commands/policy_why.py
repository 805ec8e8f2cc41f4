"""`tiergate policy why`: what decided a call, from the record: stage, noun, file and line."""

import argparse
from pathlib import Path
from typing import Final

import msgspec

from gateway.audit import query
from gateway.authoring.traced import traced
from tiergate import record
from tiergate.contracts import plan_of
from tiergate.settings import Settings

SAYS: Final = "say why a call was refused, or by what it was let in: stage, noun, file and line"
EXAMPLES: Final = """\
  tiergate policy why 5c2f9d0a1b7e4e63        the request id is in the answer, X-Request-Id and request_id
  tiergate policy why 5c2f9d0a1b7e4e63 --json
"""


def arguments(command: argparse.ArgumentParser) -> None:
    """The call."""
    command.add_argument("request_id", metavar="REQUEST-ID", help="the call's id, from its answer or a log")
    command.add_argument("--file", type=Path, help="the record as a file (default: the platform's)")


def run(settings: Settings, asked: argparse.Namespace) -> int:
    """0 when the call is on record, in every tier it came to; 1 when it is not."""
    place = record.found(settings, asked.file)
    kept = query(place, request_id=asked.request_id)
    plan = plan_of(settings)
    found = [traced(each.record, plan, settings.policies) for each in reversed(kept)]
    if asked.json:
        print(msgspec.json.encode(found).decode())
    elif found:
        print(*found, sep="\n")
    else:
        print(f"No call {asked.request_id} is on record in {place.name}.")
    return 0 if found else 1
