"""What the actions of `tiergate audit` have in common: which record, and which of its records."""

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.audit import Place
from gateway.words import Duration
from tiergate import record
from tiergate.contracts import plan_of
from tiergate.settings import Settings, WrongSetting


def which(command: argparse.ArgumentParser) -> None:
    """`--file`."""
    command.add_argument("--file", type=Path, help="a record in a file (default: this installation's)")


def place_of(settings: Settings, asked: argparse.Namespace) -> Place:
    """The record, and the second place of its anchors as the policies say it. Raises `WrongSetting` for none."""
    anchors = None if asked.file is not None else plan_of(settings).platform["anchors"]
    return record.found(settings, asked.file, anchors)


def filters(command: argparse.ArgumentParser) -> None:
    """Which records."""
    command.add_argument("--subject", default="", help="who called: the subject of the token")
    command.add_argument("--client", default="", help="with which client")
    command.add_argument("--operation", default="", help="an operationId")
    command.add_argument("--key", default="", help="the business key: the last id of the address")
    command.add_argument("--request", default="", metavar="ID", help="a request id")
    command.add_argument("--status", type=status, default=0, help="a status, or all of a kind: 403, 4xx")
    command.add_argument("--since", type=moment, help="an instant, a date, or how long ago: 2026-11-01, 24h")
    command.add_argument("--until", type=moment, help="likewise; not included")


def matching(asked: argparse.Namespace) -> dict[str, Any]:
    """What was said of them, as the query's own words."""
    names = ("subject", "client", "operation", "key", "status", "since", "until")
    return {name: getattr(asked, name) for name in names} | {"request_id": asked.request}


def status(said: str) -> int:
    """`403`, or `4` for `4xx`."""
    digits = said.removesuffix("xx")
    if not digits.isdigit() or len(digits) != (1 if said.endswith("xx") else 3):
        raise argparse.ArgumentTypeError(f"{said!r} is not a status: write it like 403 or 4xx")
    return int(digits)


def moment(said: str) -> datetime:
    """An instant; one without a zone is in UTC."""
    try:
        return datetime.now(UTC) - timedelta(seconds=Duration.read(said))
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{said!r} is not an instant: write it like 2026-11-01, 2026-11-01T08:00:00Z, or 24h for how long ago"
        ) from None
    return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)


def masks_key(settings: Settings) -> Path:
    """The key of the masks. Raises `WrongSetting` where there is none."""
    path = settings.state / "masks.key"
    if not path.exists():
        raise WrongSetting(f"There is no {path}: what a mask wrote of a value can only be found with it.")
    return path
