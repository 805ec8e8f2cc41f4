"""What projects are worked under: settings, whether they take time, and tasks below them."""

from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest

from canonical.faults import Fault, Invalid, NotFound, VendorStale
from canonical.money import Money
from canonical.objects import ProjectSetup, Task
from canonical.ports.setups import TaskPage, TaskRefs
from foundation.connections import Connection
from foundation.sandbox import Box, FaultRule, Record
from system_apis.tryton import connect
from system_apis.tryton.adapter import Tryton
from system_apis.tryton.sandbox import records, working
from system_apis.tryton.setups_mapping import CANNOT
from tests.ports import objects

DAY = {"__class__": "date", "year": 2027, "month": 2, "day": 1}


@pytest.fixture
async def project(erp: Tryton) -> str:
    customer = await erp.upsert_customer(objects.CUSTOMER, objects.customer())
    return (await erp.upsert_project(objects.DEAL, objects.project(account_id=customer.id))).id


def page(*refs: str) -> TaskPage:
    """Tasks, each below what stands before its last dot."""
    return TaskPage(tasks=[Task(ref=ref, name=f"Task {ref}", parent_ref=ref.rpartition(".")[0]) for ref in refs])


def works(box: Box, **equal: Any) -> list[Record]:
    return box.store.find("project.work", type="task", **equal)


def named(box: Box, name: str) -> int:
    (found,) = works(box, name=name)
    return int(found["id"])


def takes_hours(box: Box) -> dict[str, bool]:
    """Whether each work is on the time sheets, by its name."""
    return {each["name"]: bool(working.hours(box, each["id"])) for each in box.store.all("project.work")}


def worked(box: Box, name: str) -> int:
    """Hours that somebody writes on a task."""
    (on,) = working.hours(box, named(box, name))
    employee = box.store.all("company.employee")[0]
    hours = {"company": on["company"], "work": on["id"], "employee": employee["id"], "date": DAY}
    return records.create(box, "timesheet.line", hours | {"duration": {"__class__": "timedelta", "seconds": 5400}})


async def test_what_is_set_is_read_back_and_cleared_again(erp: Tryton, box: Box, project: str) -> None:
    wanted = ProjectSetup(
        cost_center="4711",
        profit_center="P-12",
        practice="Data",
        documents="https://docs.acme.example/DE-27-0077",
        budget=Money.of("50000.00", "EUR"),
        open_for_time=True,
        cannot=CANNOT,
    )
    change = {name: getattr(wanted, name) for name in wanted.__struct_fields__ if name != "cannot"}
    await erp.set_project_setup(project, ProjectSetup(**change))
    assert await erp.project_setup(project) == wanted
    before = len(box.store.writes())
    await erp.set_project_setup(project, ProjectSetup())
    await erp.set_project_setup(project, ProjectSetup(**change))
    assert len(box.store.writes()) == before, "nothing was otherwise"
    await erp.set_project_setup(project, ProjectSetup(cost_center=""))
    cleared = await erp.project_setup(project)
    assert (cleared.cost_center, cleared.profit_center) == ("", "P-12")


async def test_what_is_set_stays_when_the_project_is_written_and_what_people_wrote_stays_too(
    erp: Tryton, box: Box, project: str
) -> None:
    there = box.store.get("project.work", project)
    assert there is not None
    records.write(box, "project.work", int(project), {"comment": f"Ask Jörg.\n{there['comment']}"})
    await erp.set_project_setup(project, ProjectSetup(cost_center="4711", budget=Money.of(70000, "EUR")))
    kept = await erp.project(project)
    assert (kept.contract_id, kept.budget) == (objects.project(account_id="1").contract_id, Money.of(70000, "EUR"))
    again = objects.project(account_id=kept.account_id, name="Dock planning, phase 2")
    await erp.upsert_project(objects.DEAL, again)
    there = box.store.get("project.work", project)
    assert there is not None
    assert there["comment"].startswith("Ask Jörg.\n")
    assert (await erp.project_setup(project)).cost_center == "4711"
    assert (await erp.project(project)).budget == again.budget


