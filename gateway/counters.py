"""What was spent of each limit, in this process.

A limit is a bucket of `burst` units that drains at its rate. All limits of a call are decided together: either every
one has room and each is charged, or none is. A bucket remembers what was spent, not how it is configured, so a
changed rate keeps what was spent.
"""

import math
from collections.abc import Sequence
from typing import Final

import msgspec

_SWEEP_EVERY: Final = 10_000


class Draw(msgspec.Struct, frozen=True):
    """One unit wanted from one bucket."""

    key: str
    burst: int
    per_second: float


class Reading(msgspec.Struct, frozen=True):
    """What one bucket says after the decision."""

    remaining: int
    reset: int
    """Seconds until it is empty of what was spent."""
    wait: float
    """Seconds until one more unit is free; 0 when there is one."""


class Counters:
    """Buckets by key. One event loop uses it, so a decision is atomic without a lock."""

    def __init__(self) -> None:
        self._buckets: dict[str, tuple[float, float, float]] = {}
        self._decisions = 0

    def take(self, draws: Sequence[Draw], now: float) -> tuple[bool, list[Reading]]:
        """Whether every bucket had room, and what each says. Refused, nothing is charged."""
        spent = [self._spent(draw, now) for draw in draws]
        room = all(used + 1 <= draw.burst + 1e-9 for used, draw in zip(spent, draws, strict=True))
        if room:
            spent = [used + 1 for used in spent]
            for used, draw in zip(spent, draws, strict=True):
                self._buckets[draw.key] = (used, now, draw.per_second)
            self._sweep(now)
        return room, [_reading(used, draw) for used, draw in zip(spent, draws, strict=True)]

    def __len__(self) -> int:
        return len(self._buckets)

    def _spent(self, draw: Draw, now: float) -> float:
        found = self._buckets.get(draw.key)
        if found is None:
            return 0.0
        used, at, _ = found
        return max(0.0, used - max(0.0, now - at) * draw.per_second)

    def _sweep(self, now: float) -> None:
        """Forget the buckets nothing is left in, so that memory follows the callers of the moment."""
        self._decisions += 1
        if self._decisions % _SWEEP_EVERY == 0:
            self._buckets = {
                key: bucket for key, bucket in self._buckets.items() if bucket[0] > (now - bucket[1]) * bucket[2]
            }


def _reading(used: float, draw: Draw) -> Reading:
    over = used + 1 - draw.burst
    return Reading(
        remaining=max(0, math.floor(draw.burst - used + 1e-9)),
        reset=math.ceil(used / draw.per_second - 1e-9),
        wait=max(0.0, over / draw.per_second) if over > 1e-9 else 0.0,
    )
