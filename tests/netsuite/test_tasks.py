"""Work breakdowns in NetSuite: tasks below their parents, which time names them, what is refused."""

from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest

from canonical.faults import Fault, Invalid, NotFound, VendorRefused
from canonical.objects import Task, TimeEntry
from canonical.ports.setups import TaskPage, TaskRefs
from foundation.sandbox import Box, FaultRule, Record
from system_apis.netsuite.adapter import NetSuite

CUSTOMER, DEAL, TIME = "salesforce:001Tg0000000003IAA", "salesforce:006Tg0000000003IAA", "te:1:v1"
RECORDS = "/services/rest/record/v1"


@pytest.fixture
async def project(netsuite: NetSuite, a_customer: Any, a_project: Any) -> str:
    customer = await netsuite.upsert_customer(CUSTOMER, a_customer())
    return (await netsuite.upsert_project(DEAL, a_project(customer.id))).id


def page(*refs: str, **more: Any) -> TaskPage:
    """Tasks, each below what stands before its last dot."""
    return TaskPage(
        tasks=[Task(ref=ref, name=f"Task {ref}", parent_ref=ref.rpartition(".")[0], **more) for ref in refs]
    )


def row(box: Box, project: str, ref: str) -> Record:
    (found,) = box.store.find("projectTask", externalId=f"task:{project}:{ref}")
    return found


def worked(project: str, task: str, **more: Any) -> TimeEntry:
    day = date(2027, 1, 12)
    email = "katrin.behrens@acme.example"
    return TimeEntry(resource=email, project_id=project, task_id=task, worked_on=day, hours=Decimal("7.5"), **more)


async def test_a_breakdown_stands_below_its_parents_page_by_page(netsuite: NetSuite, box: Box, project: str) -> None:
    assert (await netsuite.upsert_tasks(project, page("plan", "build"))).made == 2
    written = await netsuite.upsert_tasks(project, page("plan", "build.design", "build.design.ui", "build.test"))
    assert (written.made, written.found) == (3, 1)
    told = [(each.task.ref, each.task.parent_ref) for each in await netsuite.project_tasks(project)]
    refs = ("plan", "build", "build.design", "build.design.ui", "build.test")
    assert told == [(ref, ref.rpartition(".")[0]) for ref in refs]
    before = len(box.store.writes())
    again = await netsuite.upsert_tasks(project, page(*refs))
    assert (again.made, again.found, len(box.store.writes())) == (0, 5, before), "a repeat writes nothing"
    assert box.store.duplicates() == []


async def test_a_task_comes_back_as_it_was_written(netsuite: NetSuite, box: Box, project: str) -> None:
    days = {"start": date(2027, 1, 4), "end": date(2027, 2, 26)}
    task = Task(ref="build", name="Build", planned_hours=Decimal("12.5"), billable=False, **days)
    await netsuite.upsert_tasks(project, TaskPage(tasks=[task]))
    assert [each.task for each in await netsuite.project_tasks(project)] == [task]
    kept = row(box, project, "build")
    assert (kept["constraintType"], kept["startDateTime"]) == ({"id": "FIXEDSTART"}, "2027-01-04T12:00:00Z")
    plain = Task(ref="build", name="Build")
    await netsuite.upsert_tasks(project, TaskPage(tasks=[plain]))
    assert [each.task for each in await netsuite.project_tasks(project)] == [plain]
    assert row(box, project, "build")["constraintType"] == {"id": "ASAP"}, "a start that nobody names holds nothing"


async def test_the_same_reference_is_another_task_in_another_project(
    netsuite: NetSuite, box: Box, project: str, a_customer: Any, a_project: Any
) -> None:
    customer = await netsuite.upsert_customer(CUSTOMER, a_customer())
    other = (await netsuite.upsert_project("salesforce:006B", a_project(customer.id, code="DE-26-0004"))).id
    for each in (project, other):
        assert (await netsuite.upsert_tasks(each, page("build"))).made == 1
    assert len(box.store.all("projectTask")) == 2
    assert [each.task.ref for each in await netsuite.project_tasks(other)] == ["build"]


