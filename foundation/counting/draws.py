"""What may be spent, what one call wants of it, and what the counter says afterwards.

A counter remembers what was spent, under the limit's name and its subject, and nothing of how the limit is configured:
a changed rate, quota or number of places keeps what was spent.
"""

import math
from typing import Final, TypeAlias

import msgspec

from foundation.counting.windows import Window

EXACT: Final = 1e-6
"""What arithmetic may lose, in units; nobody is refused for it."""


class StoreAway(Exception):  # noqa: N818 - what happened, not whose error it is
    """The shared counters did not answer; `retry_after` seconds from now they are looked for again."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("the shared counters do not answer")
        self.retry_after = retry_after


class Steady(msgspec.Struct, frozen=True):
    """So many units at once, and as they drain, more: `per_second`."""

    burst: float
    per_second: float


class Quota(msgspec.Struct, frozen=True):
    """So many units in each window."""

    units: float
    window: Window


class Places(msgspec.Struct, frozen=True):
    """So many calls at the same time. A place that its holder neither renews nor gives back is free after `lease`."""

    count: int
    lease: float = 15.0
    """Seconds."""


class Pause(msgspec.Struct, frozen=True):
    """Nothing at all until a moment that was announced (`Counters.pause`)."""


Allowance: TypeAlias = Steady | Quota | Places | Pause


class Draw(msgspec.Struct, frozen=True):
    """What a call wants of one counter."""

    key: str
    """The limit's name and its subject."""
    of: Allowance
    cost: int = 1
    """Units; a place is always one."""
    shadow: bool = False
    """Spent like any other while there is room, but it never refuses."""


class Reading(msgspec.Struct, frozen=True):
    """What one counter says after the decision."""

    room: bool
    """Whether it had what was wanted."""
    remaining: int
    """Whole units left; places for `Places`."""
    reset: int
    """Whole seconds until nothing is spent of it any more; 0 for places."""
    wait: float
    """Seconds until it would have what was wanted; 0 when it had. Of a place nobody knows, so a second is said."""


class Decision(msgspec.Struct, frozen=True):
    """Whether a call may pass. Refused, nothing was spent of anything."""

    admitted: bool
    readings: tuple[Reading, ...] = ()
    """One for each draw; none where nobody counted."""
    lease: str = ""
    """Under which name the call holds its places."""
    held: tuple[Draw, ...] = ()
    """Whose places it holds."""
    local: bool = False
    """Decided by this process alone, while the store was away."""


def reading(draw: Draw, used: float, end: float, now: float, room: bool) -> Reading:
    """What a counter says.

    `used`: units spent after the decision. `end`: of a quota's window or of a pause, seconds since the epoch.
    """
    of = draw.of
    if type(of) is Steady:
        wait = 0.0 if room else max(0.0, (used + draw.cost - of.burst) / of.per_second)
        return Reading(room, whole(of.burst - used), math.ceil(used / of.per_second - EXACT), wait)
    if type(of) is Quota:
        left = max(0.0, end - now)
        return Reading(room, whole(of.units - used), math.ceil(left - EXACT), 0.0 if room else left)
    if type(of) is Places:
        return Reading(room, max(0, of.count - int(used)), 0, 0.0 if room else 1.0)
    return Reading(room, 0, 0, 0.0 if room else max(0.0, end - now))


def whole(left: float) -> int:
    """Whole units, none if less than none."""
    return int(left + EXACT) if left > 0 else 0
