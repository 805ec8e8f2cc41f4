"""The step contract: prepare, call, settle, record. One place, used by every workflow.

A step is one checkpoint of the engine. It retries a fault that says it may be retried, as long as the vendor asks; it
writes down every call, masked; and when an answer to a write is lost, it looks the record up by its key before anything
is sent again.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
import sqlalchemy as sa
import structlog
from dbos import DBOS

from canonical.dates import now
from canonical.faults import (
    Broken,
    Fault,
    NotBound,
    NotFound,
    OutcomeUnknown,
    TooMany,
    VendorForbade,
    VendorSignIn,
)
from canonical.ports import Operation, operations
from canonical.ports.processes import Attempt, StepStatus
from canonical.ports.systems import Connection
from foundation.context import Context, use
from process_apis import journal
from process_apis.platform import WORKLOAD, Platform, here
from process_apis.tables import STEPS

T = TypeVar("T")
P = TypeVar("P")
Observer = Callable[[str, int, str], None]
"""Told (run id, step number, `begun` | `done`) in the engine's own process."""

observers: Final[list[Observer]] = []
log = structlog.get_logger("tiergate.run")
_LEAST: Final = 0.05
"""Seconds between two looks at what is behind, where the pace says none."""


class Scope:
    """What the body of a step works with: the systems, recorded; and how to say what it did."""

    def __init__(self, platform: Platform, run_id: str, number: int) -> None:
        self.platform, self.run_id, self.number = platform, run_id, number
        self.summary = ""
        self.status: StepStatus = "done"
        self.lag = 0.0
        """Seconds that what was asked in this step may be behind writes, as its systems declare."""
        self.before: datetime | None = None
        """Until when it was at work the last time, maybe with a write whose answer nobody heard."""

    def ask(self, role: str, port: type[P], entity: str = "") -> P:
        """The port of the system in a role; every call of it is written down."""
        name = self.platform.systems.name(role, entity)
        return _recorded(self, name, port, self.platform.systems.ask(name, port))

    def watched(self) -> Platform:
        """The platform for whoever asks systems by name: every call is written down as this step's."""
        systems = self.platform.systems

        def ask(system: str, port: type[P]) -> P:
            return _recorded(self, system, port, systems.ask(system, port))

        return msgspec.structs.replace(self.platform, systems=msgspec.structs.replace(systems, ask=ask))

    def say(self, summary: str) -> None:
        """What this step did, in a few words."""
        self.summary = summary

    def bound(self, role: str, entity: str = "") -> bool:
        """Whether a system plays this role; where none does the step is "not applicable", which is not a pass."""
        try:
            self.platform.systems.name(role, entity)
        except NotBound as none:
            self.status, self.summary = "not_applicable", f"not applicable: {none.detail}"
            return False
        return True

    async def settle(self, write: Callable[[], Awaitable[T]], look: Callable[[], Awaitable[Any]] | None = None) -> T:
        """Write, and where the answer is lost find out by key before writing again.

        `look` reads the record by the key it is written under. A request still in flight may land after one look-up,
        so there are several, with waits between; and a system whose reads are behind its writes is looked at until
        they cannot be any more, since the write's own look-up would miss the record, too. Then the write is repeated:
        on a record that is there by now it changes what is still to be changed (the lost one may have been an earlier
        version), and makes no second one.
        Raises `OutcomeUnknown` when answers are lost as often as a step is tried.
        """
        for _ in range(self.platform.pace.attempts - 1):
            try:
                return await write()
            except OutcomeUnknown as lost:
                log.info("an answer was lost", system=lost.system, number=self.number)
            await self._look(look)
        return await write()

    async def _look(self, look: Callable[[], Awaitable[Any]] | None) -> None:
        """Until the record is there, or the waits are over."""
        async for _ in self.looks(self.platform.pace.settle):
            if look is None:
                continue
            with suppress(NotFound):
                await look()
                return

    async def looks(self, waits: Sequence[float]) -> AsyncIterator[None]:
        """When to look: after each of these waits, and on as long as what is looked at may be behind."""
        began, last = time.monotonic(), _LEAST
        for wait in waits:
            await asyncio.sleep(wait)
            yield
            last = max(last, wait)
        while (left := self.lag - (time.monotonic() - began)) > 0:
            await asyncio.sleep(min(last, left))
            yield

    async def asks(self, system: str, operation: Operation) -> None:
        """Before it is asked: a write of a step begun again waits until its look-up finds what the last time wrote."""
        lag = min(self.platform.systems.lag(system, operation), self.platform.pace.lag)
        self.lag = max(self.lag, lag)
        if self.before is not None and not operation.safe:
            await asyncio.sleep(max(0.0, lag - (now() - self.before).total_seconds()))

    async def record(self, work: Callable[[Any], T]) -> T:
        """Write to our own database."""
        return await self.platform.database.run(work)


