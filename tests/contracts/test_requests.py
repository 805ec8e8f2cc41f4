"""Requests against a contract: every error at once, by its field, in our words; numbers as they were written."""

import json
from decimal import Decimal
from typing import Any

import pytest

from canonical.faults import Malformed
from gateway.contracts import Contract
from gateway.refusals import UnsupportedMedia
from tests.contracts.pets import PETS, checks, edited

PET = {"name": "Mia", "kind": "cat"}
MARK = "do-not-say-this"


def wrong_query(query: str, headers: dict[str, str] | None = None, pet: str = "1") -> dict[str, str]:
    found = checks("pet").wrong_parameters({"petId": pet}, query.encode(), headers or {})
    return {each.pointer.lstrip("/"): each.says for each in found}


def wrong_body(body: Any, media: str = "application/json") -> dict[str, str]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return {each.pointer: each.says for each in checks("keepPet").wrong_body(raw, media)}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "limit=5",
        "tag=a&tag=b",
        "fields=a,b",
        "fields=",
        "since=2026-11-28",
        "alive=true",
        "filter[kind]=x&filter[age]=4",
        "filter%5Bkind%5D=a+b",
        "where=%7B%22a%22%3A1%7D",
    ],
)
def test_what_the_contract_has_passes(query: str) -> None:
    assert wrong_query(query) == {}


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("limit=0", {"query:limit": "must be at least 1"}),
        ("limit=x", {"query:limit": "must be a whole number, and is text"}),
        ("limit=1.5", {"query:limit": "must be a whole number, and is a number"}),
        ("limit=+5", {"query:limit": "must be a whole number, and is text"}),
        ("limit=1&limit=2", {"query:limit": "stands in the request more than once"}),
        ("tag=c", {"query:tag/0": "must be one of: a, b"}),
        ("fields=a,B", {"query:fields/1": "must match ^[a-z]+$"}),
        ("fields=a%2Cb", {"query:fields/0": "must match ^[a-z]+$"}),
        ("since=2026-02-30", {"query:since": "must be a date: 2026-11-28"}),
        ("alive=yes", {"query:alive": "must be true or false, and is text"}),
        ("filter[kin]=x", {"query:filter/kin": "is not a field of the contract"}),
        ("filter[age]=x", {"query:filter/age": "must be a whole number, and is text"}),
        ("filter[a][b]=x", {"query:filter": "must be written filter[field]=value"}),
        ("where={", {"query:where": "is not JSON"}),
        ("other=1", {"query:other": "is not a parameter of the operation"}),
        ("limit=0&alive=1&x=", {"query:limit": "must be at least 1",
                                "query:alive": "must be true or false, and is text",
                                "query:x": "is not a parameter of the operation"}),
    ],
)  # fmt: skip
def test_every_parameter_that_is_wrong_is_named(query: str, errors: dict[str, str]) -> None:
    assert wrong_query(query) == errors


def test_paths_and_headers_are_checked_too() -> None:
    wrong = wrong_query("", {"x-trace": "1", "x-tags": "1, two,3", "accept": "nobody asks"}, pet="3000000000")
    assert wrong == {
        "path:petId": "must be at most 2147483647",
        "header:X-Trace": "must be a UUID: 8e03978e-40d5-43e8-bc93-6894a57f9324",
        "header:X-Tags/1": "must be a whole number, and is text",
    }


