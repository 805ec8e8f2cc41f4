"""What differs between two policy folders, in sentences: who gains or loses access, and what else is not as it was.

Compared is what holds, not how it is written: a value moved into the defaults is no difference.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal

import msgspec

from gateway.authoring.effective import Effective, Value
from gateway.nouns.scopes import AllScopes, AnyScope
from gateway.plan import Plan

Effect = Literal["gains access", "loses access", "access changes", "limits", "lifecycle", "audit", "other"]
EFFECTS: Final[tuple[Effect, ...]] = (
    "gains access", "loses access", "access changes", "limits", "lifecycle", "audit", "other",
)  # fmt: skip
_DECIDES_ACCESS: Final = ("access", "scopes", "layer", "products", "public", "object", "claims", "roles", "keys")
_KINDS: Final[dict[str, Effect]] = {"limits": "limits", "versions": "lifecycle", "audit": "audit"}


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
        return
    yield from _of_clients(old, new)
    told = {"public", "products"}
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
    if old is None:
        sentence, effect = f"{path} is {there.said} now; nothing was said", "loses access"
    elif new is None:
        sentence, effect = f"{path} is not said any more; it was {old.said}", "gains access"
    else:
        sentence, effect = f"{path} is {new.said} now; it was {old.said}", "access changes"
    if there.noun not in _DECIDES_ACCESS:
        effect = _KINDS.get(there.noun, "other")
    return Difference(
        effect=effect,  # type: ignore[arg-type]  # one of them, chosen above
        operation=operation,
        sentence=sentence,
        old=old.where if old is not None else "",
        new=new.where if new is not None else "",
    )
