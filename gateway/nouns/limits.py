"""`limits`: how often. Each has a name, and the name is what headers, problems, metrics and tests call it.

An API declares its own (`limits: {approvals: {rate: 10/min, burst: 5, per: user}}`) and its operations list them; a
caller's plan adds those of the plan. All limits of a call are decided together, and a refused call spends nothing.
"""

import math
from collections.abc import Mapping

from gateway.buckets import Bucket, Said, bucket
from gateway.call import Call
from gateway.conversion import did_you_mean
from gateway.counters import Reading
from gateway.noun import Noun, Rule, Site
from gateway.refusals import LimitReached


class Limits(Rule):
    """All limits of one operation, and those of the caller's plan."""

    refuses = (LimitReached,)

    def __init__(self, where: str, buckets: list[Bucket]) -> None:
        super().__init__(where)
        self._buckets = tuple(buckets)

    def admit(self, call: Call) -> None:
        buckets = self._buckets + (call.product.limits if call.product is not None else ())
        if not buckets or not call.served_here:
            return
        room, readings = call.services.counters.take([b.draw(call) for b in buckets], call.services.clock())
        call.headers.append((b"ratelimit-policy", ", ".join(b.policy for b in buckets).encode()))
        call.headers.append((b"ratelimit", ", ".join(map(_said, buckets, readings)).encode()))
        if not room:
            tightest, reading = max(zip(buckets, readings, strict=True), key=lambda pair: pair[1].wait)
            raise LimitReached(
                f"The limit {tightest.name!r} is reached.",
                limit=tightest.name,
                retry_after=str(max(1, math.ceil(reading.wait - 1e-9))),
                policy=tightest.where,
            )


def _said(bucket: Bucket, reading: Reading) -> str:
    return f'"{bucket.name}";r={reading.remaining};t={reading.reset}'


def build(site: Site) -> Rule | None:
    """Plans apply to calls from outside; where no product lets one in and nothing else is said, there is no rule."""
    declared: Mapping[str, Said] = site.policy.get("limits") or {}
    buckets = []
    for name in site.said("limits") or []:
        if name not in declared:
            site.problem("limits", f"no limit is called {name!r}{did_you_mean(name, declared)}")
            continue
        buckets.append(bucket(name, site.api.name, site.where_api("limits", name), declared[name]))
    key = f"{site.api.key}.{site.operation.id}"
    planned = not site.said("public") and any(key in product.includes for product in site.products.values())
    if not buckets and not planned:
        return None
    return Limits(site.where("limits"), buckets)


NOUN = Noun(
    name="limits",
    stage="limits",
    build=build,
    operation=list[str],
    api=dict[str, Said],
    platform={"plans": dict[str, dict[str, Said]]},
)
