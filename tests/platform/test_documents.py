"""The published contracts as a newcomer reads them: every operation explained, every field with its data class."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from canonical.classes import KEY
from tests.platform.contracts import OPERATIONS, Published
from tests.processes import ROOT

CLASSES = {"public", "pii", "financial", "secret"}
FILES = sorted((ROOT / "openapi").glob("*.json"))
EVERY = pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.key for operation in OPERATIONS])


@EVERY
def test_an_operation_says_what_it_does_and_what_each_answer_means(operation: Published) -> None:
    said = operation.document
    assert said["summary"]
    assert "\n" not in said["summary"]
    assert said["description"]
    assert said["tags"] == [operation.api.partition("@")[0]]
    assert all(answer["description"] for answer in said["responses"].values())


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_every_field_has_its_data_class(file: Any) -> None:
    document = json.loads(file.read_text())
    schemas = document["components"]["schemas"]
    bare = [where for name, schema in schemas.items() for where in unclassed(name, schema)]
    assert bare == []


def unclassed(where: str, schema: dict[str, Any]) -> Iterator[str]:
    """The leaves below a schema that say no class, nor anything above them."""
    if schema.get(KEY) in CLASSES or "$ref" in schema or schema.get("type") == "null":
        return
    below = [(f"{where}.{name}", one) for name, one in schema.get("properties", {}).items()]
    below += [(where, one) for key in ("anyOf", "oneOf") for one in schema.get(key, ())]
    within = [schema[key] for key in ("items", "additionalProperties") if isinstance(schema.get(key), dict)]
    below += [(f"{where}[]", one) for one in within]
    if not below and schema.get("type") != "object":
        yield where
    for name, one in below:
        yield from unclassed(name, one)


def test_a_field_without_a_class_is_found() -> None:
    leaf = {"type": "string"}
    made = {
        "type": "object",
        "properties": {"a": leaf | {KEY: "pii"}, "b": leaf, "c": {"type": "array", "items": leaf}},
    }
    assert list(unclassed("It", made)) == ["It.b", "It.c[]"]


def test_a_newcomers_first_call_has_an_example() -> None:
    schemas = json.loads((ROOT / "openapi" / "opportunity-to-project-v1.json").read_text())["components"]["schemas"]
    assert schemas["StartOpportunityToProject"]["properties"]["opportunity_id"]["examples"] == ["006Tg0000000001IAA"]
