"""Settings and tasks of the first project, and four setups: done, two refused, one undone."""

import time
from collections.abc import Callable
from typing import Any

from tests.platform.contracts import BY_KEY
from tests.processes import Client

APPROVER = "tiergate@acme.example"


def setting_up(
    platform: Client, good: Callable[..., None], read: Callable[..., Any], code: str
) -> dict[str, tuple[str, Any]]:
    """Start them, and say how they are asked for; answers the calls that their state forbids."""
    runs = read("opportunity-to-project.runs")["items"]
    ours = next(run for run in runs if run["project_code"] == code)
    other = next(run["project_code"] for run in runs if run["status"] == "succeeded" and run["project_code"] != code)
    ids = {(xref["system"], xref["instance"]): xref["native_id"] for xref in ours["ids"]}
    erp, psa = ids["netsuite", "project"], ids["kantata", "project"]
    manager = read("kantata.project", project_id=psa)["project_manager"]
    token = platform.token("experience-tier")

    def start(body: Any) -> str:
        answer = platform.ask("POST", BY_KEY["project-setup.startSetup"].at(), token, json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def ended(run_id: str) -> str:
        for _ in range(300):
            status = read("project-setup.setup", run_id=run_id)["run"]
            if status["status"] != "running" and status["ended_at"]:
                return str(status["status"])
            time.sleep(0.1)
        raise AssertionError(f"{run_id} does not end")

    card = next(each for each in read("kantata.rateCards")["items"] if each["currency"] == "USD")
    fixed = {"template": "delivery", "rate_card_id": card["id"]}
    wanted = fixed | {"project_code": code, "approvers": [APPROVER]}
    done = start(wanted)
    by_themselves = {"approvers": [manager]}
    waits = start(by_themselves | {"project_code": code, "template": "service"})
    third = start({"project_code": other, "template": "delivery", "calendar": "ZZ"})
    fourth = start({"project_code": other, "template": "service", "calendar": "ZZ"})
    assert [ended(each) for each in (done, waits, third, fourth)] == ["succeeded", "refused", "refused", "refused"]
    undo = BY_KEY["project-setup.undoSetup"]
    answer = platform.ask("POST", undo.at(run_id=fourth), token)
    assert (answer.status_code, ended(fourth)) == (202, "cancelled"), answer.text

    good("netsuite.projectSetup", project_id=erp)
    good("netsuite.setProjectSetup", {"open_for_expenses": False}, project_id=erp)
    good("netsuite.projectTasks", project_id=erp)
    good("netsuite.upsertTasks", {"tasks": [{"ref": "asked", "name": "Asked in a test"}]}, project_id=erp)
    good("netsuite.removeTasks", {"refs": ["asked"]}, project_id=erp)
    good("kantata.projectSetup", project_id=psa)
    good("kantata.setProjectSetup", {"approval_required": False}, project_id=psa)
    good("kantata.projectTasks", project_id=psa)
    good("kantata.upsertTasks", {"tasks": [{"ref": "asked", "name": "Asked in a test"}]}, project_id=psa)
    good("kantata.removeTasks", {"refs": ["asked"]}, project_id=psa)
    good("project-setup.startSetup", wanted)
    good("project-setup.setup", run_id=done)
    good("project-setup.setups")
    good("project-setup.retrySetup", run_id=waits)
    good("project-setup.undoSetup", run_id=third)
    return {
        "netsuite.upsertTasks": (
            BY_KEY["netsuite.upsertTasks"].at(project_id=erp),
            {"tasks": [{"ref": "asked", "name": "Called otherwise"}]},
        ),
        "netsuite.removeTasks": (BY_KEY["netsuite.removeTasks"].at(project_id=erp), {"refs": ["deliver.build"]}),
        "project-setup.startSetup": (BY_KEY["project-setup.startSetup"].at(), wanted | {"cost_center": "4712"}),
        "project-setup.retrySetup": (BY_KEY["project-setup.retrySetup"].at(run_id=done), None),
        "project-setup.undoSetup": (undo.at(run_id=fourth), None),
    }
