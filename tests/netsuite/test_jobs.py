"""Transactions written as jobs: whatever is lost on the way, each is there once, and what became of it is known."""

import asyncio
from collections.abc import Iterator
from random import Random
from typing import Any, Final

import httpx
import msgspec
import pytest

from canonical.faults import Broken, Fault, OutcomeUnknown, VendorRefused
from canonical.objects import Invoice
from canonical.ports.effort import ExpensePostings
from canonical.ports.orders import SalesOrders
from canonical.ports.receivables import Invoices
from canonical.ports.systems import Contracts
from system_apis.netsuite import jobs
from tests.ports import objects, test_keeping
from tests.ports.kept import KEPT, Kept
from tests.ports.test_faults import FAULTS, IDS, settle, struck
from tests.ports.test_mutated_replies import mutated, promised
from tests.ports.world import World

ASYNC: Final = {"writes": "async"}
MONEY: Final = [each for each in KEPT if each.port in (Contracts, SalesOrders, Invoices, ExpensePostings)]
EACH: Final = [
    pytest.param(kept, id=kept.port.__name__, marks=() if kept.port is Invoices else pytest.mark.real) for kept in MONEY
]
"""One of them always, the others where there is time."""
JOB: Final = "/async/v1/job/"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "FIRST_WAIT", 0.002)


@pytest.fixture
def world() -> Iterator[World]:
    made = World("netsuite", options=ASYNC)
    yield made
    made.box.store.close()


async def invoice(world: World) -> Invoice:
    kept = next(each for each in MONEY if each.port is Invoices)
    made: Invoice = await kept.make(world)
    return made


def calls(world: World) -> list[str]:
    """What was asked of it about invoices and their jobs, in short."""
    found = [(each.method, each.path.partition("?")[0]) for each in world.heard]
    return [f"{method} {path.rpartition('/v1/')[2]}" for method, path in found if JOB in path or "/invoice/" in path]


async def test_a_write_is_submitted_asked_after_and_its_result_read(world: World) -> None:
    written = await world.adapter.upsert_invoice(objects.INVOICE, await invoice(world))
    put = f"PUT invoice/eid:{objects.INVOICE}"
    looks = ["GET job/1", "GET job/1/task", "GET job/1/task/1", "GET job/1/task/1/result"]
    assert [each for each in calls(world) if each == put or "job" in each] == [put, *looks]
    assert (await world.adapter.invoice_by_key(objects.INVOICE)).id == written.id


async def test_only_money_is_written_so(world: World) -> None:
    await world.adapter.upsert_customer(objects.CUSTOMER, world.fit(objects.customer()))
    assert [each.path for each in world.heard if JOB in each.path] == []


@pytest.mark.parametrize("kept", MONEY, ids=lambda kept: kept.port.__name__)
@pytest.mark.parametrize(
    "asks",
    [
        test_keeping.test_what_was_written_is_read_back,
        test_keeping.test_written_twice_is_there_once,
        test_keeping.test_a_change_is_kept_and_makes_no_second_one,
        test_keeping.test_two_keys_are_two_records,
    ],
    ids=lambda each: each.__name__.removeprefix("test_"),
)
async def test_what_the_port_suite_asks_of_a_record_holds(world: World, kept: Kept, asks: Any) -> None:
    await asks(world, kept)


@pytest.mark.parametrize(("fault", "to_a_read", "to_a_write"), FAULTS, ids=IDS)
@pytest.mark.parametrize("kept", EACH)
async def test_whichever_call_fails_it_is_settled_or_named_and_repeated_is_there_once(
    kept: Kept, fault: str, to_a_read: type[Fault], to_a_write: type[Fault]
) -> None:
    """From the request that submits on nothing is lost any more; what refuses it is told."""
    first = World("netsuite", options=ASYNC)
    sent = await kept.make(first)
    before = len(first.heard)
    await kept.put(first, sent)
    heard = first.heard[before:]
    for number in (place for place, call in enumerate(heard) if call.wrote or JOB in call.path):
        world = World("netsuite", options=ASYNC)
        sent = await kept.make(world)
        refuses = heard[number].wrote and fault in ("throttled", "server_error", "html_error")
        await struck(world, lambda w=world, s=sent: kept.put(w, s), fault, number, to_a_write if refuses else None)  # type: ignore[misc]  # called at once
        creates = world.creates()
        await settle(world, kept, sent)
        assert world.creates() == creates + refuses
        await world.close()


