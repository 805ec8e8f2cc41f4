"""What cannot be checked is refused when the contract is read, by its place; nothing an author writes breaks us."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.contracts import Contract
from tests.contracts.pets import PETS, edited

GET = "/paths/~1pets~1{petId}/get"
PUT = "/paths/~1pets~1{petId}/put"
PET = "/components/schemas/Pet"
OURS = sorted(Path(__file__).resolve().parents[2].glob("openapi/*.json"))


@pytest.mark.parametrize(
    ("edits", "pointer", "says"),
    [
        ({"openapi": "2.0"}, "/openapi", "must be 3.1.x"),
        ({"openapi": "4.0.0"}, "/openapi", "must be 3.1.x"),
        ({f"{PET}/properties/home/discriminator": {"propertyName": "x"}, f"{PET}/properties/home/oneOf": None},
         f"{PET}/properties/home/discriminator", "list them as oneOf"),
        ({f"{PET}/type": "thing"}, f"{PET}/type", "must be one of: array, boolean"),
        ({f"{PET}/properties/name/minLength": "2"}, f"{PET}/properties/name/minLength", "must be a whole number"),
        ({f"{PET}/properties/name/pattern": "["}, f"{PET}/properties/name/pattern", "of the format regex"),
        ({f"{PET}/properties/name": {"$ref": "https://x.example/a.json"}}, f"{PET}/properties/name", "leads out of"),
        ({f"{PET}/properties/name": {"$ref": "file:///etc/passwd"}}, f"{PET}/properties/name", "leads out of"),
        ({f"{PET}/properties/name": {"$ref": "other.yaml#/A"}}, f"{PET}/properties/name", "leads out of"),
        ({f"{PET}/properties/name": {"$ref": "#/components/schemas/Gone"}}, f"{PET}/properties/name", "is not in"),
        ({f"{PET}/properties/name": {"$ref": "#name"}}, f"{PET}/properties/name", "no JSON Pointer"),
        ({f"{PET}/properties/name/$id": "https://x.example/n"}, f"{PET}/properties/name/$id", "address of its own"),
        ({f"{PET}/$schema": "http://json-schema.org/draft-04/schema#"}, f"{PET}/$schema", "another dialect"),
        ({f"{PET}/properties/name/dependencies": {}}, f"{PET}/properties/name/dependencies", "dependentRequired"),
        ({f"{GET}/parameters/0": {"$ref": "#/components/parameters/No"}}, f"{GET}/parameters/0", "is not in"),
        ({f"{GET}/parameters/0/in": "body"}, f"{GET}/parameters/0", "in: body is not checked"),
        ({f"{GET}/parameters/0/style": "odd"}, f"{GET}/parameters/0/style", "odd is not checked"),
        ({f"{GET}/parameters/8/content": {"text/xml": {"schema": {"type": "object"}}}},
         f"{GET}/parameters/8/content/text~1xml", "in a parameter"),
        ({f"{GET}/responses/200/content": {"application/xml": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
         f"{GET}/responses/200/content/application~1xml/schema", "is not looked into"),
        ({f"{PUT}/requestBody/content": {"multipart/form-data": {"schema": {"type": "object"}}}},
         f"{PUT}/requestBody/content/multipart~1form-data/schema", "is not looked into"),
        ({f"{GET}/responses/2OO": {}}, f"{GET}/responses/2OO", "is no status"),
        ({f"{GET}/responses/200": 5}, f"{GET}/responses/200", "is not an object"),
        ({f"{GET}/responses": []}, f"{GET}/responses", "is not an object"),
        ({f"{GET}/parameters": {}}, f"{GET}/parameters", "is not a list"),
        ({f"{GET}/responses/200/content/application~1json/itemSchema": {}},
         f"{GET}/responses/200/content/application~1json/itemSchema", "OpenAPI 3.2"),
        ({"/paths/~1pets~1{petId}/query": {}}, "/paths/~1pets~1{petId}/query", "OpenAPI 3.2"),
    ],
)  # fmt: skip
def test_what_cannot_be_checked_is_refused_by_its_place(edits: dict[str, Any], pointer: str, says: str) -> None:
    found = Contract(edited(edits)).refused()
    assert pointer in [each.pointer for each in found if says in each.says], [str(each) for each in found]


def test_of_one_operation_only_what_it_is_made_of_is_refused() -> None:
    broken = edited({f"{PUT}/requestBody/content": {"application/xml": {"schema": {"type": "object"}}}})
    assert Contract(broken).refused_of("pet") == []
    assert Contract(broken).refused_of("keepPet", ["response"]) == []
    (found,) = Contract(broken).refused_of("keepPet", ["request"])
    assert found.pointer == f"{PUT}/requestBody/content/application~1xml/schema"
    deep = Contract(edited({f"{PET}/properties/parents/items": {"$ref": "away.json"}}))
    assert [each.pointer for each in deep.refused_of("pet")] == [f"{PET}/properties/parents/items"]


def test_a_document_of_3_2_that_says_nothing_new_is_read() -> None:
    assert Contract(edited({"openapi": "3.2.0"})).refused() == []


def test_slips_of_the_pen_are_told() -> None:
    slips = {f"{PET}/properties/name/maxLenght": 3, f"{PET}/properties/born/format": "dat", f"{PET}/x-mine": 1}
    contract = Contract(edited(slips))
    assert contract.refused() == []
    assert [each.pointer for each in contract.passed_over()] == [
        f"{PET}/properties/born/format",
        f"{PET}/properties/name/maxLenght",
    ]


def test_all_our_own_contracts_can_be_checked() -> None:
    for path in OURS:
        contract = Contract(json.loads(path.read_text(encoding="utf-8")))
        assert contract.operations()
        assert (contract.refused(), contract.passed_over()) == ([], []), path.name


def test_a_schema_that_holds_only_itself_ends() -> None:
    turning = {"components/schemas/Names": {"allOf": [{"$ref": "#/components/schemas/Names"}]}}
    asked = Contract(edited(turning)).operation("pet")
    assert asked.wrong_parameters({"petId": "1"}, b"fields=a", {}) == []


def _places(node: Any, at: str = "") -> list[str]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    below = [(f"{at}/{str(key).replace('~', '~0').replace('/', '~1')}", value) for key, value in inner]
    return [place for place, value in below for place in (place, *_places(value, place))]


ODD = st.sampled_from(
    [5, "x", [], {}, True, [5], {"$ref": "#/components"}, {"$ref": "#/paths"}, {"$ref": 3}, 1.5, None]
)


@given(st.sampled_from(_places(PETS)), ODD)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_mangled_document_is_refused_or_read_and_never_breaks_us(place: str, odd: Any) -> None:
    contract = Contract(edited({place: odd}))
    contract.refused()
    contract.passed_over()
    for name in contract.operations():
        asked = contract.operation(name)
        asked.wrong_parameters({"petId": "1"}, b"limit=1&filter[kind]=a&fields=a", {"x-tags": "1"})
        asked.wrong_answer(200, {"content-type": "application/json"}, b'{"id": 1, "home": {"where": "house"}}')
