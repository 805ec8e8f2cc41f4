"""Subscriptions: whose they are, what is refused, what is told once more."""

from typing import Any

import pytest

from canonical.events import TYPES
from canonical.faults import Conflict, Invalid, NotFound
from canonical.ports.events import Replay, Subscribe
from process_apis.events import webhooks
from process_apis.events.api import MOST_SUBSCRIPTIONS
from tests.events.conftest import URL, Telling, calling


async def test_a_secret_is_shown_once(telling: Telling) -> None:
    made = await telling.subscribe()
    assert made.secret.startswith("whsec_")
    with calling():
        assert [(each.id, each.secret) for each in await telling.service.subscriptions()] == [(made.id, "")]
        assert (await telling.service.subscription(made.id)).secret == ""


async def test_another_clients_subscription_is_not_there(telling: Telling) -> None:
    made = await telling.subscribe()
    with calling("scenario"):
        assert await telling.service.subscriptions() == []
        for asked in (
            telling.service.subscription(made.id),
            telling.service.unsubscribe(made.id),
            telling.service.renew_secret(made.id),
            telling.service.deliveries(made.id),
            telling.service.retry_delivery(made.id, 1),
            telling.service.replay(made.id, Replay(subject="x")),
        ):
            with pytest.raises(NotFound):
                await asked


async def test_who_unsubscribes_is_told_nothing_any_more(telling: Telling) -> None:
    made = await telling.subscribe()
    await telling.firm.played("D01")
    with calling():
        await telling.service.unsubscribe(made.id)
        assert await telling.service.subscriptions() == []
    await telling.tell()
    assert telling.receiver.asked == []


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hooks.partner.example/x", "must begin with https://"),
        ("ftp://hooks.partner.example/x", "is not an address that begins with https://"),
        ("https://", "is not an address that begins with https://"),
        ("https://user:word@hooks.partner.example/", "carries a password; deliveries are signed instead"),
        ("https://hooks.partner.example/#here", "carries a fragment, which is never sent"),
        ("https://hooks.partner.example:port/", "is not an address"),
        ("https://127.0.0.1/x", "127.0.0.1 leads to 127.0.0.1, which is no address of the public internet"),
        ("https://10.1.2.3/x", "10.1.2.3 leads to 10.1.2.3, which is no address of the public internet"),
        ("https://[::1]/x", "::1 leads to ::1, which is no address of the public internet"),
        ("https://169.254.169.254/", "169.254.169.254 leads to 169.254.169.254, which is no address of the public"),
        ("https://localhost/x", "localhost leads to "),
    ],
)
async def test_an_address_that_must_not_be_called_is_refused_by_its_field(telling: Telling, url: str, why: str) -> None:
    telling.firm.platform.calls_anywhere = False
    with calling(), pytest.raises(Invalid) as refused:
        await telling.service.subscribe(Subscribe(url=url))
    (error,) = refused.value.errors
    assert error.pointer == "/url"
    assert error.detail.startswith(why)


async def test_a_sandbox_calls_its_own_machine(telling: Telling) -> None:
    with calling():
        assert (await telling.service.subscribe(Subscribe(url="http://127.0.0.1:9/x"))).state == "active"


async def test_every_unknown_type_is_named_and_what_there_is(telling: Telling) -> None:
    with calling(), pytest.raises(Invalid) as refused:
        await telling.service.subscribe(Subscribe(url=URL, types=["com.tiergate.project.activated.v1", "a", "b"]))
    assert [error.pointer for error in refused.value.errors] == ["/types/1", "/types/2"]
    assert all(kind in refused.value.errors[0].detail for kind in TYPES)


async def test_a_client_has_so_many_and_no_more(telling: Telling) -> None:
    for _ in range(MOST_SUBSCRIPTIONS):
        await telling.subscribe()
    with pytest.raises(Conflict):
        await telling.subscribe()
    with calling():
        assert len(await telling.service.subscriptions()) == MOST_SUBSCRIPTIONS


@pytest.mark.parametrize(
    "asked", [{"subject": True}, {"since": True}, {"until": True}], ids=lambda asked: next(iter(asked))
)
async def test_a_replay_says_first_what_it_would_tell_and_then_tells_it_under_the_same_ids(
    telling: Telling, asked: dict[str, Any]
) -> None:
    subscription = await telling.subscribe()
    first = await telling.firm.played("D01")
    await telling.tell()
    ids = [each.headers["webhook-id"] for each in telling.receiver.taken]
    last = (await telling.service.events(limit=200)).items[-1].time
    bounds = {
        "subject": first.run.business_key,
        "since": first.run.started_at,
        "until": last.replace(year=last.year + 1),
    }
    replay = Replay(**{name: bounds[name] for name in asked})
    with calling():
        dry = await telling.service.replay(
            subscription.id, Replay(**{name: bounds[name] for name in asked}, dry_run=True)
        )
        await telling.tell()
        assert [each.id for each in dry.events] == ids
        assert len(telling.receiver.taken) == len(ids)
        told = await telling.service.replay(subscription.id, replay)
    await telling.tell()
    assert told.count == len(ids)
    assert [each.headers["webhook-id"] for each in telling.receiver.taken] == ids + ids


async def test_a_replay_without_bounds_is_refused(telling: Telling) -> None:
    subscription = await telling.subscribe()
    with calling(), pytest.raises(Invalid):
        await telling.service.replay(subscription.id, Replay())


async def test_events_are_read_page_by_page_and_say_what_was_told(telling: Telling) -> None:
    await telling.subscribe(everything=True)
    await telling.firm.played("D01")
    await telling.firm.played("D09")
    await telling.tell()
    read, cursor = [], ""
    while True:
        page = await telling.service.events(limit=3, cursor=cursor)
        read += page.items
        cursor = page.next
        if not cursor:
            break
    assert {each.id for each in read} == {each.headers["webhook-id"] for each in telling.receiver.taken}
    only = (await telling.service.events(subject=read[0].subject)).items
    assert {each.subject for each in only} == {read[0].subject}


async def test_a_secret_is_made_from_the_key_and_nothing_else_knows_it() -> None:
    made = webhooks.secret(b"k" * 32, "sub_1", 1)
    assert made == webhooks.secret(b"k" * 32, "sub_1", 1)
    assert len({made, webhooks.secret(b"q" * 32, "sub_1", 1), webhooks.secret(b"k" * 32, "sub_1", 2)}) == 3
