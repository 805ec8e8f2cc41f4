"""What a sandbox remembers."""

import contextlib
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from foundation.sandbox import Box, Store
from tests.sandbox.desk import DESK


async def test_a_refused_call_leaves_nothing_behind(box: Box, http: httpx.AsyncClient) -> None:
    assert (await http.post("/tickets", json={"note": "x"})).status_code == 400
    assert box.store.writes() == []
    assert [each["id"] for each in box.store.all("ticket")] == ["S1"]


async def test_a_crash_in_a_handler_leaves_nothing_behind(
    box: Box, http: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (await http.post("/crash")).status_code == 500
    assert box.store.get("ticket", "half") is None
    assert "a bug" in capsys.readouterr().err


async def test_every_committed_write_is_logged_with_its_fact_and_request(box: Box, http: httpx.AsyncClient) -> None:
    await http.post("/tickets", json={"title": "printer"}, headers={"X-Request-Id": "req-1"})
    (write,) = (await http.get("/_sandbox/writes")).json()
    assert (write["action"], write["kind"], write["fact"], write["request_id"]) == (
        "create",
        "ticket",
        "printer",
        "req-1",
    )
    assert (await http.get("/_sandbox/writes", params={"since": write["seq"]})).json() == []


async def test_one_fact_created_twice_is_a_duplicate_whatever_the_ids(box: Box, http: httpx.AsyncClient) -> None:
    await http.post("/tickets", json={"title": "printer"})
    await http.post("/tickets", json={"title": "screen"})
    assert (await http.get("/_sandbox/duplicates")).json() == []
    await http.post("/tickets", json={"title": "printer"})
    assert (await http.get("/_sandbox/duplicates")).json() == [
        {"kind": "ticket", "fact": "printer", "ids": ["T000001", "T000003"]}
    ]


async def test_contents_are_equal_when_only_stamps_differ(box: Box) -> None:
    before = box.store.contents(DESK.volatile)
    box.store.update("ticket", "S1", {"at": "2001-01-01"})
    assert box.store.contents(DESK.volatile) == before
    box.store.update("ticket", "S1", {"title": "other"})
    assert box.store.contents(DESK.volatile) != before


async def test_money_comes_back_with_its_digits(http: httpx.AsyncClient) -> None:
    made = await http.post("/tickets", content=b'{"title":"t","cost":186400.10,"more":0.1}')
    found = await http.get(f"/tickets/{made.json()['id']}")
    assert '"cost":186400.10,"more":0.1' in found.text


async def test_own_bookkeeping_is_neither_logged_nor_compared(box: Box) -> None:
    box.store.insert("_session", "a", {"token": "a"})
    assert box.store.writes() == []
    assert "_session" not in box.store.contents()


def test_a_second_start_on_the_same_file_finds_everything(tmp_path: Path) -> None:
    path = tmp_path / "desk.sqlite"
    first = Box(DESK, path)
    first.store.insert("ticket", "T1", {"id": "T1", "title": "kept", "cost": Decimal("1.10")})
    first.store.set_setting("webhook", {"url": "http://x", "secret": "s"})
    first.store.close()
    second = Box(DESK, path)
    assert second.store.get("ticket", "T1") == {"id": "T1", "title": "kept", "cost": Decimal("1.10")}
    assert len(second.store.all("ticket")) == 2  # not seeded again
    assert second.option("webhook") == {"url": "http://x", "secret": "s"}
    second.store.close()


async def test_reset_brings_the_seed_back_and_keeps_the_options(box: Box, http: httpx.AsyncClient) -> None:
    await http.post("/tickets", json={"title": "printer"})
    await http.put("/_sandbox/options/webhook", json=None)
    await http.post("/_sandbox/faults", json={"fault": "slow"})
    assert (await http.post("/_sandbox/reset")).status_code == 204
    assert [each["id"] for each in box.store.all("ticket")] == ["S1"]
    assert box.store.writes() == []
    assert box.faults.rules() == []
    assert (await http.post("/tickets", json={"title": "first again"})).json() == {"id": "T000001"}


def test_an_inner_transaction_can_fail_alone() -> None:
    store = Store()
    with store.transaction():
        store.insert("a", "1", {"id": "1"})
        with contextlib.suppress(KeyError), store.transaction():
            store.insert("a", "2", {"id": "2"})
            raise KeyError
    assert [each["id"] for each in store.all("a")] == ["1"]


def test_find_takes_none_for_absent_and_for_null() -> None:
    store = Store()
    store.insert("a", "1", {"id": "1", "x": None})
    store.insert("a", "2", {"id": "2"})
    store.insert("a", "3", {"id": "3", "x": True})
    assert [each["id"] for each in store.find("a", x=None)] == ["1", "2"]
    assert [each["id"] for each in store.find("a", x=True)] == ["3"]


async def test_the_clock_can_be_moved(box: Box, http: httpx.AsyncClient) -> None:
    before = box.now()
    await http.put("/_sandbox/clock", json={"ahead_seconds": 7200})
    assert 7100 < (box.now() - before).total_seconds() < 7300


async def test_an_unknown_option_is_refused_with_the_known_ones(http: httpx.AsyncClient) -> None:
    said = await http.put("/_sandbox/options/nope", json=1)
    assert said.status_code == 404
    assert "webhook" in said.text
