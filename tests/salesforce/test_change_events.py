"""Change Data Capture, passed on signed: every record it names is a change, and a gap hides none."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from canonical.faults import Invalid, Unauthenticated
from foundation.connections import Connection
from foundation.sandbox import Box
from foundation.sandbox.firm import Deal, deals
from system_apis.salesforce import connect
from system_apis.salesforce.adapter import Salesforce
from system_apis.salesforce.sandbox import org
from tests.ports.world import World
from tests.salesforce.test_notifications import NEW, delivery, sent

DEAL, OTHER = "006Tg0000000001IAA", "006Tg0000000002IAA"
MODIFIED = "2025-12-01T11:59:58.000Z"
"""Before the commit: a transaction takes a while."""
COMMITTED = 1764590400345
"""2025-12-01T12:00:00.345Z"""


@pytest.fixture
def reader() -> Salesforce:
    return Salesforce(httpx.AsyncClient(), ("whsec_" + NEW,))


@pytest.fixture
async def listening(box: Box, connection: Connection) -> AsyncIterator[Salesforce]:
    """Our adapter, that knows the org's secret."""
    told = msgspec.structs.replace(connection, notifications={"secret": "whsec_" + NEW})
    made = connect(told, box.transport())
    yield made
    await made.close()


def event(change: str = "UPDATE", *ids: str, entity: str = "Opportunity", at: int = COMMITTED, **fields: Any) -> str:
    header = {
        "entityName": entity,
        "recordIds": list(ids or (DEAL,)),
        "changeType": change,
        "changeOrigin": "com/salesforce/api/rest/62.0;client=SfdcInternalAPI/",
        "transactionKey": "00051c4f-0000-4000-8000-000000000000",
        "sequenceNumber": 1,
        "commitTimestamp": at,
        "commitNumber": 10585193272713,
        "commitUser": "005Tg0000000001IAA",
        "nulledFields": [],
        "diffFields": [],
        "changedFields": list(fields),
    }
    data = {"schema": "IeRu", "payload": {"ChangeEventHeader": header, **fields}, "event": {"replayId": 12345}}
    return json.dumps({"type": "change.event", "timestamp": "2025-12-01T12:00:01Z", "data": data})


@pytest.mark.parametrize("change", ["CREATE", "UPDATE", "UNDELETE"])
async def test_each_record_of_an_event_is_a_change_at_its_own_stamp(reader: Salesforce, change: str) -> None:
    said = event(change, DEAL, OTHER, DEAL, LastModifiedDate=MODIFIED)
    found = await reader.read_notification(delivery(said))
    assert [(each.object, each.native_id) for each in found] == [("opportunity", DEAL), ("opportunity", OTHER)]
    assert {(each.version, each.notification_id) for each in found} == {("2025-12-01T11:59:58.000+0000", "msg_1")}


@pytest.mark.parametrize("change", ["GAP_CREATE", "GAP_UPDATE", "GAP_DELETE", "GAP_UNDELETE", "DELETE"])
async def test_of_an_event_without_fields_the_stamp_is_that_of_the_record(
    listening: Salesforce, box: Box, change: str
) -> None:
    known, gone = box.store.find("Opportunity")[0], "006Tg0000009999IAA"
    org.delete(box, org.kind_of("Opportunity"), OTHER)
    found = await listening.read_notification(delivery(event(change, known["Id"], OTHER, gone)))
    deleted = box.store.get("Opportunity", OTHER)
    assert deleted is not None
    assert [(each.native_id, each.version) for each in found] == [
        (known["Id"], known["SystemModstamp"]),
        (OTHER, deleted["SystemModstamp"]),
        (gone, "2025-12-01T12:00:00.000+0000"),
    ]


async def test_many_records_of_one_gap_are_asked_for_some_at_a_time(listening: Salesforce, box: Box) -> None:
    known = box.store.find("Opportunity")[0]
    named = [f"006Tg000000{number:04}IAA" for number in range(1000, 1450)]
    found = await listening.read_notification(delivery(event("GAP_UPDATE", *named, known["Id"])))
    assert [each.native_id for each in found] == [*named, known["Id"]]
    assert found[-1].version == known["SystemModstamp"]


