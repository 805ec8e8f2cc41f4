"""A system nobody is bound to: its API is there, and each call is told why nothing comes of it."""

from typing import Any, NoReturn

from canonical.faults import NotBound
from canonical.ports import operations
from system_apis import SystemApi


class Unbound:
    """Stands where a system's adapter would. Every operation raises `NotBound`."""

    def __init__(self, system: SystemApi) -> None:
        for port in system.ports:
            for operation in operations(port):
                setattr(self, operation.attribute, _refusing(system))


def _refusing(system: SystemApi) -> Any:
    async def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise NotBound(f"{system.title} plays no role here: bind {system.name} to one in policies/bindings.yaml.")

    return refuse
