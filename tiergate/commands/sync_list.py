"""`tiergate sync list`: what syncs of accounts and people wrote, newest first."""

import argparse
from typing import Final

import msgspec

from canonical.ports import Page
from canonical.ports.sync_runs import Sync
from tiergate.commands.asking import answered, gateway
from tiergate.settings import Settings

SAYS: Final = "what syncs of accounts and people wrote in the last thirty days, newest first"
EXAMPLES: Final = """\
  tiergate sync list                     all of them
  tiergate sync list salesforce:001Tg..  of one account or person: our id of it, or an id or key in any system
  tiergate sync list --json              {"items": [...], "next": ""}

Who asks: TIERGATE_SYNC_TOKEN, an access token with account-sync:read (to undo: account-sync:act, too). On embedded
defaults the demonstration's `scenario` asks."""
SETTING: Final = "TIERGATE_SYNC_TOKEN"
PATH: Final = "/account-sync/v1/syncs"


def arguments(command: argparse.ArgumentParser) -> None:
    """What may be said after it."""
    command.add_argument("key", nargs="?", default="", help="of this account or person only")
    command.add_argument("--limit", type=int, default=20, help="at the most (default 20)")
    command.add_argument("--url", metavar="URL", default="", help="the gateway (default: TIERGATE_PUBLIC_URL)")


def run(settings: Settings, asked: argparse.Namespace) -> int:
    """0, whether there are any or not."""
    with gateway(settings, asked.url, SETTING, "account-sync:read") as http:
        page = answered(http.get(PATH, params={"key": asked.key, "limit": asked.limit}), Page[Sync])
    if asked.json:
        print(msgspec.json.encode(page).decode())
        return 0
    print("\n".join(map(text, page.items)) or "No sync wrote anything that could be undone.")
    return 0


def text(sync: Sync) -> str:
    """A sync for a person: its id and what became of it, then a line a record."""
    undo = f"  undo {sync.undo.status}" if sync.undo else ""
    lines = [f"{sync.id}  {sync.at:%Y-%m-%d %H:%M} UTC{undo}"]
    if sync.undo and sync.undo.problem:
        lines.append(f"    {sync.undo.problem.detail}")
    for each in sync.records:
        did = "made" if each.made else ", ".join(each.fields)
        lines.append(f"    {each.system} {each.native_id}: {did}")
    return "\n".join(lines)
