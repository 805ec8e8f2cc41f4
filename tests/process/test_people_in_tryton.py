"""People and leads where Tryton is the ERP: what is its own. What is every ERP's stands in `test_people_in_erps`."""

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from canonical.objects import Customer
from gateway.ownership import read_ownership
from process_apis.events.intake import poll_customers, poll_leads, work_off
from process_apis.tables import INBOX
from system_apis.salesforce.sandbox import org
from tests.process.corresponding import D01, Corresponding
from tests.process.world import Over, World
from tiergate.settings import ROOT


@pytest.fixture
async def owned(over: Over) -> AsyncIterator[World]:
    async with over(erp="tryton") as made:
        made.platform.ownership = read_ownership(ROOT / "policies")
        yield made


@pytest.fixture
def both(owned: World) -> Corresponding:
    return Corresponding(owned)


async def test_an_answer_lost_while_somebody_is_made_makes_one(owned: World, both: Corresponding) -> None:
    native = await both.billed()
    family = next(each["LastName"] for each in owned.records("salesforce", "Contact") if each["Id"] == native)
    for _ in range(2):
        await poll_customers(owned.platform)
        await work_off(owned.platform)
    owned.fault("tryton", "timeout_after_commit", method="POST", body=f"party.party.create.*{family}", times=1)
    await both.quiet()
    await owned.platform.database.run(lambda c: c.execute(sa.update(INBOX).values(not_before=None)))
    await work_off(owned.platform)
    made = await both.in_the_books(native)
    assert made.account_id == (await both.debtor()).id
    assert len(owned.boxes["tryton"].store.find("party.relation.all", to=int(made.account_id))) == 1


async def test_a_lead_s_prospect_of_tryton_becomes_the_account_s_customer(owned: World, both: Corresponding) -> None:
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
    assert (await both.debtor()).id == known
    run = (await owned.played(D01)).run
    assert (run.status, (await both.debtor()).id, owned.duplicates()) == ("succeeded", known, [])