async def test_what_is_not_kept_is_named_and_nothing_is_written(erp: Tryton, box: Box, project: str) -> None:
    await erp.upsert_tasks(project, page("plan"))
    before = len(box.store.writes())
    for data, pointers in (
        (ProjectSetup(approvers=["x@acme.example"], open_for_expenses=False, practice="Data"), None),
        (ProjectSetup(budget=Money.of(1, "USD"), open_for_time=True), ["/budget"]),
    ):
        with pytest.raises(Invalid) as refused:
            await erp.set_project_setup(project, data)
        assert [error.pointer for error in refused.value.errors] == (pointers or ["/approvers", "/open_for_expenses"])
    task = str(named(box, "Task plan"))
    for nobody in ("99999", "x", "0", task):
        for asked in (erp.project_setup(nobody), erp.project_tasks(nobody), erp.project(nobody)):
            with pytest.raises(NotFound):
                await asked
    assert len(box.store.writes()) == before


async def test_new_tasks_take_no_hours_until_the_project_is_opened_and_closing_closes_each(
    erp: Tryton, box: Box, project: str
) -> None:
    assert (await erp.project_setup(project)).open_for_time is True, "a project without tasks takes hours itself"
    await erp.upsert_tasks(project, page("plan", "build", "build.test"))
    assert (await erp.project_setup(project)).open_for_time is False
    await erp.set_project_setup(project, ProjectSetup(open_for_time=True))
    assert set(takes_hours(box).values()) == {True}
    assert (await erp.project_setup(project)).open_for_time is True
    line = worked(box, "Task build.test")
    await erp.set_project_setup(project, ProjectSetup(open_for_time=False))
    assert [name for name, takes in takes_hours(box).items() if takes] == ["Task build.test"], "it has hours"
    assert (await erp.project_setup(project)).open_for_time is False
    with pytest.raises(Exception, match="not valid according to its domain"):
        worked(box, "Task build.test")
    assert box.store.get("timesheet.line", str(line)) is not None, "what was written is kept"
    await erp.set_project_setup(project, ProjectSetup(open_for_time=True))
    worked(box, "Task build.test")


async def test_a_project_that_was_closed_with_hours_on_it_takes_no_more(erp: Tryton, project: str) -> None:
    hours = objects.time_entry(project_id=project)
    await erp.upsert_time_posting(objects.TIME, hours)
    await erp.set_project_setup(project, ProjectSetup(open_for_time=False))
    for key in (objects.TIME, "te:later"):
        with pytest.raises(Invalid) as refused:
            await erp.upsert_time_posting(key, hours)
        assert [error.pointer for error in refused.value.errors] == ["/project_id"]
    await erp.set_project_setup(project, ProjectSetup(open_for_time=True))
    assert (await erp.upsert_time_posting(objects.TIME, hours)).created is False


async def test_days_that_people_chose_are_theirs(erp: Tryton, box: Box, project: str) -> None:
    await erp.upsert_tasks(project, page("plan"))
    await erp.set_project_setup(project, ProjectSetup(open_for_time=True))
    records.write(
        box, "project.work", named(box, "Task plan"), {"timesheet_end_date": DAY, "timesheet_start_date": DAY}
    )
    before = len(box.store.writes())
    await erp.set_project_setup(project, ProjectSetup(open_for_time=True))
    assert len(box.store.writes()) == before, "nothing of ours keeps hours out"
    worked(box, "Task plan")
    await erp.set_project_setup(project, ProjectSetup(open_for_time=False))
    assert (await erp.project_setup(project)).open_for_time is False


async def test_a_breakdown_stands_below_its_parents_page_by_page(erp: Tryton, box: Box, project: str) -> None:
    assert (await erp.upsert_tasks(project, page("plan", "build"))).made == 2
    written = await erp.upsert_tasks(project, page("plan", "build.design", "build.design.ui", "build.test", "plan"))
    assert (written.made, written.found) == (3, 2)
    refs = ("plan", "build", "build.design", "build.design.ui", "build.test")
    told = [(each.task.ref, each.task.parent_ref) for each in await erp.project_tasks(project)]
    assert told == [(ref, ref.rpartition(".")[0]) for ref in refs]
    (top,) = works(box, name="Task plan")
    assert (top["parent"], top["company"]) == (int(project), (box.store.get("project.work", project) or {})["company"])
    before = len(box.store.writes())
    await erp.upsert_tasks(project, page(*refs))
    assert len(box.store.writes()) == before, "a repeat writes nothing"
    assert [each.id for each in (await erp.projects()).items] == [project], "tasks are no projects"


