"""Runs that were lost between our store and the engine's are found and put right."""

import pytest

from process_apis.mending import mend
from tests.process.world import World

NOBODY: frozenset[str] = frozenset()


async def test_a_run_written_down_but_never_queued_is_queued(firm: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await firm.win("D01")
    with monkeypatch.context() as patch:
        patch.setattr(firm.platform.engine, "enqueue", _dies)
        with pytest.raises(SystemError):
            await firm.start("D01")
    run = (await firm.workflow.runs()).items[0]
    suspects = await mend(firm.platform, NOBODY)
    assert suspects == {run.id}
    assert (await firm.workflow.run(run.id)).run.step == 0, "one look is not enough: it may be on its way"
    await mend(firm.platform, suspects)
    assert (await firm.finished(run.id)).run.verified is True


async def test_a_run_cancelled_but_never_undone_is_undone(firm: World, monkeypatch: pytest.MonkeyPatch) -> None:
    firm.fault("salesforce", "server_error", method="PATCH", path="/Opportunity/", times=0)
    failed = await firm.played("D01")
    firm.boxes["salesforce"].faults.clear()
    with monkeypatch.context() as patch:
        patch.setattr(firm.platform.engine, "enqueue", _dies)
        with pytest.raises(SystemError):
            await firm.workflow.cancel_run(failed.run.id)
    await mend(firm.platform, await mend(firm.platform, NOBODY))
    assert (await firm.finished(failed.run.id)).run.status == "cancelled"
    project = await firm.adapters["netsuite"].project_by_key(failed.run.business_key)
    assert project.stage == "cancelled"


async def test_a_run_reopened_but_never_rewound_fails_with_a_case_and_can_be_run_again(
    firm: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = await firm.played("D11")
    with monkeypatch.context() as patch:
        patch.setattr(firm.platform.engine, "rewind", _dies)
        with pytest.raises(SystemError):
            await firm.workflow.retry_run(refused.run.id)
    await mend(firm.platform, await mend(firm.platform, NOBODY))
    lost = (await firm.workflow.run(refused.run.id)).run
    assert (lost.status, lost.reason, lost.detail) == ("failed", "broken", "The run stopped without saying why.")
    await firm.workflow.retry_run(refused.run.id)
    assert (await firm.finished(refused.run.id)).run.status == "refused"


async def test_runs_that_are_worked_on_are_left_alone(firm: World) -> None:
    await firm.win("D01")
    run = await firm.start("D01")
    for _ in range(3):
        assert await mend(firm.platform, frozenset({run.id})) == NOBODY
    assert (await firm.finished(run.id)).run.verified is True
    assert await mend(firm.platform, NOBODY) == NOBODY


async def _dies(*_: object) -> None:
    raise SystemError("the process was killed here")
