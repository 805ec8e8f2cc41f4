"""Every fault, as the caller sees it."""

import time
from pathlib import Path

import httpx
import pytest

from foundation.sandbox import Box, FaultRule
from tests.sandbox.desk import DESK


async def test_throttled_is_in_the_vendors_own_words(box: Box, http: httpx.AsyncClient) -> None:
    box.faults.add(FaultRule(fault="throttled"))
    said = await http.get("/tickets/S1")
    assert (said.status_code, said.headers["retry-after"], said.json()) == (429, "7", {"error": "slow down"})
    assert said.headers["x-desk"] == "desk"
    assert (await http.get("/tickets/S1")).status_code == 200


@pytest.mark.parametrize(
    ("fault", "status"), [("expired_token", 401), ("server_error", 503), ("html_error", 503), ("stale_version", 412)]
)
async def test_a_fault_before_the_handler_writes_nothing(
    box: Box, http: httpx.AsyncClient, fault: str, status: int
) -> None:
    await http.post("/_sandbox/faults", json={"fault": fault})
    assert (await http.post("/tickets", json={"title": "t"})).status_code == status
    assert box.store.writes() == []


async def test_timeout_after_commit_did_write(box: Box, http: httpx.AsyncClient) -> None:
    box.faults.add(FaultRule(fault="timeout_after_commit", method="POST"))
    with pytest.raises(httpx.ReadTimeout):
        await http.post("/tickets", json={"title": "t"})
    assert [write.fact for write in box.store.writes()] == ["t"]


async def test_timeout_before_commit_did_not_write(box: Box, http: httpx.AsyncClient) -> None:
    box.faults.add(FaultRule(fault="timeout_before_commit", method="POST"))
    with pytest.raises(httpx.ReadTimeout):
        await http.post("/tickets", json={"title": "t"})
    assert box.store.writes() == []


async def test_truncated_body_is_cut_but_was_done(box: Box, http: httpx.AsyncClient) -> None:
    box.faults.add(FaultRule(fault="truncated_body"))
    said = await http.post("/tickets", json={"title": "t"})
    assert said.status_code == 201
    assert said.text == '{"id":"T'
    assert len(box.store.writes()) == 1


async def test_slow_answers_in_the_end(box: Box, http: httpx.AsyncClient) -> None:
    box.faults.add(FaultRule(fault="slow", delay=0.15))
    started = time.monotonic()
    assert (await http.get("/tickets/S1")).status_code == 200
    assert time.monotonic() - started >= 0.15


async def test_a_rule_strikes_the_calls_it_names_and_no_other(box: Box, http: httpx.AsyncClient) -> None:
    box.faults.add(FaultRule(fault="throttled", method="POST", path="/tickets$", body="printer", after=1, times=2))
    titles = ["screen", "printer", "printer", "printer", "printer"]
    said = [(await http.post("/tickets", json={"title": title})).status_code for title in titles]
    assert said == [201, 201, 429, 429, 201]
    (state,) = (await http.get("/_sandbox/faults")).json()
    assert (state["seen"], state["used"]) == (4, 2)


async def test_a_rule_without_an_end_strikes_until_it_is_cleared(box: Box, http: httpx.AsyncClient) -> None:
    box.faults.add(FaultRule(fault="server_error", times=0))
    assert {(await http.get("/tickets/S1")).status_code for _ in range(5)} == {503}
    await http.delete("/_sandbox/faults")
    assert (await http.get("/tickets/S1")).status_code == 200


async def test_chance_repeats_itself(http: httpx.AsyncClient) -> None:
    async def outcome() -> list[int]:
        await http.post("/_sandbox/reset")
        await http.post("/_sandbox/faults", json={"fault": "throttled", "times": 0, "chance": 0.5, "seed": 4})
        return [(await http.get("/tickets/S1")).status_code for _ in range(20)]

    first = await outcome()
    assert set(first) == {200, 429}
    assert await outcome() == first


def test_rules_and_their_counts_survive_a_restart(tmp_path: Path) -> None:
    first = Box(DESK, tmp_path / "desk.sqlite")
    first.faults.add(FaultRule(fault="throttled", times=2))
    assert first.faults.strike("GET", "/tickets/1", "") is not None
    first.store.close()
    second = Box(DESK, tmp_path / "desk.sqlite")
    assert second.faults.strike("GET", "/tickets/1", "") is not None
    assert second.faults.strike("GET", "/tickets/1", "") is None
    second.store.close()


@pytest.mark.parametrize("rule", [{"fault": "nope"}, {"fault": "slow", "extra": 1}, {"fault": "slow", "path": "("}])
async def test_a_wrong_rule_is_refused(http: httpx.AsyncClient, rule: dict[str, object]) -> None:
    said = await http.post("/_sandbox/faults", json=rule)
    assert said.status_code == 422
    assert said.json()["error"]


async def test_an_unknown_path_is_answered_as_a_gap(http: httpx.AsyncClient) -> None:
    assert (await http.get("/nowhere")).status_code == 404
    assert (await http.delete("/tickets")).status_code == 405
