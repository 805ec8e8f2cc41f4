"""`tiergate audit verify`: is the record whole?"""

import argparse
from typing import Final

import msgspec

from gateway.audit import verify
from tiergate.commands import audit_record
from tiergate.settings import Settings

SAYS: Final = "name every record that was changed, removed, reordered, forged or cut off"
EXAMPLES: Final = """\
  tiergate audit verify                       this installation's record
  tiergate audit verify --file copy/audit.sqlite     a copy, with its anchors and audit.pub beside it
"""


def arguments(command: argparse.ArgumentParser) -> None:
    """Which record."""
    audit_record.which(command)


def run(settings: Settings, asked: argparse.Namespace) -> int:
    """0 when it is whole, 1 with what is not."""
    place = audit_record.place_of(settings, asked)
    try:
        findings = verify(place)
    except FileNotFoundError as missing:
        raise ValueError(str(missing)) from missing
    if asked.json:
        print(msgspec.json.encode({"record": place.name, "whole": not findings, "findings": findings}).decode())
    elif findings:
        print(*findings, sep="\n")
    else:
        print(f"The record in {place.name} is whole.")
    return 1 if findings else 0
