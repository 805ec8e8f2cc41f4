"""`limits`: how often. Each has a name, and the name is what headers, problems, metrics and tests call it.

An API declares its own, and its operations list them; a caller's plan adds those of the plan. All limits of a call are
decided together, in one step: a refused call spends nothing. The tightest is the one named.

    limits:
      approvals:  {rate: 10/min, burst: 5, per: user}
      exports:    {quota: 100/day, zone: Europe/Berlin}
      erp-writes: {concurrent: 4, per: upstream, wait: 500ms}

A counter is known by the limit's name and whom it counts: a changed limit keeps what was spent. `60/min` alone is a
rate, `20k/day` alone a quota: who buys twenty thousand a day does not mean one every four seconds.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from foundation.counting import Places, Quota, Sharing, Steady, WhenAway, Window
from gateway.conversion import did_you_mean
from gateway.limiting import Limits, LimitsWithPlaces, Together
from gateway.named_limits import NamedLimit, Subject, key_of, policy_of
from gateway.noun import Noun, Rule, Site
from gateway.words import Duration, Rate

_DAY: Final = 86_400
_NO_NAME: Final = "cannot be a limit's name: it stands in headers, so letters, digits and - . _ make it"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """One limit: a rate, a quota, or so many calls at the same time."""

    rate: Rate | None = None
    """So many units, one after the other: `60/min`."""
    burst: int | None = None
    """How many of them at once; the rate's own count when not said."""
    quota: Rate | None = None
    """So many units in each window, however fast: `20k/day`. Windows begin at full minutes, hours or days."""
    zone: str | None = None
    """Where the day of a quota begins, as `Europe/Berlin`; UTC when not said."""
    concurrent: int | None = None
    """So many calls at the same time."""
    wait: Duration | None = None
    """How long a call waits for a place before it is refused; not at all when not said."""
    lease: Duration | None = None
    """After how long the places of a process that died are free again; 15s when not said."""
    per: Subject = "client"
    """Whom it counts: each `client`, each `user`, the `operation` or the `upstream` for all callers together, or each
    `address`, for a public operation."""
    shadow: bool = False
    """Counted and reported (a metric, the record), but it refuses nobody: how to try a limit before it holds."""

    def __post_init__(self) -> None:
        kinds = [name for name in ("rate", "quota", "concurrent") if getattr(self, name) is not None]
        if len(kinds) != 1:
            raise ValueError(f"is one of rate, quota or concurrent{', not ' + ' and '.join(kinds) if kinds else ''}")
        for name, kind in (("burst", "rate"), ("zone", "quota"), ("wait", "concurrent"), ("lease", "concurrent")):
            if getattr(self, name) is not None and kinds != [kind]:
                raise ValueError(f"{name} belongs to a limit with {kind}, and this one has {kinds[0]}")
        if self.burst is not None and self.burst < 1:
            raise ValueError("burst is at least 1")
        if self.concurrent is not None and self.concurrent < 1:
            raise ValueError("concurrent is at least 1: to admit nobody, leave the operation out")
        if self.rate is not None and self.rate.seconds >= _DAY and self.burst is None:
            raise ValueError("a rate by the day would admit all of it at once and drain for a day: say its burst, or "
                             f"make it a quota: {{quota: {self.rate.count}/day}}")  # fmt: skip
        if self.zone is not None:
            self._check_zone(self.zone)

    def _check_zone(self, zone: str) -> None:
        if self.quota is not None and self.quota.seconds != _DAY:
            raise ValueError("zone says where a day begins: only a quota by the day has one")
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{zone!r} is not a time zone: write it like Europe/Berlin") from None


class SharedCounters(Sharing, frozen=True, kw_only=True):
    """How the processes share what was spent, where TIERGATE_REDIS_URL names a Redis."""

    timeout: Duration = Duration(0.25)
    """How long a call waits for it; then the API's `on_store_failure` decides."""
    processes: int = 1
    """How many processes share it: while it is away, `local` lets each admit its part of every limit."""

    def __post_init__(self) -> None:
        if self.timeout < 0.01:
            raise ValueError("timeout is at least 10ms: less is no time to ask another process anything")
        if self.processes < 1:
            raise ValueError("processes is at least 1")


Said = Rate | Limit
"""`60/min` or `20k/day` alone, or all of it."""