@pytest.mark.parametrize(
    ("where", "style", "explode", "schema", "text", "good"),
    [
        ("path", "simple", False, {"type": "array", "items": {"type": "integer"}}, "3,4,5", True),
        ("path", "simple", False, {"type": "array", "items": {"type": "integer"}}, "3,x", False),
        ("path", "label", False, {"type": "integer"}, ".5", True),
        ("path", "label", True, {"type": "array", "items": {"type": "integer"}}, ".5.6", True),
        ("path", "label", False, {"type": "integer"}, "5", False),
        ("path", "matrix", False, {"type": "integer"}, ";petId=5", True),
        ("path", "matrix", True, {"type": "array", "items": {"type": "integer"}}, ";petId=5;petId=6", True),
        ("path", "matrix", True, {"type": "object", "properties": {"a": {"type": "integer"}}}, ";a=1;b=x", True),
        ("path", "matrix", True, {"type": "object", "properties": {"a": {"type": "integer"}}}, ";a=x", False),
        ("path", "simple", False, {"type": "object", "properties": {"a": {"type": "integer"}}}, "a,1", True),
        ("path", "simple", True, {"type": "object", "properties": {"a": {"type": "integer"}}}, "a=1,b=2", True),
        ("path", "simple", False, {"type": "object", "properties": {"a": {"type": "integer"}}}, "a,1,b", False),
        ("query", "spaceDelimited", False, {"type": "array", "items": {"type": "integer"}}, "p=1%202", True),
        ("query", "pipeDelimited", False, {"type": "array", "items": {"type": "integer"}}, "p=1|2%7C3", True),
        ("query", "pipeDelimited", False, {"type": "array", "items": {"type": "integer"}}, "p=1|x", False),
        ("query", "form", True, {"type": "object", "properties": {"a": {"type": "integer"}}}, "a=1&z=9", True),
        ("query", "form", True, {"type": "object", "properties": {"a": {"type": "integer"}}}, "a=x", False),
        ("query", "form", True, {"type": "object", "properties": {"a": {"type": "integer"}},
                                 "additionalProperties": False}, "a=1&z=9", False),
        ("query", "form", False, {"type": "object", "properties": {"a": {"type": "integer"}}}, "p=a,1,b,2", True),
        ("query", "form", True, {"type": ["integer", "null"]}, "p=", True),
        ("query", "form", True, {"anyOf": [{"enum": ["all"]}, {"type": "integer"}]}, "p=all", True),
        ("query", "form", True, {"anyOf": [{"enum": ["all"]}, {"type": "integer"}]}, "p=7", True),
        ("query", "form", True, {"anyOf": [{"enum": ["all"]}, {"type": "integer"}]}, "p=some", False),
        ("query", "form", True, {"type": "number", "multipleOf": 0.01}, "p=10.07", True),
        ("query", "form", True, {"type": "number", "multipleOf": 0.01}, "p=10.071", False),
        ("cookie", "form", True, {"type": "integer"}, "a=1; p=5", True),
        ("cookie", "form", True, {"type": "integer"}, "p=x", False),
    ],
)  # fmt: skip
def test_each_style_is_read_as_it_is_written(
    where: str, style: str, explode: bool, schema: Any, text: str, good: bool
) -> None:
    name = "petId" if where == "path" else "p"
    parameter = {"name": name, "in": where, "style": style, "explode": explode, "required": True, "schema": schema}
    document = edited({"paths/~1pets~1{petId}/get/parameters": [parameter]})
    if where != "path":
        document["paths"]["/pets/{petId}"]["parameters"] = []
    contract = Contract(document)
    assert contract.refused_of("pet", ["request"]) == []
    found = contract.operation("pet").wrong_parameters(
        {"petId": text} if where == "path" else {},
        text.encode() if where == "query" else b"",
        {"cookie": text} if where == "cookie" else {},
    )
    assert (found == []) is good, found


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (PET, {}),
        ({**PET, "id": 5}, {}),
        ({}, {"/name": "is missing", "/kind": "is missing"}),
        ({**PET, "nmae": MARK}, {"/nmae": "is not a field of the contract"}),
        ({**PET, "kind": MARK}, {"/kind": "must be one of: cat, dog"}),
        ({**PET, "name": 7}, {"/name": "must be text, and is a whole number"}),
        ({**PET, "name": "M"}, {"/name": "needs at least 2 characters"}),
        ({**PET, "a/b": MARK}, {"/a~1b": "must be true or false, and is text"}),
        ({**PET, "born": "28.11.2026"}, {"/born": "must be a date: 2026-11-28"}),
        ({**PET, "parents": [PET, {**PET, "kind": 1}]}, {"/parents/1/kind": "must be one of: cat, dog"}),
        ({**PET, "parents": [PET, PET, PET]}, {"/parents": "may have at most 2 entries"}),
        ({**PET, "home": {"where": "house", "rooms": "x"}}, {"/home/rooms": "must be a whole number, and is text"}),
        ({**PET, "home": {"where": "nest"}}, {"/home": "must be exactly one of the alternatives"}),
        ([PET], {"": "must be an object, and is a list"}),
        (b"", {"": "is missing: the operation needs a body"}),
        (b'{"name":"Mia","kind":"cat","worth":10.07}', {}),
        (b'{"name":"Mia","kind":"cat","worth":99999999999999999.99}', {}),
        (b'{"name":"Mia","kind":"cat","worth":99999999999999999.995}', {"/worth": "must be a multiple of 0.01"}),
        (b'{"name":"Mia","kind":"cat","worth":1E400}', {}),
        (b'{"name":"Mia","kind":"cat","worth":-0.01}', {"/worth": "must be at least 0"}),
    ],
)  # fmt: skip
def test_every_field_that_is_wrong_is_named_and_no_value_said_again(body: Any, errors: dict[str, str]) -> None:
    found = wrong_body(body)
    assert found == errors
    assert MARK not in str(found)


