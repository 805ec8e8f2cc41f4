"""What stands between two tiers: the ports one tier asks the other by, and who is said to be calling."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar, cast

import msgspec

from canonical.ports import operations
from foundation.context import Caller, current, use

P = TypeVar("P")
EXPERIENCE: Final = Caller(subject="experience-tier", client="experience-tier", layer="experience")
"""The experience tier's own workload."""


def caller() -> Caller:
    """Who calls here; nobody where no call is running."""
    return current().caller or Caller(subject="", client="")


class Processes:
    """The process APIs, each asked for once."""

    def __init__(self, ask: Callable[[Any], Any]) -> None:
        self._ask = ask
        self._known: dict[type, Any] = {}

    def of(self, port: type[P]) -> P:
        """The process API that offers a port."""
        if port not in self._known:
            self._known[port] = self._ask(port)
        return cast(P, self._known[port])


class Together:
    """Several governed ports of one API as one object."""

    def __init__(self, bound: Sequence[Any]) -> None:
        for part in bound:
            for name, method in vars(part).items():
                setattr(self, name, method)


class ActingFor:
    """A client whose calls carry whom the experience tier acts for."""

    def __init__(self, target: Any, port: type) -> None:
        for operation in operations(port):
            setattr(self, operation.attribute, self._call(getattr(target, operation.attribute)))

    @staticmethod
    def _call(method: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            context = current()
            acting = caller().acting(EXPERIENCE)
            with use(msgspec.structs.replace(context, caller=acting)):
                return await method(*args, **kwargs)

        return call
