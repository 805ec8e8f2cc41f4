"""What hardly changes in a company and every call needs: which companies there are, their currency and their terms.

Read once and kept; an unknown one is looked for once more before it is called unknown.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from canonical.faults import Drifted, FieldError, Invalid, NotFound
from system_apis.business_central import wire

Read = Callable[[str, str, type[Any]], Awaitable[list[Any]]]
"""All rows of a list: company id (empty for the environment), list, shape."""


class Companies:
    """The companies of one environment."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._known: dict[str, wire.Company] = {}
        self._told: dict[str, wire.CompanyInformation] = {}
        self._terms: dict[str, list[wire.PaymentTerms]] = {}

    async def all(self) -> list[wire.Company]:
        """Every company, read anew."""
        found: list[wire.Company] = await self._read("", "companies", wire.Company)
        self._known = {company.name: company for company in found}
        return found

    async def named(self, code: str) -> wire.Company:
        """One by our code of the legal entity; `NotFound` when the environment has none of that name."""
        if code not in self._known:
            await self.all()
        if code not in self._known:
            raise NotFound(f"Business Central has no company {code[:40]!r}", system="business_central")
        return self._known[code]

    async def of_entity(self, code: str) -> wire.Company:
        """The same for a caller's object; `Invalid` when there is none."""
        try:
            return await self.named(code)
        except NotFound as none:
            error = FieldError(detail=none.detail, pointer="/legal_entity_id")
            raise Invalid(system="business_central", errors=[error]) from none

    async def told(self, company: wire.Company) -> wire.CompanyInformation:
        """What a company says of itself."""
        if company.id not in self._told:
            rows: list[wire.CompanyInformation] = await self._read(
                company.id, "companyInformation", wire.CompanyInformation
            )
            if not rows:
                raise Drifted(f"the company {company.name} has no information", system="business_central")
            self._told[company.id] = rows[0]
        return self._told[company.id]

    async def local(self, company: wire.Company) -> str:
        """A company's own currency."""
        return (await self.told(company)).currency_code

    async def terms_name(self, company: wire.Company, native_id: str) -> str:
        """What terms of payment are called; empty for none."""
        if native_id == wire.NOTHING:
            return ""
        found = await self._term(company, lambda each: each.id == native_id)
        if found is None:
            raise Drifted(f"payment terms {native_id[:40]!r} are not there", system="business_central")
        return found.display_name

    async def terms_id(self, company: wire.Company, name: str) -> str:
        """Their id by name; `Invalid` when the company has none of it."""
        if not name:
            return wire.NOTHING
        found = await self._term(company, lambda each: name in (each.display_name, each.code))
        if found is None:
            detail = f"the company {company.name} has no payment terms {name!r}"
            raise Invalid(system="business_central", errors=[FieldError(detail=detail, pointer="/payment_terms")])
        return found.id

    async def _term(
        self, company: wire.Company, wanted: Callable[[wire.PaymentTerms], bool]
    ) -> wire.PaymentTerms | None:
        for again in (False, True):
            if again or company.id not in self._terms:
                self._terms[company.id] = await self._read(company.id, "paymentTerms", wire.PaymentTerms)
            found = next((each for each in self._terms[company.id] if wanted(each)), None)
            if found is not None:
                return found
        return None


class Place(msgspec.Struct, frozen=True):
    """A record and the company it is in."""

    company: wire.Company
    row: Any
