"""Whose a thing is: what the tiers can say of their own objects, asked by the noun `object` and shortly remembered.

A look-up is a method of an API's implementation, named in `Api.lookups`; it gets an id and answers with its owner, or
None when there is no such thing. The composition registers it, so the gateway knows no tier.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import structlog

from canonical.faults import Fault
from foundation.api import Api
from foundation.context import Caller, current, use
from gateway.refusals import LookupFailed

Lookup = Callable[[str], Awaitable[str | None]]
KEPT_SECONDS: Final = 10.0
_REMEMBERED: Final = 10_000
log = structlog.get_logger("tiergate.lookups")


class Lookups:
    """The look-ups of the APIs served by this process."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: dict[str, Lookup] = {}
        self._kept: dict[tuple[str, str, str, str], tuple[float, str | None]] = {}

    def serve(self, api: Api, implementation: Any) -> None:
        """Register what an implementation can say. Raises `AttributeError` where it lacks a method of `api.lookups`."""
        for name in api.lookups:
            self._known[f"{api.key}.{name}"] = getattr(implementation, name)

    async def owner(self, api: Api, name: str, caller: Caller, value: str) -> str | None:
        """Whose `value` is, asked on behalf of `caller`; None when there is no such thing.

        An answer, also that there is none, is kept for ten seconds for the same caller. Raises `LookupFailed` when it
        cannot be said, whatever the reason: who cannot be known to own it, does not.
        """
        key = (f"{api.key}.{name}", caller.issuer, caller.subject + " ".join(caller.acted_for), value)
        kept = self._kept.get(key)
        if kept is not None and kept[0] > self._clock():
            return kept[1]
        lookup = self._known.get(key[0])
        if lookup is None:
            raise LookupFailed("Whose this is cannot be said here.")
        try:
            with use(msgspec.structs.replace(current(), caller=caller)):
                owner = await lookup(value)
        except Exception as failed:
            log.warning(
                "look-up failed", lookup=key[0], why=failed.reason if isinstance(failed, Fault) else repr(failed)
            )
            raise LookupFailed("Whose this is cannot be said just now.") from failed
        if len(self._kept) >= _REMEMBERED:
            self._kept = {}
        self._kept[key] = (self._clock() + KEPT_SECONDS, owner)
        return owner
