"""One upstream as an app: asked within its patience, again where that is safe, and its breaker told how it went.

Sent again is only what cannot be done twice by that: what never reached the upstream, what only reads, or what policy
calls safe to repeat. A request whose body was streamed was partly sent, and is not.
"""

import asyncio
import random
from collections.abc import Coroutine, Mapping
from typing import Any, Final

from canonical.faults import Fault, OutcomeUnknown, VendorDown, VendorTimeout
from gateway.messages import App, CallerGone, Message, Receive, Scope, Send, is_problem, replay
from gateway.proxy import CONNECT
from gateway.upstreams.declared import Retry
from gateway.upstreams.faults import UpstreamLeftAlone
from gateway.upstreams.metrics import RETRIES
from gateway.upstreams.running import Running

TOO_LATE: Final = "http_response_timeout"
_SAFE: Final = frozenset(("GET", "HEAD", "OPTIONS"))
_IDEMPOTENT: Final = _SAFE | {"PUT", "DELETE"}
_LONGEST_PAUSE: Final = 5.0
"""Seconds: who is told to come back later than that is told so, and not kept waiting."""
_LOOK: Final = 0.1
"""Seconds after which it is worth looking whether the caller is still there."""


class _Again(Exception):  # noqa: N818 - no error: the answer is not taken, and the call is sent again
    def __init__(self, why: str, pause: float) -> None:
        super().__init__(why)
        self.why = why
        self.pause = pause


