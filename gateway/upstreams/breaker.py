"""When an upstream that fails is left alone, and when it is tried again.

closed      calls go through; so many failures among so many calls of the last seconds open it
open        no call goes through for `retry_after`
half open   one call goes through to see: it closes the breaker, or opens it for as long again
"""

from typing import Literal

import structlog

from gateway.upstreams.declared import Breaker as Said
from gateway.upstreams.metrics import BREAKER
from gateway.upstreams.spans import Span

State = Literal["closed", "open", "half_open"]
_NUMBERS: dict[State, int] = {"closed": 0, "half_open": 1, "open": 2}
log = structlog.get_logger("tiergate.upstreams")


class Breaker:
    """The breaker of one upstream in this process. Times are seconds of whatever clock its callers go by."""

    def __init__(self, upstream: str, said: Said | None = None) -> None:
        self._upstream = upstream
        self._said = said
        self._span = Span(said.open.seconds if said is not None else 1.0)
        self._until = 0.0
        self._round = 0
        """Goes up whenever its state changes: what began before says nothing of the new one."""
        self.state: State = "closed"
        BREAKER.labels(upstream).set(0)

    def say(self, said: Said | None) -> None:
        """Go by this from now on; what was counted for another span is forgotten, an open breaker stays open."""
        if said is None and self.state != "closed":
            self._become("closed")
        if said is not None and (self._said is None or said.open.seconds != self._said.open.seconds):
            self._span = Span(said.open.seconds)
        self._said = said

    def wait(self, now: float) -> float:
        """Seconds until a call may go through; 0 when one may now."""
        if self.state == "closed":
            return 0.0
        if self.state == "half_open":
            return 1.0
        return max(0.0, self._until - now)

    def enter(self, now: float) -> int:
        """A call goes through, which `wait` allowed; what it answers is for `leave`."""
        if self.state == "open":
            self._become("half_open")
        return self._round

    def leave(self, began: int, now: float, failed: bool | None) -> None:
        """How a call ended; None where it says nothing of the upstream, as when its caller left."""
        if self._said is None or began != self._round:
            return
        if self.state == "half_open":
            if failed is None:
                self._until = now  # the next one may see
                self._become("open")
            elif failed:
                self._open(now)
            else:
                self._become("closed")
        elif failed is not None:
            self._span.count(now, everything=1, something=failed)
            opens = self._said.open
            if failed and self._span.all >= opens.calls and self._span.some >= opens.part * self._span.all:
                self._open(now)

    def _open(self, now: float) -> None:
        assert self._said is not None
        self._until = now + self._said.retry_after
        log.warning(
            "upstream: left alone",
            upstream=self._upstream,
            failed=self._span.some,
            of=self._span.all,
            seconds=float(self._said.retry_after),
        )
        self._become("open")

    def _become(self, state: State) -> None:
        if state == "closed":
            log.info("upstream: asked again", upstream=self._upstream)
        self.state = state
        self._round += 1
        self._span.clear()
        BREAKER.labels(self._upstream).set(_NUMBERS[state])
