"""What callers are told of an API that is not ours: its contract, its page, its place in the catalogue, its tools."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar

from foundation.context import Layer
from gateway.asgi import Gateway
from gateway.mcp.tools import Tools
from gateway.published import contract
from gateway.publishing.contract import compare
from gateway.publishing.pages import OPEN_PATHS, Publication
from gateway.publishing.rules import findings
from tests.foreign.stock import SPEC, Stock, plan_of

KEY = "inventory-v1"


def contract_of(folder: Path, **changed: Any) -> dict[str, Any]:
    plan = plan_of(folder, **changed)
    return contract(plan, plan.foreign[0])


def test_its_contract_has_our_addresses_our_scopes_and_our_refusals(tmp_path: Path) -> None:
    made = contract_of(tmp_path)
    assert made["openapi"] == "3.1.0"
    assert made["info"] == {
        "title": "Inventory",
        "version": "1.4.0",
        "description": "What lies in which warehouse.",
    }
    assert made["servers"] == [{"url": "/"}]
    assert set(made["paths"]) == {
        "/inventory/v1/items",
        "/inventory/v1/owners/{owner}/items/{item-id}",
        "/inventory/v1/items/export",
    }
    own = made["paths"]["/inventory/v1/owners/{owner}/items/{item-id}"]
    assert "delete" not in own  # which no policy lists
    assert own["get"]["security"] == [{"bearer": ["stock:read"]}]
    assert set(own["get"]["responses"]["404"]["content"]) == {"text/plain", "application/problem+json"}
    assert {"401", "403", "429"} <= set(own["get"]["responses"])
    assert list(made["components"]["securitySchemes"]) == ["bearer"]
    assert "warehouse.example" not in json.dumps(made)


def test_what_was_said_in_3_0_is_said_in_3_1(tmp_path: Path) -> None:
    thing = contract_of(tmp_path)["components"]["schemas"]["Thing"]["properties"]
    assert thing["price"] == {"type": ["string", "null"], "x-data-class": "financial"}
    assert thing["count"] == {"type": "integer", "minimum": 0, "x-data-class": "public"}
    older = SPEC.replace("{type: string, minLength: 1,", "{type: string, nullable: true, enum: [bolt, nut],")
    older = older.replace("minimum: 0, exclusiveMinimum: false", "minimum: 0, exclusiveMinimum: true")
    thing = contract_of(tmp_path / "older", spec=older)["components"]["schemas"]["Thing"]["properties"]
    assert thing["name"] == {"type": ["string", "null"], "enum": ["bolt", "nut", None], "x-data-class": "public"}
    assert thing["count"] == {"type": "integer", "exclusiveMinimum": 0, "x-data-class": "public"}


def test_the_house_rules_are_asked_of_it_and_name_what_its_owner_left_out(tmp_path: Path) -> None:
    found = {(each.rule, each.pointer) for each in findings(contract_of(tmp_path))}
    assert ("data-class", "/components/schemas/Thing/properties/remark") in found
    assert ("described", "/paths/~1inventory~1v1~1owners~1{owner}~1items~1{item-id}/get") in found
    assert not [rule for rule, _ in found if rule in ("secured", "operation-id", "success", "checkable")]


@pytest.mark.parametrize(
    ("old", "new", "breaking"),
    [
        ("required: [name, count]", "required: [name, count, price]", True),
        ("enum: [part, tool]", "enum: [part]", True),
        ("/items/export:", "/items/table:", True),
        ("        remark: {type: string}\n", "        remark: {type: string}\n        shelf: {type: string}\n", False),
        ("version: 1.4.0", "version: 1.5.0", False),
    ],
)
def test_a_change_of_its_owners_is_judged_like_one_of_ours(tmp_path: Path, old: str, new: str, breaking: bool) -> None:
    changes = compare(contract_of(tmp_path), contract_of(tmp_path / "new", spec=SPEC.replace(old, new, 1)))
    assert any(change.breaking for change in changes) == breaking


async def test_the_catalogue_its_page_and_its_contract_are_had_without_a_token(tmp_path: Path) -> None:
    async with Stock(tmp_path) as stock:

        async def serves(layer: Layer) -> bool:
            raise AssertionError(f"{layer}: no tier serves it")

        async def reaches(url: str) -> bool:
            return url == stock.served.url + "/api"

        publication = Publication(
            lambda: stock.plan,
            site="https://api.firm.example",
            clock=lambda: stock.now,
            serves=serves,
            reaches=reaches,
        )
        front = Litestar(publication.handlers(), openapi_config=None)
        gateway = Gateway(stock.governor, {}, front=front, open_paths=OPEN_PATHS)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(gateway), base_url="http://gw") as http:
            contexts = {each["anchor"]: each for each in (await http.get("/.well-known/api-catalog")).json()["linkset"]}
            found = contexts["https://api.firm.example/inventory/v1"]
            assert found["service-desc"][0]["href"] == f"https://api.firm.example/apis/{KEY}/openapi.json"
            page = await http.get(f"/apis/{KEY}")
            assert "What lies in which warehouse." in page.text
            assert "Put an item into stock" in page.text
            assert (await http.get(f"/apis/{KEY}/openapi.json")).json() == contract(stock.plan, stock.plan.foreign[0])
            status = (await http.get(f"/apis/{KEY}/status")).json()
            assert (status["state"], status["serving"]) == ("active", True)


def test_its_operations_are_tools_by_the_same_word(tmp_path: Path) -> None:
    tool = Tools(plan_of(tmp_path)).all["inventory-v1_addItem"]
    assert tool.description["title"] == "Put an item into stock"
    assert tool.places == {"body": "body"}
    assert tool.description["inputSchema"]["$defs"]["Thing"]["properties"]["price"] == {"type": ["string", "null"]}


def test_what_is_no_json_is_no_tool(tmp_path: Path) -> None:
    spec = SPEC.replace(
        'content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}', "content: {text/csv: {}}"
    )
    with pytest.raises(Exception, match="takes its body byte for byte, which no tool can say"):
        plan_of(tmp_path, spec=spec)
