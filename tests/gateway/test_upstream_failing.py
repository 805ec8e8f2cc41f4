"""An upstream that fails: what is asked again and what never is, and when it is left alone."""

import asyncio
import random
from collections.abc import Callable

import http_sf
import pytest

from gateway.audit import query
from tests.gateway.archive import ACCOUNT, Answer, Archive, Make, broke_off, metric, post, read, refused, write
from tests.gateway.notes import problem

RETRY = "retry: {attempts: 3, when: [connect, reset, 502, 503, 504], budget: 100%}"


@pytest.mark.parametrize("failing", [refused, broke_off, lambda: 502, lambda: 503, lambda: 504])
async def test_a_read_that_failed_is_asked_again_as_often_as_is_said(
    behind: Make, archive: Archive, failing: Callable[[], Answer]
) -> None:
    world = behind(RETRY)
    for _ in range(9):
        await read(world, ACCOUNT)  # the budget is a part of these
    archive.reached.clear()
    archive.then = [failing(), failing(), 200]
    assert (await read(world, ACCOUNT)).status_code == 200
    archive.then = [failing(), failing(), failing(), 200]
    assert (await read(world, ACCOUNT)).status_code == 503


@pytest.mark.parametrize("status", [400, 404, 429, 500, 501])
async def test_what_is_not_listed_is_an_answer(behind: Make, archive: Archive, status: int) -> None:
    world = behind(RETRY)
    archive.then = [(status, {"content-type": "application/json"}), 200]
    assert (await read(world, ACCOUNT)).status_code == status
    assert len(archive.reached) == 1


async def test_a_write_is_sent_again_only_if_nothing_was_sent(behind: Make, archive: Archive) -> None:
    world = behind(RETRY)
    archive.then = [refused(), 200]
    assert (await write(world)).status_code == 200
    assert archive.reached == ["PUT"]
    for failing in (broke_off("PUT"), 502, 503, 504):
        archive.reached.clear()
        archive.then = [failing, 200]
        assert (await write(world)).status_code in (503, 504)
        assert archive.reached == ["PUT"], failing


async def test_policy_may_call_a_put_safe_to_repeat_and_never_a_post(behind: Make, archive: Archive) -> None:
    world = behind(RETRY.replace("attempts", "methods: idempotent, attempts"))
    archive.then = [broke_off("PUT"), 200]
    assert (await write(world)).status_code == 200
    assert archive.reached == ["PUT", "PUT"]
    archive.reached.clear()
    archive.then = [503, 200]
    assert (await post(world)).status_code == 503
    assert archive.reached == ["POST"]


async def test_a_write_with_a_key_is_repeated_where_policy_says_the_upstream_heeds_keys(
    behind: Make, archive: Archive
) -> None:
    for said, sent in (("", 1), ("keyed: true, ", 2)):
        world = behind(RETRY.replace("attempts", f"{said}attempts"))
        archive.reached.clear()
        archive.then = [503, 200]
        assert (await write(world, Idempotency_Key='"k-1"')).status_code == (200 if sent == 2 else 503)
        assert len(archive.reached) == sent
        archive.then = [503, 200]
        assert (await write(world)).status_code == 503, "without a key it is an ordinary write"


async def test_second_tries_are_a_part_of_the_calls(behind: Make, archive: Archive) -> None:
    world = behind("retry: {attempts: 2, budget: 10%}")
    for _ in range(20):
        await read(world, ACCOUNT)
    archive.then = [503]
    before = len(archive.reached)
    for _ in range(20):
        await read(world, ACCOUNT)
    assert len(archive.reached) - before == 20 + 4  # 10% of the forty calls of the last ten seconds
    world.now += 11
    before = len(archive.reached)
    await read(world, ACCOUNT)
    assert len(archive.reached) - before == 2, "one second try there always is"


