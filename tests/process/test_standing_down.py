"""Edge 9 of opportunity-to-project: a contract closed while the deal stays open, and a deal lost after bookings."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from canonical.dates import now
from canonical.money import Money
from canonical.objects import ExpenseReport, TimeEntry
from canonical.objects.expense_report import ExpenseLine
from canonical.ports.processes import RunDetail
from canonical.ports.staffing import StaffBooking
from foundation.context import fresh, use
from process_apis.events.intake import poll_once, work_off
from process_apis.platform import Platform
from process_apis.standing_down.actuals import unbilled
from system_apis.kantata.suite import plant_time
from tests.process.contracting import Contracting, line
from tests.process.world import PRIYA, World
from tests.reconcile.asking import reconciled
from tests.staffing.staff import FRIDAY, MONDAY, Desk, somebody

CODE = "D04"
"""Sold by ACME-DE, by the hour."""
KATRIN = "katrin.behrens@acme.example"


class Engagement:
    """An active project with somebody booked on it."""

    def __init__(self, firm: World, done: RunDetail) -> None:
        self.firm, self.done, self.desk = firm, done, Desk(firm.platform)
        ids = {(each.system, each.instance): each.native_id for each in done.run.ids}
        self.psa_project, self.deal = ids["kantata", "project"], firm.deal(CODE)

    async def booked(self) -> StaffBooking:
        """Katrin, hard, for a week."""
        demand = await self.desk.ask(project_id=self.psa_project)
        booking = await self.desk.confirmed(demand)
        await self.firm.finished_any(booking.run_id)
        return (await self.desk.desk.booking(booking.id)).booking

    async def contract(self, status: str) -> None:
        """The contract in the CRM, and a touch of the deal, which is what is heard of."""
        crm = self.firm.boxes["salesforce"].store
        contract = (crm.get("Opportunity", self.deal.id) or {})["ContractId"]
        crm.update("Contract", contract, {"Status": status})
        await self.firm.edit("Opportunity", self.deal.id, Practice__c="Finance")

    async def heard(self) -> RunDetail | None:
        """What the CRM has changed arrives; the run it brings about, at its end."""
        await poll_once(self.firm.platform, "salesforce")
        await work_off(self.firm.platform)
        return await self.run()

    async def run(self) -> RunDetail | None:
        runs = [r for r in (await self.firm.operations.all_runs(limit=200)).items if r.workflow == "standing_down"]
        if not runs:
            return None
        (mine,) = runs
        await self.firm.finished_any(mine.id)
        return await self.firm.operations._detail(mine.id)

    def stage(self) -> str:
        return str((self.firm.boxes["salesforce"].store.get("Opportunity", self.deal.id) or {})["StageName"])

    def order(self) -> dict[str, Any]:
        (found,) = self.firm.records("netsuite", "salesOrder")
        return found

    def booked_hard(self) -> list[dict[str, Any]]:
        return [each for each in self.allocations() if each["hard"]]

    def allocations(self) -> list[dict[str, Any]]:
        return self.firm.records("kantata", "workspace_allocations")

    def worked(self, on: date, minutes: int) -> str:
        """Katrin's time on a day, approved."""
        entry = TimeEntry(
            resource=KATRIN,
            project_id=self.psa_project,
            worked_on=on,
            hours=Decimal(minutes) / 60,
            minutes=minutes,
            status="approved",
        )
        return plant_time(self.firm.boxes["kantata"], entry)


@pytest.fixture
async def engaged(firm: World) -> AsyncIterator[Engagement]:
    done = await firm.played(CODE)
    assert done.run.verified is True
    made = Engagement(firm, done)
    with use(fresh(caller=PRIYA)):
        await made.desk.desk.put_person("E1", somebody())
        yield made


