"""Accounts, people and leads over Dynamics, Business Central and Certinia: by binding alone."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from canonical.dates import now
from canonical.ports.systems import Change
from foundation.sandbox.firm import Person
from gateway.ownership import read_ownership
from process_apis.cross_references import xrefs
from process_apis.events import inbox
from process_apis.events.intake import poll_customers, poll_people, work_off
from process_apis.events.polling import poll_leads
from process_apis.tables import CASES, INBOX
from system_apis.business_central.sandbox import tables
from system_apis.business_central.sandbox.schema import PAGES
from system_apis.dataverse.sandbox import org
from system_apis.dataverse.sandbox.schema import TABLES
from system_apis.dataverse.sandbox.seed import CONTACT_ROLES, account_id, bind
from tests.process.test_accounts_in_systems import LONG, owners
from tests.process.world import Over, World
from tiergate.settings import ROOT

D01 = "D01"


class Books:
    """The customer of the first deal, which is won, and its people, in Dynamics and in Business Central."""

    def __init__(self, firm: World) -> None:
        self.firm, self.crm, self.erp = firm, firm.boxes["dataverse"], firm.boxes["business_central"]
        self.account = account_id(firm.deal(D01).account)
        self.told = 0

    # ── what people do ─────────────────────────────────────────────────────────────────────────────────────────────

    def edit(self, table: str, id: str, **fields: Any) -> None:
        """Save a row in Dynamics, a second later."""
        self.crm.store.set_setting("_clock_ahead", self.crm.store.setting("_clock_ahead", 0) + 1)
        org.update(self.crm, TABLES[table], id, fields)

    def enter(self, page: str, entity: str = "", **fields: Any) -> str:
        """Make a record in a company, the one of the deal's legal entity if nobody says."""
        (company,) = self.erp.store.find("companies", name=entity or self.firm.deal(D01).entity)
        return str(tables.create(self.erp, company["id"], PAGES[page], fields)["id"])

    def type_over(self, page: str, row: dict[str, Any], **fields: Any) -> None:
        """Save a record in Business Central, a minute later."""
        self.erp.store.set_setting("_clock_ahead", self.erp.store.setting("_clock_ahead", 0) + 60)
        tables.update(self.erp, row["_company"], PAGES[page], row, fields)

    # ── what is there ──────────────────────────────────────────────────────────────────────────────────────────────

    def debtor(self) -> dict[str, Any]:
        (found,) = self.erp.store.find("customers", tiergateKey=f"dataverse:{self.account}")
        return found

    def person(self, family: str = "") -> tuple[Person, str]:
        """Who gets the customer's invoices, and what Dynamics calls them."""
        known = next(each for each in self.firm.deal(D01).account.contacts if each.role == "billing")
        (row,) = self.crm.store.find("contact", parentcustomerid=self.account, lastname=family or known.family)
        return known, str(row["contactid"])

    def contacts(self, native: str) -> list[dict[str, Any]]:
        return self.erp.store.find("contacts", tiergateKey=f"dataverse:{native}")

    # ── what comes of it ───────────────────────────────────────────────────────────────────────────────────────────

    async def hear(self, kind: str, version: str = "", **natives: str) -> list[str]:
        """Systems tell that a record changed; what came of each."""
        self.told += 1
        version = version or f"v{self.told}"
        for system, native in natives.items():
            change = Change(object=kind, native_id=native, version=version, changed_at=now())
            await self.firm.platform.database.run(lambda c, s=system, x=change: inbox.store(c, s, [x], "poll"))
        await work_off(self.firm.platform)
        last = sa.select(INBOX.c.outcome).where(INBOX.c.version == version).order_by(INBOX.c.id)
        return await self.firm.platform.database.run(lambda c: list(c.scalars(last)))

    async def hear_of_account(self, *systems: str) -> list[str]:
        natives = {"dataverse": self.account, "business_central": self.native(self.debtor())}
        return await self.hear("customer", **{system: natives[system] for system in systems or natives})

    def native(self, row: dict[str, Any]) -> str:
        return f"{self.firm.deal(D01).entity}.{row['id']}"

    async def quiet(self) -> None:
        """Ask and work off until nobody has anything new."""
        for _ in range(8):
            new = await poll_customers(self.firm.platform) + await poll_people(self.firm.platform)
            await work_off(self.firm.platform)
            if not new:
                return
        raise AssertionError("they go on and on")

    def writes(self) -> list[str]:
        return self.firm.writes("dataverse", "business_central")

    async def cases(self) -> list[str]:
        return await self.firm.platform.database.run(lambda c: list(c.scalars(sa.select(CASES.c.title))))


