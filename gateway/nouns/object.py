"""`object: {account_id: account_id}`: a path parameter must be what a claim of the token says.

`object: {code: {lookup: owner_of_project, claim: account_id}}` asks the API's own look-up whose the thing is, and that
must be what the claim says. Someone else's object answers 404, the same whether it exists or not: a 403 would say that
it does (OWASP API1). A look-up that fails lets nobody through: 503. Where a tier calls, the claim is that of the person
it acts for.
"""

from collections.abc import Awaitable, Mapping
from typing import Any

import msgspec

from canonical.faults import Fault, NotFound
from foundation.api import Api, PageOperation
from foundation.context import Caller
from gateway.call import Call
from gateway.conversion import did_you_mean
from gateway.noun import Noun, Rule, Site
from gateway.refusals import LookupFailed


class Owned(msgspec.Struct, frozen=True, kw_only=True):
    """A thing whose owner must be asked for."""

    lookup: str
    """One of the API's own look-ups: from the path parameter to the owner."""
    claim: str
    """The claim that must name the owner."""


class ObjectRule(Rule):
    """Binds path parameters to claims."""

    refuses: tuple[type[Fault], ...] = (NotFound,)

    def __init__(self, where: str, bound: Mapping[str, str]) -> None:
        super().__init__(where)
        self._bound = tuple(bound.items())

    def admit(self, call: Call) -> Awaitable[None] | None:
        claims = call.caller.claims if call.caller else {}
        for parameter, claim in self._bound:
            if _said(claims, claim) is None or _said(claims, claim) != call.arguments.get(parameter):
                raise _nothing()
        return None


class OwnerRule(ObjectRule):
    """Binds path parameters to claims, some of them by whose they are."""

    refuses = (NotFound, LookupFailed)

    def __init__(self, where: str, api: Api, bound: Mapping[str, str], owned: Mapping[str, Owned]) -> None:
        super().__init__(where, bound)
        self._api = api
        self._owned = tuple(owned.items())

    def admit(self, call: Call) -> Awaitable[None] | None:
        super().admit(call)
        # In front of a tier elsewhere nobody can say whose it is; that tier runs the same plan and asks.
        return self._ask(call) if call.served_here else None

    async def _ask(self, call: Call) -> None:
        caller = call.caller or Caller(subject="", client="")
        for parameter, owned in self._owned:
            claimed = _said(caller.claims, owned.claim)
            value = str(call.arguments.get(parameter, ""))
            # Asked also for a caller who can own nothing: how long it takes says nothing.
            owner = await call.services.lookups.owner(self._api, owned.lookup, caller, value)
            if owner is None or owner != claimed:
                raise _nothing()


def _said(claims: Mapping[str, Any], claim: str) -> str | None:
    """A claim that can name a thing; true and false, lists and nothing cannot."""
    found = claims.get(claim)
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) and found != "" else None


def _nothing() -> NotFound:
    return NotFound("There is no such thing for this caller.")


def build(site: Site) -> Rule | None:
    """Each parameter must be one of the operation's path, each look-up one of its API."""
    said: dict[str, str | Owned] | None = site.said("object")
    if not said:
        return None
    operation = site.operation
    known = [] if isinstance(operation, PageOperation) else [p.name for p in operation.parameters if p.place == "path"]
    owned = {parameter: by for parameter, by in said.items() if isinstance(by, Owned)}
    for parameter in said:
        if parameter not in known:
            site.problem("object", f"{parameter!r} is not in its path{did_you_mean(parameter, known)}")
    for by in owned.values():
        if by.lookup not in site.api.lookups:
            hint = did_you_mean(by.lookup, site.api.lookups) or "; it offers none"
            site.problem("object", f"{site.api.name} has no look-up {by.lookup!r}{hint}")
    bound = {parameter: by for parameter, by in said.items() if isinstance(by, str)}
    where = site.where("object")
    return OwnerRule(where, site.api, bound, owned) if owned else ObjectRule(where, bound)


NOUN = Noun(name="object", stage="object", build=build, operation=dict[str, str | Owned])
