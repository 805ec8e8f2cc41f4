"""A deal that is likely enough is prepared for: shown, gone on with when it is won, taken back when it is lost."""

import shutil
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from canonical.ports.processes import RunDetail
from foundation.sandbox import Box
from gateway.loader import PolicyError
from process_apis.deal_commitment.following import follow
from process_apis.events.intake import poll_once, work_off
from process_apis.platform import Commitment
from system_apis import Demo
from tests.process.world import World, world
from tiergate import configuration


@pytest.fixture
async def eager(tmp_path: Path, known: dict[str, Demo], boxes: dict[str, Box], empty: Path) -> AsyncIterator[World]:
    """A firm that prepares for deals from 95 % on."""
    path = tmp_path / "tiergate.sqlite"
    shutil.copy(empty, path)
    terms = Commitment(probability=Decimal("0.95"), stages=frozenset(["Verbal"]))
    async with world(f"sqlite:///{path}", known, boxes, commitment=terms) as made:
        await poll_once(made.platform, "salesforce")
        await work_off(made.platform)
        yield made


async def heard(firm: World) -> None:
    """What the CRM has changed arrives."""
    await poll_once(firm.platform, "salesforce")
    await work_off(firm.platform)


async def of_deal(firm: World, code: str, workflow: str = "deal_commitment") -> RunDetail | None:
    """The newest run of a deal, at its end."""
    key = f"salesforce:{firm.native(code)}"
    runs = [run for run in (await firm.operations.all_runs(limit=200)).items if run.business_key == key]
    mine = next((run for run in runs if run.workflow == workflow), None)
    if mine is None:
        return None
    await firm.finished_any(mine.id)
    return await firm.operations._detail(mine.id)


def planned(firm: World) -> list[tuple[str, str]]:
    """Projects of the PSA that were made for a deal, and their stage."""
    return [(each["title"], each["status"]["message"]) for each in firm.records("kantata", "workspaces")[1:]]


async def test_a_likely_deal_is_prepared_for_and_its_winning_goes_on_with_what_is_there(eager: World) -> None:
    assert await of_deal(eager, "D02") is None, "not likely enough"
    await eager.edit("Opportunity", eager.native("D02"), Probability=96)
    await heard(eager)
    run = await of_deal(eager, "D02")
    assert run is not None
    assert run.run.status == "succeeded", run.run.detail
    said = {step.name: step.summary for step in run.steps}
    assert said["template"].endswith("complete")
    assert "pass" in said["customer"]
    code = run.run.project_code
    assert [(title.startswith(code), stage) for title, stage in planned(eager)] == [(True, "Not Started")]
    asked = eager.records("kantata", "workspace_allocations")
    assert asked
    assert not any(each["hard"] for each in asked)
    assert eager.writes("netsuite") == [], "nothing is written to the books before the close"
    await heard(eager)
    assert len([r for r in (await eager.operations.all_runs()).items if r.workflow == "deal_commitment"]) == 1

    await eager.win("D02")
    await heard(eager)
    won = await of_deal(eager, "D02", "opportunity_to_project")
    assert won is not None
    assert (won.run.status, won.run.verified, won.run.project_code) == ("succeeded", True, code)
    assert [stage for _, stage in planned(eager)] == ["Active"]
    assert len(eager.records("kantata", "workspace_allocations")) == len(asked)
    assert eager.duplicates() == []
    await eager.edit("Opportunity", eager.native("D02"), StageName="Closed Lost")
    assert await follow(eager.platform, eager.native("D02"), "salesforce") == "", (
        "what was won is opportunity-to-project's"
    )
    assert [stage for _, stage in planned(eager)] == ["Active"]


async def test_a_deal_that_is_lost_has_all_taken_back_and_may_become_likely_again(eager: World) -> None:
    deal = eager.native("D11")
    await eager.edit("Opportunity", deal, Probability=95)
    await heard(eager)
    first = await of_deal(eager, "D11")
    assert first is not None
    assert first.run.status == "succeeded", first.run.detail
    assert planned(eager)[0][1] == "Not Started"
    (review,) = reviews(eager)
    assert (review["state"], first.steps[3].summary.partition(",")[0]) == ("1", "asked for")
    await eager.edit("Opportunity", deal, StageName="Closed Lost")
    await heard(eager)
    lost = await of_deal(eager, "D11")
    assert lost is not None
    assert (lost.run.id, lost.run.status) == (first.run.id, "cancelled")
    assert {step.status for step in lost.steps if step.name in ("people", "psa_project", "code")} == {"undone"}
    assert planned(eager)[0][1] == "Cancelled"
    assert eager.records("kantata", "workspace_allocations") == []
    (review,) = reviews(eager)
    assert review["state"] == "6", "closed"
    told = [each.type for each in (await eager.operations.trace(deal)).events]
    assert told[-1] == "com.tiergate.deal.uncommitted.v1"

    await eager.edit("Opportunity", deal, StageName="Negotiation/Review")
    await eager.edit("Opportunity", deal, Probability=96)
    await heard(eager)
    again = await of_deal(eager, "D11")
    assert again is not None
    assert (again.run.id, again.run.status) == (f"commit:salesforce:{deal}:2", "succeeded")
    assert again.run.project_code == first.run.project_code
    assert [stage for _, stage in planned(eager)] == ["Not Started"]


def reviews(firm: World) -> list[dict[str, Any]]:
    """Incidents that ask for a contract's review."""
    return [
        each for each in firm.records("servicenow", "incident") if "Review the contract" in each["short_description"]
    ]


def test_from_when_on_is_said_in_a_file_and_a_file_that_says_nothing_is_refused(tmp_path: Path) -> None:
    assert not configuration.commitment(tmp_path).given
    file = tmp_path / "commitment.yaml"
    file.write_text("probability: 85%\nstages: [Verbal]\n")
    assert configuration.commitment(tmp_path) == Commitment(probability=Decimal("0.85"), stages=frozenset(["Verbal"]))
    file.write_text("{}\n")
    with pytest.raises(PolicyError, match=r"commitment.yaml:1: say probability, stages, or both"):
        configuration.commitment(tmp_path)
