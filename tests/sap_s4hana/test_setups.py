"""What projects are worked under: settings, blocks, and a work breakdown of elements."""

from datetime import date
from decimal import Decimal

import pytest

from canonical.faults import Fault, Invalid, NotFound
from canonical.money import Money
from canonical.objects import ProjectSetup, Task
from canonical.ports.setups import TaskPage, TaskRefs
from canonical.ports.systems import StageChange
from foundation.sandbox import Box, FaultRule, Refused
from system_apis.sap_s4hana.adapter import SapS4hana
from system_apis.sap_s4hana.sandbox.schema import SETS
from system_apis.sap_s4hana.sandbox.writing import create
from system_apis.sap_s4hana.setups_mapping import CANNOT, MOST
from tests.ports import objects
from tests.sap_s4hana.worked import blocked, element_of, worked

ELEMENTS = "A_EnterpriseProjectElement"
CODE = objects.project(account_id="").code


@pytest.fixture
async def project(sap: SapS4hana) -> str:
    customer = await sap.upsert_customer(objects.CUSTOMER, objects.customer())
    made = await sap.upsert_project(objects.DEAL, objects.project(account_id=customer.id))
    await sap.set_project_stage(made.id, StageChange(stage="active"))
    return made.id


def page(*refs: str) -> TaskPage:
    """Tasks, each below what stands before its last dot."""
    return TaskPage(tasks=[Task(ref=ref, name=f"Task {ref}", parent_ref=ref.rpartition(".")[0]) for ref in refs])


async def told(sap: SapS4hana, project: str) -> list[tuple[str, str]]:
    """Task and parent, as they are read."""
    return [(each.task.ref, each.task.parent_ref) for each in await sap.project_tasks(project)]


def written(box: Box, since: int) -> list[str]:
    return [each.kind for each in box.store.writes()[since:]]


async def test_what_is_set_is_read_back_and_cleared_again(sap: SapS4hana, box: Box, project: str) -> None:
    wanted = ProjectSetup(
        cost_center="10104711",
        profit_center="P-12",
        practice="Data",
        documents="https://docs.acme.example/DE-27-0077",
        budget=Money.of("50000.00", "EUR"),
        open_for_time=True,
        open_for_expenses=False,
        cannot=CANNOT,
    )
    change = {name: getattr(wanted, name) for name in wanted.__struct_fields__ if name != "cannot"}
    for _ in range(2):
        before = len(box.store.writes())
        await sap.set_project_setup(project, ProjectSetup(**change))
        assert await sap.project_setup(project) == wanted
    assert written(box, before) == [], "a repeat writes nothing"
    await sap.set_project_setup(project, ProjectSetup(profit_center="", documents="", open_for_expenses=True))
    cleared = await sap.project_setup(project)
    assert (cleared.profit_center, cleared.documents, cleared.open_for_expenses) == ("", "", True)
    assert (cleared.cost_center, cleared.practice) == ("10104711", "Data")


async def test_what_is_not_kept_is_named_and_nothing_is_written(sap: SapS4hana, box: Box, project: str) -> None:
    before = len(box.store.writes())
    for data, pointers in (
        (ProjectSetup(approvers=["x@acme.example"], team=[], practice="Data"), ["/approvers", "/team"]),
        (ProjectSetup(budget=Money.of(1, "USD"), open_for_time=True), ["/budget"]),
        (ProjectSetup(cost_center="4" * 11), ["/cost_center"]),
        (ProjectSetup(cost_center="", open_for_time=False), ["/cost_center"]),
        (ProjectSetup(documents="h" * 256), ["/documents"]),
    ):
        with pytest.raises(Invalid) as refused:
            await sap.set_project_setup(project, data)
        assert [error.pointer for error in refused.value.errors] == pointers
    for unknown in (project[:-1] + ("0" if project[-1] != "0" else "1"), "PRJ-1", "../x"):
        with pytest.raises(NotFound):
            await sap.project_setup(unknown)
    assert written(box, before) == []


