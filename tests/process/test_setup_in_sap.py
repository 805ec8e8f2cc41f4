"""Project setup with SAP S/4HANA as the ERP, by binding alone: tasks stand in the PSA, and in the ERP as elements."""

from collections.abc import AsyncIterator

import pytest

from foundation.context import fresh, use
from tests.process.test_setup_edges import set_up, setups
from tests.process.world import PRIYA, Over, World
from tests.sap_s4hana.worked import blocked, worked


@pytest.fixture
async def firm(over: Over) -> AsyncIterator[World]:
    async with over(erp="sap_s4hana") as made:
        yield made


async def test_a_project_is_set_up_in_both_opened_last_and_put_back(firm: World) -> None:
    code = (await firm.played("D02")).run.project_code
    erp, box = firm.adapters["sap_s4hana"], firm.boxes["sap_s4hana"]
    native = (await erp.project_by_key(f"salesforce:{firm.native('D02')}")).id
    before = await erp.project_setup(native)
    done = await set_up(
        firm, code, template="delivery", cost_center="10104711", documents="https://docs.acme.example/d2"
    )
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    agreed = {each.field: each.values for each in done.agreement}
    assert set(agreed["tasks"]) == set(agreed["open_for_time"]) == {"asked", "kantata", "sap_s4hana"}
    assert len(set(agreed["tasks"].values())) == 1
    said = {step.name: step.summary for step in done.steps}
    assert "SAP S/4HANA: Whether time is approved is settled by the time sheet" in said["controls"]
    there = await erp.project_setup(native)
    assert (there.cost_center, there.documents) == ("10104711", "https://docs.acme.example/d2")
    assert (there.open_for_time, there.open_for_expenses) == (True, True)
    assert {each["ResponsibleCostCenter"] for each in box.store.find("A_EnterpriseProjectElement")} == {"10104711"}
    tasks = await erp.project_tasks(native)
    assert {each.task.parent_ref for each in tasks} == {"", "setup", "discover", "deliver", "close"}
    assert not any(blocked(box).values())

    worked(box, "deliver.build")
    with use(fresh(caller=PRIYA)):
        await setups(firm).undo_setup(done.run.id)
    await firm.finished_any(done.run.id)
    undone = await setups(firm).setup(done.run.id)
    assert undone.run.status == "cancelled", undone.run.problem
    left = [each.task.ref for each in await erp.project_tasks(native)]
    phases = ["setup", "discover", "deliver", "close"]
    assert [ref for ref in left if ref not in phases] == ["deliver.build"], "time keeps a task"
    back = await erp.project_setup(native)
    assert (back.open_for_time, back.open_for_expenses) == (False, False)
    assert (back.cost_center, back.documents, back.budget) == (before.cost_center, "", before.budget)
    assert all(blocked(box).values())
    assert (firm.writes("netsuite"), firm.duplicates()) == ([], [])
