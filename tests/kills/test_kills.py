"""Killed by SIGKILL between a step's work and its checkpoint, a platform started anew finishes every run, once."""

import pytest

from tests.kills.conftest import Ground

STEPS = 15


async def test_killed_in_the_middle_runs_are_finished_by_the_next_process(ground: Ground) -> None:
    """Once after the ERP project was made, once after the activation; two more runs are struck wherever they are."""
    deals = await ground.win("D01", "D02", "D03")
    run_id = f"o2p:{deals[0].key}:1"
    for step in (8, 13):
        ground.killed(run_id, step)
    ground.platform()
    ended = ground.ended()
    assert {run: end[:2] for run, end in ended.items()} == {f"o2p:{d.key}:1": ("succeeded", True) for d in deals}
    assert ended[run_id][2] == 2
    assert await ground.duplicates() == []


@pytest.mark.real
async def test_a_run_killed_at_every_step_boundary_in_turn_is_made_once_and_verified(ground: Ground) -> None:
    (deal,) = await ground.win("D02")
    run_id = f"o2p:{deal.key}:1"
    for step in range(1, STEPS + 1):
        ground.killed(run_id, step)
    ground.platform()
    assert ground.ended() == {run_id: ("succeeded", True, STEPS)}
    assert await ground.duplicates() == []


@pytest.mark.real
@pytest.mark.parametrize("step", range(1, STEPS + 1))
async def test_runs_killed_once_at_a_step_boundary_are_made_once_and_verified(ground: Ground, step: int) -> None:
    deals = await ground.win("D01", "D03", "D06")
    ground.killed(f"o2p:{deals[0].key}:1", step)
    ground.platform()
    ended = ground.ended()
    assert {run: end[:2] for run, end in ended.items()} == {f"o2p:{d.key}:1": ("succeeded", True) for d in deals}
    assert await ground.duplicates() == []