@pytest.mark.parametrize("ids", [("000000000000000AAA",), ("006*",), ()])
async def test_an_overflow_names_nothing_and_leaves_it_to_the_poll(reader: Salesforce, ids: tuple[str, ...]) -> None:
    change = "UPDATE" if ids == ("006*",) else "GAP_OVERFLOW"
    assert await reader.read_notification(delivery(event(change, *ids))) == []


@pytest.mark.parametrize(
    ("entity", "ours"),
    [("Account", "customer"), ("Contact", "contact"), ("Lead", "lead"), ("Contract", "contract")],
)
async def test_each_object_we_read_is_told(reader: Salesforce, entity: str, ours: str) -> None:
    (change,) = await reader.read_notification(delivery(event("UPDATE", entity=entity, LastModifiedDate=MODIFIED)))
    assert change.object == ours


async def test_a_won_deal_says_so_where_that_changed(reader: Salesforce) -> None:
    (won,) = await reader.read_notification(delivery(event(IsWon=True, LastModifiedDate=MODIFIED)))
    (renamed,) = await reader.read_notification(delivery(event(Name="Dock", LastModifiedDate=MODIFIED)))
    assert (won.won, renamed.won) == (True, None)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (event(entity="Case"), "entityName"),
        (event("GAP_MERGE"), "changeType"),
        (event("UPDATE", "../Account"), "recordIds"),
        (event("UPDATE", "006Tg000000000\u0663IAA"), "recordIds"),
        (event(at=10**18), "commitTimestamp"),
    ],
)
async def test_what_is_no_event_of_ours_is_invalid_at_its_place(reader: Salesforce, body: str, place: str) -> None:
    with pytest.raises(Invalid) as refused:
        await reader.read_notification(delivery(body))
    assert [each.pointer for each in refused.value.errors] == [f"/body/data/payload/ChangeEventHeader/{place}"]


async def test_an_event_that_lacks_its_header_is_invalid(reader: Salesforce) -> None:
    body = json.dumps({"type": "change.event", "data": {"payload": {}}})
    with pytest.raises(Invalid):
        await reader.read_notification(delivery(body))


async def test_an_event_is_believed_as_little_as_anything_unsigned(reader: Salesforce) -> None:
    with pytest.raises(Unauthenticated):
        await reader.read_notification(delivery(event(), **{"webhook-signature": "v1,AAAA"}))


@pytest.mark.parametrize("gap", ["", "GAP_", "GAP_OVERFLOW"])
async def test_what_the_org_captures_is_read_and_what_it_loses_the_poll_finds(
    listening: Salesforce, box: Box, firm: dict[str, Deal], gap: str
) -> None:
    before = (await listening.changes("")).next
    box.store.set_setting("change_events", {"url": "http://intake.test", "secret": "whsec_" + NEW, "gap": gap})
    deal, kind = firm["D02"].id, org.kind_of("Opportunity")
    person = box.store.find("Contact")[0]["Id"]
    with box.store.transaction():
        org.update(box, kind, deal, {"StageName": "Closed Won"})
        org.delete(box, org.kind_of("Contact"), person)
    told = [await listening.read_notification(each) for each in await sent(box)]
    named = [(each.object, each.native_id, each.won) for changes in told for each in changes]
    won = None if gap else True
    assert named == ([] if gap == "GAP_OVERFLOW" else [("opportunity", deal, won), ("contact", person, None)])
    assert deal in {each.native_id for each in (await listening.changes(before)).items}
    assert person in {each.native_id for each in (await listening.person_changes("")).items if each.gone}


async def test_an_event_and_the_poll_tell_one_change_by_one_version(reader: Salesforce) -> None:
    world = World("salesforce")
    world.box.store.set_setting("change_events", {"url": "http://intake.test", "secret": "whsec_" + NEW})
    with world.clock.still(), world.box.store.transaction():
        org.update(world.box, org.kind_of("Opportunity"), deals(world.box.now().date())[1].id, {"Description": "x"})
    ((change,),) = [await reader.read_notification(each) for each in await sent(world.box)]
    polled = next(each for each in (await world.adapter.changes("")).items if each.native_id == change.native_id)
    assert (change.version, change.changed_at) == (polled.version, polled.changed_at)
    await world.close()
