"""Project setup with Oracle Fusion as the ERP, by binding alone: tasks stand in the PSA and in the ERP."""

from collections.abc import AsyncIterator

import pytest

from foundation.context import fresh, use
from tests.process.test_setup_edges import set_up, setups
from tests.process.world import PRIYA, Over, World


@pytest.fixture
async def firm(over: Over) -> AsyncIterator[World]:
    async with over(erp="oracle_fusion") as made:
        yield made


async def test_a_project_is_set_up_in_both_opened_last_and_put_back(firm: World) -> None:
    code = (await firm.played("D02")).run.project_code
    erp = firm.adapters["oracle_fusion"]
    native = (await erp.project_by_key(f"salesforce:{firm.native('D02')}")).id
    done = await set_up(firm, code, template="delivery", cost_center="4711", documents="https://docs.acme.example/d2")
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    agreed = {each.field: each.values for each in done.agreement}
    assert set(agreed["tasks"]) == set(agreed["open_for_time"]) == {"asked", "kantata", "oracle_fusion"}
    assert len(set(agreed["tasks"].values())) == 1
    said = {step.name: step.summary for step in done.steps}
    assert "Oracle Fusion: Time is approved in the PSA" in said["controls"]
    there = await erp.project_setup(native)
    assert (there.cost_center, there.documents) == ("4711", "https://docs.acme.example/d2")
    assert (there.open_for_time, there.open_for_expenses) == (True, True)
    tasks = await erp.project_tasks(native)
    assert {each.task.parent_ref for each in tasks} == {"", "setup", "discover", "deliver", "close"}

    box = firm.boxes["oracle_fusion"]
    (project,) = box.store.find("projects", ProjectNumber=code)
    (built,) = [each for each in project["Tasks"] if each["TaskNumber"] == "deliver.build"]
    place = {"_PROJECT_ID": project["ProjectId"], "_TASK_ID": built["TaskId"]}
    day = {"ExpenditureBatch": "T-1", "Quantity": 8, "ProjectStandardCostCollectionFlexfields": [place]}
    assert box.sandbox.enter is not None
    box.sandbox.enter(box, "unprocessedProjectCosts", day)
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
