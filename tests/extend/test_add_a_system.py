"""docs/howto/add-a-system.md, followed on a copy: a small vendor is one folder, and everything else comes by itself."""

import filecmp
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.extend.test_adding import PACKAGES, POLICY, tiergate
from tests.processes import ROOT

VENDOR = Path(__file__).parent / "deskly"
HOWTO = (ROOT / "docs" / "howto" / "add-a-system.md").read_text()


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree with the folder added, and nothing edited."""
    copy = tmp_path_factory.mktemp("copy")
    for name in (*PACKAGES, "policies", "openapi", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    folder = copy / "system_apis" / "deskly"
    shutil.copytree(VENDOR, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in folder.glob("*.py"):
        path.write_text(path.read_text().replace("tests.extend.deskly", "system_apis.deskly"))
    return copy


def test_the_folder_is_the_one_the_page_draws() -> None:
    drawn = set(
        re.findall(r"^    (\S+?)(?:/\*\.json)?  ", HOWTO.partition("```text")[2].partition("```")[0], re.MULTILINE)
    )
    there = {path.name for path in VENDOR.iterdir() if path.name != "__pycache__"}
    assert there - drawn == set(), "the small vendor has what the page does not draw"
    assert drawn - there == {"auth.py", "faults.py"}, "signing in is one header here, and its statuses say enough"


@pytest.mark.real
def test_the_suite_asks_it_everything_without_an_edit(tree: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/ports", "-k", "deskly"],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 40, done.stdout[-400:]
    for name in PACKAGES:
        compared = filecmp.dircmp(ROOT / name, tree / name, ignore=["__pycache__", "deskly"])
        assert (compared.diff_files, compared.right_only) == ([], []), name


@pytest.mark.real
def test_it_is_told_and_can_be_asked_once_a_policy_lists_it(tree: Path) -> None:
    told = json.loads(tiergate(tree, "capabilities", "deskly", "--json").stdout)
    assert {(each["operation"], each["can"]) for each in told} == {
        ("ticketByKey", True),
        ("upsertTicket", True),
        ("whoami", True),
    }
    text = POLICY.format(name="deskly", layer="system", operation="ticketByKey", more="")
    (tree / "policies" / "apis" / "deskly.yaml").write_text(text)
    assert tiergate(tree, "policy", "check").returncode == 0
    assert "wrote openapi/deskly-v1.json" in tiergate(tree, "openapi").stdout
