"""In front of a tier in another process: the same answers, the hop's own headers, and plain words when it is away."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from granian.constants import Interfaces
from granian.server.embed import Server

from foundation.masking import Masker
from gateway.asgi import Gateway
from gateway.audit import Trail, query
from gateway.governor import Governor
from gateway.proxy import Proxy
from gateway.upstreams import Upstream
from gateway.upstreams.declared import Timeout
from gateway.words import Duration
from tests.gateway.notes import KEY, KnownKeys, World, problem, token, workload

NOTE = "/notes/v2/notes/n1"
KEYED = "/notes/v2/notes/by-key/k1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Served:
    """An ASGI app on a real port for as long as a test needs it."""

    def __init__(self, app: Any) -> None:
        self.port = free_port()
        self._server = Server(
            app, address="127.0.0.1", port=self.port, interface=Interfaces.ASGINL, log_enabled=False, websockets=False
        )
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._server.serve())
        for _ in range(200):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                await writer.wait_closed()
                return self
            except OSError:
                await asyncio.sleep(0.02)
        raise TimeoutError(self.url)

    async def __aexit__(self, *_: object) -> None:
        self._server.stop()  # type: ignore[no-untyped-call]  # granian leaves it so
        assert self._task is not None
        await self._task


@pytest.fixture
def fronts(tmp_path: Path) -> Iterator[Trail]:
    """The front's own record."""
    trail = Trail(tmp_path / "front.db", Masker(b"key"))
    yield trail
    trail.close()


@pytest.fixture
async def front(world: World, fronts: Trail) -> AsyncIterator[Any]:
    """A gateway process in front of the tiers' own process, both on the same plan."""
    async with Served(world.gateway) as tier:
        governor = Governor(world.plan, trail=fronts, keys=KnownKeys(KEY), clock=lambda: world.now)
        proxy = governor.services.upstreams.apart("process-tier", tier.url)
        async with world.client(Gateway(governor, {"process": proxy, "system": proxy})) as http:
            yield http


async def test_a_call_through_the_front_is_answered_as_one_to_the_tier(world: World, front: Any) -> None:
    for path in (NOTE, "/notes/v2/notes/missing", "/notes/v2/notes/a%20b?"):
        there, here = [await world.ask("GET", path, token(), http=http) for http in (front, world.http)]
        assert there.status_code == here.status_code
        drop = {"request_id"}
        assert {k: v for k, v in there.json().items() if k not in drop} == {
            k: v for k, v in here.json().items() if k not in drop
        }


async def test_what_the_tier_has_said_is_not_said_again(world: World, front: Any) -> None:
    there, here = [await world.ask("GET", "/notes/v1/notes/n1", token(), http=http) for http in (front, world.http)]
    for name in ("x-request-id", "deprecation", "sunset", "link", "ratelimit"):
        assert len(there.headers.get_list(name)) == len(here.headers.get_list(name)), name
    assert {"x-request-id", "deprecation", "sunset"} <= set(here.headers)


async def test_a_body_arrives_whole_and_the_limit_is_spent_once(world: World, front: Any) -> None:
    answers = [await world.ask("PUT", KEYED, token(), json={"title": "ä" * 50}, http=front) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].json()["title"] == "ä" * 50
    assert answers[0].headers["ratelimit"].startswith('"writes";r=2;')
    assert problem(answers[3])["facts"]["limit"] == "writes"


async def test_the_record_is_the_tiers_and_there_is_one(world: World, front: Any, fronts: Trail) -> None:
    await world.ask("GET", NOTE, token(), http=front, headers={"X-Request-Id": "request-1234"})
    await world.trail.flush()
    await fronts.flush()
    (kept,) = query(world.trail.place)
    assert kept.record.request_id == "request-1234"
    assert query(fronts.place) == []


async def test_what_the_front_refuses_is_in_its_own_record(world: World, front: Any, fronts: Trail) -> None:
    assert (await world.ask("GET", NOTE, http=front)).status_code == 401
    assert (await world.ask("PUT", KEYED, token("notes:read"), json={}, http=front)).status_code == 403
    bad = await world.ask("PUT", KEYED, token(), json={"title": 1}, http=front)
    assert (bad.status_code, problem(bad)["reason"]) == (422, "invalid")
    await world.trail.flush()
    await fronts.flush()
    assert query(world.trail.place) == []
    assert [kept.record.status for kept in query(fronts.place)] == [422, 403, 401]


async def test_a_workloads_chain_goes_on_and_an_outsiders_does_not(world: World, front: Any) -> None:
    said = {"Tiergate-Acted-For": "ceo@console", "Tiergate-Run": "run-1"}
    tier = workload(acted_for=("priya@console",))
    assert (await world.ask("GET", "/cabinet/v1/notes/n1", tier, headers=said, http=front)).status_code == 200
    _, inner = world.desk.asked[-1]
    assert inner.caller is not None
    assert (inner.caller.acted_for, inner.run) == (("priya@console",), "run-1")
    await world.ask("GET", NOTE, token(), headers=said, http=front)
    _, outer = world.desk.asked[-1]
    assert outer.caller is not None
    assert (outer.caller.acted_for, outer.run) == ((), "")


