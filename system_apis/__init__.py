"""System APIs: one folder a system, discovered, asked by port and never by name."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import httpx
import msgspec

from canonical.ports import Operation, operations
from canonical.ports.roles import Role
from foundation.checking import Checked
from foundation.connections import Connection
from foundation.marks import OVERLAP

if TYPE_CHECKING:
    from foundation.sandbox import Sandbox


class Demo(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a sandbox and the platform know each other: made at first run, kept in the state folder."""

    options: dict[str, Any]
    """Set on the sandbox."""
    values: dict[str, str]
    """What the `${NAME}`s of this system's connection stand for; the address itself is added by whoever starts it."""
    notifies: str = ""
    """The option that takes `{"url", "secret"}` of whoever wants its notifications; empty when it sends none."""
    notification_secret: str = ""


class Adapter(Protocol):
    """A system's adapter: the methods of its ports, and this."""

    async def close(self) -> None:
        """Let go of the connections."""


class Connect(Protocol):
    """Makes a system's adapter."""

    def __call__(self, connection: Connection, transport: httpx.AsyncBaseTransport | None = None) -> Adapter:
        """On this connection; `ValueError` names a setting that is missing or wrong. `transport` for tests."""


class Reads(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a look-up finds what was written just before it."""

    lag: float = 0
    """Seconds after which a write is found, at the latest; 0: at once."""
    why: str
    """A sentence: what a read asks there."""
    verified: bool
    """Whether the vendor says so, or a real system was asked; a lag is then held to be one, and none to be none."""

    @property
    def consistency(self) -> Literal["strong", "eventual"]:
        """In the field's own words."""
        return "eventual" if self.lag else "strong"


POLLED: Final = Reads(
    lag=OVERLAP.total_seconds(),
    why="A transaction that took long shows up late, with an early stamp: each poll begins a while before the newest.",
    verified=False,
)
"""Of whatever tells what changed since a watermark, in every system."""


class SystemApi(msgspec.Struct, frozen=True, kw_only=True):
    """One system behind canonical ports: what a folder here registers as `SYSTEM_API`."""

    name: str
    """The folder's name; the API's name in addresses and policies."""
    title: str
    """How people call it."""
    abbreviation: str
    """Two letters for the console's badges."""
    ports: tuple[type, ...]
    adapter: type[Adapter]
    """Its class, which implements every port."""
    connect: Connect
    """An adapter on a connection."""
    roles: tuple[Role, ...] = ()
    """What it may be bound to in `policies/bindings.yaml`."""
    lacks: Mapping[type, str] = {}
    """Ports of its roles that it does not offer, and why. A single operation is `cannot(...)` in the adapter."""
    detects_changes: bool = True
    """Whether it refuses a write to a record that has changed since it was read (an ETag, a version, a lock)."""
    options: Mapping[str, tuple[str, ...]] = {}
    """What `options` of its connection may say: name -> values, the first where nothing is said."""
    checks: tuple[Checked, ...] = ()
    """What `tiergate connections check` holds its metadata against; the adapter then is `Inspectable`."""
    reads: Reads
    """Of its operations, polls apart. Of a write it says the same: that looks up before it makes anything."""
    reads_otherwise: Mapping[str, Reads] = {}
    """Of single ones, by their methods' names."""
    sandbox: Callable[[], "Sandbox"] | None = None
    """Loads the sandbox; a function, so that a platform on real systems never imports one."""
    demo: Callable[[], Demo] | None = None
    """Makes credentials for the sandbox, fresh ones at each call."""

    def consistency(self, operation: Operation) -> Reads:
        """How far what an operation reads there may be behind."""
        return POLLED if operation.polls else self.reads_otherwise.get(operation.attribute, self.reads)

    def lags(self) -> dict[str, float]:
        """The operations, by their methods' names, that may not find what was just written, with the seconds.

        Polls apart: no run waits for one.
        """
        asked = (each for port in self.ports for each in operations(port) if not each.polls)
        found = {each.attribute: self.consistency(each).lag for each in asked}
        return {name: lag for name, lag in found.items() if lag}


def discover() -> dict[str, SystemApi]:
    """Every system folder, by name, in alphabetical order."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        if module.ispkg:
            system: SystemApi = importlib.import_module(f"{__name__}.{module.name}").SYSTEM_API
            found[system.name] = system
    return found
