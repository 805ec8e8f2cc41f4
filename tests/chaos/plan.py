"""What happens in a storm: drawn from a seed before it begins, so that a seed is a storm."""

from collections.abc import Mapping
from random import Random
from typing import Any, Final

import msgspec

from foundation.sandbox.faults import FaultName, FaultRule
from foundation.sandbox.firm import twin

REFUSED: Final = {9: ("currency", "tax_profile"), 10: ("credit_hold",), 11: ("signed_contract",)}
"""Which of the twelve deals must be refused, and by which guards."""
BY_THE_HOUR: Final = frozenset({1, 4, 5, 8})
"""Those of the twelve that are billed by the hour: a setup needs a rate card for them, which no program here names."""
SYSTEMS: Final = ("salesforce", "netsuite", "kantata", "servicenow")
_UNVERSIONED: Final = frozenset({"kantata"})
"""Keep no versions of a record: none is ever stale. That one is locked, being approved or billed, is no weather."""
_FAULTS: Final[tuple[tuple[FaultName, str, float, Mapping[str, Any]], ...]] = (
    # fault, methods, chance a call, what else. One throttled call silences its system for a second.
    ("throttled", "", 0.005, {"headers": {"Retry-After": "1"}}),
    ("throttled", "", 0.0025, {"headers": {"Retry-After": ""}}),
    ("expired_token", "", 0.010, {}),
    ("server_error", "", 0.010, {}),
    ("html_error", "", 0.004, {}),
    ("slow", "", 0.010, {"delay": 0.2}),
    ("truncated_body", "GET", 0.005, {}),
    ("timeout_before_commit", "", 0.004, {"delay": 0.2}),
    ("timeout_after_commit", "POST", 0.020, {"delay": 0.2}),
    ("timeout_after_commit", "PUT", 0.020, {"delay": 0.2}),
    ("timeout_after_commit", "PATCH", 0.020, {"delay": 0.2}),
    ("stale_version", "PATCH", 0.010, {}),
    ("stale_version", "PUT", 0.010, {}),
)
_DELIVERIES: Final[tuple[tuple[FaultName, float, Mapping[str, Any]], ...]] = (
    ("duplicate_delivery", 0.25, {"copies": 3}),
    ("reordered_delivery", 0.25, {"delay": 0.5}),
)


class Storm(msgspec.Struct, frozen=True, kw_only=True):
    """The plan."""

    seed: int
    deals: list[int]
    """Numbers of the deals that are won, in this order."""
    touched: frozenset[int]
    """Those that somebody saves again at once, without changing what matters: a newer version of the same."""
    reopened: frozenset[int]
    """Those that are taken back and won again."""
    ordered: frozenset[int]
    """Those whose quote is ordered first: what they are billed by is that order."""
    set_up: frozenset[int]
    """Those whose project is set up once it is active."""
    staffed: frozenset[int]
    """Those on whose project somebody is booked once it is active."""
    amended: frozenset[int]
    """Those whose contract is carried once the project is active, and then an amendment of it."""
    kills: list[tuple[int, int]]
    """After so many ended runs, this executor is killed."""

    @property
    def asked(self) -> int:
        """How many things are asked for in all: a project for each deal, and what else is."""
        return len(self.deals) + len(self.ordered) + len(self.set_up) + len(self.staffed) + 2 * len(self.amended)

    def refused(self, number: int) -> tuple[str, ...]:
        """The guards that must stop a deal; none for a good one."""
        return REFUSED.get(twin(number), ())


def storm(runs: int, seed: int, executors: int) -> Storm:
    """The storm of a seed."""
    drawn = Random(f"storm:{seed}")
    numbers = list(range(1, runs + 1))
    drawn.shuffle(numbers)
    kills = max(3, runs // 20)
    marks = sorted(drawn.randrange(0, max(1, runs * 9 // 10)) for _ in range(kills))
    touched = frozenset(number for number in numbers if drawn.random() < 0.15)
    reopened = frozenset(number for number in numbers if drawn.random() < 0.08)
    struck = [(mark, drawn.randrange(executors)) for mark in marks]
    steady = [number for number in numbers if twin(number) not in REFUSED and number not in reopened]
    share = max(1, runs // 10)
    ordered = frozenset(drawn.sample(steady, min(share, len(steady))))
    return Storm(
        seed=seed,
        deals=numbers,
        touched=touched,
        reopened=reopened,
        ordered=ordered,
        set_up=frozenset([number for number in steady if twin(number) not in BY_THE_HOUR][:share]),
        staffed=frozenset(drawn.sample(steady, min(share, len(steady)))),
        # Early ones: two runs follow theirs, one after the other.
        amended=frozenset([number for number in steady if number not in ordered][: max(1, runs // 20)]),
        kills=struck,
    )


def faults(seed: int) -> dict[str, list[FaultRule]]:
    """The fault plan of each sandbox."""
    found = {}
    for place, system in enumerate(SYSTEMS):
        rules = [
            FaultRule(fault=fault, method=method, chance=chance, times=0, seed=seed * 10 + place, **more)
            for fault, method, chance, more in _FAULTS
            if fault != "stale_version" or system not in _UNVERSIONED
        ]
        if system == "salesforce":
            rules += [
                FaultRule(fault=fault, chance=chance, times=0, seed=seed, **more) for fault, chance, more in _DELIVERIES
            ]
        found[system] = rules
    return found