@pytest.fixture
async def books(over: Over) -> AsyncIterator[Books]:
    async with over(crm="dataverse", erp="business_central", psa="certinia") as firm:
        firm.platform.ownership = read_ownership(ROOT / "policies")
        yield Books(firm)
        assert firm.writes("netsuite") == []


async def test_the_books_rename_a_customer_in_the_crm_and_a_long_name_is_cut_once(books: Books, tmp_path: Path) -> None:
    await books.firm.played(D01)
    assert set(await books.hear_of_account()) <= {"written", "quiet"}
    books.type_over("customers", books.debtor(), displayName="Harbor Logistics SE")
    assert await books.hear_of_account("business_central") == ["written"]
    assert books.crm.store.get("account", books.account)["tg_legalname"] == "Harbor Logistics SE"  # type: ignore[index]  # it is there
    before = books.writes()
    assert await books.hear_of_account() == ["echo", "echo"]
    assert books.writes() == before

    right = "legal_name:        {owner: erp, mode: authoritative, written_to: [crm]}"
    wrong = "legal_name:        {owner: crm, mode: authoritative, written_to: [erp]}"
    books.firm.platform.ownership = read_ownership(owners(tmp_path, right, wrong))
    whole = f"{LONG} and Sons of the Northern Sea"
    books.edit("account", books.account, tg_legalname=whole)
    books.firm.fault("business_central", "timeout_after_commit", method="PATCH", path="/customers", times=1)
    assert await books.hear_of_account("dataverse") == ["written"]
    assert [each.used for each in books.erp.faults.rules()] == [1]
    kept, credit = books.debtor(), ("creditLimit", "blocked")
    assert (kept["displayName"], [kept[name] for name in credit]) == (whole[:100].rstrip(), [0, "_x0020_"])
    written = books.writes()
    assert await books.hear_of_account() == ["echo", "echo"]
    assert (books.writes(), await books.cases(), books.firm.duplicates()) == (written, [], [])


async def test_a_customer_of_another_company_is_not_the_deal_s(books: Books) -> None:
    """It has the account's key there, as a customer of two legal entities has."""
    name = books.firm.deal(D01).account.legal_name
    books.enter("customers", "ACME-DE", tiergateKey=f"dataverse:{books.account}", displayName=name)
    run = (await books.firm.played(D01)).run
    assert (run.status, run.verified) == ("succeeded", True), run.detail
    companies = {row["id"]: row["name"] for row in books.erp.store.all("companies")}
    debtors = books.erp.store.find("customers", tiergateKey=f"dataverse:{books.account}")
    assert sorted(companies[row["_company"]] for row in debtors) == ["ACME-DE", "ACME-US"]
    for page in ("salesOrders", "projects"):
        (made,) = books.erp.store.all(page)
        assert companies[made["_company"]] == books.firm.deal(D01).entity == "ACME-US"


async def test_what_nobody_told_is_found_by_asking_both_systems(books: Books) -> None:
    await books.firm.played(D01)
    await books.quiet()
    assert await poll_customers(books.firm.platform) == 0
    books.type_over("customers", books.debtor(), displayName="Harbor Logistics SE")
    assert await poll_customers(books.firm.platform) >= 1
    await work_off(books.firm.platform)
    assert books.crm.store.get("account", books.account)["tg_legalname"] == "Harbor Logistics SE"  # type: ignore[index]  # it is there
    written = books.writes()
    await books.quiet()
    assert books.writes() == written


@pytest.mark.parametrize("fault", ["", "timeout_after_commit", "timeout_before_commit"])
async def test_who_gets_the_invoices_comes_to_the_books_once_and_their_address_back(books: Books, fault: str) -> None:
    await books.firm.played(D01)
    person, native = books.person()
    if fault:
        books.firm.fault("business_central", fault, method="POST", path="/contacts", times=1)
    await books.quiet()
    await books.firm.platform.database.run(lambda c: c.execute(sa.update(INBOX).values(not_before=None)))
    await books.quiet()
    assert [each.used for each in books.erp.faults.rules()] == [1] * bool(fault)
    (made,) = books.contacts(native)
    assert (made["firstName"], made["surname"], made["email"]) == (person.given, person.family, person.email.lower())
    assert (made["customerId"], made["_company"]) == (books.debtor()["id"], books.debtor()["_company"])
    before = books.writes()
    await books.quiet()
    assert books.writes() == before, "the echo is known"

    books.type_over("contacts", made, email="Invoices@Harbor.Example")
    await books.quiet()
    assert books.crm.store.get("contact", native)["emailaddress1"] == "Invoices@Harbor.Example"  # type: ignore[index]  # it is there
    books.edit("contact", native, jobtitle="Head of Accounts")
    await books.quiet()
    (now_there,) = books.contacts(native)
    assert (now_there["jobTitle"], now_there["email"]) == ("Head of Accounts", "Invoices@Harbor.Example")
    assert (await books.cases(), books.firm.duplicates()) == ([], [])


