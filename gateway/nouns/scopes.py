"""`scopes: [a, b]`: the token must carry all of them. `scopes: {any: [a, b]}`: one is enough, and that must be said."""

import msgspec

from foundation.api import one_set
from gateway.call import Call
from gateway.noun import Noun, Rule, Site
from gateway.refusals import MissingScope


class AnyOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of these is enough."""

    any: list[str]


Scopes = list[str] | AnyOf


class AllScopes(Rule):
    """Refuses a token that lacks one; names all that are missing."""

    refuses = (MissingScope,)

    def __init__(self, where: str, scopes: list[str]) -> None:
        super().__init__(where)
        self.scopes = tuple(scopes)
        self._needed = one_set(self.scopes)

    def admit(self, call: Call) -> None:
        held = call.caller.scopes if call.caller else frozenset()
        if not self._needed <= held:
            missing = " ".join(scope for scope in self.scopes if scope not in held)
            raise MissingScope(f"The token lacks the scope {missing}.", scope=missing)


class AnyScope(Rule):
    """Refuses a token that carries none of them."""

    refuses = (MissingScope,)

    def __init__(self, where: str, scopes: list[str]) -> None:
        super().__init__(where)
        self.scopes = tuple(scopes)
        self._enough = one_set(self.scopes)

    def admit(self, call: Call) -> None:
        if call.caller is None or self._enough.isdisjoint(call.caller.scopes):
            raise MissingScope(
                f"The token needs one of the scopes {', '.join(self.scopes)}.", scope=" ".join(self.scopes)
            )


def build(site: Site) -> Rule | None:
    """Every operation has scopes, or says that it is public."""
    said: Scopes | None = site.said("scopes")
    where = site.where("scopes")
    listed = said.any if isinstance(said, AnyOf) else said or []
    if site.said("public"):
        if said is not None:
            site.problem("scopes", "is public and has scopes; keep one of the two")
        return None
    if not listed:
        site.problem("scopes", "needs scopes, or public: true")
        return None
    for scope in listed:
        if not scope or not all(c == "!" or "#" <= c <= "[" or "]" <= c <= "~" for c in scope):
            site.problem(
                "scopes", f"{scope!r} is not a scope, which has no space or quote in it (RFC 6749 section 3.3)"
            )
    return AnyScope(where, listed) if isinstance(said, AnyOf) else AllScopes(where, listed)


NOUN = Noun(name="scopes", stage="scopes", build=build, operation=Scopes)
