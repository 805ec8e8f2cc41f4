"""Project setup with a real Tryton as the ERP, by binding alone; what came of it is read back by proteus."""

from pathlib import Path
from typing import Any

import pytest

from foundation.connections import Connection
from foundation.context import fresh, use
from foundation.sandbox import Box
from tests.process.test_setup_edges import set_up, setups
from tests.process.world import PRIYA, boxes_of, credentials, world
from tests.tryton import real_server
from tests.tryton.real_world import RealBox, Server
from tests.tryton.test_real_deal import BOUND, READ_BACK, real_credentials

pytestmark = pytest.mark.real
DAY = {"__class__": "date", "year": 2027, "month": 1, "day": 11}


async def test_a_project_is_set_up_in_a_real_tryton_opened_last_and_put_back(
    folder: Path, real_connection: Connection, server: Server, tmp_path: Path
) -> None:
    server.forget()
    known = credentials() | {"tryton": real_credentials()}
    boxes: dict[str, Box] = boxes_of(known)
    boxes["tryton"] = RealBox(server, real_connection.url)  # type: ignore[assignment]  # it is asked for no more
    async with world(f"sqlite:///{tmp_path / 'tiergate.sqlite'}", known, boxes, bindings=BOUND) as firm:
        code = (await firm.played("D02")).run.project_code
        asked = {"cost_center": "4711", "documents": "https://docs.acme.example/d2"}
        done = await set_up(firm, code, template="delivery", **asked)
        assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
        agreed = {each.field: each.values for each in done.agreement}
        assert set(agreed["tasks"]) == set(agreed["open_for_time"]) == {"asked", "kantata", "tryton"}

        found = real_server.ask_proteus(folder, READ_BACK, code)
        assert "tiergate.cost-center: 4711" in found["project"]["comment"]
        assert "tiergate.documents: https://docs.acme.example/d2" in found["project"]["comment"]
        assert len(found["tasks"]) == int(agreed["tasks"]["tryton"])
        assert {(each["type"], each["company"], each["takes_hours"]) for each in found["tasks"]} == {
            ("task", "ACME-US", True)
        }
        build = _task(found, "deliver.build")
        deliver = _task(found, "deliver")
        assert (build["below"], deliver["below"]) == (deliver["name"], found["project"]["name"])
        there = {each.task.ref: each.task for each in await firm.adapters["tryton"].project_tasks(await _native(firm))}
        assert build["effort"] == float(there["deliver.build"].planned_hours) * 3600 > 0

        _worked(server, "deliver.build")
        with use(fresh(caller=PRIYA)):
            await setups(firm).undo_setup(done.run.id)
        await firm.finished_any(done.run.id)
        undone = await setups(firm).setup(done.run.id)
        assert undone.run.status == "cancelled", undone.run.problem
        left = real_server.ask_proteus(folder, READ_BACK, code)
        refs = [_ref(each) for each in left["tasks"]]
        assert [ref for ref in refs if "." in ref] == ["deliver.build"], "hours keep a task"
        kept = _task(left, "deliver.build")
        assert (kept["hours"], kept["last_day"]) == (5400, "1970-01-01"), "it takes no more"
        assert [_ref(each) for each in left["tasks"] if each["takes_hours"]] == ["deliver.build"]
        assert left["project"]["takes_hours"] is False
        assert not any("tiergate.cost-center" in said for said in left["project"]["comment"])
    server.forget()


def _ref(task: dict[str, Any]) -> str:
    ours = (said for said in task["comment"] if said.startswith("tiergate.task: "))
    return str(next(ours)).removeprefix("tiergate.task: ")


def _task(found: dict[str, Any], ref: str) -> dict[str, Any]:
    (task,) = [each for each in found["tasks"] if _ref(each) == ref]
    return dict(task)


async def _native(firm: Any) -> str:
    return str((await firm.adapters["tryton"].project_by_key(f"salesforce:{firm.native('D02')}")).id)


def _worked(server: Server, ref: str) -> None:
    """Hours that somebody of the task's company writes on it; they are forgotten with what is ours."""
    wanted = [["comment", "like", f"%tiergate.task: {ref}%"]]
    (task,) = server.ask("project.work.search_read", wanted, 0, None, None, ["company", "timesheet_works"])
    (party,) = server.ask("party.party.create", [{"name": "Maria Chen"}])
    (employee,) = server.ask("company.employee.create", [{"party": party, "company": task["company"]}])
    hours = {"employee": employee, "company": task["company"], "work": task["timesheet_works"][0], "date": DAY}
    more = {"duration": {"__class__": "timedelta", "seconds": 5400}, "description": f"tiergate: {ref}"}
    server.ask("timesheet.line.create", [hours | more], company=task["company"])
    server.ask("project.work.write", [task["id"]], {"timesheet_start_date": DAY})
