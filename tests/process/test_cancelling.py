"""Cancelling: before the point of no return what was made is undone, in reverse; after it, nothing is."""

import asyncio
from contextlib import suppress
from contextvars import Context

import pytest
import sqlalchemy as sa

from canonical.faults import Conflict, NotFound, VendorDown
from canonical.ports.processes import RunDetail
from process_apis.steps import observers
from process_apis.tables import PROJECT_CODES
from tests.process.world import World, in_each_firm


async def stopped_at(firm: World, step: int, system: str, **fault: str) -> str:
    """A run that got as far as `step` and failed there."""
    firm.fault(system, "server_error", times=0, **fault)
    failed = await firm.played("D01")
    assert (failed.run.status, failed.run.step) == ("failed", step)
    firm.boxes[system].faults.clear()
    return failed.run.id


async def test_a_cancelled_run_is_undone_in_reverse_and_nothing_is_deleted_from_the_books(firm: World) -> None:
    run_id = await stopped_at_the_link(firm)
    before = firm.deal("D01")
    assert (await firm.workflow.cancel_run(run_id)).status == "cancelled"
    done = await firm.finished(run_id)
    assert done.run.status == "cancelled"
    undone = {step.name for step in done.steps if step.status == "undone"}
    assert undone == {"contract", "code", "erp_project", "psa_project", "people", "link"}

    (job,) = firm.records("netsuite", "job")
    (order,) = firm.records("netsuite", "salesOrder")
    (workspace,) = [w for w in firm.records("kantata", "workspaces") if done.run.project_code in w["title"]]
    assert job["entityStatus"] != {"id": "2"}
    assert order["orderStatus"] == {"id": "H"}
    assert firm.records("kantata", "workspace_allocations") == []
    assert workspace["status_key"] != 310, "not open"
    assert any(c["externalId"] == before.account.key for c in firm.records("netsuite", "customer")), "it stays"
    released = sa.select(PROJECT_CODES.c.released_at)
    assert await firm.platform.database.run(lambda c: c.scalar(released)) is not None
    case = await firm.case_of(run_id)
    assert case is not None
    assert case.state == "resolved"


async def stopped_at_the_link(firm: World) -> str:
    return await stopped_at(firm, 12, "salesforce", method="PATCH", path="/Opportunity/")


async def test_undoing_goes_backwards(firm: World) -> None:
    run_id = await stopped_at_the_link(firm)
    start = len(firm.boxes["kantata"].store.writes()), len(firm.boxes["netsuite"].store.writes())
    await firm.workflow.cancel_run(run_id)
    await firm.finished(run_id)
    kantata = [f"{w.action} {w.kind}" for w in firm.boxes["kantata"].store.writes()[start[0] :]]
    netsuite = [f"{w.action} {w.kind}" for w in firm.boxes["netsuite"].store.writes()[start[1] :]]
    assert kantata[-1] == "update workspaces", "people first, then their project"
    assert netsuite == ["update job", "update salesOrder"]


async def test_a_run_that_failed_early_is_undone_as_far_as_it_got(firm: World) -> None:
    run_id = await stopped_at(firm, 8, "netsuite", method="PUT", path="/job/")
    await firm.workflow.cancel_run(run_id)
    done = await firm.finished(run_id)
    assert {step.name for step in done.steps if step.status == "undone"} == {"contract", "code", "erp_project"}
    assert firm.writes("kantata") == []


async def test_a_refused_run_can_be_cancelled_and_there_is_nothing_to_undo(firm: World) -> None:
    refused = await firm.played("D11")
    await firm.workflow.cancel_run(refused.run.id)
    done = await firm.finished(refused.run.id)
    assert done.run.status == "cancelled"
    assert firm.writes("netsuite", "kantata") == []


async def test_after_the_activation_a_run_only_goes_forward(firm: World) -> None:
    firm.fault("kantata", "server_error", method="POST", path="/posts", times=0)
    failed = await firm.played("D01")
    assert failed.run.step == 14
    with pytest.raises(Conflict, match="only goes forward"):
        await firm.workflow.cancel_run(failed.run.id)
    (job,) = firm.records("netsuite", "job")
    assert job["entityStatus"] == {"id": "2"}


async def test_a_run_that_is_over_cannot_be_cancelled(firm: World) -> None:
    done = await firm.played("D01")
    with pytest.raises(Conflict, match="succeeded already"):
        await firm.workflow.cancel_run(done.run.id)
    with pytest.raises(NotFound):
        await firm.workflow.cancel_run("o2p:salesforce:006Tg0000000009IAA:1")


async def test_cancelled_in_the_middle_of_any_step_it_leaves_no_open_project(firm: World) -> None:
    """The step in flight ends first, and is then undone with the rest."""
    for code, step in {"D01": 2, "D02": 4, "D03": 8, "D04": 9, "D05": 11, "D06": 12}.items():
        await firm.win(code)
        done = await cancelled_in_step(firm, code, step)
        assert done.run.status == "cancelled", step
        assert all(each.status in ("done", "undone", "pending") for each in done.steps), step
        for system in ("netsuite", "kantata"):
            with suppress(NotFound):
                project = await firm.adapters[system].project_by_key(done.run.business_key)
                assert project.stage == "cancelled", (step, system)
        assert await firm.case_of(done.run.id) is None


