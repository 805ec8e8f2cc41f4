"""What policy adds to a published contract: each status an operation's rules can answer with, and what it means."""

import json
from collections.abc import Callable
from typing import Any

from canonical.faults import Malformed
from canonical.ports import Operation
from foundation.api import Api
from foundation.context import Layer
from foundation.openapi import Governed as Published
from foundation.openapi import document
from gateway.foreign import Foreign, published
from gateway.plan import Governed, Plan


def contract(plan: Plan, api: Api) -> dict[str, Any]:
    """The OpenAPI document of an API; an operation no policy lists is not in it."""
    offered = set(listed(plan, api))
    if isinstance(api, Foreign):
        return published.contract(api, statuses(plan, api), offered)
    whole = document(api, statuses(plan, api))
    whole["paths"] = {
        path: kept
        for path, methods in whole["paths"].items()
        if (kept := {m: o for m, o in methods.items() if o["operationId"] in offered})
    }
    return whole


def written(contract: dict[str, Any]) -> str:
    """As it stands in `openapi/`, and as it is served."""
    return json.dumps(contract, indent=2, ensure_ascii=False, default=str) + "\n"


def contract_of(governed: Governed) -> dict[str, Any]:
    """The part of its API's contract that is about one operation, its places as in the whole; an owner's is whole."""
    if governed.api.document is not None:
        return dict(governed.api.document)
    found = Published()
    _describe(governed, found)
    return document(governed.api, lambda _: found, only=governed.operation.id)


def statuses(plan: Plan, api: Api) -> Callable[[Operation], Published]:
    """For `foundation.openapi.document`: what the plan adds to each operation of `api`."""

    def added(operation: Operation) -> Published:
        found = Published()
        governed = plan.governed(api, operation.id)
        if governed is not None:
            _describe(governed, found)
        return found

    return added


def listed(plan: Plan, api: Api) -> list[str]:
    """The operationIds of `api` that some policy lists: the others are not published."""
    return [operation.id for operation in api.operations() if plan.governed(api, operation.id) is not None]


def scopes_of(plan: Plan, layer: Layer) -> frozenset[str]:
    """Every scope the operations of one tier ask for: what the workload of the tier above needs."""
    return frozenset(
        scope
        for governed in plan.operations.values()
        if governed.layer == layer
        for rule in governed.rules
        for scope in rule.scopes
    )


def _describe(governed: Governed, found: Published) -> None:
    # An address or a header that can be read two ways is refused before any rule is asked.
    meanings: dict[int, list[str]] = {Malformed.status: [Malformed.title]}
    for rule in governed.rules:
        for kind in rule.refuses:
            meanings.setdefault(kind.status, []).append(kind.title)
        found.plain |= rule.plain
        found.headers |= {
            name: {"description": meaning, "schema": {"type": "string"}} for name, meaning in rule.answers.items()
        }
        found.parameters += tuple(dict(each) for each in rule.parameters)
        found.scopes = found.scopes or rule.scopes
    found.public = not found.scopes
    for status, said in meanings.items():
        found[status] = "; ".join(dict.fromkeys(said))
