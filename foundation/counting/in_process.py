"""The counters of one process. One event loop uses them, so a decision is atomic without a lock.

What take.lua does in Redis is done here in the same order with the same arithmetic: both give the same decisions.
"""

import secrets
from collections.abc import Callable, Sequence
from itertools import count
from typing import Final

from foundation.counting.draws import EXACT, Decision, Draw, Places, Quota, Steady, reading

_SWEEP_EVERY: Final = 10_000


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
            admitted = admitted and (room or draw.shadow)
        if not admitted:
            return Decision(False, tuple([reading(draw, used, end, now, room) for draw, used, end, room in looks]))
        held: list[Draw] = []
        readings = []
        for draw, used, end, room in looks:
            if room:
                if isinstance(draw.of, Places):
                    lease = lease or f"{self._lease}{next(self._leases)}"
                    held.append(draw)
                used = self._spend(draw, used, lease, now)  # noqa: PLW2901 - what is spent from here on
            readings.append(reading(draw, used, end, now, room))
        self._decisions += 1
        if self._decisions % _SWEEP_EVERY == 0:
            self._sweep(now)
        return Decision(True, tuple(readings), lease if held else "", tuple(held))

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
        """Units spent, and the end of the window or pause."""
        of = draw.of
        if isinstance(of, Steady):
            kept = self._steady.get(draw.key)
            return (
                (max(0.0, kept[0] - max(0.0, now - kept[1]) * of.per_second), 0.0) if kept is not None else (0.0, 0.0)
            )
        if isinstance(of, Quota):
            start, end = of.window.span(now)
            used, began, _ = self._quotas.get(draw.key, (0.0, start, end))
            # A clock that goes back does not open an older window: what is spent there would count for neither.
            return (used, began + (end - start) if began > start else end) if began >= start else (0.0, end)
        if isinstance(of, Places):
            return float(len(self._places.get(draw.key, ()))), 0.0
        return 0.0, self._pauses.get(draw.key, 0.0)

    def _spend(self, draw: Draw, used: float, lease: str, now: float) -> float:
        of = draw.of
        if isinstance(of, Steady):
            used += draw.cost
            kept = self._steady.get(draw.key)
            at = now if kept is None else max(now, kept[1])
            self._steady[draw.key] = (used, at, at + used / of.per_second)
        elif isinstance(of, Quota):
            start, end = of.window.span(now)
            _, began, ends = self._quotas.get(draw.key, (0.0, start, end))
            used += draw.cost
            self._quotas[draw.key] = (used, began, ends) if began >= start else (used, start, end)
        elif isinstance(of, Places):
            self._places.setdefault(draw.key, set()).add(lease)
            used += 1
        return used

    def _sweep(self, now: float) -> None:
        """Forget the counters nothing is left in, so that memory follows the callers of the moment."""
        self._steady = {key: kept for key, kept in self._steady.items() if kept[2] > now}
        self._quotas = {key: kept for key, kept in self._quotas.items() if kept[2] > now}
        self._pauses = {key: until for key, until in self._pauses.items() if until > now}


def _room(draw: Draw, used: float, end: float, now: float) -> bool:
    of = draw.of
    if isinstance(of, Steady):
        return used + draw.cost <= of.burst + EXACT
    if isinstance(of, Quota):
        return used + draw.cost <= of.units + EXACT
    if isinstance(of, Places):
        return used + 1 <= of.count
    return now >= end
