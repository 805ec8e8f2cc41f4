"""A deal's customer is the one the books have, under whatever key: of a merged account, or from before us.

The edges of account sync that reach into the deals, over each firm's own CRM and ERP.
"""

from datetime import timedelta

import pytest

from canonical.ports.processes import Resolve
from foundation.context import fresh, use
from gateway.ownership import read_ownership
from process_apis.cross_references import xrefs
from process_apis.cross_references.xrefs import By, Place
from tests.process import contracting
from tests.process.accounts import Accounts
from tests.process.ordering import Ordering, rules
from tests.process.world import PRIYA, World, in_each_firm
from tiergate.settings import ROOT

HELD = "D10"
"""The books have its customer already, on credit hold."""


@pytest.fixture
async def accounts(firm: World) -> Accounts:
    """Everything is known that both systems have."""
    firm.platform.ownership = read_ownership(ROOT / "policies")
    made = Accounts(firm)
    await made.quiet()
    return made


@in_each_firm
async def test_edge_2_who_took_an_account_in_has_its_debtor_and_its_hold(accounts: Accounts) -> None:
    """A merge of a customer on hold into one the books do not know is no way past the hold, and makes no twin."""
    firm, known = accounts.firm, await accounts.debtor(HELD)
    accounts.merge(accounts.of("D01"), accounts.of(HELD))
    await accounts.quiet()
    assert await accounts.owner(accounts.erp, known.id) == await accounts.owner(accounts.sold_with, accounts.of("D01"))
    before = firm.writes(accounts.erp)
    stopped = await firm.played("D01")
    assert (stopped.run.status, [error.rule for error in stopped.run.errors]) == ("refused", ["credit_hold"])
    assert firm.writes(accounts.erp) == before
    case = await firm.case_of(stopped.run.id)
    assert case is not None
    shown = next(view for view in (await firm.operations.case(case.id)).systems if view.system == accounts.erp)
    assert shown.fields["credit hold"] == "yes"

    accounts.let_go(known.id)
    await firm.workflow.retry_run(stopped.run.id)
    done = await firm.finished(stopped.run.id)
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.detail
    assert [each.id for each in await accounts.debtors()] == [known.id]
    project = await firm.adapters[accounts.erp].project_by_key(f"{accounts.sold_with}:{firm.native('D01')}")
    assert project.account_id == known.id
    assert firm.duplicates() == []


@in_each_firm
async def test_edge_3_of_two_that_became_one_the_books_keep_both_until_a_person_settles_it(accounts: Accounts) -> None:
    firm = accounts.firm
    for code in ("D01", "D02"):
        assert (await firm.played(code)).run.verified
    await accounts.quiet()
    both = [(await accounts.debtor(code)).id for code in ("D01", "D02")]
    debtors = sorted(each.id for each in await accounts.debtors())
    written = firm.writes(accounts.erp)
    accounts.merge(accounts.of("D01"), accounts.of("D02"))
    await accounts.quiet()
    assert firm.writes(accounts.erp) == written
    assert sorted(each.id for each in await accounts.debtors()) == debtors
    told = [case.errors for case in await accounts.cases() if "two_debtors" in case.errors]
    assert [[native in each for native in both] for each in told] == [[True, True]]


@in_each_firm
async def test_edge_4_deleted_and_restored_it_is_the_same_customer_and_the_books_kept_it(accounts: Accounts) -> None:
    firm = accounts.firm
    assert (await firm.played("D01")).run.verified
    await accounts.quiet()
    known, native = await accounts.debtor("D01"), accounts.of("D01")
    owner = await accounts.owner(accounts.sold_with, native)
    restore = accounts.delete(native)
    await accounts.quiet()
    (case,) = await accounts.cases()
    assert case.title.endswith(f"{known.id} is still there. Nothing was deleted or closed.")
    assert (await accounts.debtor("D01")).lifecycle == "active"
    accounts.later()
    restore()
    await accounts.quiet()
    assert await accounts.owner(accounts.sold_with, native) == owner == await accounts.owner(accounts.erp, known.id)
    assert await accounts.cases() == []


