"""Time as it is posted: records of time sheets under our key, changed by one that takes their place."""

from decimal import Decimal

import msgspec
import pytest

from canonical.faults import Conflict, Drifted, Fault, Invalid, NotFound, VendorRefused
from canonical.money import Money
from canonical.objects import ProjectSetup, Task, TimeEntry
from canonical.ports.setups import TaskPage
from foundation.sandbox import Box, FaultRule
from system_apis.sap_s4hana.adapter import SapS4hana
from tests.ports import objects

KEY = objects.TIME
TIME = "TimeSheetEntryCollection"


@pytest.fixture
async def project(sap: SapS4hana) -> str:
    customer = await sap.upsert_customer(objects.CUSTOMER, objects.customer())
    return (await sap.upsert_project(objects.DEAL, objects.project(account_id=customer.id, stage="active"))).id


def keys(box: Box) -> list[str]:
    """The store's keys of all records."""
    parts = ("PersonWorkAgreementExternalID", "CompanyCode", "TimeSheetRecord")
    return ["|".join(row[name] for name in parts) for row in box.store.all(TIME)]


def statuses(box: Box) -> list[str]:
    return sorted(each["TimeSheetStatus"] for each in box.store.all(TIME))


async def test_time_is_of_a_task_or_of_the_project_as_a_whole(sap: SapS4hana, box: Box, project: str) -> None:
    await sap.upsert_tasks(project, TaskPage(tasks=[Task(ref="build", name="Build")]))
    rated = {"bill_rate": Money.of("160.00", "EUR"), "work_type": "On site", "role": "Engineer", "billable": False}
    for task, element in (("build", "DE-27-0077.0001"), ("", "DE-27-0077-PLAN")):
        await sap.set_project_setup(project, ProjectSetup(open_for_time=True))
        await sap.upsert_time_posting(KEY + task, objects.time_entry(project_id=project, task_id=task, **rated))
        found = await sap.time_posting_by_key(KEY + task)
        told = (found.task_id, found.bill_rate, found.work_type, found.role, found.billable)
        assert told == (task, *rated.values())
        (row,) = box.store.find(TIME, YY1_TGKey_TIM=KEY + task)
        assert (row["TimeSheetDataFields/WBSElement"], row["TimeSheetDataFields/ActivityType"]) == (element, "T001")
        assert (found.legal_entity_id, found.resource_id) == ("ACME-DE", row["PersonWorkAgreementExternalID"])


async def test_minutes_are_told_while_they_come_to_the_hours_that_sap_costs(
    sap: SapS4hana, box: Box, project: str
) -> None:
    odd = objects.time_entry(project_id=project, minutes=20, hours=Decimal("0.3333"))
    await sap.upsert_time_posting(KEY, odd)
    found = await sap.time_posting_by_key(KEY)
    assert (found.minutes, found.hours) == (20, Decimal("0.33"))
    box.store.update(TIME, keys(box)[0], {"TimeSheetDataFields/RecordedHours": "1.00"})
    edited = await sap.time_posting_by_key(KEY)
    assert (edited.minutes, edited.hours) == (None, Decimal("1.00"))


@pytest.mark.parametrize("in_place", [False, True])
async def test_a_change_leaves_one_record_that_counts_and_a_repeat_writes_nothing(
    sap: SapS4hana, box: Box, project: str, in_place: bool
) -> None:
    box.store.set_setting("time_changed_in_place", in_place)
    data = objects.time_entry(project_id=project)
    made = await sap.upsert_time_posting(KEY, data)
    assert made.created
    for _ in range(2):
        done = await sap.upsert_time_posting(KEY, msgspec.structs.replace(data, hours=Decimal(3), minutes=180))
        assert ((await sap.time_posting_by_key(KEY)).hours, done.created) == (Decimal(3), False)
        assert (await sap.time_posting_by_key(KEY)).id == done.id
        assert (done.id == made.id) is in_place
        assert statuses(box) == (["30"] if in_place else ["30", "50"])
    for key in keys(box):
        box.store.update(TIME, key, {"TimeSheetStatus": "60"})
    with pytest.raises(NotFound):
        await sap.time_posting_by_key(KEY)


