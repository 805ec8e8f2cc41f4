"""A system that no role is bound to may stand in `connections.yaml`: only who is asked needs its values."""

from pathlib import Path

import pytest

from gateway.loader import PolicyError
from tiergate.configuration import connections

FILE = """\
one:
  url: "${ONE_URL}"
two:
  url: "${TWO_URL}"
  sign_in:
    token: "${SHARED}"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "connections.yaml").write_text(FILE)
    return tmp_path


def test_values_of_a_system_nobody_wants_need_not_be_set(folder: Path) -> None:
    found = connections(folder, ["one"], {"ONE_URL": "https://one.test"})
    assert {name: connection.url for name, connection in found.items()} == {"one": "https://one.test"}


def test_values_of_a_system_that_is_wanted_are_missed_with_their_lines(folder: Path) -> None:
    with pytest.raises(PolicyError) as wrong:
        connections(folder, iter(["two"]), {})
    said = wrong.value.problems
    assert [problem.split(";")[0] for problem in said] == [
        "policies/connections.yaml:4: ${TWO_URL} is not set",
        "policies/connections.yaml:6: ${SHARED} is not set",
    ]


def test_what_is_wrong_otherwise_is_told_whoever_wants_it(folder: Path) -> None:
    (folder / "connections.yaml").write_text(FILE + "two: {}\n")
    with pytest.raises(PolicyError) as wrong:
        connections(folder, ["one"], {"ONE_URL": "https://one.test"})
    assert any(problem.startswith("policies/connections.yaml:7:") for problem in wrong.value.problems)
