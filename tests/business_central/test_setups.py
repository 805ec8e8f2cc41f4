"""What projects are worked under: settings, and a work breakdown between begin and end totals."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from canonical.faults import Drifted, Fault, Invalid, NotFound
from canonical.money import Money
from canonical.objects import ProjectSetup, Task
from canonical.ports.setups import TaskPage, TaskRefs
from foundation.sandbox import Box, FaultRule
from system_apis.business_central.adapter import BusinessCentral
from system_apis.business_central.sandbox import tables
from system_apis.business_central.sandbox.schema import PAGES
from system_apis.business_central.setups_mapping import CANNOT
from tests.ports import objects


@pytest.fixture
async def project(erp: BusinessCentral) -> str:
    customer = await erp.upsert_customer(objects.CUSTOMER, objects.customer())
    return (await erp.upsert_project(objects.DEAL, objects.project(account_id=customer.id))).id


def page(*refs: str) -> TaskPage:
    """Tasks, each below what stands before its last dot."""
    return TaskPage(tasks=[Task(ref=ref, name=f"Task {ref}", parent_ref=ref.rpartition(".")[0]) for ref in refs])


def rows(box: Box) -> list[tuple[str, str, int, str]]:
    """Number, type, indentation and name, as people see them."""
    found = sorted(box.store.all("projectTasks"), key=lambda row: str(row["number"]))
    return [
        (row["number"], row["type"].replace("_x002D_", "-"), row["indentation"], row["description"]) for row in found
    ]


def by_hand(box: Box, project: str, **fields: Any) -> None:
    row = box.store.get("projects", project.partition(".")[2]) or {}
    tables.create(box, row["_company"], PAGES["projectTasks"], {"projectId": row["id"]} | fields)


def worked(box: Box, project: str, number: str) -> None:
    """Somebody's day on a task."""
    row = box.store.get("projects", project.partition(".")[2]) or {}
    who = box.store.find("employees", _company=row["_company"])[0]["id"]
    entry = {"employeeId": who, "jobId": row["id"], "date": "2027-01-11", "quantity": 8, "jobTaskNumber": number}
    tables.create(box, row["_company"], PAGES["timeRegistrationEntries"], entry)


async def test_what_is_set_is_read_back_and_cleared_again(erp: BusinessCentral, box: Box, project: str) -> None:
    wanted = ProjectSetup(
        cost_center="4711",
        profit_center="P-12",
        practice="Data",
        documents="https://docs.acme.example/DE-27-0077",
        budget=Money.of("50000.00", "EUR"),
        open_for_time=True,
        open_for_expenses=True,
        cannot=CANNOT,
    )
    change = {name: getattr(wanted, name) for name in wanted.__struct_fields__ if name != "cannot"}
    await erp.set_project_setup(project, ProjectSetup(**change))
    assert await erp.project_setup(project) == wanted
    before = len(box.store.writes())
    await erp.set_project_setup(project, ProjectSetup())
    assert len(box.store.writes()) == before, "nothing was named"
    await erp.set_project_setup(project, ProjectSetup(cost_center="", open_for_expenses=False))
    cleared = await erp.project_setup(project)
    assert (cleared.cost_center, cleared.open_for_expenses, cleared.profit_center) == ("", False, "P-12")


async def test_what_is_not_kept_is_named_and_nothing_is_written(erp: BusinessCentral, box: Box, project: str) -> None:
    before = len(box.store.writes())
    for data, pointers in (
        (ProjectSetup(approvers=["x@acme.example"], team=[], practice="Data"), ["/approvers", "/team"]),
        (ProjectSetup(budget=Money.of(1, "USD"), open_for_time=True), ["/budget"]),
        (ProjectSetup(cost_center="4" * 51), ["/cost_center"]),
    ):
        with pytest.raises(Invalid) as refused:
            await erp.set_project_setup(project, data)
        assert [error.pointer for error in refused.value.errors] == pointers
    with pytest.raises(NotFound):
        await erp.project_setup(project[:-1] + ("0" if project[-1] != "0" else "1"))
    assert len(box.store.writes()) == before


async def test_a_breakdown_stands_between_begin_and_end_totals(erp: BusinessCentral, box: Box, project: str) -> None:
    assert (await erp.upsert_tasks(project, page("plan", "build"))).made == 2
    written = await erp.upsert_tasks(project, page("plan", "build.design", "build.design.ui", "build.test"))
    assert (written.made, written.found) == (3, 1)
    assert rows(box) == [
        ("001", "Posting", 0, "Task plan"),
        ("002", "Begin-Total", 0, "Task build"),
        ("002.001", "Begin-Total", 1, "Task build.design"),
        ("002.001.001", "Posting", 2, "Task build.design.ui"),
        ("002.001.999", "End-Total", 1, "Total Task build.design"),
        ("002.002", "Posting", 1, "Task build.test"),
        ("002.999", "End-Total", 0, "Total Task build"),
    ]
    told = [(each.task.ref, each.task.parent_ref) for each in await erp.project_tasks(project)]
    assert told == [
        (ref, ref.rpartition(".")[0]) for ref in ("plan", "build", "build.design", "build.design.ui", "build.test")
    ]
    before = len(box.store.writes())
    await erp.upsert_tasks(project, page("plan", "build", "build.design"))
    assert len(box.store.writes()) == before, "a repeat writes nothing"


