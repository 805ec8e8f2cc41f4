"""Pages that call from a browser: what it is told before, and what a page may read after."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from gateway.audit import query
from gateway.loader import PolicyError
from tests.gateway.notes import CABINET_FILE, NOTES_FILE, World, plan_of, problem, token

PORTAL = "https://portal.firm.example"
OPEN = NOTES_FILE.replace("access:", f"cors: {{origins: [{PORTAL}], headers: [X-Trial], max_age: 10m}}\naccess:", 1)
PLACE = "/notes/v2/notes/n1"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path, notes=OPEN)
    yield made
    await made.close()


async def before(
    world: World, origin: str = PORTAL, method: str = "GET", headers: str = "", path: str = PLACE
) -> httpx.Response:
    sent = {"Origin": origin, "Access-Control-Request-Method": method}
    return await world.ask(
        "OPTIONS", path, headers=sent | ({"Access-Control-Request-Headers": headers} if headers else {})
    )


async def test_a_browser_is_told_that_a_page_may_call(world: World) -> None:
    told = await before(world, headers="authorization,X-Trial")
    assert (told.status_code, told.content) == (204, b"")
    assert told.headers["access-control-allow-origin"] == PORTAL
    assert told.headers["access-control-allow-methods"] == "GET"
    assert told.headers["access-control-allow-headers"] == "authorization, x-trial"
    assert told.headers["access-control-max-age"] == "600"
    assert told.headers["vary"].startswith("Origin, ")
    assert "access-control-allow-credentials" not in told.headers
    assert world.desk.asked == []


async def test_a_question_before_a_call_is_no_call_on_record(world: World) -> None:
    await before(world)
    await world.trail.flush()
    assert query(world.trail.place) == []


@pytest.mark.parametrize(
    ("origin", "headers", "why"),
    [
        ("https://evil.example", "", "Pages of 'https://evil.example' may not call this."),
        (PORTAL + ".evil.example", "", "may not call this."),
        ("http://portal.firm.example", "", "may not call this."),
        ("null", "", "Pages of 'null' may not call this."),
        (PORTAL, "authorization, x-forwarded-for", "A page may not send the header x-forwarded-for."),
    ],
)
async def test_who_is_not_listed_is_refused_with_the_line(world: World, origin: str, headers: str, why: str) -> None:
    refused = await before(world, origin, headers=headers)
    told = problem(refused)
    assert (refused.status_code, told["reason"]) == (403, "origin_refused")
    assert why in told["detail"]
    assert told["facts"]["policy"] == "policies/apis/notes.yaml:7"
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        ([("Host", "a.example"), ("Host", "b.example")], 400, "malformed"),
        ([("Authorization", "Bearer a"), ("Authorization", "Bearer b")], 400, "token_misplaced"),
        ([("Content-Length", "0"), ("Transfer-Encoding", "chunked")], 400, "malformed"),
        ([("X-Note", "x" * 40_000)], 431, "headers_too_large"),
    ],
)
async def test_a_question_that_two_readers_read_in_two_ways_is_refused_like_a_call(
    world: World, sent: list[tuple[str, str]], status: int, reason: str
) -> None:
    asked = [("Origin", PORTAL), ("Access-Control-Request-Method", "GET"), *sent]
    refused = await world.http.request("OPTIONS", PLACE, headers=asked)
    assert (refused.status_code, problem(refused)["reason"]) == (status, reason)
    assert not any(name.startswith("access-control-") for name in refused.headers)


@pytest.mark.parametrize(
    ("path", "method"),
    [("/face/v1/notes/n1", "GET"), (PLACE, "PATCH"), ("/notes/v2/nothing", "GET"), (PLACE, "GARBAGE")],
)
async def test_what_is_not_open_to_pages_answers_as_without_them(world: World, path: str, method: str) -> None:
    told = await before(world, path=path, method=method)
    assert told.status_code in (404, 405)
    assert not any(name.startswith("access-control-") for name in told.headers)


async def test_a_page_may_read_what_it_is_answered_a_refusal_too(world: World) -> None:
    for answer in (
        await world.ask("GET", PLACE, token(), headers={"Origin": PORTAL}),
        await world.ask("GET", PLACE, headers={"Origin": PORTAL}),
    ):
        assert answer.headers["access-control-allow-origin"] == PORTAL
        assert "Retry-After" in answer.headers["access-control-expose-headers"]
        assert answer.headers["vary"] == "Origin"
    other = await world.ask("GET", PLACE, token(), headers={"Origin": "https://evil.example"})
    assert other.status_code == 200
    assert "access-control-allow-origin" not in other.headers
    assert "vary" not in (await world.ask("GET", PLACE, token())).headers


async def test_every_page_may_where_policy_says_so(tmp_path: Path) -> None:
    world = World(tmp_path, notes=OPEN.replace(f"[{PORTAL}]", '["*"]'))
    assert (await before(world, "https://any.example")).headers["access-control-allow-origin"] == "https://any.example"
    await world.close()


async def test_an_address_without_a_version_is_open_to_the_same_pages(tmp_path: Path) -> None:
    chosen = OPEN.replace("access:", "choose: {by: header}\naccess:", 1)
    world = World(tmp_path, notes=chosen)
    told = await before(world, path="/notes/notes/n1", headers="api-version")
    assert told.headers["access-control-allow-headers"] == "api-version"
    await world.close()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("{origins: []}", "origins lists at least one"),
        ("{origins: [https://portal.firm.example/]}", "is not an origin: write it like"),
        ("{origins: [portal.firm.example]}", "is not an origin"),
        ('{origins: ["*", https://a.example]}', '"*" is every origin: list nothing beside it'),
        ("{origin: [https://a.example]}", "did you mean 'origins'?"),
    ],
)
def test_an_origin_that_is_none_is_refused(tmp_path: Path, said: str, why: str) -> None:
    with pytest.raises(PolicyError) as refused:
        plan_of(tmp_path, notes=NOTES_FILE.replace("access:", f"cors: {said}\naccess:", 1))
    assert any(why in line for line in refused.value.problems), refused.value.problems


def test_a_system_api_has_no_pages(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="a system API is called by a tier, never by a page"):
        plan_of(tmp_path, cabinet=CABINET_FILE.replace("access:", f"cors: {{origins: [{PORTAL}]}}\naccess:", 1))
