"""Faults a sandbox can be told to have: kept in its store, so that they survive a restart, and always repeatable.

A rule names a fault and the calls it strikes: `{"fault": "timeout_after_commit", "method": "PUT", "path": "/job/"}`
strikes the first PUT whose address holds `/job/`, once. Which calls are struck depends only on the rule and on how many
calls matched it before, so a test with the same calls sees the same faults.
"""

import re
from collections.abc import Callable
from random import Random
from typing import Final, Literal

import msgspec

from foundation.sandbox.store import Store, decode, encode

FaultName = Literal[
    "throttled",
    "expired_token",
    "server_error",
    "html_error",
    "slow",
    "timeout_before_commit",
    "timeout_after_commit",
    "stale_version",
    "truncated_body",
    "duplicate_delivery",
    "reordered_delivery",
]
DELIVERY_FAULTS: Final = frozenset({"duplicate_delivery", "reordered_delivery"})
PART_FAULTS: Final = frozenset({"throttled", "expired_token", "server_error", "html_error", "stale_version"})
"""Those that are an answer: a call inside of a batch can meet no other."""


class FaultRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault and when it strikes."""

    fault: FaultName
    method: str = ""
    """An HTTP method; empty for any."""
    path: str = ""
    """A regular expression searched in the path with its query; for a delivery fault, in the delivery's subject.
    With one, a fault that is an answer also strikes calls inside of an OData batch, each counted before any is done."""
    body: str = ""
    """A regular expression searched in the request body."""
    after: int = 0
    """How many matching calls pass first."""
    times: int = 1
    """How many calls it strikes; 0 for every one."""
    delay: float = 0.0
    """Seconds: how long `slow` waits, how long a timeout hangs (0: until the caller gives up, 60 s at most), how long
    a reordered delivery is held back when no other overtakes it (0: one second)."""
    copies: int = 2
    """How often a `duplicate_delivery` is sent in all."""
    headers: dict[str, str] = {}
    """Headers of the answer it makes, beside the vendor's own: `{"Retry-After": "7"}`; an empty one takes away."""
    chance: float = 1.0
    """Share of the matching calls that are struck, drawn from `seed`."""
    seed: int = 0

    def __post_init__(self) -> None:
        for pattern in (self.path, self.body):
            try:
                re.compile(pattern)
            except re.error as wrong:
                raise ValueError(f"{pattern!r} is not a regular expression: {wrong}") from wrong


class FaultState(msgspec.Struct, frozen=True, kw_only=True):
    """A rule and how far it has come."""

    id: int
    rule: FaultRule
    seen: int
    used: int


class FaultPlan:
    """The fault rules of one sandbox."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, rule: FaultRule) -> FaultState:
        """Add a rule; rules are tried in the order they were added."""
        cursor = self._store.db.execute("INSERT INTO faults (rule) VALUES (?)", (encode(rule),))
        return FaultState(id=int(cursor.lastrowid or 0), rule=rule, seen=0, used=0)

    def rules(self) -> list[FaultState]:
        """Every rule with its counts."""
        rows = self._store.db.execute("SELECT id, rule, seen, used FROM faults ORDER BY id")
        return [
            FaultState(id=id, rule=msgspec.convert(decode(rule), FaultRule, strict=False), seen=seen, used=used)
            for id, rule, seen, used in rows
        ]

    def clear(self) -> None:
        """Remove every rule."""
        self._store.db.execute("DELETE FROM faults")

    def strike(self, method: str, path: str, body: str) -> FaultRule | None:
        """The rule that strikes this call, if any; counts the call."""
        return self._take(lambda name: name not in DELIVERY_FAULTS, method, path, body)

    def strike_part(self, method: str, path: str, body: str) -> FaultRule | None:
        """The rule that strikes this call inside of a batch: one that names a path; others are of the whole."""
        return self._take(lambda name: name in PART_FAULTS, method, path, body, named=True)

    def strike_delivery(self, fault: FaultName, subject: str) -> FaultRule | None:
        """The rule that strikes this webhook delivery, if any; counts it."""
        return self._take(lambda name: name == fault, "", subject, "")

    def _take(
        self, wanted: Callable[[str], bool], method: str, path: str, body: str, *, named: bool = False
    ) -> FaultRule | None:
        for state in self.rules():
            rule = state.rule
            if named and not rule.path:
                continue
            if not wanted(rule.fault) or (rule.method and method and rule.method.upper() != method):
                continue
            if not (re.search(rule.path, path) and re.search(rule.body, body)):
                continue
            spent = bool(rule.times) and state.used >= rule.times
            drawn = Random(f"{rule.seed}:{state.id}:{state.seen}").random()  # noqa: S311 - it must repeat
            struck = state.seen >= rule.after and not spent and drawn < rule.chance
            self._store.db.execute(
                "UPDATE faults SET seen = seen + 1, used = used + ? WHERE id = ?", (struck, state.id)
            )
            if struck:
                return rule
        return None
