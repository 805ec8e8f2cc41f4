"""What projects are worked under: settings, transaction controls, and a work breakdown."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from canonical.faults import Fault, Invalid, NotFound, VendorRefused
from canonical.money import Money
from canonical.objects import ProjectSetup, Task
from canonical.ports.setups import TaskPage, TaskRefs
from foundation.sandbox import Box, FaultRule, Record
from system_apis.oracle_fusion.adapter import OracleFusion
from system_apis.oracle_fusion.codes import NO_TASK
from system_apis.oracle_fusion.sandbox.schema import RESOURCES
from system_apis.oracle_fusion.sandbox.working_rules import imported
from system_apis.oracle_fusion.sandbox.writing import create, create_below, update_below
from system_apis.oracle_fusion.setups_mapping import CANNOT
from tests.oracle_fusion.conftest import Listening
from tests.ports import objects


@pytest.fixture
async def project(fusion: OracleFusion) -> str:
    customer = await fusion.upsert_customer(objects.CUSTOMER, objects.customer())
    return (await fusion.upsert_project(objects.DEAL, objects.project(account_id=customer.id))).id


def page(*refs: str) -> TaskPage:
    """Tasks, each below what stands before its last dot."""
    return TaskPage(tasks=[Task(ref=ref, name=f"Task {ref}", parent_ref=ref.rpartition(".")[0]) for ref in refs])


def job(box: Box) -> Record:
    (found,) = box.store.find("projects", SourceApplicationCode="TIERGATE")
    return found


def rows(box: Box) -> list[tuple[str, int, str]]:
    """Number, level and name, as people see them."""
    ours = [each for each in job(box)["Tasks"] if each["TaskNumber"] != NO_TASK]
    return [(each["TaskNumber"], each["TaskLevel"], each["TaskName"]) for each in ours]


def row(box: Box, number: str) -> Record:
    return next(each for each in job(box)["Tasks"] if each["TaskNumber"] == number)


def by_hand(box: Box, number: str, **fields: Any) -> None:
    """What people change of a task."""
    top, record = RESOURCES["projects"], job(box)
    tasks = record["Tasks"]
    found = next(each for each in tasks if each["TaskNumber"] == number)
    update_below(box, top, record, top.children["Tasks"], tasks, found, fields)


def worked(box: Box, number: str) -> str:
    """Cost that somebody's day makes on a task, before it is imported."""
    place = {"_PROJECT_ID": job(box)["ProjectId"], "_TASK_ID": row(box, number)["TaskId"]}
    cost = {"ExpenditureBatch": "T-1", "Quantity": 8, "ProjectStandardCostCollectionFlexfields": [place]}
    return str(create(box, RESOURCES["unprocessedProjectCosts"], cost)["_id"])


async def test_what_is_set_is_read_back_and_cleared_again(fusion: OracleFusion, box: Box, project: str) -> None:
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
    await fusion.set_project_setup(project, ProjectSetup(**change))
    assert await fusion.project_setup(project) == wanted
    kept = await fusion.project(project)
    assert (kept.practice, kept.contract_id, kept.budget) == (
        "Data",
        objects.project(account_id="1").contract_id,
        wanted.budget,
    )
    before = len(box.store.writes())
    await fusion.set_project_setup(project, ProjectSetup())
    await fusion.set_project_setup(project, ProjectSetup(**change))
    assert len(box.store.writes()) == before, "nothing was otherwise"
    await fusion.set_project_setup(project, ProjectSetup(cost_center="", open_for_expenses=False))
    cleared = await fusion.project_setup(project)
    assert (cleared.cost_center, cleared.open_for_expenses, cleared.profit_center) == ("", False, "P-12")


