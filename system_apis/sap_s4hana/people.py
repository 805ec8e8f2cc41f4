"""People of customers in one tenant: contact persons.

SAP has no upsert: a person is made under our key first and then becomes a contact of the company, so that what is cut
off between the two is found by the key and finished by the next write.
"""

from collections.abc import Collection, Sequence
from typing import Final

from canonical.dates import now
from canonical.faults import FieldError, Invalid, NotFound, VendorStale
from canonical.objects import Contact
from canonical.ports.lists import PAGE, RecordChange
from canonical.ports.operation import Page, Written
from canonical.ports.people import PersonUpdate
from canonical.refusals import refuse_unkept
from foundation.marks import Mark
from system_apis.sap_s4hana import changed_wire, listing, wire
from system_apis.sap_s4hana import people_mapping as mapping
from system_apis.sap_s4hana import people_updates as changes_of
from system_apis.sap_s4hana import people_wire as there
from system_apis.sap_s4hana.calls import first, given
from system_apis.sap_s4hana.codes import PERSON, PERSON_KEY_TYPE
from system_apis.sap_s4hana.odata import SYSTEM, keyed, literal
from system_apis.sap_s4hana.partners import Partners, checked

PERSON_WITH: Final = "to_BuPaIdentification"
RELATION_WITH: Final = "to_ContactRelationship"
_REACHED: Final = frozenset({"email", "phone", "title"})


class People(Partners):
    """Contact persons, read and written."""

    async def person(self, person_id: str) -> Contact:
        """A person by their business partner number."""
        return (await self._told([await self._human(person_id)]))[0]

    async def person_by_key(self, key: str) -> Contact:
        """A person by the identification we gave them."""
        return await self.person(first(await self._named(PERSON_KEY_TYPE, key), key).business_partner)

    async def customer_people(self, cursor: str = "", limit: int = PAGE) -> Page[Contact]:
        """Contact persons by business partner number; persons of no company are none, so a page may be shorter."""
        asked = listing.partners_after(cursor, limit, listing.PEOPLE) | {"$expand": PERSON_WITH}
        found = await self._listed(wire.PARTNERS, "A_BusinessPartner", there.Person, asked)
        people = await self._told(found.results[:limit])
        return Page(items=[each for each in people if each.account_id], next=listing.partners_next(found, limit))

    async def person_changes(self, since: str, limit: int = PAGE) -> Page[RecordChange]:
        """Persons changed since a watermark: of its whole day, and of the day before once all is read."""
        mark = Mark.read(since)
        asked = listing.partners_since(mark, limit, listing.PEOPLE)
        found = await self._listed(wire.PARTNERS, "A_BusinessPartner", changed_wire.Partner, asked)
        return listing.partners_changed(mark, found, limit)

    async def update_person(self, person_id: str, data: PersonUpdate) -> Written:
        """Change what is named, and nothing else."""
        refuse_unkept(SYSTEM, "SAP", "a contact", data.fields, mapping.WRITTEN)
        found = await self._human(person_id)
        if data.seen not in ("", found.metadata.etag):
            raise VendorStale("the person was edited since it was read", system=SYSTEM)
        relations = await self._relations([found.business_partner])
        at = mapping.foremost(relations, now().date())
        person = mapping.merged(mapping.contact(found, at, legal_entity=""), data.person, data.fields)
        if not person.account_id and _REACHED & set(data.fields):
            error = FieldError(detail="in SAP somebody is reached at a company", pointer="/person/account_id")
            raise Invalid(system=SYSTEM, errors=[error])
        await self._apply(changes_of.of_person(found, relations, at, person, "/person"))
        return Written(id=found.business_partner, created=False)

    async def upsert_person(self, key: str, data: Contact) -> Written:
        """Write the person, and that they are a contact of the customer."""
        if not data.account_id:
            error = FieldError(detail="a contact in SAP belongs to a customer", pointer="/account_id")
            raise Invalid(system=SYSTEM, errors=[error])
        try:
            await self._partner(data.account_id)
        except NotFound as none:
            error = FieldError(detail=f"there is no customer {data.account_id[:40]!r}", pointer="/account_id")
            raise Invalid(system=SYSTEM, errors=[error]) from none
        reached = mapping.reach(data)
        named = await self._named(PERSON_KEY_TYPE, key)
        if named:
            found = await self._human(named[0].business_partner)
            relations = await self._relations([found.business_partner])
            at = mapping.foremost(relations, now().date())
            await self._apply(changes_of.of_person(found, relations, at, data, ""))
            return Written(id=found.business_partner, created=False)
        made = await self._create(f"{wire.PARTNERS}/A_BusinessPartner", mapping.draft(key, data))
        number = given(made.business_partner)
        relation = mapping.relation(number, data.account_id, reached)
        given((await self._create(f"{wire.PARTNERS}/A_BusinessPartnerContact", relation)).relationship_number)
        return Written(id=number, created=True)

    async def _human(self, number: str) -> there.Person:
        path = f"{wire.PARTNERS}/{keyed('A_BusinessPartner', BusinessPartner=checked(number))}"
        found = await self._get(path, there.Person, {"$expand": PERSON_WITH})
        if found.business_partner_category != PERSON:
            raise NotFound(f"business partner {number} is no person", system=SYSTEM)
        return found

    async def _relations(self, people: Sequence[str]) -> list[there.Relation]:
        return await self._each(
            wire.PARTNERS,
            "A_BusinessPartnerContact",
            there.Relation,
            people,
            lambda number: f"BusinessPartnerPerson eq {literal(number)}",
            RELATION_WITH,
        )

    async def _told(self, people: Sequence[there.Person]) -> list[Contact]:
        """Each with the company they stand for, and the legal entity whose customer that is first."""
        relations, today = await self._relations([each.business_partner for each in people]), now().date()
        at = {
            each.business_partner: mapping.foremost(
                [one for one in relations if one.business_partner_person == each.business_partner], today
            )
            for each in people
        }
        entities = await self._entities_of({one.business_partner_company for one in at.values() if one})
        told = []
        for each in people:
            one = at[each.business_partner]
            entity = entities.get(one.business_partner_company, "") if one else ""
            told.append(mapping.contact(each, one, legal_entity=entity))
        return told

    async def _entities_of(self, customers: Collection[str]) -> dict[str, str]:
        """Of each customer, the legal entity it was made for: that of its first company code."""
        rows = await self._each(
            wire.PARTNERS,
            "A_CustomerCompany",
            there.OfCompany,
            sorted(customers),
            lambda number: f"Customer eq {literal(number)}",
        )
        found: dict[str, str] = {}
        for row in rows:
            if row.customer not in found:
                found[row.customer] = (await self._entities.by_company(row.company_code)).code
        return found
