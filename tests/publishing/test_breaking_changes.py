"""Whether a changed contract breaks somebody: a corpus of pairs, one change each, its verdict stated."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.publishing.contract import compare

CORPUS = yaml.safe_load(Path(__file__).with_name("corpus.yaml").read_text(encoding="utf-8"))
PAIRS = CORPUS["pairs"]


@pytest.mark.parametrize("pair", PAIRS, ids=[pair["name"] for pair in PAIRS])
def test_the_verdict_on_one_change(pair: dict[str, Any]) -> None:
    changes = compare(_edited(pair.get("old", {})), _edited(pair.get("new", {})))
    verdict = "breaking" if any(c.breaking for c in changes) else "compatible" if changes else "same"
    assert verdict == pair["verdict"], changes
    if "says" in pair:
        said = [str(change) for change in changes if change.breaking == (verdict == "breaking")]
        assert any(pair["says"] in sentence for sentence in said), said


def test_there_are_enough_pairs_and_none_is_there_twice() -> None:
    assert len(PAIRS) >= 60
    assert len({pair["name"] for pair in PAIRS}) == len(PAIRS)


def test_a_change_names_the_operation_the_place_and_what() -> None:
    edited = _edited({"/components/schemas/Money/properties/amount/type": "number"})
    first = str(compare(CORPUS["base"], edited)[0])
    assert first == ("BREAKING  createProject request.budget.amount: the type goes from string to number")


def test_a_reference_to_nowhere_is_refused_by_its_name() -> None:
    dead = _edited({"/components/schemas/Money": None})
    with pytest.raises(ValueError, match="#/components/schemas/Money is not in the document"):
        compare(CORPUS["base"], dead)


def test_a_published_contract_does_not_differ_from_itself() -> None:
    for path in sorted(Path(__file__).resolve().parents[2].glob("openapi/*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        assert compare(document, copy.deepcopy(document)) == []


def _edited(edits: dict[str, Any]) -> dict[str, Any]:
    document = copy.deepcopy(CORPUS["base"])
    for pointer, value in edits.items():
        *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.lstrip("/").split("/")]
        place: Any = document
        for part in parents:
            place = place[int(part)] if isinstance(place, list) else place[part]
        if isinstance(place, list):
            place[int(last) : int(last) + 1] = [] if value is None else [copy.deepcopy(value)]
        elif value is None:
            del place[last]
        else:
            place[last] = copy.deepcopy(value)
    return document