async def test_a_merge_in_dynamics_leaves_one_active_contact_in_the_books(books: Books) -> None:
    await books.firm.played(D01)
    _, native = books.person()
    await books.quiet()
    ahead = books.crm.store.set_setting
    ahead("_clock_ahead", 1200)
    fields = {"lastname": "Twin", "tg_contactrole": CONTACT_ROLES["billing"]}
    above = {"parentcustomerid_account@odata.bind": bind("account", books.account)}
    twin = str(org.create(books.crm, TABLES["contact"], fields | above)["contactid"])
    await books.quiet()
    assert [each["surname"] for each in books.contacts(twin)] == ["Twin"]
    ahead("_clock_ahead", 2400)
    org.merge_people(books.crm, native, twin)
    await books.quiet()
    assert [each["inactive"] for key in (twin, native) for each in books.contacts(key)] == [True, False]
    assert await books.cases() == []


async def test_an_edit_in_the_books_while_theirs_is_written_is_seen_and_not_overwritten(books: Books) -> None:
    await books.firm.played(D01)
    _, native = books.person()
    await books.quiet()
    (made,) = books.contacts(native)
    books.edit("contact", native, jobtitle="Head of Accounts")
    books.firm.fault("business_central", "stale_version", method="PATCH", path="/contacts", times=1)
    assert await books.hear("contact", dataverse=native) == ["written"]
    assert [each.used for each in books.erp.faults.rules()] == [1]
    (kept,) = books.contacts(native)
    assert (kept["id"], kept["jobTitle"], await books.cases()) == (made["id"], "Head of Accounts", [])


def _lead(books: Books) -> tuple[str, str]:
    """Somebody who may become the deal's customer, whom the books know under the lead's key."""
    account = books.firm.deal(D01).account
    said = {"companyname": account.legal_name, "lastname": "Hale", "emailaddress1": "hale@harbor.example"}
    lead = str(org.create(books.crm, TABLES["lead"], said)["leadid"])
    tax = account.tax.number if account.tax else ""
    prospect = books.enter(
        "customers", tiergateKey=f"dataverse:{lead}", displayName=account.legal_name, taxRegistrationNumber=tax
    )
    return lead, prospect


def _qualified(books: Books, lead: str) -> None:
    books.crm.store.set_setting("_clock_ahead", books.crm.store.setting("_clock_ahead", 0) + 1)
    org.qualify(books.crm, lead, books.account, books.firm.native(D01))


@pytest.mark.parametrize("fault", ["", "timeout_after_commit"])
async def test_a_qualified_lead_s_deal_ends_in_the_one_customer_the_books_knew(books: Books, fault: str) -> None:
    lead, prospect = _lead(books)
    _qualified(books, lead)
    if fault:
        books.firm.fault("business_central", fault, method="PATCH", path="/customers", times=1)
    run = (await books.firm.played(D01)).run
    assert run.status == "succeeded", run.detail
    assert [each.used for each in books.erp.faults.rules()] == [1] * bool(fault)
    assert books.debtor()["id"] == prospect
    native = books.native(books.debtor())
    assert next(x.native_id for x in run.ids if (x.instance, x.system) == ("customer", "business_central")) == native
    owner = await books.firm.platform.database.run(
        lambda c: [
            xrefs.holder(c, "customer", *each) for each in (("dataverse", books.account), ("business_central", native))
        ]
    )
    assert owner[0] == owner[1] != ""
    assert books.firm.duplicates() == []


async def test_a_qualification_that_is_heard_of_carries_the_prospect_once(books: Books) -> None:
    lead, prospect = _lead(books)
    assert await books.hear("lead", version="0", dataverse=lead) == ["not_converted"]
    assert await poll_leads(books.firm.platform) == 0, "what was there before anybody asked is passed over"
    _qualified(books, lead)
    assert await poll_leads(books.firm.platform) >= 1
    await work_off(books.firm.platform)
    assert books.debtor()["id"] == prospect
    before = books.writes()
    assert await books.hear("lead", dataverse=lead) == ["nothing_to_carry"]
    assert (books.writes(), await books.cases()) == (before, [])
