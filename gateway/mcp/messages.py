"""Messages to the tools that call no operation: counted by `mcp.messages` of platform.yaml, and recorded like calls."""

import time
from typing import Final

from canonical.faults import Fault
from foundation.context import Caller, current
from foundation.counting import Decision
from gateway.call import Call, Ending
from gateway.governor import Governor
from gateway.limiting import refusal
from gateway.named_limits import NamedLimit

CALLS: Final = "tools/call"
"""The one that calls an operation: that one counts it, and records it."""
_KNOWN: Final = frozenset(("initialize", "server/discover", "ping", "tools/list", CALLS))
UNREAD: Final = "message"
"""What one is called in the record whose method is not known, or was not read."""


class Told:
    """One message on its way: what becomes known of it."""

    def __init__(self, address: str) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        """For its answer, whatever that is."""
        self.method = UNREAD
        self.caller: Caller | None = None
        self.refused = ""
        """Why it was refused, where JSON-RPC and not HTTP says so."""
        self.passed_on = False
        """Whether it became a call, which leaves a record of its own."""
        self._address = address
        self._began = time.perf_counter()

    def calls(self, method: str) -> None:
        """Its method is known. What a caller makes up is never a word of the record."""
        self.method = method if method in _KNOWN else "notification" if method.startswith("notifications/") else UNREAD

    async def count(self, governor: Governor, limit: NamedLimit, call: Call) -> None:
        """Draw it from what its caller may send. Raises `LimitReached`."""
        self.headers.append((b"ratelimit-policy", limit.policy.encode()))
        decided = governor.services.counters.take([limit.draw(call)], "local")
        decision = decided if isinstance(decided, Decision) else await decided
        for reading in decision.readings:
            self.headers.append((b"ratelimit", limit.said(reading).encode()))
        if not decision.admitted:
            raise refusal([(limit, reading) for reading in decision.readings])

    def settle(self, governor: Governor, status: int, fault: Fault | None = None, reason: str = "") -> None:
        """Record it, unless the operation that it called does."""
        if self.passed_on:
            return
        ending = Ending(
            status=status,
            reason=fault.reason if fault is not None else reason,
            refused_at=fault.facts.get("policy", "") if fault is not None else "",
            limit=fault.facts.get("limit", "") if fault is not None else "",
            took=time.perf_counter() - self._began,
        )
        governor.settle_unrouted(current(), self.method, ending, caller=self.caller, address=self._address)
