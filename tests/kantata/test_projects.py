"""Projects in Kantata: made whole, found by key, and made once whatever is lost on the way."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import httpx
import msgspec
import pytest

from canonical.faults import Conflict, Drifted, Invalid, NotFound, OutcomeUnknown, VendorDown, VendorRefused
from canonical.money import Money
from canonical.objects import Milestone, Project, ProjectStage, Task
from canonical.ports.systems import StageChange
from foundation.sandbox import Box, FaultRule, Record
from system_apis.kantata.adapter import Kantata
from system_apis.kantata.sandbox.brainstem import create
from tests.kantata.conftest import KEY, grid_analytics

ENVELOPE = ("id", "xrefs", "source")


def facts(project: Project) -> dict[str, Any]:
    """A project without what only the system that holds it can say; its tasks in no order."""
    told = {name: value for name, value in msgspec.structs.asdict(project).items() if name not in ENVELOPE}
    return told | {"tasks": sorted(project.tasks, key=lambda task: task.ref)}


def made(box: Box) -> list[tuple[str, str]]:
    return [(write.kind, write.fact) for write in box.store.writes() if write.action == "create"]


async def test_a_project_is_read_back_as_it_was_written(kantata: Kantata, project: Project) -> None:
    written = await kantata.upsert_project(KEY, project)
    by_key, by_id = await kantata.project_by_key(KEY), await kantata.project(written.id)
    assert written.created is True
    assert facts(by_key) == facts(project)
    assert by_id == by_key
    assert by_key.xrefs[0].alt_key == KEY
    assert by_key.source is not None
    assert isinstance(by_key.source.updated_at, datetime)


async def test_a_second_write_of_the_same_changes_nothing(box: Box, kantata: Kantata, project: Project) -> None:
    first = await kantata.upsert_project(KEY, project)
    writes = len(box.store.writes())
    second = await kantata.upsert_project(KEY, project)
    assert (second.id, second.created) == (first.id, False)
    assert len(box.store.writes()) == writes


async def test_a_change_reaches_the_workspace_and_its_stories(kantata: Kantata, project: Project) -> None:
    await kantata.upsert_project(KEY, project)
    later = grid_analytics(
        name="Grid analytics, second phase",
        budget=Money.of("200000.00", "USD"),
        end=date(2027, 9, 30),
        tasks=[msgspec.structs.replace(task, planned_hours=Decimal(5)) for task in project.tasks],
    )
    await kantata.upsert_project(KEY, later)
    assert facts(await kantata.project_by_key(KEY)) == facts(later)


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("fault", ["timeout_after_commit", "timeout_before_commit", "truncated_body", "server_error"])
async def test_whichever_create_is_lost_the_repeat_completes_without_a_twin(
    box: Box, kantata: Kantata, project: Project, fault: Any, nested: bool
) -> None:
    box.store.set_setting("nested_references", nested)
    await kantata.upsert_project(KEY, project)
    whole, posts = facts(await kantata.project_by_key(KEY)), len(made(box))
    assert posts >= 7
    for lost in range(posts):
        box.reset()
        box.faults.add(FaultRule(fault=fault, method="POST", after=lost))
        try:
            await kantata.upsert_project(KEY, project)
        except (OutcomeUnknown, VendorDown):
            await kantata.upsert_project(KEY, project)
        assert box.store.duplicates() == []
        assert facts(await kantata.project_by_key(KEY)) == whole


async def test_a_project_is_not_found_by_key_before_it_is_whole(box: Box, kantata: Kantata, project: Project) -> None:
    box.faults.add(FaultRule(fault="timeout_after_commit", method="POST", path="/stories", after=1))
    with pytest.raises(OutcomeUnknown):
        await kantata.upsert_project(KEY, project)
    assert ("workspaces", "ACME-US-0002 · Kestrel Energy: Grid analytics rollout") in made(box)
    with pytest.raises(NotFound):
        await kantata.project_by_key(KEY)


async def test_a_lost_reference_is_made_again_and_no_twin(box: Box, kantata: Kantata, project: Project) -> None:
    first = await kantata.upsert_project(KEY, project)
    for reference in box.store.all("external_references"):
        box.store.delete("external_references", reference["id"])
    second = await kantata.upsert_project(KEY, project)
    assert (second.id, second.created) == (first.id, False)
    assert len(box.store.all("stories")) == 5
    assert (await kantata.project_by_key(KEY)).id == first.id


async def test_a_workspace_the_search_does_not_know_yet_is_found(box: Box, kantata: Kantata, project: Project) -> None:
    box.store.set_setting("search_lag_seconds", 60)
    box.faults.add(FaultRule(fault="timeout_after_commit", method="POST", path="/workspaces"))
    with pytest.raises(OutcomeUnknown):
        await kantata.upsert_project(KEY, project)
    await kantata.upsert_project(KEY, project)
    assert box.store.duplicates() == []


async def test_an_old_workspace_beyond_the_newest_page_is_found(box: Box, kantata: Kantata, project: Project) -> None:
    first = await kantata.upsert_project(KEY, project)
    for reference in box.store.all("external_references"):
        box.store.delete("external_references", reference["id"])
    with box.store.transaction():
        for number in range(201):
            create(box, "workspaces", {"title": f"Something else {number}", "creator_role": "maven"})
    assert (await kantata.upsert_project(KEY, project)).id == first.id


async def test_a_code_that_belongs_to_another_key_is_a_conflict(kantata: Kantata, project: Project) -> None:
    await kantata.upsert_project(KEY, project)
    with pytest.raises(Conflict, match="ACME-US-0002 belongs to salesforce:0065g00000KestreAAA"):
        await kantata.upsert_project("salesforce:other", project)


async def test_a_reference_to_a_vanished_workspace_is_pointed_anew(
    box: Box, kantata: Kantata, project: Project
) -> None:
    first = await kantata.upsert_project(KEY, project)
    box.store.delete("workspaces", first.id)
    for story in box.store.all("stories"):
        box.store.delete("stories", story["id"])
    second = await kantata.upsert_project(KEY, grid_analytics(tasks=[], milestones=[]))
    assert second.id != first.id
    assert (await kantata.project_by_key(KEY)).id == second.id


async def test_a_story_removed_by_its_owners_is_not_made_again(box: Box, kantata: Kantata, project: Project) -> None:
    await kantata.upsert_project(KEY, project)
    handover = box.store.find("stories", title="Handover")[0]
    box.store.delete("stories", handover["id"])
    await kantata.upsert_project(KEY, project)
    assert box.store.find("stories", title="Handover") == []


async def test_a_story_renamed_to_another_task_s_name_is_not_taken_for_it(box: Box, kantata: Kantata) -> None:
    alpha, beta = Task(ref="a", name="Alpha"), Task(ref="b", name="Beta")
    await kantata.upsert_project(KEY, grid_analytics(tasks=[alpha], milestones=[]))
    [story] = box.store.all("stories")
    box.store.update("stories", story["id"], {"title": "Beta"})
    await kantata.upsert_project(KEY, grid_analytics(tasks=[alpha, beta], milestones=[]))
    found = await kantata.project_by_key(KEY)
    assert [(task.ref, task.name) for task in found.tasks] == [("a", "Alpha"), ("b", "Beta")]


async def test_a_renamed_workspace_is_still_ours(box: Box, kantata: Kantata, project: Project) -> None:
    first = await kantata.upsert_project(KEY, project)
    box.store.update("workspaces", first.id, {"title": "The big one"})
    assert (await kantata.project_by_key(KEY)).name == "The big one"
    assert (await kantata.upsert_project(KEY, project)).id == first.id


async def test_what_people_wrote_in_the_description_stays(box: Box, kantata: Kantata, project: Project) -> None:
    first = await kantata.upsert_project(KEY, project)
    described = box.store.get("workspaces", first.id) or {}
    box.store.update("workspaces", first.id, {"description": described["description"] + "\nAsk Grace about the meters"})
    await kantata.upsert_project(KEY, grid_analytics(practice="Operations"))
    lines = (box.store.get("workspaces", first.id) or {})["description"].splitlines()
    assert lines[-1] == "Ask Grace about the meters"
    assert "Practice: Operations" in lines
    assert "Practice: Data" not in lines


@pytest.mark.parametrize("stage", ["planned", "active", "on_hold", "closed", "cancelled"])
async def test_every_stage_is_kept_and_found_even_when_archived(
    box: Box, kantata: Kantata, project: Project, stage: ProjectStage
) -> None:
    written = await kantata.upsert_project(KEY, project)
    await kantata.set_project_stage(written.id, StageChange(stage=stage))
    writes = len(box.store.writes())
    await kantata.set_project_stage(written.id, StageChange(stage=stage))
    assert len(box.store.writes()) == writes
    assert (await kantata.project_by_key(KEY)).stage == stage
    assert (await kantata.project(written.id)).stage == stage


async def test_a_cancelled_project_can_be_written_at_once(box: Box, kantata: Kantata) -> None:
    await kantata.upsert_project(KEY, grid_analytics(stage="cancelled"))
    assert (await kantata.project_by_key(KEY)).stage == "cancelled"
    assert box.store.find("workspaces", archived=True) != []


@pytest.mark.parametrize(
    ("currency", "amount", "units", "base"),
    [("USD", "186400.05", 18640005, 100), ("JPY", "500", 500, 1), ("KWD", "12.345", 12345, 1000)],
)
async def test_money_is_counted_in_the_currency_s_own_minor_units(
    box: Box, kantata: Kantata, currency: str, amount: str, units: int, base: int
) -> None:
    money = Money.of(amount, currency)
    milestone = Milestone(ref="all", name="All of it", due=date(2027, 1, 31), amount=money)
    await kantata.upsert_project(KEY, grid_analytics(currency=currency, budget=money, milestones=[milestone]))
    workspace = box.store.all("workspaces")[-1]
    assert (workspace["price_in_cents"], workspace["currency_base_unit"]) == (units, base)
    assert box.store.find("stories", story_type="milestone")[0]["budget_estimate_in_cents"] == units
    kept = await kantata.project_by_key(KEY)
    assert kept.budget is not None
    assert kept.budget.same(money)
    assert kept.milestones[0].amount == kept.budget


@pytest.mark.parametrize(
    ("amount", "pointer"), [(Money.of("0.005", "USD"), "/budget"), (Money.of("10", "EUR"), "/budget")]
)
async def test_an_amount_that_cannot_be_kept_exactly_is_refused_before_anything_is_written(
    box: Box, kantata: Kantata, amount: Money, pointer: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        await kantata.upsert_project(KEY, grid_analytics(budget=amount))
    assert [error.pointer for error in refusal.value.errors] == [pointer]
    assert box.store.writes() == []


async def test_a_milestone_in_another_currency_is_refused_before_anything_is_written(
    box: Box, kantata: Kantata
) -> None:
    milestone = Milestone(ref="m", name="M", due=date(2027, 1, 31), amount=Money.of(1, "EUR"))
    with pytest.raises(Invalid) as refusal:
        await kantata.upsert_project(KEY, grid_analytics(milestones=[milestone]))
    assert [error.pointer for error in refusal.value.errors] == ["/milestones/0/amount"]
    assert box.store.writes() == []


async def test_a_currency_counted_otherwise_there_is_noticed(project: Project) -> None:
    def answers(request: httpx.Request) -> httpx.Response:
        workspace: Record = {
            "id": "7", "title": "ACME-US-0002 · x", "status": {"key": 130}, "currency": "USD",
            "currency_base_unit": 1, "price_in_cents": 186400,
        }  # fmt: skip
        found = {"results": [{"key": "workspaces", "id": "7"}], "workspaces": {"7": workspace}}
        return httpx.Response(200, json=found if "/workspaces" in request.url.path else {"results": []})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answers), base_url="http://kantata") as http:
        with pytest.raises(Drifted, match="minor units"):
            await Kantata(http).upsert_project(KEY, project)


@pytest.mark.parametrize(
    "name",
    ["Fertigungsplanung für Blaue Elbe", "Ganga वस्त्र आपूर्ति", "供应链规划", "تخطيط الإمداد", "Планирование «Север»"],
)
async def test_names_in_any_script_come_back_as_they_were(kantata: Kantata, name: str) -> None:
    task = Task(ref="t", name=name, planned_hours=Decimal(8))
    await kantata.upsert_project(KEY, grid_analytics(name=name, tasks=[task], milestones=[]))
    found = await kantata.project_by_key(KEY)
    assert (found.name, found.tasks[0].name) == (name, name)


async def test_a_title_longer_than_kantata_takes_is_cut_and_stays_so(box: Box, kantata: Kantata) -> None:
    task = Task(ref="t", name="x" * 300)
    await kantata.upsert_project(KEY, grid_analytics(name="y" * 300, tasks=[task]))
    writes = len(box.store.writes())
    await kantata.upsert_project(KEY, grid_analytics(name="y" * 300, tasks=[task]))
    assert len(box.store.writes()) == writes


async def test_two_tasks_of_one_name_stay_two_even_without_their_references(box: Box, kantata: Kantata) -> None:
    tasks = [Task(ref="a", name="Testing"), Task(ref="b", name="Testing")]
    project = grid_analytics(tasks=tasks, milestones=[])
    await kantata.upsert_project(KEY, project)
    for reference in box.store.all("external_references"):
        box.store.delete("external_references", reference["id"])
    await kantata.upsert_project(KEY, project)
    assert sorted(task.ref for task in (await kantata.project_by_key(KEY)).tasks) == ["a", "b"]
    assert len(box.store.all("stories")) == 2


async def test_a_task_without_its_parent_is_refused_before_anything_is_written(box: Box, kantata: Kantata) -> None:
    tasks = [Task(ref="a", name="A", parent_ref="b"), Task(ref="b", name="B", parent_ref="a"), Task(ref="c", name="C")]
    with pytest.raises(Invalid) as refusal:
        await kantata.upsert_project(KEY, grid_analytics(tasks=tasks))
    assert [error.detail for error in refusal.value.errors] == ["a has no parent b", "b has no parent a"]
    assert box.store.writes() == []


async def test_more_stories_than_a_page_holds_are_all_read(box: Box, kantata: Kantata, project: Project) -> None:
    written = await kantata.upsert_project(KEY, project)
    with box.store.transaction():
        for number in range(400):
            create(box, "stories", {"workspace_id": written.id, "title": f"Extra {number}", "story_type": "task"})
    tasks = (await kantata.project(written.id)).tasks
    assert len({task.ref for task in tasks}) == 403


async def test_a_status_we_have_no_stage_for_is_drift(box: Box, kantata: Kantata, project: Project) -> None:
    written = await kantata.upsert_project(KEY, project)
    box.store.update("workspaces", written.id, {"status": {"key": 777, "message": "Simmering"}, "status_key": 777})
    with pytest.raises(Drifted, match="Simmering"):
        await kantata.project(written.id)


async def test_a_refusal_names_every_field(box: Box, kantata: Kantata) -> None:
    late = grid_analytics(currency="XTS", budget=None, milestones=[], start=date(2027, 1, 2), end=date(2027, 1, 1))
    with pytest.raises(VendorRefused) as refusal:
        await kantata.upsert_project(KEY, late)
    assert {error.pointer for error in refusal.value.errors} == {"/currency", "/due_date"}
    assert box.store.writes() == []
