"""Signed notifications: what the org's flow sends, and what must not be believed."""

import hashlib
import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from canonical.faults import Invalid, Unauthenticated
from canonical.objects import Contact
from canonical.ports.people import PersonUpdate
from canonical.ports.systems import Delivery
from foundation.sandbox import Box, FaultRule
from foundation.sandbox.firm import Deal
from system_apis.salesforce.adapter import Salesforce
from system_apis.salesforce.sandbox import org

OLD, NEW = (b64encode(bytes([n]) * 32).decode() for n in (1, 2))
BODY = json.dumps(
    {
        "type": "opportunity.changed",
        "timestamp": "2026-11-22T12:00:00Z",
        "data": {
            "object": "Opportunity",
            "id": "006Tg0000000001IAA",
            "systemModstamp": "2026-11-22T12:00:00.000+0000",
            "isWon": True,
            "wonGeneration": 1,
        },
    }
)


@pytest.fixture
def reader() -> Salesforce:
    return Salesforce(httpx.AsyncClient(), ("whsec_" + NEW, "whsec_" + OLD))


def delivery(body: str = BODY, secret: str = NEW, age: int = 0, **changed: str) -> Delivery:
    """A delivery signed `age` seconds ago; written apart from the code under test, from the standard."""
    seconds = str(int(datetime.now(UTC).timestamp()) - age)
    key = bytes([1 if secret == OLD else 2]) * 32
    digest = hmac.new(key, b"msg_1." + seconds.encode() + b"." + body.encode(), hashlib.sha256).digest()
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": seconds,
        "webhook-signature": "v1," + b64encode(digest).decode(),
    }
    return Delivery(headers={**headers, **changed}, body=body)


async def sent(box: Box) -> list[Delivery]:
    """What the org sends now, as it comes in."""
    received: list[Delivery] = []

    def take(request: httpx.Request) -> httpx.Response:
        received.append(Delivery(headers=dict(request.headers), body=request.content.decode()))
        return httpx.Response(202)

    async with httpx.AsyncClient(transport=httpx.MockTransport(take)) as sender:
        await box.deliveries.send_due(sender)
    return received


async def test_a_good_delivery_tells_which_deal_changed(reader: Salesforce) -> None:
    (change,) = await reader.read_notification(delivery())
    assert (change.object, change.native_id, change.won) == ("opportunity", "006Tg0000000001IAA", True)
    assert (change.version, change.notification_id) == ("2026-11-22T12:00:00.000+0000", "msg_1")
    short = BODY.replace("006Tg0000000001IAA", "006Tg0000000001")
    assert await reader.read_notification(delivery(short)) == [change], "of fifteen letters it is the same deal"


async def test_a_delivery_of_a_person_tells_which_and_not_who(
    reader: Salesforce, salesforce: Salesforce, box: Box
) -> None:
    told = {"object": "Contact", "id": "003Tg0000000001IAA", "systemModstamp": "2026-11-22T12:00:00.000+0000"}
    body = json.dumps({"type": "contact.changed", "timestamp": "2026-11-22T12:00:00Z", "data": told})
    (change,) = await reader.read_notification(delivery(body))
    assert (change.object, change.native_id, change.won) == ("contact", "003Tg0000000001IAA", None)
    box.store.set_setting("notifications", {"url": "http://tiergate.test/", "secret": "whsec_" + NEW})
    person = PersonUpdate(fields=["email"], person=Contact(family="Hale", email="hale@lumen.example"))
    await salesforce.update_person(box.store.find("Contact")[0]["Id"], person)
    (sent,) = box.deliveries.waiting()
    assert json.loads(sent.body)["type"] == "contact.changed"
    assert "hale" not in sent.body.lower()


@pytest.mark.parametrize("secret", [OLD, NEW])
async def test_both_secrets_count_while_they_rotate(reader: Salesforce, secret: str) -> None:
    assert await reader.read_notification(delivery(secret=secret))


async def test_one_good_signature_among_several_is_enough(reader: Salesforce) -> None:
    good = delivery()
    listed = f"v1,AAAA v1a,BBBB {good.headers['webhook-signature']}"
    assert await reader.read_notification(delivery(**{"webhook-signature": listed}))


@pytest.mark.parametrize(
    "bad",
    [
        delivery(**{"webhook-id": "msg_2"}),
        delivery(**{"webhook-timestamp": str(int(datetime.now(UTC).timestamp()) - 1)}),
        delivery(**{"webhook-signature": "v1,AAAA"}),
        delivery(**{"webhook-signature": ""}),
        delivery(**{"webhook-signature": "v1,ü"}),
        delivery(**{"webhook-timestamp": "soon"}),
        Delivery(headers=delivery().headers, body=BODY.replace("001IAA", "002IAA")),
        Delivery(headers={}, body=BODY),
        delivery(age=301),
        delivery(age=-3600),
    ],
)
async def test_a_tampered_or_stale_delivery_is_not_believed(reader: Salesforce, bad: Delivery) -> None:
    with pytest.raises(Unauthenticated):
        await reader.read_notification(bad)


