"""A system whose look-ups are behind its writes, as Kantata's lists may be: one empty look makes no twin."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from foundation.sandbox import Box
from system_apis import Demo, discover
from tests.process.world import HURRIED, World, world

PATIENT = msgspec.structs.replace(HURRIED, lag=0.8)
"""It waits no longer than that where Kantata is said to be behind for thirty seconds; here it is for half a one."""
CREATES = {"/workspaces": "workspaces", "/workspace_allocations": "workspace_allocations", "/posts": "posts"}


@pytest.fixture
def late(boxes: dict[str, Box], tmp_path: Path, empty: Path) -> str:
    """The database of a firm in whose PSA a list knows after half a second what was made."""
    boxes["kantata"].store.set_setting("list_lag_seconds", 0.5)
    boxes["kantata"].store.set_setting("search_lag_seconds", 0.5)
    return f"sqlite:///{shutil.copy(empty, tmp_path / 'tiergate.sqlite')}"


async def test_what_was_kept_though_its_answer_was_lost_is_waited_for_and_not_made_again(
    late: str, known: dict[str, Demo], boxes: dict[str, Box]
) -> None:
    async with world(late, known, boxes, pace=PATIENT) as firm:
        for path in CREATES:
            firm.fault("kantata", "timeout_after_commit", method="POST", path=path)
        done = await firm.played("D01")
        assert (done.run.status, done.run.verified) == ("succeeded", True)
        _made_once(firm)


async def test_what_a_process_wrote_before_it_died_is_waited_for_by_the_next_one(
    late: str, known: dict[str, Demo], boxes: dict[str, Box], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(late, known, boxes, pace=PATIENT) as before:
        written = asyncio.Event()
        records = before.adapters["kantata"]._records
        create = records.create

        async def unheard(*asked: Any) -> Any:
            made = await create(*asked)
            if asked[0].plural == "workspaces":
                written.set()
                await asyncio.Event().wait()
            return made

        monkeypatch.setattr(records, "create", unheard)
        await before.win("D01")
        run = await before.start("D01")
        await asyncio.wait_for(written.wait(), 20)
    async with world(late, known, boxes, pace=PATIENT) as after:
        done = await after.finished(run.id)
        assert (done.run.status, done.run.verified) == ("succeeded", True)
        _made_once(after)


def _made_once(firm: World) -> None:
    assert firm.duplicates() == []
    assert firm.writes().count("kantata create workspaces") == 1
    assert len(firm.records("kantata", "posts")) == 1


def test_a_lag_is_of_what_looks_up_and_of_no_poll() -> None:
    told = {name: system.lags() for name, system in discover().items()}
    assert told["kantata"]["upsert_project"] == told["kantata"]["project_by_key"] == 30
    assert "whoami" not in told["kantata"]
    assert not told["netsuite"], "its steps are not looked up in the journal"
    assert "customer_changes" not in {name for lags in told.values() for name in lags}
