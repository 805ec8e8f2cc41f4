"""The governor: runs a call through the plan in force, whichever way the call came in."""

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import msgspec
import structlog

from canonical.faults import Broken, Fault, NotBound
from foundation.api import Api
from foundation.context import Caller, Context, child_of, current, use
from foundation.counting import Counters
from gateway.audit import REFUSALS as REFUSALS_KEPT
from gateway.audit import STANDARD, About, Entry, Trail
from gateway.call import Call, Ending
from gateway.drift import Drift
from gateway.idempotency import IdempotencyKeys
from gateway.keys import FetchedKeys, Keys
from gateway.lookups import Lookups
from gateway.metrics import CALLS, REFUSALS
from gateway.noun import Rule
from gateway.plan import Plan
from gateway.recorded import recorded
from gateway.refusals import NotOffered
from gateway.services import Services
from gateway.tokens import Revoked, Tokens
from gateway.upstreams import Upstreams

log = structlog.get_logger("tiergate.gateway")


class Governor:
    """One process's gatekeeper. Its plan can be swapped between calls; a running call ends on the plan it began on."""

    def __init__(
        self,
        plan: Plan,
        *,
        trail: Trail | None = None,
        keys: Keys | None = None,
        revoked: Revoked | None = None,
        idempotency: IdempotencyKeys | None = None,
        drift: Drift | None = None,
        clock: Callable[[], float] = time.time,
        counters: Counters | None = None,
    ) -> None:
        """`counters` are those of this process alone when not given."""
        keys = keys or FetchedKeys()
        self.services = Services(
            tokens=Tokens(keys, clock, revoked),
            counters=counters or Counters(clock),
            lookups=Lookups(clock),
            upstreams=Upstreams(clock),
            trail=trail,
            idempotency=idempotency,
            drift=drift,
            clock=clock,
        )
        if isinstance(keys, FetchedKeys):
            keys.when_lost(self.services.tokens.forget)
        self.swap(plan)

    @property
    def plan(self) -> Plan:
        """The plan in force."""
        return self._plan

    def swap(self, plan: Plan) -> None:
        """Put another plan in force for the calls that come from now on. What was spent of limits stays spent."""
        self._plan = plan
        self.services.tokens.trust(plan.issuers)
        self.services.counters.configure(plan.platform["counters"])
        self.services.load.watch(plan.platform["shedding"])
        self.services.upstreams.configure(plan.platform["upstreams"])

    def admit(self, call: Call) -> Awaitable[None] | None:
        """Let a call pass, or raise the fault it is refused with; its fact `policy` names the line that refused.

        Where a rule must wait, what is left is done by what is given back; most calls need no task's turn for it.
        """
        rule, left = None, iter(call.governed.rules)
        try:
            for rule in left:
                waiting = rule.admit(call)
                if waiting is not None:
                    return self._admit_later(call, rule, waiting, left)
                if call.answered is not None:
                    return None
        except Fault as refused:
            _blame(refused, call, rule)
            raise
        return None

    async def _admit_later(self, call: Call, rule: Rule, waiting: Awaitable[None], left: Iterator[Rule]) -> None:
        """The same, from a rule on that waits."""
        try:
            await waiting
            while call.answered is None and (then := next(left, None)) is not None:
                rule = then
                again = rule.admit(call)
                if again is not None:
                    await again
        except Fault as refused:
            _blame(refused, call, rule)
            raise

    def settle(self, call: Call, ending: Ending) -> None:
        """Tell every rule that wants to know how the call ended, and count it."""
        for rule in call.governed.settlers:
            rule.settle(call, ending)
        governed = call.governed
        CALLS.count(governed.id, governed.labels, ending.status, ending.took)
        if ending.refused_at:
            REFUSALS.labels(*governed.labels, ending.reason, ending.limit).inc()

    def settle_unrouted(
        self, context: Context, method: str, ending: Ending, *, caller: Caller | None = None, address: str = ""
    ) -> None:
        """Record what meets no operation, hence no rules: a call to something that is not offered, a message to the
        tools. A refusal is kept as refusals are, anything else as calls are."""
        CALLS.count("", ("", ""), ending.status, ending.took)
        if ending.reason:
            REFUSALS.labels("", "", ending.reason, ending.limit).inc()
        if self.services.trail is not None:
            self.services.trail.add(
                Entry(
                    at=self.services.clock(),
                    about=About(operation=method, retention=REFUSALS_KEPT if ending.reason else STANDARD),
                    caller=caller,
                    status=ending.status,
                    reason=ending.reason,
                    policy=ending.refused_at,
                    stage="route" if ending.reason else "",
                    limit=ending.limit,
                    address=address,
                    request_id=context.request_id,
                    traceparent=context.traceparent,
                    tool=context.tool,
                    took=ending.took,
                )
            )

    async def call(
        self,
        api: Api,
        operation: str,
        caller: Caller,
        arguments: Mapping[str, Any],
        invoke: Callable[[], Awaitable[Any]],
    ) -> Any:
        """A direct call from a tier in this process: the same rules, the same fault, the same record, no HTTP.

        `operation` is an operationId; `invoke` makes the call once it is admitted.
        """
        context = msgspec.structs.replace(current(), caller=caller)
        governed = self._plan.governed(api, operation)
        if governed is None:
            refused = NotOffered(f"No policy lists {operation} of {api.key}.")
            self.settle_unrouted(context, operation, Ending(status=refused.status, reason=refused.reason))
            raise refused
        if governed.upstream:
            unbound = NotBound(
                f"{governed.id} is served at the upstream {governed.upstream!r}: a tier in this process cannot ask it "
                "without HTTP."
            )
            self.settle_unrouted(context, operation, Ending(status=unbound.status, reason=unbound.reason))
            raise unbound
        call = Call(
            governed=governed,
            services=self.services,
            request_id=context.request_id,
            traceparent=context.traceparent,
            arguments=dict(arguments),
            caller=caller,
        )
        inner = msgspec.structs.replace(context, traceparent=child_of(context.traceparent))
        try:
            answer = await self._run(call, inner, invoke)
        except Fault:
            await recorded(call)
            raise
        await recorded(call)
        return answer

    async def _run(self, call: Call, context: Context, invoke: Callable[[], Awaitable[Any]]) -> Any:
        started = time.perf_counter()
        status, reason, refused_at, limit, answer = 499, "cancelled", "", "", None
        try:
            try:
                waiting = self.admit(call)
                if waiting is not None:
                    await waiting
            except Fault as refused:
                refused_at, limit = refused.facts["policy"], refused.facts.get("limit", "")
                raise
            with use(context.on_behalf(call.criticality)):
                answer = await invoke()
            status, reason = _status(call), ""
        except Fault as fault:
            status, reason = fault.status, fault.reason
            raise
        except Exception as bug:
            # Over HTTP a bug leaves as this fault too: a caller must not be able to tell the deployments apart.
            log.exception("unexpected", operation=call.governed.id)
            status, reason = Broken.status, Broken.reason
            raise Broken("Something failed on our side; the request id finds it in our log.") from bug
        finally:
            took = time.perf_counter() - started
            ending = Ending(status=status, reason=reason, refused_at=refused_at, limit=limit, took=took, answer=answer)
            self.settle(call, ending)
        return answer


def _blame(refused: Fault, call: Call, rule: Rule | None) -> None:
    call.refused_by = rule
    refused.facts.setdefault("policy", rule.where if rule is not None else call.governed.where)


def _status(call: Call) -> int:
    return getattr(call.governed.operation, "status", 200)