async def step(number: int, name: str, body: Callable[[Scope], Awaitable[T]], *, role: str = "", entity: str = "") -> T:
    """Run `body` as step `number` of the current run: checkpointed, retried, written down.

    `role` and `entity` say whose system it is mainly about, for whoever looks on.
    """
    run = str(DBOS.workflow_id)
    return await DBOS.run_step_async({"name": f"{number:02d}-{name}"}, _attempt, run, number, body, role, entity)


async def undo_step(run_id: str, number: int, name: str, body: Callable[[Scope], Awaitable[None]]) -> None:
    """Undo step `number` of another run, if it was ever begun; the step then shows as undone."""
    await DBOS.run_step_async({"name": f"undo-{number:02d}-{name}"}, _undo, run_id, number, body)


async def at_rest(run_id: str, patience: float = 60.0) -> None:
    """Wait until no step of a run is in flight any more, at most `patience` seconds."""
    busy = sa.select(STEPS.c.number).where(STEPS.c.run_id == run_id, STEPS.c.status == "running")
    deadline = asyncio.get_running_loop().time() + patience
    while await here().database.run(lambda c: c.scalar(busy)) is not None:
        if asyncio.get_running_loop().time() > deadline:
            return
        await asyncio.sleep(0.5)


async def _undo(run_id: str, number: int, body: Callable[[Scope], Awaitable[None]]) -> None:
    platform = here()
    scope = Scope(platform, run_id, number)
    begun = sa.select(STEPS.c.number).where(STEPS.c.run_id == run_id, STEPS.c.number == number)
    if await scope.record(lambda c: c.scalar(begun)) is None:
        return
    with use(_context(await scope.record(lambda c: journal.origin(c, run_id)), run_id, number)):
        await _patiently(platform, scope, body)
        await scope.record(lambda c: journal.end_step(c, run_id, number, "undone", scope.summary))


async def _attempt(run_id: str, number: int, body: Callable[[Scope], Awaitable[T]], role: str, entity: str) -> T:
    platform = here()
    system = platform.systems.name(role, entity) if role and platform.systems.plays(role, entity) else ""
    scope = Scope(platform, run_id, number)
    lags = any(platform.systems.lags.values())

    def begin(connection: sa.Connection) -> journal.Origin:
        scope.before = journal.last_at_work(connection, run_id, number) if lags else None
        return journal.begin_step(connection, run_id, number, system)

    with use(_context(await scope.record(begin), run_id, number)):
        _tell(run_id, number, "begun")
        try:
            result = await _patiently(platform, scope, body, system)
        except Fault as fault:
            said = str(fault)
            await scope.record(lambda c: journal.end_step(c, run_id, number, "failed", said))
            log.info("step failed", number=number, reason=fault.reason)
            raise
        await scope.record(lambda c: journal.end_step(c, run_id, number, scope.status, scope.summary))
        _tell(run_id, number, "done")
        return result


