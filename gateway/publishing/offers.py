"""What a plan offers to callers from outside: the API versions of which some client, or anybody, may call something.

A system API is never among them, nor what no product includes, nor a draft, nor what is retired by now.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

import msgspec

from canonical.ports import Operation
from foundation.api import Api
from gateway.nouns.versions import Lifecycle, State, Version
from gateway.plan import Governed, Plan
from gateway.published import contract, written


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """One API version that somebody outside may call, as it stands now."""

    api: Api
    state: State
    """`active` or `deprecated`."""
    version: Version
    """Its life as the policy has it."""
    operations: tuple[Governed, ...]
    """Those that can be called from outside; its contract may have more."""

    def successor(self, among: "Mapping[str, Offer]") -> "Offer | None":
        """The version to move to, when it is offered too."""
        return among.get(f"{self.api.name}-{self.version.successor}")


class Offers:
    """The offers of one plan, and their contracts, each made once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._written: dict[str, bytes] = {}

    def at(self, now: float) -> dict[str, Offer]:
        """By `{api}-v{major}`, in that order; `now` in Unix seconds, for a version ends by its date alone."""
        found = {}
        for key, operations in self._from_outside.items():
            lifecycle = next((rule for rule in operations[0].rules if isinstance(rule, Lifecycle)), None)
            state = lifecycle.state(now) if lifecycle is not None else "active"
            if state in ("active", "deprecated"):
                version = lifecycle.version if lifecycle is not None else Version()
                found[key] = Offer(api=operations[0].api, state=state, version=version, operations=tuple(operations))
        return found

    def contract(self, api: Api) -> bytes:
        """The published contract of one of them, byte for byte."""
        known = self._written.get(api.key)
        if known is None:
            known = self._written[api.key] = written(contract(self.plan, api)).encode()
        return known

    @cached_property
    def _from_outside(self) -> dict[str, list[Governed]]:
        found: dict[str, list[Governed]] = {}
        for governed in self._called_from_outside():
            found.setdefault(governed.api.key, []).append(governed)
        return dict(sorted(found.items(), key=lambda each: (each[1][0].api.name, each[1][0].api.major)))

    def _called_from_outside(self) -> Iterator[Governed]:
        included = frozenset[str]().union(*(product.includes for product in self.plan.products.values()))
        for governed in self.plan.operations.values():
            if governed.layer == "system" or not isinstance(governed.operation, Operation):
                continue
            if governed.public or governed.id in included:
                yield governed


def offers_of(plan: Callable[[], Plan]) -> Callable[[], Offers]:
    """The offers of whatever plan is in force; kept until another one is."""
    kept: Offers | None = None

    def current_offers() -> Offers:
        nonlocal kept
        now = plan()
        if kept is None or kept.plan is not now:
            kept = Offers(now)
        return kept

    return current_offers
