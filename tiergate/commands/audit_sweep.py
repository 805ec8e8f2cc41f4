"""`tiergate audit sweep`: what is kept no longer, goes now. The platform does the same by itself every hour."""

import argparse
from typing import Final

import msgspec

from gateway.audit import sweep
from tiergate.commands import audit_record
from tiergate.contracts import plan_of
from tiergate.settings import Settings, WrongSetting

SAYS: Final = "remove what `retention` in platform.yaml keeps no longer; the record still verifies"
EXAMPLES: Final = """\
  tiergate audit sweep                        now, not at the next full hour
  tiergate audit sweep --json
"""


def arguments(command: argparse.ArgumentParser) -> None:
    """Which record."""
    audit_record.which(command)


def run(settings: Settings, asked: argparse.Namespace) -> int:
    """0, with what was removed."""
    classes = plan_of(settings).platform["retention"]
    if not classes:
        raise WrongSetting("platform.yaml says no `retention`: every record is kept for ever; nothing is to be swept.")
    swept = sweep(audit_record.place_of(settings, asked), classes)
    if asked.json:
        print(msgspec.json.encode(swept).decode())
    else:
        print(f"Removed {swept.records} records, {swept.bodies} bodies and {swept.names} names.")
    return 0