async def test_edge_9_a_contract_closed_while_the_deal_stays_open_lets_go_who_is_booked_and_waits_for_finance(
    engaged: Engagement,
) -> None:
    firm = engaged.firm
    booking = await engaged.booked()
    assert (booking.psa, len(engaged.booked_hard())) == ("agrees", 1)
    entry = engaged.worked(now().date(), 450)
    await firm.reopen(CODE)
    await engaged.contract("Terminated")
    stage = engaged.stage()
    waits = await engaged.heard()
    assert waits is not None
    assert (waits.run.status, waits.run.step) == ("failed", 4)
    (said,) = waits.run.errors
    assert (said.rule, said.owner) == ("unbilled_actuals", "Finance")
    assert f"{waits.run.project_code} 7.5 hours of 1 people" in said.detail
    case = await firm.case_of(waits.run.id)
    assert case is not None
    assert (case.state, case.owner) == ("open", "Finance")
    released = await engaged.desk.desk.booking(booking.id)
    await firm.finished_any(released.booking.run_id)
    assert (released.booking.state, engaged.allocations()) == ("released", [])
    demands = await firm.adapters["kantata"].resource_demands(engaged.psa_project)
    assert {each.status for each in demands} <= {"cancelled"}
    assert engaged.order()["orderStatus"] == {"id": "B"}, "by it the hours are billed yet"

    firm.boxes["kantata"].store.update("time_entries", entry, {"is_invoiced": True, "invoice_id": "1"})
    await firm.operations.retry_case(case.id)
    done = await engaged.run()
    assert done is not None
    assert done.run.status == "succeeded"
    assert engaged.order()["orderStatus"] == {"id": "H"}, "closed"
    assert (engaged.stage(), stage) == (stage, "Negotiation/Review"), "the opportunity stays open"
    assert (await firm.operations.case(case.id)).case.state == "resolved"


async def test_edge_9_a_deal_lost_after_bookings_is_stood_down_once_however_often_it_is_heard_of(
    engaged: Engagement,
) -> None:
    booking = await engaged.booked()
    await engaged.firm.edit("Opportunity", engaged.deal.id, StageName="Closed Lost")
    for _ in range(2):
        done = await engaged.heard()
        assert done is not None
        assert (done.run.status, [s.status for s in done.steps]) == ("succeeded", ["done"] * 5)
        await engaged.firm.edit("Opportunity", engaged.deal.id, Practice__c="Data")
    released = (await engaged.desk.desk.booking(booking.id)).booking
    await engaged.firm.finished_any(released.run_id)
    assert (released.state, engaged.allocations()) == ("released", [])
    assert engaged.order()["orderStatus"] == {"id": "H"}
    assert engaged.firm.duplicates() == []


async def test_a_contract_that_was_carried_and_amended_is_closed_with_its_lines_as_they_were(
    engaged: Engagement,
) -> None:
    legal = Contracting(engaged.firm)
    contract = legal.contract(CODE)
    assert (await legal.played(contract)).run.verified is True
    legal.amend(CODE, 1, line(12_000))
    assert (await legal.played(contract, 1)).run.verified is True
    before = await legal.terms(CODE)
    assert (before.status, before.value) == ("active", Money.of("324000.00", "EUR"))
    await engaged.contract("Terminated")
    done = await engaged.heard()
    assert done is not None
    assert (done.run.status, engaged.order()["orderStatus"]) == ("succeeded", {"id": "H"})
    closed = msgspec.structs.replace(await legal.terms(CODE), source=before.source)
    assert closed == msgspec.structs.replace(before, status="cancelled", lifecycle="closed")


async def test_what_somebody_has_worked_stays_booked_when_a_deal_is_lost(engaged: Engagement) -> None:
    booking = await engaged.booked()
    engaged.worked(MONDAY + timedelta(days=1), 480)
    await engaged.firm.edit("Opportunity", engaged.deal.id, StageName="Closed Lost")
    waits = await engaged.heard()
    assert waits is not None
    assert waits.run.status == "failed"
    kept = [each for each in (await engaged.desk.desk.bookings("E1")).items if each.state == "confirmed"]
    assert [(each.start, each.end) for each in kept] == [(MONDAY, MONDAY + timedelta(days=1))]
    assert booking.end == FRIDAY


