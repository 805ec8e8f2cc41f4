"""The upstreams of a process, by name. They outlive a plan: a reload closes no breaker and breaks off no call."""

from collections.abc import Callable, Mapping

from gateway.messages import App
from gateway.proxy import Proxy
from gateway.upstreams.asking import Asking
from gateway.upstreams.declared import TIERS, Upstream
from gateway.upstreams.running import Running
from gateway.upstreams.signing_in import SigningIn

Reach = Callable[[Running], App]
"""What calls an upstream."""


class Upstreams:
    """What stands behind the operations that no tier serves, and what is known of our own tiers."""

    def __init__(self, clock: Callable[[], float], reach: Reach | None = None) -> None:
        """`clock` is in seconds; `reach`: over the network when not given."""
        self._clock = clock
        self._reach = reach or _proxied
        self._asking: dict[str, Asking] = {}
        self._running: dict[str, Running] = {}

    def configure(self, said: Mapping[str, Upstream] | None) -> None:
        """Go by this from now on. Raises nothing: what is said was checked when it was read."""
        for name, upstream in (said or {}).items():
            known = self._running.get(name)
            moved = known is None or _way(known.said) != _way(upstream)
            running = self.running(name, upstream)
            running.say(upstream)
            if name not in TIERS and moved:
                self._asking[name] = Asking(running, self._reach(running))
        for name, running in self._running.items():
            if name in TIERS and name not in (said or {}):
                running.say(Upstream())

    def running(self, name: str, said: Upstream | None = None) -> Running:
        """What is known of the upstream of that name."""
        known = self._running.get(name)
        if known is None:
            known = self._running[name] = Running(name, said or Upstream(), self._clock)
        return known

    def app(self, name: str) -> Asking:
        """The upstream of that name, as an app. Raises `KeyError` for one that is not declared."""
        return self._asking[name]

    def apart(self, name: str, url: str) -> Asking:
        """A tier of ours in another process, as an app."""
        running = self.running(name)
        return Asking(running, Proxy(url, system=name, patience=running.patience), ours=True)


def _way(said: Upstream) -> tuple[object, ...]:
    """What a call there is made of."""
    return said.url, said.send, said.sign_in, said.pass_token


def _proxied(running: Running) -> App:
    said = running.said
    proxy = Proxy(said.url, system=running.name, patience=running.patience, ours=False, send=said.send)
    if said.sign_in is None and not said.pass_token:
        return proxy
    return SigningIn(proxy, name=running.name, sign_in=said.sign_in, pass_token=said.pass_token)
