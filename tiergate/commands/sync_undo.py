"""`tiergate sync undo`: put back what one sync overwrote, and wait for it."""

import argparse
import time
from typing import Final

import msgspec

from canonical.ports.sync_runs import Sync, SyncDetail
from tiergate.commands.asking import answered, gateway
from tiergate.commands.sync_list import PATH, SETTING, text
from tiergate.settings import Settings, WrongSetting

SAYS: Final = "put back what a sync overwrote, where that still says what was written, and wait for it"
EXAMPLES: Final = """\
  tiergate sync undo acct:01M8HCKY792K..:01M8HD2Q5V..   the id is what `tiergate sync list` prints
  tiergate sync undo ID --json                          {"sync": {...}, "steps": [...]}

Exit code 0 when all says again what it said before, 1 when something was changed since and is a case."""
_PAUSE: Final = 0.3
"""Seconds between two looks."""


def arguments(command: argparse.ArgumentParser) -> None:
    """What may be said after it."""
    command.add_argument("sync", metavar="ID", help="of the sync")
    command.add_argument("--url", metavar="URL", default="", help="the gateway (default: TIERGATE_PUBLIC_URL)")
    command.add_argument("--wait", type=float, default=300.0, metavar="SECONDS", help="patience (default 300)")


def run(settings: Settings, asked: argparse.Namespace) -> int:
    """0 when it is undone, 1 when something is left to a person. `WrongSetting` (2) for what is no sync."""
    deadline = time.monotonic() + asked.wait
    with gateway(settings, asked.url, SETTING, "account-sync:read account-sync:act") as http:
        answered(http.post(f"{PATH}/{asked.sync}/undo"), Sync)
        while True:
            detail: SyncDetail = answered(http.get(f"{PATH}/{asked.sync}"), SyncDetail)
            if detail.sync.undo and detail.sync.undo.ended_at:
                break
            if time.monotonic() > deadline:
                raise WrongSetting("It is still under way; look again with `tiergate sync list`.")
            time.sleep(_PAUSE)
    print(msgspec.json.encode(detail).decode() if asked.json else text(detail.sync))
    return 0 if detail.sync.undo.status == "succeeded" else 1
