"""Local limits: each Envoy counts for itself, with a bucket for each limit and whom it counts.

A bucket fills as fast as the limit says and holds twice what the limit admits at once. Once what is declared is not
enough: by policy a refused call spends nothing, and Envoy cannot take back what it counted when the gateway refuses (a
role, an object, another limit); and a quota, which is whole again at midnight, may be spent twice within a minute. So
Envoy stops a flood at the declared rate, and the exact answer, with what is left, is the gateway's.
"""

from collections.abc import Iterator
from fractions import Fraction
from math import ceil
from typing import Final

from foundation.counting import Places, Quota, Steady
from gateway.envoy.judging import CLIENTS_MAX
from gateway.envoy.matching import JWT, Said, extension
from gateway.limiting import Limits
from gateway.named_limits import NamedLimit
from gateway.plan import Governed, Plan

DEPTH: Final = 2
_LONGEST: Final = 366 * 86_400
_SUBJECTS: Final = 100_000
"""Whom an Envoy counts at the same time; who was not seen for longest is forgotten."""
FILTER: Final = "envoy.filters.http.local_ratelimit"


def own(governed: Governed) -> list[NamedLimit]:
    """The limits an operation has for every caller."""
    return [limit for rule in _rules(governed) for limit in (rule.own.limits if rule.own else ()) if _countable(limit)]


def planned(governed: Governed, plan: Plan) -> dict[str, list[NamedLimit]]:
    """The limits of the callers' plans, by plan."""
    plans = {product.name: product.plan for product in plan.products.values()}
    ours = {limit.key for limit in own(governed)}
    return {
        plans[name]: [limit for limit in together.limits if _countable(limit) and limit.key not in ours]
        for rule in _rules(governed)
        for name, together in sorted(rule.by_product.items())
        if together is not None
    }


def uncounted(governed: Governed) -> Iterator[NamedLimit]:
    """The limits that are left behind: so many calls at the same time."""
    for rule in _rules(governed):
        for together in (rule.own, *rule.by_product.values()):
            yield from (each for each in (together.limits if together else ()) if isinstance(each.of, Places))


def _rules(governed: Governed) -> list[Limits]:
    return [rule for rule in governed.rules if isinstance(rule, Limits)]


def _countable(limit: NamedLimit) -> bool:
    return not limit.shadow and not isinstance(limit.of, Places)


def drawn_by(governed: Governed, plan: Plan) -> list[Said]:
    """What one call draws: a route's `rate_limits`."""
    said = [_drawn(limit, planned=False) for limit in own(governed)]
    said += [_drawn(limit, planned=True) for limits in planned(governed, plan).values() for limit in limits]
    return said


def _drawn(limit: NamedLimit, *, planned: bool) -> Said:
    actions: list[Said] = [{"generic_key": {"descriptor_key": "limit", "descriptor_value": _key(limit)}}]
    actions += [_of_the_token("client_id")] if planned else []
    match limit.per:
        case "client":
            actions += [_of_the_token("iss"), *(() if planned else (_of_the_token("client_id"),))]
        case "user":
            actions += [_of_the_token("iss"), _of_the_token("sub")]
        case "address":
            actions.append({"masked_remote_address": {"v4_prefix_mask_len": 32, "v6_prefix_mask_len": 64}})
        case "operation" | "upstream":
            pass
    return {"actions": actions}


def _of_the_token(name: str) -> Said:
    path = [{"key": "payload"}, {"key": name}]
    return {"metadata": {"descriptor_key": name, "metadata_key": {"key": JWT, "path": path}, "source": "DYNAMIC"}}


def the_filter(plan: Plan) -> Said:
    """All buckets of all operations: a limit that several share is one."""
    return extension(
        FILTER,
        "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        stat_prefix="tiergate",
        filter_enabled={"default_value": {"numerator": 100, "denominator": "HUNDRED"}},
        filter_enforced={"default_value": {"numerator": 100, "denominator": "HUNDRED"}},
        max_dynamic_descriptors=_SUBJECTS,
        descriptors=[
            {"entries": entries, "token_bucket": bucket} for _, entries, bucket in sorted(_buckets(plan), key=str)
        ],
    )


def _buckets(plan: Plan) -> Iterator[tuple[str, list[Said], Said]]:
    known: dict[str, NamedLimit] = {}
    of_plans: dict[str, tuple[str, NamedLimit]] = {}
    for governed in plan.operations.values():
        known |= {_key(limit): limit for limit in own(governed)}
        for name, limits in planned(governed, plan).items():
            of_plans |= {_key(limit): (name, limit) for limit in limits}
    for key, limit in known.items():
        entries = [{"key": "limit", "value": key}, *_subject(limit)]
        yield key, entries, _bucket(limit)
    for key, (name, limit) in of_plans.items():
        for client in clients_with(name, plan):
            rest = [entry for entry in _subject(limit) if entry["key"] != "client_id"]
            entries = [{"key": "limit", "value": key}, {"key": "client_id", "value": client}, *rest]
            yield f"{key} {client}", entries, _bucket(limit)


def clients_with(name: str, plan: Plan) -> list[str]:
    """The clients that have a plan; none where they are too many to be listed."""
    clients = sorted(client for client, product in plan.products.items() if product.plan == name)
    return clients if len(clients) <= CLIENTS_MAX else []


def _key(limit: NamedLimit) -> str:
    """Envoy's buckets of a route give one token a call: calls of another cost have buckets of their own."""
    return limit.key if limit.cost == 1 else f"{limit.key} at {limit.cost}"


def _subject(limit: NamedLimit) -> list[Said]:
    """Whom it counts: an entry without a value has a bucket for each value."""
    names = {"client": ("iss", "client_id"), "user": ("iss", "sub"), "address": ("masked_remote_address",)}
    return [{"key": name} for name in names.get(limit.per, ())]


def _bucket(limit: NamedLimit) -> Said:
    """In calls, not in units."""
    units, seconds, at_once = _rate(limit)
    calls = Fraction(units, seconds * limit.cost)
    return {
        "max_tokens": max(1, int(DEPTH * at_once / limit.cost)),
        "tokens_per_fill": calls.numerator,
        "fill_interval": f"{calls.denominator}s",
    }


def _rate(limit: NamedLimit) -> tuple[int, int, float]:
    """Units in so many seconds, and how many at once."""
    match limit.of:
        case Steady(burst, per_second):
            rate = Fraction(per_second).limit_denominator(_LONGEST)
            return rate.numerator, rate.denominator, burst
        case Quota(units, window):
            return int(units), window.seconds, units
        case Places():
            raise ValueError("places are not counted by time")


def retry_after(governed: Governed, plan: Plan) -> int:
    """Seconds after which a call may find room: of its own limits, since Envoy does not say which bucket was empty."""
    ours = [_wait(limit) for limit in own(governed)]
    bought = [_wait(limit) for limits in planned(governed, plan).values() for limit in limits]
    return max(1, ceil(max(ours) if ours else min(bought, default=1)))


def _wait(limit: NamedLimit) -> float:
    units, seconds, _ = _rate(limit)
    return limit.cost * seconds / units
