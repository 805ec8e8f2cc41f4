"""Accounts, people and leads where Salesforce is the CRM and Tryton the ERP: by binding alone."""

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from canonical.objects import Contact, Customer
from gateway.ownership import read_ownership
from process_apis.events.intake import poll_customers, poll_leads, poll_people, work_off
from process_apis.tables import CASES, INBOX
from system_apis.salesforce.sandbox import org
from system_apis.tryton.sandbox import records
from tests.process.world import Over, World
from tiergate.settings import ROOT

D01 = "D01"
BOTH = ("salesforce", "tryton")


@pytest.fixture
async def owned(over: Over) -> AsyncIterator[World]:
    async with over(erp="tryton") as made:
        made.platform.ownership = read_ownership(ROOT / "policies")
        yield made


async def quiet(firm: World) -> None:
    """Ask and work off until nobody writes anything more."""
    for _ in range(8):
        before = firm.writes(*BOTH)
        await poll_customers(firm.platform)
        await poll_people(firm.platform)
        await work_off(firm.platform)
        if firm.writes(*BOTH) == before:
            return
    raise AssertionError("they go on and on")


async def billed(firm: World) -> str:
    """What Salesforce calls who gets the invoices of a won deal's customer."""
    await firm.played(D01)
    account = firm.deal(D01).account
    family = next(each.family for each in account.contacts if each.role == "billing")
    people = firm.records("salesforce", "Contact")
    return str(next(each["Id"] for each in people if (each["AccountId"], each["LastName"]) == (account.id, family)))


async def in_the_books(firm: World, native: str) -> Contact:
    found: Contact = await firm.adapters["tryton"].person_by_key(f"salesforce:{native}")
    return found


async def debtor(firm: World) -> Customer:
    found: Customer = await firm.adapters["tryton"].customer_by_key(f"salesforce:{firm.deal(D01).account.id}")
    return found


async def cases(firm: World) -> list[str]:
    return await firm.platform.database.run(lambda c: list(c.scalars(sa.select(CASES.c.title))))


async def test_who_gets_the_invoices_comes_to_tryton_and_their_address_back(owned: World) -> None:
    native = await billed(owned)
    await quiet(owned)
    person = next(each for each in owned.deal(D01).account.contacts if each.role == "billing")
    made = await in_the_books(owned, native)
    assert (made.given, made.family, made.email) == (person.given, person.family, person.email.lower())
    assert made.account_id == (await debtor(owned)).id
    box = owned.boxes["tryton"]
    box.store.set_setting("_clock_ahead", 60)
    (mail,) = box.store.find("party.contact_mechanism", party=int(made.id), type="email")
    new = [["write", [mail["id"]], {"value": "Invoices@Harbor.Example"}]]
    records.write(box, "party.party", int(made.id), {"contact_mechanisms": new})
    await quiet(owned)
    kept = next(each for each in owned.records("salesforce", "Contact") if each["Id"] == native)
    assert kept["Email"] == "invoices@harbor.example"
    written = owned.writes(*BOTH)
    await quiet(owned)
    assert (owned.writes(*BOTH), owned.writes("netsuite"), await cases(owned)) == (written, [], [])


async def test_an_answer_lost_while_somebody_is_made_makes_one(owned: World) -> None:
    native = await billed(owned)
    family = next(each["LastName"] for each in owned.records("salesforce", "Contact") if each["Id"] == native)
    for _ in range(2):
        await poll_customers(owned.platform)
        await work_off(owned.platform)
    owned.fault("tryton", "timeout_after_commit", method="POST", body=f"party.party.create.*{family}", times=1)
    await quiet(owned)
    await owned.platform.database.run(lambda c: c.execute(sa.update(INBOX).values(not_before=None)))
    await work_off(owned.platform)
    made = await in_the_books(owned, native)
    assert made.account_id == (await debtor(owned)).id
    assert len(owned.boxes["tryton"].store.find("party.relation.all", to=int(made.account_id))) == 1


async def test_a_merge_in_salesforce_leaves_one_active_person_in_tryton(owned: World) -> None:
    native, box = await billed(owned), owned.boxes["salesforce"]
    await quiet(owned)
    box.store.set_setting("_clock_ahead", 1200)
    said = {"LastName": "Twin", "AccountId": owned.deal(D01).account.id, "Role__c": "Billing"}
    twin = org.create(box, org.kind_of("Contact"), said)["Id"]
    await quiet(owned)
    assert (await in_the_books(owned, twin)).status == "active"
    box.store.set_setting("_clock_ahead", 2400)
    org.merge_people(box, native, twin)
    await quiet(owned)
    told = [(await in_the_books(owned, each)).status for each in (native, twin)]
    assert (told, await cases(owned)) == (["active", "inactive"], [])


async def test_a_lead_s_prospect_of_tryton_becomes_the_account_s_customer(owned: World) -> None:
    box, data = owned.boxes["salesforce"], owned.deal(D01).account
    said = {"Company": data.legal_name, "LastName": "Hale", "Email": "hale@harbor.example"}
    lead = str(org.create(box, org.kind_of("Lead"), said)["Id"])
    prospect = Customer(
        legal_name=data.legal_name, legal_entity_id=owned.deal(D01).entity, default_currency=data.currency
    )
    known = (await owned.adapters["tryton"].upsert_customer(f"salesforce:{lead}", prospect)).id
    assert await poll_leads(owned.platform) == 0, "what was there before anybody asked is passed over"
    box.store.set_setting("_clock_ahead", box.store.setting("_clock_ahead", 0) + 1)
    org.convert(box, lead, data.id, owned.deal(D01).id)
    await poll_leads(owned.platform)
    await work_off(owned.platform)
    assert (await debtor(owned)).id == known
    run = (await owned.played(D01)).run
    assert (run.status, (await debtor(owned)).id, owned.duplicates()) == ("succeeded", known, [])
