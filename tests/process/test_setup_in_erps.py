"""Project setup with another system as the ERP, by binding alone: tasks stand in the PSA and in the ERP."""

from collections.abc import AsyncIterator, Callable, Mapping

import msgspec
import pytest

from foundation.context import fresh, use
from foundation.sandbox import Box
from system_apis.tryton.sandbox import records, working
from tests.process.test_setup_edges import set_up, setups
from tests.process.world import PRIYA, Over, World
from tests.sap_s4hana.worked import blocked, worked


def _nothing_more(_box: Box, _open: bool) -> None:
    return None


class Erp(msgspec.Struct, frozen=True, kw_only=True):
    """What is a system's own."""

    name: str
    says: Mapping[str, str]
    """Step to what it says there of what it keeps elsewhere."""
    work: Callable[[Box, str], object]
    """Somebody enters a day on the task `deliver.build` of a project."""
    cost_center: str = "4711"
    expenses: bool | None = True
    """What it says once it is open for expenses: nothing, where it takes none."""
    shows: Callable[[Box, bool], None] = _nothing_more
    """Asserts what its own tables say of a project that is open for time, or closed again."""


def _day_in_oracle_fusion(box: Box, code: str) -> None:
    (project,) = box.store.find("projects", ProjectNumber=code)
    (built,) = [each for each in project["Tasks"] if each["TaskNumber"] == "deliver.build"]
    place = {"_PROJECT_ID": project["ProjectId"], "_TASK_ID": built["TaskId"]}
    day = {"ExpenditureBatch": "T-1", "Quantity": 8, "ProjectStandardCostCollectionFlexfields": [place]}
    assert box.sandbox.enter is not None
    box.sandbox.enter(box, "unprocessedProjectCosts", day)


def _day_in_business_central(box: Box, _: str) -> None:
    (built,) = box.store.find("projectTasks", tiergateReference="deliver.build")
    who = box.store.find("employees", _company=built["_company"])[0]["id"]
    entry = {"employeeId": who, "jobId": built["projectId"], "jobTaskNumber": built["number"], "date": "2027-01-11"}
    entry |= {"quantity": 8}
    assert box.sandbox.enter is not None
    (company,) = box.store.find("companies", id=built["_company"])
    box.sandbox.enter(box, "timeRegistrationEntries", {"company": company["name"]} | entry)


def _day_in_tryton(box: Box, _: str) -> None:
    (build,) = [
        each for each in box.store.find("project.work", type="task") if "task: deliver.build" in each["comment"]
    ]
    (on,) = working.hours(box, build["id"])
    with box.store.transaction():
        party = records.create(box, "party.party", {"name": "Maria Chen"})
        employee = records.create(box, "company.employee", {"company": on["company"], "party": party})
        day = {"__class__": "date", "year": 2027, "month": 1, "day": 11}
        hours = {"company": on["company"], "work": on["id"], "employee": employee, "date": day}
        records.create(box, "timesheet.line", hours | {"duration": {"__class__": "timedelta", "seconds": 5400}})


def _blocks_in_sap(box: Box, opened: bool) -> None:
    assert set(blocked(box).values()) == {not opened}
    if opened:
        centers = {each["ResponsibleCostCenter"] for each in box.store.find("A_EnterpriseProjectElement")}
        assert centers == {"10104711"}


ERPS = (
    Erp(
        name="business_central",
        says={"controls": "Business Central: A time sheet is always approved"},
        work=_day_in_business_central,
    ),
    Erp(
        name="oracle_fusion",
        says={"controls": "Oracle Fusion: Time is approved in the PSA"},
        work=_day_in_oracle_fusion,
    ),
    Erp(
        name="sap_s4hana",
        says={"controls": "SAP S/4HANA: Whether time is approved is settled by the time sheet"},
        work=lambda box, _: worked(box, "deliver.build"),
        cost_center="10104711",
        shows=_blocks_in_sap,
    ),
    Erp(
        name="tryton",
        says={"controls": "Tryton: Tryton knows no approval", "open": "Tryton: Tryton keeps no expense reports."},
        work=_day_in_tryton,
        expenses=None,
    ),
)


@pytest.fixture(params=ERPS, ids=[each.name for each in ERPS])
def bound(request: pytest.FixtureRequest) -> Erp:
    found: Erp = request.param
    return found


@pytest.fixture
async def firm(over: Over, bound: Erp) -> AsyncIterator[World]:
    async with over(erp=bound.name) as made:
        yield made


async def test_a_project_is_set_up_in_both_opened_last_and_put_back(firm: World, bound: Erp) -> None:
    code = (await firm.played("D02")).run.project_code
    erp, box, papers = firm.adapters[bound.name], firm.boxes[bound.name], "https://docs.acme.example/d2"
    native = (await erp.project_by_key(f"salesforce:{firm.native('D02')}")).id
    before = await erp.project_setup(native)
    done = await set_up(firm, code, template="delivery", cost_center=bound.cost_center, documents=papers)
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    agreed = {each.field: each.values for each in done.agreement}
    assert set(agreed["tasks"]) == set(agreed["open_for_time"]) == {"asked", "kantata", bound.name}
    assert len(set(agreed["tasks"].values())) == 1
    said = {step.name: step.summary for step in done.steps}
    assert [step for step, words in bound.says.items() if words not in said[step]] == []
    there = await erp.project_setup(native)
    assert (there.cost_center, there.documents) == (bound.cost_center, papers)
    assert (there.open_for_time, there.open_for_expenses) == (True, bound.expenses)
    bound.shows(box, True)
    tasks = await erp.project_tasks(native)
    assert {each.task.parent_ref for each in tasks} == {"", "setup", "discover", "deliver", "close"}

    bound.work(box, code)
    with use(fresh(caller=PRIYA)):
        await setups(firm).undo_setup(done.run.id)
    await firm.finished_any(done.run.id)
    undone = await setups(firm).setup(done.run.id)
    assert undone.run.status == "cancelled", undone.run.problem
    left = [each.task.ref for each in await erp.project_tasks(native)]
    phases = ["setup", "discover", "deliver", "close"]
    assert [ref for ref in left if ref not in phases] == ["deliver.build"], "time keeps a task"
    assert [ref for ref in left if ref in phases] == phases, "they were the project's before"
    back = await erp.project_setup(native)
    assert (back.open_for_time, back.open_for_expenses) == (False, bound.expenses and False)
    assert (back.cost_center, back.documents, back.budget) == (before.cost_center, "", before.budget)
    bound.shows(box, False)
    assert (firm.writes("netsuite"), firm.duplicates()) == ([], [])
