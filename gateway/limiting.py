"""How often a call may come, enforced: all limits of an operation and of its caller's plan in one decision.

In one process the decision is there at once: no task, no lock, nothing to wait for. Only a store elsewhere, or a place
that may become free, is waited for.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from foundation.counting import Decision, Draw, Places, Quota, Reading, Steady, StoreAway, WhenAway
from gateway.call import Call, Ending
from gateway.metrics import SHADOWED
from gateway.named_limits import NamedLimit, counter_of
from gateway.noun import Rule
from gateway.refusals import CountersUnavailable, LimitReached


class Together(msgspec.Struct, frozen=True, kw_only=True):
    """The limits one call is decided by."""

    limits: tuple[NamedLimit, ...]
    policy: bytes
    """What `RateLimit-Policy` says of them."""
    waits: bool
    """Whether a call may wait for a place."""
    plain: tuple[tuple[Callable[[Call], str], Steady | Quota, int], ...]
    """Where they are rates and quotas only, none of them in shadow: what finds each one's counter, and its cost."""
    said: bytes
    """What `RateLimit` says of them where all have room: of each what is left, and for how many seconds."""

    @classmethod
    def of(cls, limits: Sequence[NamedLimit]) -> "Together | None":
        """None where there are none."""
        if not limits:
            return None
        policy = ", ".join(limit.policy for limit in limits if not limit.shadow).encode()
        plain = [
            (counter_of(limit), limit.of, limit.cost)
            for limit in limits
            if not limit.shadow and not isinstance(limit.of, Places)
        ]
        return cls(
            limits=tuple(limits),
            policy=policy,
            waits=any(limit.wait for limit in limits),
            plain=tuple(plain) if len(plain) == len(limits) else (),
            said=", ".join(f'"{limit.name}";r=%d;t=%d' for limit in limits).encode(),
        )


class Limits(Rule):
    """All limits of one operation, with those of each product's plan."""

    def __init__(
        self, where: str, own: Together | None, by_product: Mapping[str, Together | None], away: WhenAway
    ) -> None:
        super().__init__(where)
        # Only where policy says so can the counters' absence be felt.
        self.refuses = (LimitReached, CountersUnavailable) if away == "deny" else (LimitReached,)
        self.own = own
        """What holds for a caller without a plan."""
        self.by_product = by_product
        """What holds for the clients of each product."""
        self._away = away

    def admit(self, call: Call) -> Awaitable[None] | None:
        product = call.product
        asked = self.own if product is None else self.by_product.get(product.name, self.own)
        if asked is None or not call.served_here:
            return None
        here = call.services.counters.alone if asked.plain else None
        if here is not None:
            spent = here.spend([(counter(call), of, cost) for counter, of, cost in asked.plain])
            if spent is not None:
                call.headers += ((b"ratelimit-policy", asked.policy), (b"ratelimit", asked.said % tuple(spent)))
                return None
        draws = [limit.draw(call) for limit in asked.limits]
        decided = call.services.counters.take(draws, self._away)
        if isinstance(decided, Decision) and (decided.admitted or not asked.waits):
            self._heed(call, asked, decided)
            return None
        return self._later(call, asked, draws, decided)

    async def _later(
        self, call: Call, asked: Together, draws: Sequence[Draw], decided: Decision | Awaitable[Decision]
    ) -> None:
        """When others must be waited for: a store elsewhere, or a place."""
        counters, clock = call.services.counters, asyncio.get_running_loop().time
        began = clock()
        try:
            decision = decided if isinstance(decided, Decision) else await decided
            while (left := _patience(asked.limits, decision) - (clock() - began)) > 0:
                await counters.a_place_may_be_free(left)
                again = counters.take(draws, self._away)
                decision = again if isinstance(again, Decision) else await again
        except StoreAway as away:
            raise CountersUnavailable(
                "What was spent of this API's limits cannot be had just now.",
                retry_after=str(max(1, math.ceil(away.retry_after))),
            ) from away
        self._heed(call, asked, decision)

    def _heed(self, call: Call, asked: Together, decision: Decision) -> None:
        """Write down what was decided, and refuse if it was so."""
        call.places = decision
        if asked.policy:
            call.headers.append((b"ratelimit-policy", asked.policy))
        if not decision.readings:
            return
        pairs = list(zip(asked.limits, decision.readings, strict=True))
        said = [limit.said(reading) for limit, reading in pairs if not limit.shadow]
        if said:
            call.headers.append((b"ratelimit", ", ".join(said).encode()))
        if not all(reading.room for _, reading in pairs):
            self._report(call, asked, decision)

    def _report(self, call: Call, asked: Together, decision: Decision) -> None:
        lacking = [pair for pair in zip(asked.limits, decision.readings, strict=True) if not pair[1].room]
        for limit, _ in lacking:
            if limit.shadow:
                call.shadowed += (limit.name,)
                SHADOWED.labels(call.governed.api.key, call.governed.operation.id, limit.name).inc()
        if not decision.admitted:
            raise refusal([pair for pair in lacking if not pair[0].shadow])


class LimitsWithPlaces(Limits):
    """The same, where a call holds a place until it ends."""

    def settle(self, call: Call, ending: Ending) -> None:
        if call.places is not None:
            call.services.counters.give_back(call.places)


def _patience(limits: Sequence[NamedLimit], decision: Decision) -> float:
    """Seconds a refused call may wait: as long as all it lacks is a place, the shortest wait of those it lacks."""
    if decision.admitted:
        return 0.0
    lacks = [limit for limit, reading in zip(limits, decision.readings, strict=True) if not reading.room]
    return min((limit.wait for limit in lacks if not limit.shadow), default=0.0)


def refusal(violated: list[tuple[NamedLimit, Reading]]) -> LimitReached:
    """What a call is refused with that these limits have no room for; the one that has none for longest is named."""
    tightest, reading = max(violated, key=lambda pair: pair[1].wait)
    return LimitReached(
        f"The limit {tightest.name!r} is reached.",
        limit=tightest.name,
        violated=" ".join(limit.name for limit, _ in violated),
        retry_after=str(max(1, math.ceil(reading.wait - 1e-6))),
        policy=tightest.where,
    )
