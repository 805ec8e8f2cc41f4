"""What we may ask of a vendor: so many calls in a window, so many at once, shared by what the calls are for.

Spent by the vendor's HTTP client before anything is sent, from the counters all processes share. What the vendor says
itself goes before what we counted: how much of its quota is used, and how long it wants to be left alone.

    budget: {calls: 100k/day, concurrent: 10, shares: {T3: 70%}}
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

import httpx
import msgspec
import structlog
from prometheus_client import Counter

from canonical.faults import VendorBusy
from foundation.context import CRITICALITIES, Criticality, current
from foundation.counting import Counters, Decision, Draw, Pause, Places, Quota

BUSY: Final = Counter(
    "tiergate_vendor_budget_refusals", "Calls not sent to a vendor, by what was used up.", ("system", "what")
)
SHARES: Final[Mapping[Criticality, float]] = {"T0": 1.0, "T1": 0.95, "T2": 0.85, "T3": 0.7}
"""How much of a budget each class may use, where nothing else is said."""
_FULL: Final = 300.0
"""Seconds until a vendor is asked again whose own count says that nothing is left: a rolling window frees some."""
_LONGEST: Final = 86_400.0
UsageReader: TypeAlias = Callable[[httpx.Response], tuple[int, int] | None]
"""Reads the calls used and allowed in a vendor's answer, where it says them."""
Limited: TypeAlias = Callable[[httpx.Response], float]
"""Seconds a vendor wants to be left alone whose answer refuses for its limits; 0 or False for any other answer, True
for one second, where nobody knows how many."""
log = structlog.get_logger("tiergate.vendor")


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """A connection's budget."""

    calls: Quota | None = None
    concurrent: int | None = None
    wait: float = 5.0
    """Seconds a call waits for what it lacks: for one of the concurrent ones to end, or for a vendor that wants to be
    left alone no longer than that. Whoever is refused asks for everything again that it had read before."""
    shares: Mapping[Criticality, float] = msgspec.field(default_factory=lambda: SHARES)
    """The part of either that calls of a class may use: 0 to 1."""


class Spending:
    """The budget of one connection, being spent."""

    def __init__(
        self,
        system: str,
        budget: Budget,
        counters: Counters,
        usage: UsageReader | None = None,
        limited: Limited | None = None,
    ) -> None:
        """Where `limited` is not given, a 429 refuses for limits, and nothing else does."""
        self._system = system
        self._limited = limited or (lambda response: response.status_code == httpx.codes.TOO_MANY_REQUESTS)
        self._budget = budget
        self._counters = counters
        self._usage = usage
        self._pause = Draw(f"vendor:{system}", Pause())
        self._draws = {each: self._of(budget.shares[each]) for each in CRITICALITIES}

    def _of(self, share: float) -> tuple[tuple[str, Draw], ...]:
        """What a call draws that may use such a share: the same counters, less of them."""
        found = [("pause", self._pause)]
        if (calls := self._budget.calls) is not None:
            quota = Quota(math.floor(calls.units * share), calls.window)
            found.append(("calls", Draw(f"vendor:{self._system}:calls", quota)))
        if self._budget.concurrent is not None:
            places = Places(max(1, math.floor(self._budget.concurrent * share)))
            found.append(("concurrent", Draw(f"vendor:{self._system}:concurrent", places)))
        return tuple(found)

    async def spend(self) -> Decision:
        """One call. Raises `VendorBusy`, with when to try again, if the class of the running call has none left."""
        named = self._draws[current().criticality or "T2"]
        draws = [draw for _, draw in named]
        clock = asyncio.get_running_loop().time
        until = clock() + self._budget.wait
        while True:
            decided = self._counters.take(draws)
            decision = await decided if isinstance(decided, Awaitable) else decided
            if decision.admitted:
                return decision
            both = zip(named, decision.readings, strict=True)
            lacking = [(name, reading) for (name, _), reading in both if not reading.room]
            left = until - clock()
            fixed = max((reading.wait for name, reading in lacking if name != "concurrent"), default=0.0)
            if left <= 0 or fixed > left:
                break
            if fixed:
                await asyncio.sleep(fixed)
            else:
                await self._counters.a_place_may_be_free(left)
        what, reading = max(lacking, key=lambda each: each[1].wait)
        BUSY.labels(self._system, what).inc()
        raise VendorBusy(
            _SENTENCES[what],
            system=self._system,
            budget=what,
            retry_after=str(max(1, math.ceil(reading.wait - 1e-6))),
        )

    def give_back(self, decision: Decision) -> None:
        """The call ended."""
        self._counters.give_back(decision)

    def heed(self, response: httpx.Response, asked: float | None) -> None:
        """What an answer says of the vendor's own limits; `asked`: the seconds of its Retry-After, if it has one."""
        alone = self._limited(response)
        if alone or (asked is not None and response.status_code == httpx.codes.SERVICE_UNAVAILABLE):
            self._counters.pause(self._pause, min(alone if asked is None else asked, _LONGEST))
        said = self._usage(response) if self._usage is not None else None
        calls = self._draws["T0"][1][1] if self._budget.calls is not None else None
        if said is None or calls is None or not isinstance(calls.of, Quota):
            return
        used, allowed = said
        if used >= allowed:
            log.warning("a vendor says that all its calls are used", system=self._system, used=used, allowed=allowed)
            self._counters.pause(self._pause, _FULL)
        elif allowed <= calls.of.units:
            # Others use it too, and its window is not ours: the part it says is used, is used. A budget smaller than
            # what the vendor allows is our own business, and our own count of it stands.
            self._counters.set_spent(calls, calls.of.units * used / allowed)


_SENTENCES: Final = {
    "pause": "asked to be left alone for a while",
    "calls": "the calls this kind of work may make of it are used up",
    "concurrent": "as many calls to it are under way as it may be sent at once",
}


class BudgetedClient(httpx.AsyncClient):
    """A vendor's client that spends before it sends. What sign-in sends of its own is not the vendor's API."""

    def __init__(self, spending: Spending, asked: Callable[[httpx.Response], str], **options: Any) -> None:
        """`asked` reads the seconds of an answer's Retry-After, as text."""
        super().__init__(**options)
        self._spending = spending
        self._asked = asked

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """As httpx's; raises `VendorBusy` before anything is sent."""
        decision = await self._spending.spend()
        try:
            response = await super().send(request, **options)
        finally:
            self._spending.give_back(decision)
        said = self._asked(response)
        self._spending.heed(response, float(said) if said else None)
        return response
