"""The five edges on which naive implementations of opportunity-to-project break."""

import asyncio

import pytest

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


async def test_a_deal_won_reopened_and_won_again_within_a_minute_is_one_project(firm: World) -> None:
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


async def test_an_erp_create_that_timed_out_but_was_committed_is_found_by_its_key(firm: World) -> None:
    firm.fault("netsuite", "timeout_after_commit", method="PUT", path="/job/")
    done = await firm.played("D02")
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    faults = [attempt.fault for attempt in done.steps[7].attempts]
    operations = [attempt.operation for attempt in done.steps[7].attempts]
    lost = faults.index("outcome_unknown")
    assert operations[lost + 1] == "GET /projects/by-key/{key}", "it looks before it writes again"
    assert faults[lost + 1] == ""
    assert firm.writes("netsuite").count("netsuite create job") == 1


async def test_a_link_back_that_is_refused_leaves_no_project_unseen_and_a_second_click_no_twin(firm: World) -> None:
    firm.fault("salesforce", "expired_token", method="PATCH", path="/Opportunity/", times=0)
    failed = await firm.played("D01")
    assert (failed.run.status, failed.run.reason, failed.run.step) == ("failed", "vendor_sign_in", 12)
    again = await firm.start("D01")
    assert (again.id, again.status) == (failed.run.id, "failed")
    firm.boxes["salesforce"].faults.clear()
    await firm.workflow.retry_run(failed.run.id)
    done = await firm.finished(failed.run.id)
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    assert len(firm.records("netsuite", "job")) == 1
    assert firm.duplicates() == []


async def test_an_account_merged_after_the_guards_is_guarded_again_as_the_one_it_became(
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


async def test_an_account_merged_after_the_guards_into_a_good_one_is_one_customer(firm: World) -> None:
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


async def test_an_amount_edited_after_the_guards_is_guarded_again_before_anything_is_made(
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
