"""Contact sync with another system as the ERP, by binding alone: who gets the invoices, their address, their merge."""

from collections.abc import AsyncIterator, Callable

import msgspec
import pytest

from foundation.sandbox import Box
from gateway.ownership import read_ownership
from system_apis.oracle_fusion.sandbox import writing as fusion
from system_apis.oracle_fusion.sandbox.schema import RESOURCES
from system_apis.salesforce.sandbox import org
from system_apis.sap_s4hana.sandbox import writing as sap
from system_apis.sap_s4hana.sandbox.schema import SETS
from system_apis.tryton.sandbox import records as tryton
from tests.process.corresponding import D01, Corresponding
from tests.process.world import Over, World
from tests.reconcile.asking import reconciled
from tiergate.settings import ROOT

ADDRESS = "Invoices@Harbor.Example"
LATER = "later@harbor.example"


class Erp(msgspec.Struct, frozen=True):
    """What is a system's own."""

    name: str
    reach: Callable[[Box, str, str], None]
    """Somebody writes another address of a person there."""
    books: str = "ACME-US"
    """Whose a person is; empty where everybody belongs to every company."""


def _in_sap(box: Box, native: str, address: str) -> None:
    (found,) = box.store.find("A_BPContactToFuncAndDept", BusinessPartnerPerson=native)
    sap.update(box, SETS["A_BPContactToFuncAndDept"], found, {"EmailAddress": address})


def _in_oracle_fusion(box: Box, native: str, address: str) -> None:
    (found,) = box.store.find("contacts", PartyNumber=native)
    fusion.update(box, RESOURCES["contacts"], found, {"EmailAddress": address})


def _in_tryton(box: Box, native: str, address: str) -> None:
    (mail,) = box.store.find("party.contact_mechanism", party=int(native), type="email")
    new = [["write", [mail["id"]], {"value": address}]]
    tryton.write(box, "party.party", int(native), {"contact_mechanisms": new})


ERPS = (Erp("sap_s4hana", _in_sap), Erp("oracle_fusion", _in_oracle_fusion), Erp("tryton", _in_tryton, ""))


@pytest.fixture(params=ERPS, ids=[each.name for each in ERPS])
def bound(request: pytest.FixtureRequest) -> Erp:
    found: Erp = request.param
    return found


@pytest.fixture
async def owned(over: Over, bound: Erp) -> AsyncIterator[World]:
    async with over(erp=bound.name) as made:
        made.platform.ownership = read_ownership(ROOT / "policies")
        yield made


@pytest.fixture
def both(owned: World) -> Corresponding:
    return Corresponding(owned)


async def test_who_gets_the_invoices_comes_to_the_books_and_their_address_back_told_of_or_found_by_comparing(
    owned: World, both: Corresponding, bound: Erp
) -> None:
    native = await both.billed()
    await both.quiet()
    person = next(each for each in owned.deal(D01).account.contacts if each.role == "billing")
    made = await both.in_the_books(native)
    assert (made.given, made.family, made.email) == (person.given, person.family, person.email.lower())
    assert (made.account_id, made.legal_entity_id) == ((await both.debtor()).id, bound.books)
    box = owned.boxes[bound.name]
    box.store.set_setting("_clock_ahead", box.store.setting("_clock_ahead", 0) + 60)
    bound.reach(box, made.id, ADDRESS)
    await both.quiet()
    kept = next(each for each in owned.records("salesforce", "Contact") if each["Id"] == native)
    assert kept["Email"] == ADDRESS.lower()
    written = both.written()
    await both.quiet()
    assert (both.written(), owned.writes("netsuite")) == (written, [])
    assert (await both.cases(), owned.duplicates()) == ([], [])
    bound.reach(box, made.id, LATER)
    told = await reconciled(owned.platform, "contact")
    assert [(each.left_id, each.kind, each.outcome) for each in told.differences] == [(native, "field", "healed")]
    assert next(each for each in owned.records("salesforce", "Contact") if each["Id"] == native)["Email"] == LATER
    assert (await reconciled(owned.platform, "contact")).report.clean


async def test_a_merge_in_salesforce_leaves_one_active_person(owned: World, both: Corresponding) -> None:
    native, box = await both.billed(), owned.boxes["salesforce"]
    await both.quiet()
    box.store.set_setting("_clock_ahead", 1200)
    said = {"LastName": "Twin", "AccountId": owned.deal(D01).account.id, "Role__c": "Billing"}
    twin = org.create(box, org.kind_of("Contact"), said)["Id"]
    await both.quiet()
    assert (await both.in_the_books(twin)).status == "active"
    box.store.set_setting("_clock_ahead", 2400)
    org.merge_people(box, native, twin)
    await both.quiet()
    told = [(await both.in_the_books(each)).status for each in (native, twin)]
    assert (told, await both.cases()) == (["active", "inactive"], [])
