"""The counters in Redis, shared by all processes that know its address.

The decisions of one turn of the event loop go out together, in one call of take.lua, and come back together. Nobody
waits longer than `timeout`: what has no answer by then is `StoreAway`. A store that failed once is not asked again
before a probe of our own found it well, so an outage costs the calls nothing, and is said once.

One server (or one primary with replicas), not a cluster: a decision touches several keys at once.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from itertools import count
from pathlib import Path
from typing import Any, Final

import msgspec
import redis.asyncio as aioredis
import structlog
from prometheus_client import Gauge
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError, ResponseError

from foundation.counting.draws import Decision, Draw, Places, Quota, Reading, Steady, StoreAway, reading

PREFIX: Final = "tiergate:"
AWAY: Final = Gauge("tiergate_counters_away", "1 while the shared counters (Redis) do not answer.")
_SCRIPT: Final = (Path(__file__).parent / "take.lua").read_text(encoding="utf-8")
_ROUND_TRIPS: Final = 2
"""At most so many at a time; what comes meanwhile goes out together as soon as one is back."""
_PROBES: Final = (0.05, 1.0)
"""Seconds between two looks at a store that is away: at first, and at most."""
_GRACE: Final = 0.005
"""The last seconds of a timeout."""
_FRESH: Final = 1.0
"""Seconds for which a connection that was used is used again without a look whether the server has closed it."""
_LOST: Final = (RedisError, OSError, TimeoutError)
log = structlog.get_logger("tiergate.counters")


class _Job(msgspec.Struct):
    """One entry of the script's second argument, and who waits for its answer."""

    do: str
    draws: Sequence[Draw]
    lease: str = ""
    amount: float = 0.0
    answer: "asyncio.Future[Decision] | None" = None


class _Batch:
    """What goes out together."""

    def __init__(self) -> None:
        self.jobs: list[_Job] = []
        self.timer: asyncio.TimerHandle | None = None
        self.sent: asyncio.Task[None] | None = None


