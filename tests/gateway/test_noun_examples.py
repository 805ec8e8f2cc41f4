"""The example on every noun's page does what the page says: it is compiled by the real loader and asked."""

from pathlib import Path

import pytest

from gateway.authoring.cases import cases_of
from gateway.authoring.examples import read_example
from gateway.authoring.outcomes import run
from gateway.noun import nouns
from gateway.plan import load
from tests.gateway.notes import APIS, PLATFORM, VALUES

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "nouns"


@pytest.mark.parametrize("noun", [noun.name for noun in nouns()])
def test_what_a_nouns_page_says_is_what_happens(noun: str, tmp_path: Path) -> None:
    example = read_example(FOLDER / f"{noun}.yaml")
    for name, text in {"platform.yaml": PLATFORM, **example.files}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    plan = load(tmp_path, APIS, VALUES)
    problems: list[str] = []
    found = cases_of(example.tests, plan, problems)
    assert problems == []
    assert found
    assert [str(each) for each in run(plan, found) if each.wrong] == []
    assert f"{noun}:" in "".join(example.files.values()) or noun == "products"
