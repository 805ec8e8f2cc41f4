"""Accounts, people and leads where Salesforce is the CRM and SAP S/4HANA the ERP: by binding alone."""

from typing import Any

import pytest
import sqlalchemy as sa

from canonical.objects import Contact, Customer
from foundation.sandbox import Record
from gateway.ownership import read_ownership
from process_apis.cross_references import xrefs
from process_apis.events.intake import poll_customers, poll_leads, poll_people, work_off
from process_apis.tables import CASES, INBOX
from system_apis.salesforce.sandbox import org
from system_apis.sap_s4hana.sandbox.schema import SETS
from system_apis.sap_s4hana.sandbox.writing import update
from tests.process.world import World
from tiergate.settings import ROOT

D01 = "D01"
BOTH = ("salesforce", "sap_s4hana")


@pytest.fixture
def owned(sap_firm: World) -> World:
    sap_firm.platform.ownership = read_ownership(ROOT / "policies")
    return sap_firm


async def quiet(firm: World) -> None:
    """Ask and work off until nobody has anything new; a day is told once more by each poll of SAP."""
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
    found: Contact = await firm.adapters["sap_s4hana"].person_by_key(f"salesforce:{native}")
    return found


async def debtor(firm: World) -> Customer:
    key = f"salesforce:{firm.deal(D01).account.id}"
    found: Customer = await firm.adapters["sap_s4hana"].customer_by_key(key)
    return found


def saved(firm: World, kind: str, of: Record, **fields: Any) -> None:
    """Somebody edits it in SAP, a minute later."""
    box = firm.boxes["sap_s4hana"]
    box.store.set_setting("_clock_ahead", box.store.setting("_clock_ahead", 0) + 60)
    update(box, SETS[kind], of, fields)


def held(firm: World, kind: str, native: str) -> Record:
    return next(each for each in firm.records("salesforce", kind) if each["Id"] == native)


async def cases(firm: World) -> list[str]:
    return await firm.platform.database.run(lambda c: list(c.scalars(sa.select(CASES.c.title))))


@pytest.mark.parametrize("path", ["/A_BusinessPartner", "/A_BusinessPartnerContact"])
async def test_an_answer_lost_at_either_half_of_a_person_makes_one(owned: World, path: str) -> None:
    native = await billed(owned)
    owned.fault("sap_s4hana", "timeout_after_commit", method="POST", path=path, times=1)
    await quiet(owned)
    await owned.platform.database.run(lambda c: c.execute(sa.update(INBOX).values(not_before=None)))
    await work_off(owned.platform)
    made = await in_the_books(owned, native)
    assert made.account_id == (await debtor(owned)).id
    store = owned.boxes["sap_s4hana"].store
    assert [each["BusinessPartner"] for each in store.find("A_BusinessPartner", LastName=made.family)] == [made.id]
    assert len(store.find("A_BusinessPartnerContact", BusinessPartnerPerson=made.id)) == 1
    assert owned.duplicates() == []


async def test_the_books_rename_a_customer_in_the_crm_and_know_the_echo(owned: World) -> None:
    await owned.played(D01)
    await quiet(owned)
    partner = owned.boxes["sap_s4hana"].store.get("A_BusinessPartner", (await debtor(owned)).id)
    assert partner is not None
    saved(owned, "A_BusinessPartner", partner, OrganizationBPName1="Harbor Logistics SE")
    await quiet(owned)
    account = owned.deal(D01).account.id
    assert held(owned, "Account", account)["Legal_Name__c"] == "Harbor Logistics SE"
    written = owned.writes(*BOTH)
    await quiet(owned)
    assert (owned.writes(*BOTH), await cases(owned)) == (written, [])


async def prospect(firm: World, lead: str) -> str:
    """What the books know of a lead, under its key."""
    data = firm.deal(D01).account
    known = Customer(legal_name=data.legal_name, legal_entity_id=firm.deal(D01).entity, default_currency=data.currency)
    return str((await firm.adapters["sap_s4hana"].upsert_customer(f"salesforce:{lead}", known)).id)


def a_lead(firm: World) -> str:
    said = {"Company": firm.deal(D01).account.legal_name, "LastName": "Hale", "Email": "hale@harbor.example"}
    return str(org.create(firm.boxes["salesforce"], org.kind_of("Lead"), said)["Id"])


def converted(firm: World, lead: str) -> None:
    box = firm.boxes["salesforce"]
    box.store.set_setting("_clock_ahead", box.store.setting("_clock_ahead", 0) + 1)
    org.convert(box, lead, firm.deal(D01).account.id, firm.deal(D01).id)


async def test_a_lead_s_prospect_of_sap_becomes_the_account_s_customer(owned: World) -> None:
    lead = a_lead(owned)
    known = await prospect(owned, lead)
    assert await poll_leads(owned.platform) == 0, "what was there before anybody asked is passed over"
    converted(owned, lead)
    await poll_leads(owned.platform)
    await work_off(owned.platform)
    assert (await debtor(owned)).id == known
    run = (await owned.played(D01)).run
    assert (run.status, (await debtor(owned)).id, owned.duplicates()) == ("succeeded", known, [])


async def test_a_deal_of_a_lead_nobody_told_of_takes_its_prospect_though_the_answer_is_lost(owned: World) -> None:
    lead = a_lead(owned)
    known = await prospect(owned, lead)
    converted(owned, lead)
    owned.fault("sap_s4hana", "timeout_after_commit", method="POST", path="/to_BuPaIdentification", times=1)
    run = (await owned.played(D01)).run
    assert (run.status, (await debtor(owned)).id) == ("succeeded", known), run.detail
    keys = owned.boxes["sap_s4hana"].store.find("A_BuPaIdentification", BusinessPartner=known)
    assert [each["BPIdentificationNumber"] for each in keys] == [f"salesforce:{owned.deal(D01).account.id}"]
    pair = [("salesforce", owned.deal(D01).account.id), ("sap_s4hana", known)]
    owners = await owned.platform.database.run(lambda c: [xrefs.holder(c, "customer", *each) for each in pair])
    assert owners[0] == owners[1] != ""
