"""An API that is not ours, behind our policies: no line of Python is about it."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from foundation.database import METADATA, Database, engine_of
from gateway.audit import query
from gateway.audit.entry import Facts
from gateway.idempotency import KEYS, IdempotencyKeys
from tests.foreign.stock import POLICY, SCOPES, Stock, plan_of
from tests.gateway.notes import problem, token

BOLT = {"name": "bolt", "count": 3, "price": "12.50", "holder": "kim@firm.example", "remark": "in the back"}


@pytest.fixture
async def stock(tmp_path: Path) -> AsyncIterator[Stock]:
    async with Stock(tmp_path) as made:
        yield made


async def test_a_call_goes_to_its_address_as_its_owner_wrote_it(stock: Stock) -> None:
    stock.warehouse.answer = json.dumps([]).encode()
    answer = await stock.ask("GET", "/items?limit=2&kind=part")
    assert (answer.status_code, answer.json()) == (200, [])
    asked = stock.warehouse.asked[0]
    assert (asked["method"], asked["path"], asked["query"]) == ("GET", "/api/items", "limit=2&kind=part")
    assert "1.1 tiergate" in asked["headers"]["via"]


async def test_the_callers_token_stays_here_and_ours_goes_there(stock: Stock) -> None:
    await stock.ask("GET", "/items", headers={"Cookie": "a=b"})
    headers = stock.warehouse.asked[0]["headers"]
    assert headers["authorization"] == "Bearer the-warehouses-own"
    assert "cookie" not in headers


async def test_scopes_products_and_limits_are_ours(stock: Stock) -> None:
    refused = await stock.ask("POST", "/items", "stock:read", json=BOLT)
    assert (refused.status_code, problem(refused)["reason"]) == (403, "missing_scope")
    stock.warehouse.status = 201
    statuses = [(await stock.ask("POST", "/items", json=BOLT)).status_code for _ in range(3)]
    assert statuses == [201, 201, 429]
    assert len(stock.warehouse.asked) == 2
    assert (await stock.http.get("/inventory/v1/items")).status_code == 401


async def test_what_no_policy_lists_is_not_reachable(stock: Stock) -> None:
    refused = await stock.ask("DELETE", "/owners/priya/items/i1")
    assert refused.status_code == 405
    assert stock.warehouse.asked == []


async def test_a_path_parameter_is_bound_to_a_claim(stock: Stock) -> None:
    assert (await stock.ask("GET", "/owners/priya/items/i1")).status_code == 200
    other = await stock.ask("GET", "/owners/kim/items/i1")
    assert (other.status_code, problem(other)["reason"]) == (404, "not_found")
    assert [asked["path"] for asked in stock.warehouse.asked] == ["/api/owners/priya/items/i1"]


async def test_the_record_shows_of_it_what_its_document_lets(stock: Stock) -> None:
    stock.warehouse.status = 201
    stock.warehouse.answer = json.dumps(BOLT | {"id": "i9"}).encode()
    await stock.ask("POST", "/items", json=BOLT)
    await stock.ask("GET", "/owners/priya/items/i1")
    await stock.trail.flush()
    own, added = query(stock.trail.place)
    assert (added.record.api, added.record.version, added.record.operation) == ("inventory", "v1", "addItem")
    asked, answered = json.loads(added.request or ""), json.loads(added.answer or "")
    assert (asked["name"], asked["count"], asked["price"]) == ("bolt", 3, "••••2.50")
    assert asked["holder"].startswith("#")
    assert "remark" not in asked
    assert "kim" not in (added.request or "")
    assert (answered["id"], answered["name"]) == ("i9", "bolt")
    assert "remark" not in answered
    assert own.record.key == "i1"
    assert Facts.of(own.record).arguments["owner"].startswith("~")


async def test_an_answer_that_is_no_json_comes_through_as_it_is(stock: Stock) -> None:
    stock.warehouse.media, stock.warehouse.answer = "text/csv", b"name,count\nbolt,3\n"
    answer = await stock.ask("GET", "/items/export")
    assert (answer.headers["content-type"], answer.content) == ("text/csv", b"name,count\nbolt,3\n")


async def test_its_versions_live_and_end_like_ours(tmp_path: Path) -> None:
    lived = POLICY.replace(
        "  v1: {spec: specs/inventory.yaml}\n",
        "  v1: {spec: specs/inventory.yaml, state: deprecated, deprecated_on: 2026-09-01, sunset_on: 2027-03-01,"
        " successor: v2}\n  v2: {spec: specs/inventory.yaml}\n",
    )
    async with Stock(tmp_path, policy=lived) as stock:
        answer = await stock.ask("GET", "/items")
        assert answer.headers["deprecation"] == "@1788220800"
        assert answer.headers["sunset"] == "Mon, 01 Mar 2027 00:00:00 GMT"
        assert '</inventory/v2/items>; rel="successor-version"' in answer.headers["link"]
        stock.now = datetime(2027, 3, 1, tzinfo=UTC).timestamp()
        late = token(SCOPES, exp=stock.now + 60, iat=stock.now)
        gone = await stock.http.get("/inventory/v1/items", headers={"Authorization": f"Bearer {late}"})
        assert (gone.status_code, problem(gone)["reason"]) == (410, "version_retired")
        assert {key for key in stock.plan.operations if key.startswith("inventory")} == {
            f"inventory-v{major}.{name}"
            for major in (1, 2)
            for name in ("listItems", "addItem", "ownItem", "exportItems")
        }


def test_the_same_document_is_the_same_api(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    assert [api.key for api in plan.foreign] == ["inventory-v1"]
    assert plan.operations["inventory-v1.ownItem"].in_path == ("owner", "item-id")


async def test_a_write_sent_twice_under_one_key_goes_there_once(tmp_path: Path) -> None:
    keyed_policy = POLICY.replace("addItem: {", "addItem: {idempotency: {keep: 24h}, ").replace("2/min", "9/min")
    async with Stock(tmp_path, policy=keyed_policy) as stock:
        database = Database(engine_of(f"sqlite:///{tmp_path / 'keys.sqlite'}"))
        METADATA.create_all(database.engine, tables=[KEYS])
        stock.governor.services.idempotency = keys = IdempotencyKeys(database, lambda: stock.now)
        stock.warehouse.status = 201
        keyed = {"Idempotency-Key": '"8e03978e-40d5"'}
        first = await stock.ask("POST", "/items", json=BOLT, headers=keyed)
        again = await stock.ask("POST", "/items", json=BOLT, headers=keyed)
        assert [(each.status_code, each.content) for each in (first, again)] == [(201, stock.warehouse.answer)] * 2
        assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (None, "?1")
        other = await stock.ask("POST", "/items", json=BOLT | {"count": 4}, headers=keyed)
        assert (other.status_code, problem(other)["reason"]) == (422, "key_reused")
        assert len(stock.warehouse.asked) == 1
        await keys.close()
        database.engine.dispose()
