"""What may be asked of a vendor: spent before anything is sent, shared by what the work is for, and the vendor's own
word goes before ours."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import msgspec
import pytest

from canonical.faults import VendorBusy
from foundation.connections import Connection
from foundation.context import CRITICALITIES, Criticality, fresh, use
from foundation.counting import Counters, Quota, Window
from foundation.counting.on_redis import OnRedis
from foundation.salesforce import faults as salesforce
from foundation.salesforce.usage import usage_of
from foundation.vendor_budget import Budget
from foundation.vendor_http import http_client, send
from gateway.loader import PolicyError
from system_apis.netsuite import faults as netsuite
from tests.redis_server import RedisServer
from tiergate import configuration

NOON = 1_790_035_200.0  # midnight, UTC
A_DAY = Quota(100, Window(86_400))


class Vendor:
    """Counts what reaches it; answers as it is told; its clock is the test's."""

    def __init__(self) -> None:
        self.now = NOON
        self.counters = Counters(lambda: self.now)
        self.reached = 0
        self.answers: list[httpx.Response] = []
        self.gate: asyncio.Event | None = None
        self.at_once = self.most_at_once = 0

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.reached += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        if self.gate is not None:
            await self.gate.wait()
        self.at_once -= 1
        return self.answers.pop(0) if self.answers else httpx.Response(204)

    def client(self, budget: Budget, limited: Callable[[httpx.Response], bool] | None = None) -> httpx.AsyncClient:
        connection = Connection(name="acme", url="https://vendor.test", budget=budget, counters=self.counters)
        return http_client(connection, transport=httpx.MockTransport(self.answer), usage=usage_of, limited=limited)


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
async def http(vendor: Vendor) -> AsyncIterator[httpx.AsyncClient]:
    async with vendor.client(Budget(calls=A_DAY, wait=0.5)) as client:
        yield client


async def ask(http: httpx.AsyncClient, criticality: Criticality = "T0") -> None:
    with use(fresh().on_behalf(criticality)):
        await send(http, "GET", "/x", system="acme")


async def refused(http: httpx.AsyncClient, criticality: Criticality = "T0") -> VendorBusy:
    with pytest.raises(VendorBusy) as busy:
        await ask(http, criticality)
    return busy.value


async def test_each_class_may_use_its_part_and_t0_all_of_it(vendor: Vendor, http: httpx.AsyncClient) -> None:
    sent: dict[str, int] = {}
    for each in reversed(CRITICALITIES):
        before = vendor.reached
        while (await asyncio.gather(ask(http, each), return_exceptions=True)) == [None]:
            pass
        sent[each] = vendor.reached - before
    assert sent == {"T3": 70, "T2": 15, "T1": 10, "T0": 5}


async def test_used_up_it_says_truly_when_to_come_back_and_sends_nothing(
    vendor: Vendor, http: httpx.AsyncClient
) -> None:
    vendor.now += 50_000.5
    for _ in range(100):
        await ask(http)
    busy = await refused(http)
    assert (busy.system, busy.facts["budget"], busy.facts["retry_after"]) == ("acme", "calls", "36400")
    assert vendor.reached == 100
    vendor.now += 36_399
    await refused(http)
    vendor.now += 1
    await ask(http)
    assert vendor.reached == 101


async def test_never_more_at_once_than_declared_and_who_waits_gets_a_turn(vendor: Vendor) -> None:
    vendor.gate = asyncio.Event()
    async with vendor.client(Budget(concurrent=10, wait=5)) as http:
        calls = [asyncio.create_task(ask(http, "T0")) for _ in range(25)]
        await asyncio.sleep(0.05)
        assert vendor.at_once == 10
        vendor.gate.set()
        await asyncio.gather(*calls)
    assert (vendor.reached, vendor.most_at_once) == (25, 10)


