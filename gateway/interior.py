"""The way in from a tier in the same process: a port whose every method passes the plan.

system = bind(api, adapter, governor, caller_of)      the adapter, governed
await system.upsert_customer(key, data)               layer rule, limits, record; then the adapter itself
"""

from collections.abc import Callable
from inspect import signature
from typing import Any, TypeVar, cast

from canonical.ports import Operation, operations
from foundation.api import Api
from foundation.context import Caller
from gateway.governor import Governor

P = TypeVar("P")


def bind(
    port: type[P],
    implementation: P,
    governor: Governor,
    api: Api,
    caller_of: Callable[[], Caller],
) -> P:
    """`implementation`, with every operation of `port` passing the plan as `api`'s.

    `caller_of` says who calls, at each call: the calling tier's workload, with whom it acts for (`Caller.acting`).
    """
    return cast(P, _Governed(port, implementation, governor, api, caller_of))


class _Governed:
    def __init__(
        self, port: type[Any], implementation: Any, governor: Governor, api: Api, caller_of: Callable[[], Caller]
    ) -> None:
        for operation in operations(port):
            method = getattr(implementation, operation.attribute)
            names = [name for name in signature(getattr(port, operation.attribute)).parameters if name != "self"]
            setattr(self, operation.attribute, _bound(operation, names, method, governor, api, caller_of))


def _bound(
    operation: Operation,
    names: list[str],
    method: Callable[..., Any],
    governor: Governor,
    api: Api,
    caller_of: Callable[[], Caller],
) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        arguments = dict(zip(names, args, strict=False)) | kwargs
        return await governor.call(api, operation.id, caller_of(), arguments, lambda: method(**arguments))

    call.__name__ = operation.attribute
    return call
