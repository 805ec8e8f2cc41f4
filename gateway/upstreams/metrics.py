"""What is counted of each upstream, for Prometheus, by the name policy has for it."""

from typing import Final

from prometheus_client import Counter, Gauge

BREAKER: Final = Gauge(
    "tiergate_upstream_breaker",
    "Whether an upstream is left alone: 0 asked, 1 one call sees, 2 left alone.",
    ("upstream",),
)
ATTEMPTS: Final = Counter(
    "tiergate_upstream_attempts",
    "Calls sent to an upstream, by how they ended: answered, a status that counts as failure, or what went wrong.",
    ("upstream", "ended"),
)
RETRIES: Final = Counter(
    "tiergate_upstream_retries", "Calls sent to an upstream a second time, by why.", ("upstream", "why")
)
IN_USE: Final = Gauge(
    "tiergate_upstream_calls_in_flight", "Calls under way to an upstream that has a capacity.", ("upstream",)
)
STALE: Final = Counter(
    "tiergate_upstream_stale", "Reads answered from what was kept, as the upstream was down.", ("upstream",)
)