async def test_a_center_moves_with_the_elements_that_have_it_from_the_project(
    sap: SapS4hana, box: Box, project: str
) -> None:
    await sap.upsert_tasks(project, page("plan", "build"))
    (other,) = box.store.find(ELEMENTS, YY1_TGRef_PPE="build")
    box.store.update(ELEMENTS, other["ProjectElementUUID"], {"ResponsibleCostCenter": "10109999"})
    box.faults.add(FaultRule(fault="server_error", method="PATCH", path=r"/A_EnterpriseProject\(", times=1))
    for _ in range(2):  # the first is cut off before the project itself, and the next still knows what it had
        try:
            await sap.set_project_setup(project, ProjectSetup(cost_center="10104711"))
        except Fault:
            assert (await sap.project_setup(project)).cost_center == "10101601"
    centers = {each["ProjectElement"]: each["ResponsibleCostCenter"] for each in box.store.all(ELEMENTS)}
    assert centers == {f"{CODE}-PLAN": "10104711", f"{CODE}.0001": "10104711", f"{CODE}.0002": "10109999"}
    assert (await sap.project_setup(project)).cost_center == "10104711"


async def test_a_breakdown_is_a_tree_of_elements_beside_the_one_that_is_billed(
    sap: SapS4hana, box: Box, project: str
) -> None:
    assert (await sap.upsert_tasks(project, page("plan", "build"))).made == 2
    done = await sap.upsert_tasks(project, page("plan", "build.design", "build.design.ui", "build.test"))
    assert (done.made, done.found) == (3, 1)
    refs = ("plan", "build", "build.design", "build.design.ui", "build.test")
    assert await told(sap, project) == [(ref, ref.rpartition(".")[0]) for ref in refs]
    ids = [each["ProjectElement"] for each in box.store.all(ELEMENTS)]
    assert sorted(ids) == [f"{CODE}-PLAN", *(f"{CODE}.{number:04}" for number in range(1, 6))]
    before = len(box.store.writes())
    assert (await sap.upsert_tasks(project, page(*refs))).found == 5
    assert written(box, before) == [], "a repeat writes nothing"
    twice = await sap.upsert_tasks(project, page("close", "close"))
    assert (twice.made, len(await told(sap, project))) == (1, 6)
    assert element_of(box, "close") == f"{CODE}.0006"


async def test_a_task_is_known_by_its_reference_wherever_people_put_it(sap: SapS4hana, box: Box, project: str) -> None:
    await sap.upsert_tasks(project, page("build", "test"))
    build, test = (box.store.find(ELEMENTS, YY1_TGRef_PPE=ref)[0] for ref in ("build", "test"))
    moved = {
        "ProjectElement": "B-7",
        "ProjectElementDescription": "Own",
        "ParentObjectUUID": test["ProjectElementUUID"],
    }
    box.store.update(ELEMENTS, build["ProjectElementUUID"], moved)
    by_hand = {"ProjectUUID": project, "ProjectElement": "B-8", "ParentObjectUUID": project}
    create(box, SETS[ELEMENTS], by_hand | {"ProjectElementDescription": "People's own"})
    task = Task(ref="build", name="Build", parent_ref="test", start=date(2027, 1, 4), planned_hours=Decimal("12.5"))
    unbilled = Task(ref="close", name="Close", end=date(2027, 3, 1), billable=False)
    done = await sap.upsert_tasks(project, TaskPage(tasks=[task, unbilled]))
    assert (done.made, done.found) == (1, 1)
    found = {each.task.ref: each.task for each in await sap.project_tasks(project)}
    assert (found["build"], found["close"]) == (task, unbilled)
    assert found["B-8"] == Task(ref="B-8", name="People's own")


async def test_new_tasks_take_no_time_until_the_project_is_opened(sap: SapS4hana, box: Box, project: str) -> None:
    assert (await sap.project_setup(project)).open_for_time is True, "nothing was ever blocked"
    await sap.upsert_tasks(project, page("build", "build.test"))
    assert (await sap.project_setup(project)).open_for_time is False
    with pytest.raises(Refused):
        worked(box, "build.test")
    before = len(box.store.writes())
    await sap.set_project_setup(project, ProjectSetup(open_for_time=True))
    assert written(box, before) == ["A_EntProjElmntBlockFunc"] * 2 + [ELEMENTS] * 2, "and released"
    assert worked(box, "build.test")
    assert (await sap.project_setup(project)).open_for_time is True
    before = len(box.store.writes())
    await sap.set_project_setup(project, ProjectSetup(open_for_time=False))
    assert written(box, before) == ["A_EntProjElmntBlockFunc"] * 3 + ["A_EnterpriseProjBlkFunc"], "the project last"
    assert all(blocked(box).values())
    before = len(box.store.writes())
    await sap.set_project_setup(project, ProjectSetup(open_for_time=True))
    assert written(box, before) == ["A_EnterpriseProjBlkFunc"] + ["A_EntProjElmntBlockFunc"] * 3, "the project first"
    await sap.set_project_stage(project, StageChange(stage="on_hold"))
    with pytest.raises(Refused):
        worked(box, "build")


