"""The counters of one process. One event loop uses them, so a decision is atomic without a lock.

What take.lua does in Redis is done here in the same order with the same arithmetic: both give the same decisions.
"""

import math
import secrets
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Final

from foundation.counting.draws import EXACT, Decision, Draw, Places, Quota, Steady, reading, whole

_SWEEP_EVERY: Final = 10_000
_UNSPENT: Final = (0.0, 0.0, 0.0)


class InProcess:
    """Counters by key. A process that dies takes its places with it, so here they need no expiry."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock`: seconds since the epoch."""
        self._clock = clock
        self._steady: dict[str, tuple[float, float, float]] = {}
        """Units spent, when that was so, when nothing will be left of it."""
        self._quotas: dict[str, tuple[float, float, float]] = {}
        """Units spent, the start and the end of their window."""
        self._places: dict[str, set[str]] = {}
        self._pauses: dict[str, float] = {}
        self._lease = f"{secrets.token_hex(4)}-"
        self._leases = count(1)
        self._decisions = 0

    def take(self, draws: Sequence[Draw], lease: str = "") -> Decision:
        """Whether every counter had what was wanted: then all of it is spent, else nothing is."""
        now, admitted, looks = self._clock(), True, []
        for draw in draws:
            used, end = self._look(draw, now)
            room = _room(draw, used, end, now)
            looks.append((draw, used, end, room))
            if not (room or draw.shadow):
                admitted = False
        if not admitted:
            return Decision(False, tuple([reading(*look[:3], now, look[3]) for look in looks]))
        held: list[Draw] = []
        readings = []
        for draw, used, end, room in looks:
            if room:
                if type(draw.of) is Places:
                    lease = lease or f"{self._lease}{next(self._leases)}"
                    held.append(draw)
                used = self._spend(draw, used, end, lease, now)  # noqa: PLW2901 - what is spent from here on
            readings.append(reading(draw, used, end, now, room))
        self._count(now)
        return Decision(True, tuple(readings), lease if held else "", tuple(held))

    def spend(self, wanted: Iterable[tuple[str, Steady | Quota, int]]) -> list[int] | None:
        """As `take` of draws that hold no place and are not in shadow, where all have what is wanted: key, of, cost.

        What remains of each, and behind it its whole seconds until nothing is spent of it. None where one has not:
        then nothing was spent of any, and `take` says the rest.
        """
        now, steady = self._clock(), self._steady
        after: list[tuple[dict[str, tuple[float, float, float]], str, tuple[float, float, float]]] = []
        said: list[int] = []
        for key, of, cost in wanted:
            if type(of) is Steady:
                used, at, _ = steady.get(key, _UNSPENT)
                if now > at:
                    used -= (now - at) * of.per_second
                    used, at = max(0.0, used), now
                used += cost
                if used > of.burst + EXACT:
                    return None
                reset, left = used / of.per_second, of.burst - used
                after.append((steady, key, (used, at, at + reset)))
                said += (int(left + EXACT) if left > 0 else 0, math.ceil(reset - EXACT))
            else:
                assert type(of) is Quota
                start, end = of.window.span(now)
                used, began, ends = self._quotas.get(key, _UNSPENT)
                if began < start:
                    used, began, ends = 0.0, start, end
                used += cost
                if used > of.units + EXACT:
                    return None
                # A clock that goes back does not open an older window.
                left = (began + (end - start) if began > start else end) - now
                after.append((self._quotas, key, (used, began, ends)))
                said += (whole(of.units - used), math.ceil(max(0.0, left) - EXACT))
        for kept, key, spent in after:
            kept[key] = spent
        self._count(now)
        return said

    def give_back(self, decision: Decision) -> None:
        """The call's places are free again."""
        for draw in decision.held:
            holders = self._places.get(draw.key)
            if holders is not None:
                holders.discard(decision.lease)
                if not holders:
                    del self._places[draw.key]

    def set_spent(self, draw: Draw, units: float) -> None:
        """Somebody who knows better says how much of a quota is spent in the present window."""
        assert isinstance(draw.of, Quota)
        self._quotas[draw.key] = (units, *draw.of.window.span(self._clock()))

    def pause(self, key: str, seconds: float) -> None:
        """Nothing more under `key` for so long; a longer pause stands."""
        self._pauses[key] = max(self._pauses.get(key, 0.0), self._clock() + seconds)

    def __len__(self) -> int:
        return len(self._steady) + len(self._quotas) + len(self._places) + len(self._pauses)

    def _look(self, draw: Draw, now: float) -> tuple[float, float]:
        """Units spent, and the end of the window or pause; of what drains, since when it does."""
        of = draw.of
        if type(of) is Steady:
            kept = self._steady.get(draw.key)
            if kept is None:
                return 0.0, now
            used, at, _ = kept
            if now <= at:  # a clock that goes back drains nothing
                return used, at
            used -= (now - at) * of.per_second
            return (used, now) if used > 0.0 else (0.0, now)
        if type(of) is Quota:
            start, end = of.window.span(now)
            used, began, _ = self._quotas.get(draw.key, (0.0, start, end))
            # A clock that goes back does not open an older window: what is spent there would count for neither.
            return (used, began + (end - start) if began > start else end) if began >= start else (0.0, end)
        if type(of) is Places:
            return float(len(self._places.get(draw.key, ()))), 0.0
        return 0.0, self._pauses.get(draw.key, 0.0)

    def _spend(self, draw: Draw, used: float, end: float, lease: str, now: float) -> float:
        of = draw.of
        if type(of) is Steady:
            used += draw.cost
            self._steady[draw.key] = (used, end, end + used / of.per_second)
        elif type(of) is Quota:
            start, end = of.window.span(now)
            _, began, ends = self._quotas.get(draw.key, (0.0, start, end))
            used += draw.cost
            self._quotas[draw.key] = (used, began, ends) if began >= start else (used, start, end)
        elif type(of) is Places:
            self._places.setdefault(draw.key, set()).add(lease)
            used += 1
        return used

    def _count(self, now: float) -> None:
        self._decisions += 1
        if self._decisions % _SWEEP_EVERY == 0:
            self._sweep(now)

    def _sweep(self, now: float) -> None:
        """Forget the counters nothing is left in, so that memory follows the callers of the moment."""
        self._steady = {key: kept for key, kept in self._steady.items() if kept[2] > now}
        self._quotas = {key: kept for key, kept in self._quotas.items() if kept[2] > now}
        self._pauses = {key: until for key, until in self._pauses.items() if until > now}


def _room(draw: Draw, used: float, end: float, now: float) -> bool:
    of = draw.of
    if type(of) is Steady:
        return used + draw.cost <= of.burst + EXACT
    if type(of) is Quota:
        return used + draw.cost <= of.units + EXACT
    if type(of) is Places:
        return used + 1 <= of.count
    return now >= end
