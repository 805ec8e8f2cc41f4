"""The JSON Schema an editor reads: it takes what the loader takes, refuses what that refuses, and explains keys."""

from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from gateway.authoring.schema import FILES, schemas, texts
from gateway.loader import read
from tests.gateway.notes import FILES as NOTES
from tests.gateway.notes import VALUES

POLICIES = Path(__file__).resolve().parents[2] / "policies"
PATTERNS = {
    **{kind: pattern for kind, (pattern, _) in FILES.items()},
    "ownership": "ownership.yaml",
    "tests": "tests/*.yaml",
}
SHIPPED = [(kind, path) for kind, pattern in PATTERNS.items() for path in sorted(POLICIES.glob(pattern))]
WRONG = (
    ("api", "notes", "scopes: [notes:read]", "scpoes: [notes:read]"),
    ("api", "notes", "{scopes: [notes:read]}", "{scopes: notes:read}"),
    ("api", "notes", "audit: bodies", "audit: everything"),
    ("api", "notes", "2026-09-01", "soon"),
    ("api", "notes", "owner: notes@firm.example\n", ""),
    ("platform", "platform", "pii: hash", "pii: encrypt"),
    ("product", "desk", "clients: [console]", "clients: console"),
)


def plain(path: Path) -> Any:
    names = dict.fromkeys(("TIERGATE_ISSUER", "TIERGATE_AUDIENCE"), "a")
    return read(path, path.name, names).plain()


def validator(kind: str) -> Any:
    return jsonschema_rs.validator_for(schemas()[kind], validate_formats=True)


@pytest.mark.parametrize(("kind", "path"), SHIPPED, ids=lambda it: it if isinstance(it, str) else it.name)
def test_a_shipped_policy_is_as_the_schema_says(kind: str, path: Path) -> None:
    validator(kind).validate(plain(path))


@pytest.mark.parametrize(("kind", "stem", "right", "wrong"), WRONG)
def test_what_the_loader_refuses_the_editor_marks(kind: str, stem: str, right: str, wrong: str, tmp_path: Path) -> None:
    text = next(text for name, text in NOTES.items() if Path(name).stem == stem)
    path = tmp_path / f"{stem}.yaml"
    for said, good in ((text, True), (text.replace(right, wrong, 1), False)):
        path.write_text(said)
        assert validator(kind).is_valid(read(path, "x", VALUES).plain()) is good
    assert right in text


def test_from_when_on_a_deal_is_prepared_for_is_marked_too() -> None:
    assert validator("commitment").is_valid({"probability": "85%", "stages": ["Verbal commitment"]})
    assert not validator("commitment").is_valid({"stage": "Verbal commitment"})


def test_every_key_of_an_operation_says_what_it_is_for() -> None:
    operation = schemas()["api"]["$defs"]["Operation"]
    assert [key for key, schema in operation["properties"].items() if not schema.get("description")] == []


def test_what_is_shipped_for_editors_is_what_the_nouns_say() -> None:
    shipped = {path.name: path.read_text() for path in (POLICIES / "schema").glob("*.json")}
    assert shipped == texts(), "run `tiergate policy schema`"


def test_every_shipped_policy_names_its_schema() -> None:
    for kind, path in SHIPPED:
        line = path.read_text().splitlines()[0]
        steps = "../" * (len(path.relative_to(POLICIES).parts) - 1) or "./"
        assert line == f"# yaml-language-server: $schema={steps}schema/{kind}.json", path