class OnRedis:
    """One process's way to the shared counters. Belongs to the event loop it is first used on."""

    def __init__(self, url: str, *, timeout: float = 0.25, clock: Callable[[], float] | None = None) -> None:
        """`timeout`: seconds. `clock` is for tests, in place of the server's own."""
        self.timeout = timeout
        self._clock = clock
        self._redis: Any = aioredis.from_url(
            url,
            socket_connect_timeout=max(1.0, timeout),
            socket_timeout=None,  # a task of its own for each write: `_give_up` ends what takes too long
            # A decision that was sent may have been made: asking again would charge twice.
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
        self._digest = ""
        self._idle: list[tuple[float, Any]] = []
        """Connections that were just used, and when. The client's own way to one costs thrice a round trip."""
        self._next: _Batch | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._prober: asyncio.Task[None] | None = None
        self._probe_in = _PROBES[0]
        self._name = f"{secrets.token_hex(8)}-"
        self._leases = count(1)
        self._held: dict[str, Decision] = {}
        self._owed: list[Decision] = []
        self._renewer: asyncio.Task[None] | None = None

    @property
    def away(self) -> bool:
        """Whether it is known not to answer."""
        return self._prober is not None

    def take(self, draws: Sequence[Draw]) -> "asyncio.Future[Decision]":
        """As `InProcess.take`; the answer comes with the others of this turn. Raises `StoreAway`, now or then."""
        if self._prober is not None:
            raise StoreAway(self._probe_in)
        places = any(isinstance(draw.of, Places) for draw in draws)
        answer: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        self._put(_Job("take", draws, f"{self._name}{next(self._leases)}" if places else "", answer=answer))
        return answer

    def give_back(self, decision: Decision) -> None:
        """The call's places are free again; while the store is away, as soon as it is back."""
        if self._held.pop(decision.lease, None) is None:
            return
        if self._prober is None:
            self._put(_Job("give_back", decision.held, decision.lease))
        else:
            self._owed.append(decision)

    def set_spent(self, draw: Draw, units: float) -> None:
        """Somebody who knows better says how much of a quota is spent in the present window."""
        if self._prober is None:
            self._put(_Job("set_spent", [draw], amount=units))

    def pause(self, draw: Draw, seconds: float) -> None:
        """Nothing more under the draw's key for so long; a longer pause stands."""
        if self._prober is None:
            self._put(_Job("pause", [draw], amount=seconds))

    async def close(self) -> None:
        """Send what is left, and let go of the connections."""
        self._flush()
        tasks = [task for task in (self._prober, self._renewer) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *self._under_way, return_exceptions=True)
        with suppress(*_LOST):
            await self._give_idle_back()
            await self._redis.aclose()

    # ── going out ──────────────────────────────────────────────────────────────────────────────

    def _put(self, job: _Job) -> None:
        loop = asyncio.get_running_loop()
        batch = self._next
        if batch is None:
            batch = self._next = _Batch()
            batch.timer = loop.call_later(self.timeout - _GRACE, self._give_up_soon, batch)
            loop.call_soon(self._flush)
        batch.jobs.append(job)

    def _flush(self) -> None:
        batch = self._next
        if batch is None or len(self._under_way) >= _ROUND_TRIPS:
            return
        self._next = None
        task = batch.sent = asyncio.get_running_loop().create_task(self._send(batch))
        self._under_way.add(task)
        task.add_done_callback(self._came_back)

    def _came_back(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._flush()

    async def _send(self, batch: _Batch) -> None:
        try:
            answers = await self._evaluate(batch.jobs)
            first, *rest = answers.split("|")
            now, said = float(first), iter(rest)
            for job in batch.jobs:
                if job.do == "take":
                    self._hear(job, next(said), now)
        except _LOST as lost:
            self._went_away(f"{type(lost).__name__}: {lost}")
        except Exception:
            log.exception("the shared counters could not be asked")
        finally:
            if batch.timer is not None:
                batch.timer.cancel()
            _fail(batch, self._probe_in)

    async def _evaluate(self, jobs: list[_Job]) -> Any:
        keys = [_key(draw) for job in jobs for draw in job.draws]
        now = time.time() if self._clock is None else self._clock()
        said = msgspec.json.encode([_plain(job, now) for job in jobs])
        arguments = (len(keys), *keys, "" if self._clock is None else repr(now), said)
        if self._digest:
            with suppress(NoScriptError):  # the server was started anew: then it has done nothing yet
                return await self._ask("EVALSHA", self._digest, *arguments)
        self._digest = await self._ask("SCRIPT", "LOAD", _SCRIPT)
        return await self._ask("EVALSHA", self._digest, *arguments)

    async def _ask(self, *command: Any) -> Any:
        connection = await self._connection()
        try:
            await connection.send_packed_command(connection.pack_command(*command), check_health=False)
            answer = await connection.read_response()
        except ResponseError:
            self._idle.append((time.monotonic(), connection))
            raise
        except BaseException:  # the client has closed it: nobody can tell what would be read from it next
            await self._redis.connection_pool.release(connection)
            raise
        self._idle.append((time.monotonic(), connection))
        return answer

    async def _connection(self) -> Any:
        """One that was used a moment ago; of any other the client sees to it that it still leads somewhere."""
        if self._idle and self._idle[-1][0] > time.monotonic() - _FRESH:
            return self._idle.pop()[1]
        await self._give_idle_back()
        return await self._redis.connection_pool.get_connection()

    async def _give_idle_back(self) -> None:
        while self._idle:
            await self._redis.connection_pool.release(self._idle.pop()[1])

    # ── coming back ────────────────────────────────────────────────────────────────────────────

    def _hear(self, job: _Job, said: str, now: float) -> None:
        assert job.answer is not None
        decision = _decision(job, said, now)
        if decision.held:
            self._held[decision.lease] = decision
            self._keep_renewing()
        if job.answer.done():  # nobody waits any more: at least the places are not lost
            self.give_back(decision)
        else:
            job.answer.set_result(decision)

    def _give_up_soon(self, batch: _Batch) -> None:
        """A busy loop may have the answer and not have read it: it gets a turn before the answer counts as missing."""
        batch.timer = asyncio.get_running_loop().call_later(_GRACE, self._give_up, batch)

    def _give_up(self, batch: _Batch) -> None:
        """Nobody waits longer. An answer that still comes is heard for a while: it may hold places."""
        if batch.sent is None:
            self._next = None  # it never left, so it will never be charged
        else:
            batch.timer = asyncio.get_running_loop().call_later(max(1.0, 3 * self.timeout), batch.sent.cancel)
        self._went_away(f"no answer in {self.timeout:g} s")
        _fail(batch, self._probe_in)

    def _went_away(self, why: str) -> None:
        if self._prober is None:
            AWAY.set(1)
            log.warning("the shared counters do not answer; calls go by what their API declares", why=why)
            self._probe_in = _PROBES[0]
            self._prober = asyncio.get_running_loop().create_task(self._probe())

    async def _probe(self) -> None:
        while True:
            await asyncio.sleep(self._probe_in)
            with suppress(*_LOST):  # idle connections lead to a server that may be gone
                await self._give_idle_back()
                await self._redis.connection_pool.disconnect(inuse_connections=False)
            try:
                async with asyncio.timeout(max(self.timeout, _PROBES[0])):
                    self._digest = await self._redis.script_load(_SCRIPT)
                break
            except _LOST:
                self._probe_in = min(2 * self._probe_in, _PROBES[1])
        self._prober = None
        while self._owed:
            decision = self._owed.pop()
            self._put(_Job("give_back", decision.held, decision.lease))
        AWAY.set(0)
        log.info("the shared counters answer again")

    # ── places ─────────────────────────────────────────────────────────────────────────────────

    def _keep_renewing(self) -> None:
        if self._renewer is None:
            self._renewer = asyncio.get_running_loop().create_task(self._renew())

    async def _renew(self) -> None:
        """Thrice in a lease, for as long as this process holds a place."""
        while self._held:
            leases = [
                draw.of.lease for each in self._held.values() for draw in each.held if isinstance(draw.of, Places)
            ]
            await asyncio.sleep(min(leases) / 3)
            if self._prober is None:
                for decision in self._held.values():
                    self._put(_Job("renew", decision.held, decision.lease))
        self._renewer = None


def _fail(batch: _Batch, retry_after: float) -> None:
    """Whoever has no answer yet gets none."""
    for job in batch.jobs:
        if job.answer is not None and not job.answer.done():
            job.answer.set_exception(StoreAway(retry_after))


def _key(draw: Draw) -> str:
    return _named(type(draw.of).__name__.lower(), draw.key)


@lru_cache(16_384)
def _named(kind: str, key: str) -> str:
    """A kind has keys of its own: what another kind left there would not be understood.

    Whom a limit counts (what stands behind the `=`) is a digest: whoever looks into Redis reads no names of people.
    """
    limit, equals, subject = key.partition("=")
    digest = blake2b(subject.encode(), digest_size=16).hexdigest() if subject else ""
    return f"{PREFIX}{kind}:{limit}{equals}{digest}"


def _plain(job: _Job, now: float) -> dict[str, Any]:
    return {"do": job.do, "draws": [_numbers(d, now) for d in job.draws], "lease": job.lease, "amount": job.amount}


def _numbers(draw: Draw, now: float) -> list[Any]:
    kind = type(draw.of).__name__.lower()
    match draw.of:
        case Steady(burst, per_second):
            return [kind, draw.cost, draw.shadow, burst, per_second, ()]
        case Quota(units, window):
            return [kind, draw.cost, draw.shadow, units, window.seconds, window.edges(now)]
        case Places(places, lease):
            return [kind, 1, draw.shadow, places, lease, ()]
        case _:
            return [kind, 1, draw.shadow, 0, 0, ()]


def _decision(job: _Job, answer: str, now: float) -> Decision:
    """From whether it was admitted, and of each draw whether there was room, what is used, when its window ends."""
    said = answer.split(" ")
    admitted = said[0] == "1"
    readings: list[Reading] = []
    held: list[Draw] = []
    for n, draw in enumerate(job.draws):
        room, used, end = said[1 + 3 * n : 4 + 3 * n]
        readings.append(reading(draw, float(used), float(end), now, room == "1"))
        if admitted and room == "1" and isinstance(draw.of, Places):
            held.append(draw)
    return Decision(admitted, tuple(readings), job.lease if held else "", tuple(held))
