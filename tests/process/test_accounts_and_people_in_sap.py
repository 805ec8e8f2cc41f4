"""Accounts, people and leads where Salesforce is the CRM and SAP S/4HANA the ERP: by binding alone."""

from typing import Any

import pytest
import sqlalchemy as sa

from canonical.objects import Customer
from foundation.sandbox import Record
from gateway.ownership import read_ownership
from process_apis.cross_references import xrefs
from process_apis.events.intake import poll_leads, work_off
from process_apis.tables import INBOX
from system_apis.salesforce.sandbox import org
from system_apis.sap_s4hana.sandbox.schema import SETS
from system_apis.sap_s4hana.sandbox.writing import update
from tests.process.corresponding import D01, Corresponding
from tests.process.world import World
from tiergate.settings import ROOT


@pytest.fixture
def owned(sap_firm: World) -> World:
    sap_firm.platform.ownership = read_ownership(ROOT / "policies")
    return sap_firm


@pytest.fixture
def both(owned: World) -> Corresponding:
    return Corresponding(owned)


def saved(firm: World, kind: str, of: Record, **fields: Any) -> None:
    """Somebody edits it in SAP, a minute later."""
    box = firm.boxes["sap_s4hana"]
    box.store.set_setting("_clock_ahead", box.store.setting("_clock_ahead", 0) + 60)
    update(box, SETS[kind], of, fields)


def held(firm: World, kind: str, native: str) -> Record:
    return next(each for each in firm.records("salesforce", kind) if each["Id"] == native)


@pytest.mark.parametrize("path", ["/A_BusinessPartner", "/A_BusinessPartnerContact"])
async def test_an_answer_lost_at_either_half_of_a_person_makes_one(
    owned: World, both: Corresponding, path: str
) -> None:
    native = await both.billed()
    owned.fault("sap_s4hana", "timeout_after_commit", method="POST", path=path, times=1)
    await both.quiet()
    await owned.platform.database.run(lambda c: c.execute(sa.update(INBOX).values(not_before=None)))
    await work_off(owned.platform)
    made = await both.in_the_books(native)
    assert made.account_id == (await both.debtor()).id
    store = owned.boxes["sap_s4hana"].store
    assert [each["BusinessPartner"] for each in store.find("A_BusinessPartner", LastName=made.family)] == [made.id]
    assert len(store.find("A_BusinessPartnerContact", BusinessPartnerPerson=made.id)) == 1
    assert owned.duplicates() == []


async def test_the_books_rename_a_customer_in_the_crm_and_know_the_echo(owned: World, both: Corresponding) -> None:
    await owned.played(D01)
    await both.quiet()
    partner = owned.boxes["sap_s4hana"].store.get("A_BusinessPartner", (await both.debtor()).id)
    assert partner is not None
    saved(owned, "A_BusinessPartner", partner, OrganizationBPName1="Harbor Logistics SE")
    await both.quiet()
    account = owned.deal(D01).account.id
    assert held(owned, "Account", account)["Legal_Name__c"] == "Harbor Logistics SE"
    written = both.written()
    await both.quiet()
    assert (both.written(), await both.cases()) == (written, [])


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


async def test_a_lead_s_prospect_of_sap_becomes_the_account_s_customer(owned: World, both: Corresponding) -> None:
    lead = a_lead(owned)
    known = await prospect(owned, lead)
    assert await poll_leads(owned.platform) == 0, "what was there before anybody asked is passed over"
    converted(owned, lead)
    await poll_leads(owned.platform)
    await work_off(owned.platform)
    assert (await both.debtor()).id == known
    run = (await owned.played(D01)).run
    assert (run.status, (await both.debtor()).id, owned.duplicates()) == ("succeeded", known, [])


async def test_a_deal_of_a_lead_nobody_told_of_takes_its_prospect_though_the_answer_is_lost(
    owned: World, both: Corresponding
) -> None:
    lead = a_lead(owned)
    known = await prospect(owned, lead)
    converted(owned, lead)
    owned.fault("sap_s4hana", "timeout_after_commit", method="POST", path="/to_BuPaIdentification", times=1)
    run = (await owned.played(D01)).run
    assert (run.status, (await both.debtor()).id) == ("succeeded", known), run.detail
    keys = owned.boxes["sap_s4hana"].store.find("A_BuPaIdentification", BusinessPartner=known)
    assert [each["BPIdentificationNumber"] for each in keys] == [f"salesforce:{owned.deal(D01).account.id}"]
    pair = [("salesforce", owned.deal(D01).account.id), ("sap_s4hana", known)]
    owners = await owned.platform.database.run(lambda c: [xrefs.holder(c, "customer", *each) for each in pair])
    assert owners[0] == owners[1] != ""
