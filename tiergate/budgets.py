"""`budget` of a connection in `policies/connections.yaml`: how much may be asked of a vendor, and by what kind of work.

budget: {calls: 100k/day, concurrent: 10, wait: 5s, shares: {T1: 95%, T2: 85%, T3: 70%}}
"""

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from foundation.counting import Quota, Window
from foundation.vendor_budget import SHARES, Budget
from gateway.conversion import convert
from gateway.loader import Node
from gateway.words import Duration, Rate


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a budget that calls of a class may use. T0 may use all of it."""

    T1: str = f"{SHARES['T1']:.0%}"
    T2: str = f"{SHARES['T2']:.0%}"
    T3: str = f"{SHARES['T3']:.0%}"

    def __post_init__(self) -> None:
        for name in ("T1", "T2", "T3"):
            said = getattr(self, name)
            if re.fullmatch(r"[1-9][0-9]?%|100%", said) is None:
                raise ValueError(f"{name} is {said!r}; write a part of the budget, from 1% to 100%")
        if not self.part("T3") <= self.part("T2") <= self.part("T1"):
            raise ValueError("a more critical class may not have less: T1 at least what T2 has, T2 what T3 has")

    def part(self, name: str) -> float:
        """The share of a class, 0 to 1."""
        return int(getattr(self, name).removesuffix("%")) / 100


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A budget as it is written."""

    calls: Rate | None = None
    """So many calls in each window: `100k/day`."""
    zone: str | None = None
    """Where the day of `calls` begins; UTC when not said."""
    concurrent: int | None = None
    """So many at once."""
    wait: Duration = Duration(5.0)
    """How long a call waits for one of those to end."""
    shares: Shares = Shares()

    def __post_init__(self) -> None:
        if self.calls is None and self.concurrent is None:
            raise ValueError("says calls or concurrent, or both; without either, leave the budget out")
        if self.concurrent is not None and self.concurrent < 1:
            raise ValueError("concurrent is at least 1")
        if self.zone is not None:
            if self.calls is None or self.calls.seconds != 86_400:
                raise ValueError("zone says where a day begins: only calls by the day have one")
            try:
                ZoneInfo(self.zone)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise ValueError(f"{self.zone!r} is not a time zone: write it like Europe/Berlin") from None


def read_budget(node: Node | None, name: str, problems: list[str]) -> Budget | None:
    """A connection's budget; None where there is none, or, with the reasons in `problems`, where it cannot be."""
    said: Said | None = convert(node, Said, problems, f"{name}.budget") if node is not None else None
    if said is None:
        return None
    calls = said.calls
    return Budget(
        calls=Quota(calls.count, Window(calls.seconds, said.zone or "UTC")) if calls is not None else None,
        concurrent=said.concurrent,
        wait=float(said.wait),
        shares={"T0": 1.0, "T1": said.shares.part("T1"), "T2": said.shares.part("T2"), "T3": said.shares.part("T3")},
    )