async def test_a_task_is_known_by_its_reference_whatever_it_is_called(erp: Tryton, box: Box, project: str) -> None:
    await erp.upsert_tasks(project, page("build", "plan"))
    moved = {"name": "People's own", "parent": named(box, "Task plan")}
    records.write(box, "project.work", named(box, "Task build"), moved)
    task = Task(
        ref="build",
        name="Build",
        start=date(2027, 1, 4),
        end=date(2027, 2, 5),
        planned_hours=Decimal("12.5"),
        billable=False,
    )
    assert (await erp.upsert_tasks(project, TaskPage(tasks=[task]))).found == 1
    found = {each.task.ref: each.task for each in await erp.project_tasks(project)}
    assert found["build"] == Task(**_of(task) | {"parent_ref": "plan"}), "where it stands is theirs"
    (there,) = works(box, name="Build")
    assert there["effort_duration"]["seconds"] == 45000


def _of(task: Task) -> dict[str, Any]:
    return {name: getattr(task, name) for name in task.__struct_fields__}


async def test_peoples_own_tasks_and_copies_of_ours_are_told_by_their_number(
    erp: Tryton, box: Box, project: str
) -> None:
    await erp.upsert_tasks(project, page("build"))
    (ours,) = works(box)
    told = {name: ours[name] for name in ("type", "company", "parent", "status")}
    copy = records.create(box, "project.work", told | {"name": "Task build (copy)", "comment": ours["comment"]})
    below = records.create(box, "project.work", told | {"name": "A project in it", "type": "project"})
    records.create(box, "project.work", told | {"name": "Its task", "parent": below})
    number = (box.store.get("project.work", str(copy)) or {})["number"]
    assert [each.task.ref for each in await erp.project_tasks(project)] == ["build", number]
    assert (await erp.upsert_tasks(project, page("build"))).found == 1
    assert (box.store.get("project.work", str(copy)) or {})["name"] == "Task build (copy)"


async def test_hours_keep_a_task_and_what_it_stands_in(erp: Tryton, box: Box, project: str) -> None:
    await erp.upsert_tasks(project, page("plan", "build", "build.design", "build.test"))
    await erp.set_project_setup(project, ProjectSetup(open_for_time=True))
    line = worked(box, "Task build.design")
    assert {each.task.ref for each in await erp.project_tasks(project) if each.has_time} == {"build.design"}
    gone = await erp.remove_tasks(project, TaskRefs(refs=["build", "build.design", "build.test", "never"]))
    assert (gone.removed, gone.kept) == (["build.test", "never"], ["build", "build.design"])
    records.delete(box, "timesheet.line", line)
    rest = await erp.remove_tasks(project, TaskRefs(refs=["build", "build.design"]))
    assert (rest.kept, [each["name"] for each in works(box)]) == ([], ["Task plan"])
    assert "build" not in [each.task.ref for each in await erp.project_tasks(project)]


async def test_what_a_broken_page_made_is_found_by_the_next(erp: Tryton, box: Box, project: str) -> None:
    for fault in ("timeout_after_commit", "server_error"):
        box.faults.add(FaultRule(fault=fault, method="POST", path="/rpc/", after=1, times=1))
        with pytest.raises(Fault):
            await erp.upsert_tasks(project, page("build", "build.test"))
        box.faults.clear()
    again = await erp.upsert_tasks(project, page("build", "build.test"))
    assert (again.made, again.found) == (1, 1)
    assert [each["name"] for each in works(box)] == ["Task build", "Task build.test"]


async def test_what_cannot_be_is_refused_by_its_field_before_anything_is_written(
    erp: Tryton, box: Box, project: str
) -> None:
    for tasks, pointer in (
        (page("a", "build.test").tasks, "/tasks/1/parent_ref"),
        ([*page("a").tasks, Task(ref="b\nc", name="B")], "/tasks/1/ref"),
        ([Task(ref="b", name="B", planned_hours=Decimal(-1))], "/tasks/0/planned_hours"),
    ):
        with pytest.raises(Invalid) as refused:
            await erp.upsert_tasks(project, TaskPage(tasks=tasks))
        assert [error.pointer for error in refused.value.errors] == [pointer]
    assert works(box) == []


async def test_a_task_that_somebody_changes_meanwhile_is_not_written_over_and_nothing_else_is_either(
    erp: Tryton, box: Box, connection: Connection, project: str
) -> None:
    await erp.upsert_tasks(project, page("plan", "build"))
    inner = box.transport()

    class Between(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if b"project.work.write" in request.content:
                records.write(box, "project.work", named(box, "Task build"), {"comment": "Somebody's"})
            return await inner.handle_async_request(request)

    between = connect(connection, Between())
    with pytest.raises(VendorStale):
        await between.set_project_setup(project, ProjectSetup(open_for_time=True, practice="Data"))
    await between.close()
    there = await erp.project_setup(project)
    assert (there.open_for_time, there.practice) == (False, objects.project(account_id="1").practice)
