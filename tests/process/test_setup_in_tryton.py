"""Project setup with Tryton as the ERP, by binding alone: tasks stand in the PSA, and in the ERP as works."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from foundation.context import fresh, use
from foundation.sandbox import Box
from foundation.sandbox.firm import ENTITIES
from system_apis import Demo
from system_apis.tryton.sandbox import records, working
from tests.process.test_setup_edges import set_up, setups
from tests.process.world import BINDINGS, PRIYA, World, world


@pytest.fixture
async def firm(tmp_path: Path, known: dict[str, Demo], boxes: dict[str, Box], empty: Path) -> AsyncIterator[World]:
    shutil.copy(empty, tmp_path / "tiergate.sqlite")
    bindings = {**BINDINGS, "erp": {entity.code: "tryton" for entity in ENTITIES}}
    async with world(f"sqlite:///{tmp_path / 'tiergate.sqlite'}", known, boxes, bindings=bindings) as made:
        yield made


async def test_a_project_is_set_up_in_both_opened_last_and_put_back(firm: World) -> None:
    code = (await firm.played("D02")).run.project_code
    erp, box = firm.adapters["tryton"], firm.boxes["tryton"]
    native = (await erp.project_by_key(f"salesforce:{firm.native('D02')}")).id
    before = await erp.project_setup(native)
    done = await set_up(firm, code, template="delivery", cost_center="4711", documents="https://docs.acme.example/d2")
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    agreed = {each.field: each.values for each in done.agreement}
    assert set(agreed["tasks"]) == set(agreed["open_for_time"]) == {"asked", "kantata", "tryton"}
    assert len(set(agreed["tasks"].values())) == 1
    said = {step.name: step.summary for step in done.steps}
    assert "Tryton: Tryton knows no approval" in said["controls"]
    assert "Tryton: Tryton keeps no expense reports." in said["open"]
    there = await erp.project_setup(native)
    assert (there.cost_center, there.documents) == ("4711", "https://docs.acme.example/d2")
    assert there.open_for_time is True
    tasks = await erp.project_tasks(native)
    assert {each.task.parent_ref for each in tasks} == {"", "setup", "discover", "deliver", "close"}

    (build,) = [
        each for each in box.store.find("project.work", type="task") if "task: deliver.build" in each["comment"]
    ]
    _worked(box, build["id"])
    with use(fresh(caller=PRIYA)):
        await setups(firm).undo_setup(done.run.id)
    await firm.finished_any(done.run.id)
    undone = await setups(firm).setup(done.run.id)
    assert undone.run.status == "cancelled", undone.run.problem
    left = [each.task.ref for each in await erp.project_tasks(native)]
    phases = ["setup", "discover", "deliver", "close"]
    assert [ref for ref in left if ref not in phases] == ["deliver.build"], "hours keep a task"
    assert [ref for ref in left if ref in phases] == phases, "they were the project's before"
    back = await erp.project_setup(native)
    assert (back.open_for_time, back.cost_center, back.documents, back.budget) == (False, "", "", before.budget)
    assert (firm.writes("netsuite"), firm.duplicates()) == ([], [])


def _worked(box: Box, task: int) -> None:
    """Hours of somebody who joined the project's company."""
    (on,) = working.hours(box, task)
    with box.store.transaction():
        party = records.create(box, "party.party", {"name": "Maria Chen"})
        employee = records.create(box, "company.employee", {"company": on["company"], "party": party})
        day = {"__class__": "date", "year": 2027, "month": 1, "day": 11}
        hours = {"company": on["company"], "work": on["id"], "employee": employee, "date": day}
        records.create(box, "timesheet.line", hours | {"duration": {"__class__": "timedelta", "seconds": 5400}})
