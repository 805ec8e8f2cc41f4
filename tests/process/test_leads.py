"""A lead that the books know as a prospect: converted, it is the customer of the deal it became, and the only one."""

from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from canonical.dates import now
from canonical.faults import NotBound
from canonical.ports.leads import CustomerKeys
from canonical.ports.systems import Change
from gateway.ownership import read_ownership
from process_apis.cross_references import xrefs
from process_apis.events import inbox
from process_apis.events.intake import poll_leads, work_off
from process_apis.tables import CASES, INBOX, XREF_HISTORY
from system_apis.netsuite.sandbox.schema import RECORDS
from system_apis.netsuite.sandbox.writing import create
from system_apis.salesforce.sandbox import org
from tests.process.world import World
from tiergate.settings import ROOT

D01 = "D01"


@pytest.fixture
def owned(firm: World) -> World:
    firm.platform.ownership = read_ownership(ROOT / "policies")
    return firm


def a_lead(firm: World, family: str = "Hale") -> str:
    """Somebody who may become a customer, in Salesforce."""
    said = {"Company": firm.deal(D01).account.legal_name, "LastName": family, "Email": "hale@harbor.example"}
    return str(org.create(firm.boxes["salesforce"], org.kind_of("Lead"), said)["Id"])


def a_prospect(firm: World, lead: str) -> str:
    """What the books know of a lead, under its key."""
    account = firm.deal(D01).account
    box = firm.boxes["netsuite"]
    (entity,) = box.store.find("subsidiary", custrecord_tg_code=firm.deal(D01).entity)
    (currency,) = box.store.find("currency", symbol=account.currency)
    said: dict[str, Any] = {
        "companyName": account.legal_name,
        "externalId": f"salesforce:{lead}",
        "subsidiary": {"id": entity["id"]},
        "currency": {"id": currency["id"]},
        "entityStatus": {"id": "13"},
    }
    if account.tax:
        said |= {"vatRegNumber": account.tax.number, "custentity_tg_tax_country": account.tax.country}
    return str(create(box, RECORDS["customer"], said)["id"])


def converted(firm: World, lead: str, code: str = D01) -> None:
    deal, box = firm.deal(code), firm.boxes["salesforce"]
    box.store.set_setting("_clock_ahead", box.store.setting("_clock_ahead", 0) + 1)  # stamps have whole seconds
    org.convert(box, lead, deal.account.id, deal.id)


def customers(firm: World, code: str = D01) -> list[tuple[str, str]]:
    """Id and key of every customer of a deal's account in the books."""
    name = firm.deal(code).account.legal_name
    return [
        (each["id"], each["externalId"])
        for each in firm.records("netsuite", "customer")
        if each["companyName"] == name and each.get("externalId")
    ]


def account_key(firm: World, code: str = D01) -> str:
    return f"salesforce:{firm.deal(code).account.id}"


async def told(firm: World, lead: str, version: str) -> str:
    """Salesforce tells that a lead changed; what came of it."""
    change = Change(object="lead", native_id=lead, version=version, changed_at=now())
    await firm.platform.database.run(lambda c: inbox.store(c, "salesforce", [change], "notification"))
    await work_off(firm.platform)
    asked = sa.select(INBOX.c.outcome).where(INBOX.c.native_id == lead, INBOX.c.version == version)
    return str(await firm.platform.database.run(lambda c: c.scalar(asked)))


async def test_a_converted_lead_s_deal_ends_in_the_one_customer_the_books_knew(firm: World) -> None:
    """Nobody told of the conversion yet: the deal's own run asks where it came from."""
    lead = a_lead(firm)
    prospect = a_prospect(firm, lead)
    converted(firm, lead)
    run = (await firm.played(D01)).run
    assert run.status == "succeeded", run.detail
    assert customers(firm) == [(prospect, account_key(firm))]
    assert next(x.native_id for x in run.ids if (x.instance, x.system) == ("customer", "netsuite")) == prospect
    assert "netsuite create customer" not in firm.writes("netsuite")[1:], "the first is the prospect itself"
    owners = await firm.platform.database.run(
        lambda c: [
            xrefs.holder(c, "customer", *each)
            for each in (("salesforce", firm.deal(D01).account.id), ("netsuite", prospect))
        ]
    )
    assert owners[0] == owners[1] != ""


