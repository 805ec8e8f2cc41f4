"""What keeps a contract from being published, each by the place it stands at."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from gateway.publishing.rules import findings

PUBLISHED = sorted(Path(__file__).resolve().parents[2].glob("openapi/*.json"))
GET = "/paths/~1things~1v1~1{key}/get"
CLEAN: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1.0.0", "description": "Things, and what they are called."},
    "paths": {
        "/things/v1/{key}": {
            "get": {
                "operationId": "thing",
                "summary": "One of them",
                "security": [{"oauth": ["things:read"]}],
                "parameters": [{"name": "key", "in": "path", "required": True, "schema": {"type": "string"}}],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                    "404": {"content": {"application/problem+json": {"schema": {"type": "object"}}}},
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Thing": {"type": "object", "properties": {"name": {"type": "string", "x-data-class": "public"}}},
        }
    },
}


@pytest.mark.parametrize(
    ("edits", "pointer", "rule", "says"),
    [
        ({"openapi": "2.0"}, "/openapi", "checkable", "3.1.x"),
        ({"openapi": "3.3.0"}, "/openapi", "checkable", "3.1.x"),
        ({"info/description": None}, "/info", "described", "no description"),
        ({f"{GET}/operationId": None}, GET, "operation-id", "camelCase"),
        ({f"{GET}/operationId": "Get-Thing"}, GET, "operation-id", "'Get-Thing'"),
        ({f"{GET}/summary": None}, GET, "described", "no summary"),
        ({f"{GET}/security": None}, GET, "secured", "security: []"),
        ({f"{GET}/responses/200": None}, GET, "success", "no 2xx"),
        ({f"{GET}/responses/409": {}}, f"{GET}/responses/409", "problem", "application/problem+json"),
        ({f"{GET}/parameters/0/in": "querystring"}, f"{GET}/parameters/0", "checkable", "OpenAPI 3.2"),
        (
            {"/paths/~1things~1v1~1{key}/additionalOperations": {}},
            "/paths/~1things~1v1~1{key}/additionalOperations",
            "checkable",
            "OpenAPI 3.2",
        ),
        ({"$self": "https://x.example"}, "/$self", "checkable", "OpenAPI 3.2"),
        ({"components/mediaTypes": {}}, "/components/mediaTypes", "checkable", "where it is used"),
        (
            {"components/schemas/Thing": None},
            f"{GET}/responses/200/content/application~1json/schema",
            "checkable",
            "#/components/schemas/Thing is not in the document",
        ),
        (
            {f"{GET}/responses/404/content/application~1problem+json/schema": {"$ref": "other.json#/Problem"}},
            f"{GET}/responses/404/content/application~1problem+json/schema",
            "checkable",
            "only references inside",
        ),
        (
            {"components/schemas/Thing/properties/name": {"type": "string"}},
            "/components/schemas/Thing/properties/name",
            "data-class",
            "public, pii, financial, secret",
        ),
        (
            {"components/schemas/Thing/properties/name/x-data-class": "private"},
            "/components/schemas/Thing/properties/name",
            "data-class",
            "never be recorded",
        ),
        (
            {"components/schemas/Thing/properties/names": {"items": {"properties": {"a": {"type": "string"}}}}},
            "/components/schemas/Thing/properties/names/items/properties/a",
            "data-class",
            "never be recorded",
        ),
        (
            {"components/schemas/Thing/properties/name/pattern": "(["},
            "/components/schemas/Thing/properties/name/pattern",
            "checkable",
            "is not JSON Schema",
        ),
        (
            {"components/schemas/Thing/type": "text"},
            "/components/schemas/Thing/type",
            "checkable",
            "is not JSON Schema",
        ),
        (
            {"components/schemas/Thing/maxProps": 3},
            "/components/schemas/Thing/maxProps",
            "checkable",
            "is not a keyword that is checked",
        ),
        (
            {"components/schemas/Thing/properties/name/format": "dat"},
            "/components/schemas/Thing/properties/name/format",
            "checkable",
            "'dat' is not a format that is checked",
        ),
    ],
)  # fmt: skip
def test_a_contract_against_a_rule_is_refused_by_its_place(
    edits: dict[str, Any], pointer: str, rule: str, says: str
) -> None:
    found = findings(_edited(edits))
    assert [(each.pointer, each.rule) for each in found if says in each.says] == [(pointer, rule)], found


def test_two_operations_may_not_have_one_name() -> None:
    twice = _edited({"/paths/~1others~1v1": {"get": copy.deepcopy(CLEAN["paths"]["/things/v1/{key}"]["get"])}})
    assert [str(each) for each in findings(twice)] == [
        f"/paths/~1others~1v1/get: operation-id: 'thing' is the operationId of {GET} already"
    ]


def test_a_clean_contract_and_all_our_own_have_no_findings() -> None:
    assert findings(CLEAN) == []
    for path in PUBLISHED:
        assert findings(json.loads(path.read_text(encoding="utf-8"))) == [], path.name


def _edited(edits: dict[str, Any]) -> dict[str, Any]:
    document = copy.deepcopy(CLEAN)
    for pointer, value in edits.items():
        *parents, last = [part.replace("~1", "/") for part in pointer.lstrip("/").split("/")]
        place: Any = document
        for part in parents:
            place = place[int(part)] if isinstance(place, list) else place[part]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return document
