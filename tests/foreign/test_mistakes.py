"""What the owner of a document is told: one file a mistake in `mistakes/`, with the exact words at its end.

The lines that begin with `#>` are all that must be said.
"""

from pathlib import Path

import pytest

from gateway.loader import PolicyError
from tests.foreign.stock import POLICY, plan_of

CASES = sorted((Path(__file__).parent / "mistakes").glob("*.yaml"))


def problems(folder: Path, **changed: str) -> list[str]:
    with pytest.raises(PolicyError) as refused:
        plan_of(folder, **changed)
    return refused.value.problems


@pytest.mark.parametrize("case", CASES, ids=[case.stem for case in CASES])
def test_a_mistake_is_named_with_its_file_line_and_pointer(case: Path, tmp_path: Path) -> None:
    lines = case.read_text().splitlines(keepends=True)
    spec = "".join(line for line in lines if not line.startswith("#> "))
    assert problems(tmp_path, spec=spec) == [
        line.removeprefix("#> ").strip() for line in lines if line.startswith("#> ")
    ]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "specs/inventory.yaml}",
            "specs/nowhere.yaml}",
            "policies/apis/inventory.yaml:6: versions.v1.spec: the policy folder has no file 'specs/nowhere.yaml'",
        ),
        (
            "upstream: warehouse\n",
            "",
            "policies/apis/inventory.yaml:1: listItems of inventory is served nowhere: say upstream",
        ),
        (
            "  v1: {spec",
            "  first: {spec",
            "policies/apis/inventory.yaml:6: 'first' is not a version: write v1, v2 and so on",
        ),
        (
            "  v1: {spec: specs/inventory.yaml}",
            "  v1: {spec: specs/inventory.yaml}\n  v2: {}",
            "policies/apis/inventory.yaml:7: no v2 of inventory is served (served: v1)",
        ),
        (
            "  listItems:",
            "  listItem:",
            "policies/apis/inventory.yaml:13: inventory has no operation 'listItem' (did you mean 'listItems'?)",
        ),
    ],
)
def test_what_its_policy_gets_wrong_is_said_by_its_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert says in problems(tmp_path, policy=POLICY.replace(old, new))


def test_an_api_of_ours_takes_no_file(tmp_path: Path) -> None:
    policy = POLICY.replace("api: inventory", "api: cabinet").replace("layer: process", "layer: system")
    found = problems(tmp_path, policy=policy)
    assert any("cabinet is our own: its contract is made from its code, not from a file" in each for each in found)
