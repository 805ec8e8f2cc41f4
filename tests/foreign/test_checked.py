"""What goes to a server that is not ours, and what comes back, is as its owner's document says."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.loader import PolicyError
from tests.foreign.stock import POLICY, SPEC, Stock, plan_of
from tests.gateway.notes import problem

ITEM = {"id": "i1", "name": "bolt", "count": 3}


@pytest.fixture
async def stock(tmp_path: Path) -> AsyncIterator[Stock]:
    async with Stock(tmp_path, policy=POLICY.replace("limits: [adding], ", "")) as made:
        yield made


async def test_every_field_of_a_request_that_is_wrong_is_named_and_nothing_is_sent(stock: Stock) -> None:
    wrong = problem(await stock.ask("POST", "/items", json={"name": "", "count": -1, "price": 3}))
    assert {error["pointer"] for error in wrong["errors"]} == {"/name", "/count", "/price"}
    missing = problem(await stock.ask("POST", "/items", json={}))
    assert "name" in str(missing["errors"])
    query = problem(await stock.ask("GET", "/items?limit=1000&kind=bolt"))
    assert {error["pointer"] for error in query["errors"]} == {"query:limit", "query:kind"}
    assert (await stock.ask("POST", "/items", content=b"<a/>", headers={"Content-Type": "text/xml"})).status_code == 415
    assert (
        await stock.ask("POST", "/items", content=b"{", headers={"Content-Type": "application/json"})
    ).status_code == 400
    assert stock.warehouse.asked == []


async def test_what_3_0_calls_nullable_may_be_null(stock: Stock) -> None:
    stock.warehouse.status = 201
    assert (await stock.ask("POST", "/items", json={"name": "a", "count": 0, "price": None})).status_code == 201


@pytest.mark.parametrize("said", ["report", "enforce"])
@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, ITEM | {"count": "many"}),
        (200, {"id": "i1"}),
        (418, ITEM),
    ],
)
async def test_an_answer_that_is_not_as_it_says_is_reported_or_kept_back(
    tmp_path: Path, said: str, status: int, answer: Any
) -> None:
    policy = POLICY.replace("  body_max: 4KB\n", f"  body_max: 4KB\n  validate: {{response: {said}}}\n")
    async with Stock(tmp_path, policy=policy) as stock:
        stock.warehouse.status, stock.warehouse.answer = status, json.dumps(answer).encode()
        got = await stock.ask("GET", "/owners/priya/items/i1")
        if said == "report":
            assert (got.status_code, got.json()) == (status, answer)
        else:
            assert (got.status_code, problem(got)["reason"]) == (502, "contract_broken")
            assert problem(got)["system"] == "inventory-v1"
        stock.warehouse.status, stock.warehouse.answer = 200, json.dumps(ITEM).encode()
        assert (await stock.ask("GET", "/owners/priya/items/i1")).json() == ITEM


def test_what_cannot_be_checked_is_refused_before_it_is_in_force(tmp_path: Path) -> None:
    spec = SPEC.replace("remark: {type: string}", 'remark: {$ref: "https://elsewhere.example/remark.json"}')
    with pytest.raises(PolicyError) as refused:
        plan_of(tmp_path, spec=spec)
    assert any("/components/schemas/Thing/properties/remark" in each for each in refused.value.problems)
