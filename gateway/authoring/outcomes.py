"""Running the tests of a policy, and saying which operations they leave open."""

import asyncio
from collections.abc import Iterable, Sequence

import msgspec

from gateway.authoring.cases import Case, Given, Then
from gateway.authoring.simulated import Answer, Simulated
from gateway.plan import Plan


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one case."""

    case: Case
    status: int
    reason: str
    wrong: str = ""
    """Why it failed; empty where it did not."""

    def __str__(self) -> str:
        return f"{self.case.where}: {self.case.operation}: {self.wrong or 'as it must be'}"


class Uncovered(msgspec.Struct, frozen=True, kw_only=True):
    """An operation of which a test is missing."""

    operation: str
    where: str
    missing: list[str]
    """Of `allow` and `deny`."""

    def __str__(self) -> str:
        return f"{self.where}: {self.operation}: no test of its {' and '.join(self.missing)}"


def run(plan: Plan, found: Sequence[Case]) -> list[Outcome]:
    """Ask every case of a plan."""
    return asyncio.run(_run(plan, found))


async def _run(plan: Plan, found: Sequence[Case]) -> list[Outcome]:
    simulated = Simulated(plan)
    return [await outcome(simulated, case) for case in found]


async def outcome(simulated: Simulated, case: Case) -> Outcome:
    """Ask one case."""
    if case.operation not in simulated.plan.operations:
        return Outcome(case=case, status=0, reason="", wrong="no policy lists it")
    if case.given.issuer and case.given.issuer not in simulated.plan.issuers:
        return Outcome(case=case, status=0, reason="", wrong=f"there is no issuer {case.given.issuer!r}")
    *before, last = await simulated.ask(case.given, case.operation)
    early = next((n for n, answer in enumerate(before, 1) if answer.status >= 400), 0)
    wrong = f"call {early} of {len(before) + 1} was refused already" if early else _differs(case.then, last)
    return Outcome(case=case, status=last.status, reason=last.problem.reason if last.problem else "", wrong=wrong)


def uncovered(plan: Plan, outcomes: Iterable[Outcome]) -> list[Uncovered]:
    """Operations without a test that is let in, or without one that is refused (a public one refuses nobody)."""
    seen: dict[str, set[str]] = {key: set() for key in plan.operations}
    for each in outcomes:
        if not each.wrong:
            seen[each.case.operation].add("deny" if each.status >= 400 else "allow")
    return [
        Uncovered(operation=key, where=governed.where, missing=missing)
        for key, governed in sorted(plan.operations.items())
        if (missing := [side for side in ("allow", *(() if governed.public else ("deny",))) if side not in seen[key]])
    ]


def _differs(then: Then, answer: Answer) -> str:
    reason = answer.problem.reason if answer.problem else ""
    said = f"{answer.status}{f' {reason}' if reason else ''}"
    if reason and answer.problem and answer.problem.detail:
        said += f" ({answer.problem.detail})"
    if then.status and answer.status != then.status:
        return f"must be {then.status}{f' {then.reason}' if then.reason else ''}, is {said}"
    if reason != then.reason:
        return f"must be {then.reason or 'let in'}, is {said}"
    limit = answer.problem.facts.get("limit", "") if answer.problem else ""
    if then.limit and limit != then.limit:
        return f"must name the limit {then.limit!r}, names {limit!r}"
    return next((wrong for name, value in then.header.items() if (wrong := _header(name, value, answer))), "")


def _header(name: str, wanted: str, answer: Answer) -> str:
    values = [value for header, value in answer.headers if header == name.lower()]
    if wanted.startswith("~"):
        return "" if any(wanted[1:] in value for value in values) else f"no {name} holds {wanted[1:]!r}: {values}"
    return "" if wanted in values else f"{name} must be {wanted!r}, is {values or 'not there'}"


def told(given: Given) -> str:
    """A caller in words."""
    who = given.client or (f"a client with the plan {given.plan}" if given.plan else "")
    who = who or (f"the {given.tier} tier" if given.tier else "")
    if given.key:
        return f"{given.client} with an API key"
    if given.anonymous:
        return "a caller without a token"
    holding = f"the scopes {', '.join(given.scopes)}" if given.scopes else "no scope"
    when = f", on {given.at}" if given.at else ""
    often = f", {given.times} times at once" if given.times > 1 else ""
    if given.bound:
        kind = {"dpop": "a DPoP key", "mtls": "a client certificate"}[given.bound]
        holding += f", bound to {kind}" + ("" if given.proven else " that it does not show")
    return f"{who or 'somebody'} with {holding}{when}{often}"
