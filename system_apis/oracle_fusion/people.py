"""People of one pod's customers: its contacts, each of an account."""

from collections.abc import Iterable
from typing import Any, Final

from canonical.faults import FieldError, Invalid, NotFound, VendorStale
from canonical.lengths import cut, whole
from canonical.objects import Contact
from canonical.ports.lists import PAGE, RecordChange
from canonical.ports.operation import Page, Written
from canonical.ports.people import PersonUpdate
from canonical.refusals import refuse_unkept
from foundation.marks import Mark
from system_apis.oracle_fusion import framework, lengths, listing, mapping
from system_apis.oracle_fusion import people_wire as wire
from system_apis.oracle_fusion.codes import ACTIVE, SOURCE, SYSTEM
from system_apis.oracle_fusion.parties import party
from system_apis.oracle_fusion.rest import Change, Rest, at, quoted, there, version
from system_apis.oracle_fusion.wire import ACCOUNTS, CRM

_CHUNK: Final = 40
"""Accounts of one query: an address has a limit."""
PEOPLE: Final = listing.Kind(
    path=wire.CONTACTS,
    shape=wire.Contact,
    params={},
    number="PartyId",
    native="PartyNumber",
    where="AccountPartyNumber is not null",
)


class CustomersPeople:
    """Contacts, read and written."""

    _rest: Rest

    async def person(self, person_id: str) -> Contact:
        """A contact by party number."""
        return await self._told(await self._person(person_id))

    async def person_by_key(self, key: str) -> Contact:
        """A contact by our key."""
        return await self._told(there(await self._person_by(key), key))

    async def customer_people(self, cursor: str = "", limit: int = PAGE) -> Page[Contact]:
        """Contacts that are of an account, in the order they were made."""
        found, following = await listing.page(self._rest, PEOPLE, listing.begun(cursor), limit)
        homes = await self._homes({each.account_party_number or "" for each in found})
        items = [contact(each, legal_entity=homes.get(each.account_party_number or "", "")) for each in found]
        return Page(items=items, next=following)

    async def person_changes(self, since: str, limit: int = PAGE) -> Page[RecordChange]:
        """Contacts changed since a watermark."""
        return await listing.changes(self._rest, PEOPLE, Mark.read(since), limit)

    async def update_person(self, person_id: str, data: PersonUpdate) -> Written:
        """Change what is named and nothing else, under the version it has now."""
        refuse_unkept(SYSTEM, "Fusion", "a contact", data.fields, wire.NAMES)
        wanted = _said(data.person, data.fields, "/person")
        found = await self._person(person_id)
        if data.seen not in ("", version(found)):
            raise VendorStale("the contact was edited since it was read", system=SYSTEM)
        await self._change(found, wanted, "/person")
        return Written(id=found.party_number, created=False)

    async def upsert_person(self, key: str, data: Contact) -> Written:
        """Write the contact, as one of its customer's account."""
        wanted = _said(data, wire.NAMES, "")
        found = await self._person_by(key)
        if found is not None:
            await self._change(found, wanted, "")
            return Written(id=found.party_number, created=False)
        await self._customer(data.account_id, "")
        draft = wire.ContactDraft(**wanted, source_system=SOURCE, source_system_reference_value=key)
        made = await self._rest.create(wire.CONTACTS, draft, wire.Contact)
        return Written(id=made.party_number, created=True)

    async def _told(self, found: wire.Contact) -> Contact:
        number = found.account_party_number or ""
        return contact(found, legal_entity=(await self._homes({number})).get(number, ""))

    async def _homes(self, numbers: set[str]) -> dict[str, str]:
        """Whose customers these accounts are: a person is in the books their customer is in."""
        homes, wanted = dict[str, str](), sorted(numbers - {""})
        for place in range(0, len(wanted), _CHUNK):
            listed = ",".join(quoted(each) for each in wanted[place : place + _CHUNK])
            asked = {"q": f"PartyNumber in ({listed})", "fields": "PartyNumber,TgLegalEntity_c", "onlyData": "true"}
            rows = await self._rest.all(ACCOUNTS, wire.Home, asked, "PartyId:asc")
            homes |= {each.party_number: each.tg_legal_entity_c or "" for each in rows}
        return homes

    async def _change(self, found: wire.Contact, wanted: dict[str, Any], pointer: str) -> None:
        """Only what differs is sent: each save is a new version, and an audit entry."""
        changed = {name: value for name, value in wanted.items() if _plain(getattr(found, name)) != _plain(value)}
        if "account_party_number" in changed:
            await self._customer(changed["account_party_number"], pointer)
        if changed:
            body = wire.ContactHead(**changed)
            change = Change(operation="update", path=at(found), body=body, version=version(found))
            await self._rest.apply(CRM, [change])

    async def _customer(self, number: str, pointer: str) -> None:
        try:
            await self._rest.get(f"{ACCOUNTS}/{party(number)}", framework.Some, {"fields": "PartyNumber"})
        except NotFound as missing:
            detail = f"Fusion has no account {number[:40]!r}"
            raise Invalid(
                system=SYSTEM, errors=[FieldError(detail=detail, pointer=f"{pointer}/account_id")]
            ) from missing

    async def _person(self, number: str) -> wire.Contact:
        return await self._rest.get(f"{wire.CONTACTS}/{party(number)}", wire.Contact)

    async def _person_by(self, key: str) -> wire.Contact | None:
        wanted = f"SourceSystem='{SOURCE}' and SourceSystemReferenceValue={quoted(key)}"
        return await self._rest.first(wire.CONTACTS, wire.Contact, {"q": wanted})


def contact(found: wire.Contact, *, legal_entity: str) -> Contact:
    """A person; roles, language and what is said of advertising are not kept."""
    gone = bool(found.tg_inactive_c) or (found.party_status or ACTIVE) != ACTIVE
    ours = found.source_system_reference_value if found.source_system == SOURCE else ""
    return Contact(
        id=found.party_number,
        legal_entity_id=legal_entity,
        xrefs=mapping.xrefs(found.party_number, ours),
        source=mapping.source(found, found.last_update_date),
        lifecycle="closed" if gone else "active",
        given=found.first_name or "",
        family=found.last_name or "",
        email=found.email_address or "",
        phone=found.work_phone_number or "",
        title=found.job_title or "",
        account_id=found.account_party_number or "",
        status="inactive" if gone else "active",
    )


def _said(person: Contact, fields: Iterable[str], at: str) -> dict[str, Any]:
    """These fields in Fusion's words; an empty text clears what is wire. `at` is where the person stands."""
    said: dict[str, Any] = {
        "given": cut(person.given, lengths.PERSON) or None,
        "family": cut(person.family, lengths.PERSON),
        "email": whole(person.email, lengths.MAIL, f"{at}/email", system=SYSTEM) or None,
        "phone": whole(person.phone, lengths.PHONE, f"{at}/phone", system=SYSTEM) or None,
        "title": cut(person.title, lengths.JOB_TITLE) or None,
        "account_id": person.account_id,
        "status": person.status == "inactive",
    }
    return {wire.NAMES[name]: said[name] for name in fields}


def _plain(value: Any) -> Any:
    """A tick nobody has set is none."""
    return value or None