async def test_what_waits_with_its_project_is_not_released_before_it(sap: SapS4hana, box: Box, project: str) -> None:
    await sap.set_project_stage(project, StageChange(stage="planned"))
    await sap.upsert_tasks(project, page("build"))
    before = len(box.store.writes())
    await sap.set_project_setup(project, ProjectSetup(open_for_time=True))
    assert written(box, before) == ["A_EntProjElmntBlockFunc"]
    assert (await sap.project_setup(project)).open_for_time is True
    await sap.set_project_stage(project, StageChange(stage="active"))
    assert worked(box, "build")


async def test_time_keeps_a_task_and_what_it_stands_in(sap: SapS4hana, box: Box, project: str) -> None:
    await sap.upsert_tasks(project, page("plan", "build", "build.design", "build.test"))
    await sap.set_project_setup(project, ProjectSetup(open_for_time=True))
    record = worked(box, "build.design")
    assert {each.task.ref for each in await sap.project_tasks(project) if each.has_time} == {"build.design"}
    gone = await sap.remove_tasks(project, TaskRefs(refs=["plan", "build", "build.design", "build.test", "never"]))
    assert (gone.removed, gone.kept) == (["plan", "build.test", "never"], ["build", "build.design"])
    box.store.update("TimeSheetEntryCollection", record, {"TimeSheetStatus": "60"})
    assert not any(each.has_time for each in await sap.project_tasks(project)), "it was cancelled"
    rest = await sap.remove_tasks(project, TaskRefs(refs=["build", "build.design"]))
    assert (rest.kept, await told(sap, project)) == ([], [])


async def test_an_order_keeps_a_task_that_no_time_sheet_tells_of(sap: SapS4hana, box: Box, project: str) -> None:
    await sap.upsert_tasks(project, page("build"))
    box.store.insert("A_SalesOrderItem", "9|10", {"SalesOrder": "9", "WBSElement": f"{CODE}.0001"})
    kept = await sap.remove_tasks(project, TaskRefs(refs=["build", f"{CODE}-PLAN"]))
    assert (kept.kept, kept.removed) == (["build"], [f"{CODE}-PLAN"])
    assert len(box.store.all(ELEMENTS)) == 2, "what plans and orders bill is no task, and stays"


async def test_a_page_that_was_cut_off_is_finished_by_the_next(sap: SapS4hana, box: Box, project: str) -> None:
    box.faults.add(FaultRule(fault="timeout_after_commit", delay=0.01, method="POST", path=f"/{ELEMENTS}", times=1))
    with pytest.raises(Fault):
        await sap.upsert_tasks(project, page("build", "build.test"))
    again = await sap.upsert_tasks(project, page("build", "build.test"))
    assert (again.made, again.found) == (1, 1)
    assert await told(sap, project) == [("build", ""), ("build.test", "build")]


async def test_what_has_no_room_or_no_parent_is_refused_at_its_place(sap: SapS4hana, box: Box, project: str) -> None:
    create(box, SETS[ELEMENTS], {"ProjectUUID": project, "ProjectElement": f"{CODE}.{MOST}"})
    before = len(box.store.writes())
    for wrong, pointer in (
        (page("build.test"), "/tasks/0/parent_ref"),
        (page("a"), "/tasks/0/ref"),
    ):
        with pytest.raises(Invalid) as refused:
            await sap.upsert_tasks(project, wrong)
        assert [error.pointer for error in refused.value.errors] == [pointer]
    box.store.delete(ELEMENTS, box.store.find(ELEMENTS, ProjectElement=f"{CODE}.{MOST}")[0]["ProjectElementUUID"])
    with pytest.raises(Invalid):
        await sap.upsert_tasks(project, page("a", "x" * 101))
    assert [kind for kind in written(box, before) if kind == ELEMENTS] == [ELEMENTS], "only what we took away"