@pytest.mark.parametrize("status", ["Activated", "Expired"])
async def test_a_contract_that_runs_or_has_run_out_stands_nobody_down(engaged: Engagement, status: str) -> None:
    await engaged.contract(status)
    assert await engaged.heard() is None


async def test_a_contract_closed_without_a_word_is_found_when_finished_runs_are_looked_at_again(
    engaged: Engagement,
) -> None:
    """No CRM tells of a contract's end as a change of the deal."""
    crm = engaged.firm.boxes["salesforce"].store
    crm.update("Contract", (crm.get("Opportunity", engaged.deal.id) or {})["ContractId"], {"Status": "Terminated"})
    platform: Platform = engaged.firm.platform
    await reconciled(platform, "outcome", heal=False)
    assert await engaged.run() is None, "whoever only looks begins nothing"
    await reconciled(platform, "outcome")
    done = await engaged.run()
    assert done is not None
    assert done.run.status == "succeeded"
    assert engaged.order()["orderStatus"] == {"id": "H"}


async def test_a_deal_that_has_its_ground_again_is_left_alone(
    engaged: Engagement, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lost by mistake: won again before the run had read it."""
    booking = await engaged.booked()
    crm = engaged.firm.adapters["salesforce"]
    asked, original = [0], crm.opportunity

    async def corrected(opportunity_id: str) -> object:
        asked[0] += 1
        if asked[0] == 4:  # the intake has asked for its start, for a preparation or not, and for its ground
            await engaged.firm.edit("Opportunity", engaged.deal.id, StageName="Closed Won")
        return await original(opportunity_id)

    await engaged.firm.edit("Opportunity", engaged.deal.id, StageName="Closed Lost")
    monkeypatch.setattr(crm, "opportunity", corrected)
    done = await engaged.heard()
    if done is not None:
        assert done.steps[0].summary == "the deal has its ground again: nothing to do"
    assert (await engaged.desk.desk.booking(booking.id)).booking.state == "confirmed"


def test_what_is_not_billed_is_summed_by_currency_and_hours_without_a_rate_have_no_worth() -> None:
    def entry(hours: str, rate: str = "", **more: Any) -> TimeEntry:
        plain: dict[str, Any] = {"resource": "a@x.example", "project_id": "1", "worked_on": date(2026, 11, 2)}
        priced = {"bill_rate": Money.of(rate, "EUR")} if rate else {}
        return TimeEntry(**plain | {"hours": Decimal(hours), "status": "approved"} | priced | more)

    def receipt(amount: Money, **more: Any) -> ExpenseLine:
        plain: dict[str, Any] = {"ref": "1", "spent_on": date(2026, 11, 2), "category": "Travel", "project_id": "1"}
        return ExpenseLine(**plain | {"amount": amount, "billable": True} | more)

    billed = [entry("8", "150", status="billed"), entry("8", status="written_off"), entry("8", invoice_id="9")]
    idle = [entry("1", "150", billable=False), entry("1", status="rejected")]
    assert unbilled([*billed, *idle], [], "1") == ""
    time = [entry("7.5", "150.10"), entry("0.3333", "150"), entry("2", resource="b@x.example"), *billed]
    lines = [
        receipt(Money.of("80.00", "EUR")),
        receipt(Money.of("20.50", "USD")),
        receipt(Money.of("1.00", "EUR"), invoice_id="9"),
        receipt(Money.of("1.00", "EUR"), project_id="2"),
    ]
    report = ExpenseReport(reported_on=date(2026, 11, 2), currency="EUR", lines=lines, status="submitted")
    refused = ExpenseReport(reported_on=date(2026, 11, 2), currency="EUR", lines=lines, status="rejected")
    assert unbilled(time, [report, refused], "1") == (
        "9.8333 hours of 2 people, worth EUR 1,175.75, 2 hours of them without a rate"
        " and 2 expenses, worth EUR 80.00 and USD 20.50"
    )
