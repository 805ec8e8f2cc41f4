"""A run goes on through what systems do on a bad day, and makes everything once."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest

from canonical.faults import VendorBusy
from canonical.ports import Written
from canonical.ports.processes import RunDetail
from foundation.connections import Connection
from foundation.sandbox import Box
from system_apis import Demo
from tests.process.world import Over, World, connections

CREATES = [
    ("netsuite", "PUT", "/customer/", "customer", "customer"),
    ("netsuite", "PUT", "/salesOrder/", "salesOrder", "contract"),
    ("netsuite", "PUT", "/job/", "job", "erp_project"),
    ("netsuite", "PUT", "/billingSchedule/", "billingSchedule", "billing"),
    ("kantata", "POST", "/workspaces", "workspaces", "psa_project"),
    ("kantata", "POST", "/stories", "stories", "psa_project"),
    ("kantata", "POST", "/workspace_resources", "workspace_resources", "people"),
    ("kantata", "POST", "/workspace_allocations", "workspace_allocations", "people"),
    ("kantata", "POST", "/posts", "posts", "workspace"),
]


def faults_of(done: RunDetail, step: str) -> list[str]:
    found = next(each for each in done.steps if each.name == step)
    return [attempt.fault for attempt in found.attempts if attempt.fault not in ("", "not_found")]


@pytest.mark.parametrize("when", ["after", "before"])
async def test_a_lost_answer_to_any_create_is_settled_and_the_thing_made_once(firm: World, when: str) -> None:
    """All nine creates of one run at once: whether the lost request had been kept or not, one record is there."""
    for system, method, path, _, _ in CREATES:
        firm.fault(system, f"timeout_{when}_commit", method=method, path=path)
    done = await firm.played("D01")
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    assert firm.duplicates() == []
    for system, _, _, kind, step in CREATES:
        assert faults_of(done, step)[:1] == ["outcome_unknown"], step
        assert f"{system} create {kind}" in firm.writes()
    for kind in ("job", "salesOrder", "billingSchedule"):
        assert firm.writes().count(f"netsuite create {kind}") == 1
    assert firm.writes().count("kantata create workspaces") == 1


async def test_orders_written_as_jobs_are_made_once_and_no_lost_answer_is_noticed(
    over: Over, boxes: dict[str, Box], monkeypatch: pytest.MonkeyPatch
) -> None:
    def as_jobs(known: dict[str, Demo]) -> dict[str, Connection]:
        found = connections(known)
        return found | {"netsuite": msgspec.structs.replace(found["netsuite"], options={"writes": "async"})}

    monkeypatch.setattr("tests.process.world.connections", as_jobs)
    boxes["netsuite"].store.set_setting("async_seconds", 0.2)
    async with over() as firm:
        firm.fault("netsuite", "timeout_after_commit", method="PUT", path="/salesOrder/", times=2)
        firm.fault("netsuite", "server_error", path="/async/v1/job/", times=2)
        done = await firm.played("D01")
        assert (done.run.status, done.run.verified) == ("succeeded", True)
        assert firm.duplicates() == []
        assert faults_of(done, "contract") == []
        assert firm.writes().count("netsuite create salesOrder") == 1


@pytest.mark.parametrize("when", ["after", "before"])
async def test_a_lost_answer_to_the_activation_leaves_everything_active(firm: World, when: str) -> None:
    """The records are there already, so that finding them proves nothing: what was to be changed must be looked at."""
    firm.fault("netsuite", f"timeout_{when}_commit", method="PUT", path="/salesOrder/", after=1)
    firm.fault("netsuite", f"timeout_{when}_commit", method="PATCH", path="/job/")
    firm.fault("kantata", f"timeout_{when}_commit", method="PUT", path="/workspaces/")
    firm.fault("salesforce", f"timeout_{when}_commit", method="PATCH", path="/Opportunity/")
    done = await firm.played("D01")
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    assert faults_of(done, "activate") == ["outcome_unknown"] * 3
    assert faults_of(done, "link") == ["outcome_unknown"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("throttled", "vendor_busy"), ("server_error", "vendor_down"), ("html_error", "vendor_down")],
)
async def test_a_fault_that_passes_delays_and_no_more(firm: World, fault: str, reason: str) -> None:
    firm.fault("salesforce", fault, body="/Quote/")
    for system, path in (("netsuite", "/job/"), ("kantata", "/workspaces")):
        firm.fault(system, fault, path=path)
    done = await firm.played("D04")
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    assert {attempt.fault for step in done.steps for attempt in step.attempts} - {"", "not_found"} == {reason}
    assert firm.duplicates() == []


async def test_a_token_that_expires_in_the_middle_is_renewed_without_a_word(firm: World) -> None:
    firm.fault("salesforce", "expired_token", body="/Quote/")
    firm.fault("netsuite", "expired_token", path="/job/")
    done = await firm.played("D04")
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    assert {attempt.fault for step in done.steps for attempt in step.attempts} <= {"", "not_found"}


async def test_credentials_that_are_refused_are_not_tried_again(firm: World) -> None:
    firm.boxes["kantata"].store.set_setting("token", "another")
    done = await firm.played("D01")
    assert (done.run.status, done.run.reason, done.run.step) == ("failed", "vendor_sign_in", 3)
    assert [a.fault for a in done.steps[2].attempts if a.system == "kantata"] == ["vendor_sign_in"]
    case = await firm.case_of(done.run.id)
    assert case is not None
    assert case.suggestion == "Renew the sign-in to Kantata; what waits for it then goes on."


async def test_an_answer_cut_off_is_asked_for_again(firm: World) -> None:
    firm.fault("salesforce", "truncated_body", body="/Quote/")
    firm.fault("netsuite", "truncated_body", method="GET", path="/job/", after=1)
    firm.fault("kantata", "truncated_body", method="POST", path="/workspaces")
    done = await firm.played("D01")
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    assert firm.duplicates() == []


async def test_a_record_changed_under_our_hands_is_read_again(firm: World) -> None:
    firm.fault("salesforce", "stale_version", method="PATCH", path="/Opportunity/")
    done = await firm.played("D01")
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    assert faults_of(done, "link") == ["vendor_stale"]


@pytest.mark.parametrize(("asked", "status"), [("0.6", "succeeded"), ("3600", "failed")])
async def test_a_vendor_that_asks_for_patience_gets_it_within_reason(
    firm: World, monkeypatch: pytest.MonkeyPatch, asked: str, status: str
) -> None:
    """Where we would have waited some hundredths of a second; an hour is for a person to wait."""
    netsuite, busy = firm.adapters["netsuite"], [VendorBusy("too many", system="netsuite", retry_after=asked)]
    upsert = netsuite.upsert_project

    async def first_busy(*args: Any) -> Written:
        if busy:
            raise busy.pop()
        written: Written = await upsert(*args)
        return written

    monkeypatch.setattr(netsuite, "upsert_project", first_busy)
    done = await firm.played("D01")
    assert done.run.status == status
    tried = [a for a in done.steps[7].attempts if a.operation == "PUT /projects/by-key/{key}"]
    waits = [(later.at - earlier.at).total_seconds() for earlier, later in pairwise(tried)]
    assert all(wait >= 0.6 for wait in waits)
    assert len(tried) == (2 if status == "succeeded" else 1)


async def test_what_no_patience_helps_against_ends_the_run_with_a_case(firm: World) -> None:
    firm.fault("netsuite", "server_error", method="PUT", path="/billingSchedule/", times=0)
    done = await firm.played("D01")
    assert (done.run.status, done.run.reason, done.run.step) == ("failed", "vendor_down", 10)
    tried = [a for a in done.steps[9].attempts if a.fault == "vendor_down"]
    assert len(tried) == firm.platform.pace.attempts
    case = await firm.case_of(done.run.id)
    assert case is not None
    assert (case.kind, case.step, case.system, case.state) == ("unavailable", 10, "netsuite", "open")


async def test_a_bug_of_ours_ends_the_run_where_people_see_it(firm: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise KeyError("nobody thought of this")

    monkeypatch.setattr("process_apis.opportunity_to_project.steps.plan", broken)
    done = await firm.played("D01")
    assert (done.run.status, done.run.reason, done.run.step) == ("failed", "broken", 6)
    case = await firm.case_of(done.run.id)
    assert case is not None
    assert case.kind == "platform_bug"


async def test_a_bug_between_two_steps_is_no_different(firm: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise KeyError("nobody thought of this")

    monkeypatch.setattr("process_apis.opportunity_to_project.workflow.keys_of", broken)
    done = await firm.played("D01")
    assert (done.run.status, done.run.reason) == ("failed", "broken")
    assert await firm.case_of(done.run.id) is not None