async def _patiently(platform: Platform, scope: Scope, body: Callable[[Scope], Awaitable[T]], system: str = "") -> T:
    """The body, again while its fault may pass. A bug is `Broken`: it is never retried and never leaves as itself.

    What was not sent, since a vendor is left alone, its budget is spent or a limit of ours is reached, is no attempt:
    it is waited for as long as a vendor may ask. A connection that does not know us any more is paused. Refused
    sign-ins are counted for themselves, in a row: after a throttling and an outage, one of them is no missing right.
    """
    if system in platform.paused:
        raise VendorSignIn(platform.paused[system], system=system)
    pace, wait, tries, refused, unsent = platform.pace, platform.pace.retry, 0, 0, 0.0
    while True:
        scope.status, scope.summary = "done", ""
        try:
            return await body(scope)
        except Fault as fault:
            asked, closed = float(fault.facts.get("retry_after") or 0), isinstance(fault, VendorSignIn)
            tries, refused = tries + (not closed), refused + 1 if closed else 0
            own = min(wait * random.uniform(0.8, 1.2), pace.retry_most)  # noqa: S311 - it spreads, it hides nothing
            not_sent = "budget" in fault.facts or (isinstance(fault, TooMany) and asked > 0)
            if not_sent and unsent + asked <= pace.longest_asked:
                tries, unsent = tries - 1, unsent + asked
                await asyncio.sleep(asked + own * random.random())  # noqa: S311 - all who wait wait for the same
                continue
            if isinstance(fault, VendorSignIn):
                await _asked_again(platform, fault, pace.attempts - refused)
            elif not fault.retry or tries >= pace.attempts or asked > pace.longest_asked:
                raise
            await asyncio.sleep(max(asked, own))
            wait *= 2
        except Exception as bug:
            log.exception("a step broke", number=scope.number)
            raise Broken(f"step {scope.number} broke: {type(bug).__name__}") from bug


async def knows_us(platform: Platform, system: str) -> bool:
    """Whether a system says who we are."""
    try:
        await platform.systems.ask(system, Connection).whoami()
    except Fault as fault:
        log.info("a system does not say who we are", system=system, reason=fault.reason)
        return False
    return True


async def _asked_again(platform: Platform, refused: VendorSignIn, left: int) -> None:
    """Back when the system knows us after all. Pauses it and raises the fault where not."""
    if not await knows_us(platform, refused.system):
        platform.paused[refused.system] = refused.detail
        raise refused
    if left <= 0:  # it says who we are, and yet refuses this one call: no closed door
        raise VendorForbade(f"it knows us, and still: {refused.detail}", system=refused.system) from refused


def _context(origin: journal.Origin, run_id: str, number: int) -> Context:
    from process_apis.operating import REGISTERED  # it stands on the steps

    return Context(
        request_id=f"{journal.input_hash(run_id)[:12]}-{number}",
        traceparent=origin.traceparent,
        caller=msgspec.structs.replace(WORKLOAD, acted_for=origin.acted_for),
        run=run_id,
        step=str(number),
        criticality=REGISTERED[origin.workflow].criticality,
    )


def _recorded(scope: Scope, system: str, port: type[P], target: P) -> P:
    known = {operation.attribute: operation for operation in operations(port)}

    class Recorded:
        """The port, each call written down."""

        def __getattr__(self, name: str) -> Any:
            if name not in known:
                raise AttributeError(name)
            return _call(scope, system, known[name], getattr(target, name))

    found: Any = Recorded()
    result: P = found
    return result


def _call(scope: Scope, system: str, operation: Operation, target: Callable[..., Awaitable[Any]]) -> Any:
    async def call(*args: Any, **kwargs: Any) -> Any:
        await scope.asks(system, operation)
        began, at, received, fault = time.monotonic(), now(), "", None
        try:
            result = await target(*args, **kwargs)
            received = _masked(scope, result, operation.returns)
            return result
        except Fault as known:
            fault = known
            raise
        finally:
            attempt = Attempt(
                at=at,
                took_ms=int((time.monotonic() - began) * 1000),
                system=system,
                operation=f"{operation.method} {operation.path}",
                sent=_arguments(scope, operation, args, kwargs),
                received=received,
                fault=fault.reason if fault else "",
                detail=fault.detail if fault else "",
            )
            await scope.record(lambda c: journal.add_attempt(c, scope.run_id, scope.number, attempt))

    return call


def _arguments(scope: Scope, operation: Operation, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    names = [p.name for p in operation.parameters] + (["data"] if operation.body is not None else [])
    given = dict(zip(names, args, strict=False)) | kwargs
    shown = {k: v for k, v in given.items() if k != "data"}
    if "data" in given:
        shown["data"] = scope.platform.masker.mask(given["data"], operation.body)
    return msgspec.json.encode(shown).decode()


def _masked(scope: Scope, value: Any, kind: Any) -> str:
    if kind is None:
        return ""
    return msgspec.json.encode(scope.platform.masker.mask(value, kind)).decode()


def _tell(run_id: str, number: int, what: str) -> None:
    for observer in tuple(observers):
        observer(run_id, number, what)
