"""Project setup with Business Central as the ERP, by binding alone: tasks stand in the PSA and in the ERP."""

from collections.abc import AsyncIterator

import pytest

from foundation.context import fresh, use
from tests.process.test_setup_edges import set_up, setups
from tests.process.world import PRIYA, Over, World


@pytest.fixture
async def firm(over: Over) -> AsyncIterator[World]:
    async with over(erp="business_central") as made:
        yield made


async def test_a_project_is_set_up_in_both_opened_last_and_put_back(firm: World) -> None:
    code = (await firm.played("D02")).run.project_code
    erp = firm.adapters["business_central"]
    native = (await erp.project_by_key(f"salesforce:{firm.native('D02')}")).id
    done = await set_up(firm, code, template="delivery", cost_center="4711", documents="https://docs.acme.example/d2")
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    agreed = {each.field: each.values for each in done.agreement}
    assert set(agreed["tasks"]) == set(agreed["open_for_time"]) == {"asked", "kantata", "business_central"}
    assert len(set(agreed["tasks"].values())) == 1
    said = {step.name: step.summary for step in done.steps}
    assert "Business Central: A time sheet is always approved" in said["controls"]
    there = await erp.project_setup(native)
    assert (there.cost_center, there.documents) == ("4711", "https://docs.acme.example/d2")
    assert (there.open_for_time, there.open_for_expenses) == (True, True)
    tasks = await erp.project_tasks(native)
    assert {each.task.parent_ref for each in tasks} == {"", "setup", "discover", "deliver", "close"}

    box = firm.boxes["business_central"]
    (built,) = box.store.find("projectTasks", tiergateReference="deliver.build")
    who = box.store.find("employees", _company=built["_company"])[0]["id"]
    entry = {"employeeId": who, "jobId": built["projectId"], "jobTaskNumber": built["number"], "date": "2027-01-11"}
    entry |= {"quantity": 8}
    assert box.sandbox.enter is not None
    (company,) = box.store.find("companies", id=built["_company"])
    box.sandbox.enter(box, "timeRegistrationEntries", {"company": company["name"]} | entry)
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
