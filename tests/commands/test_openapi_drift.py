"""`tiergate openapi drift`: what differed, who reads it, and a change of the contract that makes it true again."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from foundation.database import Database, engine_of, migrate
from foundation.masking import Masker
from gateway.contracts import Contract
from gateway.drift import Drift
from gateway.drift.proposal import Patch, applied, proposed
from gateway.drift.recording import Seen
from tests.commands.conftest import Tiergate
from tests.contracts.pets import PETS, edited
from tests.processes import ROOT
from tiergate.settings import read

API, OPERATION = "engagements-v1", "engagement"
DOCUMENT = json.loads((ROOT / "openapi" / "engagements-v1.json").read_text(encoding="utf-8"))
JSON = {"content-type": "application/json"}


@pytest.fixture
def drift(tiergate: Tiergate) -> Iterator[Drift]:
    """The platform's database, as a process of it writes it."""
    settings = read()
    settings.state.mkdir(parents=True, exist_ok=True)
    engine = engine_of(settings.database_url)
    migrate(engine)
    made = Drift(Database(engine), Masker(b"key"), every=3600)
    yield made
    made.close()
    engine.dispose()


def see(drift: Drift, answer: Any, times: int = 1) -> None:
    checks = Contract(DOCUMENT).operation(OPERATION)
    for _ in range(times):
        found = checks.wrong_answer(200, JSON, json.dumps(answer).encode())
        assert found
        drift.read_by(API, OPERATION, "portal-page")
        drift.note(API, OPERATION, found, DOCUMENT)
    drift.flush()


def test_where_nothing_differed_it_says_so(tiergate: Tiergate, drift: Drift) -> None:
    said = tiergate("openapi", "drift")
    assert said.code == 0
    assert said.out.startswith("No answer differed from its contract in the last 30 days")


def test_without_a_database_it_says_what_is_missing(tiergate: Tiergate, tmp_path: Path) -> None:
    said = tiergate("openapi", "drift")
    assert said.code == 2
    assert "TIERGATE_DATABASE_URL" in said.err
    assert "Traceback" not in said.err


def test_each_difference_is_shown_with_its_rule_its_readers_and_a_change(tiergate: Tiergate, drift: Drift) -> None:
    see(drift, {"surprise": 1}, times=3)
    said = tiergate("openapi", "drift", "--api", "engagements")
    assert said.code == 1
    lines = said.out.splitlines()
    assert lines[0] == "engagements-v1 engagement"
    (at,) = [n for n, line in enumerate(lines) if line.startswith("  body/surprise: additionalProperties")]
    assert lines[at] == "  body/surprise: additionalProperties: expected no such field; seen a whole number"
    assert lines[at + 1].startswith(f"    3 times, first {time.strftime('%Y-', time.gmtime())}")
    assert 'proposed: add /components/schemas/EngagementDetail/properties/surprise {"type":"integer"}' in lines[at + 2]
    assert any("BREAKING" in line and "becomes optional" in line for line in lines), "a field that is missing"
    assert "portal-page 3×" in lines[-1]
    assert tiergate("openapi", "drift", "--api", "kantata").code == 0


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (("--api", "engagement"), "no API is called 'engagement'; did you mean 'engagements'?"),
        (("--days", "0"), "--days"),
    ],
)
def test_what_can_have_no_answer_is_not_told_to_be_well(
    tiergate: Tiergate, drift: Drift, said: tuple[str, ...], told: str
) -> None:
    refused = tiergate("openapi", "drift", *said)
    assert (refused.code, told in refused.err) == (2, True), refused


def test_for_a_program_it_is_json_and_the_change_is_a_json_patch(tiergate: Tiergate, drift: Drift) -> None:
    see(drift, {"surprise": "dana@firm.example"})
    (found,) = json.loads(tiergate("openapi", "drift", "--json").out)
    assert (found["api"], found["operation"]) == (API, OPERATION)
    (extra,) = [each for each in found["differences"] if each["place"] == "body/surprise"]
    assert extra["proposal"] == [
        {"op": "add", "path": "/components/schemas/EngagementDetail/properties/surprise", "value": {"type": "string"}}
    ]
    assert extra["breaks"] == []
    assert "dana" not in str(found)
    assert {"client": "portal-page", "times": 1, "product": ""}.items() <= found["readers"][0].items()


PET: dict[str, Any] = {"id": 1, "name": "Mia", "kind": "cat"}


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, {}, {**PET, "extra": [1]}),
        (200, {}, {**PET, "id": "one"}),
        (200, {}, {**PET, "id": None}),
        (200, {}, {"id": 1, "kind": "cat"}),
        (200, {}, {**PET, "kind": "fish"}),
        (200, {}, {**PET, "born": "yesterday"}),
        (200, {}, {**PET, "name": "M"}),
        (200, {}, {**PET, "worth": 1.234}),
        (200, {}, {**PET, "parents": [{**PET, "kind": "fish"}, PET]}),
        (200, {}, {**PET, "parents": [PET, PET, PET]}),
        (200, {"x-left": None}, PET),
        (202, {"content-type": None}, b""),
    ],
)
def test_what_is_proposed_makes_the_contract_true_again(status: int, headers: dict[str, Any], body: Any) -> None:
    document = edited({"components/schemas/Pet/properties/kind": {"enum": ["cat", "dog"], "x-data-class": "public"}})
    said = {k: v for k, v in {**JSON, "x-left": "3", **headers}.items() if v is not None}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    contract = Contract(document)
    found = contract.operation("pet").wrong_answer(status, said, raw)
    drift = Drift(Database(engine_of("sqlite://")), Masker(b"key"), every=3600)
    drift.note("pets-v1", "pet", found, document)
    seen = [each for each in drift._counted if isinstance(each, Seen)]
    drift._counted.clear()
    drift.close()
    patches = [patch for each in seen for patch in proposed(each, contract)]
    assert patches
    wrong = Contract(applied(document, patches)).operation("pet").wrong_answer(status, said, raw)
    assert wrong == [], msgspec.to_builtins(patches)
    assert Contract(document).document == edited(
        {"components/schemas/Pet/properties/kind": {"enum": ["cat", "dog"], "x-data-class": "public"}}
    ), "the contract itself is left alone"


def test_a_value_is_proposed_only_where_its_class_lets_it_be_seen() -> None:
    contract = Contract(PETS)
    found = contract.operation("pet").wrong_answer(200, JSON, json.dumps({**PET, "kind": "fish"}).encode())
    drift = Drift(Database(engine_of("sqlite://")), Masker(b"key"), every=3600)
    drift.note("pets-v1", "pet", found, PETS)
    (seen,) = [each for each in drift._counted if isinstance(each, Seen) and each.keyword == "enum"]
    drift._counted.clear()
    drift.close()
    assert (seen.example, proposed(seen, contract)) == ("", [])


def test_a_patch_is_what_rfc_6902_says() -> None:
    document = {"a": {"b/c": [1, 2]}, "d": 1}
    patches = [
        Patch(op="add", path="/a/b~1c/-", value=3),
        Patch(op="add", path="/a/b~1c/0", value=0),
        Patch(op="replace", path="/a/b~1c/1", value=9),
        Patch(op="remove", path="/d"),
    ]
    assert applied(document, patches) == {"a": {"b/c": [0, 9, 2, 3]}}
