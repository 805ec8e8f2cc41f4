"""What a gateway and a vendor's client ask: the shared counters where there are any, else those of this process.

While the shared ones are away, each caller has declared what happens: `local` counts in this process, where a limit is
this process's share of it; `allow` lets pass; `deny` raises `StoreAway`. Nothing is implied.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec
from prometheus_client import Counter

from foundation.counting.draws import Allowance, Decision, Draw, Places, Quota, Steady, StoreAway
from foundation.counting.in_process import InProcess

if TYPE_CHECKING:
    from foundation.counting.on_redis import OnRedis  # without Redis its client costs 0.1 s and is not needed

WhenAway: TypeAlias = Literal["local", "allow", "deny"]
WITHOUT: Final = Counter(
    "tiergate_decisions_without_counters", "Decisions made while the shared counters were away.", ("how",)
)
_LOOK_AGAIN: Final = 0.02
"""Seconds between two looks for a place that another process may have given back."""
_ALLOWED: Final = Decision(admitted=True, local=True)


class Sharing(msgspec.Struct, frozen=True, kw_only=True):
    """How processes share counters."""

    timeout: float = 0.25
    """Seconds a call waits for the store."""
    processes: int = 1
    """How many share it."""


class Counters:
    """The counters of one process, or its part in the shared ones."""

    def __init__(
        self, clock: Callable[[], float] = time.time, shared: "OnRedis | None" = None, processes: int = 1
    ) -> None:
        """`clock`: seconds since the epoch; `processes`: how many share `shared`."""
        self._here = InProcess(clock)
        self._shared = shared
        self._processes = processes
        self._given_back: asyncio.Event | None = None

    def configure(self, sharing: Sharing | None) -> None:
        """What platform.yaml says; None: what holds where it says nothing."""
        said = sharing or Sharing()
        self._processes = said.processes
        if self._shared is not None:
            self._shared.timeout = said.timeout

    def take(self, draws: Sequence[Draw], away: WhenAway = "local") -> Decision | Awaitable[Decision]:
        """Spend every draw, or nothing. In one process the answer is there at once.

        `away` is what happens while the shared counters do not answer; with `deny`, `StoreAway` is raised.
        """
        if self._shared is None:
            return self._here.take(draws)
        return self._ask(self._shared, draws, away)

    @property
    def alone(self) -> InProcess | None:
        """Those of this process, where it shares none."""
        return self._here if self._shared is None else None

    def give_back(self, decision: Decision) -> None:
        """The places a call held are free again. A decision that holds none is fine."""
        if not decision.held:
            return
        if self._shared is None or decision.local:
            self._here.give_back(decision)
        else:
            self._shared.give_back(decision)
        if self._given_back is not None:
            self._given_back.set()

    async def a_place_may_be_free(self, most: float) -> None:
        """Wait, at most so many seconds, until looking for a place again is worth it."""
        if self._given_back is None or self._given_back.is_set():
            self._given_back = asyncio.Event()
        with suppress(TimeoutError):
            async with asyncio.timeout(most if self._shared is None else min(most, _LOOK_AGAIN)):
                await self._given_back.wait()

    def set_spent(self, draw: Draw, units: float) -> None:
        """Somebody who knows better, the vendor, says how much of a quota is spent in the present window."""
        self._here.set_spent(draw, units if self._shared is None else units / self._processes)
        if self._shared is not None:
            self._shared.set_spent(draw, units)

    def pause(self, draw: Draw, seconds: float) -> None:
        """Nothing more under a `Pause` for so long."""
        self._here.pause(draw.key, seconds)
        if self._shared is not None:
            self._shared.pause(draw, seconds)

    async def close(self) -> None:
        """Let go of the shared counters."""
        if self._shared is not None:
            await self._shared.close()

    async def _ask(self, shared: "OnRedis", draws: Sequence[Draw], away: WhenAway) -> Decision:
        answer = None
        try:
            answer = shared.take(draws)
            return await answer
        except asyncio.CancelledError:
            # Told to stop at the very moment the answer came: nobody will give back what it holds but us.
            if answer is not None and answer.done() and not answer.cancelled() and answer.exception() is None:
                shared.give_back(answer.result())
            raise
        except StoreAway:
            WITHOUT.labels(away).inc()
            if away == "deny":
                raise
            if away == "allow":
                return _ALLOWED
            decided = self._here.take([self._share(draw) for draw in draws])
            return Decision(decided.admitted, decided.readings, decided.lease, decided.held, local=True)

    def _share(self, draw: Draw) -> Draw:
        """This process's part of what is allowed; what one call costs at least, or nothing would ever pass."""
        return Draw(draw.key, _part(draw.of, self._processes, draw.cost), draw.cost, draw.shadow)


def counters_at(url: str) -> Counters:
    """Those in the Redis at `url`; this process's own when it is empty."""
    if not url:
        return Counters()
    from foundation.counting.on_redis import OnRedis

    return Counters(shared=OnRedis(url))


def _part(of: Allowance, processes: int, cost: int) -> Allowance:
    match of:
        case Steady(burst, per_second):
            return Steady(max(cost, math.floor(burst / processes)), per_second / processes)
        case Quota(units, window):
            return Quota(max(cost, math.floor(units / processes)), window)
        case Places(count, lease):
            return Places(max(1, count // processes), lease)
        case _:
            return of