async def _seen_by_the_tier(world: World, headers: dict[str, str], answer: list[tuple[bytes, bytes]]) -> Any:
    seen: dict[str, Any] = {}

    async def tier(scope: Any, receive: Any, send: Any) -> None:
        seen.update({name.decode(): value.decode() for name, value in scope["headers"]}, path=scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": answer})
        for part in (b"one ", b"two"):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async with Served(tier) as served:
        governor = Governor(world.plan, keys=KnownKeys(KEY), clock=lambda: world.now)
        proxy = governor.services.upstreams.apart("process-tier", served.url)
        async with world.client(Gateway(governor, {"process": proxy})) as http:
            response = await world.ask("GET", NOTE, token(), headers=headers, http=http)
    return seen, response


async def test_hop_by_hop_fields_stay_behind_and_the_way_is_told(world: World) -> None:
    sent = {"Connection": "X-Secret-Hop", "X-Secret-Hop": "1", "Proxy-Authorization": "x", "X-Kept": "2"}
    seen, answer = await _seen_by_the_tier(
        world, sent, [(b"x-answer", b"3"), (b"connection", b"x-gone"), (b"x-gone", b"4")]
    )
    assert "x-secret-hop" not in seen
    assert "proxy-authorization" not in seen
    assert seen["x-kept"] == "2"
    assert seen["via"] == "1.1 tiergate"
    assert seen["forwarded"] == 'for=127.0.0.1;host="gw";proto=http'
    assert seen["authorization"].startswith("Bearer ")
    assert seen["x-request-id"] == answer.headers["x-request-id"]
    assert len(seen["traceparent"]) == 55
    assert (answer.text, answer.headers["x-answer"]) == ("one two", "3")
    assert "x-gone" not in answer.headers


async def test_a_tier_that_is_away_or_hangs_is_a_problem_and_a_write_is_never_called_failed(world: World) -> None:
    async def hangs(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(1)

    async def breaks_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.close()

    dropping = await asyncio.start_server(breaks_off, "127.0.0.1", 0)
    governor = Governor(world.plan, keys=KnownKeys(KEY), clock=lambda: world.now)
    governor.services.upstreams.configure({"process-tier": Upstream(timeout=Timeout(idle=Duration(0.3)))})
    apart = governor.services.upstreams.apart
    broken = apart("process-tier", f"http://127.0.0.1:{dropping.sockets[0].getsockname()[1]}")
    away = apart("process-tier", f"http://127.0.0.1:{free_port()}")
    async with Served(hangs) as served:
        hanging = apart("process-tier", served.url)
        expected = [
            (away, "GET", NOTE, 503, "vendor_down", "connection_refused"),
            (away, "PUT", KEYED, 503, "vendor_down", "connection_refused"),
            (broken, "GET", NOTE, 503, "vendor_down", "connection_terminated"),
            (broken, "PUT", KEYED, 504, "outcome_unknown", "connection_terminated"),
            (hanging, "GET", NOTE, 504, "vendor_timeout", "http_response_timeout"),
            (hanging, "PUT", KEYED, 504, "outcome_unknown", "http_response_timeout"),
        ]
        for proxy, method, path, status, reason, error in expected:
            async with world.client(Gateway(governor, {"process": proxy})) as http:
                body = {"json": {"title": "a"}} if method == "PUT" else {}
                answer = await world.ask(method, path, token(), http=http, **body)
            assert (answer.status_code, problem(answer)["reason"]) == (status, reason)
            assert problem(answer)["system"] == "process-tier"
            assert f'error={error}; next-hop="process-tier"' in answer.headers["proxy-status"]
    dropping.close()
    await dropping.wait_closed()


async def test_answers_of_one_piece_are_passed_on_in_one_over_a_connection_that_stays() -> None:
    opened, sent = [], []

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell")
        writer.close()

    async def send(message: Any) -> None:
        sent.append(message)

    server = await asyncio.start_server(answers, "127.0.0.1", 0)
    proxy = Proxy(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", system="archive")
    scope = {"method": "GET", "raw_path": b"/a", "headers": [(b"host", b"gw")], "tiergate.body": b""}
    for _ in range(5):
        await proxy(scope, asyncio.Event().wait, send)
    assert len(opened) == 1
    assert [message["body"] for message in sent[1::2]] == [b"well"] * 5
    assert [message["more_body"] for message in sent[1::2]] == [False] * 5
    await proxy.close()
    server.close()
    for writer in opened:
        writer.close()
        await writer.wait_closed()
    await server.wait_closed()