async def cancelled_in_step(firm: World, code: str, step: int) -> RunDetail:
    """A run whose cancelling came while the step was at work: every system dawdles until it has come."""
    reached = asyncio.Event()

    def watch(_run: str, number: int, what: str) -> None:
        if (number, what) == (step, "begun"):
            for system in ("salesforce", "netsuite", "kantata"):
                firm.fault(system, "slow", delay=0.5, times=0)
            reached.set()

    observers.append(watch)
    try:
        run = await firm.start(code)
        await reached.wait()
        await firm.workflow.cancel_run(run.id)
        for system in ("salesforce", "netsuite", "kantata"):
            firm.boxes[system].faults.clear()
        return await firm.finished(run.id)
    finally:
        observers.remove(watch)


async def test_of_activation_and_cancelling_only_one_wins(firm: World) -> None:
    """Cancelled at the very moment step 13 begins: either it goes forward to its end, or it is undone.

    The one who cancels is not the run: the task has no part in the run's own context.
    """
    asked: list[asyncio.Task[object]] = []

    def cancel(run_id: str, number: int, what: str) -> None:
        if (number, what) == (12, "done"):
            asked.append(asyncio.get_running_loop().create_task(firm.workflow.cancel_run(run_id), context=Context()))

    observers.append(cancel)
    try:
        done = await firm.played("D01")
    finally:
        observers.remove(cancel)
    (answer,) = await asyncio.gather(*asked, return_exceptions=True)
    project = await firm.adapters["netsuite"].project_by_key(done.run.business_key)
    if isinstance(answer, Conflict):
        assert (done.run.status, project.stage) == ("succeeded", "active")
    else:
        assert (done.run.status, project.stage) == ("cancelled", "cancelled")


async def test_what_cannot_be_undone_waits_with_a_case_and_is_undone_when_asked_again(firm: World) -> None:
    run_id = await stopped_at_the_link(firm)
    firm.fault("netsuite", "server_error", method="PATCH", path="/job/", times=0)
    await firm.workflow.cancel_run(run_id)
    stuck = await firm.finished(run_id)
    assert (stuck.run.status, stuck.run.reason) == ("failed", "vendor_down")
    case = await firm.case_of(run_id)
    assert case is not None
    assert case.state == "open"
    firm.boxes["netsuite"].faults.clear()
    await firm.workflow.cancel_run(run_id)
    done = await firm.finished(run_id)
    assert done.run.status == "cancelled"
    assert (await firm.operations.case(case.id)).case.state == "resolved"


async def test_a_deal_won_again_after_its_run_was_cancelled_becomes_its_project_after_all(firm: World) -> None:
    run_id = await stopped_at_the_link(firm)
    await firm.workflow.cancel_run(run_id)
    code = (await firm.finished(run_id)).run.project_code
    await firm.reopen("D01")
    done = await firm.played("D01")
    assert (done.run.status, done.run.verified, done.run.generation) == ("succeeded", True, 2)
    assert done.run.project_code == code, "a code belongs to its deal for good"
    assert len(firm.records("netsuite", "job")) == 1


@in_each_firm
async def test_what_an_undone_run_made_is_nowhere_in_force_whichever_system_is_asked(
    firm: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops after the ids stand on the deal, so that every step before the point of no return is undone."""
    names = {role: firm.platform.systems.name(role, "ACME-US") for role in ("crm", "erp", "psa")}
    crm, erp, psa = (firm.adapters[name] for name in names.values())
    link = crm.link_project

    async def linked_and_gone(*said: object) -> None:
        await link(*said)
        raise VendorDown("is not answering", system=names["crm"])

    monkeypatch.setattr(crm, "link_project", linked_and_gone)
    stopped = await firm.played("D01")
    assert (stopped.run.status, stopped.run.step) == ("failed", 12)
    key, deal, code = stopped.run.business_key, firm.native("D01"), stopped.run.project_code
    assert (await crm.opportunity(deal)).project_code == code
    in_psa = (await psa.project_by_key(key)).id
    asked_for = await psa.resource_demands(in_psa)
    assert len(asked_for) == len(firm.deal("D01").roles)
    monkeypatch.setattr(crm, "link_project", link)

    await firm.workflow.cancel_run(stopped.run.id)
    done = await firm.finished(stopped.run.id)
    assert done.run.status == "cancelled", done.run.detail
    assert (await crm.opportunity(deal)).project_code == ""
    assert [(await system.project_by_key(key)).stage for system in (erp, psa)] == ["cancelled"] * 2
    assert {each.status for each in await psa.resource_demands(in_psa)} <= {"cancelled"}
    signed = f"{names['crm']}:{(await crm.opportunity(deal)).contract_id}"
    assert (await erp.contract_by_key(signed)).status == "cancelled"
    released = sa.select(PROJECT_CODES.c.released_at).where(PROJECT_CODES.c.key == key)
    assert await firm.platform.database.run(lambda c: c.scalar(released)) is not None
    customer = await erp.customer_by_key(f"{names['crm']}:{(await crm.opportunity(deal)).account_id}", "ACME-US")
    assert customer.id, "it stays"
    assert done.run.verified is None
