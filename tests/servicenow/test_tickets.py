"""Incidents in ServiceNow: opened once, brought up to date, never taken back from the desk."""

from typing import Any

import httpx
import pytest

from canonical.faults import (
    Drifted,
    Fault,
    Invalid,
    NotFound,
    OutcomeUnknown,
    VendorBusy,
    VendorDown,
    VendorSignIn,
    VendorTimeout,
)
from canonical.objects import Ticket, TicketStatus
from foundation.sandbox import Box, FaultRule
from system_apis.servicenow.adapter import ServiceNow

KEY = "case:0007"


def ticket(**other: Any) -> Ticket:
    fields: dict[str, Any] = {"correlation": KEY, "summary": "Deccan Motors: project not created", "urgency": "high"}
    return Ticket(**fields | other)


def incident(box: Box) -> dict[str, Any]:
    [row] = box.store.all("incident")
    return row


async def test_an_incident_is_opened_and_read_back(box: Box, desk: ServiceNow) -> None:
    written = await desk.upsert_ticket(KEY, ticket(description="Kantata did not answer."))
    found = await desk.ticket_by_key(KEY)
    assert (written.created, found.id, found.number) == (True, written.id, "INC0010001")
    assert (found.correlation, found.summary, found.urgency, found.status) == (KEY, ticket().summary, "high", "new")
    assert found.description == "Kantata did not answer."
    assert incident(box)["priority"] == "3"  # impact is the desk's to say


async def test_a_second_write_of_the_same_changes_nothing(box: Box, desk: ServiceNow) -> None:
    first = await desk.upsert_ticket(KEY, ticket())
    writes = len(box.store.writes())
    second = await desk.upsert_ticket(KEY, ticket())
    assert (second.id, second.created, second.version) == (first.id, False, first.version)
    assert len(box.store.writes()) == writes


@pytest.mark.parametrize("fault", ["timeout_after_commit", "timeout_before_commit", "truncated_body"])
async def test_a_lost_answer_and_a_repeat_make_one_incident(box: Box, desk: ServiceNow, fault: Any) -> None:
    box.faults.add(FaultRule(fault=fault, method="POST"))
    with pytest.raises(OutcomeUnknown):
        await desk.upsert_ticket(KEY, ticket())
    await desk.upsert_ticket(KEY, ticket())
    assert box.store.duplicates() == []
    assert len(box.store.all("incident")) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("throttled", VendorBusy),
        ("expired_token", VendorSignIn),
        ("server_error", VendorDown),
        ("html_error", VendorDown),
        ("timeout_before_commit", VendorTimeout),
        ("timeout_after_commit", VendorTimeout),
        ("truncated_body", VendorDown),
    ],
)
async def test_each_way_a_read_can_fail_has_its_fault(
    box: Box, desk: ServiceNow, fault: Any, kind: type[Fault]
) -> None:
    await desk.upsert_ticket(KEY, ticket())
    box.faults.add(FaultRule(fault=fault, method="GET"))
    with pytest.raises(kind) as failure:
        await desk.ticket_by_key(KEY)
    assert failure.value.system == "servicenow"
    assert (await desk.ticket_by_key(KEY)).correlation == KEY


async def test_a_slow_answer_is_still_an_answer(box: Box, desk: ServiceNow) -> None:
    box.faults.add(FaultRule(fault="slow", delay=0.01))
    assert (await desk.upsert_ticket(KEY, ticket())).created is True


async def test_throttling_says_how_long(box: Box, desk: ServiceNow) -> None:
    box.faults.add(FaultRule(fault="throttled"))
    with pytest.raises(VendorBusy) as refusal:
        await desk.ticket_by_key(KEY)
    assert refusal.value.retry_after is not None
    assert 0 < refusal.value.retry_after <= 3600


async def test_the_sandbox_s_own_limit_ends_in_the_same_fault(box: Box, desk: ServiceNow) -> None:
    box.store.set_setting("hourly_limit", 1)
    await desk.whoami()
    with pytest.raises(VendorBusy, match="1 requests per hour"):
        await desk.whoami()


async def test_an_unknown_key_is_not_found(desk: ServiceNow) -> None:
    await desk.upsert_ticket("another", ticket(correlation="another"))
    with pytest.raises(NotFound):
        await desk.ticket_by_key(KEY)


@pytest.mark.parametrize("key", ["", "a^state=1", "with space", "x" * 101, "a^ORactive=true"])
async def test_a_key_that_would_change_the_query_never_leaves(box: Box, desk: ServiceNow, key: str) -> None:
    with pytest.raises(Invalid):
        await desk.upsert_ticket(key, ticket())
    assert box.store.writes() == []


@pytest.mark.parametrize("status", ["in_progress", "on_hold", "resolved", "closed", "cancelled"])
async def test_each_status_reaches_the_incident(desk: ServiceNow, status: TicketStatus) -> None:
    await desk.upsert_ticket(KEY, ticket())
    await desk.upsert_ticket(KEY, ticket(status=status, close_notes="Retried; all systems agree"))
    found = await desk.ticket_by_key(KEY)
    assert (found.status, found.close_notes) == (status, "Retried; all systems agree")


async def test_a_ticket_can_be_opened_as_resolved(box: Box, desk: ServiceNow) -> None:
    await desk.upsert_ticket(KEY, ticket(status="resolved"))
    assert (incident(box)["state"], incident(box)["close_code"]) == ("6", "Solution provided")


async def test_our_new_takes_nothing_back_from_the_desk(box: Box, desk: ServiceNow, http: httpx.AsyncClient) -> None:
    written = await desk.upsert_ticket(KEY, ticket())
    await http.patch(f"/api/now/table/incident/{written.id}", json={"state": "2", "work_notes": "Looking at it"})
    await desk.upsert_ticket(KEY, ticket(summary="Deccan Motors: still not created"))
    found = await desk.ticket_by_key(KEY)
    assert (found.status, found.summary) == ("in_progress", "Deccan Motors: still not created")


async def test_a_key_the_instance_hides_is_drift_and_not_a_second_incident(box: Box, desk: ServiceNow) -> None:
    box.store.set_setting("hidden_fields", ["correlation_id"])
    for _ in range(2):
        with pytest.raises(Drifted):
            await desk.upsert_ticket(KEY, ticket())
    assert len(box.store.all("incident")) == 1


async def test_long_texts_are_cut_visibly_and_stay_so(box: Box, desk: ServiceNow) -> None:
    long = ticket(summary="s" * 300, description="d" * 5000)
    await desk.upsert_ticket(KEY, long)
    writes = len(box.store.writes())
    await desk.upsert_ticket(KEY, long)
    assert len(box.store.writes()) == writes
    assert incident(box)["short_description"] == "s" * 159 + "…"


@pytest.mark.parametrize(
    "summary", ["Blaue Elbe: Größe fehlt", "वस्त्र परियोजना रुकी है", "项目未创建", "المشروع متوقف", "Проект «Север» ждёт"]
)
async def test_summaries_in_any_script_come_back_as_they_were(desk: ServiceNow, summary: str) -> None:
    await desk.upsert_ticket(KEY, ticket(summary=summary))
    assert (await desk.ticket_by_key(KEY)).summary == summary


async def test_who_our_credentials_are(desk: ServiceNow) -> None:
    account = await desk.whoami()
    assert (account.system, account.instance, account.user) == ("servicenow", "desk", "tiergate.integration")
