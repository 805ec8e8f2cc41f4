"""A workflow that changes is a new version beside the old one: what is in flight ends as it began."""

import asyncio
import shutil
from pathlib import Path

import msgspec
import pytest
from dbos import DBOS

from foundation.sandbox import Box
from process_apis import cases
from process_apis.journal import StepName
from process_apis.operating import REGISTERED, Operating, Workflow
from process_apis.opportunity_to_project import steps
from process_apis.opportunity_to_project import workflow as first
from process_apis.steps import Scope, step
from system_apis import Demo
from tests.process.test_edges import Held
from tests.process.world import world

CELEBRATED: list[str] = []


@DBOS.workflow(name="opportunity_to_project.v2", max_recovery_attempts=1000)
async def second_version(opportunity_id: str) -> str:
    """As the first one, and a word to everybody at the end."""
    await step(1, "receive", lambda s: steps.receive(s, opportunity_id))
    made = await first._up_to_the_erp_project(opportunity_id)
    assert made is not None
    await first._from_the_psa_project_on(made)
    await step(16, "celebrate", _celebrate)
    await cases.end_succeeded()
    return "succeeded"


async def _celebrate(s: Scope) -> None:
    CELEBRATED.append(s.run_id)
    s.say("everybody knows")


def as_released(steps_in_all: list[StepName]) -> Workflow:
    """The workflow as its next release registers it: the new version, and the one before it."""
    old = msgspec.structs.replace(first.WORKFLOW, known_as="opportunity_to_project.v1")
    return msgspec.structs.replace(first.WORKFLOW, run=second_version, steps=steps_in_all, older=(old,))


async def test_runs_in_flight_across_a_new_version_of_a_workflow_end_on_the_old_one(
    tmp_path: Path, known: dict[str, Demo], boxes: dict[str, Box], empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, path = f"sqlite:///{tmp_path / 'tiergate.sqlite'}", tmp_path / "tiergate.sqlite"
    shutil.copy(empty, path)
    monkeypatch.setitem(REGISTERED, first.NAME, first.WORKFLOW)  # whatever is registered here is put back afterwards
    CELEBRATED.clear()
    async with world(url, known, boxes) as before:
        for code in ("D01", "D02", "D03"):
            await before.win(code)
        before.fault("kantata", "server_error", method="POST", path="/workspace_resources", times=0)
        stopped = await before.finished((await before.start("D03")).id)
        assert (stopped.run.status, stopped.run.step) == ("failed", 11)
        boxes["kantata"].faults.clear()
        held = Held(monkeypatch, before, "upsert_billing_schedule", "netsuite")
        in_flight = await before.start("D01")
        await asyncio.wait_for(held.reached.wait(), 20)
    async with world(url, known, boxes) as after:
        after.workflow = Operating(after.platform, as_released([*first.STEPS, StepName("celebrate", "Celebrate")]))
        new = await after.start("D02")
        await after.workflow.retry_run(stopped.run.id)
        ended = [await after.finished(run_id) for run_id in (in_flight.id, stopped.run.id, new.id)]
        assert [(each.run.status, each.run.verified) for each in ended] == [("succeeded", True)] * 3
        assert [(each.run.steps_in_all, len(each.steps)) for each in ended] == [(15, 15), (15, 15), (16, 16)]
        assert [new.id] == CELEBRATED
        assert {each.id: each.steps_in_all for each in (await after.workflow.runs()).items} == {
            in_flight.id: 15,
            stopped.run.id: 15,
            new.id: 16,
        }
        assert after.duplicates() == []
