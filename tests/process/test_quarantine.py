"""Deliveries that were signed and cannot be read: a case field by field, until they are read or dismissed."""

import json
from typing import Any

import pytest

from canonical.faults import Conflict, NotFound
from canonical.ports import Raw
from canonical.ports.events import Dismissal
from canonical.ports.processes import Case, Received
from foundation.context import fresh, use
from foundation.standard_webhooks import key_of, signature
from process_apis.events.inbound import Stewarding
from process_apis.events.intake import work_off
from process_apis.operating import retry
from system_apis.salesforce import notifications
from tests.process.test_intake import outcome_of
from tests.process.world import PRIYA, World


async def case_of(firm: World, number: int) -> Case:
    """The one case of a delivery."""
    (found,) = [case for case in (await firm.operations.cases(limit=200)).items if case.workflow == "quarantine"]
    assert found.run_id == f"quarantine:{number}"
    return found


async def told(firm: World, body: dict[str, Any]) -> Received:
    """A delivery with these words, signed as the org signs."""
    text, box = json.dumps(body), firm.boxes["salesforce"]
    at, secret = str(int(box.now().timestamp())), box.option("notifications")["secret"]
    headers = {"webhook-id": "msg_1", "webhook-timestamp": at}
    headers["webhook-signature"] = signature(key_of(secret), "msg_1", at, text.encode())
    return await firm.intake.receive_notification("salesforce", Raw(headers=headers, body=text.encode()))


async def test_what_is_signed_and_cannot_be_read_is_kept_and_read_again_as_of_when_it_came(
    firm: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also days later, when its stamp is long too old: here what reads it learns the type meanwhile."""
    box = firm.boxes["salesforce"]
    await firm.win("D01")
    (waiting,) = box.deliveries.waiting()
    body = waiting.body.encode()
    headers = {k.lower(): v for k, v in box.sandbox.sign(waiting, box.now()).items()}
    monkeypatch.setattr(notifications, "TYPES", frozenset({"another"}))
    for _ in range(2):
        told = await firm.intake.receive_notification("salesforce", Raw(headers=headers, body=body))
        assert told == Received(stored=0, known=0, quarantined=1)
    steward = Stewarding(firm.platform)
    [kept] = (await steward.quarantine()).items
    assert (kept.state, "is none of another" in kept.reason) == ("waiting", True)
    case = await case_of(firm, kept.number)
    assert (case.state, case.owner, case.system) == ("open", "Platform operations", "salesforce")
    assert [error.pointer for error in case.errors] == ["/body/type"]
    assert case.can_retry
    with pytest.raises(Conflict, match="still cannot be read"):
        await steward.release_quarantined(kept.number)
    with pytest.raises(Conflict, match="still cannot be read"):
        await retry(firm.platform, case.run_id)
    assert (await case_of(firm, kept.number)).state == "open"
    monkeypatch.undo()
    assert (await steward.release_quarantined(kept.number)).state == "read"
    with pytest.raises(Conflict, match="read already"):
        await steward.release_quarantined(kept.number)
    assert (await case_of(firm, kept.number)).state == "resolved"
    await work_off(firm.platform)
    assert await outcome_of(firm, "D01") == "succeeded"


async def test_a_delivery_against_its_schema_has_one_case_that_names_the_field_until_it_is_dismissed(
    firm: World,
) -> None:
    data = {"object": "Opportunity", "id": 7, "systemModstamp": "2026-01-01T00:00:00.000+0000"}
    wrong = {"type": "opportunity.changed", "timestamp": "2026-01-01T00:00:00Z", "data": data}
    for _ in range(2):
        assert (await told(firm, wrong)).quarantined == 1
    steward = Stewarding(firm.platform)
    [kept] = (await steward.quarantine()).items
    case = await case_of(firm, kept.number)
    assert [(error.pointer, "Expected `str`" in error.detail) for error in case.errors] == [("/body/data/id", True)]
    assert "/body/data/id" in case.title
    assert "dismiss" in case.suggestion
    for nobodys in (kept.number + 1, 0, 2**63):
        with pytest.raises(NotFound):
            await steward.dismiss_quarantined(nobodys, Dismissal(why="none"))
    with use(fresh(caller=PRIYA)):
        done = await steward.dismiss_quarantined(kept.number, Dismissal(why="A test of the sender's."))
    assert (done.state, done.dismissed) == ("read", True)
    assert (await case_of(firm, kept.number)).state == "resolved"
    history = (await firm.operations.case(case.id)).history
    assert (history[-1].who, history[-1].what) == (PRIYA.subject, "Dismissed: A test of the sender's.")
    with pytest.raises(Conflict, match="dismissed already"):
        await steward.release_quarantined(kept.number)
    with pytest.raises(Conflict, match="was dismissed already"):
        await steward.dismiss_quarantined(kept.number, Dismissal(why="again"))
    assert (await told(firm, wrong)).quarantined == 1
    assert (await case_of(firm, kept.number)).state == "resolved", "told again it stays dismissed"