async def test_a_request_whose_answer_is_lost_is_sent_again_with_its_key_and_gives_the_job_that_is(
    world: World,
) -> None:
    sent = await invoice(world)
    world.box.faults.clear()
    world.strike("timeout_after_commit", 0, method="PUT", path="/invoice/", times=2)
    await world.adapter.upsert_invoice(objects.INVOICE, sent)
    assert [write.action for write in world.box.store.writes() if write.kind == "invoice"] == ["create"]
    assert len(world.box.store.all("_job")) == 1


async def test_a_slow_job_is_unknown_and_the_same_write_goes_on_waiting_for_it(world: World) -> None:
    sent = await invoice(world)
    world.adapter._jobs._patience = 0.02
    world.box.store.set_setting("async_seconds", 60)
    with pytest.raises(OutcomeUnknown, match="under way"):
        await world.adapter.upsert_invoice(objects.INVOICE, sent)
    with pytest.raises(OutcomeUnknown):
        await world.adapter.upsert_invoice(objects.INVOICE, sent)
    world.box.store.set_setting("_clock_ahead", 61)
    world.box.store.set_setting("async_seconds", 0)
    await world.adapter.upsert_invoice(objects.INVOICE, sent)
    assert len(world.box.store.all("_job")) == 1
    again = await world.adapter.upsert_invoice(objects.INVOICE, sent)
    assert again.id
    assert len(world.box.store.all("_job")) == 2, "asked for again once it was over, it is another write"


async def test_something_else_is_written_only_once_the_job_before_is_over(world: World) -> None:
    sent = await invoice(world)
    world.adapter._jobs._patience = 0.02
    world.box.store.set_setting("async_seconds", 60)
    other = msgspec.structs.replace(sent, title="The other one")
    for each in (sent, other):
        with pytest.raises(OutcomeUnknown):
            await world.adapter.upsert_invoice(objects.INVOICE, each)
    assert len(world.box.store.all("_job")) == 1
    world.box.store.set_setting("_clock_ahead", 61)
    world.box.store.set_setting("async_seconds", 0)
    await world.adapter.upsert_invoice(objects.INVOICE, other)
    assert (await world.adapter.invoice_by_key(objects.INVOICE)).title == "The other one"


async def test_two_at_once_to_one_record_are_done_one_after_the_other(world: World) -> None:
    sent = await invoice(world)
    titles = [f"Version {number}" for number in range(4)]
    versions = [msgspec.structs.replace(sent, title=title) for title in titles]
    await asyncio.gather(*(world.adapter.upsert_invoice(objects.INVOICE, each) for each in versions))
    assert len(world.box.store.all("_job")) == 4
    assert world.box.store.duplicates() == []


async def test_what_a_job_is_refused_for_is_the_writes_refusal_and_mended_it_is_tried_anew(world: World) -> None:
    sent = await invoice(world)
    item = world.box.store.all("serviceSaleItem")[0]
    world.box.store.update("serviceSaleItem", item["id"], {"externalId": "another"})
    with pytest.raises(VendorRefused, match="item") as refused:
        await world.adapter.upsert_invoice(objects.INVOICE, sent)
    assert refused.value.system == "netsuite"
    world.box.store.update("serviceSaleItem", item["id"], {"externalId": item["externalId"]})
    await world.adapter.upsert_invoice(objects.INVOICE, sent)
    assert (await world.adapter.invoice_by_key(objects.INVOICE)).status == "draft"


