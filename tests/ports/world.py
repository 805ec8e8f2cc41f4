"""One system as the suite meets it: its sandbox, our adapter signed in to it, and a record of every call between."""

import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import httpx
import msgspec

from canonical.dates import now
from canonical.ports import Operation, operations, why_not
from foundation.connections import Connection
from foundation.sandbox import FaultRule, Suite
from foundation.signing_in import was_signing_in
from system_apis import Demo, SystemApi, discover
from tests.seeded import box_of

SYSTEMS: Final = {name: system for name, system in discover().items() if system.sandbox is not None}


@cache
def suite_of(name: str) -> Suite:
    """What a system's folder says to the suite."""
    found: Suite = importlib.import_module(f"system_apis.{name}.suite").SUITE
    return found


@cache
def demo_of(name: str, number: int = 0) -> Demo:
    """Credentials, made once; another number, others."""
    made = SYSTEMS[name].demo
    assert made is not None, f"system_apis/{name} has a sandbox but no demo(): nobody could sign in to it"
    return made()


def resolved(said: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """`${NAME}` as its value."""
    return {key: re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], text) for key, text in said.items()}


class Clock:
    """The real time, moved; or standing still."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self._still: datetime | None = None

    def __call__(self) -> datetime:
        return (self._still or now()) + self.ahead

    @contextmanager
    def still(self) -> Iterator[None]:
        """Everything inside happens at one instant."""
        self._still = now()
        yield
        self._still = None


class Heard(msgspec.Struct, frozen=True):
    """One call to the vendor and what came of it."""

    method: str
    path: str
    wrote: bool
    """Something was committed by it."""
    status: int
    content: bytes
    headers: dict[str, str]
    sent: bytes = b""
    signs_in: bool = False
    """It asked for a token."""

    @property
    def empty(self) -> bool:
        return not self.content


class World:
    """A system, fresh."""

    def __init__(
        self, name: str, values: Mapping[str, str] | None = None, options: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.system: SystemApi = SYSTEMS[name]
        self.suite = suite_of(name)
        self.clock = Clock()
        self.box = box_of(name, self.clock)
        demo = demo_of(name)
        for option, value in demo.options.items():
            self.box.store.set_setting(option, value)
        self.suite.prepare(self.box)
        self.heard: list[Heard] = []
        self.before_call: Callable[[int], None] = lambda _: None
        """Called with the number of each call before it is made."""
        sign_in = resolved(self.suite.sign_in, demo.values if values is None else values)
        self.connection = Connection(name=name, url=self.suite.url, sign_in=sign_in, options=options or {})
        self.adapter: Any = self.system.connect(self.connection, _Listening(self))

    async def close(self) -> None:
        await self.adapter.close()
        self.box.store.close()

    def offers(self, port: type) -> bool:
        return port in self.system.ports

    def can(self, port: type, attribute: str) -> bool:
        """Whether it offers an operation of a port, and does not refuse it."""
        found = [each for each in operations(port) if each.attribute == attribute]
        return self.offers(port) and bool(found) and not why_not(self.adapter, found[0])

    def fit(self, made: Any, **more: Any) -> Any:
        """An object of the suite as this system needs it."""
        fitting = {**self.suite.fits.get(type(made), {}), **more}
        if getattr(made, "legal_entity_id", "") == "ACME-DE":
            fitting = {"legal_entity_id": self.suite.entity} | fitting
        return msgspec.structs.replace(made, **fitting)

    def lost(self, kind: type) -> set[str]:
        return set(self.suite.loses.get(kind, {}))

    def strike(self, fault: str, call: int, **more: Any) -> None:
        """Let the call of this number (0: the next one) meet a fault."""
        rule = {"fault": fault, "after": call} | more
        self.box.faults.add(msgspec.convert(rule, FaultRule))

    def creates(self) -> int:
        return sum(write.action == "create" for write in self.box.store.writes())


class _Listening(httpx.AsyncBaseTransport):
    def __init__(self, world: World) -> None:
        self._world = world
        self._inner = world.box.transport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        world = self._world
        world.before_call(len(world.heard))
        before = len(world.box.store.writes())
        response = await self._inner.handle_async_request(request)
        content = await response.aread()
        wrote = len(world.box.store.writes()) > before
        path = request.url.raw_path.decode()
        headers = dict(response.headers.items())
        asks = was_signing_in(httpx.TransportError("", request=request))
        world.heard.append(
            Heard(request.method, path, wrote, response.status_code, content, headers, request.content, asks)
        )
        return response


def operation_of(port: type, attribute: str) -> Operation:
    """One operation of a port."""
    return next(each for each in operations(port) if each.attribute == attribute)
