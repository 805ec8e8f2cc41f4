"""What the gateway counts, for Prometheus. Labels are names from policies and code, never a caller's text."""

from functools import lru_cache
from typing import Final

from prometheus_client import Counter, Histogram

CALLS: Final = Counter("tiergate_calls", "Calls by operation and status.", ("api", "operation", "status"))
REFUSALS: Final = Counter(
    "tiergate_refusals", "Calls a policy refused, by reason and named limit.", ("api", "operation", "reason", "limit")
)
SHADOWED: Final = Counter(
    "tiergate_limits_shadowed", "Calls a limit in shadow would have refused.", ("api", "operation", "limit")
)
RULES: Final = Counter(
    "tiergate_rules_broken", "Calls that broke a business rule, by its id.", ("api", "operation", "rule", "severity")
)
BROKEN: Final = Counter(
    "tiergate_contract_broken",
    "Answers that are not as the contract says, by operation and by what is done: enforce, report.",
    ("api", "operation", "mode"),
)
SECONDS: Final = Histogram(
    "tiergate_call_seconds",
    "Time of a call, refusals included.",
    ("api", "operation"),
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30),
)


def counted(api: str, operation: str, status: int, seconds: float) -> None:
    """One call more."""
    calls, times = _of(api, operation, status)
    calls.inc()
    times.observe(seconds)


@lru_cache(maxsize=65_536)
def _of(api: str, operation: str, status: int) -> tuple[Counter, Histogram]:
    """Looking its labels up costs more than counting."""
    return CALLS.labels(api, operation, status), SECONDS.labels(api, operation)
