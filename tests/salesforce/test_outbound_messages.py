"""Outbound messages: what an org posts in SOAP, whom it is believed of, and what it is answered."""

from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest

from canonical.faults import Invalid, Unauthenticated
from canonical.ports.systems import KeyedMessage
from foundation.connections import Connection
from foundation.sandbox import Box
from foundation.sandbox.firm import record_id
from system_apis.salesforce import connect
from system_apis.salesforce.adapter import Salesforce
from system_apis.salesforce.outbound_messages import ACKNOWLEDGED, whole_id
from system_apis.salesforce.sandbox import org

KEY, OLD_KEY, ORGANIZATION = "k-1234567890", "k-0987654321", "00D5g000004Ab1cEAC"
DEAL, OTHER = "006Tg0000000001IAA", "006Tg0000000002IAA"
ADDRESS = f"https://gateway.example/intake/v1/messages/salesforce?key={KEY}"
ONE = (
    '<Notification><Id>04l5g00000Fx{n:03}AAC</Id><sObject xsi:type="sf:{kind}"'
    ' xmlns:sf="urn:sobject.enterprise.soap.sforce.com">{fields}</sObject></Notification>'
)
STAMPED = "<sf:SystemModstamp>2026-11-22T12:00:00.000Z</sf:SystemModstamp>"


def one(kind: str = "Opportunity", native_id: str = DEAL, more: str = STAMPED, n: int = 1) -> str:
    return ONE.format(kind=kind, fields=f"<sf:Id>{native_id}</sf:Id>{more}", n=n)


def message(*notifications: str, organization: str = ORGANIZATION, key: str = KEY) -> KeyedMessage:
    """As a captured one is: made here and not by the sandbox."""
    body = f"""<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <soapenv:Body><notifications xmlns="http://soap.sforce.com/2005/09/outbound">
  <OrganizationId>{organization}</OrganizationId><ActionId>04k5g000000Tt1nAAC</ActionId><SessionId xsi:nil="true"/>
  <EnterpriseUrl>https://acme.my.salesforce.com/services/Soap/c/62.0/{ORGANIZATION}</EnterpriseUrl>
  <PartnerUrl>https://acme.my.salesforce.com/services/Soap/u/62.0/{ORGANIZATION}</PartnerUrl>
  {"".join(notifications)}
 </notifications></soapenv:Body></soapenv:Envelope>"""
    return KeyedMessage(key=key, body=body)


@pytest.fixture
def reader() -> Salesforce:
    return Salesforce(httpx.AsyncClient(), keys=(KEY, OLD_KEY), organization=ORGANIZATION)


async def test_each_notification_is_a_change_and_the_answer_is_the_acknowledgement(reader: Salesforce) -> None:
    won = f"{STAMPED}<sf:IsWon>true</sf:IsWon><sf:Name>Dock &amp; Yard</sf:Name>"
    heard = await reader.read_message(message(one(more=won), one(native_id=OTHER, n=2)))
    first, second = heard.changes
    assert (first.object, first.native_id, first.won, first.notification_id) == (
        *("opportunity", DEAL, True),
        "04l5g00000Fx001AAC",
    )
    assert first.version == "2026-11-22T12:00:00.000+0000"
    assert first.changed_at == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert (second.native_id, second.won) == (OTHER, None)
    assert heard.answer == ACKNOWLEDGED


@pytest.mark.parametrize(
    ("kind", "told"),
    [("Account", "customer"), ("Contact", "contact"), ("Lead", "lead"), ("Contract", "contract")],
)
async def test_every_object_whose_changes_are_followed_may_be_told(reader: Salesforce, kind: str, told: str) -> None:
    (change,) = (await reader.read_message(message(one(kind)))).changes
    assert change.object == told


async def test_an_id_of_fifteen_letters_is_the_record_of_eighteen(reader: Salesforce) -> None:
    assert whole_id("0015g00000Nb7Qy") == "0015g00000Nb7QyAAJ", "of Salesforce's own documentation's kind"
    (change,) = (await reader.read_message(message(one(native_id=DEAL[:15])))).changes
    assert change.native_id == DEAL
    short = message(one(), organization=ORGANIZATION[:15])
    assert (await reader.read_message(short)).changes


async def test_a_key_that_is_being_replaced_is_still_known(reader: Salesforce) -> None:
    assert (await reader.read_message(message(one(), key=OLD_KEY))).changes


@pytest.mark.parametrize("key", ["", "k-1234567891", KEY[:-1], "schlüssel"])
async def test_who_does_not_know_the_key_tells_nothing(reader: Salesforce, key: str) -> None:
    with pytest.raises(Unauthenticated, match="the key in the address is not ours"):
        await reader.read_message(message(one(), key=key))


