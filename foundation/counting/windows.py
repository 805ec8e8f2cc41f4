"""The windows of a quota: fixed spans of time that begin when a clock on the wall says so."""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_DAY: Final = 86_400


class Window:
    """Spans of `seconds`, aligned to UTC; those of a day may be aligned to the midnights of another zone.

    Which span it is, is decided by the clock of the store. In another zone days differ in length, so the store is
    given the midnights around the caller's own clock: the two clocks may differ by a day before that is wrong.
    """

    __slots__ = ("_edges", "_known", "seconds", "zone")

    def __init__(self, seconds: int, zone: str = "UTC") -> None:
        self.seconds = seconds
        self.zone = zone
        self._edges: tuple[float, ...] = ()
        self._known = (0.0, 0.0)

    def edges(self, now: float) -> tuple[float, ...]:
        """The midnights around `now`, seconds since the epoch: the last two and the next two. Empty in UTC."""
        if self.zone == "UTC":
            return ()
        if not self._known[0] <= now < self._known[1]:
            zone = ZoneInfo(self.zone)
            today = datetime.fromtimestamp(now, zone).date()
            self._edges = tuple(_midnight(today + timedelta(days=n), zone) for n in (-1, 0, 1, 2))
            self._known = (self._edges[1], self._edges[2])
        return self._edges

    def span(self, now: float) -> tuple[float, float]:
        """When the window that holds `now` began and when it ends."""
        edges = self.edges(now)
        if not edges:
            start = now - now % self.seconds
            return start, start + self.seconds
        return edges[1], edges[2]


def _midnight(day: date, zone: ZoneInfo) -> float:
    """When a day begins there. A midnight that summer time skips is the moment it skips to."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC).timestamp()
