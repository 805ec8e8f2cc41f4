"""What differs between two policy folders, in sentences: who gains or loses access, and what else is not as it was.

Compared is what holds, not how it is written: a value moved into the defaults is no difference.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal

import msgspec

from gateway.authoring.effective import ANYBODY, Effective, Value
from gateway.networks import Network, beyond, networks
from gateway.nouns.scopes import AllScopes, AnyScope
from gateway.plan import Plan

Effect = Literal["gains access", "loses access", "access changes", "limits", "rules", "lifecycle", "audit", "other"]
EFFECTS: Final[tuple[Effect, ...]] = (
    "gains access", "loses access", "access changes", "limits", "rules", "lifecycle", "audit", "other",
)  # fmt: skip
_DECIDES_ACCESS: Final = ("access", "scopes", "layer", "products", "public", "object", "claims", "roles", "keys")
_ANY_OF: Final = re.compile(r"^(access\.(issuers|bound_by)|roles|claims\.[^.]+|roles\.yaml: .*|issuers\.[^.]+\.alg)$")
"""Lists of which one is enough, so that one more lets more in."""
_KINDS: Final[dict[str, Effect]] = {"limits": "limits", "rules": "rules", "versions": "lifecycle", "audit": "audit"}


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as it was."""

    effect: Effect
    operation: str
    sentence: str
    old: str = ""
    """`file:line` where it stood; empty where it did not."""
    new: str = ""
    """`file:line` where it stands; empty where it does not."""

    def __str__(self) -> str:
        return f"{self.new or self.old}: {self.operation}: {self.sentence}"


def differences(
    old: Mapping[str, Effective], new: Mapping[str, Effective], old_plan: Plan, new_plan: Plan
) -> list[Difference]:
    """All of them: gains of access first."""
    found: list[Difference] = []
    for key in sorted({*old, *new}):
        if key not in old:
            found.append(_appears(new[key]))
        elif key not in new:
            found.append(_goes(old[key]))
        else:
            found += _between(old[key], new[key], _scopes(old_plan, key), _scopes(new_plan, key))
    return sorted(found, key=lambda each: (EFFECTS.index(each.effect), each.operation))


def _appears(new: Effective) -> Difference:
    return Difference(
        effect="gains access", operation=new.operation, sentence=f"can be called now, by {who(new)}", new=new.where
    )


def _goes(old: Effective) -> Difference:
    return Difference(
        effect="loses access",
        operation=old.operation,
        sentence=f"cannot be called any more; it was by {who(old)}",
        old=old.where,
    )


def who(found: Effective) -> str:
    """Who reaches an operation at all, given the right token."""
    if found.public:
        return "anybody, without a token"
    if found.layer == "system":
        return "the process tier"
    return ", ".join([*found.clients, *(["the experience tier"] if found.layer == "process" else [])]) or "nobody"


def _between(old: Effective, new: Effective, before: "_Asked | None", after: "_Asked | None") -> Iterator[Difference]:
    if old.public != new.public:
        sentence = (
            f"anybody may call it without a token; it was {who(old)}"
            if new.public
            else f"needs a token now, and only {who(new)} may call it; it was public"
        )
        effect: Effect = "gains access" if new.public else "loses access"
        yield Difference(effect=effect, operation=new.operation, sentence=sentence, old=old.where, new=new.where)
        yield from _of_addresses(old, new)
        return
    yield from _of_clients(old, new)
    yield from _of_addresses(old, new)
    told = {"public", "products", "addresses"}
    if before is not None and after is not None and before != after:
        told.add("scopes")
        yield from _of_scopes(old, new, before, after)
    yield from _of_values(old, new, told)


def _of_clients(old: Effective, new: Effective) -> Iterator[Difference]:
    for client, where in new.clients.items():
        if client not in old.clients:
            sentence = f"the client {client} may call it; it could not before"
            yield Difference(effect="gains access", operation=new.operation, sentence=sentence, new=where)
    for client, where in old.clients.items():
        if client not in new.clients:
            sentence = f"the client {client} may not call it any more"
            yield Difference(effect="loses access", operation=new.operation, sentence=sentence, old=where)


def _of_addresses(old: Effective, new: Effective) -> Iterator[Difference]:
    """Whence those may call who could and still can."""
    still = [ANYBODY] if old.public and new.public else [client for client in new.clients if client in old.clients]
    for client in still:
        before, after = _networks(old, client), _networks(new, client)
        places = {"operation": new.operation, "old": _listed_at(old), "new": _listed_at(new)}
        more, fewer = beyond(after, before), beyond(before, after)
        if more is None or more:
            sentence = f"{client} may call it from {_these(more)} too; it was {_these(before)} only"
            yield Difference(effect="gains access", sentence=sentence, **places)
        if fewer is None or fewer:
            sentence = f"{client} may not call it from {_these(fewer)} any more, but from {_these(after)} only"
            if fewer is None:
                sentence = f"{client} may call it from {_these(after)} only; it was from anywhere"
            yield Difference(effect="loses access", sentence=sentence, **places)