def build(site: Site) -> Rule | None:
    """Plans apply to calls from outside; where no product lets one in and nothing else is said, there is no rule."""
    own = list(_listed(site))
    key = f"{site.api.key}.{site.operation.id}"
    plans = {product.name: product.plan for product in site.products.values() if key in product.includes}
    by_product = {} if site.said("public") else {name: [*own, *_planned(site, plan)] for name, plan in plans.items()}
    if not own and not any(by_product.values()):
        return None
    away: WhenAway | None = site.policy.get("on_store_failure")
    if away is None:
        whose = "its own" if site.policy.get("limits") else "those of its callers' plans"
        site.api_problem(sentence=f"the file needs the key 'on_store_failure', for it has limits ({whose}): say what "
                                  "happens while the counters cannot be had: local, allow or deny")  # fmt: skip
        return None
    _check_cost(site, [*own, *(limit for limits in by_product.values() for limit in limits)])
    holds = any(isinstance(limit.of, Places) for limits in (own, *by_product.values()) for limit in limits)
    where, wanted = site.where("limits"), (tuple(own), *((name, tuple(each)) for name, each in by_product.items()))
    return site.once(
        ("limits", where, away, wanted),
        lambda: (LimitsWithPlaces if holds else Limits)(
            where, _together(site, own), {name: _together(site, each) for name, each in by_product.items()}, away
        ),
    )


def _together(site: Site, limits: Sequence[NamedLimit]) -> Together | None:
    return site.once(("together", tuple(limits)), lambda: Together.of(limits))


def _listed(site: Site) -> Iterator[NamedLimit]:
    declared: Mapping[str, Said] = site.policy.get("limits") or {}
    for name in dict.fromkeys(site.said("limits") or []):
        if name not in declared:
            site.problem("limits", f"no limit is called {name!r}{did_you_mean(name, declared)}")
            continue
        if not _NAME.fullmatch(name):
            site.api_problem("limits", name, sentence=f"{name!r} {_NO_NAME}")
            continue
        limit = _compiled(site, name, site.api.name, site.where_api("limits", name), declared[name])
        if limit.per == "address" and not site.said("public"):
            site.problem("limits", f"{name} counts addresses: for a public operation; others count client or user")
            continue
        yield limit


def _planned(site: Site, plan: str) -> Iterator[NamedLimit]:
    for name, said in site.platform["plans"][plan].items():
        if not _NAME.fullmatch(name):
            site.platform_problem("plans", plan, name, sentence=f"{name!r} {_NO_NAME}")
            continue
        if isinstance(said, Limit) and said.per == "address":
            sentence = f"{plan}.{name} counts addresses: whoever has a plan is counted by client or user"
            site.platform_problem("plans", plan, name, sentence=sentence)
            continue
        if name in (site.said("limits") or []):
            sentence = f"the plan {plan} has a limit {name} as well: a header could not tell the two apart"
            site.problem("limits", sentence)
        yield _compiled(site, name, f"plan {plan}", site.where_platform("plans", plan, name), said)


def _compiled(site: Site, name: str, space: str, where: str, said: Said) -> NamedLimit:
    limit = said if isinstance(said, Limit) else Limit(quota=said) if said.seconds >= _DAY else Limit(rate=said)
    of: Steady | Quota | Places
    count, seconds = 0, 0
    if limit.rate is not None:
        count, seconds = limit.rate.count, limit.rate.seconds
        of = Steady(limit.burst or count, count / seconds)
    elif limit.quota is not None:
        count, seconds = limit.quota.count, limit.quota.seconds
        zone = limit.zone or "UTC"
        of = Quota(count, site.once(("window", seconds, zone), lambda: Window(seconds, zone)))
    else:
        count = limit.concurrent or 1
        of = Places(count, float(limit.lease or Places(1).lease))
    whole = f"{site.api.key}.{site.operation.id}" if limit.per == "operation" else _upstream(site)
    return NamedLimit(
        name=name,
        where=where,
        of=of,
        per=limit.per,
        key=key_of(space, name, limit.per, whole),
        policy=policy_of(name, of, count, seconds),
        cost=1 if isinstance(of, Places) else site.said("cost") or 1,
        wait=float(limit.wait or 0.0),
        shadow=limit.shadow,
    )


def _upstream(site: Site) -> str:
    """The name of what stands behind the operation; where it is a tier of ours, the API's."""
    named: str | None = site.said("upstream") or site.policy.get("upstream")
    return named or site.api.name


def _check_cost(site: Site, limits: Sequence[NamedLimit]) -> None:
    for limit in limits:
        match limit.of:
            case Steady(most) | Quota(most):
                if limit.cost > most:
                    sentence = f"a call costs {limit.cost}, and {limit.name} never admits more than {most:g} at once"
                    site.problem("cost", sentence)
                    return
            case Places():
                pass


NOUN = Noun(
    name="limits",
    stage="limits",
    build=build,
    operation=list[str],
    api=dict[str, Said],
    platform={"plans": dict[str, dict[str, Said]], "counters": SharedCounters | None},
)