async def test_without_a_secret_nothing_is_believed() -> None:
    with pytest.raises(Unauthenticated, match="no secret"):
        await Salesforce(httpx.AsyncClient()).read_notification(delivery())


@pytest.mark.parametrize(
    ("body", "place", "said"),
    [
        ("not json", "/body", "JSON is malformed"),
        ('{"type": "opportunity.', "/body", "truncated"),
        ('{"type":"opportunity.changed","data":{}}', "/body/data", "missing required field"),
        (BODY.replace("006Tg0000000001IAA", "006'; --"), "/body/data/id", '"006\'; --" is no id'),
        (BODY.replace("006Tg0000000001IAA", "006" + "\\u0000" * 12), "/body/data/id", "is no id"),
        (BODY.replace("006Tg0000000001IAA", "0" * 5000), "/body/data/id", "is no id"),
        (BODY.replace(".000+0000", ""), "/body/data/systemModstamp", "timezone"),
        (BODY.replace("2026-11-22T12:00:00.000", "9999-12-31T23:59:59.000"), "/body/data", "long after the delivery"),
    ],
)
async def test_a_well_signed_body_that_is_none_of_ours_is_invalid_at_its_place(
    reader: Salesforce, body: str, place: str, said: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await reader.read_notification(delivery(body))
    (error,) = refused.value.errors
    assert (error.pointer, said in error.detail) == (place, True), error


async def test_what_was_saved_after_it_was_told_of_is_not_believed_and_a_slow_clock_is(reader: Salesforce) -> None:
    """Taken as a version it would make every later change of the deal an older one."""
    for seconds, believed in ((290, True), (310, False)):
        stamp = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        told = delivery(BODY.replace("2026-11-22T12:00:00.000+0000", stamp))
        if believed:
            assert [change.version for change in await reader.read_notification(told)] == [stamp]
            continue
        with pytest.raises(Invalid):
            await reader.read_notification(told)
    event = {"ChangeEventHeader": {"entityName": "Opportunity", "changeType": "UPDATE", "commitTimestamp": 0}}
    event["ChangeEventHeader"] |= {"recordIds": ["006Tg0000000001IAA"]}
    late = {"payload": event | {"LastModifiedDate": "9999-12-31T23:59:59.000+0000"}}
    with pytest.raises(Invalid) as refused:
        await reader.read_notification(delivery(json.dumps({"type": "change.event", "data": late})))
    assert "long after the delivery was sent" in refused.value.errors[0].detail


async def test_another_event_cannot_be_read_and_says_which_can(reader: Salesforce) -> None:
    with pytest.raises(Invalid) as refused:
        await reader.read_notification(delivery(BODY.replace("opportunity.changed", "account.changed")))
    known = "change.event, contact.changed, contract.changed, lead.changed, opportunity.changed"
    assert refused.value.errors[0].detail == f"'account.changed' is none of {known}"


def test_a_secret_that_is_no_base64_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="whsec_"):
        Salesforce(httpx.AsyncClient(), ("whsec_!!!",))


async def test_the_org_tells_of_a_won_deal_and_we_believe_it(box: Box, firm: dict[str, Deal]) -> None:
    box.store.set_setting("notifications", {"url": "http://intake.test", "secret": "whsec_" + NEW})
    kind = org.kind_of("Opportunity")
    with box.store.transaction():
        org.update(box, kind, firm["D02"].id, {"Description": "not won yet"})
        org.update(box, kind, firm["D01"].id, {"StageName": "Closed Won"})
    (change,) = await Salesforce(httpx.AsyncClient(), (NEW,)).read_notification((await sent(box))[0])
    assert (change.native_id, change.won) == (firm["D01"].id, True)


async def test_three_times_and_out_of_order(box: Box, firm: dict[str, Deal]) -> None:
    box.store.set_setting("notifications", {"url": "http://intake.test", "secret": "whsec_" + NEW})
    deal = firm["D03"]
    box.faults.add(FaultRule(fault="duplicate_delivery", path=deal.id, copies=3))
    box.faults.add(FaultRule(fault="reordered_delivery", path=deal.id, delay=60))
    kind = org.kind_of("Opportunity")
    org.update(box, kind, deal.id, {"StageName": "Closed Won"})
    org.update(box, kind, deal.id, {"Description": "signed today"})
    got: list[str] = []

    def take(request: httpx.Request) -> httpx.Response:
        got.append(request.headers["webhook-id"])
        return httpx.Response(202)

    async with httpx.AsyncClient(transport=httpx.MockTransport(take)) as sender:
        await box.deliveries.send_due(sender)
        await box.deliveries.send_due(sender)
    assert len(got) == 4
    assert got[0].endswith("_2")
    assert all(each.endswith("_1") for each in got[1:])