async def test_another_organization_is_not_ours(reader: Salesforce) -> None:
    with pytest.raises(Unauthenticated, match="the organization '00D5g000004Ab1dEAC' is not ours"):
        await reader.read_message(message(one(), organization="00D5g000004Ab1dEAC"))


@pytest.mark.parametrize(
    ("known", "missing"),
    [({}, "message_key"), ({"keys": (KEY,)}, "organization"), ({"organization": ORGANIZATION}, "message_key")],
)
async def test_what_is_not_set_up_is_not_taken(known: dict[str, Any], missing: str) -> None:
    with pytest.raises(Unauthenticated, match=f"no {missing} is set"):
        await Salesforce(httpx.AsyncClient(), **known).read_message(message(one(), key=""))


@pytest.mark.parametrize(
    ("bad", "place", "why"),
    [
        (KeyedMessage(key=KEY, body="{}"), "/body", "is no XML"),
        (KeyedMessage(key=KEY, body='<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), "/body", "has a document type"),
        (KeyedMessage(key=KEY, body="<a/>"), "/body", "is no outbound message"),
        (message(), "notifications", "holds 0 elements"),
        (message(*(one(n=n) for n in range(101))), "notifications", "holds 101 elements"),
        (message(one(), one("Contact", n=2)), "notifications", "tells of several objects"),
        (message(one("Task")), "Notification/0/sObject", "'Task' is none of"),
        (message(one(), one(native_id="006", n=2)), "Notification/1/sObject/Id", "'006' is no id"),
        (message(one(native_id="006Tg00000000' I")), "Notification/0/sObject/Id", "is no id"),
        (message(one(more=STAMPED.replace("2026-11", "soon"))), "sObject/SystemModstamp", "is no date and time"),
        (message(one(more=STAMPED.replace("2026", "9999"))), "sObject/SystemModstamp", "is to come yet"),
        (message("<Notification><Id>04l</Id></Notification>"), "Notification/0", "has no sObject"),
    ],
)
async def test_what_cannot_be_read_says_where(reader: Salesforce, bad: KeyedMessage, place: str, why: str) -> None:
    with pytest.raises(Invalid) as refused:
        await reader.read_message(bad)
    (error,) = refused.value.errors
    assert error.pointer.endswith(place)
    assert why in error.detail


async def test_a_message_without_a_stamp_has_its_record_s(box: Box, connection: Connection) -> None:
    known = {"message_key": KEY, "organization": record_id("00D", 1)}
    adapter = connect(msgspec.structs.replace(connection, notifications=known), box.transport())
    heard = await adapter.read_message(message(one(more=""), organization=known["organization"]))
    kept = box.store.get("Opportunity", DEAL)
    assert heard.changes[0].version == kept["SystemModstamp"]
    await adapter.close()


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        (httpx.Response(200, text=ACKNOWLEDGED, headers={"content-type": "text/xml"}), 0),
        (httpx.Response(200, json={"stored": 1}), 1),
        (httpx.Response(200, text=ACKNOWLEDGED.replace("true", "false")), 1),
        (httpx.Response(202, text=ACKNOWLEDGED), 1),
        (httpx.Response(503), 1),
    ],
)
async def test_the_org_sends_again_what_is_not_acknowledged(box: Box, answer: httpx.Response, left: int) -> None:
    told = {"url": ADDRESS, "objects": ["Opportunity"], "fields": ["SystemModstamp", "IsWon", "Name", "NextStep"]}
    box.store.set_setting("outbound_messages", told)
    with box.store.transaction():
        org.update(box, org.kind_of("Opportunity"), DEAL, {"Name": "Dock & Yard <2>"})
    received: list[httpx.Request] = []

    def take(request: httpx.Request) -> httpx.Response:
        received.append(request)
        return answer

    async with httpx.AsyncClient(transport=httpx.MockTransport(take)) as sender:
        await box.deliveries.send_due(sender)
    (request,) = received
    assert (str(request.url), request.headers["content-type"]) == (ADDRESS, "text/xml; charset=UTF-8")
    assert "webhook-signature" not in request.headers
    assert len(box.deliveries.waiting()) == left
    reading = Salesforce(httpx.AsyncClient(), keys=(KEY,), organization=record_id("00D", 1))
    (change,) = (await reading.read_message(KeyedMessage(key=KEY, body=request.content.decode()))).changes
    assert (change.object, change.native_id, change.won) == ("opportunity", DEAL, False)
