"""What every process API stands on: the database, the engine, the systems by role, the masks."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import time, timedelta
from decimal import Decimal
from typing import Final

import msgspec

from canonical.objects import Opportunity
from canonical.ownership import Ownership
from foundation.context import Caller, current, use
from foundation.database import Database, Unkept
from foundation.masking import Masker
from process_apis.bindings import Systems
from process_apis.engine import Engine

WORKLOAD: Final = Caller(subject="process-tier", client="process-tier", layer="process", scopes=frozenset({"system"}))
"""The process tier's own identity towards system APIs, in one process; apart, its token says the same."""

_IN_HAND_LEAST: Final = 15.0
"""Seconds that a record is kept from other workers at least, else four leases."""


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


@contextmanager
def about(run_id: str) -> Iterator[None]:
    """Working for a run from outside of it: what it is about decides which system is asked."""
    with use(msgspec.structs.replace(current(), run=run_id)):
        yield


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
    lag: float = 300.0
    """Longest wait for reads that are behind writes, however far their system says they are."""
    poll: float = 10.0
    """Between two polls of each source of changes."""
    desk: float = 60.0
    """Between two attempts to tell the service desk of the same case."""
    tell: float = 1.0
    """Between two looks for events that subscribers are to be told of."""
    reconcile_at: time | None = None
    """When each legal entity's systems are compared, by its own clock; never where none is said."""
    contract_notice: int = 0
    """Days before its end that a contract is told to be coming to it; 0: never."""


class Commitment(msgspec.Struct, frozen=True, kw_only=True):
    """From when on a deal is prepared for before it is won; neither given: never."""

    probability: Decimal | None = None
    """From 0 to 1: so likely, or more."""
    stages: frozenset[str] = frozenset()
    """Or in one of these stages, as the CRM calls them."""

    @property
    def given(self) -> bool:
        """Whether any deal is prepared for at all."""
        return self.probability is not None or bool(self.stages)

    def met(self, deal: Opportunity) -> bool:
        """Whether a deal is open and likely enough."""
        likely = self.probability is not None and deal.probability >= self.probability
        return deal.stage.category == "open" and (likely or deal.stage.code in self.stages)


class Platform(msgspec.Struct, kw_only=True):
    """Handed to every process API."""

    database: Database
    engine: Engine
    systems: Systems
    masker: Masker
    pace: Pace = Pace()
    ownership: Ownership = Ownership()
    """Which role owns which field; nothing is synchronised that is not in it."""
    commitment: Commitment = Commitment()
    changed: asyncio.Event = msgspec.field(default_factory=asyncio.Event)
    """Set when the inbox has something new."""
    webhook_key: bytes = b""
    """What subscribers' secrets are made from; the same in all processes of the tier."""
    calls_anywhere: bool = False
    """Events are told to any address, our own machine's too: in a sandbox only."""
    event_streams: str = ""
    """Address of a Redis whose streams are told every event; it may hold a password."""
    paused: dict[str, str] = msgspec.field(default_factory=dict)
    """Systems that refuse our sign-in, and what they said: steps stop there without asking."""

    @property
    def in_hand(self) -> timedelta:
        """How long a worker keeps what it has taken in hand from others: what a dead process held is free after it."""
        return timedelta(seconds=max(_IN_HAND_LEAST, 4 * self.engine.lease))

    def unkept(self) -> "Platform":
        """The same for whoever only looks: nothing stays of what is written through it."""
        return msgspec.structs.replace(self, database=Unkept(self.database.engine))


_here: list[Platform] = []


def launch(platform: Platform) -> None:
    """Make it the one runs of this process find; the engine is one a process, and so is this."""
    _here[:] = [platform]


def here() -> Platform:
    """The platform of this process."""
    return _here[0]
