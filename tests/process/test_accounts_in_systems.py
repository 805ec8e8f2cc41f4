"""Account sync over the real adapters and their sandboxes: a customer of a won deal, changed in the CRM and the ERP."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from canonical.dates import now
from canonical.ports.systems import Change
from gateway.ownership import read_ownership
from process_apis.cross_references import xrefs
from process_apis.events import inbox
from process_apis.events.intake import poll_customers, work_off
from process_apis.tables import CASES, INBOX, SNAPSHOTS, WATERMARKS
from system_apis import Demo
from system_apis.dataverse.sandbox import org as dynamics
from system_apis.dataverse.sandbox.schema import TABLES
from tests.process.test_intake import deliver
from tests.process.world import WEBHOOKS, World
from tiergate.settings import ROOT

LONG = "Harbor Logistics and Deep Water Terminal Operations of the Northern Range Incorporated (Delaware)"
KEPT = 83
"""Characters NetSuite keeps of a name."""


class Customer:
    """The customer of a deal that became a project, in both systems."""

    def __init__(self, firm: World, crm: str, erp: str) -> None:
        self.firm, self.crm, self.erp = firm, crm, erp
        self.told = 0

    @classmethod
    async def of(cls, firm: World, code: str) -> "Customer":
        run = (await firm.played(code)).run
        erp = next(x.native_id for x in run.ids if (x.instance, x.system) == ("customer", "netsuite"))
        return cls(firm, firm.deal(code).account.id, erp)

    def in_the_crm(self) -> dict[str, Any]:
        return next(each for each in self.firm.records("salesforce", "Account") if each["Id"] == self.crm)

    def in_the_erp(self) -> dict[str, Any]:
        return next(each for each in self.firm.records("netsuite", "customer") if str(each["id"]) == self.erp)

    async def hear(self, *systems: str) -> list[str]:
        """The systems tell that it changed; what came of each."""
        self.told += 1
        natives = {"salesforce": self.crm, "netsuite": self.erp}
        for system in systems:
            change = Change(object="customer", native_id=natives[system], version=f"v{self.told}", changed_at=now())
            await self.firm.platform.database.run(lambda c, s=system, x=change: inbox.store(c, s, [x], "poll"))
        last = sa.select(INBOX.c.outcome).where(INBOX.c.version == f"v{self.told}").order_by(INBOX.c.id)
        await work_off(self.firm.platform)
        return await self.firm.platform.database.run(lambda c: list(c.scalars(last)))

    async def edit_in_the_erp(self, **fields: Any) -> None:
        """Save the customer in NetSuite, after whatever the CRM has saved by now."""
        box = self.firm.boxes["netsuite"]
        fields["lastModifiedDate"] = (box.now() + timedelta(seconds=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
        async with box._lock:
            with box.store.transaction():
                box.store.update("customer", self.erp, fields)


def owners(folder: Path, right: str = "", wrong: str = "") -> Path:
    text = (ROOT / "policies" / "ownership.yaml").read_text()
    assert right in text
    (folder / "ownership.yaml").write_text(text.replace(right, wrong, 1) if right else text)
    return folder


async def no_case(firm: World) -> bool:
    return not await firm.platform.database.run(lambda c: list(c.execute(sa.select(CASES.c.title))))


async def test_what_a_run_linked_is_one_customer_and_the_books_rename_it_in_the_crm(
    firm: World, tmp_path: Path
) -> None:
    firm.platform.ownership = read_ownership(owners(tmp_path))
    it = await Customer.of(firm, "D01")
    one, other = await firm.platform.database.run(
        lambda c: [xrefs.holder(c, "customer", *each) for each in (("salesforce", it.crm), ("netsuite", it.erp))]
    )
    assert one == other != ""
    assert set(await it.hear("salesforce", "netsuite")) <= {"written", "quiet"}
    await it.edit_in_the_erp(companyName="Harbor Logistics SE")
    assert await it.hear("netsuite") == ["written"]
    assert it.in_the_crm()["Legal_Name__c"] == "Harbor Logistics SE"
    before = firm.writes("salesforce", "netsuite")
    assert await it.hear("salesforce", "netsuite") == ["echo", "echo"]
    assert firm.writes("salesforce", "netsuite") == before
    assert await no_case(firm)


async def test_a_name_the_erp_cuts_is_written_once_and_no_document_is_touched(firm: World, tmp_path: Path) -> None:
    right = "legal_name:        {owner: erp, mode: authoritative, written_to: [crm]}"
    wrong = "legal_name:        {owner: crm, mode: authoritative, written_to: [erp]}"
    firm.platform.ownership = read_ownership(owners(tmp_path, right, wrong))
    it = await Customer.of(firm, "D01")
    await it.hear("salesforce", "netsuite")
    credit = {name: it.in_the_erp().get(name) for name in ("creditLimit", "creditHoldOverride", "terms")}
    before = firm.writes("netsuite")
    await firm.edit("Account", it.crm, Legal_Name__c=LONG, Payment_Terms__c="Net 120")
    assert await it.hear("salesforce") == ["written"]
    assert it.in_the_erp()["companyName"] == LONG[:KEPT].rstrip()
    assert it.in_the_crm()["Legal_Name__c"] == LONG
    assert firm.writes("netsuite")[len(before) :] == ["netsuite update customer"]
    assert await it.hear("salesforce", "netsuite") == ["echo", "echo"]
    assert firm.writes("netsuite")[len(before) :] == ["netsuite update customer"]
    assert {name: it.in_the_erp().get(name) for name in credit} == credit
    assert it.in_the_crm()["Payment_Terms__c"] != "Net 120", "terms are the books', so they were put back"


@pytest.mark.parametrize("system", ["salesforce", "netsuite"])
async def test_an_answer_lost_after_the_write_is_settled_by_reading(firm: World, tmp_path: Path, system: str) -> None:
    right = "legal_name:        {owner: erp, mode: authoritative, written_to: [crm]}"
    wrong = "legal_name:        {owner: crm, mode: advisory, written_to: [crm, erp], on_conflict: newest}"
    firm.platform.ownership = read_ownership(owners(tmp_path, right, wrong))
    it = await Customer.of(firm, "D01")
    await it.hear("salesforce", "netsuite")
    method = {"salesforce": "PATCH", "netsuite": "PUT"}[system]
    firm.fault(system, "timeout_after_commit", method=method, times=1)
    if system == "salesforce":
        await it.edit_in_the_erp(companyName="Harbor Logistics SE")
        assert await it.hear("netsuite") == ["written"]
    else:
        await firm.edit("Account", it.crm, Legal_Name__c="Harbor Logistics SE")
        assert await it.hear("salesforce") == ["written"]
    assert it.in_the_crm()["Legal_Name__c"] == it.in_the_erp()["companyName"] == "Harbor Logistics SE"
    assert await it.hear("salesforce", "netsuite") == ["echo", "echo"]
    assert firm.duplicates() == []
    assert await no_case(firm)


async def test_without_owners_nothing_is_asked_and_nothing_kept(firm: World) -> None:
    it = await Customer.of(firm, "D01")
    assert await it.hear("salesforce") == ["nobody owns it"]
    assert await poll_customers(firm.platform) == 0
    assert await firm.platform.database.run(lambda c: list(c.execute(sa.select(SNAPSHOTS)))) == []


async def test_the_case_of_a_conflict_shows_both_systems_as_they_are_now(firm: World, tmp_path: Path) -> None:
    right = "legal_name:        {owner: erp, mode: authoritative, written_to: [crm]}"
    wrong = "legal_name:        {owner: crm, mode: advisory, written_to: [crm, erp], on_conflict: case}"
    firm.platform.ownership = read_ownership(owners(tmp_path, right, wrong))
    it = await Customer.of(firm, "D01")
    await it.hear("salesforce", "netsuite")
    await firm.edit("Account", it.crm, Legal_Name__c="Harbor One")
    await it.edit_in_the_erp(companyName="Harbor Two")
    assert await it.hear("salesforce", "netsuite") == ["contested", "contested"]
    (case,) = (await firm.operations.cases(state="open")).items
    detail = await firm.operations.case(case.id)
    shown = {view.system: view.fields["legal_name"] for view in detail.systems}
    assert shown == {"salesforce": "Harbor One", "netsuite": "Harbor Two"}
    assert (await firm.operations.overview()).projects_blocked == 0
    await firm.edit("Account", it.crm, Legal_Name__c="Harbor Two")
    assert (await firm.operations.retry_case(case.id)).status == "succeeded"
    assert (await firm.operations.case(case.id)).case.state == "resolved"


async def test_what_nobody_told_is_found_by_asking_both_systems(firm: World, tmp_path: Path) -> None:
    firm.platform.ownership = read_ownership(owners(tmp_path))
    it = await Customer.of(firm, "D01")
    assert await poll_customers(firm.platform) > 2
    await work_off(firm.platform)
    accounts = {each["Id"] for each in firm.records("salesforce", "Account")}
    linked = await firm.platform.database.run(
        lambda c: xrefs.holders(c, "customer", [("salesforce", each) for each in accounts])
    )
    assert {native for _, native in linked} == accounts, "each account has its id, also one without a debtor"
    while await poll_customers(firm.platform):
        await work_off(firm.platform)
    assert await poll_customers(firm.platform) == 0
    later = (firm.boxes["netsuite"].now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    await it.edit_in_the_erp(companyName="Harbor Logistics SE", lastModifiedDate=later)
    assert await poll_customers(firm.platform) >= 1
    await work_off(firm.platform)
    assert it.in_the_crm()["Legal_Name__c"] == "Harbor Logistics SE"
    written = firm.writes("salesforce", "netsuite")
    await poll_customers(firm.platform)
    await work_off(firm.platform)
    assert firm.writes("salesforce", "netsuite") == written


RENAMED_IN_THE_CRM = "legal_name:        {owner: crm, mode: authoritative, written_to: [erp]}"


@pytest.mark.parametrize("gap", ["GAP_", "GAP_OVERFLOW", "past its 72 hours"])
async def test_edge_10_what_a_change_event_lacks_or_nobody_heard_in_its_72_hours_is_carried_all_the_same(
    firm: World, known: dict[str, Demo], tmp_path: Path, gap: str
) -> None:
    """The org tells a gap without fields, an overflow without records, and after three days nothing any more."""
    right = "legal_name:        {owner: erp, mode: authoritative, written_to: [crm]}"
    firm.platform.ownership = read_ownership(owners(tmp_path, right, RENAMED_IN_THE_CRM))
    it = await Customer.of(firm, "D01")
    box, heard = firm.boxes["salesforce"], not gap.startswith("past")
    await poll_customers(firm.platform)
    await work_off(firm.platform)
    await deliver(firm)
    if heard:
        secret = known["salesforce"].notification_secret
        box.store.set_setting("change_events", {"url": WEBHOOKS, "secret": secret, "gap": gap})
    before = firm.writes("netsuite")
    await firm.edit("Account", it.crm, Legal_Name__c="Harbor Logistics SE")
    told = await deliver(firm)
    assert [each.stored for each in told] == ([] if not heard else [0] if gap == "GAP_OVERFLOW" else [1])
    await work_off(firm.platform)
    assert (firm.writes("netsuite") != before) is (gap == "GAP_"), "it is named, and read"
    if not heard:
        since = f"{now() - timedelta(hours=73):%Y-%m-%dT%H:%M:%SZ}~"  # a poll that has been away for as long
        old = sa.update(WATERMARKS).where(WATERMARKS.c.system == "salesforce:customer").values(watermark=since)
        assert await firm.platform.database.run(lambda c: c.execute(old).rowcount) == 1
    await poll_customers(firm.platform)
    await work_off(firm.platform)
    assert it.in_the_erp()["companyName"] == "Harbor Logistics SE"
    assert firm.writes("netsuite")[len(before) :] == ["netsuite update customer"], "however often it is heard of"
    assert await no_case(firm)


@pytest.mark.parametrize("expired", ["refused", "everything"])
@pytest.mark.parametrize("firm", [("dataverse", "netsuite", "kantata")], ids="-".join, indirect=True)
async def test_edge_10_after_the_token_of_dynamics_is_over_a_change_is_read_by_its_version(
    firm: World, tmp_path: Path, expired: str
) -> None:
    """A delta link tells deletions for seven days; what was changed never hung on it."""
    right = "legal_name:        {owner: erp, mode: authoritative, written_to: [crm]}"
    firm.platform.ownership = read_ownership(owners(tmp_path, right, RENAMED_IN_THE_CRM))
    run = (await firm.played("D01")).run
    native = next(x.native_id for x in run.ids if (x.instance, x.system) == ("customer", "dataverse"))
    box = firm.boxes["dataverse"]
    box.store.set_setting("expired_delta", expired)
    await poll_customers(firm.platform)
    await work_off(firm.platform)
    before = firm.writes("netsuite")
    box.store.set_setting("delta_days", 0)
    async with box._lock:
        with box.store.transaction():
            dynamics.update(box, TABLES["account"], native, {"tg_legalname": "Harbor Logistics SE"})
    await poll_customers(firm.platform)
    await work_off(firm.platform)
    assert [each["companyName"] for each in firm.records("netsuite", "customer")].count("Harbor Logistics SE") == 1
    assert firm.writes("netsuite")[len(before) :] == ["netsuite update customer"]
    assert await no_case(firm)
