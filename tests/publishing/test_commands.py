"""`tiergate openapi`, as the person at the keyboard has it."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.plan import Plan
from tiergate import contracts
from tiergate.__main__ import main
from tiergate.settings import ROOT

PUBLISHED = ROOT / "openapi"
ENGAGEMENTS = PUBLISHED / "engagements-v1.json"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what is published, which the commands take for the folder."""
    made = tmp_path / "openapi"
    made.mkdir()
    for path in PUBLISHED.glob("*.json"):
        (made / path.name).write_bytes(path.read_bytes())
    monkeypatch.setenv("TIERGATE_CONTRACTS", str(made))
    return made


def test_what_would_break_a_caller_is_not_published(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = _with_a_field_more(folder / ENGAGEMENTS.name)
    assert main(["openapi"]) == 1
    said = capsys.readouterr().out
    assert "openapi/engagements-v1.json is not published: callers would break." in said
    assert "BREAKING  engagement response 200.project.promised: the field is gone" in said
    assert "as the next major version" in said
    assert (folder / ENGAGEMENTS.name).read_text(encoding="utf-8") == before


def test_what_cannot_be_checked_is_not_published(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = contracts.documents

    def documents(plan: Plan) -> dict[str, dict[str, Any]]:
        found = made(plan)
        schema = found[ENGAGEMENTS.name]["components"]["schemas"]["EngagementDetail"]
        schema["properties"]["code"] = {"$ref": "https://elsewhere.example/code.json"}
        return found

    monkeypatch.setattr(contracts, "documents", documents)
    before = (folder / ENGAGEMENTS.name).read_bytes()
    assert main(["openapi"]) == 1
    said = capsys.readouterr().out
    assert "openapi/engagements-v1.json is not published: it is against the rules." in said
    assert (
        "/components/schemas/EngagementDetail/properties/code: checkable: https://elsewhere.example/code.json" in said
    )
    assert (folder / ENGAGEMENTS.name).read_bytes() == before


@pytest.mark.real
def test_a_contract_that_only_gained_something_is_published(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / ENGAGEMENTS.name
    document = json.loads(path.read_text(encoding="utf-8"))
    del document["paths"][next(iter(document["paths"]))]
    path.write_text(json.dumps(document), encoding="utf-8")
    assert main(["openapi"]) == 0
    assert f"wrote {folder.name}/{ENGAGEMENTS.name}" in capsys.readouterr().out
    assert path.read_text(encoding="utf-8") == ENGAGEMENTS.read_text(encoding="utf-8")


def test_lint_says_what_and_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text('{"openapi": "3.1.0", "info": {}, "paths": {}}', encoding="utf-8")
    assert main(["openapi", "lint", str(bad)]) == 1
    assert capsys.readouterr().out == f"{bad}: 1 finding\n  /info: described: the API has no description\n"
    assert main(["openapi", "lint", "--json", str(bad)]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said == {str(bad): [{"pointer": "/info", "rule": "described", "says": "the API has no description"}]}


def test_lint_of_all_that_is_published_finds_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["openapi", "lint"]) == 0
    assert "no findings" in capsys.readouterr().out


def test_diff_says_what_changed_and_its_exit_code_whether_it_breaks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.json"
    other.write_bytes(ENGAGEMENTS.read_bytes())
    _with_a_field_more(other)
    assert main(["openapi", "diff", str(ENGAGEMENTS), str(other)]) == 0
    assert "compatible  engagement response 200.project.promised: a new optional field" in capsys.readouterr().out
    assert main(["openapi", "diff", "--json", str(other), str(ENGAGEMENTS)]) == 1
    assert {each["breaking"] for each in json.loads(capsys.readouterr().out)} == {True}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["diff", "{good}", "{nowhere}"], "cannot be read: No such file"),
        (["lint", "{broken}"], "is not JSON"),
        (["lint", "{list}"], "is not an OpenAPI document"),
        (["diff", "{good}", "{dead}"], "#/components/schemas/Nothing is not in the document"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    dead: dict[str, Any] = json.loads(ENGAGEMENTS.read_text(encoding="utf-8"))
    dead["components"]["schemas"]["Project"]["properties"]["name"] = {"$ref": "#/components/schemas/Nothing"}
    texts = {"broken": "{", "list": "[]", "dead": json.dumps(dead)}
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    files = {name: tmp_path / name for name in (*texts, "nowhere")} | {"good": ENGAGEMENTS}
    assert main(["openapi", *(each.format(**files) for each in arguments)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("tiergate: ")
    assert says in said
    assert said.count("\n") == 1


def _with_a_field_more(path: Path) -> str:
    document = json.loads(path.read_text(encoding="utf-8"))
    document["components"]["schemas"]["Project"]["properties"]["promised"] = {"type": "integer"}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path.read_text(encoding="utf-8")