@in_each_firm
async def test_a_debtor_from_before_us_is_the_deal_s_and_has_the_account_s_key_from_then_on(firm: World) -> None:
    """Its tax number says who it is; the ERP had no key for it."""
    firm.platform.ownership = read_ownership(ROOT / "policies")
    accounts = Accounts(firm)
    known = await accounts.debtor(HELD)
    accounts.let_go(known.id)
    accounts.take_the_key(known.id)
    await accounts.quiet()
    done = await firm.played(HELD)
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.detail
    (only,) = await accounts.debtors()
    assert only.id == known.id
    assert [each.alt_key for each in only.xrefs] == [f"{accounts.sold_with}:{accounts.of(HELD)}"]
    assert next(x.native_id for x in done.run.ids if (x.instance, x.system) == ("customer", accounts.erp)) == known.id
    again = await firm.played(HELD)
    assert (again.run.status, len(await accounts.debtors())) == ("succeeded", 1)


async def test_edge_7_a_debtor_under_another_integration_s_key_is_the_deal_s_and_keeps_it(firm: World) -> None:
    firm.platform.ownership = read_ownership(ROOT / "policies")
    accounts = Accounts(firm)
    known = await accounts.debtor(HELD)
    accounts.let_go(known.id)
    accounts.books.store.update("customer", known.id, {"externalId": "hubspot:77"})
    await accounts.quiet()
    firm.fault("netsuite", "timeout_after_commit", method="PUT", path="/job/")
    done = await firm.played(HELD)
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.detail
    (only,) = await accounts.debtors()
    assert [each.alt_key for each in only.xrefs] == ["hubspot:77"]


async def test_two_debtors_that_a_steward_linked_stop_the_deal_with_both_named(accounts: Accounts) -> None:
    """Whoever linked them has to say which one is billed: the first of two is nobody's guess."""
    firm, known = accounts.firm, await accounts.debtor(HELD)
    store = accounts.books.store
    other = {**(store.get("customer", known.id) or {}), "id": "77", "externalId": "hubspot:77", "vatRegNumber": "x"}
    store.insert("customer", "77", other)
    await accounts.quiet()
    owner = await accounts.owner("salesforce", accounts.of("D01"))
    by = By("priya", "The same.")
    for native, key in ((known.id, "hubspot:1"), ("77", "hubspot:77")):
        store.update("customer", native, {"externalId": key})
        place = Place(system="netsuite", native_id=native, instance="ACME-US", alt_key=key)
        await firm.platform.database.run(lambda c, p=place: xrefs.relink(c, owner, p, by))
    before = firm.writes("netsuite")
    stopped = await firm.played("D01")
    assert (stopped.run.status, stopped.run.reason) == ("failed", "conflict")
    assert sorted(error.detail for error in stopped.run.errors) == sorted([f"netsuite {known.id}", "netsuite 77"])
    assert firm.writes("netsuite") == before


async def test_while_nobody_has_said_whether_a_name_alike_is_the_customer_deal_quote_and_contract_wait(
    accounts: Accounts,
) -> None:
    """A second customer in the books is soon made, and hard to take away: a person decides first."""
    firm, store = accounts.firm, accounts.books.store
    held = store.get("customer", (await accounts.debtor(HELD)).id) or {}
    alike = {**held, "id": "77", "externalId": None, "companyName": "Harbor Logistic LLC", "vatRegNumber": None}
    store.insert("customer", "77", alike | {"email": "", "creditHoldOverride": {"id": "OFF"}})
    later = (accounts.books.now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    store.update("customer", "77", {"lastModifiedDate": later})
    await accounts.quiet()
    (doubt,) = await accounts.cases()
    stopped = await firm.played("D01")
    assert (stopped.run.status, [error.rule for error in stopped.run.errors]) == ("refused", ["second_customer"])
    assert f"CASE-{doubt.number:04d}" in stopped.run.errors[0].detail
    desk, legal, written = Ordering(firm), contracting.Contracting(firm), firm.writes("netsuite")
    assert rules(await desk.played(desk.quote("D01"))) == ["second_customer"]
    assert contracting.rules(await legal.played(legal.contract("D01"))) == ["second_customer"]
    assert firm.writes("netsuite") == written
    with use(fresh(caller=PRIYA)):
        await firm.operations.resolve_case(f"CASE-{doubt.number:04d}", Resolve(note="Another company."))
    await firm.workflow.retry_run(stopped.run.id)
    done = await firm.finished(stopped.run.id)
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.detail
    assert len(await accounts.debtors()) == 3
