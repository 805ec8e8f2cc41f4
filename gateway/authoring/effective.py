"""What a policy folder says of each operation, value by value, each with its line: one form for all ways to write it.

What stands at an operation, in its API's defaults, in the platform's plans or nowhere (a noun's own default) comes out
as the same list, so two folders can be compared, and one can be read aloud.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, get_origin

import msgspec

from gateway.authoring.described import is_struct, spoken, without_none
from gateway.loader import Node
from gateway.networks import common
from gateway.noun import Noun, nouns
from gateway.nouns.addresses import AddressRule
from gateway.plan import Governed, Plan
from gateway.policies import Policies, Policy
from gateway.stages import STAGES

ANYBODY: Final = "anybody"


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """One value that holds for one operation."""

    noun: str
    path: str
    """Where one would write it: `limits.writes.rate`."""
    said: str
    where: str
    """`file:line`; for a default, of what it is the default of."""
    default: bool = False
    """Nobody said it: it is what holds otherwise."""


class Effective(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that holds for one operation."""

    operation: str
    """`{api}-v{major}.{operationId}`."""
    method: str
    path: str
    layer: str
    where: str
    public: bool
    clients: dict[str, str]
    """Clients from outside that reach it, each with the line of the product that lets it."""
    addresses: dict[str, list[str]]
    """Of clients that may not call it from anywhere, the networks they may call it from; `anybody` of a public one."""
    values: list[Value]
    """In the order of the stages."""

    def of(self, path: str) -> Value | None:
        """The value at a path."""
        return next((value for value in self.values if value.path == path), None)


def effective(found: Policies, plan: Plan) -> dict[str, Effective]:
    """Every operation of a folder, by its key."""
    by_api = {policy.said["api"]: policy for policy in found.apis}
    return {
        key: _effective(governed, by_api[governed.api.name], found, plan) for key, governed in plan.operations.items()
    }


def _effective(governed: Governed, policy: Policy, found: Policies, plan: Plan) -> Effective:
    by_stage = sorted(nouns(), key=lambda noun: (STAGES.index(noun.stage), noun.name))
    clients = {} if governed.public else {c: p.where for c, p in plan.products.items() if governed.id in p.includes}
    values = [value for noun in by_stage for value in _of_noun(noun, governed, policy, found, plan)]
    said = {value.path for value in values if not value.default}
    return Effective(
        operation=governed.id,
        method=governed.operation.method,
        path=governed.path,
        layer=governed.layer,
        where=governed.where,
        public=governed.public,
        clients=clients,
        addresses=dict(_addresses(governed, clients, plan)),
        # What is said at the API's top holds; that the operation said nothing is then no default.
        values=[value for value in values if not value.default or value.path not in said],
    )


def _addresses(governed: Governed, clients: Mapping[str, str], plan: Plan) -> Iterator[tuple[str, list[str]]]:
    own = next((rule.listed for rule in governed.rules if isinstance(rule, AddressRule)), ()) or None
    if governed.public and own is not None:
        yield ANYBODY, [str(each) for each in own]
    for client in clients:
        both = common(own, plan.products[client].addresses or None)
        if both is not None:
            yield client, [str(each) for each in both]


def _of_noun(noun: Noun, governed: Governed, policy: Policy, found: Policies, plan: Plan) -> Iterator[Value]:
    said, node = _said(noun, governed, policy)
    if node is not None:
        yield from _flat(noun.name, noun.name, said, node, governed.where)
    elif noun.operation is not None and noun.default:
        yield Value(noun=noun.name, path=noun.name, said=noun.default, where=governed.where, default=True)
    if noun.api is not None:
        yield from _of_api(noun, governed, policy, said)
    if noun.name in found.files and node is not None:
        yield from _of_file(noun, found.files[noun.name], said)
    if noun.name == "products":
        yield from _of_products(governed, found, plan)
    if noun.name == "limits" and not governed.public:
        yield from _of_plans(governed, found, plan)
    if noun.name == "upstream":
        yield from _of_upstreams(governed, found)
    if noun.name == "access" and not governed.public:
        yield from _of_issuers(policy, found)


def _said(noun: Noun, governed: Governed, policy: Policy) -> tuple[Any, Node | None]:
    """What the operation says under a noun, else its API's defaults, and where."""
    if noun.operation is None:
        return None, None
    own = getattr(policy.said["operations"][governed.operation.id], noun.name)
    node = policy.node.at("operations", governed.operation.id).get(noun.name)
    if node is None and policy.said["defaults"] is not None:
        own, node = getattr(policy.said["defaults"], noun.name), policy.node.at("defaults").get(noun.name)
    return own, node


