"""People of customers in one environment: its contacts that are persons, each in the company its customer is in."""

from collections.abc import Iterable
from typing import Any, Final

from canonical.faults import VendorStale
from canonical.lengths import cut, whole
from canonical.objects import Contact
from canonical.ports.lists import PAGE as PAGE_SIZE
from canonical.ports.lists import RecordChange
from canonical.ports.operation import Page, Written
from canonical.ports.people import CustomerPeople, People, PersonUpdate
from canonical.refusals import refuse_unkept
from system_apis.business_central import lengths, mapping
from system_apis.business_central import people_wire as there
from system_apis.business_central.companies import Place
from system_apis.business_central.mapping import SYSTEM
from system_apis.business_central.records import Records

CONTACTS: Final = "contacts"


class CustomersPeople(Records):
    """Contacts, read and written."""

    async def person(self, person_id: str) -> Contact:
        """A contact by id."""
        return contact(await self._by_id(CONTACTS, person_id, there.Contact))

    async def person_by_key(self, key: str) -> Contact:
        """A contact by our key."""
        return contact(await self._by_key(CONTACTS, key, there.Contact))

    async def customer_people(self, cursor: str = "", limit: int = PAGE_SIZE) -> Page[Contact]:
        """Contacts, company by company."""
        found, following = await self._lists.page({CONTACTS: there.Contact}, cursor, limit)
        return Page(items=[contact(each) for each in found], next=following)

    async def person_changes(self, since: str, limit: int = PAGE_SIZE) -> Page[RecordChange]:
        """Contacts changed in any company."""
        return await self._lists.changes((CONTACTS,), since, limit)

    async def update_person(self, person_id: str, data: PersonUpdate) -> Written:
        """Change what is named and nothing else, under the version it has now."""
        refuse_unkept(SYSTEM, "Business Central", "a contact", data.fields, there.NAMES)
        found = await self._by_id(CONTACTS, person_id, there.Contact)
        if data.seen not in ("", found.row.etag):
            raise VendorStale("the contact was edited since it was read", system=SYSTEM)
        changed = _draft(data.person, data.fields, "/person", found.company.name)
        return await self._put(found.company, CONTACTS, found.row, changed, changed)

    async def upsert_person(self, key: str, data: Contact) -> Written:
        """Write the contact, in the company its customer is in."""
        company, _ = await self._within(data.account_id, "/account_id")
        draft = _draft(data, there.NAMES, "", company.name, key)
        known = await self._keyed(company, CONTACTS, key, there.Contact)
        return await self._put(company, CONTACTS, known, draft, draft)


def contact(found: Place) -> Contact:
    """A person; `roles`, language and what is said of advertising are not kept."""
    company, row = found.company.name, found.row
    return Contact(
        id=mapping.native(company, row.id),
        legal_entity_id=company,
        xrefs=mapping.xrefs(company, row, row.tiergate_key),
        source=mapping.source(row),
        given=row.first_name,
        family=row.surname,
        email=row.email,
        phone=row.phone_number,
        title=row.job_title,
        account_id=mapping.reference(company, row.customer_id),
        status="inactive" if row.inactive else "active",
    )


def _draft(person: Contact, fields: Iterable[str], at: str, company: str, key: str = "") -> there.Draft:
    """What is written of these fields; an empty text clears what is there. `at` is where the person stands."""
    said: dict[str, Any] = {
        "given": cut(person.given, lengths.PERSON),
        "family": cut(person.family, lengths.PERSON),
        "email": whole(person.email, lengths.MAIL, f"{at}/email", system=SYSTEM),
        "phone": whole(person.phone, lengths.PHONE, f"{at}/phone", system=SYSTEM),
        "title": cut(person.title, lengths.JOB_TITLE),
        "account_id": person.account_id,
        "status": person.status == "inactive",
    }
    theirs = {there.NAMES[name]: said[name] for name in fields}
    if "customer_id" in theirs:
        theirs["customer_id"] = mapping.guid_in(person.account_id, company, f"{at}/account_id")
    return there.Draft(**theirs | ({"tiergate_key": key} if key else {}))


_ports: tuple[type[People], type[CustomerPeople]] = (CustomersPeople,) * 2  # the type checker holds us to the ports
