"""People of customers and the keys of customers: each in its own company, changed under the version they have."""

from typing import Any

import httpx
import pytest

from canonical.faults import Conflict, Invalid, NotFound, VendorRefused, VendorStale
from canonical.ports.leads import KeyChange
from canonical.ports.people import PersonUpdate
from foundation.sandbox import Box
from system_apis.business_central.adapter import BusinessCentral
from tests.business_central.test_ledger import EVERY
from tests.business_central.test_sandbox import code
from tests.ports import objects

OTHER = "salesforce:001Tg0000000078IAA"
ABROAD: dict[str, Any] = {"legal_entity_id": "ACME-US", "default_currency": "USD"}


async def customer(erp: BusinessCentral, key: str = objects.CUSTOMER, **more: Any) -> str:
    return (await erp.upsert_customer(key, objects.customer(**more))).id


async def person(erp: BusinessCentral, account: str) -> str:
    return (await erp.upsert_person(objects.PERSON, objects.contact(account))).id


async def test_somebody_of_two_companies_is_two_records_each_with_its_own_customer(
    erp: BusinessCentral, box: Box
) -> None:
    here, there = await customer(erp), await customer(erp, **ABROAD)
    first, second = await person(erp, here), await person(erp, there)
    assert (first.split(".")[0], second.split(".")[0]) == ("ACME-DE", "ACME-US")
    assert [(await erp.person(each)).account_id for each in (first, second)] == [here, there]
    assert (await erp.person_by_key(objects.PERSON)).id == second, "the one written last"
    assert (await person(erp, here), len(box.store.all("contacts"))) == (first, 2)
    assert (await erp.person_by_key(objects.PERSON)).id == first


async def test_who_changes_firms_changes_debtors_within_a_company_only(erp: BusinessCentral) -> None:
    here, there = await customer(erp), await customer(erp, **ABROAD)
    other, native = await customer(erp, OTHER, legal_name="Möwen AG"), await person(erp, here)
    for account, kept in ((other, other), ("", "")):
        update = PersonUpdate(fields=["account_id"], person=objects.contact(account))
        await erp.update_person(native, update)
        assert (await erp.person(native)).account_id == kept
    for wrong in (there, "107", "ACME-DE.x"):
        with pytest.raises(Invalid) as refused:
            await erp.update_person(native, PersonUpdate(fields=["account_id"], person=objects.contact(wrong)))
        assert [error.pointer for error in refused.value.errors] == ["/person/account_id"]
    gone = here[:-12] + "000000000000"
    with pytest.raises(VendorRefused, match="customerId"):
        await person(erp, gone)
    with pytest.raises(Invalid) as nowhere:
        await person(erp, "")
    assert [error.pointer for error in nowhere.value.errors] == ["/account_id"]


async def test_what_is_saved_between_our_read_and_our_write_is_not_overwritten(
    erp: BusinessCentral, box: Box, http: httpx.AsyncClient, company: str
) -> None:
    native = await person(erp, await customer(erp))
    seen = (await erp.person(native)).source
    address = f"{company}/contacts({native.rpartition('.')[2]})"
    assert code(await http.patch(address, json={"jobTitle": "x"})) == (400, "BadRequest_InvalidToken")
    assert (await http.patch(address, json={"jobTitle": "CFO"}, headers=EVERY)).status_code == 200
    assert seen is not None
    for version in (seen.native_version, "no version at all"):
        update = PersonUpdate(fields=["title"], person=objects.contact("", title="Einkauf"), seen=version)
        with pytest.raises(VendorStale):
            await erp.update_person(native, update)
    assert (await erp.person(native)).title == "CFO"
    last = PersonUpdate(fields=["status"], person=objects.contact("", status="inactive"))
    await erp.update_person(native, last)
    (row,) = box.store.all("contacts")
    assert (row["inactive"], row["jobTitle"], (await erp.person(native)).status) == (True, "CFO", "inactive")


async def test_a_customer_gets_another_key_and_nobody_of_its_company_has_it_twice(
    erp: BusinessCentral, box: Box
) -> None:
    native, other = await customer(erp), await customer(erp, OTHER, legal_name="Möwen AG")
    abroad = await customer(erp, **ABROAD)
    moved = "salesforce:001Tg0000000079IAA"
    for _ in range(2):
        assert (await erp.set_customer_key(native, KeyChange(key=moved))).id == native
    assert ((await erp.customer_by_key(moved)).id, (await erp.customer_by_key(objects.CUSTOMER)).id) == (native, abroad)
    with pytest.raises(Conflict, match=f"another customer of ACME-DE has the key {moved}"):
        await erp.set_customer_key(other, KeyChange(key=moved))
    await erp.set_customer_key(abroad, KeyChange(key=moved))
    for nobody in ("ACME-DE.22222222-0000-4000-8000-0000000000ff", "107"):
        with pytest.raises(NotFound):
            await erp.set_customer_key(nobody, KeyChange(key="salesforce:001Tg0000000080IAA"))
    assert [row["tiergateKey"] for row in box.store.all("customers")].count(moved) == 2