def _of_api(noun: Noun, governed: Governed, policy: Policy, picked: Any) -> Iterator[Value]:
    """What the API's file declares under a noun; of several names, those that concern the operation."""
    declared, node = policy.said[noun.name], policy.node.get(noun.name)
    if node is None or (governed.public and noun.name in ("access", "layer")):
        return
    if get_origin(without_none(noun.api)[0]) is dict:
        concerned = {f"v{governed.api.major}", *(picked if isinstance(picked, list) else [])}
        for name, value in declared.items():
            if name in concerned:
                yield from _flat(noun.name, f"{noun.name}.{name}", value, node.at(name), governed.where)
    else:
        yield from _flat(noun.name, noun.name, declared, node, governed.where)


def _of_file(noun: Noun, policy: Policy, picked: Any) -> Iterator[Value]:
    """What a noun's own file says (`roles.yaml`); of several names, those the operation lists."""
    for key, declared in policy.said.items():
        node, path = policy.node.get(key), f"{noun.name}.yaml: {key}"
        if node is None:
            continue
        if not isinstance(declared, Mapping):
            yield from _flat(noun.name, path, declared, node, node.where)
            continue
        for name, said in declared.items():
            if not isinstance(picked, list) or name in picked:
                yield from _flat(noun.name, f"{path}.{name}", said, node.at(name), node.where)


def _of_products(governed: Governed, found: Policies, plan: Plan) -> Iterator[Value]:
    listed = f"{governed.api.name}@v{governed.api.major}"
    for policy in found.products:
        names = [client for client, product in plan.products.items() if product.name == policy.said["product"]]
        if governed.operation.id in policy.said["includes"].get(listed, ()):
            where = policy.node.at("includes", listed).where
            path = f"products.{policy.said['product']}.clients"
            yield Value(noun="products", path=path, said=spoken(names), where=where)
            if policy.said["addresses"] is not None:
                path, where = f"products.{policy.said['product']}.addresses", policy.node.at("addresses").where
                yield Value(noun="products", path=path, said=spoken(policy.said["addresses"]), where=where)


def _of_plans(governed: Governed, found: Policies, plan: Plan) -> Iterator[Value]:
    names = sorted({p.plan for p in plan.products.values() if governed.id in p.includes})
    for name in names:
        for limit, value in found.platform.said["plans"][name].items():
            node = found.platform.node.at("plans", name, limit)
            yield from _flat("limits", f"plans.{name}.{limit}", value, node, node.where)


def _of_upstreams(governed: Governed, found: Policies) -> Iterator[Value]:
    """How patiently what serves the operation is asked, where platform.yaml says it."""
    name = governed.upstream or f"{governed.layer}-tier"
    declared = (found.platform.said["upstreams"] or {}).get(name)
    if declared is not None:
        node = found.platform.node.at("upstreams", name)
        shown = msgspec.structs.replace(declared, send=dict.fromkeys(declared.send, "..."))
        yield from _flat("upstream", f"upstreams.{name}", shown, _without(node, "send"), node.where)


def _without(node: Node, key: str) -> Node:
    """A node without what is nobody's to read: what is under one of its keys."""
    kept = {name: each for name, each in node.value.items() if name != key}
    return Node(kept, node.file, node.line)


def _of_issuers(policy: Policy, found: Policies) -> Iterator[Value]:
    for name in policy.said["access"].issuers:
        node = found.platform.node.at("issuers", name)
        yield from _flat("access", f"issuers.{name}", found.platform.said["issuers"][name], node, node.where)


def _flat(noun: str, path: str, said: Any, node: Node, otherwise: str) -> Iterator[Value]:
    """A value and the node it was read from, leaf by leaf."""
    if is_struct(type(said)):
        for field in msgspec.structs.fields(said):
            child, value = node.get(field.encode_name), getattr(said, field.name)
            if child is not None:
                yield from _flat(noun, f"{path}.{field.encode_name}", value, child, otherwise)
            elif value not in (None, "", [], {}):
                yield Value(
                    noun=noun, path=f"{path}.{field.encode_name}", said=spoken(value), where=node.where, default=True
                )
    elif isinstance(said, Mapping) and isinstance(node.value, dict):
        for key, value in said.items():
            yield from _flat(noun, f"{path}.{key}", value, node.at(key), otherwise)
    else:
        yield Value(noun=noun, path=path, said=spoken(node.plain()), where=node.where)
