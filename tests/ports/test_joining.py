"""A system joins the suite by its folder alone: the same files in each, and a `suite.py` that says what is true."""

from pathlib import Path

import pytest

import system_apis
from canonical.ports import operations, why_not
from system_apis import discover
from tests.ports.kept import every_system
from tests.ports.world import SYSTEMS, demo_of, suite_of

FOLDER = Path(system_apis.__file__).parent
FILES = ("__init__.py", "adapter.py", "wire.py", "mapping.py", "check.py", "demo.py", "suite.py", "QUIRKS.md")


@every_system()
def test_a_folder_has_the_shape_of_its_siblings(name: str) -> None:
    there = {path.name for path in (FOLDER / name).iterdir()}
    assert [file for file in FILES if file not in there] == []
    assert {"sandbox", "sandbox.py"} & there
    assert list((FOLDER / name / "exchanges").glob("*.json")), "no exchange on file"


@every_system()
def test_every_exchange_proves_a_quirk(name: str) -> None:
    quirks = (FOLDER / name / "QUIRKS.md").read_text()
    exchanges = sorted((FOLDER / name / "exchanges").glob("*.json"))
    assert [path.stem for path in exchanges if f"`{path.stem}`" not in quirks] == []


@every_system()
def test_the_suite_speaks_of_fields_that_are_there_and_gives_reasons(name: str) -> None:
    suite = suite_of(name)
    for said in (suite.fits, suite.loses, suite.cuts, suite.refuses):
        for kind, fields in said.items():
            assert set(fields) <= set(kind.__struct_fields__), kind
    reasons = [*suite.currencies.values(), *(why for fields in suite.loses.values() for why in fields.values())]
    assert [why for why in reasons if not why.endswith(".")] == [], "a reason is a sentence"
    assert not set(suite.currencies) - {"JPY", "USD", "KWD"}


@every_system()
def test_its_sign_in_asks_for_nothing_the_demo_does_not_make(name: str) -> None:
    made = demo_of(name).values
    asked = [text[2:-1] for text in suite_of(name).sign_in.values() if text.startswith("${")]
    assert [value for value in asked if value not in made] == []


@pytest.mark.parametrize("name", sorted(discover()))
def test_what_it_does_not_offer_or_refuses_has_its_reason(name: str) -> None:
    system = discover()[name]
    assert [port for port in system.lacks if port in system.ports] == []
    refused = [why_not(system.adapter, each) for port in system.ports for each in operations(port)]
    for why in (*system.lacks.values(), *filter(None, refused)):
        assert why.endswith("."), f"a reason is a sentence: {why!r}"


def test_no_two_systems_share_a_badge() -> None:
    badges = [system.abbreviation for system in SYSTEMS.values()]
    assert len(set(badges)) == len(badges)
