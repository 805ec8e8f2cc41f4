"""Outbound messages of the CRM end in the inbox as its signed notifications do, however often they are sent."""

import httpx
import pytest

from canonical.faults import NotFound, Unauthenticated
from canonical.ports import Raw
from process_apis.events.intake import poll_once, work_off
from system_apis import Demo
from tests.process.test_intake import inbox, outcome_of
from tests.process.world import World

MESSAGES = "https://tiergate.test/intake/v1/messages/salesforce?key="


@pytest.fixture
def firm(firm: World) -> World:
    """A firm whose org tells of its deals by outbound messages alone."""
    box = firm.boxes["salesforce"]
    box.store.set_setting("notifications", None)
    told = {"url": MESSAGES, "objects": ["Opportunity"], "fields": ["SystemModstamp", "IsWon"]}
    box.store.set_setting("outbound_messages", told)
    return firm


@pytest.fixture
def message_key(known: dict[str, Demo]) -> str:
    return known["salesforce"].values["SALESFORCE_MESSAGE_KEY"]


async def deliver(firm: World, key: str) -> list[str]:
    """Bring over every message the CRM has to send; what each was answered."""
    said: list[str] = []

    async def receive(request: httpx.Request) -> httpx.Response:
        raw = Raw(headers=dict(request.headers), body=request.content)
        try:
            said.append(await firm.intake.receive_message("salesforce", key, raw))
        except Unauthenticated as refused:
            said.append(str(refused))
            return httpx.Response(401)
        return httpx.Response(200, text=said[-1], headers={"content-type": "text/xml"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(receive)) as http:
        await firm.boxes["salesforce"].deliveries.send_due(http)
    return said


async def test_a_message_starts_the_run_and_the_poll_finds_nothing_new(firm: World, message_key: str) -> None:
    await firm.win("D01")
    (answer,) = await deliver(firm, message_key)
    assert "<Ack>true</Ack>" in answer
    assert firm.boxes["salesforce"].deliveries.waiting() == []
    await poll_once(firm.platform, "salesforce")
    await work_off(firm.platform)
    assert await outcome_of(firm, "D01") == "succeeded"
    of_deal = [row for row in await inbox(firm) if row.native_id == firm.deal("D01").id]
    assert [(row.via, row.outcome) for row in of_deal] == [("notification", "run")]


async def test_a_message_that_is_sent_thrice_out_of_order_makes_one_project(firm: World, message_key: str) -> None:
    for fault in ("duplicate_delivery", "reordered_delivery"):
        firm.fault("salesforce", fault, times=0, copies=3, delay=0.01)
    await firm.win("D01")
    await firm.edit("Opportunity", firm.deal("D01").id, Practice__c="Finance")
    while firm.boxes["salesforce"].deliveries.waiting():
        await deliver(firm, message_key)
    await work_off(firm.platform)
    assert await outcome_of(firm, "D01") == "succeeded"
    assert firm.duplicates() == []
    assert firm.writes().count("kantata create workspaces") == 1


async def test_who_does_not_know_the_key_stores_nothing_and_the_poll_finds_the_deal(firm: World) -> None:
    await firm.win("D01")
    assert await deliver(firm, "guessed") == ["salesforce: the key in the address is not ours"]
    assert len(firm.boxes["salesforce"].deliveries.waiting()) == 1, "it is sent again"
    assert await inbox(firm) == []
    await poll_once(firm.platform, "salesforce")
    await work_off(firm.platform)
    assert await outcome_of(firm, "D01") == "succeeded"


@pytest.mark.parametrize("connection", ["nowhere", "netsuite"])
async def test_who_sends_no_messages_is_not_listened_to(firm: World, connection: str) -> None:
    with pytest.raises(NotFound, match=connection):
        await firm.intake.receive_message(connection, "", Raw(headers={}, body=b""))
