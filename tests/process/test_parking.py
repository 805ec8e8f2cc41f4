"""What cannot go on waits with a case, and goes on from there."""

from pathlib import Path

import msgspec
import pytest

from canonical.faults import Conflict
from canonical.ports.processes import Resolve
from foundation.context import fresh, use
from foundation.sandbox import Box
from process_apis import cases
from process_apis.journal import update_run
from system_apis import Demo
from tests.process.world import BINDINGS, PRIYA, World, world


async def ticket_of(firm: World, case_id: str) -> dict[str, object]:
    """The incident of a case, once there is one."""
    return await firm.until(
        lambda: next((i for i in firm.records("servicenow", "incident") if i["correlation_id"] == case_id), None)
    )


async def test_a_psa_that_is_down_parks_the_run_until_somebody_runs_it_again(firm: World) -> None:
    firm.fault("kantata", "server_error", method="POST", path="/workspaces", times=firm.platform.pace.attempts)
    parked = await firm.played("D12")
    assert (parked.run.status, parked.run.reason, parked.run.step) == ("failed", "vendor_down", 9)
    case = await firm.case_of(parked.run.id)
    assert case is not None
    assert (case.system, case.title, case.can_retry) == ("kantata", "Kantata is not answering.", True)
    ticket = await ticket_of(firm, case.id)
    assert ticket["state"] == "1"

    writes = len(firm.writes("netsuite"))
    assert (await firm.operations.retry_case(case.id)).status == "running"
    done = await firm.finished(parked.run.id)
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    assert done.steps[7].attempts == parked.steps[7].attempts, "what was done is not done again"
    assert len([w for w in firm.writes("netsuite")[writes:] if w.endswith("create job")]) == 0
    closed = await firm.operations.case(case.id)
    assert (closed.case.state, closed.case.can_retry) == ("resolved", False)
    assert [event.what for event in closed.history][-1] == "The run reached its end and all systems agree."
    await firm.until(lambda: firm.records("servicenow", "incident")[0]["state"] == "6")
    assert len(firm.records("servicenow", "incident")) == 1
    assert firm.duplicates() == []
    with pytest.raises(Conflict):
        await firm.operations.retry_case(case.id)


async def test_a_service_desk_that_is_down_stops_nothing_and_is_told_later(firm: World) -> None:
    firm.fault("servicenow", "server_error", times=0)
    firm.fault("kantata", "server_error", method="POST", path="/workspaces", times=0)
    parked = await firm.played("D12")
    case = await firm.case_of(parked.run.id)
    assert case is not None
    assert (case.state, case.ticket) == ("open", "")
    firm.boxes["servicenow"].faults.clear()

    async def told() -> str:
        await cases.tell_desk_of_all(firm.platform)
        found = await firm.case_of(parked.run.id)
        return found.ticket if found else ""

    number = await firm.until(told)
    (incident,) = firm.records("servicenow", "incident")
    assert (incident["number"], incident["correlation_id"]) == (number, case.id)


async def test_a_desk_told_by_several_at_once_has_one_incident(firm: World) -> None:
    """Every process looks for cases to tell of, while the run that opened the case is telling too."""
    firm.fault("kantata", "server_error", method="POST", path="/workspaces", times=0)
    await firm.win("D12")
    run = await firm.start("D12")

    async def telling() -> bool:
        await cases.tell_desk_of_all(firm.platform)
        found = await firm.case_of(run.id)
        return bool(found and found.ticket)

    await firm.until(telling)
    assert len(firm.records("servicenow", "incident")) == 1


async def test_a_lost_answer_of_the_desk_opens_no_second_incident(firm: World) -> None:
    firm.fault("servicenow", "timeout_after_commit", method="POST", path="/incident")
    firm.fault("kantata", "server_error", method="POST", path="/workspaces", times=0)
    parked = await firm.played("D12")

    async def told() -> bool:
        await cases.tell_desk_of_all(firm.platform)
        found = await firm.case_of(parked.run.id)
        return bool(found and found.ticket)

    await firm.until(told)
    assert len(firm.records("servicenow", "incident")) == 1


async def test_a_case_closed_by_hand_says_who_and_why_and_resolves_its_incident(firm: World) -> None:
    refused = await firm.played("D11")
    case = await firm.case_of(refused.run.id)
    assert case is not None
    await ticket_of(firm, case.id)
    with use(fresh(caller=PRIYA)):
        closed = await firm.operations.resolve_case(case.id, Resolve(note="The customer withdrew."))
    assert (closed.state, closed.can_retry) == ("resolved", False)
    history = (await firm.operations.case(case.id)).history
    assert (history[-1].who, history[-1].what) == (PRIYA.subject, "Closed without a retry: The customer withdrew.")
    await firm.until(lambda: firm.records("servicenow", "incident")[0]["state"] == "6")
    with pytest.raises(Conflict):
        await firm.operations.resolve_case(case.id, Resolve(note="Again."))


