"""The ten edges on which naive implementations of opportunity-to-project break.

1 won again within a minute; 2 a create that timed out; 3 a link-back that is refused; 4 an account merged; 5 an amount
edited; 7 a deal split over entities and currencies; 8 a template changed; 10 a close date in a closed period: here.
6 two deals on one contract: `test_one_contract`. 9 a contract closed while the deal stays open: `test_standing_down`.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from canonical.dates import business_date, now
from canonical.money import Money
from foundation.sandbox.firm import ENTITIES
from process_apis.opportunity_to_project import gathering, templates
from process_apis.steps import observers
from system_apis.salesforce.sandbox import org
from tests.process.world import World


class Held:
    """Holds a run back at a boundary of a step, the first time it comes there, until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, world: World, port_method: str, system: str) -> None:
        self.reached, self.go = asyncio.Event(), asyncio.Event()
        adapter = world.adapters[system]
        original = getattr(adapter, port_method)

        async def held(*args: object) -> object:
            if not self.reached.is_set():
                self.reached.set()
                await self.go.wait()
            return await original(*args)

        monkeypatch.setattr(adapter, port_method, held)


async def test_edge_1_a_deal_won_reopened_and_won_again_within_a_minute_is_one_project(firm: World) -> None:
    await firm.win("D01")
    first = await firm.start("D01")
    await firm.reopen("D01")
    await firm.win("D01")
    second = await firm.start("D01")
    assert (first.generation, second.generation) == (1, 2)
    ends = [await firm.finished(run.id) for run in (first, second)]
    assert [end.run.status for end in ends] == ["succeeded", "succeeded"]
    assert ends[0].run.project_code == ends[1].run.project_code
    assert len(firm.records("netsuite", "job")) == 1
    assert firm.duplicates() == []


async def test_edge_2_an_erp_create_that_timed_out_but_was_committed_is_found_by_its_key(firm: World) -> None:
    firm.fault("netsuite", "timeout_after_commit", method="PUT", path="/job/")
    done = await firm.played("D02")
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    faults = [attempt.fault for attempt in done.steps[7].attempts]
    operations = [attempt.operation for attempt in done.steps[7].attempts]
    lost = faults.index("outcome_unknown")
    assert operations[lost + 1] == "GET /projects/by-key/{key}", "it looks before it writes again"
    assert faults[lost + 1] == ""
    assert firm.writes("netsuite").count("netsuite create job") == 1


async def test_edge_3_a_link_back_that_is_refused_leaves_no_project_unseen_and_a_second_click_no_twin(
    firm: World,
) -> None:
    firm.fault("salesforce", "expired_token", method="PATCH", path="/Opportunity/", times=0)
    failed = await firm.played("D01")
    assert (failed.run.status, failed.run.reason, failed.run.step) == ("failed", "vendor_forbade", 12)
    again = await firm.start("D01")
    assert (again.id, again.status) == (failed.run.id, "failed")
    firm.boxes["salesforce"].faults.clear()
    await firm.workflow.retry_run(failed.run.id)
    done = await firm.finished(failed.run.id)
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    assert len(firm.records("netsuite", "job")) == 1
    assert firm.duplicates() == []


