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

Breaker, places and second tries are each process's own: of four processes each opens by what it saw itself, and all
together call by up to four times `concurrent`. What all share is a limit: `limits`, `{concurrent: 8, per: upstream}`.

Where nothing is said of a tier: 2s to connect, 30s without a sign of life, one try, no breaker, any number of calls.
"""

from collections.abc import Awaitable, Mapping

from canonical.faults import Fault, VendorFault
from foundation.api import PageOperation
from gateway.call import Answer, Call, Ending
from gateway.conversion import did_you_mean
from gateway.noun import Noun, Rule, Site
from gateway.upstreams.asking import left_alone
from gateway.upstreams.declared import TIERS, Upstream, is_secret
from gateway.upstreams.faults import UpstreamFull, UpstreamLeftAlone
from gateway.upstreams.metrics import STALE
from gateway.upstreams.room import Full
from gateway.upstreams.running import Running


class Behind(Rule):
    """One operation's upstream: its breaker, its places, and what is given while it is down."""

    def __init__(self, where: str, name: str, said: Upstream, *, safe: bool) -> None:
        super().__init__(where)
        self.served_at = name if said.url else ""
        self.upstream = name
        refuses = ((UpstreamLeftAlone, said.breaker), (UpstreamFull, said.capacity))
        self.refuses = tuple(fault for fault, declared in refuses if declared is not None)
        self._has_places = said.capacity is not None
        self._stale = said.when_down.reads.seconds if said.when_down is not None and safe else 0.0
        self.patience = said.timeout.total if safe and not said.url else None
        """Seconds a tier in this process has for it. What writes is not broken off halfway, where it can be seen."""

    def admit(self, call: Call) -> Awaitable[None] | None:
        call.stale_for = self._stale
        running = call.services.upstreams.running(self.upstream)
        wait = running.breaker.wait(running.clock())
        if wait > 0:
            refused = left_alone(running, wait)
            call.answered = self.instead(call, refused)
            if call.answered is None:
                raise refused
            return None
        if not self._has_places:
            return None
        try:
            waiting = running.room.take()
        except Full:
            raise self._full() from None
        if waiting is not None:
            return self._enter(call, running, waiting)
        call.remember(self, running)
        return None

    def instead(self, call: Call, fault: Fault) -> Answer | None:
        """What the caller was given before, where policy says how old it may be, and the upstream is what failed."""
        key, http = call.cache_key, call.http
        if not self._stale or key is None or http is None or not isinstance(fault, VendorFault):
            return None
        now = call.services.clock()
        kept = call.services.cache.stale(key, now)
        if kept is None:
            return None
        STALE.labels(self.upstream).inc()
        call.headers.append((b"age", b"%d" % int(now - kept.at)))
        went = b"hit" if isinstance(fault, UpstreamLeftAlone) else b"fwd=stale"
        if status := fault.facts.get("received_status"):
            went += b"; fwd-status=" + status.encode()
        ttl = b"; ttl=%d; detail=upstream-down" % int(kept.until - now)
        call.headers.append((b"cache-status", b"tiergate; " + went + ttl))
        return kept.answer

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
            f"All places of {self.upstream} are taken.",
            system=self.upstream,
            retry_after="1",
            failed="connection_limit_reached",
            policy=self.where,
        )


def build(site: Site) -> Rule | None:
    """A rule where the operation names an upstream, and where platform.yaml speaks of the tier that serves it."""
    declared: Mapping[str, Upstream] = site.platform["upstreams"] or {}
    _check(site, declared)
    named: str | None = site.said("upstream") or site.policy.get("upstream")
    if named is None:
        tier = f"{site.api.layer}-tier"
        return _behind(site, site.where_platform("upstreams", tier), tier, declared) if tier in declared else None
    if named not in declared or named in TIERS:
        hint = did_you_mean(named, [name for name in declared if name not in TIERS])
        _problem(site, f"platform.yaml has no upstream {named!r} with an address{hint}")
        return None
    if isinstance(site.operation, PageOperation):
        if site.own("upstream") is not None:
            site.problem("upstream", "is a page: pages are served by our own tiers")
        return None
    return _behind(site, _where(site), named, declared)


def _behind(site: Site, where: str, name: str, declared: Mapping[str, Upstream]) -> Behind:
    safe = isinstance(site.operation, PageOperation) or site.operation.safe
    return Behind(where, name, declared[name], safe=safe)


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
        _check_secrets(site, name, said)


def _check_secrets(site: Site, name: str, said: Upstream) -> None:
    """What signs us in is never in a policy: whoever may read these could use it."""
    places = [("send", header) for header in said.send if is_secret(header)]
    for path in (*places, ("sign_in", "basic", "password"), ("sign_in", "client_credentials", "client_secret")):
        if site.written_out("upstreams", name, *path):
            sentence = f"upstreams.{name}.{'.'.join(path)} is a secret: write it by reference, ${{NAME}}"
            site.platform_problem("upstreams", name, *path, sentence=sentence)


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
