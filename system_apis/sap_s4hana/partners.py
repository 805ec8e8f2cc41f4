"""Customers of one tenant: business partners with the role of one, and the keys they are known under."""

import re
from typing import Final

from canonical.faults import Conflict, NotFound
from canonical.objects import Customer, TaxProfile
from canonical.ports.leads import KeyChange
from canonical.ports.lists import PAGE, LifecycleChange, RecordChange
from canonical.ports.operation import Page, Written
from foundation.marks import Mark
from system_apis.sap_s4hana import changed_wire, listing, partner_mapping, partner_wire, updates, wire
from system_apis.sap_s4hana.calls import Calls, first, given
from system_apis.sap_s4hana.codes import KEY_TYPE
from system_apis.sap_s4hana.odata import SYSTEM, keyed, literal

PARTNER_WITH: Final = (
    "to_BusinessPartnerAddress/to_EmailAddress,to_BusinessPartnerTax,to_BuPaIdentification,"
    "to_Customer/to_CustomerCompany,to_Customer/to_CustomerSalesArea"
)
_NUMBER: Final = re.compile(r"\d{1,10}")


class Partners(Calls):
    """Who buys."""

    async def customer(self, customer_id: str) -> Customer:
        """A customer by its business partner number."""
        return await self._customer(await self._partner(customer_id))

    async def customer_by_key(self, key: str, legal_entity_id: str = "") -> Customer:
        """A customer by the identification we gave it; of a legal entity, as its sales area has it.

        One that was not extended to that area is `NotFound`, unless it is blocked: whoever asks has to know that.
        """
        if not legal_entity_id:
            return await self._customer(await self._partner_by(key))
        entity, found = await self._entities.asked_for(legal_entity_id), await self._partner_by(key)
        known = partner_mapping.customer(found, legal_entity=entity.code, entity=entity)
        blocked = known.lifecycle == "closed" or known.credit.hold
        if not blocked and not partner_mapping.buys(found, entity):
            raise NotFound(f"{key} is no customer of the sales area of {legal_entity_id}", system=SYSTEM)
        return known

    async def tax_profile(self, key: str, legal_entity_id: str = "") -> TaxProfile:
        """How a customer is taxed, from its tax numbers."""
        found = await self._partner_by(key)
        return partner_mapping.tax_profile(found, legal_entity=await self._entity_of(found))

    async def upsert_customer(self, key: str, data: Customer) -> Written:
        """Make the business partner a customer of the legal entity; its blocks stay as SAP has them."""
        entity = await self._entities.by_code(data.legal_entity_id)
        draft = partner_mapping.partner_draft(key, data, entity)
        try:
            found = await self._partner_by(key)
        except NotFound:
            made = await self._create(f"{wire.PARTNERS}/A_BusinessPartner", draft)
            return Written(id=given(made.business_partner), created=True)
        await self._apply(updates.of_partner(found, draft))
        return Written(id=found.business_partner, created=False)

    async def set_customer_key(self, customer_id: str, data: KeyChange) -> Written:
        """Another identification beside the old ones, which go then: an identification's number is part of its key."""
        found = await self._partner(customer_id)
        holders = {each.business_partner for each in await self._named(KEY_TYPE, data.key)}
        if holders - {found.business_partner}:
            raise Conflict(f"another customer has the key {data.key}", system=SYSTEM)
        await self._apply(updates.of_key(found, data.key))
        return Written(id=found.business_partner, created=False)

    async def customers(self, cursor: str = "", limit: int = PAGE) -> Page[Customer]:
        """Customers by business partner number."""
        asked = listing.partners_after(cursor, limit, listing.CUSTOMERS) | {"$expand": PARTNER_WITH}
        found = await self._listed(wire.PARTNERS, "A_BusinessPartner", partner_wire.Partner, asked)
        items = [await self._customer(each) for each in found.results[:limit]]
        return Page(items=items, next=listing.partners_next(found, limit))

    async def customer_changes(self, since: str, limit: int = PAGE) -> Page[RecordChange]:
        """Customers changed since a watermark: of its whole day, and of the day before once all is read."""
        mark = Mark.read(since)
        asked = listing.partners_since(mark, limit, listing.CUSTOMERS)
        found = await self._listed(wire.PARTNERS, "A_BusinessPartner", changed_wire.Partner, asked)
        return listing.partners_changed(mark, found, limit)

    async def set_customer_lifecycle(self, customer_id: str, data: LifecycleChange) -> Written:
        """Set or lift the central block of the business partner."""
        found = await self._partner(customer_id)
        await self._apply(updates.of_block(found, closed=data.lifecycle == "closed"))
        return Written(id=found.business_partner, created=False)

    async def _customer(self, found: partner_wire.Partner) -> Customer:
        return partner_mapping.customer(found, legal_entity=await self._entity_of(found))

    async def _entity_of(self, found: partner_wire.Partner) -> str:
        companies = found.to_customer.to_customer_company.results if found.to_customer else []
        return (await self._entities.by_company(companies[0].company_code)).code if companies else ""

    async def _partner(self, number: str) -> partner_wire.Partner:
        path = f"{wire.PARTNERS}/{keyed('A_BusinessPartner', BusinessPartner=checked(number))}"
        return await self._get(path, partner_wire.Partner, {"$expand": PARTNER_WITH})

    async def _partner_by(self, key: str) -> partner_wire.Partner:
        return await self._partner(first(await self._named(KEY_TYPE, key), key).business_partner)

    async def _named(self, kind: str, key: str) -> list[partner_wire.Identification]:
        """Who has this key; of persons and of customers it is of different types."""
        wanted = f"BPIdentificationType eq {literal(kind)} and BPIdentificationNumber eq {literal(key)}"
        shape = partner_wire.Identification
        return await self._list(wire.PARTNERS, "A_BuPaIdentification", shape, {"$filter": wanted})


def checked(number: str) -> str:
    """A business partner's number; `NotFound` for what can be none."""
    if not _NUMBER.fullmatch(number):
        raise NotFound(f"{number[:40]!r} is no business partner number", system=SYSTEM)
    return number
