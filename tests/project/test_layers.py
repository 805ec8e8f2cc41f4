"""The import contracts hold, and each of them bites."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("canonical", "foundation", "system_apis", "process_apis", "experience_apis", "gateway", "tiergate")
TRESPASSES = {
    "A tier stands on the ones below it": ("foundation/trespass.py", "import process_apis"),
    "A vendor does not know another vendor": ("system_apis/trespass/__init__.py", "import system_apis.netsuite"),
    "A face does not know another face": (
        "experience_apis/trespass/__init__.py",
        "import experience_apis.service_desk",
    ),
    "A policy noun does not know another noun": ("gateway/nouns/trespass.py", "import gateway.nouns.scopes"),
    "The tiers above ask a system by port": ("process_apis/trespass.py", "import system_apis.netsuite"),
    "Our own words need no framework": ("canonical/trespass.py", "import httpx"),
}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What the contracts say of a copy in which every one is broken once."""
    copy = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    for path, line in TRESPASSES.values():
        (copy / path).parent.mkdir(exist_ok=True)
        (copy / path).write_text(f'"""Where it should not be."""\n\n{line}\n')
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--verbose"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("contract", TRESPASSES)
def test_a_trespass_breaks_its_contract(verdicts: list[str], contract: str) -> None:
    assert [line for line in verdicts if line.startswith(contract) and "BROKEN" in line]
