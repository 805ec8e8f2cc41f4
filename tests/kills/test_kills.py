"""Killed by SIGKILL between a step's work and its checkpoint, a platform started anew finishes every run, once."""

import pytest

from tests.kills.conftest import Ground

STEPS = 15
KILLED_AMONG_OTHERS = (4, 11, 15)
"""The first write, people asked for and the verdict; alone it dies at each, and 8 and 13 are above."""


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
@pytest.mark.parametrize("step", KILLED_AMONG_OTHERS)
async def test_runs_killed_once_at_a_step_boundary_are_made_once_and_verified(ground: Ground, step: int) -> None:
    deals = await ground.win("D01", "D03", "D06")
    ground.killed(f"o2p:{deals[0].key}:1", step)
    ground.platform()
    ended = ground.ended()
    assert {run: end[:2] for run, end in ended.items()} == {f"o2p:{d.key}:1": ("succeeded", True) for d in deals}
    assert await ground.duplicates() == []


@pytest.mark.real
async def test_a_refused_deal_killed_at_each_checkpoint_is_refused_once_with_one_case_and_one_incident(
    ground: Ground,
) -> None:
    """What a recovered run reads back is the very refusal: it takes the same branch."""
    (deal,) = await ground.win("D09")
    run_id = f"o2p:{deal.key}:1"
    died = ground.killed_everywhere(run_id)
    assert [place.rpartition(" ")[2] for place in died] == [
        "01-receive",
        "02-read",
        "03-guard",
        "end-refused",
        "ticket",
    ]
    assert ground.ended() == {run_id: ("refused", None, len(died))}
    assert len(await ground.records("servicenow", "incident")) == 1
    assert await ground.duplicates() == []


@pytest.mark.real
async def test_a_run_that_fails_killed_at_each_checkpoint_fails_once_with_one_case_and_one_incident(
    ground: Ground,
) -> None:
    (deal,) = await ground.win("D12")
    await ground.fault("kantata", fault="server_error", method="POST", path="/workspaces", times=0)
    run_id = f"o2p:{deal.key}:1"
    died = ground.killed_everywhere(run_id)
    assert [place.rpartition(" ")[2] for place in died][-3:] == ["09-psa_project", "end-failed", "ticket"]
    assert ground.ended() == {run_id: ("failed", None, len(died))}
    assert len(await ground.records("servicenow", "incident")) == 1
    assert await ground.records("kantata", "external_references") == []
    assert await ground.duplicates() == []


@pytest.mark.real
async def test_a_deal_reopened_in_the_middle_and_killed_at_each_checkpoint_is_undone_once(ground: Ground) -> None:
    """Killed on the way forward and again on the way back."""
    (deal,) = await ground.win("D01")
    run_id = f"o2p:{deal.key}:1"
    ground.killed(run_id, 7)
    await ground.change("D01", StageName="Negotiation/Review")
    died = [place.rpartition(" ")[2] for place in ground.killed_everywhere(run_id)]
    assert [name for name in died if name.startswith("undo")] == [
        f"undo-{part}" for part in ("00-prepare", "11-people", "09-psa_project", "08-erp_project", "05-contract")
    ] + ["undo-12-link", "undo-07-code"]
    assert ground.ended()[run_id][0] == "cancelled"
    assert await ground.records("netsuite", "job") == []
    (order,) = [o for o in await ground.records("netsuite", "salesOrder") if o["orderStatus"] != {"id": "B"}]
    assert order["orderStatus"] == {"id": "H"}, "closed"
    assert await ground.duplicates() == []
