"""The firm's legal entities in Fusion's words: which business unit each of our codes is.

Read once and kept; an unknown one is looked for once more before it is called unknown.
"""

from collections.abc import Awaitable, Callable

from canonical.faults import Drifted, FieldError, Invalid, NotFound
from system_apis.oracle_fusion import wire
from system_apis.oracle_fusion.codes import SYSTEM

Read = Callable[[], Awaitable[list[wire.LookupCode]]]


class FirmEntities:
    """All of them."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._known: list[wire.LookupCode] = []

    async def all(self) -> list[wire.LookupCode]:
        """Every one, as they were read last."""
        if not self._known:
            self._known = await self._read()
        return self._known

    async def by_code(self, code: str) -> wire.LookupCode:
        """By a code a caller gave us; `Invalid` when Fusion has no such entity."""
        found = await self._find("lookup_code", code)
        if found is None:
            error = FieldError(detail=f"Fusion has no business unit for {code!r}", pointer="/legal_entity_id")
            raise Invalid(system=SYSTEM, errors=[error])
        return found

    async def named(self, code: str) -> wire.LookupCode:
        """The same, where the code is what is asked for: `NotFound`."""
        found = await self._find("lookup_code", code)
        if found is None:
            raise NotFound(f"Fusion has no legal entity with the code {code[:40]}", system=SYSTEM)
        return found

    async def code_of(self, business_unit: str | None) -> str:
        """The code of a business unit Fusion gave us; `Drifted` when it is none of the firm's."""
        found = await self._find("meaning", business_unit)
        if found is None:
            raise Drifted(f"the business unit {business_unit!r} is no legal entity we know", system=SYSTEM)
        return found.lookup_code

    async def _find(self, name: str, value: str | None) -> wire.LookupCode | None:
        for again in (False, True):
            if again:
                self._known = await self._read()
            found = next((each for each in self._known if getattr(each, name) == value), None)
            if found is not None:
                return found
        return None
