"""Two gateways in one process, called in turn: what the difference between them costs, in CPU time.

Blocks alternate, so what else the machine does falls on both; each pair of blocks gives one ratio, and the median of
them is said with the interval that holds it 95 times in 100 (by order statistics: nothing is assumed of their spread).
"""

import math
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final, Protocol

import msgspec
from joserfc.jwk import Key

from bench.governed import world
from canonical.ports import operation
from foundation.api import Api, directly
from gateway.asgi import Gateway
from gateway.audit import Trail
from gateway.governor import Governor
from gateway.plan import Plan, load
from tiergate.server import settle

CALLS: Final = 250
"""In a block."""
PORTS: Final = 100
"""Of the API with many operations: each has a hundredth of them."""


class Paired(msgspec.Struct, frozen=True, kw_only=True):
    """What one comparison gave."""

    ratio: float
    low: float
    high: float
    """The interval that holds the median 95 times in 100."""
    blocks: int
    """Of each side."""
    us: tuple[float, float]
    """CPU time of a call, of either side, in the median."""


class Side:
    """One of two: a gateway, what it is asked, and what must be done before its block is over."""

    def __init__(
        self,
        gateway: Gateway,
        requests: Sequence[Any],
        settle: Callable[[], Awaitable[None]] | None = None,
        receive: Callable[[], Awaitable[Any]] | None = None,
    ) -> None:
        """`receive`: ASGI's, where it matters that the caller stays; an empty body again and again when not given."""
        self._gateway = gateway
        self._requests = requests
        self._settle = settle
        self._receive = receive or _receive
        self._at = 0
        self._status = 0

    async def block(self, calls: int) -> float:
        """Seconds of CPU of the process, all threads, for so many calls."""
        began = time.process_time()
        for _ in range(calls):
            self._at = (self._at + 1) % len(self._requests)
            await self._gateway(_scope(*self._requests[self._at]), self._receive, self._send)
            if self._status != 200:
                raise SystemExit(f"a call that is measured was answered with {self._status}")
        if self._settle is not None:
            await self._settle()
        return time.process_time() - began

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]


async def compare(one: Side, other: Side, blocks: int) -> Paired:
    """What `one` costs, as a multiple of `other`."""
    ratios, costs = [], ([], [])  # type: tuple[list[float], tuple[list[float], list[float]]]
    for _ in range(3):
        await one.block(CALLS)
        await other.block(CALLS)
    settle()
    for n in range(blocks):
        first, second = (one, other) if n % 2 else (other, one)
        took = {first: await first.block(CALLS), second: await second.block(CALLS)}
        ratios.append(took[one] / took[other])
        costs[0].append(took[one])
        costs[1].append(took[other])
    low, high = interval(ratios)
    per_call = tuple(round(median(each) / CALLS * 1e6, 2) for each in costs)
    return Paired(ratio=round(median(ratios), 4), low=low, high=high, blocks=blocks, us=(per_call[0], per_call[1]))


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Where the median lies, 95 times in 100 (binomial order statistics)."""
    count, ordered = len(values), sorted(values)
    reach = 0.98 * math.sqrt(count)
    low = max(0, math.floor((count - 1) / 2 - reach))
    high = min(count - 1, math.ceil((count - 1) / 2 + reach))
    return round(ordered[low], 4), round(ordered[high], 4)


def request(path: str, token: str) -> tuple[str, bytes, list[tuple[bytes, bytes]]]:
    """One that can be asked again and again."""
    target, _, query = path.partition("?")
    headers = [
        (b"host", b"gateway.firm.example"),
        (b"authorization", b"Bearer " + token.encode()),
        (b"accept", b"application/json"),
    ]
    return target, query.encode(), headers


def _scope(path: str, query: bytes, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        # As a server has read them: new objects with each request, whose hash nobody knows yet.
        "headers": [(bytes(bytearray(name)), bytes(bytearray(value))) for name, value in headers],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8080),
        "state": {},
        "extensions": {},
    }


async def _receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


def audit(folder: Path, key: Key, token: str) -> tuple[Side, Side, Side, Trail]:
    """With a record of each call, written and committed, and twice without; the trail is the caller's to close."""
    trail = world.trail_at(folder)
    plan = world.plan_of(folder / "audit")
    requests = [request(world.PATH.replace("2041", str(2000 + n)), token) for n in range(200)]
    on = Side(world.over(world.governor_of(plan, key, trail), world.tier()), requests, trail.flush)
    off, same = (Side(world.over(world.governor_of(plan, key, None), world.tier()), requests) for _ in range(2))
    return on, off, same, trail


def operations(folder: Path, key: Key, token: str, count: int) -> tuple[Side, dict[str, float], Plan]:
    """A plan of so many operations that are all called in turn, what it took to compile it, and the plan."""
    apis = [_api(n, max(1, count // PORTS)) for n in range(min(count, PORTS))]
    where = world.write_many(folder / f"operations-{count}", apis)
    began = time.perf_counter(), time.process_time()
    plan = load(where, apis, world.VALUES)
    took = {"seconds": round(time.perf_counter() - began[0], 2), "of_cpu": round(time.process_time() - began[1], 2)}
    paths = [
        f"{api.prefix}{each.path}?view=full".replace("{key}", "ENG-2041") for api in apis for each in api.operations()
    ]
    direct = {name: found for api in apis for name, found in directly(api, _Many()).items()}
    gateway = Gateway(_governor(plan, key), {"process": world.tier()}, direct=direct, open_paths=world.OPEN)
    return Side(gateway, [request(path, token) for path in paths]), took, plan


def clients(folder: Path, key: Key, count: int) -> Side:
    """So many clients with a token each, who all call in turn."""
    names = [f"client-{n}" for n in range(count)]
    plan = world.plan_of(folder / f"clients-{count}", names)
    requests = [
        request(world.PATH, world.token(key, client=name, subject=f"person-{n}", number=n))
        for n, name in enumerate(names)
    ]
    return Side(world.over(_governor(plan, key), world.tier()), requests)


def _governor(plan: Plan, key: Key) -> Governor:
    return world.governor_of(plan, key, None)


class _Many:
    """Answers every operation of an API with many; one object, as an implementation is."""

    def __init__(self) -> None:
        self._desk = world.Desk()

    def __getattr__(self, name: str) -> Any:
        return self._desk.engagement


def _api(number: int, operations: int) -> Api:
    methods = {f"read_{n}": _read(f"read_{n}", f"/engagements-{n}/{{key}}") for n in range(operations)}
    port: Any = type("Port", (Protocol,), {"__doc__": "Some of many.", "__module__": __name__, **methods})
    return Api(name=f"area-{number}", layer="process", title=f"Area {number}", ports=(port,))


def _read(name: str, path: str) -> Any:
    async def read(self: Any, key: str, view: world.View = "brief") -> world.Engagement: ...

    read.__name__ = name
    read.__doc__ = "One engagement."
    return operation("GET", path)(read)
