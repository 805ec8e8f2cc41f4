"""Projects in Certinia: whole or not there, once whatever is lost on the way, and its own people are respected."""

from typing import Any

import pytest

from canonical.faults import Conflict, Fault, Invalid, NotFound, OutcomeUnknown, VendorDown, VendorRefused
from canonical.money import Money
from canonical.objects import Milestone, Project, Task
from canonical.ports.systems import StageChange
from foundation.sandbox import Box, FaultRule, Record
from foundation.sandbox.firm import ACCOUNTS
from foundation.sandbox.salesforce import rows
from system_apis.certinia.adapter import Certinia
from tests.certinia.conftest import KEY, grid_analytics

ORG = ("pse__Proj__c", "pse__Budget__c", "pse__Project_Task__c", "pse__Milestone__c")


def there(box: Box, kind: str, **equal: str | bool) -> list[Record]:
    return box.store.find(kind, IsDeleted=False, **equal)


def save(box: Box, kind: str, record_id: str, **fields: Any) -> None:
    rows.update(box, rows.kind_of(box, kind), record_id, fields)


async def test_a_project_is_four_objects_and_hangs_on_the_firms_own(
    box: Box, certinia: Certinia, project: Project
) -> None:
    written = await certinia.upsert_project(KEY, project)
    [kept] = there(box, "pse__Proj__c")
    assert (written.created, kept["Id"], kept["pse__Project_ID__c"]) == (True, written.id, "PR-000001")
    assert kept["pse__Account__c"] == ACCOUNTS[1].id
    [region] = there(box, "pse__Region__c", Legal_Entity__c="ACME-US")
    [practice] = there(box, "pse__Practice__c", Practice_Code__c="Data")
    assert (kept["pse__Region__c"], kept["pse__Practice__c"]) == (region["Id"], practice["Id"])
    manager = box.store.get("Contact", kept["pse__Project_Manager__c"]) or {}
    assert manager["Email"] == "owen.tran@acme.example"
    assert [len(there(box, kind)) for kind in ORG] == [1, 1, 3, 2]


@pytest.mark.parametrize("fault", ["timeout_after_commit", "timeout_before_commit", "truncated_body", "server_error"])
async def test_whichever_write_is_lost_it_is_whole_or_not_found_and_the_repeat_completes_it(
    box: Box, certinia: Certinia, project: Project, fault: Any
) -> None:
    for lost in range(5):
        box.faults.add(FaultRule(fault=fault, method="PATCH", after=lost))
        with pytest.raises((OutcomeUnknown, VendorDown)):
            await certinia.upsert_project(KEY, project)
        try:
            found = await certinia.project_by_key(KEY)
        except NotFound:
            pass
        else:
            assert (len(found.tasks), len(found.milestones), found.budget) == (3, 2, project.budget)
        await certinia.upsert_project(KEY, project)
        assert [len(there(box, kind)) for kind in ORG] == [1, 1, 3, 2]
        assert box.store.duplicates() == []
        box.reset()


async def test_what_people_removed_stays_removed_and_what_they_added_stays(
    box: Box, certinia: Certinia, project: Project
) -> None:
    written = await certinia.upsert_project(KEY, project)
    for kind, key in (("pse__Project_Task__c", f"{KEY}:task:close"), ("pse__Milestone__c", f"{KEY}:milestone:live")):
        [gone] = there(box, kind, Tiergate_Key__c=key)
        rows.delete(box, rows.kind_of(box, kind), gone["Id"])
    own: Record = {"Name": "Travel plan", "pse__Project__c": written.id}
    rows.create(box, rows.kind_of(box, "pse__Project_Task__c"), own)
    await certinia.upsert_project(KEY, project)
    found = await certinia.project_by_key(KEY)
    assert sorted(task.name for task in found.tasks) == ["Delivery", "Set-up", "Travel plan"]
    assert [milestone.ref for milestone in found.milestones] == ["design"]


async def test_what_is_so_already_is_not_saved_again(box: Box, certinia: Certinia, project: Project) -> None:
    await certinia.upsert_project(KEY, project)
    before = len(box.store.writes())
    await certinia.upsert_project(KEY, project)
    assert [write.kind for write in box.store.writes()][before:] == ["pse__Proj__c", "pse__Budget__c"]


async def test_a_code_belongs_to_one_project(certinia: Certinia, project: Project) -> None:
    await certinia.upsert_project(KEY, project)
    with pytest.raises(Conflict, match=KEY):
        await certinia.upsert_project("salesforce:0065g00000OtherEAA", project)


async def test_a_project_gets_another_code_under_its_key(certinia: Certinia, project: Project) -> None:
    first = await certinia.upsert_project(KEY, project)
    again = await certinia.upsert_project(KEY, grid_analytics(code="US-26-0009"))
    assert (again.id, again.created) == (first.id, False)
    assert (await certinia.project_by_key(KEY)).code == "US-26-0009"


