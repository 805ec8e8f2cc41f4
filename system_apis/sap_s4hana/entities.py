"""The firm's legal entities in SAP's words: which company code and sales area each of our codes is.

Read once and kept; an unknown one is looked for once more before it is called unknown.
"""

from collections.abc import Awaitable, Callable

from canonical.faults import Drifted, FieldError, Invalid, NotFound
from system_apis.sap_s4hana import wire
from system_apis.sap_s4hana.odata import SYSTEM

Read = Callable[[dict[str, str]], Awaitable[list[wire.Entity]]]


class FirmEntities:
    """All of them."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._known: list[wire.Entity] = []

    async def all(self) -> list[wire.Entity]:
        """Every one."""
        if not self._known:
            self._known = await self._read({})
        return self._known

    async def by_code(self, code: str) -> wire.Entity:
        """By a code a caller gave us; `Invalid` when SAP has no such company."""
        found = await self._find("code", code)
        if found is None:
            error = FieldError(detail=f"SAP has no company code for {code!r}", pointer="/legal_entity_id")
            raise Invalid(system=SYSTEM, errors=[error])
        return found

    async def asked_for(self, code: str) -> wire.Entity:
        """By a code somebody reads by; `NotFound` when SAP has no such company."""
        found = await self._find("code", code)
        if found is None:
            raise NotFound(f"SAP has no company code for {code[:40]!r}", system=SYSTEM)
        return found

    async def by_company(self, company_code: str) -> wire.Entity:
        """By a company code SAP gave us; `Drifted` when it is none of the firm's."""
        return _known(await self._find("company_code", company_code), f"company code {company_code!r}")

    async def by_sales(self, sales_organization: str) -> wire.Entity:
        """By a sales organization, likewise."""
        return _known(await self._find("sales_organization", sales_organization), f"sales org {sales_organization!r}")

    async def _find(self, name: str, value: str) -> wire.Entity | None:
        for again in (False, True):
            if again:
                self._known = await self._read({})
            found = next((each for each in self._known if getattr(each, name) == value), None)
            if found is not None:
                return found
        return None


def _known(found: wire.Entity | None, what: str) -> wire.Entity:
    if found is None:
        raise Drifted(f"{what} is no legal entity we know", system=SYSTEM)
    return found
