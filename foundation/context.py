"""What travels with a call through all tiers: who asks, the request id, the trace, the run, its step.

Held in a context variable. Between processes it travels as headers (`traceparent`, `X-Request-Id`, `Tiergate-Run`,
`Tiergate-Step`, `Tiergate-Criticality`, `Tiergate-Acted-For`, `Tiergate-Tool`); the gateway trusts the `Tiergate-*`
ones from workload identities only, the last from the gateway in front of it.
"""

import os
import random
import re
from contextvars import ContextVar
from typing import Any, Final, Literal

import msgspec

Layer = Literal["external", "experience", "process", "system"]
Criticality = Literal["T0", "T1", "T2", "T3"]
"""What a call is for: T0 money and what the law asks for, T1 daily work, T2 the rest, T3 what only informs."""
CRITICALITIES: Final[tuple[Criticality, ...]] = ("T0", "T1", "T2", "T3")
_CRITICALITIES: Final[dict[str, Criticality]] = {known: known for known in CRITICALITIES}

_TRACEPARENT: Final = re.compile(r"^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$")
_AT_ONCE: Final = 64
_NOT_ZERO: Final = sum((1 << 128 | 1 << 64 | 1) << 256 * n for n in range(_AT_ONCE))
"""The last bit of each trace, span and request's id: neither of the first two may be zero (W3C Trace Context section
3.2.2)."""
_REQUEST_ID: Final = re.compile(r"^[A-Za-z0-9._-]{8,64}$")


class Shown(str):
    """A token that is passed on. Its text shows in no log."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'...'" if self else "''"


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who is calling, as a verified token (or a tier in the same process) says."""

    subject: str
    client: str
    issuer: str = ""
    scopes: frozenset[str] = frozenset()
    layer: Layer = "external"
    """`external` for people and partners; a tier's own workload identity carries its tier."""
    acted_for: tuple[str, ...] = ()
    """Whom a workload acts for, outermost first: `subject@client`."""
    roles: frozenset[str] = frozenset()
    claims: dict[str, Any] = {}
    token: Shown = Shown("")
    """What it was shown by, for the exchange at the next tier; empty for a tier in this process or a run."""

    def acting(self, workload: "Caller") -> "Caller":
        """`workload` calling on behalf of this caller, whose claims and roles go with it: they are the person's."""
        if self.subject == workload.subject and self.layer == workload.layer:
            return self
        chain = (*self.acted_for, f"{self.subject}@{self.client}")
        return msgspec.structs.replace(
            workload, acted_for=chain, roles=self.roles, claims=self.claims, token=self.token
        )


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """One call's surroundings."""

    request_id: str
    traceparent: str
    caller: Caller | None = None
    run: str = ""
    step: str = ""
    site: str = ""
    """The gateway's address as callers know it."""
    criticality: Criticality | Literal[""] = ""
    """What the outermost call is for; empty where nothing was asked from outside."""
    tool: str = ""
    """The MCP tool a language model called."""

    def on_behalf(self, criticality: Criticality) -> "Context":
        """This, for a call of that class, unless it is part of one already."""
        return self if self.criticality else msgspec.structs.replace(self, criticality=criticality)

    def headers(self) -> dict[str, str]:
        """The headers a call to the next tier, or to a vendor's tracing, carries (without identity)."""
        found = {"X-Request-Id": self.request_id, "traceparent": child_of(self.traceparent)}
        if self.run:
            found["Tiergate-Run"] = self.run
        if self.step:
            found["Tiergate-Step"] = self.step
        if self.criticality:
            found["Tiergate-Criticality"] = self.criticality
        if self.tool:
            found["Tiergate-Tool"] = self.tool
        if self.caller is not None and self.caller.acted_for:
            found["Tiergate-Acted-For"] = " ".join(self.caller.acted_for)
        return found


_current: ContextVar[Context | None] = ContextVar("tiergate_context", default=None)


def current() -> Context:
    """The context of the running call; a fresh one outside of any call."""
    return _current.get() or fresh()


def fresh(
    *, request_id: str = "", traceparent: str = "", caller: Caller | None = None, site: str = "", tool: str = ""
) -> Context:
    """A new context, taking over an incoming request id and W3C `traceparent` only if they are well formed."""
    drawn = _draw()
    return Context(
        request_id=request_id if request_id and _REQUEST_ID.match(request_id) else drawn[48:],
        traceparent=traceparent
        if traceparent and _TRACEPARENT.match(traceparent)
        else f"00-{drawn[:32]}-{drawn[32:48]}-01",
        caller=caller,
        site=site,
        tool=tool,
    )


class use:  # noqa: N801 - it reads as the `with` statement it is made for
    """Make a context current for a block."""

    __slots__ = ("_before", "_context")

    def __init__(self, context: Context) -> None:
        self._context = context

    def __enter__(self) -> Context:
        self._before = _current.set(self._context)
        return self._context

    def __exit__(self, *left: object) -> None:
        _current.reset(self._before)


def criticality_of(said: str) -> Criticality | Literal[""]:
    """What a header says; empty when it is none."""
    return _CRITICALITIES.get(said, "")


def child_of(traceparent: str) -> str:
    """The same trace with a new span id (W3C Trace Context)."""
    version, trace, _span, flags = traceparent.split("-")
    return f"{version}-{trace}-{_draw()[32:48]}-{flags}"


def trace_id(traceparent: str) -> str:
    """The 32 hex digits that join all spans of one trace."""
    return traceparent.split("-")[1]


def _draw() -> str:
    """64 hex digits: a trace, a span and a request's id. They must differ, not be secret: no system call for each."""
    try:
        return _drawn.pop()
    except IndexError:  # so many are drawn at once, since to write a number as text costs less the longer it is
        many = f"{random.getrandbits(256 * _AT_ONCE) | _NOT_ZERO:0{64 * _AT_ONCE}x}"
        _drawn.extend(many[at : at + 64] for at in range(0, len(many), 64))
        return _drawn.pop()


_drawn: Final[list[str]] = []
if hasattr(os, "register_at_fork"):  # none on Windows
    os.register_at_fork(after_in_child=_drawn.clear)  # or both would go on with the same ones
