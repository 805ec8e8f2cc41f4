"""A read that is kept: for whom, how long, and what makes it new again."""

from collections.abc import AsyncIterator
from pathlib import Path

import http_sf
import httpx
import pytest

from gateway.cache import AnswerCache, Kept
from gateway.call import Answer
from gateway.loader import PolicyError
from tests.gateway.notes import NOTES_FILE, World, plan_of, token

KEPT = NOTES_FILE.replace("  note: {scopes: [notes:read]}", "  note: {scopes: [notes:read], cache: 30s}")
SHARED = KEPT.replace("cache: 30s", "cache: {fresh: 30s, shared: true}")
PLACE = "/notes/v2/notes/n1"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path, notes=KEPT)
    yield made
    await made.close()


async def read(world: World, path: str = PLACE, who: str = "priya", **headers: str) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await world.ask("GET", path, token(sub=who), headers=sent)


def became(answer: httpx.Response) -> dict[str, object]:
    """What `Cache-Status` says, read by another's parser."""
    [(cache, said)] = http_sf.parse(answer.headers["cache-status"].encode(), tltype="list")
    assert str(cache) == "tiergate"
    return {name: str(value) if not isinstance(value, (bool, int)) else value for name, value in said.items()}


async def test_an_answer_is_given_again_while_it_is_fresh(world: World) -> None:
    first = await read(world)
    world.now += 10
    second = await read(world)
    assert (became(first), became(second)) == ({"fwd": "miss", "stored": True}, {"hit": True, "ttl": 20})
    assert second.content == first.content
    assert second.headers["content-type"] == first.headers["content-type"]
    assert (second.headers["age"], second.headers["etag"]) == ("10", first.headers["etag"])
    assert second.headers["cache-control"] == "private, max-age=30"
    assert second.headers["vary"] == "Authorization"
    assert len(world.desk.asked) == 1
    world.now += 20
    assert became(await read(world))["fwd"] == "miss"


async def test_nobody_is_given_anothers_answer(world: World) -> None:
    await read(world)
    assert became(await read(world, who="sam"))["fwd"] == "miss"
    assert len(world.desk.asked) == 2


async def test_everybody_is_given_the_same_where_policy_says_so(tmp_path: Path) -> None:
    world = World(tmp_path, notes=SHARED)
    await read(world)
    assert became(await read(world, who="sam"))["hit"] is True
    await world.close()


async def test_who_may_not_read_is_not_given_what_is_kept(world: World) -> None:
    await read(world)
    assert (await world.ask("GET", PLACE, token("notes:write"))).status_code == 403


async def test_another_address_query_version_or_form_is_another_answer(world: World) -> None:
    await read(world)
    assert became(await read(world, "/notes/v2/notes/n2"))["fwd"] == "miss"
    assert became(await read(world, "/notes/v1/notes/n1"))["fwd"] == "miss"
    assert became(await read(world, Accept="text/plain"))["fwd"] == "miss"


async def test_who_has_it_already_is_told_so_without_a_body(world: World) -> None:
    tag = (await read(world)).headers["etag"]
    for known in (tag, f'"other", W/{tag}', "*"):
        answer = await read(world, If_None_Match=known)
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
        assert "content-length" not in answer.headers
    assert (await read(world, If_None_Match='"other"')).status_code == 200
    world.now += 31
    assert (await read(world, If_None_Match=tag)).status_code == 304
    assert len(world.desk.asked) == 2


async def test_a_caller_may_want_it_anew(world: World) -> None:
    await read(world)
    assert became(await read(world, Cache_Control="no-cache")) == {"fwd": "request", "stored": True}
    assert len(world.desk.asked) == 2


async def test_a_write_makes_reads_new_again_and_a_refused_one_does_not(world: World) -> None:
    await read(world)
    assert (await world.ask("PUT", "/notes/v2/notes/by-key/k", token("notes:read"), json={})).status_code == 403
    assert became(await read(world))["hit"] is True
    assert (await world.ask("PUT", "/notes/v2/notes/by-key/k", token(), json={"title": "t"})).status_code == 200
    assert became(await read(world))["fwd"] == "miss"


async def test_a_failure_is_not_kept(world: World) -> None:
    for _ in range(2):
        answer = await read(world, "/notes/v2/notes/missing")
        assert (answer.status_code, became(answer)) == (404, {"fwd": "miss"})
    assert len(world.desk.asked) == 2


async def test_a_read_of_the_header_alone_is_neither_kept_nor_answered_from_there(world: World) -> None:
    await read(world)
    answer = await world.ask("HEAD", PLACE, token())
    assert (answer.status_code, answer.content) == (200, b"")
    assert became(await read(world))["hit"] is True


def test_the_oldest_go_when_room_is_needed() -> None:
    cache = AnswerCache(room=10)
    for name, size in (("a", 4), ("b", 4)):
        assert cache.keep(("api", name), Kept(answer=Answer(status=200, headers=(), body=b"x" * size), at=0, until=9))
    assert cache.find(("api", "a"), 1) is not None
    assert cache.keep(("api", "c"), Kept(answer=Answer(status=200, headers=(), body=b"x" * 4), at=0, until=9))
    assert [cache.find(("api", name), 1) is not None for name in "abc"] == [True, False, True]
    assert not cache.keep(("api", "d"), Kept(answer=Answer(status=200, headers=(), body=b"x" * 11), at=0, until=9))
    cache.forget("api")
    assert len(cache) == 0


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("    audit: bodies\n", "    cache: 30s\n", "upsertNote: writes; only a read's answer can be given again"),
        ("cache: 30s", "cache: soon", "'soon' is not a span of time"),
        ("cache: 30s", "cache: {fresh: 30s, share: true}", "did you mean 'shared'?"),
    ],
)
def test_where_nothing_can_be_kept_the_policy_is_refused(tmp_path: Path, old: str, new: str, why: str) -> None:
    with pytest.raises(PolicyError) as refused:
        plan_of(tmp_path, notes=KEPT.replace(old, new, 1))
    assert any(why in said for said in refused.value.problems), refused.value.problems