async def test_one_that_people_began_with_our_code_becomes_ours(box: Box, certinia: Certinia, project: Project) -> None:
    begun: Record = {"Name": "Grid", "Project_Code__c": project.code, "CurrencyIsoCode": "USD"}
    made = rows.create(box, rows.kind_of(box, "pse__Proj__c"), begun)
    assert (await certinia.upsert_project(KEY, project)).id == made["Id"]
    assert (await certinia.project_by_key(KEY)).name == project.name


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("legal_entity_id", "ACME-FR", None),
        ("practice", "Astrology", None),
        ("project_manager", "nobody@acme.example", "/project_manager"),
    ],
)
async def test_master_data_that_is_not_there_is_named_and_nothing_is_written(
    box: Box, certinia: Certinia, field: str, value: str, pointer: str | None
) -> None:
    with pytest.raises(VendorRefused, match=value) as refused:
        await certinia.upsert_project(KEY, grid_analytics(**{field: value}))
    assert [error.pointer for error in refused.value.errors] == ([pointer] if pointer else [])
    assert box.store.writes() == []


async def test_two_resources_with_one_address_are_not_guessed_between(
    box: Box, certinia: Certinia, project: Project
) -> None:
    twin: Record = {"LastName": "Tran", "Email": project.project_manager, "pse__Is_Resource__c": True}
    rows.create(box, rows.kind_of(box, "Contact"), twin | {"pse__Is_Resource_Active__c": True})
    with pytest.raises(VendorRefused, match="2 active resources have"):
        await certinia.upsert_project(KEY, project)


async def test_a_customer_of_another_crm_is_found_by_our_key_or_kept_as_one(box: Box, certinia: Certinia) -> None:
    foreign = "dataverse:2b1c0e9e-6d5d-ee11-be6f-000d3a2b9f4c"
    first = await certinia.upsert_project(KEY, grid_analytics(account_id=foreign))
    assert (box.store.get("pse__Proj__c", first.id) or {})["pse__Account__c"] is None
    save(box, "Account", ACCOUNTS[3].id, Tiergate_Key__c=foreign)
    await certinia.upsert_project(KEY, grid_analytics(account_id=foreign))
    assert (box.store.get("pse__Proj__c", first.id) or {})["pse__Account__c"] == ACCOUNTS[3].id
    assert (await certinia.project_by_key(KEY)).account_id == foreign


async def test_a_stage_moves_its_switches(box: Box, certinia: Certinia, project: Project) -> None:
    written = await certinia.upsert_project(KEY, project)
    seen = {}
    for stage in ("active", "on_hold", "closed", "cancelled", "planned"):
        await certinia.set_project_stage(written.id, StageChange(stage=stage))  # type: ignore[arg-type]  # the stages
        kept = box.store.get("pse__Proj__c", written.id) or {}
        seen[stage] = (kept["pse__Stage__c"], kept["pse__Is_Active__c"], kept["pse__Closed_for_Time_Entry__c"])
    assert seen == {
        "active": ("In Progress", True, False),
        "on_hold": ("On Hold", False, False),
        "closed": ("Completed", False, True),
        "cancelled": ("Cancelled", False, True),
        "planned": ("Planned", False, False),
    }


async def test_an_approved_milestone_is_left_as_it_is_and_not_changed(
    box: Box, certinia: Certinia, project: Project
) -> None:
    await certinia.upsert_project(KEY, project)
    [stone] = there(box, "pse__Milestone__c", Tiergate_Key__c=f"{KEY}:milestone:design")
    save(box, "pse__Milestone__c", stone["Id"], pse__Status__c="Approved")
    await certinia.upsert_project(KEY, project)
    assert (await certinia.project_by_key(KEY)).milestones[0].billing_status == "ready"
    dearer = Milestone(ref="design", name="Design accepted", due=project.milestones[0].due, amount=Money.of(1, "USD"))
    with pytest.raises(VendorRefused, match="approved record"):
        await certinia.upsert_project(KEY, grid_analytics(milestones=[dearer]))


@pytest.mark.parametrize(
    "wrong",
    [
        {"tasks": [Task(ref="a", name="A", parent_ref="b"), Task(ref="b", name="B", parent_ref="a")]},
        {"tasks": [Task(ref="a", name="A", parent_ref="nobody")]},
        {"budget": Money.of(1, "EUR")},
    ],
)
async def test_what_cannot_be_kept_is_refused_with_its_place(certinia: Certinia, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        await certinia.upsert_project(KEY, grid_analytics(**wrong))
    assert {error.pointer for error in refused.value.errors} <= {"/tasks", "/budget"}


async def test_a_plan_of_many_tasks_is_saved_in_batches(box: Box, certinia: Certinia) -> None:
    tasks = [Task(ref=f"t{n}", name=f"Task {n}") for n in range(120)]
    await certinia.upsert_project(KEY, grid_analytics(tasks=tasks))
    assert len(there(box, "pse__Project_Task__c")) == 120
    assert len((await certinia.project_by_key(KEY)).tasks) == 120


async def test_the_order_of_dates_is_the_packages_to_judge(box: Box, certinia: Certinia, project: Project) -> None:
    assert project.start
    with pytest.raises(VendorRefused, match="must not be before") as refused:
        await certinia.upsert_project(KEY, grid_analytics(end=project.start.replace(year=2025)))
    assert [error.pointer for error in refused.value.errors] == ["/pse__End_Date__c"]
    assert box.store.writes() == []


async def test_a_word_of_the_orgs_own_is_drift(box: Box, certinia: Certinia, project: Project) -> None:
    written = await certinia.upsert_project(KEY, project)
    box.store.update("pse__Proj__c", written.id, {"pse__Stage__c": "Pending Go/No Go"})
    with pytest.raises(Fault, match="Pending Go/No Go"):
        await certinia.project(written.id)
