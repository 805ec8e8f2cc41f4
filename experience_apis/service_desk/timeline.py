"""A run as a picture: one lane a system, one bar a call, waits dashed, lost answers hatched.

The picture is drawn in percent of the run's whole time. The ordered list of steps beside it says the same in words.
"""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import msgspec

from canonical.ports.processes import Attempt, Step
from experience_apis.service_desk import stories
from experience_apis.service_desk.figures import clock, took

OURS: Final = "tiergate"
_NARROWEST: Final = 0.7
"""Percent: a bar shorter than this could not be seen."""
_A_WAIT: Final = 3.0
"""Percent: a gap between two tries shorter than this is not drawn."""
_LETTER: Final = 0.95
"""Percent: about the width of one letter, for labels that must fit their bar."""


class Bar(msgspec.Struct, frozen=True):
    """One stretch of time in a lane."""

    x: float
    width: float
    tone: str
    label: str
    title: str


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """The lanes of one run."""

    lanes: dict[str, list[Bar]]
    """Bars by system, in the order the systems come in; our own under `tiergate`."""
    ticks: list[str]
    pivot: float | None
    """Where the point of no return lies, in percent."""
    spent: str
    waiting: str
    """Where most of the time went, as a phrase."""
    told: str
    """The picture in one sentence, for who does not see it."""


def draw(steps: list[Step], now: datetime) -> Picture | None:
    """The picture of a run's steps; None when none has begun."""
    begun = [step for step in steps if step.started_at]
    if not begun:
        return None
    start = min(step.started_at for step in begun if step.started_at)
    end = max(*(step.ended_at or now for step in begun), start + timedelta(milliseconds=1))
    scale = _Scale(start, end)
    lanes: dict[str, list[Bar]] = {}
    for step in begun:
        for system, bar in _bars(step, scale, now):
            lanes.setdefault(system, []).append(bar)
    pivot = next((step.started_at for step in begun if step.name == stories.POINT_OF_NO_RETURN), None)
    waiting = _waiting(begun)
    return Picture(
        lanes=lanes,
        ticks=[clock(start), *(f"+{took((end - start) * part / 5)}" for part in range(1, 5)), clock(end)],
        pivot=scale.at(pivot) if pivot else None,
        spent=took(end - start),
        waiting=waiting,
        told=f"{len(lanes)} lanes over {took(end - start)}. {waiting}. Every step is listed below.",
    )


class _Scale:
    def __init__(self, start: datetime, end: datetime) -> None:
        self._start, self._whole = start, (end - start).total_seconds()

    def at(self, moment: datetime) -> float:
        return min(max((moment - self._start).total_seconds() / self._whole * 100, 0), 100)

    def bar(self, begin: datetime, end: datetime, tone: str, label: str, title: str) -> Bar:
        x = min(self.at(begin), 100 - _NARROWEST)
        width = min(max(self.at(end) - x, _NARROWEST), 100 - x)
        return Bar(round(x, 2), round(width, 2), tone, label if width > 2 + len(label) * _LETTER else "", title)


def _bars(step: Step, scale: _Scale, now: datetime) -> list[tuple[str, Bar]]:
    """A step's bars with their lanes: one a call, and the waits between them."""
    name = f"Step {step.number}: {step.title}"
    if not step.attempts:
        assert step.started_at is not None
        tone = {"running": "run", "failed": "bad"}.get(step.status, "ok")
        bar = scale.bar(step.started_at, step.ended_at or now, tone, "", name)
        return [(step.system or OURS, bar)]
    found = []
    before: Attempt | None = None
    for attempt in step.attempts:
        if before is not None and stories.is_trouble(before):
            pause = scale.bar(_end(before), attempt.at, "wait", f"wait {took(attempt.at - _end(before))}", "Pause")
            if pause.width >= _A_WAIT:
                found.append((OURS, pause))
        bar = scale.bar(
            attempt.at, _end(attempt), _tone(attempt), _label(step, attempt), f"{name}, {attempt.operation}"
        )
        found.append((attempt.system or step.system or OURS, bar))
        before = attempt
    return found


def _tone(attempt: Attempt) -> str:
    if attempt.fault == "outcome_unknown":
        return "doubt"
    return "bad" if stories.is_trouble(attempt) else "ok"


def _label(step: Step, attempt: Attempt) -> str:
    if attempt.fault == "outcome_unknown":
        return f"no answer in {took(attempt.took_ms)}"
    return str(step.number)


def _end(attempt: Attempt) -> datetime:
    return attempt.at + timedelta(milliseconds=attempt.took_ms)


def _waiting(steps: list[Step]) -> str:
    """The lost answers, or the pauses between tries, or else the step that took longest."""
    lost = sum(a.took_ms for step in steps for a in step.attempts if a.fault == "outcome_unknown")
    if lost:
        return f"{took(lost)} waiting for answers that never came"
    pauses = [
        later.at - _end(earlier)
        for step in steps
        for earlier, later in pairwise(step.attempts)
        if stories.is_trouble(earlier)
    ]
    if pauses:
        return f"{took(sum(pauses, timedelta(0)))} waiting before trying again"
    longest = max(steps, key=lambda s: (s.ended_at - s.started_at) if s.ended_at and s.started_at else timedelta(0))
    return f"Step {longest.number} took longest"
