"""Contacts and customers' keys against the sandbox: what people did in Tryton meanwhile, and what is left alone."""

from typing import Any

import msgspec
import pytest

from canonical.faults import Conflict, Invalid, NotFound, VendorStale
from canonical.objects import Contact
from canonical.ports.leads import KeyChange
from canonical.ports.people import PersonUpdate
from foundation.sandbox import Box
from system_apis.tryton.adapter import Tryton
from system_apis.tryton.codes import CONTACT
from system_apis.tryton.sandbox import records
from tests.ports import objects

KEY = objects.PERSON
OTHER = "salesforce:001Tg0000000088IAA"


async def customer(erp: Tryton, key: str = objects.CUSTOMER) -> str:
    return (await erp.upsert_customer(key, objects.customer(tax_registrations=[]))).id


async def somebody(erp: Tryton, **more: Any) -> Contact:
    await erp.upsert_person(KEY, objects.contact(await customer(erp), **more))
    return await erp.person_by_key(KEY)


def changed(person: Contact, **fields: Any) -> PersonUpdate:
    return PersonUpdate(fields=[*fields], person=msgspec.structs.replace(person, **fields))


def contact_of(box: Box) -> int:
    return int(box.store.find("party.relation.type", name=CONTACT)[0]["id"])


@pytest.mark.parametrize(
    ("given", "family"),
    [("Anna Lena", "Müller"), ("Jan", "van der Berg"), ("", "van Dam"), ("", "Müller"), ("J", "J")],
)
async def test_a_name_is_parted_as_it_was_written(erp: Tryton, given: str, family: str) -> None:
    person = await somebody(erp, given="X", family="Y")
    await erp.update_person(person.id, changed(person, given=given, family=family))
    found = await erp.person(person.id)
    assert (found.given, found.family) == (given, family)


async def test_whom_people_renamed_is_parted_at_the_last_space(erp: Tryton, box: Box) -> None:
    person = await somebody(erp, given="Jan", family="van der Berg")
    records.write(box, "party.party", int(person.id), {"name": "Jan Hendrik Berg"})
    assert (await erp.person(person.id)).given == "Jan"
    records.write(box, "party.party", int(person.id), {"name": "Hendrik de Berg"})
    found = await erp.person(person.id)
    assert (found.given, found.family) == ("Hendrik de", "Berg")


async def test_nobody_is_without_a_name(erp: Tryton) -> None:
    person = await somebody(erp)
    with pytest.raises(Invalid) as refused:
        await erp.update_person(person.id, changed(person, family=" "))
    assert [each.pointer for each in refused.value.errors] == ["/person/family"]


async def test_who_changes_firms_is_the_contact_of_the_new_one_only(erp: Tryton, box: Box) -> None:
    person, other = await somebody(erp), await customer(erp, OTHER)
    await erp.update_person(person.id, changed(person, account_id=other))
    assert (await erp.person_by_key(KEY)).account_id == other
    assert [each["to"] for each in box.store.find("party.relation.all", from_=int(person.id))] == [int(other)]
    with pytest.raises(Invalid) as refused:
        await erp.update_person(person.id, changed(person, account_id="999999"))
    assert [each.pointer for each in refused.value.errors] == ["/person/account_id"]
    await erp.update_person(person.id, changed(person, account_id=""))
    assert (await erp.person(person.id)).account_id == ""
    assert (await erp.customer_people()).items == []


async def test_what_else_somebody_is_stays_and_a_relation_that_ended_is_not_read(erp: Tryton, box: Box) -> None:
    person, other = await somebody(erp), await customer(erp, OTHER)
    also = {"from_": int(person.id), "to": int(other)}
    owner = records.create(box, "party.relation.type", {"name": "Owner of"})
    records.create(box, "party.relation.all", also | {"type": owner})
    ended = {"__class__": "date", "year": 2020, "month": 1, "day": 1}
    records.create(box, "party.relation.all", also | {"type": contact_of(box), "end_date": ended})
    assert (await erp.person(person.id)).account_id == person.account_id
    await erp.update_person(person.id, changed(person, account_id=""))
    left = [each["type"] for each in box.store.find("party.relation.all", from_=int(person.id))]
    assert left == [owner, contact_of(box)]


async def test_a_contact_people_made_is_read_written_and_no_customer(erp: Tryton, box: Box) -> None:
    account = await customer(erp)
    mechanisms = [["create", [{"type": "mobile", "value": "+49 170 1"}]]]
    theirs = {"name": "Ute Harms", "contact_mechanisms": mechanisms}
    native = str(records.create(box, "party.party", theirs))
    assert native in {each.id for each in (await erp.customers()).items}
    with pytest.raises(NotFound):
        await erp.person(native)
    relation = {"from_": int(native), "to": int(account), "type": contact_of(box)}
    records.create(box, "party.relation.all", relation)
    assert native not in {each.id for each in (await erp.customers()).items}
    assert native not in {each.native_id for each in (await erp.customer_changes("")).items}
    (found,) = (await erp.customer_people()).items
    assert (found.given, found.family, found.phone, found.xrefs[0].alt_key) == ("Ute", "Harms", "+49 170 1", "")
    await erp.update_person(native, changed(found, phone="+49 170 2"))
    (mechanism,) = box.store.find("party.contact_mechanism", party=int(native))
    assert (mechanism["type"], mechanism["value"]) == ("mobile", "+49 170 2")


async def test_nothing_new_is_no_write_and_an_old_version_is_refused(erp: Tryton, box: Box) -> None:
    person = await somebody(erp)
    writes = len(box.store.writes())
    await erp.upsert_person(KEY, objects.contact(person.account_id))
    assert len(box.store.writes()) == writes
    with pytest.raises(VendorStale):
        await erp.update_person(person.id, PersonUpdate(fields=["phone"], person=person, seen="1.0"))


async def test_a_customer_is_known_under_another_key_and_under_that_alone(erp: Tryton, box: Box) -> None:
    account, other = await customer(erp, "salesforce:00QTg0001"), await customer(erp, OTHER)
    records.create(box, "party.identifier", {"party": int(account), "code": "tiergate:salesforce:older"})
    change = KeyChange(key=objects.CUSTOMER)
    assert (await erp.set_customer_key(account, change)).id == account
    assert (await erp.customer_by_key(objects.CUSTOMER)).id == account
    for before in ("salesforce:00QTg0001", "salesforce:older"):
        with pytest.raises(NotFound):
            await erp.customer_by_key(before)
    writes = len(box.store.writes())
    await erp.set_customer_key(account, change)
    with pytest.raises(Conflict, match="another customer has the key"):
        await erp.set_customer_key(other, change)
    with pytest.raises(NotFound):
        await erp.set_customer_key("999999", change)
    assert len(box.store.writes()) == writes
