"""How busy this process is, and what it refuses so that the rest still works: the least critical first.

Two things are measured: how late the event loop comes to what is due, and how many calls are in flight. Of each the
lowest of the last half second counts, as a queue that never empties is overload, and one long moment is not. A class
is refused as soon as that passes its mark, and admitted again once everything of the last `calm` seconds stayed below
seven tenths of it: between the two nothing changes, so it does not flutter.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from itertools import pairwise
from typing import Final

import msgspec
import structlog
from prometheus_client import Gauge

from foundation.context import CRITICALITIES, Criticality
from gateway.words import Duration

SHED: Final = Gauge("tiergate_shed_classes", "How many classes of calls are refused for load: 0 none, 3 all but T0.")
LAG: Final = Gauge(
    "tiergate_event_loop_lag_seconds", "How late the event loop is, at its best of the last half second."
)
_EVERY: Final = 0.1
"""Seconds between two samples."""
_RECENT: Final = 0.5
"""Seconds whose lowest sample counts; at least two samples do, however late the loop is between them."""
_BELOW: Final = 0.7
log = structlog.get_logger("tiergate.load")


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """From where on a class is refused: the first that is reached."""

    lag: Duration | None = None
    """The event loop is late by so much."""
    in_flight: int | None = None
    """So many calls over HTTP are under way in this process."""

    def __post_init__(self) -> None:
        if self.lag is None and self.in_flight is None:
            raise ValueError("says lag or in_flight, or both")
        if self.in_flight is not None and self.in_flight < 1:
            raise ValueError("in_flight is at least 1")

    def passed(self, lag: float, in_flight: int, part: float = 1.0) -> bool:
        """Whether a process so busy is beyond it, or beyond `part` of it."""
        late = self.lag is not None and lag > self.lag * part
        return late or (self.in_flight is not None and in_flight > self.in_flight * part)


class Shedding(msgspec.Struct, frozen=True, kw_only=True):
    """What a busy process refuses, by criticality. T0 is never refused for load."""

    T3: Mark
    T2: Mark | None = None
    T1: Mark | None = None
    calm: Duration = Duration(3.0)
    """A class is admitted again after so long well below its mark."""
    retry_after: Duration = Duration(5.0)
    """When a refused caller is told to come back."""

    def __post_init__(self) -> None:
        marks = [("T3", self.T3), ("T2", self.T2), ("T1", self.T1)]
        said = [(name, mark) for name, mark in marks if mark is not None]
        if self.T2 is None and self.T1 is not None:
            raise ValueError("T1 is refused after T2 only: say a mark for T2 as well")
        for (less, first), (more, then) in pairwise(said):
            for what in ("lag", "in_flight"):
                low, high = getattr(first, what), getattr(then, what)
                if low is not None and high is not None and high < low:
                    raise ValueError(f"{less} is refused before {more}: its {what} is the lower one")

    def marks(self) -> list[Mark]:
        """From T3 on, as far as they are said."""
        return [mark for mark in (self.T3, self.T2, self.T1) if mark is not None]


class Load:
    """The load of one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._shedding: Shedding | None = None
        self._samples: deque[tuple[float, float, int]] = deque()
        """When, how late the loop was, and how many calls were in flight."""
        self._classes = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self.in_flight = 0

    def watch(self, shedding: Shedding | None) -> None:
        """Go by these marks from now on; None: refuse nothing."""
        self._shedding = shedding
        if shedding is None:
            self._shed(0)

    def enter(self) -> None:
        """A call came in over HTTP."""
        self.in_flight += 1
        if self._shedding is not None and (loop := asyncio.get_running_loop()) is not self._loop:
            self._loop, self._due = loop, self._clock() + _EVERY
            self._timer = loop.call_later(_EVERY, self._tick)

    def leave(self) -> None:
        """It ended."""
        self.in_flight -= 1

    def refuses(self, criticality: Criticality) -> bool:
        """Whether a call of this class is refused just now."""
        return CRITICALITIES.index(criticality) > 3 - self._classes

    def stop(self) -> None:
        """Measure no more."""
        if self._timer is not None:
            self._timer.cancel()

    def sample(self, lag: float) -> None:
        """Take note of how late the loop is now (seconds), and decide."""
        shedding, now = self._shedding, self._clock()
        if shedding is None:
            return
        self._samples.append((now, lag, self.in_flight))
        while len(self._samples) > 2 and self._samples[0][0] < now - max(shedding.calm, _RECENT):
            self._samples.popleft()
        if len(self._samples) < 2:
            return
        recent = [kept for n, kept in enumerate(reversed(self._samples)) if n < 2 or kept[0] > now - _RECENT]
        steady = min(sample[1] for sample in recent), min(sample[2] for sample in recent)
        worst = max(sample[1] for sample in self._samples), max(sample[2] for sample in self._samples)
        LAG.set(steady[0])
        marks = shedding.marks()
        over = max((n for n, mark in enumerate(marks, start=1) if mark.passed(*steady)), default=0)
        still = max((n for n, mark in enumerate(marks, start=1) if mark.passed(*worst, part=_BELOW)), default=0)
        self._shed(max(over, min(self._classes, still)))

    def _tick(self) -> None:
        assert self._loop is not None
        now = self._clock()
        self.sample(max(0.0, now - self._due))
        self._due = now + _EVERY
        self._timer = self._loop.call_later(_EVERY, self._tick)

    def _shed(self, classes: int) -> None:
        if classes != self._classes:
            log.warning("load: what is refused changed", classes=CRITICALITIES[4 - classes :], before=self._classes)
            self._classes = classes
            SHED.set(classes)
