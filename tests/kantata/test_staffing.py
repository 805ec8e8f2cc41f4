"""Demands and messages in Kantata: each once, whatever is lost on the way."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from canonical.faults import NotFound, OutcomeUnknown, VendorDown, VendorRefused
from canonical.objects import Project, ResourceDemand
from canonical.ports.systems import Message
from foundation.sandbox import Box, FaultRule
from system_apis.kantata.adapter import Kantata
from tests.kantata.conftest import KEY

ENGINEER = f"{KEY}:role:2"


@pytest.fixture
async def workspace(kantata: Kantata, project: Project) -> str:
    return (await kantata.upsert_project(KEY, project)).id


def demand(workspace: str, **other: Any) -> ResourceDemand:
    fields: dict[str, Any] = {"project_id": workspace, "role": "Data Engineer", "hours": Decimal("600.25")}
    return ResourceDemand(**fields | {"start": date(2026, 12, 1), "end": date(2027, 7, 31)} | other)


async def test_a_demand_is_read_back_as_it_was_written(kantata: Kantata, workspace: str) -> None:
    written = await kantata.upsert_resource_demand(ENGINEER, demand(workspace))
    [found] = await kantata.resource_demands(workspace)
    assert (written.created, found.id) == (True, written.id)
    assert (found.role, found.hours, found.start, found.end) == (
        "Data Engineer", Decimal("600.25"), date(2026, 12, 1), date(2027, 7, 31),
    )  # fmt: skip
    assert (found.commitment, found.status, found.xrefs[0].alt_key) == ("soft", "open", ENGINEER)


async def test_a_second_write_of_the_same_changes_nothing(box: Box, kantata: Kantata, workspace: str) -> None:
    first = await kantata.upsert_resource_demand(ENGINEER, demand(workspace))
    writes = len(box.store.writes())
    second = await kantata.upsert_resource_demand(ENGINEER, demand(workspace))
    assert (second.id, second.created) == (first.id, False)
    assert len(box.store.writes()) == writes


async def test_a_change_of_hours_and_commitment_reaches_it(kantata: Kantata, workspace: str) -> None:
    await kantata.upsert_resource_demand(ENGINEER, demand(workspace))
    await kantata.upsert_resource_demand(ENGINEER, demand(workspace, hours=Decimal(8), commitment="hard"))
    [found] = await kantata.resource_demands(workspace)
    assert (found.hours, found.commitment) == (Decimal(8), "hard")


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("fault", ["timeout_after_commit", "timeout_before_commit", "truncated_body", "server_error"])
async def test_whichever_create_is_lost_the_repeat_completes_without_a_twin(
    box: Box, kantata: Kantata, workspace: str, project: Project, fault: Any, nested: bool
) -> None:
    box.store.set_setting("nested_references", nested)
    for lost in range(2 if nested else 3):
        box.faults.add(FaultRule(fault=fault, method="POST", after=lost))
        with pytest.raises((OutcomeUnknown, VendorDown)):
            await kantata.upsert_resource_demand(ENGINEER, demand(workspace))
        await kantata.upsert_resource_demand(ENGINEER, demand(workspace))
        assert box.store.duplicates() == []
        assert len(await kantata.resource_demands(workspace)) == 1
        box.reset()
        workspace = (await kantata.upsert_project(KEY, project)).id


async def test_two_demands_for_one_role_stay_two(box: Box, kantata: Kantata, workspace: str) -> None:
    for key in (f"{KEY}:role:1", f"{KEY}:role:2", f"{KEY}:role:1"):
        await kantata.upsert_resource_demand(key, demand(workspace))
    assert len(await kantata.resource_demands(workspace)) == 2
    assert box.store.duplicates() == []


async def test_a_demand_whose_reference_is_lost_is_found_by_its_place(
    box: Box, kantata: Kantata, workspace: str
) -> None:
    first = await kantata.upsert_resource_demand(ENGINEER, demand(workspace))
    for reference in box.store.find("external_references", service_model_ref=ENGINEER):
        box.store.delete("external_references", reference["id"])
    second = await kantata.upsert_resource_demand(ENGINEER, demand(workspace))
    assert (second.id, second.created) == (first.id, False)


async def test_a_cancelled_demand_is_gone_and_can_come_back(box: Box, kantata: Kantata, workspace: str) -> None:
    await kantata.upsert_resource_demand(ENGINEER, demand(workspace))
    for _ in range(2):
        await kantata.upsert_resource_demand(ENGINEER, demand(workspace, status="cancelled"))
        assert await kantata.resource_demands(workspace) == []
        assert box.store.all("workspace_resources") == []
    again = await kantata.upsert_resource_demand(ENGINEER, demand(workspace))
    assert again.created is True
    references = box.store.find("external_references", service_model_ref=ENGINEER)
    assert [reference["subject_id"] for reference in references] == [again.id]


async def test_a_demand_whose_place_was_renamed_is_withdrawn_with_it(
    box: Box, kantata: Kantata, workspace: str
) -> None:
    await kantata.upsert_resource_demand(ENGINEER, demand(workspace))
    [place] = box.store.all("workspace_resources")
    box.store.update("workspace_resources", place["id"], {"label": "Somebody good with meters"})
    [renamed] = await kantata.resource_demands(workspace)
    assert renamed.role == "Somebody good with meters"
    await kantata.upsert_resource_demand(ENGINEER, demand(workspace, status="cancelled"))
    assert box.store.all("workspace_resources") == []


async def test_a_place_a_person_has_taken_is_filled_and_outlives_a_cancel(
    box: Box, kantata: Kantata, workspace: str
) -> None:
    await kantata.upsert_resource_demand(ENGINEER, demand(workspace))
    [place] = box.store.all("workspace_resources")
    box.store.update("workspace_resources", place["id"], {"user_id": "9002"})
    assert [each.status for each in await kantata.resource_demands(workspace)] == ["filled"]
    await kantata.upsert_resource_demand(ENGINEER, demand(workspace, status="cancelled"))
    assert len(box.store.all("workspace_resources")) == 1
    assert await kantata.resource_demands(workspace) == []


async def test_a_demand_the_wrong_way_round_is_refused(kantata: Kantata, workspace: str) -> None:
    with pytest.raises(VendorRefused) as refusal:
        await kantata.upsert_resource_demand(ENGINEER, demand(workspace, end=date(2026, 1, 1)))
    assert [error.pointer for error in refusal.value.errors] == ["/end_date"]


async def test_the_demands_of_no_project_are_not_found(kantata: Kantata) -> None:
    with pytest.raises(NotFound):
        await kantata.resource_demands("1")


@pytest.mark.parametrize("fault", ["timeout_after_commit", "timeout_before_commit", "truncated_body"])
async def test_a_message_is_posted_once_even_when_its_answer_is_lost(
    box: Box, kantata: Kantata, workspace: str, fault: Any
) -> None:
    message = Message(key="o2p:1:welcome", text="ACME-US-0002 is ready.\nStart: 1 December")
    box.faults.add(FaultRule(fault=fault, method="POST", path="/posts"))
    with pytest.raises(OutcomeUnknown):
        await kantata.post_message(workspace, message)
    posted = await kantata.post_message(workspace, message)
    again = await kantata.post_message(workspace, message)
    assert (again.id, again.created) == (posted.id, False)
    [post] = box.store.all("posts")
    assert post["message"].startswith(message.text)


async def test_two_messages_of_one_text_are_two_posts(box: Box, kantata: Kantata, workspace: str) -> None:
    for key in ("a", "b"):
        await kantata.post_message(workspace, Message(key=key, text="Ready"))
    assert len(box.store.all("posts")) == 2
    assert box.store.duplicates() == []


async def test_a_message_to_no_project_is_not_found(kantata: Kantata) -> None:
    with pytest.raises(NotFound):
        await kantata.post_message("1", Message(key="a", text="Ready"))