async def test_who_waited_in_vain_is_told_and_nothing_was_sent(vendor: Vendor) -> None:
    vendor.gate = asyncio.Event()
    async with vendor.client(Budget(concurrent=10, wait=0.1)) as http:
        calls = [asyncio.create_task(ask(http, "T3")) for _ in range(8)]
        await asyncio.sleep(0.05)
        assert vendor.at_once == 7
        assert (await refused(http, "T3")).facts == {"budget": "concurrent", "retry_after": "1"}
        urgent = asyncio.create_task(ask(http, "T0"))
        await asyncio.sleep(0.05)
        assert vendor.at_once == 8
        vendor.gate.set()
        found = await asyncio.gather(*calls, urgent, return_exceptions=True)
    assert sum(isinstance(each, VendorBusy) for each in found) == 1


async def test_a_call_that_breaks_gives_its_place_back(vendor: Vendor) -> None:
    def breaks(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("gone")

    connection = Connection(name="acme", url="https://vendor.test", budget=Budget(concurrent=1, wait=0.01))
    async with http_client(connection, transport=httpx.MockTransport(breaks)) as http:
        for _ in range(3):
            with pytest.raises(Exception, match="broke off the connection"):
                await ask(http)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_vendor_that_asks_to_be_left_alone_is(vendor: Vendor, http: httpx.AsyncClient, status: int) -> None:
    vendor.answers = [httpx.Response(status, headers={"Retry-After": "30"})]
    with pytest.raises(Exception, match=str(status)):
        await ask(http)
    vendor.now += 10
    busy = await refused(http)
    assert (busy.facts["budget"], busy.facts["retry_after"], vendor.reached) == ("pause", "20", 1)
    vendor.now += 20
    await ask(http)


async def test_a_short_wish_to_be_left_alone_is_waited_for_and_a_long_one_is_not(vendor: Vendor) -> None:
    async with vendor.client(Budget(wait=0.5)) as http:
        for asked, reached in ((1, 1), (30, 3)):
            vendor.answers = [httpx.Response(429, headers={"Retry-After": str(asked)})]
            with pytest.raises(Exception, match="429"):
                await ask(http)
            vendor.now += 0.9
            waiting = asyncio.create_task(ask(http))
            await asyncio.sleep(0.02)
            assert vendor.reached == reached
            vendor.now += 0.2
            if asked == 1:
                await waiting
            else:
                with pytest.raises(VendorBusy, match="left alone"):
                    await waiting
        assert vendor.reached == 3


async def test_one_that_does_not_say_for_how_long_is_left_alone_for_a_second(
    vendor: Vendor, http: httpx.AsyncClient
) -> None:
    vendor.answers = [httpx.Response(429), httpx.Response(503)]
    for _ in range(2):
        with pytest.raises(Exception, match="answered"):
            await ask(http)
        vendor.now += 1
    await ask(http)
    assert vendor.reached == 3


@pytest.mark.parametrize(
    ("limited", "status", "code"),
    [
        (netsuite.limited, 400, "CONCURRENCY_LIMIT_EXCEEDED"),
        (netsuite.limited, 429, "USER_ERROR"),
        (salesforce.limited, 403, "REQUEST_LIMIT_EXCEEDED"),
    ],
)
async def test_a_vendors_own_way_to_say_so_is_understood(
    vendor: Vendor, limited: Callable[[httpx.Response], bool], status: int, code: str
) -> None:
    vendor.answers = [httpx.Response(status, json=[{"errorCode": code}]), httpx.Response(status, json=[{}])]
    async with vendor.client(Budget(calls=A_DAY, wait=0.5), limited) as http:
        with pytest.raises(Exception, match="answered"):
            await ask(http)
        assert (await refused(http)).facts["budget"] == "pause"


async def test_the_vendors_own_count_goes_before_ours(vendor: Vendor, http: httpx.AsyncClient) -> None:
    vendor.answers = [httpx.Response(204, headers={"Sforce-Limit-Info": "api-usage=36/50"})]
    await ask(http)  # others use the org as well: 72 % are gone
    assert (await refused(http, "T3")).facts["budget"] == "calls"
    vendor.answers = [httpx.Response(204, headers={"Sforce-Limit-Info": "api-usage=10/50"})]
    await ask(http, "T2")
    await ask(http, "T3")


async def test_a_budget_smaller_than_what_the_vendor_allows_is_our_own_business(
    vendor: Vendor, http: httpx.AsyncClient
) -> None:
    for _ in range(70):
        vendor.answers = [httpx.Response(204, headers={"Sforce-Limit-Info": "api-usage=36/50000"})]
        await ask(http, "T3")
    await refused(http, "T3")


async def test_when_the_vendor_says_nothing_is_left_it_is_asked_again_some_minutes_later(
    vendor: Vendor, http: httpx.AsyncClient
) -> None:
    vendor.answers = [httpx.Response(204, headers={"Sforce-Limit-Info": "api-usage=5000/5000"})]
    await ask(http)
    assert (await refused(http)).facts == {"budget": "pause", "retry_after": "300"}
    vendor.now += 300
    await ask(http)


async def test_two_processes_share_one_budget(own_redis: RedisServer, vendor: Vendor) -> None:
    stores = [OnRedis(own_redis.url, timeout=5) for _ in range(2)]
    connection = Connection(name="acme", url="https://vendor.test", budget=Budget(calls=A_DAY))
    clients = [
        http_client(
            msgspec.structs.replace(connection, counters=Counters(shared=store)),
            transport=httpx.MockTransport(vendor.answer),
        )
        for store in stores
    ]
    await asyncio.gather(*(ask(clients[n % 2]) for n in range(150)), return_exceptions=True)
    assert vendor.reached == 100
    for client in clients:
        await client.aclose()
    for store in stores:
        await store.close()


@pytest.mark.parametrize(
    ("budget", "sentence"),
    [
        ("{}", "acme.budget: says calls or concurrent, or both; without either, leave the budget out"),
        ("{calls: 100k}", "acme.budget.calls: '100k' is not a rate: write it like 60/min or 100k/day"),
        ("{concurrent: 0}", "acme.budget: concurrent is at least 1"),
        ("{concurrent: many}", "acme.budget.concurrent must be a whole number"),
        ("{call: 1/day}", "acme.budget has no key 'call' (did you mean 'calls'?)"),
        ("{calls: 1/day, zone: Mars}", "acme.budget: 'Mars' is not a time zone: write it like Europe/Berlin"),
        (
            "{calls: 1/hour, zone: UTC}",
            "acme.budget: zone says where a day begins: only calls by the day have one",
        ),
        ("{calls: 1/day, wait: soon}", "acme.budget.wait: 'soon' is not a span of time"),
        (
            "{calls: 1/day, shares: {T3: 0.7}}",
            "acme.budget.shares.T3 must be text",
        ),
        (
            "{calls: 1/day, shares: {T3: 170%}}",
            "acme.budget.shares: T3 is '170%'; write a part of the budget, from 1% to 100%",
        ),
        (
            "{calls: 1/day, shares: {T3: 90%}}",
            "acme.budget.shares: a more critical class may not have less",
        ),
        ("{calls: 1/day, shares: {T0: 90%}}", "acme.budget.shares has no key 'T0'"),
    ],
)
def test_a_budget_that_cannot_be_is_named_with_its_line(tmp_path: Path, budget: str, sentence: str) -> None:
    (tmp_path / "connections.yaml").write_text(f"acme:\n  url: https://vendor.test\n  budget: {budget}\n")
    with pytest.raises(PolicyError) as wrong:
        configuration.connections(tmp_path, ["acme"], {})
    assert any(problem.startswith(f"policies/connections.yaml:3: {sentence}") for problem in wrong.value.problems)


def test_what_is_said_is_what_holds(tmp_path: Path) -> None:
    said = "{calls: 90/hour, concurrent: 4, wait: 2s, shares: {T3: 50%, T2: 60%}}"
    (tmp_path / "connections.yaml").write_text(f"acme:\n  url: https://vendor.test\n  budget: {said}\n")
    budget = configuration.connections(tmp_path, ["acme"], {})["acme"].budget
    assert budget is not None
    assert budget.calls is not None
    assert (budget.calls.units, budget.calls.window.seconds, budget.concurrent, budget.wait) == (90, 3600, 4, 2.0)
    assert budget.shares == {"T0": 1.0, "T1": 0.95, "T2": 0.6, "T3": 0.5}
