"""Events reach whoever subscribed: signed, in the order of each subject, until they are taken."""

import asyncio
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook

from canonical.dates import now
from canonical.faults import NotFound
from canonical.ports.processes import Case
from process_apis.events import webhooks
from process_apis.events.telling import Teller
from process_apis.tables import SUBSCRIPTIONS
from tests.events.conftest import Receiver, Telling, calling, event

WHOLE = ["project.requested", "project.validated", "project.created", *["resource.demand.created"] * 3]
WHOLE += ["project.activated"]


async def test_what_happened_is_told_in_its_order_and_the_standards_own_library_believes_it(telling: Telling) -> None:
    subscription = await telling.subscribe()
    done = await telling.firm.played("D01")
    await telling.tell()
    assert telling.receiver.types == WHOLE
    for request in telling.receiver.taken:
        assert Webhook(subscription.secret).verify(request.content, dict(request.headers)) == event(request)
    told = [event(each) for each in telling.receiver.taken]
    assert {each["subject"] for each in told} == {done.run.business_key}
    assert {each["correlationid"] for each in told} == {done.run.id}
    assert [each["sequence"] for each in told] == sorted({each["sequence"] for each in told})
    assert [each["id"] for each in told] == [request.headers["webhook-id"] for request in telling.receiver.taken]
    assert told[-1]["data"] == {"project_code": done.run.project_code}
    await telling.tell()
    assert len(telling.receiver.asked) == len(WHOLE), "once taken it is not told again"


async def test_only_what_was_asked_for_is_told(telling: Telling) -> None:
    await telling.subscribe("com.tiergate.project.activated.v1", legal_entities=["ACME-DE"])
    for code in ("D01", "D03"):
        await telling.firm.played(code)
    await telling.tell()
    assert [(event(each)["type"], event(each)["legalentity"]) for each in telling.receiver.taken] == [
        ("com.tiergate.project.activated.v1", "ACME-DE")
    ]


async def test_what_is_not_taken_is_told_again_ever_later_and_nothing_overtakes_it(telling: Telling) -> None:
    await telling.subscribe()
    await telling.firm.played("D01")
    telling.receiver.status = 503
    await telling.tell()
    assert [event(each)["type"] for each in telling.receiver.asked] == ["com.tiergate.project.requested.v1"]
    for wait in webhooks.WAITS:
        assert (await telling.waits())[0] == wait
        await telling.later(wait)
        await telling.tell()
    assert len(telling.receiver.asked) == 1 + len(webhooks.WAITS)
    with calling():
        (listed,) = await telling.service.subscriptions()
    assert (listed.parked, listed.waiting) == (1, len(WHOLE) - 1)


async def test_one_subject_that_is_not_taken_holds_up_no_other(telling: Telling) -> None:
    await telling.subscribe()
    stuck = await telling.firm.played("D01")
    telling.receiver.refuses = stuck.run.business_key
    await telling.firm.played("D03")
    await telling.tell()
    assert telling.receiver.types[-1] == "project.activated"
    assert {event(each)["subject"] for each in telling.receiver.taken} != {stuck.run.business_key}
    assert sum(event(each)["subject"] == stuck.run.business_key for each in telling.receiver.asked) == 1


async def test_a_parked_one_is_tried_again_by_hand_and_then_what_waits_behind_it(telling: Telling) -> None:
    subscription = await telling.subscribe()
    await telling.firm.played("D01")
    telling.receiver.status = 500
    for wait in (0, *webhooks.WAITS):
        await telling.later(wait)
        await telling.tell()
    with calling():
        (parked,) = (await telling.service.deliveries(subscription.id, "parked")).items
        assert (parked.last_status, parked.last_detail, parked.due_at) == (500, "not today", None)
        telling.receiver.status = 204
        with pytest.raises(NotFound):
            await telling.service.retry_delivery(subscription.id, 2**63)
        await telling.service.retry_delivery(subscription.id, parked.number)
        await telling.tell()
        assert telling.receiver.types == WHOLE
        assert {each.state for each in (await telling.service.deliveries(subscription.id)).items} == {"delivered"}


async def given_up(telling: Telling, *codes: str) -> None:
    """The events of these deals were told as often as any is, in vain."""
    telling.receiver.status = 503
    for code in codes:
        await telling.firm.played(code)
    for wait in (0, *webhooks.WAITS):
        await telling.later(wait)
        await telling.tell()


async def case_of(telling: Telling) -> Case:
    (found,) = [each for each in (await telling.firm.operations.cases(limit=200)).items if each.workflow == "telling"]
    return found


