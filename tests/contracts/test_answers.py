"""Answers against a contract: status, headers and body, each by its place."""

import json
from typing import Any

import pytest

from foundation.violations import pointer_of
from tests.contracts.pets import checks

PET: dict[str, Any] = {"id": 1, "name": "Mia", "kind": "cat"}
JSON = {"content-type": "application/json", "x-left": "3"}


@pytest.mark.parametrize(
    ("status", "headers", "body", "wrong"),
    [
        (200, JSON, PET, {}),
        (200, {**JSON, "content-type": "application/json; charset=utf-8"}, PET, {}),
        (204, {}, b"", {}),
        (404, {"content-type": "application/problem+json"}, {}, {}),
        (201, JSON, PET, {"status": "the contract has no answer with status 201"}),
        (200, {"content-type": "application/json"}, PET, {"header:X-Left": "is required"}),
        (200, {**JSON, "x-left": "x"}, PET, {"header:X-Left": "must be a whole number, and is text"}),
        (200, {**JSON, "content-type": "text/html"}, b"<p>", {"body": "must be application/json, and is text/html"}),
        (200, JSON, b"{", {"body": "cannot be read as application/json"}),
        (200, JSON, b"", {"body": "cannot be read as application/json"}),
        (204, {"content-type": "text/html"}, b"<p>", {"body": "must be no body, and is text/html"}),
        (200, JSON, {**PET, "id": None}, {"body/id": "must be a whole number, and is null"}),
        (200, JSON, {"name": "Mia", "kind": "cat"}, {"body/id": "is missing"}),
        (200, JSON, {**PET, "extra": 1}, {"body/extra": "is not a field of the contract"}),
        (200, JSON, {**PET, "secret": "s"}, {"body/secret": "may not be there"}),
        (404, JSON, {}, {"body": "must be application/problem+json, and is application/json"}),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_answer_is_named(
    status: int, headers: dict[str, str], body: Any, wrong: dict[str, str]
) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    found = checks("pet").wrong_answer(status, headers, raw)
    assert {each.pointer.lstrip("/"): each.says for each in found} == wrong


def test_each_finding_knows_the_rule_it_is_against() -> None:
    (found,) = checks("pet").wrong_answer(200, JSON, json.dumps({**PET, "born": "x"}).encode())
    assert pointer_of(found.rule_at) == "/components/schemas/Pet/properties/born/format"
    assert (found.keyword, found.expected, found.seen) == ("format", "a date: 2026-11-28", "text")


def test_a_body_is_waited_for_only_where_it_must_be_read() -> None:
    asked = checks("pet")
    assert asked.looks_at_body(200, "application/json")
    assert not asked.looks_at_body(204, "")
    assert not asked.looks_at_body(500, "application/json")
    assert not checks("keepPet").looks_at_body(200, "application/json")
