"""A body as it comes in: never more of it than is taken, never longer than anybody waits, governed or not."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Request, post

from gateway.asgi import Gateway
from tests.gateway.notes import World, problem, token
from tiergate.front import app_of


@post("/open")
async def count(request: Request[Any, Any, Any]) -> dict[str, int]:
    """How long what came is."""
    return {"bytes": len(await request.body())}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    tiers = {"experience": made.app, "process": made.app, "system": made.app}
    made.http = made.client(
        Gateway(made.governor, tiers, front=app_of([count]), open_paths=("/open",), slow_seconds=0.2)
    )
    yield made
    await made.close()


async def trickle(pause: float, pieces: int) -> AsyncIterator[bytes]:
    """A body that comes piece by piece."""
    for _ in range(pieces):
        yield b'"a" '
        await asyncio.sleep(pause)


@pytest.mark.parametrize(("path", "status"), [("/open", 201), ("/notes/v2/notes/n1", 200)])
async def test_a_body_that_comes_in_time_is_read(world: World, path: str, status: int) -> None:
    method = "POST" if path == "/open" else "GET"
    answer = await world.ask(method, path, token(), content=trickle(0.01, 3))
    assert answer.status_code == status
    assert path != "/open" or answer.json() == {"bytes": 12}


@pytest.mark.parametrize("path", ["/open", "/notes/v2/notes/n1"])
async def test_who_sends_a_little_now_and_then_is_let_go(world: World, path: str) -> None:
    async with asyncio.timeout(3):
        answer = await world.ask("POST" if path == "/open" else "GET", path, token(), content=trickle(0.08, 100))
    assert (answer.status_code, problem(answer)["reason"]) == (400, "malformed")
    assert "0.2 seconds" in problem(answer)["detail"]


async def test_a_body_has_its_limit_where_no_policy_governs_too(world: World) -> None:
    assert (await world.ask("POST", "/open", content=b"a" * 65_536)).json() == {"bytes": 65_536}
    answer = await world.ask("POST", "/open", content=b"a" * 65_537)
    assert (answer.status_code, problem(answer)["reason"]) == (413, "body_too_large")


@pytest.mark.parametrize("coding", ["gzip, chunked", "chunked, chunked", "identity", ", chunked", "xchunked"])
async def test_a_transfer_coding_but_chunked_is_refused_and_the_connection_ends(world: World, coding: str) -> None:
    for path in ("/open", "/notes/v2/notes/n1"):
        answer = await world.ask("POST", path, headers={"Transfer-Encoding": coding}, content=trickle(0, 1))
        assert (answer.status_code, problem(answer)["reason"]) == (400, "malformed")
        assert answer.headers["connection"] == "close"


async def test_an_idempotency_key_stands_in_a_request_once(world: World) -> None:
    twice = [("Idempotency-Key", '"a"'), ("Idempotency-Key", '"b"'), ("Authorization", f"Bearer {token()}")]
    answer = await world.http.request("GET", "/notes/v2/notes/n1", headers=twice)
    assert (answer.status_code, problem(answer)["reason"]) == (400, "malformed")
