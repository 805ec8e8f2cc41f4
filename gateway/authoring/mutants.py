"""Policies that somebody got wrong, one mistake at a time: each must be noticed by a test of the policy.

    dropped    a rule of an operation is not there: its scopes, its layer, its object binding, its product ...
    narrower   one of several scopes, or one limit, is forgotten
    wider      a product includes one operation more; an operation is public

All of it happens in memory. A mistake that `policy check` refuses is noticed already.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, Final

import msgspec

from canonical.faults import PlatformFault
from foundation.api import Api
from gateway.authoring.cases import Case
from gateway.authoring.outcomes import outcome
from gateway.authoring.simulated import Simulated
from gateway.loader import PolicyError
from gateway.noun import Rule
from gateway.nouns.scopes import AllScopes
from gateway.plan import Governed, Plan, Product, compiled
from gateway.policies import Policies, Policy

_BY_NAME: Final = ("claims", "object", "rules")
"""Nouns that ask for several things by name: each of them may be forgotten."""


class Mutant(msgspec.Struct, frozen=True, kw_only=True):
    """One mistake."""

    says: str
    where: str
    """The line it is made at."""
    operations: frozenset[str]
    """Those it changes something for."""
    made: Callable[[], AbstractContextManager[Plan | None]]
    """The plan with the mistake in it; None where it cannot be loaded."""

    def __str__(self) -> str:
        return f"{self.where}: {self.says}"


async def survivors(
    found: Policies, plan: Plan, apis: Sequence[Api], cases: Sequence[Case], operations: Collection[str] | None = None
) -> tuple[int, list[Mutant]]:
    """How many mistakes were made, and those that no case noticed. All cases must hold without a mistake.

    With `operations` only the mistakes that change nothing but those.
    """
    made, left = 0, []
    quick = sorted(cases, key=lambda case: case.given.times)
    for mutant in mutants(found, plan, apis):
        if operations is not None and not mutant.operations.issubset(operations):
            continue
        made += 1
        with mutant.made() as wrong:
            if wrong is not None and not await _noticed(wrong, [c for c in quick if c.operation in mutant.operations]):
                left.append(mutant)
    return made, left


async def _noticed(plan: Plan, cases: Sequence[Case]) -> bool:
    simulated = Simulated(plan)
    for case in cases:
        if (await outcome(simulated, case)).wrong:
            return True
    return False


def mutants(found: Policies, plan: Plan, apis: Sequence[Api]) -> Iterator[Mutant]:
    """Every mistake, operation by operation, then product by product and plan by plan."""
    by_api = {policy.said["api"]: policy for policy in found.apis}
    for governed in plan.operations.values():
        yield from _dropped(governed, plan)
        yield from _of_operation(governed, by_api[governed.api.name], found, apis, plan)
    for product in {product.name: product for product in plan.products.values()}.values():
        yield from _wider(product, plan)
    yield from _plans(found, plan, apis)


def _dropped(governed: Governed, plan: Plan) -> Iterator[Mutant]:
    for rule in governed.rules:
        # What refuses by the platform's state alone (it sheds load) is not for a caller's test to notice.
        if any(not issubclass(kind, PlatformFault) for kind in rule.refuses):
            others = tuple(other for other in governed.rules if other is not rule)
            noun = type(rule).__module__.rpartition(".")[2]
            yield _ruled(governed, plan, others, rule, f"{noun} is not asked of {governed.id}")
        if isinstance(rule, AllScopes) and len(rule.scopes) > 1:
            for scope in rule.scopes:
                fewer: Rule = AllScopes(rule.where, [other for other in rule.scopes if other != scope])
                rules = tuple(fewer if other is rule else other for other in governed.rules)
                yield _ruled(governed, plan, rules, rule, f"the scope {scope} is not asked of {governed.id}")


def _ruled(governed: Governed, plan: Plan, rules: tuple[Rule, ...], rule: Rule, says: str) -> Mutant:
    return Mutant(
        says=says,
        where=rule.where,
        operations=frozenset({governed.id}),
        made=partial(_with, plan, governed, "rules", rules),
    )


@contextmanager
def _with(plan: Plan, thing: msgspec.Struct, name: str, value: Any) -> Iterator[Plan]:
    """The plan with another value in one place, and as it was afterwards: a plan is quick to change, slow to make."""
    before = getattr(thing, name)
    msgspec.structs.force_setattr(thing, name, value)
    try:
        yield plan
    finally:
        msgspec.structs.force_setattr(thing, name, before)


def _of_operation(
    governed: Governed, policy: Policy, found: Policies, apis: Sequence[Api], plan: Plan
) -> Iterator[Mutant]:
    name = governed.operation.id
    said = policy.said["operations"][name]
    if not governed.public:
        yield _compiled(
            f"{governed.id} is public",
            policy.node.at("operations", name).where,
            {governed.id},
            partial(_edited, found, policy, name, public=True, scopes=None),
            apis,
            plan,
        )
    for noun in _BY_NAME:
        held: dict[str, Any] = getattr(said, noun, None) or {}
        for one in held if len(held) > 1 else ():
            yield _compiled(
                f"{noun}.{one} is not asked of {governed.id}",
                policy.node.at("operations", name, noun).where,
                {governed.id},
                partial(_edited, found, policy, name, **{noun: {k: v for k, v in held.items() if k != one}}),
                apis,
                plan,
            )
    own, otherwise = said.limits, getattr(policy.said["defaults"], "limits", None)
    limits: list[str] = (own if own is not None else otherwise) or []
    for limit in limits:
        yield _compiled(
            f"the limit {limit} is not asked of {governed.id}",
            policy.node.at("operations", name, "limits").where,
            {governed.id},
            partial(_edited, found, policy, name, limits=[other for other in limits if other != limit]),
            apis,
            plan,
        )


def _edited(found: Policies, policy: Policy, operation: str, **changed: Any) -> Policies:
    """The policies with one operation saying something else."""
    operations = dict(policy.said["operations"])
    operations[operation] = msgspec.structs.replace(operations[operation], **changed)
    other = Policy({**policy.said, "operations": operations}, policy.node)
    return msgspec.structs.replace(found, apis=[other if each is policy else each for each in found.apis])


def _compiled(
    says: str, where: str, operations: set[str], edit: Callable[[], Policies], apis: Sequence[Api], plan: Plan
) -> Mutant:
    @contextmanager
    def made() -> Iterator[Plan | None]:
        try:
            yield compiled(edit(), apis, like=plan, but=operations)
        except PolicyError:
            yield None

    return Mutant(says=says, where=where, operations=frozenset(operations), made=made)


def _wider(product: Product, plan: Plan) -> Iterator[Mutant]:
    if product.addresses:
        yield Mutant(
            says=f"the product {product.name} may be used from anywhere",
            where=product.addresses_at,
            operations=product.includes,
            made=partial(_changed, plan, product.name, "addresses", ()),
        )
    for governed in plan.operations.values():
        if governed.id in product.includes or governed.public or governed.layer == "system":
            continue
        more = product.includes | {governed.id}
        yield Mutant(
            says=f"the product {product.name} includes {governed.id}",
            where=product.where,
            operations=frozenset({governed.id}),
            made=partial(_changed, plan, product.name, "includes", more),
        )


@contextmanager
def _changed(plan: Plan, name: str, field: str, value: Any) -> Iterator[Plan]:
    """The plan with another value in a product, which each of its clients may have as an object of its own."""
    found = [product for product in plan.products.values() if product.name == name]
    before = getattr(found[0], field)
    for product in found:
        msgspec.structs.force_setattr(product, field, value)
    try:
        yield plan
    finally:
        for product in found:
            msgspec.structs.force_setattr(product, field, before)


def _plans(found: Policies, plan: Plan, apis: Sequence[Api]) -> Iterator[Mutant]:
    """A limit of a plan forgotten: for every operation that somebody with the plan may call."""
    plans = found.platform.said["plans"]
    for name, limits in plans.items():
        reached = {key for product in plan.products.values() if product.plan == name for key in product.includes}
        for limit in limits if reached else ():
            fewer = {other: said for other, said in limits.items() if other != limit}
            platform = Policy({**found.platform.said, "plans": {**plans, name: fewer}}, found.platform.node)
            yield _compiled(
                f"the plan {name} has no limit {limit}",
                found.platform.node.at("plans", name, limit).where,
                reached,
                partial(msgspec.structs.replace, found, platform=platform),
                apis,
                plan,
            )
