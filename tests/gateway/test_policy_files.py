"""What a policy author is told: one file a mistake in `policy_errors/`, with the exact words at its end.

The first line names the file it stands for; the lines that begin with `#>` are all that must be said.
"""

from pathlib import Path

import pytest

from gateway.loader import PolicyError
from gateway.plan import load
from tests.gateway.notes import APIS, FILES, VALUES, plan_of, write_policies

CASES = sorted((Path(__file__).parent / "policy_errors").glob("*.yaml"))


@pytest.mark.parametrize("case", CASES, ids=[case.stem for case in CASES])
def test_a_mistake_is_named_with_its_file_and_line(case: Path, tmp_path: Path) -> None:
    lines = case.read_text().splitlines()
    stem = lines[0].removeprefix("# ")
    with pytest.raises(PolicyError) as refused:
        plan_of(tmp_path, **{stem: "\n".join(line for line in lines if not line.startswith("#> "))})
    assert refused.value.problems == [line.removeprefix("#> ") for line in lines if line.startswith("#> ")]


def test_everything_wrong_in_every_file_is_said_at_once(tmp_path: Path) -> None:
    broken = {"notes": "api: notes\nx: 1\n", "cabinet": "api: cabinet\ny: 1\n"}
    with pytest.raises(PolicyError) as refused:
        plan_of(tmp_path, **broken)
    assert {problem.split(":")[0] for problem in refused.value.problems} == {
        "policies/apis/cabinet.yaml",
        "policies/apis/notes.yaml",
    }


def test_a_missing_platform_file_is_said(tmp_path: Path) -> None:
    folder = write_policies(tmp_path)
    (folder / "platform.yaml").unlink()
    with pytest.raises(PolicyError, match=r"policies/platform\.yaml:1: the file is missing"):
        load(folder, APIS, VALUES)


def test_two_files_for_one_api_are_refused(tmp_path: Path) -> None:
    folder = write_policies(tmp_path)
    (folder / "apis" / "zz.yaml").write_text(FILES["apis/notes.yaml"])
    with pytest.raises(PolicyError, match=r"has its policy in policies/apis/notes\.yaml already"):
        load(folder, APIS, VALUES)


def test_words_that_yaml_1_1_reads_as_booleans_stay_words(tmp_path: Path) -> None:
    folder = write_policies(tmp_path, desk=FILES["products/desk.yaml"].replace("[console]", "[NO, on, yes]"))
    note = load(folder, APIS, VALUES).operations["notes-v2.note"]
    assert {"NO", "on", "yes"} <= {client for rule in note.rules for client in getattr(rule, "_products", {})}


def test_an_api_without_a_policy_is_reached_by_nobody(tmp_path: Path) -> None:
    folder = write_policies(tmp_path)
    (folder / "apis" / "face.yaml").unlink()
    (folder / "products" / "desk.yaml").unlink()
    assert not [key for key in load(folder, APIS, VALUES).operations if key.startswith("face")]