@pytest.mark.parametrize(
    ("body", "media", "errors"),
    [
        (b"name=Mia&age=4&tags=a&tags=b", "application/x-www-form-urlencoded; charset=utf-8", {}),
        (b"age=x", "application/x-www-form-urlencoded", {"/name": "is missing",
                                                        "/age": "must be a whole number, and is text"}),
        (b"name=a&b=1", "application/x-www-form-urlencoded", {"/b": "is not a field of the contract"}),
        ("früh".encode(), "text/plain", {}),
        (b"toolong", "TEXT/plain; charset=utf-8", {"": "may have at most 5 characters"}),
        (b"\x89PNG", "image/png", {}),
    ],
)  # fmt: skip
def test_a_body_is_read_by_its_media_type(body: bytes, media: str, errors: dict[str, str]) -> None:
    assert wrong_body(body, media) == errors


@pytest.mark.parametrize(
    ("body", "media", "says"),
    [
        (b"{", "application/json", "is not JSON"),
        (b"\xff", "application/json", "is not JSON"),
        (b"NaN", "application/json", "is not JSON"),
        (b"[" * 5000 + b"]" * 5000, "application/json", "nested deeper"),
        (b'{"name":"Mia","kind":"cat","name":"Tom"}', "application/json", "'name' stands twice"),
        (b'{"name":"Mia","kind":"cat","home":{"where":"house","\\u0077here":"kennel"}}', "application/json", "twice"),
        (b"name=a&name=b", "application/x-www-form-urlencoded", "name more than once"),
        (b"\xff", "text/plain", "is not UTF-8"),
    ],
)
def test_a_body_that_can_be_read_in_two_ways_or_none_is_malformed(body: bytes, media: str, says: str) -> None:
    with pytest.raises(Malformed, match=says):
        wrong_body(body, media)


def test_another_media_type_is_told_what_is_taken() -> None:
    for media in ("application/xml", ""):
        with pytest.raises(UnsupportedMedia, match=r"send application/json, .*, text/plain, image/\*"):
            wrong_body(b"<a/>", media)
    with pytest.raises(Malformed, match="takes no body"):
        checks("pet").wrong_body(b"{}", "application/json")


def test_a_document_of_3_0_means_the_same() -> None:
    fields = {
        "name": {"type": "string", "nullable": True},
        "worth": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
        "photo": {"type": "string", "format": "byte"},
        "pet": {"$ref": "#/components/schemas/Names", "maxItems": 0},
    }
    document = {**PETS, "openapi": "3.0.3"}
    document["components"] = {**PETS["components"], "schemas": {**PETS["components"]["schemas"]}}
    document["components"]["schemas"]["Pet"] = {"type": "object", "properties": fields}
    contract = Contract(document)
    assert contract.refused_of("keepPet") == []
    said = {"name": None, "worth": 0, "photo": "***", "pet": ["a"]}
    found = contract.operation("keepPet").wrong_body(json.dumps(said).encode(), "application/json")
    assert {each.pointer: each.says for each in found} == {"/worth": "must be more than 0", "/photo": "must be base64"}


def test_a_pattern_that_could_run_for_years_ends_at_once() -> None:
    slow = {"components/schemas/Pet/properties/name": {"type": "string", "pattern": "^(a+)+$"}}
    raw = json.dumps({"name": "a" * 5000 + "!", "kind": "cat"}).encode()
    found = Contract(edited(slow)).operation("keepPet").wrong_body(raw, "application/json")
    assert [each.pointer for each in found] == ["/name"]


def test_of_very_many_errors_a_hundred_are_named() -> None:
    many = {"components/schemas/Pet": {"type": "array", "items": {"type": "integer"}}}
    found = Contract(edited(many)).operation("keepPet").wrong_body(b'["x"%s]' % (b',"x"' * 20_000), "application/json")
    assert len(found) == 100


def test_decimals_of_the_document_are_exact() -> None:
    step = {"components/schemas/Pet/properties/worth": {"type": "number", "multipleOf": 0.1, "maximum": 1e16 + 0.0}}
    asked = Contract(edited(step)).operation("keepPet")
    for worth, good in (("0.3", True), ("0.35", False), ("10000000000000000.1", False), (str(Decimal("1E16")), True)):
        raw = f'{{"name":"Mia","kind":"cat","worth":{worth}}}'.encode()
        assert (asked.wrong_body(raw, "application/json") == []) is good, worth
