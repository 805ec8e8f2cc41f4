"""What the gateway counts, for Prometheus. Labels are names from policies and code, never a caller's text."""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from prometheus_client import REGISTRY, Counter
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

_BOUNDS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0)
"""Seconds: the upper ends of the histogram's buckets."""
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


class _Tally:
    __slots__ = ("buckets", "labels", "seconds", "statuses")

    def __init__(self, labels: tuple[str, str]) -> None:
        self.labels = labels
        self.statuses: dict[int, int] = {}
        self.buckets = [0] * (len(_BOUNDS) + 1)
        self.seconds = 0.0


class Calls(Collector):
    """Calls by operation and status, and how long they took, refusals included.

    Counted by the one event loop that serves, so a lock for each number, and a look-up of its labels, can be saved: it
    is worth a tenth of a call.
    """

    def __init__(self) -> None:
        self._tallies: dict[str, _Tally] = {}

    def count(self, key: str, labels: tuple[str, str], status: int, seconds: float) -> None:
        """One call more of the operation whose id in the plan is `key`.

        `labels` are the key of its API and its operationId; all three are empty where nothing is offered.
        """
        tally = self._tallies.get(key) or self._tallies.setdefault(key, _Tally(labels))
        tally.statuses[status] = tally.statuses.get(status, 0) + 1
        tally.buckets[bisect_left(_BOUNDS, seconds)] += 1
        tally.seconds += seconds

    def collect(self) -> Iterator[Metric]:
        """As Prometheus reads it."""
        calls = CounterMetricFamily(
            "tiergate_calls", "Calls by operation and status.", labels=("api", "operation", "status")
        )
        times = HistogramMetricFamily(
            "tiergate_call_seconds", "Time of a call, refusals included.", labels=("api", "operation")
        )
        for tally in list(self._tallies.values()):
            for status, count in sorted(tally.statuses.items()):
                calls.add_metric([*tally.labels, str(status)], count)
            times.add_metric(tally.labels, _cumulated(tally.buckets), tally.seconds)
        yield calls
        yield times


def _cumulated(buckets: list[int]) -> list[tuple[str, float]]:
    found, total = [], 0
    for bound, count in zip((*map(str, _BOUNDS), "+Inf"), buckets, strict=True):
        total += count
        found.append((bound, float(total)))
    return found


CALLS: Final = Calls()
REGISTRY.register(CALLS)