async def test_what_was_given_up_is_one_case_of_its_subscriber_and_all_is_told_once_it_is_run_again(
    telling: Telling,
) -> None:
    subscription = await telling.subscribe()
    await given_up(telling, "D01", "D03")
    case = await case_of(telling)
    assert (case.state, case.run_id, case.owner) == ("open", f"telling:{subscription.id}", "Partner support")
    assert (
        case.title
        == "Tiergate: partner-demo has not taken events of 2 subjects for days; those that follow of them wait"
    )
    assert "not today" not in case.title, "what a partner's server says is the partner's"
    telling.receiver.status = 204
    await telling.firm.operations.retry_case(case.id)
    await telling.tell()
    assert telling.receiver.types.count("project.activated") == 2
    assert (await case_of(telling)).state == "resolved"
    await given_up(telling, "D02")
    assert ((await case_of(telling)).id, (await case_of(telling)).state) == (case.id, "open"), "it is the same case"
    with calling():
        await telling.service.unsubscribe(subscription.id)
    assert (await case_of(telling)).state == "resolved"


async def test_a_receiver_may_say_how_long_it_wants_to_be_left_alone(telling: Telling) -> None:
    await telling.subscribe("com.tiergate.project.requested.v1")
    await telling.firm.played("D01")
    telling.receiver.status, telling.receiver.headers = 429, {"Retry-After": "600"}
    await telling.tell()
    assert await telling.waits() == [600]


async def test_a_receiver_that_says_gone_is_told_nothing_any_more(telling: Telling) -> None:
    subscription = await telling.subscribe()
    await telling.firm.played("D01")
    telling.receiver.status = 410
    await telling.tell()
    await telling.firm.played("D03")
    await telling.tell()
    assert len(telling.receiver.asked) == 1
    with calling():
        assert (await telling.service.subscription(subscription.id)).state == "gone"


async def test_two_processes_do_not_tell_the_same_at_once(telling: Telling) -> None:
    await telling.subscribe()
    await telling.firm.played("D01")
    other = Teller(telling.firm.platform, telling.receiver)
    while sum(await asyncio.gather(telling.teller.tell_due(), other.tell_due())):
        pass
    await other.stop()
    assert telling.receiver.types == WHOLE


async def test_what_a_dead_process_was_telling_is_told_again_under_the_same_id(telling: Telling) -> None:
    class Dies(Receiver):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            self.asked.append(request)
            raise asyncio.CancelledError

    await telling.subscribe("com.tiergate.project.requested.v1")
    await telling.firm.played("D01")
    dying = Dies()
    dead = Teller(telling.firm.platform, dying)
    with pytest.raises(asyncio.CancelledError):
        await dead.tell_due()
    await telling.tell()
    assert telling.receiver.asked == [], "it may still be at it"
    await telling.later(61)
    await telling.tell()
    assert [each.headers["webhook-id"] for each in telling.receiver.taken] == [dying.asked[0].headers["webhook-id"]]


async def test_a_renewed_secret_and_the_one_before_it_both_sign_for_a_day(telling: Telling) -> None:
    before = await telling.subscribe("com.tiergate.project.requested.v1")
    with calling():
        after = await telling.service.renew_secret(before.id)
    assert before.secret != after.secret
    await telling.firm.played("D01")
    await telling.tell()
    (request,) = telling.receiver.taken
    for secret in (before.secret, after.secret):
        Webhook(secret).verify(request.content, dict(request.headers))

    a_day_ago = now() - timedelta(days=1, seconds=1)
    await telling.firm.platform.database.run(lambda c: c.execute(sa.update(SUBSCRIPTIONS).values(renewed_at=a_day_ago)))
    await telling.firm.played("D03")
    await telling.tell()
    assert telling.receiver.taken[-1].headers["webhook-signature"].count("v1,") == 1
    Webhook(after.secret).verify(telling.receiver.taken[-1].content, dict(telling.receiver.taken[-1].headers))


async def test_outside_a_sandbox_a_name_that_leads_inside_is_not_called(
    telling: Telling, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who owns the name may have changed since it was subscribed."""
    subscription = await telling.subscribe("com.tiergate.project.requested.v1")
    await telling.firm.played("D01")
    telling.firm.platform.calls_anywhere = False

    async def inside(_: str) -> str:
        return "hooks.partner.example leads to 10.0.0.7, which is no address of the public internet"

    monkeypatch.setattr(webhooks, "not_public", inside)
    await telling.tell()
    assert telling.receiver.asked == []
    with calling():
        (delivery,) = (await telling.service.deliveries(subscription.id)).items
    assert (delivery.state, delivery.last_detail) == ("due", await inside(""))
