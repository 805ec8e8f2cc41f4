"""What every process API stands on: the database, the engine, the systems by role, the masks."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import msgspec

from foundation.context import Caller, current, use
from foundation.database import Database
from foundation.masking import Masker
from process_apis.bindings import Systems
from process_apis.engine import Engine

WORKLOAD: Final = Caller(subject="process-tier", client="process-tier", layer="process", scopes=frozenset({"system"}))
"""The process tier's own identity towards system APIs, in one process; apart, its token says the same."""


def on_own_account(what: str) -> Caller:
    """The process tier working without anybody having asked: `what` (polling, settling a case) is whom it acts for."""
    return msgspec.structs.replace(WORKLOAD, acted_for=(f"{what}@{WORKLOAD.client}",))


@contextmanager
def acting() -> Iterator[Caller]:
    """The process tier calling systems on behalf of whoever calls it now."""
    context = current()
    caller = context.caller.acting(WORKLOAD) if context.caller else WORKLOAD
    with use(msgspec.structs.replace(context, caller=caller)):
        yield caller


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How patient the tier is. Seconds throughout; tests are in a hurry."""

    retry: float = 1.0
    """Wait before the second attempt of a step; doubles each time, unless the vendor says how long."""
    retry_most: float = 30.0
    """Longest wait of our own choosing."""
    longest_asked: float = 300.0
    """Longest wait a vendor may ask for within a step; one that asks for more ends the step."""
    attempts: int = 5
    settle: tuple[float, ...] = (0.5, 2.0)
    """Waits before the look-ups that settle an unknown outcome."""
    verify: tuple[float, ...] = (0.5, 2.0, 5.0)
    """The settle window of a read-back: waits before looking again at systems that lag."""
    poll: float = 10.0
    """Between two polls of each source of changes."""
    desk: float = 60.0
    """Between two attempts to tell the service desk of the same case."""


class Platform(msgspec.Struct, kw_only=True):
    """Handed to every process API."""

    database: Database
    engine: Engine
    systems: Systems
    masker: Masker
    pace: Pace = Pace()
    changed: asyncio.Event = msgspec.field(default_factory=asyncio.Event)
    """Set when the inbox has something new."""


_here: list[Platform] = []


def launch(platform: Platform) -> None:
    """Make it the one runs of this process find; the engine is one a process, and so is this."""
    _here[:] = [platform]


def here() -> Platform:
    """The platform of this process."""
    return _here[0]
