"""Business rules: checked against the contract before the first call, exact with money, and never waited for long."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import httpx
import msgspec
import pytest
from prometheus_client import REGISTRY

from canonical.ports import Written
from gateway.audit import Facts, query
from gateway.authoring.traced import traced
from gateway.cel.refusals import RuleBroken
from gateway.cel.worker import Undecided, Worker
from gateway.nouns import rules
from gateway.published import contract
from tests.gateway.ledger import ALL_OF_THEM, GOOD, LEDGER, World
from tests.gateway.notes import problem


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path, **{name.replace("-", "_"): check for name, check in ALL_OF_THEM.items()})
    yield made
    await made.close()


@pytest.fixture(autouse=True)
def no_process_left() -> Iterator[None]:
    yield
    rules.worker().close()


def broken(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    said = problem(answer)
    assert said["reason"] == "rule_broken"
    return [(each["rule"], each.get("pointer", "")) for each in said["errors"]]


async def test_what_keeps_the_rules_passes_both_ways(ledger: World) -> None:
    assert (await ledger.put(GOOD)).status_code == 200
    assert (await ledger.put(GOOD, query="?copies=3")).status_code == 200
    assert await ledger.direct(GOOD) == Written(id="k")


async def test_every_broken_rule_is_said_at_once_with_its_place_and_its_line(ledger: World) -> None:
    body = GOOD | {"number": "X", "total": {"amount": "0.30000000000000001", "currency": "EUR"}, "end": "2025-01-01"}
    answer = await ledger.put(body, key="K9", query="?copies=4")
    assert broken(answer) == [
        ("added-up", ""),
        ("numbered", "/number"),
        ("ends-in-time", ""),
        ("few-copies", "query:copies"),
        ("keyed", "path:key"),
    ]
    said = problem(answer)
    assert said["errors"][1]["detail"] == "Mind numbered."
    assert [each["policy"] for each in said["errors"]] == [f"policies/apis/ledger.yaml:{n}" for n in range(12, 17)]
    assert said["facts"]["policy"] == "policies/apis/ledger.yaml:12"


async def test_a_tier_in_this_process_is_refused_with_the_same_fault(ledger: World) -> None:
    body = GOOD | {"number": "X"}
    with pytest.raises(RuleBroken) as refused:
        await ledger.direct(body, copies=9)
    over_http = problem(await ledger.put(body, query="?copies=9"))
    assert [msgspec.to_builtins(each) for each in refused.value.errors] == over_http["errors"]


@pytest.mark.parametrize("missing", ["start", "end"])
async def test_a_field_that_was_not_sent_breaks_the_rule_that_reads_it(ledger: World, missing: str) -> None:
    answer = await ledger.put({key: value for key, value in GOOD.items() if key != missing})
    assert broken(answer) == [("ends-in-time", "")]
    assert problem(answer)["errors"][0]["detail"] == f"Mind ends_in_time. ({missing} is not there)"
    assert broken(await ledger.put(GOOD | {missing: None})) == [("ends-in-time", "")]


async def test_two_currencies_are_never_added(ledger: World) -> None:
    lines = [GOOD["lines"][0], {"ref": "b", "amount": {"amount": "0.20", "currency": "USD"}}]
    answer = await ledger.put(GOOD | {"lines": lines})
    assert broken(answer) == [("added-up", "")]
    assert "EUR and USD are two currencies" in problem(answer)["errors"][0]["detail"]


async def test_what_the_contract_refuses_is_refused_as_ever(ledger: World) -> None:
    answer = await ledger.put({"number": 3})
    assert (answer.status_code, problem(answer)["reason"]) == (422, "invalid")


async def test_a_rule_that_only_warns_lets_pass_and_is_noted(tmp_path: Path) -> None:
    world = World(
        tmp_path,
        short={"check": "body.number.size() < 9", "severity": "warn"},
        numbered="body.number.startsWith('R-')",
    )
    labels = {"api": "ledger-v1", "operation": "putInvoice", "rule": "short", "severity": "warn"}
    before = REGISTRY.get_sample_value("tiergate_rules_broken_total", labels) or 0
    passed = await world.put(GOOD | {"number": "R-123456789"})
    refused = await world.put(GOOD | {"number": "123456789"})
    assert (passed.status_code, passed.headers["Tiergate-Warned"]) == (200, "short")
    assert broken(refused) == [("numbered", "/number")]
    assert refused.headers["Tiergate-Warned"] == "short"
    assert "Tiergate-Warned" not in (await world.put(GOOD)).headers
    told = contract(world.governor.plan, LEDGER)["paths"]["/ledger/v1/invoices/{key}"]["put"]["responses"]
    assert told["200"]["headers"]["Tiergate-Warned"]["description"].endswith("of these: short")
    assert [status for status, answer in told.items() if "headers" in answer] == ["200", "422"]
    assert REGISTRY.get_sample_value("tiergate_rules_broken_total", labels) == before + 2
    await world.trail.flush()
    kept = [each.record for each in query(world.trail.place)][::-1]
    await world.close()
    assert [(Facts.of(r).warned, Facts.of(r).broken, r.rule) for r in kept] == [
        (["short"], [], ""),
        (["short"], ["numbered"], "rules"),
        ([], [], ""),
    ]
    why = [str(traced(r, world.governor.plan, tmp_path / "policies")) for r in kept]
    assert "warned by the rules short" in why[0]
    assert "refused at the stage 'rules', by 'rules': policies/apis/ledger.yaml:13" in why[1]
    assert "broken rules: numbered" in why[1]


async def test_a_rule_may_ask_who_calls_and_what_day_it_is(tmp_path: Path) -> None:
    world = World(
        tmp_path,
        who="caller.client == 'console' && caller.tier == '' && 'ledger:write' in caller.scopes",
        board="'board' in caller.roles || !has(body.end)",
        day="same(today, date('2026-09-21'))",
    )
    assert (await world.put({"number": "1", "currency": "EUR"})).status_code == 200
    assert broken(await world.put(GOOD)) == [("board", "/end")]
    await world.close()


LARGE: Final = [{"ref": f"line {n}", "amount": {"amount": "1", "currency": "EUR"}} for n in range(1_000)]
SLOW: Final = "body.lines.all(l, body.labels['text'].matches('(x+x+)+y') || true)"


async def test_a_large_body_is_decided_too(ledger: World) -> None:
    body = GOOD | {"lines": LARGE, "total": {"amount": "1000.00", "currency": "EUR"}}
    assert (await ledger.put(body)).status_code == 200
    assert await ledger.direct(body) == Written(id="k")
    assert broken(await ledger.put(body | {"number": "X", "total": GOOD["total"]})) == [
        ("added-up", ""),
        ("numbered", "/number"),
    ]


async def test_what_takes_too_long_is_refused_and_others_do_not_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "_SECONDS", 0.3)
    world = World(tmp_path, slow=SLOW, numbered="body.number != ''")
    await world.put(GOOD | {"lines": LARGE, "labels": {"text": ""}})  # the process is there
    slow = asyncio.create_task(world.put(GOOD | {"lines": LARGE, "labels": {"text": "x" * 800_000}}))
    await asyncio.sleep(0.1)
    quick = await world.put(GOOD | {"labels": {"text": "x"}})
    assert (quick.status_code, slow.done()) == (200, False)
    refused = await slow
    assert (refused.status_code, problem(refused)["reason"]) == (503, "rules_undecided")
    assert problem(refused)["facts"]["policy"] == "policies/apis/ledger.yaml:11"
    again = await world.put(GOOD | {"lines": LARGE, "labels": {"text": "y"}})
    assert again.status_code == 200
    await world.close()


async def test_a_body_with_more_steps_than_allowed_breaks_the_rule(tmp_path: Path) -> None:
    world = World(tmp_path, unlike="body.lines.all(a, body.lines.exists_one(b, a.ref == b.ref))")
    assert (await world.put(GOOD | {"lines": LARGE[:90]})).status_code == 200
    answer = await world.put(GOOD | {"lines": LARGE[:200]})
    assert broken(answer) == [("unlike", "/lines")]
    assert "too much in it" in problem(answer)["errors"][0]["detail"]
    await world.close()


def test_a_process_that_dies_decides_nothing_and_the_next_does() -> None:
    worker = Worker()
    try:
        assert worker.ask(["body.a == 1"], {"body": {"a": 1}}, 5) == [None]
        assert worker._process is not None
        worker._process.kill()
        with pytest.raises(Undecided):
            worker.ask(["body.a == 1"], {"body": {"a": 1}}, 5)
        assert worker.ask(["body.a == 1"], {"body": {"a": 2}}, 5) == [""]
    finally:
        worker.close()
