"""The upstreams of a process, by name. They outlive a plan: a reload closes no breaker and breaks off no call."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from gateway.proxy import Proxy
from gateway.upstreams.declared import TIERS, Upstream
from gateway.upstreams.room import Room

App = Callable[[Any, Any, Any], Awaitable[None]]
Reach = Callable[[str, Upstream], App]
"""What calls an upstream by its name and what is said of it."""


class Running:
    """What this process knows of one upstream: how much of it is in use."""

    def __init__(self, said: Upstream) -> None:
        self.room = Room()
        self.say(said)

    def say(self, said: Upstream) -> None:
        """Go by this from now on."""
        self.said = said
        self.room.said = said.capacity


class Upstreams:
    """What stands behind the operations that no tier serves."""

    def __init__(self, reach: Reach | None = None) -> None:
        """`reach`: over the network when not given."""
        self._reach = reach or _proxied
        self._said: Mapping[str, Upstream] = {}
        self._apps: dict[str, App] = {}
        self._running: dict[str, Running] = {}

    def configure(self, said: Mapping[str, Upstream] | None) -> None:
        """Go by this from now on. Raises nothing: what is said was checked when it was read."""
        before, self._said = self._said, said or {}
        self._apps = {
            name: self._apps[name] if before.get(name) == upstream else self._reach(name, upstream)
            for name, upstream in self._said.items()
            if name not in TIERS
        }
        for name, upstream in self._said.items():
            if name in self._running:
                self._running[name].say(upstream)
            else:
                self._running[name] = Running(upstream)

    def running(self, name: str) -> Running:
        """What is known of the upstream of that name. Raises `KeyError` for one that never was declared."""
        return self._running[name]

    def app(self, name: str) -> App:
        """The upstream of that name, as an app. Raises `KeyError` for one that is not declared."""
        return self._apps[name]


def _proxied(name: str, said: Upstream) -> App:
    return Proxy(
        said.url,
        system=name,
        connect_timeout=said.timeout.connect,
        timeout=said.timeout.idle,
        ours=False,
        send=said.send,
    )