async def test_systems_that_disagree_are_named_field_by_field_and_a_retry_makes_them_agree(
    firm: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    salesforce = firm.adapters["salesforce"]
    original, off = salesforce.opportunity, []

    async def differing(opportunity_id: str) -> object:
        found = await original(opportunity_id)
        return msgspec.structs.replace(found, name="Another name") if found.project_code and not off else found

    monkeypatch.setattr(salesforce, "opportunity", differing)
    odd = await firm.played("D01")
    assert (odd.run.status, odd.run.reason, odd.run.verified) == ("failed", "disagreement", False)
    assert [f.field for f in odd.agreement if not f.agree] == ["name"]
    case = await firm.case_of(odd.run.id)
    assert case is not None
    assert (case.kind, case.owner, [e.rule for e in case.errors]) == ("disagreement", "PMO", ["name"])

    off.append(True)
    assert (await firm.workflow.retry_run(odd.run.id)).status == "running"
    done = await firm.finished(odd.run.id)
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    assert firm.duplicates() == []
    assert (await firm.operations.case(case.id)).case.state == "resolved"


async def test_a_project_active_already_is_not_refused_but_failed_when_a_guard_fails_later(
    firm: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`refused` would say that nothing was written."""
    firm.fault("kantata", "server_error", method="POST", path="/posts", times=0)
    failed = await firm.played("D01")
    assert failed.run.step == 14
    await firm.platform.database.run(lambda c: update_run(c, failed.run.id, reason="disagreement"))
    customer = next(c for c in firm.records("netsuite", "customer") if c["externalId"] == firm.deal("D01").account.key)
    firm.boxes["netsuite"].store.update("customer", customer["id"], {"creditHoldOverride": {"id": "ON"}})
    await firm.workflow.retry_run(failed.run.id)
    again = await firm.finished(failed.run.id)
    assert (again.run.status, again.run.reason) == ("failed", "guards_failed")
    with pytest.raises(Conflict, match="only goes forward"):
        await firm.workflow.cancel_run(failed.run.id)


async def test_one_refused_sign_in_after_other_faults_is_no_missing_right(firm: World) -> None:
    """A storm: each of them may pass, and none of them comes as often as a step is tried."""
    times = firm.platform.pace.attempts - 1
    firm.fault("kantata", "server_error", method="POST", path="/workspaces", times=times)
    firm.fault("kantata", "expired_token", method="POST", path="/workspaces", times=2)
    done = await firm.played("D01")
    faults = [attempt.fault for attempt in done.steps[8].attempts if attempt.fault != "not_found"]
    assert faults == ["vendor_down"] * times + ["vendor_sign_in"] * 2 + [""] * (len(faults) - times - 2)
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    assert firm.duplicates() == []


async def test_a_deal_edited_while_its_run_is_parked_is_made_as_it_is_now(firm: World) -> None:
    firm.fault("kantata", "server_error", method="POST", path="/workspaces", times=firm.platform.pace.attempts)
    parked = await firm.played("D01")
    await firm.edit("Opportunity", firm.deal("D01").id, Name="Warehouse control room")
    await firm.workflow.retry_run(parked.run.id)
    done = await firm.finished(parked.run.id)
    assert (done.run.status, done.run.verified, done.run.title) == ("succeeded", True, "Warehouse control room")
    (job,) = firm.records("netsuite", "job")
    assert job["companyName"] == "Warehouse control room"


async def test_without_a_psa_its_steps_are_not_applicable_and_the_rest_is_verified(
    known: dict[str, Demo], boxes: dict[str, Box], tmp_path: Path
) -> None:
    bindings = {role: bound for role, bound in BINDINGS.items() if role != "psa"}
    async with world(f"sqlite:///{tmp_path}/tiergate.sqlite", known, boxes, bindings=bindings) as firm:
        done = await firm.played("D01")
        assert (done.run.status, done.run.verified) == ("succeeded", True)
        skipped = {step.name: step.summary for step in done.steps if step.status == "not_applicable"}
        assert skipped == dict.fromkeys(("psa_project", "people", "workspace"), "not applicable: no PSA bound")
        assert {step.status for step in done.steps if step.name not in skipped} == {"done"}
        assert firm.writes("kantata") == []


async def test_an_entity_without_an_erp_is_refused_and_nothing_breaks(
    known: dict[str, Demo], boxes: dict[str, Box], tmp_path: Path
) -> None:
    bindings = BINDINGS | {"erp": {"ACME-DE": "netsuite"}}
    async with world(f"sqlite:///{tmp_path}/tiergate.sqlite", known, boxes, bindings=bindings) as firm:
        done = await firm.played("D01")
        assert (done.run.status, done.run.errors[0].rule) == ("refused", "legal_entity")
        assert firm.writes("netsuite", "kantata") == []