def _networks(found: Effective, client: str) -> list[Network] | None:
    said = found.addresses.get(client)
    return list(networks(said)) if said else ([] if said is not None else None)


def _these(listed: list[Network] | None) -> str:
    if listed is None:
        return "anywhere"
    return ", ".join(map(str, listed)) or "nowhere"


def _listed_at(found: Effective) -> str:
    """The line that lists networks: the operation's own, else that of a product."""
    said = [value for value in found.values if value.path.endswith("addresses") and not value.default]
    return next((value.where for value in said), found.where)


class _Asked(msgspec.Struct, frozen=True):
    """The scopes an operation asks for."""

    scopes: frozenset[str]
    all: bool

    def lets(self, other: "_Asked") -> bool:
        """Whether every token that is good for `other` is good here."""
        if self.all and other.all:
            return self.scopes <= other.scopes
        if self.all:  # the other wants any one: each one alone must hold all of ours
            return all(self.scopes <= {scope} for scope in other.scopes)
        return bool(self.scopes & other.scopes) if other.all else other.scopes <= self.scopes

    def __str__(self) -> str:
        return f"{'all' if self.all else 'any'} of {', '.join(sorted(self.scopes))}"


def _scopes(plan: Plan, key: str) -> _Asked | None:
    for rule in plan.operations[key].rules:
        if isinstance(rule, AllScopes | AnyScope):
            return _Asked(frozenset(rule.scopes), isinstance(rule, AllScopes))
    return None


def _of_scopes(old: Effective, new: Effective, before: _Asked, after: _Asked) -> Iterator[Difference]:
    places = {"operation": new.operation, "old": _where(old, "scopes"), "new": _where(new, "scopes")}
    if not before.lets(after):
        sentence = f"tokens that lacked a scope are enough now: it asks for {after}, and asked for {before}"
        yield Difference(effect="gains access", sentence=sentence, **places)
    if not after.lets(before):
        sentence = f"tokens that were enough lack a scope now: it asks for {after}, and asked for {before}"
        yield Difference(effect="loses access", sentence=sentence, **places)


def _where(found: Effective, path: str) -> str:
    return next((value.where for value in found.values if value.path.partition(".")[0] == path), found.where)


def _of_values(old: Effective, new: Effective, told: Iterable[str]) -> Iterator[Difference]:
    before = {value.path: value for value in old.values if value.noun not in told}
    after = {value.path: value for value in new.values if value.noun not in told}
    # A plan's limits come and go with the clients that have the plan, of which was told above.
    same_clients = old.clients.keys() == new.clients.keys()
    for path in dict.fromkeys([*before, *after]):
        if path.startswith("plans.") and not same_clients and not (path in before and path in after):
            continue
        one, other = before.get(path), after.get(path)
        if one is None or other is None or one.said != other.said:
            yield _of_value(new.operation, path, one, other)


def _of_value(operation: str, path: str, old: Value | None, new: Value | None) -> Difference:
    there = new or old
    assert there is not None
    if old is not None and new is not None and there.noun in _DECIDES_ACCESS and _ANY_OF.search(path):
        changed = _of_list(old.said, new.said)
        if changed is not None:
            effect, sentence = changed[0], f"{path}: {changed[1]}"
            return Difference(effect=effect, operation=operation, sentence=sentence, old=old.where, new=new.where)
    if old is None:
        sentence, effect = f"{path} is {there.said} now; nothing was said", "loses access"
    elif new is None:
        sentence, effect = f"{path} is not said any more; it was {old.said}", "gains access"
    else:
        sentence, effect = f"{path} is {new.said} now; it was {old.said}", "access changes"
    if there.noun not in _DECIDES_ACCESS:
        effect = _KINDS.get(there.noun, "other")
    return Difference(
        effect=effect,
        operation=operation,
        sentence=sentence,
        old=old.where if old is not None else "",
        new=new.where if new is not None else "",
    )


def _of_list(old: str, new: str) -> tuple[Effect, str] | None:
    """What was added to, or taken from, a list of which one is enough; None where it is no list, or both."""
    if not (old.startswith("[") and new.startswith("[")):
        return None
    before, after = ({each for each in said[1:-1].split(", ") if each} for said in (old, new))
    more, fewer = sorted(after - before), sorted(before - after)
    if more and not fewer:
        return "gains access", f"{', '.join(more)} is enough too now; it was {old}"
    if fewer and not more:
        return "loses access", f"{', '.join(fewer)} is not enough any more; it is {new}"
    if more and fewer:
        return "access changes", f"{', '.join(more)} is enough now, and {', '.join(fewer)} is not any more"
    return None
