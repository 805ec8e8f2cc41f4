"""`tiergate replay`: have a running platform work on changes of its systems once more, or say what that would write."""

import argparse
from datetime import datetime, timedelta
from typing import Final

import msgspec

from canonical.dates import now
from canonical.ports.events import ChangeAgain, ChangesAgain, ChangesReplayed, FieldAhead
from gateway.words import Duration
from tiergate.commands.asking import gateway, posted
from tiergate.settings import Settings, WrongSetting

VARIABLE: Final = "TIERGATE_REPLAY_TOKEN"
EXAMPLES: Final = """\
examples:
  tiergate replay --since 24h --dry-run                what would be written, field by field; nothing is
  tiergate replay --system salesforce --object customer --id 001Tg0000000001IAA --dry-run
  tiergate replay --object contact --since 2027-01-04T09:30:00Z --until 2027-01-04T12:00:00Z
  tiergate replay --since 24h --dry-run --json         {"changes": [{"would": "written", "writes": [...]}], "count": 1}

Of each record the newest change is worked on, as its systems are now. Who asks: TIERGATE_REPLAY_TOKEN, an access token
with events:steward. On embedded defaults the demonstration's `scenario` asks. Exit code 0; of a dry run 1 when a change
would end with a person, or could not be looked at.
"""
NEEDED: Final = frozenset({"contested", "refused", "in_doubt", "two_customers", "later", "held", ""})
"""What would come of a change that somebody has to see to."""


def arguments(command: argparse.ArgumentParser) -> None:
    """What may be said after `tiergate replay`."""
    command.epilog = EXAMPLES
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_argument("--system", default="", help="changes of this system only")
    command.add_argument(
        "--object", default="", help="of this kind only: customer, contact, lead, opportunity, contract"
    )
    command.add_argument("--id", default="", help="of the record its system calls so")
    command.add_argument(
        "--since", default="", metavar="WHEN", help="that came in since: 24h, 7d, 2027-01-04T09:30:00Z"
    )
    command.add_argument("--until", default="", metavar="WHEN", help="and before that")
    command.add_argument("--dry-run", action="store_true", help="write nothing; say what would be")
    command.add_argument("--url", metavar="URL", default="", help="the gateway (default: TIERGATE_PUBLIC_URL)")
    command.add_argument("--json", action="store_true", help="print JSON")


def replay(settings: Settings, asked: argparse.Namespace) -> int:
    """0, or of a dry run 1 when a person would be needed. `WrongSetting` (2) for what cannot be asked."""
    body = ChangesAgain(
        system=asked.system,
        object=asked.object,
        native_id=asked.id,
        since=_when("--since", asked.since),
        until=_when("--until", asked.until),
        dry_run=asked.dry_run,
    )
    with gateway(settings, asked.url, VARIABLE, "events:steward") as http:
        done: ChangesReplayed = posted(http, "/events/v1/changes/replay", body, ChangesReplayed)
    print(msgspec.json.encode(done).decode() if asked.json else text(done, dry_run=asked.dry_run))
    return 1 if asked.dry_run and any(each.would in NEEDED for each in done.changes) else 0


def _when(name: str, said: str) -> datetime | None:
    """A moment, or how long ago it was."""
    if not said:
        return None
    try:
        return now() - timedelta(seconds=Duration.read(said))
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise WrongSetting(f"{name} is {said!r}; it must be a span like 24h or a moment like 2027-01-04T09:30:00Z.")
    return found


def text(done: ChangesReplayed, *, dry_run: bool) -> str:
    """For a person: a line a change, below it each field with what it says now and what it would say."""
    lines = [line for each in done.changes for line in _change(each, dry_run=dry_run)]
    fields = sum(len(each.writes) for each in done.changes)
    records = f"{done.count} change{'' if done.count == 1 else 's'}"
    if dry_run:
        return "\n".join(
            [*lines, f"{records}; {fields} field{'' if fields == 1 else 's'} would be written. Nothing was."]
        )
    return "\n".join([*lines, f"{records} worked on once more."])


def _change(each: ChangeAgain, *, dry_run: bool) -> list[str]:
    would = f" -> {each.would or 'not looked at'}" if dry_run else ""
    line = f"{each.system} {each.object} {each.native_id} ({each.was}){would}"
    return [f"{line}: {each.why}" if each.why else line, *map(_field, each.writes)]


def _field(each: FieldAhead) -> str:
    return f"    {each.system} {each.native_id or '(new)'} {each.field}: {each.before or '-'} -> {each.after or '-'}"
