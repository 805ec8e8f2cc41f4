"""Requests for people and messages in Certinia: each once, and what the staffing desk did stands."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from canonical.faults import Invalid, NotFound, OutcomeUnknown, VendorRefused
from canonical.objects import Project, ResourceDemand
from canonical.ports.systems import Message
from foundation.sandbox import Box, FaultRule, Record
from foundation.sandbox.salesforce import rows
from system_apis.certinia import bookings
from system_apis.certinia.adapter import Certinia
from tests.certinia.conftest import KEY
from tests.ports import objects

ENGINEER = f"{KEY}:role2"


@pytest.fixture
async def project_id(certinia: Certinia, project: Project) -> str:
    return (await certinia.upsert_project(KEY, project)).id


def demand(project_id: str, **other: Any) -> ResourceDemand:
    fields: dict[str, Any] = {"project_id": project_id, "role": "Data Engineer", "hours": Decimal("600.25")}
    return ResourceDemand(**fields | {"start": date(2026, 12, 1), "end": date(2027, 7, 31)} | other)


def staffed(box: Box, request_id: str, project_id: str) -> None:
    """The staffing desk assigns somebody."""
    [person, *_] = box.store.find("Contact", pse__Is_Resource__c=True)
    fields: Record = {"Name": "Grid", "pse__Project__c": project_id, "pse__Resource__c": person["Id"]}
    made = rows.create(box, rows.kind_of(box, "pse__Assignment__c"), fields | {"pse__Resource_Request__c": request_id})
    rows.update(box, rows.kind_of(box, "pse__Resource_Request__c"), request_id, {"pse__Assignment__c": made["Id"]})


async def test_a_request_takes_over_what_its_project_has(box: Box, certinia: Certinia, project_id: str) -> None:
    written = await certinia.upsert_resource_demand(ENGINEER, demand(project_id))
    kept = box.store.get("pse__Resource_Request__c", written.id) or {}
    of = box.store.get("pse__Proj__c", project_id) or {}
    assert (kept["Name"], kept["pse__Status__c"], kept["CurrencyIsoCode"]) == ("RR-000001", "Tentative", "USD")
    for name in ("pse__Region__c", "pse__Practice__c"):
        assert kept[name] == of[name] is not None


async def test_the_status_is_ours_until_somebody_moves_it(box: Box, certinia: Certinia, project_id: str) -> None:
    written = await certinia.upsert_resource_demand(ENGINEER, demand(project_id))
    await certinia.upsert_resource_demand(ENGINEER, demand(project_id, commitment="hard"))
    [found] = await certinia.resource_demands(project_id)
    assert (found.commitment, found.status) == ("hard", "open")
    rows.update(box, rows.kind_of(box, "pse__Resource_Request__c"), written.id, {"pse__Status__c": "Hold"})
    await certinia.upsert_resource_demand(ENGINEER, demand(project_id, commitment="hard", hours=Decimal(8)))
    kept = box.store.get("pse__Resource_Request__c", written.id) or {}
    assert (kept["pse__Status__c"], kept["pse__SOW_Hours__c"]) == ("Hold", 8)


async def test_a_request_is_withdrawn_twice_and_comes_back(certinia: Certinia, project_id: str) -> None:
    first = await certinia.upsert_resource_demand(ENGINEER, demand(project_id))
    for _ in range(2):
        await certinia.upsert_resource_demand(ENGINEER, demand(project_id, status="cancelled"))
        assert await certinia.resource_demands(project_id) == []
    again = await certinia.upsert_resource_demand(ENGINEER, demand(project_id))
    assert (again.created, again.id == first.id) == (True, False)


async def test_a_staffed_request_is_filled_and_is_not_taken_back(box: Box, certinia: Certinia, project_id: str) -> None:
    written = await certinia.upsert_resource_demand(ENGINEER, demand(project_id))
    staffed(box, written.id, project_id)
    assert [each.status for each in await certinia.resource_demands(project_id)] == ["filled"]
    with pytest.raises(VendorRefused, match="is staffed already"):
        await certinia.upsert_resource_demand(ENGINEER, demand(project_id, status="cancelled"))
    assert len(await certinia.resource_demands(project_id)) == 1


async def test_a_request_the_wrong_way_round_is_refused(certinia: Certinia, project_id: str) -> None:
    with pytest.raises(VendorRefused) as refused:
        await certinia.upsert_resource_demand(ENGINEER, demand(project_id, end=date(2026, 1, 1)))
    assert [error.pointer for error in refused.value.errors] == ["/pse__End_Date__c"]


@pytest.mark.parametrize("fault", ["timeout_after_commit", "timeout_before_commit", "truncated_body"])
async def test_a_message_is_posted_once_even_when_its_answer_is_lost(
    box: Box, certinia: Certinia, project_id: str, fault: Any
) -> None:
    message = Message(key=f"{KEY}:open", text="US-26-0002 is open.\nFrom 1 December")
    box.faults.add(FaultRule(fault=fault, method="POST", path="/sobjects/FeedItem"))
    with pytest.raises(OutcomeUnknown):
        await certinia.post_message(project_id, message)
    posted = await certinia.post_message(project_id, message)
    assert (await certinia.post_message(project_id, message)).id == posted.id
    [post] = box.store.all("FeedItem")
    assert (post["Type"], post["Body"]) == ("TextPost", f"{message.text}\n\n({KEY}:open)")


async def test_two_messages_of_one_text_are_two_posts(box: Box, certinia: Certinia, project_id: str) -> None:
    for key in ("a", "b"):
        await certinia.post_message(project_id, Message(key=key, text="Ready"))
    assert len(box.store.all("FeedItem")) == 2


async def test_a_message_or_a_request_to_no_project_is_not_found(certinia: Certinia) -> None:
    for nobody in ("a3L5g000000Kst1EAC", "../../x", ""):
        with pytest.raises(NotFound):
            await certinia.post_message(nobody, Message(key="a", text="Ready"))
        with pytest.raises(NotFound):
            await certinia.upsert_resource_demand(ENGINEER, demand(nobody))


# --- bookings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "hours", "each", "weekend"),
    [
        (date(2027, 1, 4), date(2027, 1, 8), "40", "8", "0"),
        (date(2027, 1, 4), date(2027, 1, 17), "10", "1", "0"),
        (date(2027, 1, 9), date(2027, 1, 10), "7", "0", "3.5"),
        (date(2027, 1, 4), date(2027, 1, 6), "10", "3.33", "0"),
    ],
)
def test_the_hours_of_a_booking_lie_on_its_working_days(
    start: date, end: date, hours: str, each: str, weekend: str
) -> None:
    asked = objects.booking(project_id="1", start=start, end=end, hours=Decimal(hours))
    week = bookings.schedule_of(asked)
    assert (week.start, week.end, week.monday, week.saturday) == (start, end, Decimal(each), Decimal(weekend))


async def test_a_booking_moves_and_its_assignment_with_it(box: Box, certinia: Certinia, project_id: str) -> None:
    first = objects.booking(project_id=project_id)
    made = await certinia.upsert_booking(objects.BOOKING, first)
    writes = len(box.store.writes())
    assert (await certinia.upsert_booking(objects.BOOKING, first)).created is False
    assert len(box.store.writes()) == writes
    moved = replace(first, start=first.start + timedelta(days=7), hours=Decimal("12.25"), commitment="soft")
    assert (await certinia.upsert_booking(objects.BOOKING, moved)).id == made.id
    found = await certinia.booking_by_key(objects.BOOKING)
    assert (found.start, found.hours, found.commitment) == (moved.start, Decimal("12.25"), "soft")
    (schedule,) = box.store.all("pse__Schedule__c")
    (assignment,) = box.store.all("pse__Assignment__c")
    assert assignment["pse__Start_Date__c"] == schedule["pse__Start_Date__c"] == moved.start.isoformat()


async def test_a_released_booking_is_gone_and_may_be_made_again(box: Box, certinia: Certinia, project_id: str) -> None:
    asked = objects.booking(project_id=project_id)
    await certinia.upsert_booking(objects.BOOKING, asked)
    for _ in range(2):
        await certinia.upsert_booking(objects.BOOKING, replace(asked, status="released"))
        with pytest.raises(NotFound):
            await certinia.booking_by_key(objects.BOOKING)
    assert (await certinia.upsert_booking(objects.BOOKING, asked)).created is True
    live = [each for each in box.store.all("pse__Schedule__c") if not each["IsDeleted"]]
    assert len(live) == 1


async def test_somebody_the_org_does_not_know_is_refused_before_anything_is_written(
    box: Box, certinia: Certinia, project_id: str
) -> None:
    writes = len(box.store.writes())
    with pytest.raises(Invalid) as refused:
        await certinia.upsert_booking(objects.BOOKING, objects.booking(project_id=project_id, resource="x@y.example"))
    assert [each.pointer for each in refused.value.errors] == ["/resource"]
    assert len(box.store.writes()) == writes