class Asking:
    """What is called in an upstream's place. `ours`: it is a tier of ours, which runs the same plan."""

    def __init__(self, running: Running, app: App, *, ours: bool = False) -> None:
        self.running = running
        self.ours = ours
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI. Raises a fault before an answer began, and after it began a fault too: then it is cut off."""
        await _Asked(self.running, self._app, self.ours, scope, receive, send).run()


class _Asked:
    """One call, with all its attempts."""

    def __init__(self, running: Running, app: App, ours: bool, scope: Scope, receive: Receive, send: Send) -> None:
        self._running = running
        self._app = app
        self._ours = ours
        self._scope = scope
        self._receive = receive
        self._send = send
        self._attempt = 0
        self._started = False
        """Whether the caller has the beginning of an answer."""
        self._read = scope["tiergate.body"] is not None
        """Whether the whole body is at hand."""
        self._touched = False
        """Whether some of a body that is not at hand was taken."""
        self._gone = False
        self._leash: asyncio.Timeout | None = None
        self._until: float | None = None
        self._watching: asyncio.Task[None] | None = None
        self._failed: bool | None = None

    async def run(self) -> None:
        loop, total = asyncio.get_running_loop(), self._running.said.timeout.total
        self._until = None if total is None else loop.time() + total
        # Most calls are over before they need to be looked at: until then one timer is enough.
        soon = total is not None and total <= _LOOK
        watch = loop.call_later(_LOOK, self._look) if self._read or not soon else None
        leash = self._leash = asyncio.timeout_at(self._until if soon else None)
        try:
            async with leash:
                await self._attempts()
        except TimeoutError:
            if self._is_gone():
                raise CallerGone from None
            if not leash.expired():
                raise
            raise self._too_late() from None
        finally:
            if watch is not None:
                watch.cancel()
            if self._watching is not None:
                self._watching.cancel()

    async def _attempts(self) -> None:
        running, name = self._running, self._running.name
        running.called()
        while True:
            self._attempt += 1
            self._failed = None
            try:
                await self._once()
            except _Again as again:
                RETRIES.labels(name, again.why).inc()
                await asyncio.sleep(again.pause)
            except Fault as fault:
                pause = self._pause_after(fault.facts.get("failed", ""), fault.facts.get("retry_after", ""))
                if pause is None:
                    raise
                RETRIES.labels(name, fault.facts["failed"]).inc()
                await asyncio.sleep(pause)
            else:
                return

    async def _once(self) -> None:
        running = self._running
        wait = running.breaker.wait(running.clock())
        if wait > 0:
            raise left_alone(running, wait)
        began = running.breaker.enter(running.clock())
        ended = ""
        try:
            scope = self._scope
            scope["tiergate.seconds"] = self._left()
            body = scope["tiergate.body"]
            await self._app(scope, replay(body, self._receive) if body else self._taken, self._hear)
            ended = "failed" if self._failed else "answered"
        except _Again as again:
            ended = again.why
            raise
        except Fault as fault:
            kind = fault.facts.get("failed", "")
            self._failed = running.counts(kind) if kind else self._failed
            ended = kind or fault.reason
            raise
        except BaseException:  # told to stop: its time is over, or its caller left
            late = self._is_late()
            ended, self._failed = (TOO_LATE, running.counts(TOO_LATE)) if late else ("given_up", None)
            raise
        finally:
            running.breaker.leave(began, running.clock(), self._failed)
            running.ended(ended)

    async def _hear(self, message: Message) -> None:
        """The upstream's answer: not taken where the call is to be sent again, or policy gives another in its place."""
        if message["type"] == "http.response.start":
            status = message["status"]
            failing = status >= 400 or status in self._running.counted
            told = {n.decode(): value.decode("latin-1") for n, value in message["headers"]} if failing else {}
            # A tier of ours that refuses works: what is behind it may not.
            self._failed = status in self._running.counted and not (self._ours and is_problem(message["headers"]))
            pause = self._pause_after(status, told.get("retry-after", "")) if failing else None
            if pause is not None:
                raise _Again(str(status), pause)
            if not self._ours and _is_failure(status, self._failed, told, self._scope):
                fault = VendorDown(f"answered {status}", system=self._running.name, received_status=str(status))
                if (after := told.get("retry-after", "")).isdigit():
                    fault.facts["retry_after"] = after
                raise fault
            self._started = True
        await self._send(message)

    async def _taken(self) -> Message:
        self._touched = True
        return await self._receive()

    def _pause_after(self, why: str | int, retry_after: str) -> float | None:
        """Seconds until the call is sent again; None where it is not."""
        retry = self._running.said.retry
        if retry is None or self._started or self._attempt >= retry.attempts or not self._repeats(retry, why):
            return None
        pause = random.uniform(0.0, retry.backoff * 2 ** (self._attempt - 1))  # noqa: S311 - it spreads, it hides nothing
        asked = float(retry_after) if retry_after.isdigit() else 0.0
        pause = max(pause, asked)
        left = self._left()
        if pause > _LONGEST_PAUSE or (left is not None and pause >= left):
            return None
        return pause if self._running.may_repeat(retry) else None

    def _repeats(self, retry: Retry, why: str | int) -> bool:
        if not (self._read or not self._touched):
            return False
        if isinstance(why, str) and why in CONNECT:
            return "connect" in retry.when  # nothing was sent
        word: Any = "reset" if why in ("connection_terminated", "http_protocol_error") else why
        return word in retry.when and self._safe(retry)

    def _safe(self, retry: Retry) -> bool:
        if self._scope["method"] in (_IDEMPOTENT if retry.methods == "idempotent" else _SAFE):
            return True
        return retry.keyed and any(name == b"idempotency-key" for name, _ in self._scope["headers"])

    def _left(self) -> float | None:
        return None if self._until is None else max(0.001, self._until - asyncio.get_running_loop().time())

    def _too_late(self) -> Fault:
        name, total = self._running.name, self._running.said.timeout.total
        kind = VendorTimeout if self._scope["method"] in _SAFE else OutcomeUnknown
        return kind(f"did not answer within {total:g} s", system=name, failed=TOO_LATE)

    def _is_late(self) -> bool:
        """Whether all the time the call had is over."""
        return self._leash is not None and self._leash.expired() and not self._is_gone()

    def _is_gone(self) -> bool:
        """Whether the caller left; another task says so."""
        return self._gone

    def _look(self) -> None:
        """It takes a while: from now on its time is measured, and its caller watched."""
        if self._leash is not None and self._until is not None:
            self._leash.reschedule(self._until)
        if self._read:
            self._watching = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        """When the caller leaves, the upstream is let go too."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        if self._leash is not None:
            self._leash.reschedule(asyncio.get_running_loop().time())


async def within(seconds: float, system: str, doing: Coroutine[Any, Any, None]) -> None:
    """Do something that only reads in a tier of this process. Raises `VendorTimeout`."""
    patience = asyncio.timeout(seconds)
    try:
        async with patience:
            await doing
    except TimeoutError:
        if not patience.expired():
            raise
        raise VendorTimeout(f"did not answer within {seconds:g} s", system=system, failed=TOO_LATE) from None


def left_alone(running: Running, wait: float) -> UpstreamLeftAlone:
    """What a call is refused with while the breaker is not closed."""
    return UpstreamLeftAlone(
        f"{running.name} failed too often just now; it is tried again in {wait:.0f} s.",
        system=running.name,
        breaker=running.breaker.state,
        retry_after=f"{max(1.0, wait):.0f}",
        failed="destination_unavailable",
    )


def _is_failure(status: int, counted: bool, told: Mapping[str, str], scope: Scope) -> bool:
    """Whether the answer is not passed on: policy has another one for the caller, or it is not the API's own."""
    if counted and scope.get("tiergate.instead"):
        return True
    return status >= 500 and "json" not in told.get("content-type", "")
