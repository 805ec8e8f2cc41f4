"""The plan: policies and APIs, compiled once into a flat list of rules for each operation. Immutable."""

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from sys import intern
from typing import Any, Final

import msgspec

from canonical.ports import Operation
from foundation.api import Api, PageOperation
from foundation.context import Layer
from gateway import policies
from gateway.conversion import did_you_mean
from gateway.foreign import Foreign, foreign
from gateway.issuers import Issuer
from gateway.loader import PolicyError
from gateway.networks import Network, networks
from gateway.noun import Noun, Rule, Site, nouns
from gateway.policies import Policies, Policy
from gateway.router import Router
from gateway.stages import STAGES

_MAJOR: Final = re.compile(r"v[1-9][0-9]*")


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of consumer may see, and how often."""

    name: str
    plan: str
    """What its consumers bought: a plan of platform.yaml."""
    where: str
    includes: frozenset[str]
    """Operations, as `{api}-v{major}.{operationId}`."""
    addresses: tuple[Network, ...] = ()
    """The only networks its clients may call from; none is anywhere."""
    addresses_at: str = ""
    """The line that lists them."""


class Governed(msgspec.Struct, frozen=True, kw_only=True):
    """One operation with everything that is asked of a call to it; what every call looks at stands first."""

    id: str
    """`{api}-v{major}.{operationId}`."""
    rules: tuple[Rule, ...]
    """In the order of the stages."""
    settlers: tuple[Rule, ...]
    """Those of them that want to see the ending."""
    repliers: tuple[Rule, ...]
    """Those that want to see the whole answer before it is sent; in the reverse order of the stages."""
    keeps_answer: bool
    """Whether one of them wants to see the answer itself."""
    durable: bool
    """Whether the answer waits until its record is on disk."""
    upstream: str
    """Of the upstream that serves it in a tier's place; empty where a tier of ours does."""
    patience: float | None
    """Seconds a tier in this process has for it; None where it has as long as it takes."""
    labels: tuple[str, str]
    """What it is counted as: the key of its API, and its operationId."""
    api: Api
    operation: Operation | PageOperation
    where: str
    """The line that lists it."""
    audience: str
    """What a token for it is made for."""
    issuers: frozenset[str]
    """Whose tokens it takes: the exact `iss` of each."""
    public: bool
    """Whether it asks for no token."""
    standin: Rule | None
    """The one that has an answer when what stands behind fails."""
    preflight: Rule | None
    """The one that answers a browser that asks whether a page may make this call."""
    tool: Rule | None
    """The one that offers it to language models."""
    in_path: tuple[str, ...]

    @property
    def layer(self) -> Layer:
        """The tier that serves it."""
        return self.api.layer

    @property
    def path(self) -> str:
        """The full path template."""
        return (
            self.operation.path if isinstance(self.operation, PageOperation) else self.api.prefix + self.operation.path
        )

    def below_prefix(self, raw_path: bytes) -> bytes:
        """A path it was asked at as its contract has it: without the API's name and version."""
        return b"/" + raw_path.split(b"/", self.api.prefix.count("/") + 1)[-1]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything decided before the first call."""

    operations: Mapping[str, Governed]
    router: Router
    issuers: Mapping[str, Issuer]
    products: Mapping[str, Product]
    """By client."""
    platform: Mapping[str, Any]
    foreign: tuple[Foreign, ...] = ()
    """The APIs that are not ours."""
    remarks: tuple[str, ...] = ()
    """What is perhaps not meant as it is written, each as `file:line: sentence`."""

    def governed(self, api: Api, operation: str) -> Governed | None:
        """One operation of an API by its operationId; None when no policy lists it."""
        return self.operations.get(f"{api.key}.{operation}")


def load(
    folder: str | Path, apis: Sequence[Api], values: Mapping[str, str] | None = None, environment: str = ""
) -> Plan:
    """The plan of a policy folder. `values` resolve `${NAME}`; the process's environment when not given.

    `environment` (`staging`, `production`) names the file of `environments/` that holds.

    Raises `PolicyError` with every problem of every file, each as `file:line: sentence`. Nothing is half loaded.
    """
    return compiled(read(folder, values, environment), apis)


def read(folder: str | Path, values: Mapping[str, str] | None = None, environment: str = "") -> Policies:
    """What the files of a policy folder say, before they meet the APIs. Raises `PolicyError` like `load`."""
    problems: list[str] = []
    found = policies.read_folder(Path(folder), os.environ if values is None else values, problems, environment)
    if found is None:
        raise PolicyError(_in_order(problems))
    return found


def compiled(found: Policies, apis: Sequence[Api], like: Plan | None = None, but: Collection[str] = ()) -> Plan:
    """The plan of policies already read. Raises `PolicyError` like `load`.

    Policies that differ from those of a plan in some operations alone are compiled `like` it `but` for these.
    """
    problems: list[str] = []
    others = tuple(_foreign(found, apis, problems))
    kept = {key: governed for key, governed in like.operations.items() if key not in but} if like else {}
    plan = _compile(found, apis, others, problems, kept)
    if problems:
        raise PolicyError(_in_order(problems))
    return plan


def _foreign(found: Policies, apis: Sequence[Api], problems: list[str]) -> Iterator[Foreign]:
    """The APIs that the policies themselves bring, by an OpenAPI file."""
    ours = {api.name for api in apis}
    for policy in found.apis:
        name, layer = policy.said["api"], policy.said["layer"]
        for version, said in policy.said["versions"].items():
            where = policy.node.at("versions", version, "spec").where
            if not said.spec:
                continue
            if name in ours:
                problems.append(f"{where}: {name} is our own: its contract is made from its code, not from a file")
            elif not _MAJOR.fullmatch(version):
                problems.append(f"{where}: {version!r} is not a version: write v1, v2 and so on")
            elif where in found.specs:
                api, wrong = foreign(name, int(version[1:]), layer, found.specs[where])
                problems.extend(wrong)
                if api is not None:
                    yield api


def _compile(
    found: Policies,
    ours: Sequence[Api],
    others: tuple[Foreign, ...],
    problems: list[str],
    kept: Mapping[str, Governed],
) -> Plan:
    broken = {policy.said["api"] for policy in found.apis} - {api.name for api in (*ours, *others)}
    if problems and broken:
        # What a contract gets wrong would be said again of every operation that is listed: one thing at a time.
        raise PolicyError(_in_order(problems))
    listed = _listed(found, (*ours, *others), problems)
    in_products: list[str] = []
    products = _products(found, listed, in_products)
    operations: dict[str, Governed] = {}
    router = Router()
    by_stage = sorted(nouns(), key=lambda noun: STAGES.index(noun.stage))
    remarks: list[str] = []
    made: dict[object, Any] = {}
    for key, (api, operation, policy) in listed.items():
        site = Site(
            api,
            operation,
            policy=policy.said,
            policy_node=policy.node,
            platform=found.platform.said,
            platform_node=found.platform.node,
            products=products,
            problems=problems,
            remarks=remarks,
            files=found.files,
            made=made,
        )
        governed = kept.get(key) or _govern(key, api, operation, site, by_stage)
        operations[key] = governed
        if isinstance(api, Foreign) and not governed.upstream:
            problems.append(f"{policy.node.where}: {operation.id} of {api.name} is served nowhere: say upstream")
        router.add(operation.method, governed.path, governed)
    for policy in found.apis:
        for noun in nouns():
            for method, path, chooser in noun.addresses(policy.said, policy.node.at(noun.name).where, operations):
                router.add(method, path, chooser)
    # What an API's file gets wrong would be said again of every product that includes it: one thing at a time.
    problems.extend([] if problems else in_products)
    return Plan(
        operations=operations,
        router=router,
        issuers=found.platform.said["issuers"],
        products=products,
        platform=found.platform.said,
        foreign=others,
        remarks=tuple(_in_order(remarks)),
    )


def _govern(key: str, api: Api, operation: Operation | PageOperation, site: Site, by_stage: Sequence[Noun]) -> Governed:
    rules = tuple(rule for rule in (_named(noun, noun.build(site)) for noun in by_stage) if rule is not None)
    return Governed(
        id=key,
        api=api,
        labels=(api.key, operation.id),
        operation=operation,
        where=site.where(),
        audience=site.policy["access"].audience,
        issuers=frozenset(_issuers(site)),
        public=bool(site.said("public")),
        rules=tuple(rule for rule in rules if type(rule).admit is not Rule.admit),
        settlers=tuple(rule for rule in rules if type(rule).settle is not Rule.settle),
        repliers=tuple(_nearest_first(rule for rule in reversed(rules) if type(rule).reply is not Rule.reply)),
        keeps_answer=any(rule.keeps_answer for rule in rules),
        durable=any(rule.durable for rule in rules),
        upstream=next((rule.served_at for rule in rules if rule.served_at), ""),
        patience=next((rule.patience for rule in rules if rule.patience is not None), None),
        standin=next((rule for rule in rules if type(rule).instead is not Rule.instead), None),
        preflight=next((rule for rule in rules if type(rule).preflight is not Rule.preflight), None),
        tool=next((rule for rule in rules if rule.tool), None),
        in_path=tuple(
            () if isinstance(operation, PageOperation) else (p.name for p in operation.parameters if p.place == "path")
        ),
    )


def _nearest_first(rules: Iterable[Rule]) -> list[Rule]:
    return sorted(rules, key=lambda rule: not rule.heard_first)


def _named(noun: Noun, rule: Rule | None) -> Rule | None:
    """The rule, which from now on knows whose it is: the record of a refusal says it."""
    if rule is not None:
        rule.noun, rule.stage = noun.name, noun.stage
    return rule


def _issuers(site: Site) -> Iterator[str]:
    known: Mapping[str, Issuer] = site.platform["issuers"]
    return (known[name].issuer for name in site.policy["access"].issuers if name in known)


def _listed(
    found: Policies, apis: Sequence[Api], problems: list[str]
) -> dict[str, tuple[Api, Operation | PageOperation, Policy]]:
    """Every operation some policy lists, by its key."""
    listed: dict[str, tuple[Api, Operation | PageOperation, Policy]] = {}
    files: dict[str, str] = {}
    for policy in found.apis:
        name = policy.said["api"]
        if name in files:
            problems.append(
                f"{policy.node.where}: the API {name!r} has its policy in {files[name]} already; keep one of the two"
            )
            continue
        files[name] = policy.node.file
        served = [api for api in apis if api.name == name]
        if not served:
            names = {api.name for api in apis}
            problems.append(f"{policy.node.at('api').where}: no API is called {name!r}{did_you_mean(name, names)}")
            continue
        _check_versions(policy, served, problems)
        _list_operations(policy, served, listed, problems)
    return listed


def _list_operations(
    policy: Policy,
    served: list[Api],
    listed: dict[str, tuple[Api, Operation | PageOperation, Policy]],
    problems: list[str],
) -> None:
    known: dict[str, list[tuple[Api, Operation | PageOperation]]] = {}
    for api in served:
        if f"v{api.major}" in policy.said["versions"]:
            offered: tuple[Operation | PageOperation, ...] = (*api.operations(), *api.pages)
            for operation in offered:
                known.setdefault(operation.id, []).append((api, operation))
    for operation_id, said in policy.said["operations"].items():
        if operation_id not in known:
            where = policy.node.at("operations", operation_id).where
            name = policy.said["api"]
            problems.append(f"{where}: {name} has no operation {operation_id!r}{did_you_mean(operation_id, known)}")
            continue
        for version in said.versions or []:
            if version not in policy.said["versions"]:
                where = policy.node.at("operations", operation_id, "versions").where
                hint = did_you_mean(version, policy.said["versions"])
                problems.append(f"{where}: {operation_id}: {version!r} is not a version of the API{hint}")
        for api, operation in known[operation_id]:
            if said.versions is None or f"v{api.major}" in said.versions:
                # One text wherever it is a key: to find it, nothing is to be compared.
                listed[intern(f"{api.key}.{operation_id}")] = (api, operation, policy)


def _check_versions(policy: Policy, served: list[Api], problems: list[str]) -> None:
    majors = [f"v{api.major}" for api in served]
    for version in policy.said["versions"]:
        if version not in majors:
            where = policy.node.at("versions", version).where
            problems.append(f"{where}: no {version} of {policy.said['api']} is served (served: {', '.join(majors)})")


def _products(found: Policies, listed: Mapping[str, Any], problems: list[str]) -> dict[str, Product]:
    """Products by the clients that have them."""
    plans: Mapping[str, Mapping[str, Any]] = found.platform.said["plans"]
    by_client: dict[str, Product] = {}
    for policy in found.products:
        name, plan = policy.said["product"], policy.said["plan"]
        if plan not in plans:
            problems.append(f"{policy.node.at('plan').where}: no plan is called {plan!r}{did_you_mean(plan, plans)}")
            continue
        product = Product(
            name=name,
            plan=plan,
            where=policy.node.where,
            includes=_included(policy, listed, problems),
            addresses=_addresses(policy, problems),
            addresses_at=policy.node.at("addresses").where,
        )
        for client in policy.said["clients"]:
            if client in by_client:
                where = policy.node.at("clients").where
                has = f"has the product {by_client[client].name!r} already; a client has one product"
                problems.append(f"{where}: the client {client!r} {has}")
            by_client[client] = product
    return by_client


def _addresses(policy: Policy, problems: list[str]) -> tuple[Network, ...]:
    said: list[str] | None = policy.said["addresses"]
    try:
        return networks(said) if said is not None else ()
    except ValueError as wrong:
        problems.append(f"{policy.node.at('addresses').where}: addresses: {wrong}")
        return ()


def _included(policy: Policy, listed: Mapping[str, Any], problems: list[str]) -> frozenset[str]:
    included = set()
    apis = {f"{api.name}@v{api.major}": f"{api.key}." for api, _, _ in listed.values()}
    for api, operation_ids in policy.said["includes"].items():
        where = policy.node.at("includes", api).where
        if api not in apis:
            problems.append(f"{where}: {api!r} is not an API with listed operations{did_you_mean(api, apis)}")
            continue
        prefix = apis[api]
        known = [key.removeprefix(prefix) for key in listed if key.startswith(prefix)]
        for operation_id in operation_ids:
            if operation_id not in known:
                hint = did_you_mean(operation_id, known)
                problems.append(f"{where}: {api} has no listed operation {operation_id!r}{hint}")
            included.add(intern(prefix + operation_id))
    return frozenset(included)


def _in_order(problems: list[str]) -> list[str]:
    return sorted(dict.fromkeys(problems), key=_by_place)


def _by_place(problem: str) -> tuple[str, int]:
    file, line, _ = problem.split(":", 2)
    return file, int(line)
