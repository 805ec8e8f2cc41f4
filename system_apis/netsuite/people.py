"""People of customers in one account: NetSuite's contacts.

NetSuite has no optimistic lock (QUIRKS.md), so a version is compared before a write; what is saved between the two by
somebody else is overwritten field by field, never the whole record.
"""

from collections.abc import Iterable
from typing import Any, Final

from canonical.faults import FieldError, Invalid, NotFound, VendorStale
from canonical.lengths import cut, whole
from canonical.objects import Contact
from canonical.ports.lists import PAGE, RecordChange
from canonical.ports.operation import Page, Written
from canonical.ports.people import CustomerPeople, People, PersonUpdate
from canonical.refusals import refuse_unkept
from system_apis.netsuite import lengths, mapping, people_wire, wire
from system_apis.netsuite.calls import RECORDS, checked, eid
from system_apis.netsuite.listing import STAMP, Listing
from system_apis.netsuite.people_wire import Draft

KIND: Final = "contact"
# ruff: noqa: S608 - what is put into a query is a constant
_PEOPLE: Final = (
    "SELECT id, externalid, firstname, lastname, company, email, phone, title, subsidiary, isinactive,"
    f" {STAMP} FROM contact"
)
_WRITTEN: Final = ("given", "family", "email", "phone", "title", "account_id", "status")


class CustomersPeople(Listing):
    """Contacts, read and written."""

    async def person(self, person_id: str) -> Contact:
        """A contact by internal id."""
        return await self._person(await self._get(KIND, checked(person_id), people_wire.Contact))

    async def person_by_key(self, key: str) -> Contact:
        """A contact by external id."""
        return await self._person(await self._get(KIND, eid(key), people_wire.Contact))

    async def customer_people(self, cursor: str = "", limit: int = PAGE) -> Page[Contact]:
        """Contacts by internal id."""
        found, following = await self._listed(_PEOPLE, wire.Rows[people_wire.Row], cursor, limit)
        return Page(items=[await self._person(people_wire.contact(row)) for row in found], next=following)

    async def person_changes(self, since: str, limit: int = PAGE) -> Page[RecordChange]:
        """Contacts changed since a watermark."""
        return await self._changes(KIND, since, limit)

    async def update_person(self, person_id: str, data: PersonUpdate) -> Written:
        """Change what is named, and nothing else."""
        refuse_unkept(mapping.SYSTEM, "NetSuite", "a contact", data.fields, _WRITTEN)
        found = await self._get(KIND, checked(person_id), people_wire.Contact)
        if data.seen not in ("", mapping.source(found.last_modified_date).native_version):
            raise VendorStale("the contact was edited since it was read", system=mapping.SYSTEM)
        return await self._write("PATCH", f"{RECORDS}/{KIND}/{found.id}", draft(data.person, data.fields, "/person"))

    async def upsert_person(self, key: str, data: Contact) -> Written:
        """Write the contact of a customer; its subsidiary is the customer's."""
        if not data.account_id:
            error = FieldError(detail="a contact in NetSuite belongs to a customer", pointer="/account_id")
            raise Invalid(system=mapping.SYSTEM, errors=[error])
        try:
            customer = await self._get("customer", checked(data.account_id), wire.Customer)
        except NotFound as none:
            error = FieldError(detail=f"there is no customer {data.account_id[:40]!r}", pointer="/account_id")
            raise Invalid(system=mapping.SYSTEM, errors=[error]) from none
        return await self._upsert(KIND, key, draft(data, _WRITTEN, "", customer.subsidiary.id))

    async def _person(self, found: people_wire.Contact) -> Contact:
        entity = await self._entity(found.subsidiary) if found.subsidiary.id else ""
        return contact(found, legal_entity=entity)


def contact(found: people_wire.Contact, *, legal_entity: str) -> Contact:
    """A person; `roles`, language and what is said of advertising are not kept."""
    return Contact(
        id=found.id,
        legal_entity_id=legal_entity,
        xrefs=mapping.xrefs(found.id, found.external_id),
        source=mapping.source(found.last_modified_date),
        given=found.first_name,
        family=found.last_name,
        email=found.email,
        phone=found.phone,
        title=found.title,
        account_id=found.company.id,
        status="inactive" if found.is_inactive else "active",
    )


def draft(person: Contact, fields: Iterable[str], at: str, subsidiary: str = "") -> Draft:
    """What is written of these fields; an empty text clears what is there. `at` is where the person stands."""
    mail = whole(person.email, lengths.MAIL, f"{at}/email", system=mapping.SYSTEM)
    phone = whole(person.phone, lengths.PHONE, f"{at}/phone", system=mapping.SYSTEM)
    said: dict[str, Any] = {
        "given": cut(person.given, lengths.PERSON) or None,
        "family": cut(person.family, lengths.PERSON) or None,
        "email": mail or None,
        "phone": phone or None,
        "title": cut(person.title, lengths.TITLE) or None,
        "account_id": wire.Ref(id=person.account_id),
        "status": person.status == "inactive",
    }
    theirs = {people_wire.NAMES[name]: said[name] for name in fields}
    if subsidiary:
        theirs["subsidiary"] = wire.Ref(id=subsidiary)
    return Draft(**theirs)


_ports: tuple[type[People], type[CustomerPeople]] = (CustomersPeople,) * 2  # the type checker holds us to the ports
