"""Time that becomes cost of projects: sent, changed while it waits, and left once it was imported."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from canonical.faults import Conflict, Drifted, Invalid, NotFound, VendorRefused
from canonical.money import Money
from canonical.objects import Task, TimeEntry
from canonical.ports.setups import TaskPage
from foundation.sandbox import Box
from system_apis.oracle_fusion.adapter import OracleFusion
from system_apis.oracle_fusion.sandbox.working_rules import imported
from tests.oracle_fusion.conftest import Listening
from tests.ports import objects

KEY = objects.TIME


@pytest.fixture
async def project(fusion: OracleFusion) -> str:
    customer = await fusion.upsert_customer(objects.CUSTOMER, objects.customer())
    made = await fusion.upsert_project(objects.DEAL, objects.project(account_id=customer.id))
    await fusion.upsert_tasks(made.id, TaskPage(tasks=[Task(ref="build", name="Build"), Task(ref="test", name="Test")]))
    return made.id


def day(project: str, **more: Any) -> TimeEntry:
    plain: dict[str, Any] = {
        "project_id": project,
        "task_id": "build",
        "work_type": "Onsite",
        "role": "Engineer",
        "bill_rate": Money.of("160.00", "EUR"),
    }
    return objects.time_entry(**plain | more)


def waiting(box: Box) -> list[dict[str, Any]]:
    return box.store.all("unprocessedProjectCosts")


async def test_time_is_read_back_as_it_was_sent(fusion: OracleFusion, box: Box, project: str) -> None:
    sent = day(project)
    assert (await fusion.upsert_time_posting(KEY, sent)).created
    there = await fusion.time_posting_by_key(KEY)
    for name in ("resource", "project_id", "task_id", "worked_on", "hours", "minutes", "work_type", "role", "billable"):
        assert getattr(there, name) == getattr(sent, name), name
    assert (there.bill_rate, there.notes, there.status) == (sent.bill_rate, sent.notes, "approved")
    assert (there.legal_entity_id, there.xrefs[0].alt_key) == ("ACME-DE", KEY)
    count = len(box.store.writes())
    assert not (await fusion.upsert_time_posting(KEY, sent)).created
    assert len(box.store.writes()) == count
    with pytest.raises(NotFound):
        await fusion.time_posting_by_key("nobody's")


async def test_time_that_waits_is_changed_in_one_batch(
    fusion: OracleFusion, box: Box, heard: Listening, project: str
) -> None:
    await fusion.upsert_time_posting(KEY, day(project))
    heard.asked.clear()
    changed = day(
        project, task_id="test", worked_on=date(2026, 12, 18), hours=Decimal(3), minutes=180, role="", billable=False
    )
    await fusion.upsert_time_posting(KEY, changed)
    sent = [each for each in heard.asked if each.method != "GET"]
    assert [each.headers["Content-Type"] for each in sent] == ["application/vnd.oracle.adf.batch+json"]
    there = await fusion.time_posting_by_key(KEY)
    assert (there.task_id, there.worked_on, there.hours) == ("test", date(2026, 12, 18), 3)
    assert (there.role, there.billable, len(waiting(box))) == ("", False, 1)


async def test_time_on_no_task_stands_on_the_template_s_own(fusion: OracleFusion, box: Box, project: str) -> None:
    await fusion.upsert_time_posting(KEY, day(project, task_id=""))
    assert waiting(box)[0]["TaskNumber"] == "TG"
    assert (await fusion.time_posting_by_key(KEY)).task_id == ""
    assert {each.task.ref for each in await fusion.project_tasks(project)} == {"build", "test"}
    with pytest.raises(Invalid) as refused:
        await fusion.upsert_time_posting(KEY, day(project, task_id="paint"))
    assert [error.pointer for error in refused.value.errors] == ["/task_id"]


async def test_what_was_imported_is_posted_and_says_nothing_else(fusion: OracleFusion, box: Box, project: str) -> None:
    written = await fusion.upsert_time_posting(KEY, day(project))
    posted = imported(box, written.id)
    there = await fusion.time_posting_by_key(KEY)
    assert (there.id, there.status, there.role, waiting(box)) == (posted, "posted", "Engineer", [])
    for more in ({"hours": Decimal(3), "minutes": None}, {"task_id": "test"}, {"worked_on": date(2026, 12, 1)}):
        with pytest.raises(Conflict):
            await fusion.upsert_time_posting(KEY, day(project, **more))
    assert (await fusion.upsert_time_posting(KEY, day(project, status="posted"))).id == posted
    await fusion.upsert_time_posting(KEY, day(project, status="billed", invoice_id="300100170996427"))
    billed = await fusion.time_posting_by_key(KEY)
    assert (billed.status, billed.invoice_id, billed.hours) == ("billed", "300100170996427", there.hours)
    assert waiting(box) == [], "nothing is sent twice"


async def test_what_is_taken_back_names_what_it_takes_back(fusion: OracleFusion, box: Box, project: str) -> None:
    imported(box, (await fusion.upsert_time_posting(KEY, day(project))).id)
    back = day(project, hours=Decimal("-2.5"), minutes=-150, corrects=KEY)
    await fusion.upsert_time_posting("back", back)
    assert waiting(box)[0]["UnmatchedNegativeTransactionFlag"] is False
    there = await fusion.time_posting_by_key("back")
    assert (there.hours, there.corrects) == (Decimal("-2.5"), KEY)
    await fusion.upsert_time_posting("less", day(project, hours=Decimal(-1), minutes=None))
    assert box.store.find("unprocessedProjectCosts", OriginalTransactionReference="less")[0][
        "UnmatchedNegativeTransactionFlag"
    ], "it takes back nothing in particular"


async def test_what_fusion_rejected_is_told_and_a_word_it_never_had_is_drift(
    fusion: OracleFusion, box: Box, project: str
) -> None:
    written = await fusion.upsert_time_posting(KEY, day(project))
    box.store.update("unprocessedProjectCosts", written.id, {"StatusCode": "R"})
    assert (await fusion.time_posting_by_key(KEY)).status == "rejected"
    for wrong in ({"StatusCode": "X"}, {"ExpenditureItemDate": None}, {"ProjectId": None}, {"Quantity": 10**9}):
        box.store.update("unprocessedProjectCosts", written.id, {"StatusCode": "P"} | wrong)
        with pytest.raises(Drifted):
            await fusion.time_posting_by_key(KEY)
        box.store.update(
            "unprocessedProjectCosts",
            written.id,
            {"ExpenditureItemDate": "2026-12-17", "ProjectId": int(project), "Quantity": 1},
        )


async def test_what_is_no_cost_of_anybody_is_refused_at_its_place(fusion: OracleFusion, box: Box, project: str) -> None:
    for more, pointer in (
        ({"status": "submitted"}, "/status"),
        ({"project": "7"}, "/project_id"),
        ({"resource": ""}, "/resource"),
        ({"bill_rate": Money.of(1, "USD")}, "/bill_rate"),
        ({"role": "x" * 151}, "/role"),
    ):
        with pytest.raises(Invalid) as refused:
            await fusion.upsert_time_posting(KEY, day(**{"project": project} | more))
        assert [error.pointer for error in refused.value.errors] == [pointer]
    with pytest.raises(VendorRefused, match="somebody@else"):
        await fusion.upsert_time_posting(KEY, day(project, resource="somebody@else.example"))
    assert waiting(box) == []
