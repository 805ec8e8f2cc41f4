"""Counts of the last so many seconds, kept in ten slots: what is older than the span is forgotten a slot at a time."""

from collections import deque


class Span:
    """Two counts over the last `seconds`: of all, and of some of them."""

    __slots__ = ("_seconds", "_slots", "all", "some")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._slots: deque[list[float]] = deque()
        """Each: when it began, all, some."""
        self.all = 0
        self.some = 0

    def count(self, now: float, *, everything: int = 0, something: int = 0) -> None:
        """Add to one or both."""
        self.forget(now)
        if not self._slots or now - self._slots[-1][0] >= self._seconds / 10:
            self._slots.append([now, 0, 0])
        self._slots[-1][1] += everything
        self._slots[-1][2] += something
        self.all += everything
        self.some += something

    def forget(self, now: float) -> None:
        """Drop what is older than the span."""
        while self._slots and now - self._slots[0][0] >= self._seconds:
            _, everything, something = self._slots.popleft()
            self.all -= int(everything)
            self.some -= int(something)

    def clear(self) -> None:
        """Drop everything."""
        self._slots.clear()
        self.all = self.some = 0