async def test_an_upstream_that_says_when_is_asked_then_or_not_at_all(
    behind: Make, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused: list[float] = []

    async def sleep(seconds: float) -> None:
        paused.append(seconds)

    world = behind(RETRY)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    archive.then = [(503, {"retry-after": "2"}), 200]
    assert (await read(world, ACCOUNT)).status_code == 200
    assert paused == [2.0]
    archive.then = [(503, {"retry-after": "60"}), 200]
    told = await read(world, ACCOUNT)
    assert (told.status_code, told.headers["retry-after"]) == (503, "60")
    assert paused == [2.0]


async def test_each_pause_may_be_twice_the_last(
    behind: Make, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    most: list[float] = []
    monkeypatch.setattr(random, "uniform", lambda least, upto: most.append(upto) or 0.0)
    world = behind("retry: {attempts: 4, budget: 100%, backoff: 50ms}")
    for _ in range(5):
        await read(world, ACCOUNT)
    archive.then = [503, 503, 503, 200]
    assert (await read(world, ACCOUNT)).status_code == 200
    assert most == [0.05, 0.1, 0.2]


async def test_its_own_words_do_not_reach_the_caller(behind: Make, archive: Archive) -> None:
    world = behind("timeout: {total: 5s}")
    archive.then = [502]
    answer = await read(world, ACCOUNT)
    assert (answer.status_code, problem(answer)["reason"], problem(answer)["system"]) == (503, "vendor_down", "archive")
    assert "theirs" not in answer.text
    archive.then = [(502, {"content-type": "application/problem+json"})]
    assert (await read(world, ACCOUNT)).status_code == 502, "what the API itself says is passed on"


BREAKER = "breaker: {open: 50% of 4 calls in 10s, retry_after: 15s}"


async def test_a_breaker_opens_and_closes_as_declared(behind: Make, archive: Archive) -> None:
    world = behind(BREAKER)
    archive.then = [200, 200, 503, 503, 200]
    answers = [await read(world, ACCOUNT) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 503, 503, 503]
    assert len(archive.reached) == 4
    left = answers[-1]
    assert (problem(left)["reason"], problem(left)["system"]) == ("upstream_left_alone", "archive")
    assert problem(left)["facts"]["breaker"] == "open"
    assert left.headers["retry-after"] == "15"
    [(who, said)] = http_sf.parse(left.headers["proxy-status"].encode(), tltype="list")
    assert (str(who), str(said["error"]), said["next-hop"]) == ("tiergate", "destination_unavailable", "archive")
    assert metric("tiergate_upstream_breaker") == 2
    world.now += 14.9
    assert (await read(world, ACCOUNT)).status_code == 503
    assert len(archive.reached) == 4
    world.now += 0.1
    assert (await read(world, ACCOUNT)).status_code == 200
    assert metric("tiergate_upstream_breaker") == 0
    assert (await read(world, ACCOUNT)).status_code == 200


async def test_of_too_few_calls_or_too_few_failures_nothing_is_concluded(behind: Make, archive: Archive) -> None:
    world = behind(BREAKER)
    archive.then = [503]
    for _ in range(3):
        await read(world, ACCOUNT)
    world.now += 10.1  # they are forgotten
    archive.then = [200, 200, 200, 503, 503, 200]
    for _ in range(9):
        await read(world, ACCOUNT)
    assert len(archive.reached) == 3 + 9


async def test_half_open_one_call_goes_to_see_and_the_others_wait_for_it(behind: Make, archive: Archive) -> None:
    world = behind(BREAKER)
    archive.then = [refused()]
    for _ in range(4):
        await read(world, ACCOUNT)
    world.now += 15
    archive.then, archive.gate = [503], asyncio.Event()
    sees = asyncio.create_task(read(world, ACCOUNT))
    await asyncio.sleep(0.02)
    others = [await read(world, ACCOUNT) for _ in range(3)]
    assert [problem(answer)["facts"]["breaker"] for answer in others] == ["half_open"] * 3
    archive.gate.set()
    assert (await sees).status_code == 503
    assert len(archive.reached) == 1
    world.now += 14
    assert (await read(world, ACCOUNT)).status_code == 503, "it failed: as long again"
    world.now += 1
    archive.then = [200]
    assert (await read(world, ACCOUNT)).status_code == 200


async def test_what_is_a_failure_is_said(behind: Make, archive: Archive) -> None:
    world = behind(BREAKER.replace("15s}", "15s, counts: [connect]}"))
    archive.then = [503]
    for _ in range(8):
        await read(world, ACCOUNT)
    assert len(archive.reached) == 8
    archive.then = [refused()]
    for _ in range(8):
        await read(world, ACCOUNT)
    archive.then = [200]
    assert problem(await read(world, ACCOUNT))["reason"] == "upstream_left_alone"


async def test_a_caller_who_leaves_or_sends_too_much_says_nothing_of_the_upstream(
    behind: Make, archive: Archive
) -> None:
    world = behind(BREAKER)
    archive.gate = asyncio.Event()
    for _ in range(5):
        leaving = asyncio.create_task(read(world, ACCOUNT))
        await asyncio.sleep(0.01)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
    archive.gate = None
    assert (await read(world, ACCOUNT)).status_code == 200


async def test_a_call_that_waits_longer_than_its_total_counts_as_failed(behind: Make, archive: Archive) -> None:
    world = behind("timeout: {connect: 10ms, total: 30ms}, " + BREAKER)
    archive.gate = asyncio.Event()
    answers = [await read(world, ACCOUNT), await write(world), await read(world, ACCOUNT), await read(world, ACCOUNT)]
    assert [problem(answer)["reason"] for answer in answers[:2]] == ["vendor_timeout", "outcome_unknown"]
    assert "error=http_response_timeout" in answers[0].headers["proxy-status"]
    assert problem(await read(world, ACCOUNT))["reason"] == "upstream_left_alone"


async def test_a_refusal_by_the_breaker_names_its_line_and_frees_what_was_taken(behind: Make, archive: Archive) -> None:
    world = behind(BREAKER)
    archive.then = [refused()]
    for _ in range(5):
        refusal = await read(world, ACCOUNT)
    assert problem(refusal)["facts"]["policy"].startswith("policies/apis/notes.yaml:")
    await world.trail.flush()
    kept = [found.record for found in query(world.trail.place)]
    assert ("upstream_left_alone", "upstream", "upstream") in [(r.reason, r.stage, r.rule) for r in kept]
