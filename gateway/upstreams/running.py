"""What one process knows of one upstream: the calls under way, how they ended, and how many were second tries."""

from collections.abc import Callable
from typing import Final

from prometheus_client import Counter

from gateway.proxy import CONNECT
from gateway.upstreams.breaker import Breaker
from gateway.upstreams.declared import Retry, Upstream
from gateway.upstreams.metrics import ATTEMPTS, IN_USE
from gateway.upstreams.room import Room
from gateway.upstreams.spans import Span

_BUDGET_SECONDS: Final = 10.0
"""The span of which a budget for second tries is a part."""
_KINDS: Final = {
    **dict.fromkeys(CONNECT, "connect"),
    "http_response_timeout": "timeout",
    "connection_terminated": "reset",
    "http_protocol_error": "reset",
    "http_response_incomplete": "reset",
}


class Running:
    """One upstream. `clock` is in seconds."""

    def __init__(self, name: str, said: Upstream, clock: Callable[[], float]) -> None:
        self.name = name
        self.clock = clock
        self.room = Room(on_change=IN_USE.labels(name).set)
        self.breaker = Breaker(name, said.breaker)
        self._calls = Span(_BUDGET_SECONDS)
        self._attempts: dict[str, Counter] = {}
        self.say(said)

    def say(self, said: Upstream) -> None:
        """Go by this from now on; what is known stays known."""
        self.said = said
        self.room.said = said.capacity
        self.breaker.say(said.breaker)
        counts = said.breaker.counts if said.breaker is not None else []
        self.counted = frozenset(each for each in counts if isinstance(each, int))
        """Statuses that are failures."""
        self._kinds = frozenset(each for each in counts if isinstance(each, str))

    def patience(self) -> tuple[float, float]:
        """Seconds until a connection must stand, and between two signs of life."""
        return self.said.timeout.connect, self.said.timeout.idle

    def counts(self, failed: str) -> bool:
        """Whether what went wrong, by its name in RFC 9209, is a failure of the upstream."""
        return _KINDS.get(failed, "") in self._kinds

    def called(self) -> None:
        """One more call, of which second tries may be a part."""
        self._calls.count(self.clock(), everything=1)

    def ended(self, how: str) -> None:
        """One attempt is over: `answered`, or what went wrong by its name."""
        attempts = self._attempts.get(how)
        if attempts is None:
            attempts = self._attempts[how] = ATTEMPTS.labels(self.name, how)
        attempts.inc()

    def may_repeat(self, retry: Retry) -> bool:
        """Whether the budget has one more second try, which then is spent."""
        now = self.clock()
        self._calls.forget(now)
        if self._calls.some + 1 > max(1.0, retry.budget * self._calls.all):
            return False
        self._calls.count(now, something=1)
        return True