@pytest.mark.parametrize("fault", ["timeout_after_commit", "timeout_before_commit", "truncated_body"])
async def test_a_posting_whose_answer_is_lost_is_settled_by_its_key(
    sap: SapS4hana, box: Box, project: str, fault: str
) -> None:
    data = objects.time_entry(project_id=project)
    box.faults.add(msgspec.convert({"fault": fault, "delay": 0.01, "method": "POST", "path": f"/{TIME}"}, FaultRule))
    with pytest.raises(Fault):
        await sap.upsert_time_posting(KEY, data)
    if fault == "timeout_before_commit":
        with pytest.raises(NotFound):
            await sap.time_posting_by_key(KEY)
    else:
        assert (await sap.time_posting_by_key(KEY)).hours == data.hours
    await sap.upsert_time_posting(KEY, data)
    assert statuses(box) == ["30"]


async def test_how_far_time_is_goes_along(sap: SapS4hana, box: Box, project: str) -> None:
    for status, kept in (("draft", "10"), ("submitted", "20"), ("rejected", "40"), ("approved", "30")):
        await sap.upsert_time_posting(KEY, objects.time_entry(project_id=project, status=status))
        assert ((await sap.time_posting_by_key(KEY)).status, statuses(box)) == (status, [kept])
        assert box.store.all(TIME)[0]["TimeSheetIsReleasedOnSave"] is (status != "draft")
    billed = await sap.upsert_time_posting(KEY, objects.time_entry(project_id=project, status="billed"))
    assert ((await sap.time_posting_by_key(KEY)).status, billed.created) == ("approved", False)
    box.store.update(TIME, keys(box)[0], {"TimeSheetStatus": "99"})
    with pytest.raises(Drifted, match="TimeSheetStatus holds '99'"):
        await sap.time_posting_by_key(KEY)


async def test_what_sap_cannot_keep_is_refused_at_its_place(sap: SapS4hana, box: Box, project: str) -> None:
    for more, pointer in (
        ({"project_id": "PRJ-1"}, "/project_id"),
        ({"task_id": "never"}, "/task_id"),
        ({"resource": "nobody@acme.example"}, "/resource"),
        ({"resource": ""}, "/resource"),
        ({"hours": Decimal("2.555"), "minutes": None}, "/hours"),
        ({"hours": Decimal(100), "minutes": None}, "/hours"),
        ({"bill_rate": Money.of(1, "USD")}, "/bill_rate"),
        ({"corrects": "x" * 101}, "/corrects"),
    ):
        with pytest.raises(Invalid) as refused:
            await sap.upsert_time_posting(KEY, objects.time_entry(**{"project_id": project} | more))
        assert [error.pointer for error in refused.value.errors] == [pointer]
    await sap.set_project_setup(project, ProjectSetup(open_for_time=False))
    with pytest.raises(VendorRefused, match="locked"):
        await sap.upsert_time_posting(KEY, objects.time_entry(project_id=project))
    assert box.store.all(TIME) == []


async def test_time_of_somebody_else_is_a_conflict_and_people_are_those_of_the_projects_company(
    sap: SapS4hana, box: Box, project: str
) -> None:
    (ours,) = box.store.find("ZTG_Worker", Email="katrin.behrens@acme.example")
    abroad = {"Email": ours["Email"], "CompanyCode": "1710", "ActivityType": "T009"}
    box.store.insert("ZTG_Worker", "P000001", abroad | {"PersonWorkAgreementExternalID": "P000001"})
    data: TimeEntry = objects.time_entry(project_id=project)
    await sap.upsert_time_posting(KEY, data)
    assert (await sap.time_posting_by_key(KEY)).resource_id == ours["PersonWorkAgreementExternalID"]
    box.store.update("ZTG_Worker", "P000001", {"Email": "mei.tan@acme.example"})
    with pytest.raises(Conflict, match="somebody else"):
        await sap.upsert_time_posting(KEY, msgspec.structs.replace(data, resource="mei.tan@acme.example"))
    assert statuses(box) == ["30"]
    box.store.delete("ZTG_Worker", ours["PersonWorkAgreementExternalID"])
    with pytest.raises(Drifted, match="does not know a person"):
        await sap.time_posting_by_key(KEY)
