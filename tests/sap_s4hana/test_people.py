"""Contact persons and customers' keys against the sandbox: what people did in SAP meanwhile, and what is left alone."""

import httpx
import msgspec
import pytest

from canonical.faults import Conflict, Invalid, NotFound, VendorRefused
from canonical.objects import Contact
from canonical.ports.leads import KeyChange
from canonical.ports.people import PersonUpdate
from foundation.sandbox import Box
from system_apis.sap_s4hana import wire
from system_apis.sap_s4hana.adapter import SapS4hana
from tests.ports import objects

KEY = objects.PERSON
OTHER = "salesforce:001Tg0000000088IAA"


async def customer(sap: SapS4hana, key: str = objects.CUSTOMER) -> str:
    return (await sap.upsert_customer(key, objects.customer(tax_registrations=[]))).id


async def somebody(sap: SapS4hana) -> Contact:
    data = objects.contact(await customer(sap))
    await sap.upsert_person(KEY, data)
    return await sap.person_by_key(KEY)


def moved(person: Contact, company: str) -> PersonUpdate:
    return PersonUpdate(fields=["account_id"], person=msgspec.structs.replace(person, account_id=company))


async def also_of(http: httpx.AsyncClient, person: str, company: str, until: str) -> None:
    """Somebody makes them a contact of another company as well."""
    entry = {"BusinessPartnerCompany": company, "BusinessPartnerPerson": person, "RelationshipCategory": "BUR001"}
    entry |= {"ValidityEndDate": f"{until}T00:00:00"}
    made = await http.post(f"{wire.PARTNERS}/A_BusinessPartnerContact", json=entry)
    assert made.status_code == 201, made.text


async def test_who_changes_firms_is_one_of_the_new_one_only_and_is_reached_as_before(sap: SapS4hana, box: Box) -> None:
    person, other = await somebody(sap), await customer(sap, OTHER)
    await sap.update_person(person.id, moved(person, other))
    there = await sap.person_by_key(KEY)
    assert (there.account_id, there.email, there.title) == (other, person.email, person.title)
    assert len(box.store.all("A_BusinessPartnerContact")) == len(box.store.all("A_BPContactToFuncAndDept")) == 1
    with pytest.raises(VendorRefused, match="does not exist"):
        await sap.update_person(person.id, moved(person, "999999"))
    assert (await sap.person_by_key(KEY)).account_id == other


async def test_relationships_people_made_stay_and_one_that_ended_is_not_read(
    sap: SapS4hana, http: httpx.AsyncClient, box: Box
) -> None:
    person, other = await somebody(sap), await customer(sap, OTHER)
    third = await customer(sap, "salesforce:001Tg0000000089IAA")
    await also_of(http, person.id, other, "9999-12-31")
    await also_of(http, person.id, third, "2020-12-31")
    assert (await sap.person(person.id)).account_id == person.account_id, "the oldest that stands"
    (first,) = box.store.find("A_BusinessPartnerContact", BusinessPartnerCompany=person.account_id)
    at = "|".join(first[name] for name in ("RelationshipNumber", "BusinessPartnerCompany", "BusinessPartnerPerson"))
    box.store.delete("A_BusinessPartnerContact", f"{at}|9999-12-31")
    assert (await sap.person(person.id)).account_id == other
    await sap.upsert_person(KEY, objects.contact(other))
    assert len(box.store.all("A_BusinessPartnerContact")) == 2, "the one people made is used"
    assert (await sap.person(person.id)).email == person.email


async def test_who_is_a_contact_of_no_company_is_listed_nowhere_and_reached_nowhere(sap: SapS4hana, box: Box) -> None:
    person = await somebody(sap)
    (relation,) = box.store.all("A_BusinessPartnerContact")
    assert [each.id for each in (await sap.customer_people()).items] == [person.id]
    await sap.update_person(person.id, moved(person, ""))
    assert (await sap.person(person.id)).account_id == ""
    assert (await sap.customer_people()).items == []
    with pytest.raises(Invalid) as refused:
        await sap.update_person(
            person.id, PersonUpdate(fields=["email"], person=msgspec.structs.replace(person, account_id=""))
        )
    assert [error.pointer for error in refused.value.errors] == ["/person/account_id"]
    await sap.upsert_person(KEY, objects.contact(person.account_id))
    (again,) = box.store.all("A_BusinessPartnerContact")
    assert again["RelationshipNumber"] != relation["RelationshipNumber"]


async def test_a_person_and_a_customer_under_the_same_key_are_two_and_a_company_is_no_person(sap: SapS4hana) -> None:
    account = await customer(sap)
    made = await sap.upsert_person(objects.CUSTOMER, objects.contact(account))
    assert made.id != account
    assert (await sap.customer_by_key(objects.CUSTOMER)).id == account
    for nobody in (account, "../x", "999999"):
        with pytest.raises(NotFound):
            await sap.person(nobody)
    for none in ("999999", ""):
        with pytest.raises(Invalid) as refused:
            await sap.upsert_person(KEY, objects.contact(none))
        assert [error.pointer for error in refused.value.errors] == ["/account_id"]


async def test_a_customer_is_known_under_another_key_and_under_that_alone(sap: SapS4hana, box: Box) -> None:
    account, other = await customer(sap, "salesforce:00QTg0001's"), await customer(sap, OTHER)
    change = KeyChange(key=objects.CUSTOMER)
    assert (await sap.set_customer_key(account, change)).id == account
    assert (await sap.customer_by_key(objects.CUSTOMER)).id == account
    with pytest.raises(NotFound):
        await sap.customer_by_key("salesforce:00QTg0001's")
    writes = len(box.store.writes())
    await sap.set_customer_key(account, change)
    with pytest.raises(Conflict, match="another customer has the key"):
        await sap.set_customer_key(other, change)
    with pytest.raises(NotFound):
        await sap.set_customer_key("999999", change)
    assert len(box.store.writes()) == writes
