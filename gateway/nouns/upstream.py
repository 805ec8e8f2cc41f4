"""`upstream: erp-projects`: the operation is served at that address, not by a tier of ours.

An API says it once, its defaults or an operation may say otherwise. Address, patience, second tries, breaker and places
stand in platform.yaml, once for all who call it (`upstreams`). What the contract has at `/customers/{id}` is called at
the upstream's address with `/customers/{id}` behind it. Our own tiers are upstreams too, as `process-tier` and so on:
nobody names them at an operation, but `upstreams` may say how patiently they are asked.

    upstreams:
      erp-projects:
        url: ${ERP_PROJECTS_URL}
        timeout: {connect: 1s, total: 8s}
        retry: {attempts: 2, when: [connect, 502, 503, 504], methods: safe, budget: 10%}
        breaker: {open: 50% of 20 calls in 10s, retry_after: 15s}
        capacity: {concurrent: 8, wait: 500ms}
        when_down: {reads: stale 10m, writes: reject}

Where nothing is said of a tier: 2s to connect, 30s without a sign of life, one try, no breaker, any number of calls.
"""

from collections.abc import Awaitable, Mapping

from foundation.api import PageOperation
from gateway.call import Call, Ending
from gateway.conversion import did_you_mean
from gateway.noun import Noun, Rule, Site
from gateway.upstreams.declared import TIERS, Upstream
from gateway.upstreams.faults import UpstreamFull
from gateway.upstreams.room import Full
from gateway.upstreams.upstreams import Running


class Behind(Rule):
    """One operation's upstream."""

    def __init__(self, where: str, name: str, said: Upstream) -> None:
        super().__init__(where)
        self.served_at = name if said.url else ""
        self.upstream = name
        self.refuses = (UpstreamFull,) if said.capacity is not None else ()
        self._said = said

    def admit(self, call: Call) -> Awaitable[None] | None:
        if self._said.capacity is None:
            return None
        running = call.services.upstreams.running(self.upstream)
        try:
            waiting = running.room.take()
        except Full:
            raise self._full() from None
        if waiting is not None:
            return self._enter(call, running, waiting)
        call.remember(self, running)
        return None

    def settle(self, call: Call, ending: Ending) -> None:
        running = call.recall(self)
        if running is not None:
            running.room.give_back()

    async def _enter(self, call: Call, running: Running, waiting: Awaitable[None]) -> None:
        try:
            await waiting
        except Full:
            raise self._full() from None
        call.remember(self, running)

    def _full(self) -> UpstreamFull:
        return UpstreamFull(
            f"All places of {self.upstream} are taken.", system=self.upstream, retry_after="1", policy=self.where
        )


def build(site: Site) -> Rule | None:
    """A rule where the operation names an upstream, and where platform.yaml speaks of the tier that serves it."""
    declared: Mapping[str, Upstream] = site.platform["upstreams"] or {}
    _check(site, declared)
    named: str | None = site.said("upstream") or site.policy.get("upstream")
    if named is None:
        tier = f"{site.api.layer}-tier"
        return Behind(site.where_platform("upstreams", tier), tier, declared[tier]) if tier in declared else None
    if named not in declared or named in TIERS:
        hint = did_you_mean(named, [name for name in declared if name not in TIERS])
        _problem(site, f"platform.yaml has no upstream {named!r} with an address{hint}")
        return None
    if isinstance(site.operation, PageOperation):
        if site.own("upstream") is not None:
            site.problem("upstream", "is a page: pages are served by our own tiers")
        return None
    return Behind(_where(site), named, declared[named])


def _check(site: Site, declared: Mapping[str, Upstream]) -> None:
    for name, said in declared.items():
        if name in TIERS and (said.url or said.send):
            sentence = f"{name} is a tier of ours: its address is a setting, and our own tokens go with a call"
            site.platform_problem("upstreams", name, sentence=sentence)
        elif name in TIERS and said.when_down is not None and said.when_down.reads.seconds:
            sentence = f"{name} keeps its own answers: what is too old cannot be had from here"
            site.platform_problem("upstreams", name, "when_down", sentence=sentence)
        elif name not in TIERS and not said.url:
            sentence = f"{name} needs the key 'url': only our tiers ({', '.join(TIERS)}) have their addresses elsewhere"
            site.platform_problem("upstreams", name, sentence=sentence)


def _where(site: Site) -> str:
    return site.where("upstream") if site.said("upstream") is not None else site.where_api("upstream")


def _problem(site: Site, sentence: str) -> None:
    if site.said("upstream") is not None:
        site.problem("upstream", sentence)
    else:
        site.api_problem("upstream", sentence=sentence)


NOUN = Noun(
    name="upstream",
    stage="upstream",
    build=build,
    operation=str,
    api=str,
    platform={"upstreams": dict[str, Upstream] | None},
)