@pytest.mark.parametrize("fault", ["throttled", "server_error"])
async def test_a_refusal_after_a_lost_answer_leaves_the_outcome_unknown(world: World, fault: str) -> None:
    sent = await invoice(world)
    world.adapter._jobs._patience = 0.02
    world.strike("timeout_after_commit", 0, method="PUT", path="/invoice/")
    world.strike(fault, 0, method="PUT", path="/invoice/", times=0)
    with pytest.raises(OutcomeUnknown):
        await world.adapter.upsert_invoice(objects.INVOICE, sent)
    world.box.faults.clear()
    world.adapter._jobs._patience = 5
    await world.adapter.upsert_invoice(objects.INVOICE, sent)
    assert len(world.box.store.all("_job")) == 1


async def test_a_result_that_does_not_say_where_the_record_is_leaves_its_key(world: World) -> None:
    sent = await invoice(world)
    told = _Changing(world, lambda path, answer: _without_location(answer) if path.endswith("/result") else answer)
    adapter: Any = world.system.connect(world.connection, told)
    written = await adapter.upsert_invoice(objects.INVOICE, sent)
    assert written.id == (await world.adapter.invoice_by_key(objects.INVOICE)).id
    await adapter.close()


async def test_an_account_that_does_it_at_once_is_taken_at_its_word(world: World) -> None:
    sent = await invoice(world)

    class AtOnce(_Changing):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.headers.get("Prefer") == "respond-async":
                del request.headers["Prefer"]
            return await super().handle_async_request(request)

    adapter: Any = world.system.connect(world.connection, AtOnce(world, lambda _, answer: answer))
    assert (await adapter.upsert_invoice(objects.INVOICE, sent)).id
    assert world.box.store.all("_job") == []
    await adapter.close()


@pytest.mark.parametrize("seeds", [range(60), pytest.param(range(60, 1500), marks=pytest.mark.real)], ids=len)
async def test_mutated_answers_about_jobs_and_limits_give_a_record_or_a_named_fault(seeds: range) -> None:
    world = World("netsuite", options=ASYNC)
    world.box.store.set_setting("administrator", True)
    sent, wrong, records = await invoice(world), [], 0
    for seed in seeds:
        draw = Random(seed)
        struck = draw.choice(["/job/1", "/task", "/task/1", "/governanceLimits"])
        what: list[str] = []

        def change(path: str, answer: httpx.Response, at: str = struck, by: Random = draw) -> httpx.Response:
            ends = path.replace(path.partition(JOB)[2].partition("/")[0], "1", 1) if JOB in path else path
            if not ends.endswith(at) or not answer.content or what:  # noqa: B023 - called before the next turn
                return answer
            content, said = mutated(answer.content, by)
            what.append(said)  # noqa: B023 - likewise
            return httpx.Response(answer.status_code, headers=_framed(answer), content=content)

        adapter: Any = world.system.connect(world.connection, _Changing(world, change))
        adapter._jobs._patience = 0.01
        try:
            found = await (adapter.allowed() if "Limits" in struck else adapter.upsert_invoice(objects.INVOICE, sent))
            records += 1
            if wrong_in := promised(found, type(found)):
                wrong.append(f"{seed} {what}: {wrong_in}")
        except Broken as broken:
            wrong.append(f"{seed} {what}: {broken!r}")
        except Fault:
            pass
        except Exception as leaked:  # noqa: BLE001 - whatever comes through is what is looked for
            wrong.append(f"{seed} {what}: {type(leaked).__name__}: {leaked}")
        finally:
            await adapter.close()
    assert wrong == []
    assert 0.05 < records / len(seeds) < 0.95
    assert world.box.store.duplicates() == []
    await world.close()


class _Changing(httpx.AsyncBaseTransport):
    """The sandbox, its answers changed."""

    def __init__(self, world: World, change: Any) -> None:
        self._inner = world.box.transport()
        self._change = change

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        await answer.aread()
        changed: httpx.Response = self._change(request.url.path, answer)
        return changed


def _framed(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.lower() != "content-length"}


def _without_location(answer: httpx.Response) -> httpx.Response:
    assert answer.headers.pop("Location")
    return answer
