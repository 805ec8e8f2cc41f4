"""What Envoy cannot say of the policies. All of it stays enforced by the gateway behind it, on the same plan."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from gateway.challenges import asks_of
from gateway.envoy.counting import DEPTH, clients_with, own, planned, uncounted
from gateway.envoy.judging import CLIENTS_MAX, KEYS_KEPT, LEEWAY, clients_of
from gateway.noun import nouns
from gateway.nouns.choose import Choice
from gateway.nouns.products import ProductRule
from gateway.plan import Governed, Plan

SAID: Final = frozenset({"access", "body_max", "choose", "layer", "limits", "products", "public", "scopes", "versions"})
"""Nouns that Envoy enforces, but for what is said below."""
_WHY: Final[Mapping[str, str]] = {
    "addresses": "from which networks a client calls depends on its product",
    "audit": "the chained record is written where the answer is known; Envoy's access log is no record",
    "cache": "what is kept belongs to one caller or one scope",
    "claims": "a claim that a new sign-in would mend has a challenge of its own",
    "cors": "the questions browsers ask before a call are passed on; of Envoy's own refusals a page reads nothing",
    "criticality": "which calls are shed first is decided by the process that has too much to do",
    "idempotency": "a key and its answer are rows in the platform's database",
    "object": "whose an object is may have to be asked",
    "roles": "who has a role stands in roles.yaml and in groups, and is asked of the person, not of the token",
    "validate": "bodies are judged by the contract",
}


class Left(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One thing that is left to the gateway."""

    noun: str
    says: str
    """What it is, and why."""
    where: tuple[str, ...] = ()
    """The operations, APIs or issuers it is about; empty where it is about all."""

    def __str__(self) -> str:
        shown = ", ".join(self.where[:6]) + (f" and {len(self.where) - 6} more" if len(self.where) > 6 else "")
        return f"{self.noun}: {self.says}{f' ({shown})' if shown else ''}"


def left(plan: Plan) -> list[Left]:
    """Everything, noun by noun."""
    return sorted([*_nouns(plan), *_tokens(plan), *_limits(plan), *_versions(plan), *_products(plan)])


def _nouns(plan: Plan) -> Iterator[Left]:
    """Whatever a noun asks for that is not among those Envoy is told of: one that is new as well."""
    found: dict[str, list[str]] = {}
    for governed in plan.operations.values():
        for rule in {*governed.rules, *governed.settlers, *governed.repliers}:
            if rule.noun not in SAID:
                found.setdefault(rule.noun, []).append(governed.id)
    says = {noun.name: noun.says for noun in nouns()}
    for name, operations in found.items():
        where = () if len(set(operations)) == len(plan.operations) else tuple(sorted(set(operations)))
        yield Left(noun=name, says=_WHY.get(name, says[name]), where=where)


def _tokens(plan: Plan) -> Iterator[Left]:
    issuers = plan.issuers.items()
    yield Left(
        noun="access",
        says=f"a token is refused as expired up to {LEEWAY} s late, and one issued in the future, or with a member "
        "twice, not at all: the gateway is exact",
    )
    yield Left(
        noun="access",
        says=f"an issuer's new key is known {KEYS_KEPT} s after it was published, and a withdrawn one forgotten as "
        "late; until then Envoy refuses what is signed with the new one",
    )
    yield Left(noun="access", says="what a token is bound to (cnf): DPoP proofs and client certificates")
    yield Left(noun="access", says="a token in a form body")
    opaque = tuple(sorted(name for name, issuer in issuers if issuer.introspect))
    if opaque:
        yield Left(noun="access", says="opaque tokens are passed on unjudged: their issuer is asked", where=opaque)
    unnamed = tuple(sorted(name for name, issuer in issuers if {"Ed25519", "Ed448"} & set(issuer.alg)))
    if unnamed:
        says = "Envoy knows Ed25519 by the name EdDSA only, and no Ed448: it refuses tokens that say so"
        yield Left(noun="access", says=says, where=unnamed)
    keyed = {governed.api.key for governed in plan.operations.values() if asks_of(governed).key_header}
    if keyed:
        says = "calls with an API key are passed on unjudged: only a digest of each is known"
        yield Left(noun="access", says=says, where=tuple(sorted(keyed)))
    yield Left(noun="access", says="for whom a tier acts, where it is not said in the token; token exchange")


def _limits(plan: Plan) -> Iterator[Left]:
    every = list(plan.operations.values())
    if any(own(each) or planned(each, plan) for each in every):
        yield Left(
            noun="limits",
            says=f"each Envoy counts for itself, and its buckets hold {DEPTH} times what a limit admits at once: what "
            "holds for the fleet, to the unit, with RateLimit fields, is counted behind, calls of different cost "
            "together",
        )
    places = {limit.name for governed in every for limit in uncounted(governed)}
    if places:
        yield Left(noun="limits", says="how many calls are under way at the same time", where=tuple(sorted(places)))
    plans = {product.plan for product in plan.products.values()}
    crowded = tuple(sorted(name for name in plans if not clients_with(name, plan)))
    if crowded:
        yield Left(noun="limits", says=f"plans that more than {CLIENTS_MAX} clients have", where=crowded)


def _products(plan: Plan) -> Iterator[Left]:
    crowded = tuple(
        sorted(
            governed.id
            for governed in plan.operations.values()
            if any(isinstance(rule, ProductRule) for rule in governed.rules)
            and len(clients_of(governed, plan)) > CLIENTS_MAX
        )
    )
    if crowded:
        says = f"whether a client's product includes an operation that more than {CLIENTS_MAX} clients have"
        yield Left(noun="products", says=says, where=crowded)


def _versions(plan: Plan) -> Iterator[Left]:
    by_header = tuple(sorted({name for name, how in _chosen(plan) if how == "header"}))
    if by_header:
        yield Left(noun="choose", says="a version that is named twice: Envoy goes by the first", where=by_header)
    by_day = {name for name, how in _chosen(plan) if how == "date"}
    if by_day:
        says = "which version a day means: Envoy asks what all of them ask"
        yield Left(noun="choose", says=says, where=tuple(sorted(by_day)))
    ended = tuple(sorted({each.id for each in plan.operations.values() if _with_successor(each)}))
    if ended:
        says = "a refusal of Envoy's links to the successor itself, not to the same thing in it"
        yield Left(noun="versions", says=says, where=ended)


def _chosen(plan: Plan) -> Iterator[tuple[str, str]]:
    """The APIs at addresses that name no version, and how it is chosen there."""
    for offered in plan.router.offers.values():
        yield from ((found.api, found.choose.by) for found in offered.values() if isinstance(found, Choice))


def _with_successor(governed: Governed) -> bool:
    successors = (getattr(rule, "version", None) for rule in governed.rules)
    return "{" in governed.path and any(version is not None and version.successor for version in successors)