async def test_a_conversion_that_is_heard_of_carries_the_prospect_to_the_account(owned: World) -> None:
    lead = a_lead(owned)
    prospect = a_prospect(owned, lead)
    assert await told(owned, lead, "0") == "not_converted"
    assert await poll_leads(owned.platform) == 0, "what was there before anybody asked is passed over"
    converted(owned, lead)
    assert await poll_leads(owned.platform) >= 1
    await work_off(owned.platform)
    assert customers(owned) == [(prospect, account_key(owned))]
    noted = sa.select(XREF_HISTORY.c.why).where(XREF_HISTORY.c.native_id == prospect)
    said = await owned.platform.database.run(lambda c: list(c.scalars(noted)))
    assert f"The lead salesforce {lead} was converted." in said
    run = (await owned.played(D01)).run
    assert (run.status, customers(owned)) == ("succeeded", [(prospect, account_key(owned))])


async def test_a_lead_that_was_deleted_and_restored_is_followed_again(owned: World) -> None:
    """That it was gone is no later version than what it is saved as afterwards."""
    lead, box = a_lead(owned), owned.boxes["salesforce"]
    prospect = a_prospect(owned, lead)
    assert await poll_leads(owned.platform) == 0, "what was there before anybody asked is passed over"
    for deleted in (True, False):
        box.store.set_setting("_clock_ahead", box.store.setting("_clock_ahead", 0) + 1)
        at = {"SystemModstamp": org.stamp(box.now()), "LastModifiedDate": org.stamp(box.now())}
        box.store.update("Lead", lead, {"IsDeleted": deleted} | at)
        assert await poll_leads(owned.platform) >= 1
        await work_off(owned.platform)
    converted(owned, lead)
    assert await poll_leads(owned.platform) >= 1
    await work_off(owned.platform)
    assert customers(owned) == [(prospect, account_key(owned))]


async def test_told_twice_of_a_conversion_the_second_changes_nothing(owned: World) -> None:
    lead = a_lead(owned)
    a_prospect(owned, lead)
    converted(owned, lead)
    assert await told(owned, lead, "v1") == "carried"
    before = owned.writes("netsuite", "salesforce")
    assert await told(owned, lead, "v2") == "nothing_to_carry"
    assert await told(owned, lead, "v2") == "nothing_to_carry"
    assert owned.writes("netsuite", "salesforce") == before


async def test_converted_to_an_account_the_books_know_it_makes_no_second_customer(owned: World) -> None:
    await owned.played(D01)
    (known,) = customers(owned)
    lead = a_lead(owned)
    converted(owned, lead)
    assert await told(owned, lead, "v1") == "nothing_to_carry"
    assert customers(owned) == [known]


async def test_a_prospect_beside_the_account_s_customer_is_for_a_person_and_the_deal_uses_the_account_s(
    owned: World,
) -> None:
    await owned.played(D01)
    (known,) = customers(owned)
    lead = a_lead(owned)
    prospect = a_prospect(owned, lead)
    converted(owned, lead)
    before = owned.writes("netsuite")
    assert await told(owned, lead, "v1") == "two_customers"
    assert owned.writes("netsuite") == before
    (case,) = await owned.platform.database.run(lambda c: list(c.execute(sa.select(CASES))))
    assert f"netsuite {prospect}" in case.errors
    assert f"netsuite {known[0]}" in case.errors
    assert sorted(customers(owned)) == sorted([known, (prospect, f"salesforce:{lead}")])


async def test_a_lead_merged_before_it_was_converted_is_still_the_one_the_books_knew(firm: World) -> None:
    first, second = a_lead(firm), a_lead(firm, "Hale-Lund")
    prospect = a_prospect(firm, first)
    org.merge_people(firm.boxes["salesforce"], second, first, "Lead")
    converted(firm, second)
    run = (await firm.played(D01)).run
    assert run.status == "succeeded", run.detail
    assert customers(firm) == [(prospect, account_key(firm))]


async def test_the_answer_to_the_new_key_may_be_lost(firm: World) -> None:
    lead = a_lead(firm)
    prospect = a_prospect(firm, lead)
    converted(firm, lead)
    firm.fault("netsuite", "timeout_after_commit", method="PATCH", path="customer", times=1)
    run = (await firm.played(D01)).run
    assert run.status == "succeeded", run.detail
    assert customers(firm) == [(prospect, account_key(firm))]


async def test_books_that_cannot_be_told_another_key_stop_the_run_with_the_key_to_enter(firm: World) -> None:
    lead = a_lead(firm)
    prospect = a_prospect(firm, lead)
    converted(firm, lead)
    systems = firm.platform.systems

    def ask(name: str, port: type) -> object:
        if port is CustomerKeys:
            raise NotBound("it has none")
        return systems.ask(name, port)

    firm.platform.systems = msgspec.structs.replace(systems, ask=ask)  # type: ignore[arg-type]  # a spy of any port
    run = (await firm.played(D01)).run
    assert run.status == "failed"
    assert (
        f"netsuite {prospect} is known under its lead's key: give it the key {account_key(firm)} there." in run.detail
    )
    assert customers(firm) == [(prospect, f"salesforce:{lead}")]