async def test_a_task_is_known_by_its_reference_whatever_it_is_called(
    erp: BusinessCentral, box: Box, project: str
) -> None:
    await erp.upsert_tasks(project, page("build"))
    (row,) = box.store.all("projectTasks")
    box.store.update("projectTasks", row["id"], {"number": "B-7", "description": "People's own"})
    task = Task(ref="build", name="Build", start=date(2027, 1, 4), planned_hours=Decimal("12.5"), billable=False)
    assert (await erp.upsert_tasks(project, TaskPage(tasks=[task]))).found == 1
    (found,) = await erp.project_tasks(project)
    assert (found.task, rows(box)[0][0]) == (task, "B-7")


async def test_new_tasks_take_no_time_until_the_project_is_opened(erp: BusinessCentral, box: Box, project: str) -> None:
    await erp.upsert_tasks(project, page("build", "build.test"))
    await erp.set_project_setup(project, ProjectSetup(open_for_time=True))
    assert (await erp.project_setup(project)).open_for_time is True
    await erp.upsert_tasks(project, page("build.design"))
    assert (await erp.project_setup(project)).open_for_time is False, "the new one is not open"
    before = len(box.store.writes())
    await erp.set_project_setup(project, ProjectSetup(open_for_time=True))
    assert [write.kind for write in box.store.writes()[before:]] == ["projectTasks", "projects"], "the project last"
    await erp.set_project_setup(project, ProjectSetup(open_for_time=False))
    assert {row["allowTime"] for row in box.store.all("projectTasks")} == {False}


async def test_time_keeps_a_task_and_what_it_stands_in(erp: BusinessCentral, box: Box, project: str) -> None:
    await erp.upsert_tasks(project, page("plan", "build", "build.design", "build.test"))
    worked(box, project, "002.001")
    has_time = {each.task.ref for each in await erp.project_tasks(project) if each.has_time}
    assert has_time == {"build.design"}
    with pytest.raises(Invalid) as refused:
        await erp.upsert_tasks(project, page("build.design.ui"))
    assert [error.pointer for error in refused.value.errors] == ["/tasks/0/parent_ref"]
    gone = await erp.remove_tasks(project, TaskRefs(refs=["plan", "build", "build.design", "build.test", "never"]))
    assert (gone.removed, gone.kept) == (["plan", "build.test", "never"], ["build", "build.design"])
    box.store.delete("timeRegistrationEntries", box.store.all("timeRegistrationEntries")[0]["id"])
    rest = await erp.remove_tasks(project, TaskRefs(refs=["build", "build.design"]))
    assert (rest.kept, rows(box)) == ([], [])


async def test_a_task_whose_end_was_not_made_any_more_gets_it_the_next_time(
    erp: BusinessCentral, box: Box, project: str
) -> None:
    await erp.upsert_tasks(project, page("build"))
    box.faults.add(FaultRule(fault="server_error", method="POST", path="/projectTasks", times=1))
    with pytest.raises(Fault):
        await erp.upsert_tasks(project, page("build.test"))
    assert [row[1] for row in rows(box)] == ["Begin-Total"]
    assert (await erp.upsert_tasks(project, page("build.test"))).made == 1
    assert [row[1] for row in rows(box)] == ["Begin-Total", "Posting", "End-Total"]


async def test_peoples_own_lines_are_read_where_they_stand(erp: BusinessCentral, box: Box, project: str) -> None:
    for number, kind, more in (
        ("1000", "Begin_x002D_Total", {}),
        ("1100", "Posting", {}),
        ("1900", "End_x002D_Total", {}),
        ("2000", "Heading", {}),
        ("2100", "Posting", {}),
        ("9000", "Total", {"totaling": "1000..2100"}),
    ):
        by_hand(box, project, number=number, type=kind, description=number, **more)
    told = [(each.task.ref, each.task.parent_ref) for each in await erp.project_tasks(project)]
    assert told == [("1000", ""), ("1100", "1000"), ("2100", "")]
    (row,) = box.store.find("projectTasks", number="2100")
    box.store.update("projectTasks", row["id"], {"type": "Milestone"})
    with pytest.raises(Drifted, match=r"projectTask.type of \S+ holds 'Milestone'"):
        await erp.project_tasks(project)


async def test_what_has_no_room_or_no_parent_is_refused_at_its_place(
    erp: BusinessCentral, box: Box, project: str
) -> None:
    for wrong, pointer in (
        (page("build.test"), "/tasks/0/parent_ref"),
        (page("a", "a.b", "a.b.c", "a.b.c.d", "a.b.c.d.e"), "/tasks/4/parent_ref"),
        (page("x" * 101), "/tasks/0/ref"),
    ):
        with pytest.raises(Invalid) as refused:
            await erp.upsert_tasks(project, wrong)
        assert [error.pointer for error in refused.value.errors] == [pointer]
