"""Expenses in Kantata: what approves them is the expense report they were handed in with."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from canonical.faults import Invalid
from canonical.objects import Project, ProjectSetup
from canonical.ports.effort import Billed
from canonical.ports.systems import StageChange
from foundation.sandbox import Box
from foundation.vendor_values import instant
from system_apis.kantata.adapter import Kantata
from system_apis.kantata.sandbox.brainstem import create, resolved
from system_apis.kantata.sandbox.submissions import SUBMISSIONS
from tests.kantata.conftest import KEY


@pytest.fixture
async def workspace(kantata: Kantata, project: Project) -> str:
    """One that asks for approval."""
    native = (await kantata.upsert_project(KEY, project)).id
    await kantata.set_project_setup(native, ProjectSetup(approval_required=True))
    return native


def spent(box: Box, workspace: str, **more: Any) -> str:
    fields = {"workspace_id": workspace, "date": "2026-11-18", "category": "Travel", "amount_in_cents": 8430}
    return str(create(box, "expenses", fields | {"currency": "EUR"} | more)["id"])


def handed_in(box: Box, workspace: str, *expenses: str, **more: Any) -> str:
    fields = {"workspace_id": workspace, "title": "November", "line_item_ids": list(expenses)}
    return str(create(box, SUBMISSIONS, fields | more)["id"])


async def status(kantata: Kantata, expense: str) -> str:
    return (await kantata.expense_report(expense)).status


async def test_an_expense_counts_once_its_report_is_approved(box: Box, kantata: Kantata, workspace: str) -> None:
    train, hotel = spent(box, workspace), spent(box, workspace, category="Lodging")
    assert await status(kantata, train) == "draft"
    report = handed_in(box, workspace, train)
    assert await status(kantata, train) == "submitted"
    resolved(box, report, "reject")
    assert await status(kantata, train) == "rejected"
    resolved(box, handed_in(box, workspace, train, hotel), "approve")
    assert [await status(kantata, each) for each in (train, hotel)] == ["approved", "approved"]
    listed = (await kantata.expense_reports(project_id=workspace)).items
    assert [(each.id, each.status) for each in listed] == [(train, "approved"), (hotel, "approved")]


@pytest.mark.parametrize("touches", [False, True])
async def test_an_approval_is_polled_whether_or_not_it_moves_the_expense(
    box: Box, kantata: Kantata, workspace: str, touches: bool
) -> None:
    box.store.set_setting("approval_touches_expenses", touches)
    others = box.store.all("users")[1]["id"]
    train, late = spent(box, workspace, user_id=others), spent(box, workspace, user_id=others)
    report = handed_in(box, workspace, train, user_id=others)
    handed_in(box, workspace, late, user_id=others)
    first = await kantata.approved_expenses("")
    assert train not in [each.id for each in first.items]
    entered = instant((box.store.get("expenses", train) or {})["updated_at"], system="kantata")
    since = f"{(entered + timedelta(microseconds=1)).isoformat().removesuffix('+00:00')}Z~"
    resolved(box, report, "approve")
    page = await kantata.approved_expenses(since, 1)
    assert [(each.id, each.status) for each in page.items] == [(train, "approved")], "of somebody else, too"
    assert page.items[0].source is not None
    assert page.items[0].source.updated_at is not None
    assert page.items[0].source.updated_at > entered
    assert (await kantata.approved_expenses(page.next, 1)).items == []


async def test_many_changes_come_in_the_order_of_their_changes_page_by_page(
    box: Box, kantata: Kantata, workspace: str
) -> None:
    all_of_them = [spent(box, workspace) for _ in range(5)]
    for expense in reversed(all_of_them):
        resolved(box, handed_in(box, workspace, expense), "approve")
    told, since = [], ""
    while page := await kantata.approved_expenses(since, 2):
        if not page.items:
            break
        told += [each.id for each in page.items]
        if len(page.items) < 2:
            break
        since = page.next
    assert told == list(reversed(all_of_them))


async def test_what_is_approved_after_its_project_was_closed_is_polled_too(
    box: Box, kantata: Kantata, workspace: str
) -> None:
    train = spent(box, workspace)
    report = handed_in(box, workspace, train)
    fields = {"workspace_id": workspace, "date_performed": "2026-11-18", "time_in_minutes": 90}
    time = create(box, "time_entries", fields)["id"]
    await kantata.set_project_stage(workspace, StageChange(stage="closed"))
    resolved(box, report, "approve")
    box.store.update("time_entries", time, {"approved": True})
    assert time in [each.id for each in (await kantata.approved_time("")).items]
    assert train in [each.id for each in (await kantata.approved_expenses("")).items]


async def test_where_nobody_has_to_approve_every_expense_counts(box: Box, kantata: Kantata, workspace: str) -> None:
    train = spent(box, workspace)
    await kantata.set_project_setup(workspace, ProjectSetup(approval_required=False))
    assert await status(kantata, train) == "approved"
    assert train in [each.id for each in (await kantata.approved_expenses("")).items]


async def test_only_what_is_approved_is_billed_and_the_account_says_so_too(
    box: Box, kantata: Kantata, http: httpx.AsyncClient, workspace: str
) -> None:
    train = spent(box, workspace)
    bill = Billed(invoice_number="INV-1", invoiced_on=date(2026, 11, 30), time_entry_ids=[], expense_ids=[train])
    before = len(box.store.writes())
    with pytest.raises(Invalid) as refused:
        await kantata.mark_billed(workspace, "bill:1", bill)
    assert [(each.pointer, each.detail) for each in refused.value.errors] == [
        ("/expense_ids", f"{train} is on no approved expense report")
    ]
    fields = {"workspace_id": workspace, "payment_schedule": 30, "time_entry_ids": [], "expense_ids": [train]}
    answer = await http.post("/api/v1/invoices", json={"invoice": fields})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "expense_ids")
    assert len(box.store.writes()) == before
    resolved(box, handed_in(box, workspace, train), "approve")
    assert (await kantata.mark_billed(workspace, "bill:1", bill)).created is True


async def test_a_report_is_of_one_project_and_is_decided_once(
    box: Box, http: httpx.AsyncClient, kantata: Kantata, workspace: str
) -> None:
    train = spent(box, workspace)
    given: dict[str, Any] = {"workspace_id": workspace, "title": "November", "line_item_ids": [int(train)]}
    path = f"/api/v1/{SUBMISSIONS}"
    made = (await http.post(path, json={"expense_report_submission": given})).json()
    [report] = made[SUBMISSIONS].values()
    assert (report["status"], report["line_item_total_in_cents"]) == ("pending", 8430)
    twice = await http.post(path, json={"expense_report_submission": given})
    assert twice.status_code == 422
    elsewhere = await http.post(path, json={"expense_report_submission": given | {"workspace_id": "1"}})
    assert {each["field"] for each in elsewhere.json()["errors"]} >= {"workspace_id", "line_item_ids"}
    approved = await http.put(f"{path}/{report['id']}/approve.json", json={"resolution": {"description": "Fine"}})
    assert approved.json()[SUBMISSIONS][report["id"]]["status"] == "approved"
    assert (await http.put(f"{path}/{report['id']}/approve")).status_code == 422
    locked = await http.put(f"/api/v1/expenses/{train}", json={"expense": {"amount_in_cents": 1}})
    assert locked.status_code == 422
    shown = (await http.get("/api/v1/expenses", params={"approved": "true", "workspace_id": workspace})).json()
    assert list(shown["expenses"]) == [train]