async def test_edge_4_an_account_merged_after_the_guards_is_guarded_again_as_the_one_it_became(
    firm: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D10's customer is on credit hold: merged into it, a deal that had passed its guards must not slip through."""
    held = firm.deal("D10").account
    merged = firm.deal("D01").account

    def merge(_run: str, number: int, what: str) -> None:
        if (number, what) == (3, "done"):
            observers.remove(merge)
            org.merge(firm.boxes["salesforce"], held.id, merged.id)

    observers.append(merge)
    done = await firm.played("D01")
    assert (done.run.status, [e.rule for e in done.run.errors]) == ("failed", ["credit_hold"])
    assert firm.writes("netsuite", "kantata") == []


async def test_edge_4_an_account_merged_after_the_guards_into_a_good_one_is_one_customer(firm: World) -> None:
    kept, merged = firm.deal("D02").account, firm.deal("D01").account

    def merge(_run: str, number: int, what: str) -> None:
        if (number, what) == (3, "done"):
            observers.remove(merge)
            org.merge(firm.boxes["salesforce"], kept.id, merged.id)

    observers.append(merge)
    first = await firm.played("D01")
    second = await firm.played("D02")
    assert [first.run.status, second.run.status] == ["succeeded", "succeeded"]
    made = [c["externalId"] for c in firm.records("netsuite", "customer")]
    assert kept.key in made
    assert merged.key not in made
    assert firm.duplicates() == []


async def test_edge_5_an_amount_edited_after_the_guards_is_guarded_again_before_anything_is_made(
    firm: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch, firm, "contract_by_key", "netsuite")
    await firm.win("D01")
    run = await firm.start("D01")
    await held.reached.wait()
    await firm.edit("Opportunity", firm.deal("D01").id, Amount=1)
    held.go.set()
    done = await firm.finished(run.id)
    assert (done.run.status, done.run.reason) == ("failed", "guards_failed")
    assert [error.rule for error in done.run.errors] == ["quote_total"]
    assert firm.records("netsuite", "job") == []


async def test_a_name_edited_after_the_guards_is_the_name_the_project_gets(
    firm: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch, firm, "contract_by_key", "netsuite")
    await firm.win("D01")
    run = await firm.start("D01")
    await held.reached.wait()
    await firm.edit("Opportunity", firm.deal("D01").id, Name="Warehouse control room")
    held.go.set()
    done = await firm.finished(run.id)
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    (job,) = firm.records("netsuite", "job")
    assert job["companyName"] == "Warehouse control room"
    assert firm.duplicates() == []


async def test_a_deal_that_never_stands_still_waits_for_a_person_and_then_begins_anew(firm: World) -> None:
    edits = iter(range(100))

    def edit(_run: str, number: int, what: str) -> None:
        if (number, what) == (7, "done"):
            box = firm.boxes["salesforce"]
            box.store.set_setting("_clock_ahead", 100 + next(edits))
            org.update(box, org.kind_of("Opportunity"), firm.deal("D01").id, {"PO_Number__c": f"PO-{next(edits)}"})

    observers.append(edit)
    try:
        done = await firm.played("D01")
    finally:
        observers.remove(edit)
    assert (done.run.status, done.run.reason) == ("failed", "conflict")
    await firm.workflow.retry_run(done.run.id)
    assert (await firm.finished(done.run.id)).run.verified is True
    assert firm.duplicates() == []


async def test_a_deal_reopened_in_the_middle_is_cancelled_and_what_was_made_is_undone(
    firm: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch, firm, "project_by_key", "netsuite")
    await firm.win("D01")
    run = await firm.start("D01")
    await held.reached.wait()
    firm.fault("netsuite", "server_error", method="PUT", path="/job/")
    await firm.reopen("D01")
    held.go.set()
    done = await firm.finished(run.id)
    assert (done.run.status, done.run.reason) == ("cancelled", "conflict")
    assert firm.records("netsuite", "job") == []
    (order,) = firm.records("netsuite", "salesOrder")
    assert order["orderStatus"] == {"id": "H"}, "closed"
    assert await firm.case_of(run.id) is None

    await firm.win("D01")
    again = await firm.finished((await firm.start("D01")).id)
    assert (again.run.generation, again.run.status, again.run.verified) == (2, "succeeded", True)


ALL_THREE = "ACME-US;ACME-DE;ACME-IN"


async def test_edge_7_a_deal_split_over_three_entities_and_currencies_is_one_project_in_its_sellers_money(
    firm: World,
) -> None:
    """Three entities deliver, each of another currency. One sells: its books and its currency alone are written to."""
    deal = firm.deal("D05")
    await firm.edit("Opportunity", deal.id, Delivery_Entities__c=ALL_THREE)
    done = await firm.played("D05")
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    (job,) = firm.records("netsuite", "job")
    (order,) = firm.records("netsuite", "salesOrder")
    seller = next(str(each.number) for each in ENTITIES if each.code == "ACME-IN")
    (currency,) = [each["id"] for each in firm.records("netsuite", "currency") if each["symbol"] == "INR"]
    assert {job["subsidiary"]["id"], order["subsidiary"]["id"]} == {seller}
    assert {job["currency"]["id"], order["currency"]["id"]} == {currency}
    assert done.run.amount == Money(amount=deal.amount, currency="INR")
    assert [each for each in done.agreement if not each.agree] == []
    assert firm.duplicates() == []


async def test_edge_7_of_a_split_deal_every_missing_agreement_and_odd_currency_is_told_at_once(firm: World) -> None:
    """ACME-US has no agreement with ACME-DE; one part is quoted in another currency; one deliverer is given up."""
    deal, box = firm.deal("D06"), firm.boxes["netsuite"]
    quote = (firm.boxes["salesforce"].store.get("Opportunity", deal.id) or {})["SyncedQuoteId"]
    await firm.edit("Opportunity", deal.id, Delivery_Entities__c=ALL_THREE)
    await firm.edit("Quote", quote, CurrencyIsoCode="EUR")
    (partner,) = [each for each in box.store.find("subsidiary") if each["custrecord_tg_code"] == "ACME-IN"]
    box.store.update("subsidiary", partner["id"], {"isInactive": True})
    refused = await firm.played("D06")
    assert refused.run.status == "refused"
    said = {error.rule: (error.owner, error.detail) for error in refused.run.errors}
    assert said == {
        "intercompany": ("Finance", "ACME-US has no intercompany agreement with ACME-DE, which shall deliver."),
        "delivery_entity": ("Finance", "Of those that shall deliver ACME-IN is closed."),
        "currency": ("Sales operations", "The deal is in USD, but the quote in EUR."),
    }
    assert (firm.records("netsuite", "job"), firm.records("netsuite", "salesOrder")) == ([], [])
    assert firm.writes("kantata") == []


async def test_edge_10_what_would_be_billed_in_a_closed_period_is_due_on_the_entitys_business_date(firm: World) -> None:
    """Closed where the seller sits on the last of a month that is over for the entity; work starts that day."""
    today = business_date(now(), "Europe/Berlin")
    last = today.replace(day=1) - timedelta(days=1)
    await firm.edit("Opportunity", firm.deal("D03").id, CloseDate=last.isoformat(), Expected_Start__c=None)
    monthly = firm.deal("D04")
    await firm.edit("Opportunity", monthly.id, Expected_Start__c=last.replace(day=1).isoformat())
    await firm.edit("Opportunity", monthly.id, CloseDate=last.isoformat())
    for code in ("D03", "D04"):
        done = await firm.played(code)
        assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.detail
        plan = await firm.adapters["netsuite"].billing_schedule_by_key(f"{firm.deal(code).key}:billing")
        assert plan.total() == Money(amount=firm.deal(code).amount, currency="EUR"), "nothing is left out"
        assert min(line.due for line in plan.lines) >= today.replace(day=1), "nothing falls due in a closed period"
        assert ("of closed periods fall due on" in done.steps[5].summary) == (code == "D04")
        assert (code == "D04") == (today in {line.due for line in plan.lines})


async def test_edge_10_the_period_is_judged_by_the_entitys_own_clock_and_not_by_the_close_date(
    firm: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In New York it is still the last of a month that is closed, in Berlin the next one has begun."""
    first = (now().date().replace(day=1) + timedelta(days=32)).replace(day=1)
    instant = datetime(first.year, first.month, 1, 2, tzinfo=UTC)
    box, last = firm.boxes["netsuite"], first - timedelta(days=1)
    for period in box.store.find("accountingPeriod", closed=False):
        if not period["isYear"] and period["endDate"] < first.isoformat():
            box.store.update("accountingPeriod", period["id"], {"closed": True})
    monkeypatch.setattr(gathering, "now", lambda: instant)
    for code in ("D01", "D03"):
        await firm.edit("Opportunity", firm.deal(code).id, CloseDate=first.isoformat())
    here, there = await firm.played("D01"), await firm.played("D03")
    (said,) = here.run.errors
    assert (said.rule, said.owner) == ("period_open", "Finance")
    assert said.detail.startswith("ACME-US closed ")
    assert said.detail.endswith(f", the period of {last}.")
    assert (there.run.status, there.run.verified) == ("succeeded", True)


async def test_edge_8_a_template_changed_in_the_middle_does_not_change_what_is_being_made(
    firm: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch, firm, "upsert_billing_schedule", "netsuite")
    await firm.win("D02")
    run = await firm.start("D02")
    await held.reached.wait()
    kind = firm.deal("D02").contract_type
    fewer = msgspec.structs.replace(templates.TEMPLATES[kind], milestones=(("all", "All of it", 100),))
    monkeypatch.setitem(templates.TEMPLATES, kind, fewer)
    held.go.set()
    done = await firm.finished(run.id)
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    (schedule,) = firm.records("netsuite", "billingSchedule")
    milestones = [s for s in firm.records("kantata", "stories") if s["story_type"] == "milestone"]
    assert len(schedule["milestone"]["items"]) == len(milestones) > 1, "tasks and bills are of one template"
