"""Codes for Tryton's ids: its references are numbers of one database, ours are codes and names that mean something.

Read once and kept; an unknown one is looked for once more before it is called unknown.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from canonical.faults import Drifted, FieldError, Invalid, NotFound
from system_apis.tryton import wire
from system_apis.tryton.auth import SYSTEM
from system_apis.tryton.rpc import Rpc

Load = Callable[[], Awaitable[dict[str, int]]]


class Table:
    """One table of codes and ids."""

    def __init__(self, load: Load, what: str) -> None:
        self._load = load
        self._what = what
        self._ids: dict[str, int] = {}

    async def id(self, code: str, pointer: str) -> int:
        """The id of a code that a caller gave; `Invalid` at `pointer` when there is none."""
        if code not in self._ids:
            self._ids = await self._load()
        if code not in self._ids:
            error = FieldError(detail=f"Tryton has no {self._what} {code!r:.60}", pointer=pointer)
            raise Invalid(system=SYSTEM, errors=[error])
        return self._ids[code]

    async def code(self, id: int) -> str:
        """The code of an id that Tryton gave; `Drifted` when it has none."""
        for again in (False, True):
            if again:
                self._ids = await self._load()
            found = next((code for code, known in self._ids.items() if known == id), None)
            if found is not None:
                return found
        raise Drifted(f"{self._what} {id} has no code we know", system=SYSTEM)


class References:
    """The tables this adapter needs, and the companies."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self._companies: list[wire.Company] = []
        self.companies: Final = Table(self._company_ids, "company whose party has the code")
        self.currencies: Final = Table(lambda: self._coded("currency.currency"), "currency")
        self.countries: Final = Table(lambda: self._coded("country.country"), "country")
        self.subdivisions: Final = Table(lambda: self._coded("country.subdivision"), "subdivision")
        self.terms: Final = Table(lambda: self._named("account.invoice.payment_term"), "payment terms")
        self.relations: Final = Table(lambda: self._named("party.relation.type"), "type of relations")
        self.statuses: Final = Table(lambda: self._named("project.work.status"), "work status")

        self.products: Final = Table(lambda: self._coded("product.product"), "product")
        self.journals: Final = Table(self._journals, "journal of the type")

    async def company(self, code: str) -> wire.Company:
        """A company, read anew, by our code of the legal entity; `NotFound` when there is none."""
        await self._company_ids()
        found = next((each for each in self._companies if each.party.code == code), None)
        if found is None:
            raise NotFound(f"Tryton has no company whose party has the code {code[:40]!r}", system=SYSTEM)
        return found

    async def currency_of(self, company: int) -> str:
        """The currency a company keeps its books in."""
        await self.companies.code(company)
        return next(each.currency.code for each in self._companies if each.id == company)

    async def _company_ids(self) -> dict[str, int]:
        self._companies = await self._rpc.search(wire.Company, "company.company", [])
        return {each.party.code: each.id for each in self._companies if each.party.code}

    async def _coded(self, model: str) -> dict[str, int]:
        return {each.code: each.id for each in await self._rpc.search(wire.Code, model, [["code", "!=", None]])}

    async def _journals(self) -> dict[str, int]:
        """The first of each type; a new invoice that has none cannot be posted."""
        found: dict[str, int] = {}
        for each in await self._rpc.search(wire.Journal, "account.journal", []):
            found.setdefault(each.type, each.id)
        return found

    async def _named(self, model: str) -> dict[str, int]:
        return {each.name: each.id for each in await self._rpc.search(wire.Name, model, [])}
