"""Contact sync over the real adapters and their sandboxes: whom a won deal's customer has invoices sent to."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from canonical.dates import now
from canonical.ports.systems import Change
from foundation.sandbox.firm import Person
from gateway.ownership import read_ownership
from process_apis.account_sync.intake import log as sync_log
from process_apis.cross_references import xrefs
from process_apis.events import inbox
from process_apis.events.intake import poll_customers, poll_people, work_off
from process_apis.tables import ATTEMPTS, CASES, EVENTS, INBOX, RUNS, XREF_HISTORY, XREF_TERMS
from system_apis.salesforce.sandbox import org
from tests.process.world import World
from tiergate.settings import ROOT


@pytest.fixture
def owned(firm: World) -> World:
    firm.platform.ownership = read_ownership(ROOT / "policies")
    return firm


async def quiet(firm: World) -> None:
    """Ask and work off until nobody has anything new."""
    for _ in range(8):
        new = await poll_customers(firm.platform) + await poll_people(firm.platform)
        await work_off(firm.platform)
        if not new:
            return
    raise AssertionError("they go on and on")


async def of(firm: World, code: str) -> tuple[Person, str]:
    """Who gets the invoices of a won deal's customer, and what Salesforce calls them."""
    await firm.played(code)
    account = firm.deal(code).account
    person = next(each for each in account.contacts if each.role == "billing")
    native = next(
        each["Id"]
        for each in firm.records("salesforce", "Contact")
        if each["AccountId"] == account.id and each["LastName"] == person.family
    )
    return person, native


def in_the_books(firm: World, native: str) -> dict[str, Any]:
    (found,) = [each for each in firm.records("netsuite", "contact") if each["externalId"] == f"salesforce:{native}"]
    return found


async def test_who_gets_the_invoices_of_a_won_deal_comes_to_the_books_and_their_address_back(owned: World) -> None:
    person, native = await of(owned, "D01")
    await quiet(owned)
    made = in_the_books(owned, native)
    assert (made["firstName"], made["lastName"], made["email"]) == (person.given, person.family, person.email.lower())
    account = f"salesforce:{owned.deal('D01').account.id}"
    debtor = next(each for each in owned.records("netsuite", "customer") if each["externalId"] == account)
    assert (made["company"], made["subsidiary"]) == ({"id": debtor["id"]}, debtor["subsidiary"])
    before = owned.writes("salesforce", "netsuite")
    await quiet(owned)
    assert owned.writes("salesforce", "netsuite") == before, "the echo is known"
    box = owned.boxes["netsuite"]
    later = {"lastModifiedDate": box.now().replace(year=2031).strftime("%Y-%m-%dT%H:%M:%SZ")}
    box.store.update("contact", made["id"], {"email": "Invoices@Harbor.Example", **later})
    await quiet(owned)
    kept = next(each for each in owned.records("salesforce", "Contact") if each["Id"] == native)
    assert kept["Email"] == "invoices@harbor.example"
    written = owned.writes("salesforce", "netsuite")
    await quiet(owned)
    assert owned.writes("salesforce", "netsuite") == written, "an address kept in small letters is no change"


async def test_a_merge_in_salesforce_leaves_one_active_contact_in_netsuite(owned: World) -> None:
    _, native = await of(owned, "D01")
    await quiet(owned)
    box = owned.boxes["salesforce"]
    box.store.set_setting("_clock_ahead", 1200)
    twin = org.create(
        box,
        org.kind_of("Contact"),
        {"LastName": "Twin", "AccountId": owned.deal("D01").account.id, "Role__c": "Billing"},
    )["Id"]
    await quiet(owned)
    assert in_the_books(owned, twin)["lastName"] == "Twin"
    box.store.set_setting("_clock_ahead", 2400)
    org.merge_people(box, native, twin)
    await quiet(owned)
    active = {each["lastName"]: not each.get("isInactive") for each in owned.records("netsuite", "contact")}
    assert active.pop("Twin") is False
    assert in_the_books(owned, native).get("isInactive") in (None, False)
    assert await owned.platform.database.run(lambda c: list(c.scalars(sa.select(CASES.c.title)))) == []


@pytest.mark.parametrize("fault", ["timeout_after_commit", "timeout_before_commit"])
async def test_an_answer_lost_while_somebody_is_made_makes_one(owned: World, fault: str) -> None:
    _, native = await of(owned, "D01")
    owned.fault("netsuite", fault, method="PUT", path="contact", times=1)
    await quiet(owned)
    await owned.platform.database.run(lambda c: c.execute(sa.update(INBOX).values(not_before=None)))
    await work_off(owned.platform)
    assert in_the_books(owned, native)
    assert owned.duplicates() == []


async def test_who_it_is_stands_in_no_record_case_event_or_log(
    owned: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said: list[str] = []
    monkeypatch.setattr(sync_log, "warning", lambda *args, **more: said.append(str((args, more))), raising=False)
    person, native = await of(owned, "D01")
    await quiet(owned)
    made = in_the_books(owned, native)
    wrong = "this is no address"
    await owned.edit("Contact", native, Phone="+1 206 555 0101")
    owned.boxes["netsuite"].store.update("contact", made["id"], {"email": wrong})
    for system, record in (("salesforce", native), ("netsuite", made["id"])):
        change = Change(object="contact", native_id=record, version="zz", changed_at=now())
        await owned.platform.database.run(lambda c, s=system, x=change: inbox.store(c, s, [x], "poll"))
    await work_off(owned.platform)
    (case,) = await owned.platform.database.run(lambda c: list(c.execute(sa.select(CASES))))
    assert case.kind == "guard_mail_address"
    tables = (ATTEMPTS, CASES, EVENTS, RUNS, XREF_HISTORY, XREF_TERMS)
    written = await owned.platform.database.run(
        lambda c: str([list(c.execute(sa.select(each).where(_of_people(each)))) for each in tables])
    )
    guessed = [sha256(text.encode()).hexdigest() for text in (person.email.lower(), wrong)]
    for secret in (person.family, person.email, person.email.lower(), wrong, *guessed):
        assert secret not in written + str(said)


def _of_people(table: sa.Table) -> Any:
    """A run shows its deal's people to whoever may read it, masked; everything else is asked whole."""
    return table.c.workflow == "contact_sync" if table is RUNS else sa.true()


async def test_the_person_s_case_shows_both_systems_as_they_are_now(owned: World) -> None:
    _, native = await of(owned, "D01")
    await quiet(owned)
    made = in_the_books(owned, native)
    await owned.edit("Contact", native, Email="one@harbor.example")
    owned.boxes["netsuite"].store.update("contact", made["id"], {"email": "two@harbor.example"})
    for system, record in (("salesforce", native), ("netsuite", made["id"])):
        change = Change(object="contact", native_id=record, version="zz", changed_at=now())
        await owned.platform.database.run(lambda c, s=system, x=change: inbox.store(c, s, [x], "poll"))
    await work_off(owned.platform)
    (case,) = (await owned.operations.cases(state="open")).items
    detail = await owned.operations.case(case.id)
    shown = {view.system: view.fields["email"] for view in detail.systems}
    assert shown == {"salesforce": "one@harbor.example", "netsuite": "two@harbor.example"}
    await owned.edit("Contact", native, Email="two@harbor.example")
    assert (await owned.operations.retry_case(case.id)).status == "succeeded"
    owner = await owned.platform.database.run(lambda c: xrefs.holder(c, "contact", "salesforce", native))
    assert case.run_id == f"cont:{owner}"
