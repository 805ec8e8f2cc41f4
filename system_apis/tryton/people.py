"""People of customers in one database: parties that are a contact of another party, and customers' keys.

A person and whose contact they are is one call, all or nothing: what is cut off is found by the key, or is not there.
"""

from typing import Final

from canonical.faults import Conflict, Invalid, NotFound, VendorStale
from canonical.objects import Contact
from canonical.ports.leads import CustomerKeys, KeyChange
from canonical.ports.lists import PAGE, RecordChange
from canonical.ports.operation import Page, Written
from canonical.ports.people import CustomerPeople, People, PersonUpdate
from canonical.refusals import refuse_unkept
from system_apis.tryton import mapping, people_wire
from system_apis.tryton import people_mapping as of
from system_apis.tryton.auth import SYSTEM
from system_apis.tryton.calls import PARTY, found_one, native, refused
from system_apis.tryton.codes import CONTACT
from system_apis.tryton.listing import CLOSED_TOO, Listing

_OF_SOMEBODY: Final = ["relations.type.name", "=", CONTACT]


class CustomersPeople(Listing):
    """Contacts of customers, read and written."""

    async def person(self, person_id: str) -> Contact:
        """A contact by the id of their party."""
        return of.contact(await self._human(person_id))

    async def person_by_key(self, key: str) -> Contact:
        """A contact by our key."""
        return of.contact(found_one(await self._people_with(key), key))

    async def customer_people(self, cursor: str = "", limit: int = PAGE) -> Page[Contact]:
        """Contacts by id of their party, closed ones too."""
        found, following = await self._page(people_wire.Person, PARTY, [CLOSED_TOO, _OF_SOMEBODY], cursor, limit)
        return Page(items=[of.contact(each) for each in found], next=following)

    async def person_changes(self, since: str, limit: int = PAGE) -> Page[RecordChange]:
        """Contacts changed since a watermark."""
        return await self._changes(PARTY, [CLOSED_TOO, _OF_SOMEBODY], since, limit)

    async def update_person(self, person_id: str, data: PersonUpdate) -> Written:
        """Change what is named and nothing else, in the version that was read."""
        refuse_unkept(SYSTEM, "Tryton", "a contact", data.fields, of.WRITTEN)
        of.checked(data.person, data.fields, "/person")
        found = await self._human(person_id)
        if data.seen not in ("", found.timestamp):
            raise VendorStale("the contact was edited since it was read", system=SYSTEM)
        return await self._save("", found, data.person, data.fields, "/person")

    async def upsert_person(self, key: str, data: Contact) -> Written:
        """Write the person, and that they are a contact of the customer."""
        if not data.account_id:
            raise refused("a contact in Tryton is one of a customer", "/account_id")
        of.checked(data, of.WRITTEN, "")
        known = next(iter(await self._people_with(key)), None)
        return await self._save(key, known, data, of.WRITTEN, "")

    async def set_customer_key(self, customer_id: str, data: KeyChange) -> Written:
        """Know a party under this key of ours, and under no other."""
        found = await self._rpc.read(people_wire.Known, PARTY, native(customer_id))
        code = mapping.KEY + data.key
        theirs = [["identifiers.code", "=", code], CLOSED_TOO]
        holders = await self._rpc.search(people_wire.Known, PARTY, theirs)
        if any(each.id != found.id for each in holders):
            raise Conflict(f"another customer has the key {data.key[:60]}", system=SYSTEM)
        ours = [each for each in found.identifiers if each.code.startswith(mapping.KEY)]
        if [each.code for each in ours] == [code]:
            return Written(id=str(found.id), created=False)
        commands = mapping.one(ours[0].id if ours else None, {"code": code})
        if len(ours) > 1:
            commands.append(["delete", [each.id for each in ours[1:]]])
        return await self._put(PARTY, found, {"identifiers": commands}, None)

    async def _human(self, person_id: str) -> people_wire.Person:
        found = await self._rpc.read(people_wire.Person, PARTY, native(person_id))
        if not of.is_person(found):
            raise NotFound(f"party {found.id} is nobody's contact", system=SYSTEM)
        return found

    async def _people_with(self, key: str) -> list[people_wire.Person]:
        """The party of a person's key, closed or not. Where two were made at one moment, the first is it."""
        theirs = [["identifiers.code", "=", of.KEY + key], CLOSED_TOO]
        return await self._rpc.search(people_wire.Person, PARTY, theirs)

    async def _save(
        self, key: str, known: people_wire.Person | None, person: Contact, fields: tuple[str, ...] | list[str], at: str
    ) -> Written:
        """`key` is that of a new person; `at` is where the person stands in what was asked."""
        moved = "account_id" in fields and (known is None or of.contact(known).account_id != person.account_id)
        customer, relation = None, 0
        if moved and person.account_id:
            customer = await self._customer_named(person.account_id, f"{at}/account_id")
            relation = await self._known.relations.id(CONTACT, f"{at}/account_id")
        values = of.changed(known, person, fields, customer=customer, relation=relation)
        if known is not None and not values:
            return Written(id=str(known.id), created=False)
        if known is None:
            values["identifiers"] = [["create", [{"code": of.KEY + key}]], *values.get("identifiers", [])]
        return await self._put(PARTY, known, values, None)

    async def _customer_named(self, account_id: str, pointer: str) -> int:
        try:
            return await self._customer_id(account_id)
        except Invalid as none:
            raise refused(none.errors[0].detail, pointer) from none


_ports: tuple[type[People], type[CustomerPeople], type[CustomerKeys]] = (CustomersPeople,) * 3  # held to the ports
