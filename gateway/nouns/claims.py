"""`claims: {amr: mfa, max_age: 5m}`: what the token must say of the caller, and of how and when they signed in.

A list is one of: `{acr: [silver, gold]}`. A claim that is itself a list must contain it. `amr`, `acr` and `max_age`
(seconds since `auth_time`) are about the sign-in: where they are not met the caller is told to sign in again, better
(RFC 9470). Any other claim that is not as asked is a refusal for good. Where a tier calls, the claims are those of the
person it acts for.
"""

import difflib
from typing import Any, Final

from gateway.call import Call
from gateway.noun import Noun, Rule, Site
from gateway.refusals import ClaimMissing, InsufficientUserAuthentication
from gateway.words import Duration

Word = str | bool | int
Claims = dict[str, Word | list[Word]]

_SIGN_IN: Final = ("amr", "acr", "max_age")
_ELSEWHERE: Final = {
    "scope": "scopes",
    "roles": "roles",
    "iss": "access",
    "aud": "access",
    "exp": "access",
    "auth_time": "max_age",
}
"""Claims that another word of the language is about."""


class ClaimsRule(Rule):
    """What one operation asks of a token's claims."""

    refuses = (InsufficientUserAuthentication, ClaimMissing)

    def __init__(self, where: str, said: dict[str, frozenset[tuple[type, Word]]], max_age: float | None) -> None:
        super().__init__(where)
        self._sign_in = tuple((name, said[name]) for name in ("acr", "amr") if name in said)
        self._others = tuple((name, values) for name, values in said.items() if name not in _SIGN_IN)
        self._max_age = max_age
        self._asked = {"acr_values": " ".join(sorted(str(value) for _, value in said.get("acr", ())))}
        self._asked |= {"max_age": str(int(max_age))} if max_age is not None else {}
        self._asked = {name: value for name, value in self._asked.items() if value}

    def admit(self, call: Call) -> None:
        claims = call.caller.claims if call.caller else {}
        for name, wanted in self._others:
            if wanted.isdisjoint(_typed(claims.get(name))):
                raise ClaimMissing(f"The token's claim {name!r} is not what this operation asks for.", claim=name)
        for name, wanted in self._sign_in:
            if wanted.isdisjoint(_typed(claims.get(name))):
                how = ", ".join(sorted(str(value) for _, value in wanted))
                raise self._better(f"with {name} {how}")
        if self._max_age is not None:
            at = claims.get("auth_time")
            if at is None or type(at) not in (int, float) or call.services.clock() - float(at) > self._max_age:
                raise self._better(f"not older than {int(self._max_age)} seconds")

    def _better(self, how: str) -> InsufficientUserAuthentication:
        """All that is asked of the sign-in, so that one new one is enough."""
        refused = InsufficientUserAuthentication(f"This asks for a sign-in {how}.")
        refused.facts.update(self._asked)
        return refused


def _typed(said: Any) -> set[tuple[type, Word]]:
    """A claim's values with their types: `true` is not 1, nor is "1"."""
    return {(type(each), each) for each in (said if isinstance(said, list) else (said,)) if isinstance(each, Word)}


def build(site: Site) -> Rule | None:
    """Nothing where no claim is asked for."""
    said: Claims | None = site.said("claims")
    if said is None:
        return None
    if not said:
        site.problem("claims", "claims names no claim; leave it out, or write it like {amr: mfa}")
    if site.said("public"):
        site.problem("claims", "is public and asks for claims; without a token there are none")
    wanted: dict[str, frozenset[tuple[type, Word]]] = {}
    max_age: float | None = None
    for name, value in said.items():
        if name == "max_age":
            max_age = _age(site, value)
            continue
        if hint := _elsewhere(name):
            site.problem("claims", f"claims.{name}: {hint}")
        wanted[name] = frozenset(_typed(value))
        if not wanted[name]:
            site.problem("claims", f"claims.{name} lists nothing, so nobody could have it")
        for _, word in wanted[name] if name in _SIGN_IN else ():
            if not isinstance(word, str) or not word or any(not "!" <= c <= "~" or c in '"\\' for c in word):
                site.problem("claims", f"claims.{name}: {word!r} is not one word of a challenge (RFC 9470 section 3)")
    return ClaimsRule(site.where("claims"), wanted, max_age)


def _age(site: Site, value: Word | list[Word]) -> float | None:
    try:
        return float(Duration.read(value))
    except ValueError as wrong:
        site.problem("claims", f"claims.max_age: {wrong}")
        return None


def _elsewhere(name: str) -> str:
    """Why a claim's name is probably not meant; empty when it may be."""
    if name in _ELSEWHERE:
        return f"what it says is asked for by `{_ELSEWHERE[name]}`"
    for known in _SIGN_IN:
        near = sorted(name) == sorted(known) or difflib.SequenceMatcher(None, name, known).ratio() > 0.75
        if name != known and near:
            return f"no issuer has such a claim (did you mean {known!r}?)"
    return ""


NOUN = Noun(name="claims", stage="claims", build=build, operation=Claims)