async def test_what_is_not_kept_is_named_and_nothing_is_written(fusion: OracleFusion, box: Box, project: str) -> None:
    before = len(box.store.writes())
    for data, pointers in (
        (ProjectSetup(approvers=["x@acme.example"], team=[], practice="Data"), ["/approvers", "/team"]),
        (ProjectSetup(budget=Money.of(1, "USD"), open_for_time=True), ["/budget"]),
        (ProjectSetup(cost_center="4" * 151), ["/cost_center"]),
    ):
        with pytest.raises(Invalid) as refused:
            await fusion.set_project_setup(project, data)
        assert [error.pointer for error in refused.value.errors] == pointers
    for nobody in (str(int(project) + 9), "x", "1;ProjectId=2"):
        with pytest.raises(NotFound):
            await fusion.project_setup(nobody)
    assert len(box.store.writes()) == before


async def test_a_project_is_opened_by_the_controls_of_its_template(
    fusion: OracleFusion, box: Box, heard: Listening, project: str
) -> None:
    there = await fusion.project_setup(project)
    assert (there.open_for_time, there.open_for_expenses) == (False, False), "as the template has it"
    heard.asked.clear()
    await fusion.set_project_setup(project, ProjectSetup(open_for_time=True, open_for_expenses=True, practice="Data"))
    written = [each for each in heard.asked if each.method != "GET"]
    assert [each.headers["Content-Type"] for each in written] == ["application/vnd.oracle.adf.batch+json"]
    controls = job(box)["ProjectTransactionControls"]
    assert [(each["ExpenditureCategory"], each["ChargeableFlag"]) for each in controls] == [
        ("Labor", True),
        ("Expenses", True),
    ]


async def test_what_no_control_speaks_of_is_open_and_closed_by_one(
    fusion: OracleFusion, box: Box, project: str
) -> None:
    record, top = job(box), RESOURCES["projects"]
    record["ProjectTransactionControls"] = []
    box.store.update("projects", project, record)
    narrow = {"ExpenditureCategory": "Labor", "ExpenditureType": "Overtime", "ChargeableFlag": False}
    kind = top.children["ProjectTransactionControls"]
    create_below(box, top, record, kind, record["ProjectTransactionControls"], narrow)
    assert (await fusion.project_setup(project)).open_for_time is True, "people keep overtime out, not time"
    before = len(box.store.writes())
    await fusion.set_project_setup(project, ProjectSetup(open_for_time=True))
    assert len(box.store.writes()) == before
    await fusion.set_project_setup(project, ProjectSetup(open_for_time=False))
    there = await fusion.project_setup(project)
    assert (there.open_for_time, there.open_for_expenses) == (False, True)
    made = job(box)["ProjectTransactionControls"][-1]
    since = objects.project(account_id="1").start
    assert since is not None
    assert (made.get("ExpenditureType"), made["StartDateActive"]) == (None, since.isoformat())


async def test_a_breakdown_stands_below_its_parents_page_by_page(fusion: OracleFusion, box: Box, project: str) -> None:
    assert (await fusion.upsert_tasks(project, page("plan", "build"))).made == 2
    written = await fusion.upsert_tasks(project, page("plan", "build.design", "build.design.ui", "build.test"))
    assert (written.made, written.found) == (3, 1)
    assert rows(box) == [
        ("plan", 1, "Task plan"),
        ("build", 1, "Task build"),
        ("build.design", 2, "Task build.design"),
        ("build.design.ui", 3, "Task build.design.ui"),
        ("build.test", 2, "Task build.test"),
    ]
    told = [(each.task.ref, each.task.parent_ref) for each in await fusion.project_tasks(project)]
    refs = ("plan", "build", "build.design", "build.design.ui", "build.test")
    assert told == [(ref, ref.rpartition(".")[0]) for ref in refs]
    before = len(box.store.writes())
    await fusion.upsert_tasks(project, page("plan", "build", "build.design"))
    assert len(box.store.writes()) == before, "a repeat writes nothing"


