"""In one process the gateway asks an operation itself. What it answers is what its route answers."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from foundation.api import directly
from tests.gateway.notes import NOTES, Desk, World, over, token, workload

NOTE = "/notes/v1/notes/"
BY_KEY = "/notes/v1/notes/by-key/k"
ASKED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a note": ("GET", NOTE + "n1", {}),
    "only its header fields": ("HEAD", NOTE + "n1", {}),
    "one whose id is encoded": ("GET", NOTE + "b%C3%BCro%20a+b", {}),
    "a list": ("GET", "/notes/v1/accounts/a1/notes", {}),
    "one that is not there": ("GET", NOTE + "missing", {}),
    "one whose system is away": ("GET", NOTE + "down", {}),
    "one that fails on our side": ("GET", NOTE + "bug", {}),
    "a parameter it does not have": ("GET", NOTE + "n1?colour=red", {}),
    "one it does not have, without a value": ("GET", NOTE + "n1?colour", {}),
    "one twice": ("GET", NOTE + "n1?colour=red&colour=blue", {}),
    "nothing behind the question mark": ("GET", NOTE + "n1?", {}),
    "a body where none is read": ("GET", NOTE + "n1", {"json": {"title": "t"}}),
    "a note written": ("PUT", BY_KEY, {"json": {"title": "t", "worth": "12.50"}}),
    "one with errors": ("PUT", BY_KEY, {"json": {"title": 3, "worth": "many"}}),
    "one with errors in the query too": ("PUT", BY_KEY + "?colour=red", {"json": {"title": 3}}),
    "one that is not JSON": ("PUT", BY_KEY, {"content": b"{", "headers": {"content-type": "application/json"}}),
    "one without a body": ("PUT", BY_KEY, {}),
    "a body taken as it came": ("POST", "/notes/v1/hooks/h", {"content": b"raw"}),
}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    yield made
    await made.close()


async def answered(world: World, http: httpx.AsyncClient, asked: tuple[str, str, dict[str, Any]]) -> Any:
    method, path, rest = asked
    rest = {**rest, "headers": {**rest.get("headers", {}), "X-Request-Id": "the-same-one"}}
    response = await world.ask(method, path, token(account_id="a1"), http=http, **rest)
    spent = {"ratelimit", "date"}
    return response.status_code, sorted(h for h in response.headers.raw if h[0].decode() not in spent), response.content


@pytest.mark.parametrize("said", ASKED)
async def test_it_answers_the_same_either_way(world: World, said: str) -> None:
    routed = world.client(over(world.governor, world.app))
    straight = await answered(world, world.http, ASKED[said])
    assert straight == await answered(world, routed, ASKED[said])
    await routed.aclose()


async def test_its_surroundings_are_the_same(world: World) -> None:
    routed = world.client(over(world.governor, world.app))
    headers = {"X-Request-Id": "the-same-one", "Tiergate-Run": "r1", "Tiergate-Criticality": "T1"}
    headers["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    bearer = workload("experience", "notes:read", acted_for=("priya@console",))
    for http in (world.http, routed):
        assert (await world.ask("GET", NOTE + "n1", bearer, http=http, headers=headers)).status_code == 200
    (_, straight), (_, by_route) = world.desk.asked
    assert straight == by_route
    assert (straight.run, straight.criticality, straight.caller and straight.caller.acted_for) == (
        "r1", "T1", ("priya@console",)
    )  # fmt: skip
    await routed.aclose()


def test_what_needs_more_of_a_request_goes_by_its_route() -> None:
    assert set(directly(NOTES, Desk())) == {
        f"notes-v1.{name}" for name in ("note", "upsertNote", "accountNotes", "deleteNote")
    }
