"""Contact sync with another system as the ERP, by binding alone: who gets the invoices, their address, their merge."""

from collections.abc import AsyncIterator, Callable

import msgspec
import pytest
import sqlalchemy as sa

from canonical.objects import Contact
from foundation.sandbox import Box
from gateway.ownership import read_ownership
from process_apis.events.intake import poll_customers, poll_people, work_off
from process_apis.tables import CASES
from system_apis.oracle_fusion.sandbox import writing as fusion
from system_apis.oracle_fusion.sandbox.schema import RESOURCES
from system_apis.salesforce.sandbox import org
from system_apis.sap_s4hana.sandbox import writing as sap
from system_apis.sap_s4hana.sandbox.schema import SETS
from tests.process.world import Over, World
from tiergate.settings import ROOT

D01 = "D01"
ADDRESS = "Invoices@Harbor.Example"


class Erp(msgspec.Struct, frozen=True):
    """What is a system's own."""

    name: str
    reach: Callable[[Box, str], None]
    """Somebody writes another address of a person there."""


def _in_sap(box: Box, native: str) -> None:
    (found,) = box.store.find("A_BPContactToFuncAndDept", BusinessPartnerPerson=native)
    sap.update(box, SETS["A_BPContactToFuncAndDept"], found, {"EmailAddress": ADDRESS})


def _in_oracle_fusion(box: Box, native: str) -> None:
    (found,) = box.store.find("contacts", PartyNumber=native)
    fusion.update(box, RESOURCES["contacts"], found, {"EmailAddress": ADDRESS})


ERPS = (Erp("sap_s4hana", _in_sap), Erp("oracle_fusion", _in_oracle_fusion))


@pytest.fixture(params=ERPS, ids=[each.name for each in ERPS])
def bound(request: pytest.FixtureRequest) -> Erp:
    found: Erp = request.param
    return found


@pytest.fixture
async def owned(over: Over, bound: Erp) -> AsyncIterator[World]:
    async with over(erp=bound.name) as made:
        made.platform.ownership = read_ownership(ROOT / "policies")
        yield made


async def quiet(firm: World, bound: Erp) -> None:
    """Ask and work off until nobody writes any more: a poll by days tells a day again."""
    for _ in range(8):
        before = firm.writes("salesforce", bound.name)
        await poll_customers(firm.platform)
        await poll_people(firm.platform)
        await work_off(firm.platform)
        if firm.writes("salesforce", bound.name) == before:
            return
    raise AssertionError("they go on and on")


async def billed(firm: World) -> str:
    """What Salesforce calls who gets the invoices of a won deal's customer."""
    await firm.played(D01)
    account = firm.deal(D01).account
    family = next(each.family for each in account.contacts if each.role == "billing")
    people = firm.records("salesforce", "Contact")
    return str(next(each["Id"] for each in people if (each["AccountId"], each["LastName"]) == (account.id, family)))


async def in_the_books(firm: World, bound: Erp, native: str) -> Contact:
    found: Contact = await firm.adapters[bound.name].person_by_key(f"salesforce:{native}")
    return found


async def cases(firm: World) -> list[str]:
    return await firm.platform.database.run(lambda c: list(c.scalars(sa.select(CASES.c.title))))


async def test_who_gets_the_invoices_comes_to_the_books_and_their_address_back(owned: World, bound: Erp) -> None:
    native = await billed(owned)
    await quiet(owned, bound)
    person = next(each for each in owned.deal(D01).account.contacts if each.role == "billing")
    made = await in_the_books(owned, bound, native)
    assert (made.given, made.family, made.email) == (person.given, person.family, person.email.lower())
    debtor = await owned.adapters[bound.name].customer_by_key(f"salesforce:{owned.deal(D01).account.id}")
    assert (made.account_id, made.legal_entity_id) == (debtor.id, "ACME-US")
    box = owned.boxes[bound.name]
    box.store.set_setting("_clock_ahead", box.store.setting("_clock_ahead", 0) + 60)
    bound.reach(box, made.id)
    await quiet(owned, bound)
    kept = next(each for each in owned.records("salesforce", "Contact") if each["Id"] == native)
    assert kept["Email"] == ADDRESS.lower()
    written = owned.writes("salesforce", bound.name)
    await quiet(owned, bound)
    assert (owned.writes("salesforce", bound.name), owned.writes("netsuite")) == (written, [])
    assert (await cases(owned), owned.duplicates()) == ([], [])


async def test_a_merge_in_salesforce_leaves_one_active_person(owned: World, bound: Erp) -> None:
    native, box = await billed(owned), owned.boxes["salesforce"]
    await quiet(owned, bound)
    box.store.set_setting("_clock_ahead", 1200)
    said = {"LastName": "Twin", "AccountId": owned.deal(D01).account.id, "Role__c": "Billing"}
    twin = org.create(box, org.kind_of("Contact"), said)["Id"]
    await quiet(owned, bound)
    assert (await in_the_books(owned, bound, twin)).status == "active"
    box.store.set_setting("_clock_ahead", 2400)
    org.merge_people(box, native, twin)
    await quiet(owned, bound)
    told = [(await in_the_books(owned, bound, each)).status for each in (native, twin)]
    assert (told, await cases(owned)) == (["active", "inactive"], [])
