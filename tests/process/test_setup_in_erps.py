"""Project setup with another system as the ERP, by binding alone: tasks stand in the PSA and in the ERP."""

from collections.abc import AsyncIterator, Callable

import msgspec
import pytest

from foundation.context import fresh, use
from foundation.sandbox import Box
from tests.process.test_setup_edges import set_up, setups
from tests.process.world import PRIYA, Over, World


class Erp(msgspec.Struct, frozen=True):
    """What is a system's own."""

    name: str
    says: str
    """What its step of the controls says."""
    work: Callable[[Box, str], None]
    """Somebody enters a day on the task `deliver.build` of a project."""


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


ERPS = (
    Erp("business_central", "Business Central: A time sheet is always approved", _day_in_business_central),
    Erp("oracle_fusion", "Oracle Fusion: Time is approved in the PSA", _day_in_oracle_fusion),
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
    erp = firm.adapters[bound.name]
    native = (await erp.project_by_key(f"salesforce:{firm.native('D02')}")).id
    done = await set_up(firm, code, template="delivery", cost_center="4711", documents="https://docs.acme.example/d2")
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    agreed = {each.field: each.values for each in done.agreement}
    assert set(agreed["tasks"]) == set(agreed["open_for_time"]) == {"asked", "kantata", bound.name}
    assert len(set(agreed["tasks"].values())) == 1
    said = {step.name: step.summary for step in done.steps}
    assert bound.says in said["controls"]
    there = await erp.project_setup(native)
    assert (there.cost_center, there.documents) == ("4711", "https://docs.acme.example/d2")
    assert (there.open_for_time, there.open_for_expenses) == (True, True)
    tasks = await erp.project_tasks(native)
    assert {each.task.parent_ref for each in tasks} == {"", "setup", "discover", "deliver", "close"}

    bound.work(firm.boxes[bound.name], code)
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
    assert (back.open_for_time, back.open_for_expenses, back.cost_center, back.documents) == (False, False, "", "")
    assert (firm.writes("netsuite"), firm.duplicates()) == ([], [])