async def test_a_task_is_known_by_its_reference_and_its_place_is_its_owners(
    netsuite: NetSuite, box: Box, http: httpx.AsyncClient, project: str
) -> None:
    await netsuite.upsert_tasks(project, page("build", "plan"))
    moved = {"title": "People's own", "parent": {"id": row(box, project, "plan")["id"]}}
    native = row(box, project, "build")["id"]
    assert (await http.patch(f"{RECORDS}/projectTask/{native}", json=moved)).status_code == 204
    assert (await netsuite.upsert_tasks(project, page("build"))).found == 1
    found = {each.task.ref: each.task for each in await netsuite.project_tasks(project)}
    assert (found["build"].name, found["build"].parent_ref) == ("Task build", "plan")


async def test_peoples_own_tasks_go_by_their_internal_ids(
    netsuite: NetSuite, http: httpx.AsyncClient, project: str
) -> None:
    theirs = {"project": {"id": project}, "title": "Steering committee"}
    made = await http.post(f"{RECORDS}/projectTask", json=theirs)
    own = made.headers["Location"].rpartition("/")[2]
    assert [each.task for each in await netsuite.project_tasks(project)] == [Task(ref=own, name="Steering committee")]
    below = TaskPage(tasks=[Task(ref="minutes", name="Minutes", parent_ref=own)])
    assert (await netsuite.upsert_tasks(project, below)).made == 1
    assert (await netsuite.project_tasks(project))[1].task.parent_ref == own


async def test_the_work_of_a_summary_is_what_stands_below_it(netsuite: NetSuite, box: Box, project: str) -> None:
    tasks = page("build", "build.design", "build.test", planned_hours=Decimal(20))
    await netsuite.upsert_tasks(project, tasks)
    hours = {each.task.ref: each.task.planned_hours for each in await netsuite.project_tasks(project)}
    assert hours == {"build": 40, "build.design": 20, "build.test": 20}
    before = len(box.store.writes())
    await netsuite.upsert_tasks(project, page("build", planned_hours=Decimal(20)))
    assert len(box.store.writes()) == before, "what NetSuite works out is not written over and over"


async def test_time_names_its_task_where_it_is_known_and_says_any_other(
    netsuite: NetSuite, box: Box, project: str
) -> None:
    await netsuite.upsert_time_posting(TIME, worked(project, "build"))
    (bill,) = box.store.all("timeBill")
    assert (bill.get("caseTaskEvent"), bill["custcol_tg_task"]) == (None, "build"), "not there yet: a text"
    await netsuite.upsert_tasks(project, page("build"))
    assert [each.has_time for each in await netsuite.project_tasks(project)] == [True], "a text is time, too"
    await netsuite.upsert_time_posting(TIME, worked(project, "build"))
    (bill,) = box.store.all("timeBill")
    native = {"id": row(box, project, "build")["id"]}
    assert (bill["caseTaskEvent"], bill.get("custcol_tg_task")) == (native, None)
    assert (await netsuite.time_posting_by_key(TIME)).task_id == "build"
    for other in ("build.design", "story 9/7", ""):
        await netsuite.upsert_time_posting(TIME, worked(project, other))
        (bill,) = box.store.all("timeBill")
        assert (bill.get("caseTaskEvent"), bill.get("custcol_tg_task")) == (None, other or None)
        assert (await netsuite.time_posting_by_key(TIME)).task_id == other


async def test_time_keeps_a_task_and_what_it_stands_in(netsuite: NetSuite, box: Box, project: str) -> None:
    await netsuite.upsert_tasks(project, page("plan", "build", "build.design", "build.test"))
    await netsuite.upsert_time_posting(TIME, worked(project, "build.design"))
    assert {each.task.ref for each in await netsuite.project_tasks(project) if each.has_time} == {"build.design"}
    gone = await netsuite.remove_tasks(project, TaskRefs(refs=["build", "build.design", "build.test", "never"]))
    assert (gone.removed, gone.kept) == (["build.test", "never"], ["build", "build.design"])
    assert {each.task.ref for each in await netsuite.project_tasks(project)} == {"plan", "build", "build.design"}
    (bill,) = box.store.all("timeBill")
    box.store.delete("timeBill", bill["id"])
    rest = await netsuite.remove_tasks(project, TaskRefs(refs=["build", "build.design"]))
    assert (rest.kept, [each.task.ref for each in await netsuite.project_tasks(project)]) == ([], ["plan"])


