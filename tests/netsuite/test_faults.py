"""What goes wrong at NetSuite, and what it is to us: one case for each fault of the sandbox."""

from typing import Any

import pytest

from canonical.faults import (
    Drifted,
    Fault,
    OutcomeUnknown,
    VendorBusy,
    VendorDown,
    VendorStale,
    VendorTimeout,
)
from canonical.objects import Project
from foundation.sandbox import Box, FaultRule
from system_apis.netsuite.adapter import NetSuite

KEY = "salesforce:001Tg0000000003IAA"
DEAL = "salesforce:006Tg0000000003IAA"


@pytest.fixture
async def project(netsuite: NetSuite, a_customer: Any, a_project: Any) -> Project:
    """A project ready to be written, with its customer there."""
    made: Project = a_project((await netsuite.upsert_customer(KEY, a_customer())).id)
    return made


@pytest.mark.parametrize(
    ("fault", "to_a_read", "to_a_write"),
    [
        ("throttled", VendorBusy, VendorBusy),
        ("server_error", VendorDown, VendorDown),
        ("html_error", VendorDown, VendorDown),
        ("stale_version", VendorStale, VendorStale),
        ("timeout_before_commit", VendorTimeout, OutcomeUnknown),
        ("timeout_after_commit", VendorTimeout, OutcomeUnknown),
    ],
)
async def test_each_fault_has_its_name(
    netsuite: NetSuite, project: Project, box: Box, fault: Any, to_a_read: type[Fault], to_a_write: type[Fault]
) -> None:
    await netsuite.upsert_project(DEAL, project)
    box.faults.add(FaultRule(fault=fault, method="GET", path="/job/"))
    with pytest.raises(to_a_read) as read:
        await netsuite.project_by_key(DEAL)
    assert type(read.value) is to_a_read
    assert read.value.system == "netsuite"
    box.faults.add(FaultRule(fault=fault, method="PUT", path="/job/"))
    with pytest.raises(to_a_write) as written:
        await netsuite.upsert_project(DEAL, project)
    assert type(written.value) is to_a_write
    # And afterwards all is as if nothing had been.
    await netsuite.upsert_project(DEAL, project)
    assert (await netsuite.project_by_key(DEAL)).code == project.code
    assert box.store.duplicates() == []


async def test_an_expired_token_is_not_seen_by_the_caller(netsuite: NetSuite, project: Project, box: Box) -> None:
    box.faults.add(FaultRule(fault="expired_token", method="PUT", path="/job/"))
    await netsuite.upsert_project(DEAL, project)
    assert [write.action for write in box.store.writes() if write.kind == "job"] == ["create"]


async def test_throttling_is_busy_under_the_old_status_too(netsuite: NetSuite, box: Box) -> None:
    box.store.set_setting("throttled_status", 400)
    box.faults.add(FaultRule(fault="throttled", path="/record/"))
    with pytest.raises(VendorBusy) as busy:
        await netsuite.whoami()
    assert busy.value.retry
    assert busy.value.retry_after is None, "NetSuite does not say how long"


async def test_a_query_that_is_not_answered_changed_nothing(netsuite: NetSuite, box: Box) -> None:
    box.faults.add(FaultRule(fault="timeout_before_commit", method="POST", path="/suiteql"))
    with pytest.raises(VendorTimeout):
        await netsuite.legal_entity("ACME-DE")


async def test_a_slow_answer_is_an_answer(netsuite: NetSuite, box: Box) -> None:
    box.faults.add(FaultRule(fault="slow", delay=0.01))
    assert (await netsuite.whoami()).system == "NetSuite"


async def test_an_answer_cut_off_is_no_answer(netsuite: NetSuite, project: Project, box: Box) -> None:
    await netsuite.upsert_project(DEAL, project)
    box.faults.add(FaultRule(fault="truncated_body", method="GET", path="/job/"))
    with pytest.raises(VendorDown):
        await netsuite.project_by_key(DEAL)


async def test_a_write_whose_answer_was_lost_is_found_by_its_key_and_repeating_it_makes_no_twin(
    netsuite: NetSuite, project: Project, a_contract: Any, a_schedule: Any, a_customer: Any, box: Box
) -> None:
    box.faults.add(FaultRule(fault="timeout_after_commit", method="PUT", times=0))
    with pytest.raises(OutcomeUnknown):
        await netsuite.upsert_project(DEAL, project)
    found = await netsuite.project_by_key(DEAL)
    for write in (
        netsuite.upsert_contract(DEAL, a_contract(project.account_id)),
        netsuite.upsert_billing_schedule(DEAL, a_schedule(found.id)),
        netsuite.upsert_customer("salesforce:another", a_customer(legal_name="Another")),
        netsuite.upsert_project(DEAL, project),
    ):
        with pytest.raises(OutcomeUnknown):
            await write
    box.faults.clear()
    assert (await netsuite.project_by_key(DEAL)).id == found.id
    assert (await netsuite.contract_by_key(DEAL)).number == "C-00003"
    assert (await netsuite.billing_schedule_by_key(DEAL)).project_id == found.id
    assert (await netsuite.customer_by_key("salesforce:another")).legal_name == "Another"
    await netsuite.upsert_project(DEAL, project)
    assert box.store.duplicates() == []
    creates = [write.kind for write in box.store.writes() if write.action == "create"]
    assert sorted(creates) == ["billingSchedule", "customer", "customer", "job", "salesOrder"]


async def test_two_records_of_one_fact_are_counted_whatever_their_keys(
    netsuite: NetSuite, project: Project, a_project: Any, box: Box
) -> None:
    await netsuite.upsert_project(DEAL, project)
    await netsuite.upsert_project("salesforce:again", a_project(project.account_id, code="DE-26-9999"))
    assert [(each.kind, len(each.ids)) for each in box.store.duplicates()] == [("job", 2)]


async def test_a_list_value_without_a_code_is_drift(netsuite: NetSuite, a_customer: Any, box: Box) -> None:
    written = await netsuite.upsert_customer(KEY, a_customer())
    box.store.update("customer", written.id, {"currency": {"id": "99"}})
    with pytest.raises(Drifted, match="99"):
        await netsuite.customer_by_key(KEY)
