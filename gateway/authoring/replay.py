"""Recorded calls decided again, on other policies: who would be treated differently, and at which line.

A record says what its decision depended on: who called, with which scopes, roles and claims, from which tier, what, and
when. So the rules themselves are asked again, in the order of the calls, by the clock of each call, with nothing spent
at the beginning. What stands in no record cannot be asked again (whether a token was good, from which address it came,
what a body held, how large a refused one was, how many calls were under way at once): a call that was refused for such
a reason is left out, and counted.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from canonical.faults import Fault
from foundation.context import Caller, Layer
from gateway.audit import Facts, Record
from gateway.call import Call, Ending, Http
from gateway.governor import Governor
from gateway.noun import Rule
from gateway.plan import Governed, Plan
from gateway.refusals import NotOffered, TokenMissing, TokenRefused

_NOT_ON_RECORD: Final = ("access", "addresses", "validate", "rules", "idempotency")
"""Nouns that look at what no record holds; of `access` what can be said is said here."""
_LEFT_OUT: Final = (*_NOT_ON_RECORD, "body_max")
"""Nouns whose refusals cannot be decided again."""
_WOULD_GO_ON: Final = "its token would decide"
"""What is known of a call that was refused before anybody asked who calls, and would not be any more."""
_OUTSIDE: Final[Layer] = "external"


class Decision(msgspec.Struct, frozen=True):
    """What came of one call at the gateway: let in where there is no reason."""

    reason: str = ""
    policy: str = ""
    """The line, `file:line`."""


class Treated(msgspec.Struct, frozen=True, kw_only=True):
    """Calls of one client that would be treated differently, all in the same way."""

    client: str
    operation: str
    calls: int
    was: str
    """The reason they were refused for; empty where they were let in."""
    was_at: str
    would_be: str
    would_be_at: str

    def __str__(self) -> str:
        many = f"{self.calls} call{'s' * (self.calls > 1)} to {self.operation}"
        return f"{self.client or 'callers without a token'}: {many} {self._change()}"

    def _change(self) -> str:
        were, would = "were" if self.calls > 1 else "was", f"{self.would_be} at {self.would_be_at}"
        if not self.was:
            return f"{were} let in and would be refused: {would}"
        if not self.would_be:
            return f"{were} refused ({self.was} at {self.was_at}) and would be let in: listed at {self.would_be_at}"
        return f"{were} refused for another reason ({self.was} at {self.was_at}); it would be {would}"


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a whole period."""

    decided: int
    """Calls that were decided again."""
    left_out: int
    """Calls of which the record does not hold enough."""
    differently: list[Treated]


async def replay(records: Iterable[Record], plan: Plan) -> Replay:
    """Decide each record again on a plan; they come oldest first."""
    now = 0.0
    governor = Governor(plan, clock=lambda: now)
    found: Counter[tuple[str, str, Decision, Decision]] = Counter()
    decided = left_out = 0
    for record in records:
        if not record.api or (record.rule in _LEFT_OUT and record.reason != TokenMissing.reason):
            left_out += 1
            continue
        decided += 1
        now = datetime.fromisoformat(record.at).timestamp()
        key = f"{record.api}-{record.version}.{record.operation}"
        before = Decision(record.reason, record.policy) if record.policy else Decision()
        after = await _decided(record, plan.operations.get(key), governor)
        if record.stage == "version" and after.reason == TokenMissing.reason:
            after = Decision(_WOULD_GO_ON, after.policy)
        if before.reason != after.reason:
            found[record.client, key, before, after] += 1
    return Replay(
        decided=decided,
        left_out=left_out,
        differently=[
            Treated(
                client=client,
                operation=key,
                calls=calls,
                was=before.reason,
                was_at=before.policy,
                would_be=after.reason,
                would_be_at=after.policy,
            )
            for (client, key, before, after), calls in sorted(found.items(), key=lambda item: (item[0][:2], -item[1]))
        ],
    )


async def _decided(record: Record, governed: Governed | None, governor: Governor) -> Decision:
    if governed is None:
        return Decision(NotOffered.reason, "no line: no policy lists it")
    facts = Facts.of(record)
    call = Call(
        governed=governed,
        services=governor.services,
        request_id=record.request_id,
        traceparent="",
        arguments=dict(facts.arguments),
        caller=_caller(record, facts),
        http=Http(headers={"content-length": str(facts.size), "api-version": facts.version}, address=facts.address),
    )
    try:
        for rule in governed.rules:
            if rule.noun in _NOT_ON_RECORD:
                _known_caller(rule, call, record)
                continue
            waiting = rule.admit(call)
            if waiting is not None:
                await waiting
    except Fault as refused:
        return Decision(refused.reason, refused.facts.get("policy") or _where(governed, refused))
    finally:
        governor.settle(call, Ending(status=record.status))
    return Decision("", governed.where)


def _known_caller(rule: Rule, call: Call, record: Record) -> None:
    """Of `access`: whether somebody came at all, and from an issuer whose tokens the API takes."""
    if rule.noun != "access":
        return
    if call.caller is None:
        raise TokenMissing(policy=rule.where)
    if record.issuer and record.issuer not in call.governed.issuers:
        raise TokenRefused(policy=rule.where)


def _where(governed: Governed, refused: Fault) -> str:
    able = [rule.where for rule in governed.rules if any(isinstance(refused, kind) for kind in rule.refuses)]
    return able[0] if able else governed.where


def _caller(record: Record, facts: Facts) -> Caller | None:
    if not record.client and not record.subject:
        return None
    layer: Layer = facts.tier if facts.tier in ("experience", "process", "system") else _OUTSIDE  # type: ignore[assignment]  # one of the three
    return Caller(
        subject=record.subject,
        client=record.client,
        issuer=record.issuer,
        scopes=frozenset(record.scopes.split()),
        layer=layer,
        acted_for=tuple(record.acted_for.split()),
        roles=frozenset(facts.roles),
        claims=facts.claims,
    )