async def test_time_on_a_task_of_another_project_or_on_none_is_refused_there(
    netsuite: NetSuite, box: Box, http: httpx.AsyncClient, project: str, a_customer: Any, a_project: Any
) -> None:
    customer = await netsuite.upsert_customer(CUSTOMER, a_customer())
    other = (await netsuite.upsert_project("salesforce:006B", a_project(customer.id, code="DE-26-0004"))).id
    await netsuite.upsert_tasks(other, page("build"))
    strange = {"id": row(box, other, "build")["id"]}
    bill = {"employee": {"id": "1"}, "customer": {"id": project}, "tranDate": "2027-01-12", "hours": "1:00"}
    for field, body, kind in (
        ("caseTaskEvent", bill | {"caseTaskEvent": strange}, "timeBill"),
        ("parent", {"project": {"id": project}, "title": "Below", "parent": strange}, "projectTask"),
    ):
        answer = await http.post(f"{RECORDS}/{kind}", json=body)
        assert (answer.status_code, answer.json()["o:errorDetails"][0]["o:errorPath"]) == (400, field)
    kept = await http.delete(f"{RECORDS}/projectTask/{strange['id']}")
    assert kept.status_code == 204, "nothing hangs on it"


async def test_what_a_broken_page_made_is_found_by_the_next(netsuite: NetSuite, box: Box, project: str) -> None:
    box.faults.add(FaultRule(fault="server_error", method="PUT", path="/projectTask", after=1, times=1))
    with pytest.raises(Fault):
        await netsuite.upsert_tasks(project, page("build", "build.test"))
    assert [each["title"] for each in box.store.all("projectTask")] == ["Task build"]
    again = await netsuite.upsert_tasks(project, page("build", "build.test"))
    assert (again.made, again.found, len(box.store.all("projectTask"))) == (1, 1, 2)


async def test_what_has_no_parent_or_an_unfit_reference_is_refused_before_anything_is_written(
    netsuite: NetSuite, box: Box, project: str
) -> None:
    for wrong, pointer in (
        (page("a", "build.test"), "/tasks/1/parent_ref"),
        (page("a", "b c"), "/tasks/1/ref"),
        (page("a", "x" * 101), "/tasks/1/ref"),
    ):
        with pytest.raises(Invalid) as refused:
            await netsuite.upsert_tasks(project, wrong)
        assert [error.pointer for error in refused.value.errors] == [pointer]
    for nobody in (str(int(project) + 9), "x", "1--2", "eid:1"):
        for ask in (netsuite.project_tasks(nobody), netsuite.upsert_tasks(nobody, page("a"))):
            with pytest.raises(NotFound):
                await ask
    assert box.store.all("projectTask") == []


async def test_what_netsuite_keeps_for_a_reason_of_its_own_stays(netsuite: NetSuite, box: Box, project: str) -> None:
    await netsuite.upsert_tasks(project, page("build"))
    where = {"customer": {"id": "77"}, "caseTaskEvent": {"id": row(box, project, "build")["id"]}}
    when = {"employee": {"id": "1"}, "tranDate": "2027-01-12", "hours": "1:00"}
    box.store.insert("timeBill", "9", {"id": "9"} | where | when)
    gone = await netsuite.remove_tasks(project, TaskRefs(refs=["build"]))
    assert (gone.removed, gone.kept) == ([], ["build"])
    box.faults.add(FaultRule(fault="server_error", method="DELETE", times=1))
    with pytest.raises(Fault) as failed:
        await netsuite.remove_tasks(project, TaskRefs(refs=["build"]))
    assert not isinstance(failed.value, VendorRefused)