async def test_a_task_is_known_by_its_reference_whatever_it_is_called(
    fusion: OracleFusion, box: Box, project: str
) -> None:
    await fusion.upsert_tasks(project, page("build", "plan"))
    by_hand(box, "build", TaskNumber="B-7", TaskName="People's own", ParentTaskId=row(box, "plan")["TaskId"])
    task = Task(ref="build", name="Build", start=date(2027, 1, 4), planned_hours=Decimal("12.5"), billable=False)
    assert (await fusion.upsert_tasks(project, TaskPage(tasks=[task]))).found == 1
    found = {each.task.ref: each.task for each in await fusion.project_tasks(project)}
    assert (found["build"].name, found["build"].planned_hours, found["build"].billable) == ("Build", 12.5, False)
    assert (found["build"].parent_ref, row(box, "B-7")["TaskName"]) == ("plan", "Build"), "where it stands is theirs"


async def test_peoples_own_tasks_are_told_by_their_number(fusion: OracleFusion, box: Box, project: str) -> None:
    record, top = job(box), RESOURCES["projects"]
    theirs = {"TaskNumber": "9", "TaskName": "Travel", "SourceApplicationCode": "RNOW", "SourceTaskReference": "build"}
    create_below(box, top, record, top.children["Tasks"], record["Tasks"], theirs)
    assert [each.task for each in await fusion.project_tasks(project)] == [Task(ref="9", name="Travel")]
    assert (await fusion.upsert_tasks(project, page("build", "9.a"))).made == 2
    assert rows(box)[1:] == [("build", 1, "Task build"), ("9.a", 2, "Task 9.a")]


async def test_more_tasks_than_a_page_holds_are_all_read(fusion: OracleFusion, box: Box, project: str) -> None:
    box.store.set_setting("most_rows", 2)
    refs = [f"t{number}" for number in range(5)]
    await fusion.upsert_tasks(project, page(*refs))
    assert [each.task.ref for each in await fusion.project_tasks(project)] == refs
    assert (await fusion.upsert_tasks(project, page(*refs))).found == 5


async def test_cost_keeps_a_task_and_what_it_stands_in(fusion: OracleFusion, box: Box, project: str) -> None:
    await fusion.upsert_tasks(project, page("plan", "build", "build.design", "build.test"))
    waiting = worked(box, "build.design")
    imported(box, worked(box, "plan"))
    has_time = {each.task.ref for each in await fusion.project_tasks(project) if each.has_time}
    assert has_time == {"plan", "build.design"}, "processed or not"
    with pytest.raises(VendorRefused, match="has transactions"):
        await fusion.upsert_tasks(project, page("build.design.ui"))
    gone = await fusion.remove_tasks(project, TaskRefs(refs=["build", "build.design", "build.test", "never"]))
    assert (gone.removed, gone.kept) == (["build.test", "never"], ["build", "build.design"])
    box.store.delete("unprocessedProjectCosts", waiting)
    rest = await fusion.remove_tasks(project, TaskRefs(refs=["build", "build.design"]))
    assert (rest.kept, [each[0] for each in rows(box)]) == ([], ["plan"])


async def test_what_a_broken_page_made_is_found_by_the_next(fusion: OracleFusion, box: Box, project: str) -> None:
    box.faults.add(FaultRule(fault="server_error", method="POST", path="/child/Tasks", after=1, times=1))
    with pytest.raises(Fault):
        await fusion.upsert_tasks(project, page("build", "build.test"))
    assert [each[0] for each in rows(box)] == ["build"]
    again = await fusion.upsert_tasks(project, page("build", "build.test"))
    assert (again.made, again.found, [each[0] for each in rows(box)]) == (1, 1, ["build", "build.test"])


async def test_what_has_no_parent_or_too_long_a_reference_is_refused_before_anything_is_written(
    fusion: OracleFusion, box: Box, project: str
) -> None:
    for wrong, pointer in ((page("a", "build.test"), "/tasks/1/parent_ref"), (page("a", "x" * 101), "/tasks/1/ref")):
        with pytest.raises(Invalid) as refused:
            await fusion.upsert_tasks(project, wrong)
        assert [error.pointer for error in refused.value.errors] == [pointer]
    assert rows(box) == []
