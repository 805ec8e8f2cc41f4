"""A test whose program is missing is never passed over in silence."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"
INSTALLING = """
import subprocess, sys
from pathlib import Path
from tests.cached import once

def make(place):
    place.mkdir(parents=True)
    said = "import sys; sys.exit('one line\\\\nthe registry is away')"
    subprocess.run([sys.executable, "-c", said], check=True, capture_output=True)

def test_it():
    once("thing", Path("a.txt"), make)
"""
LACKING = "not run: test_one.py::test_it: no no-such-program on this machine"


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A folder with one test that runs, and one that needs a program nobody has."""
    shutil.copy(CONFTEST, tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = real(*programs): as in the project\n")
    (tmp_path / "test_one.py").write_text(
        "import pytest\n\n@pytest.mark.real('no-such-program')\ndef test_it(): pass\n\ndef test_other(): pass\n"
    )
    return tmp_path


def outcome(suite: Path, *options: str, ci: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    environment = {**os.environ, "CI": ci, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **more}
    return subprocess.run(command, cwd=suite, env=environment, capture_output=True, text=True, check=False)


def test_what_is_missing_is_said(suite: Path) -> None:
    done = outcome(suite)
    assert done.returncode == 0
    assert LACKING in done.stdout
    assert "1 passed" in done.stdout


def test_what_cannot_be_installed_is_said_with_its_reason_and_fails_in_ci(suite: Path) -> None:
    (suite / "a.txt").write_text("a==1")
    (suite / "test_two.py").write_text(INSTALLING)
    state = {"XDG_CACHE_HOME": str(suite / "cache"), "PYTHONPATH": str(CONFTEST.parents[1])}
    done = outcome(suite, "test_two.py", **state)
    assert done.returncode == 0
    assert "not run: test_two.py::test_it: thing cannot be installed: the registry is away" in done.stdout
    assert outcome(suite, "test_two.py", ci="true", **state).returncode == pytest.ExitCode.TESTS_FAILED


def test_where_ci_is_set_nothing_may_be_missing(suite: Path) -> None:
    done = outcome(suite, ci="true")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert LACKING in done.stderr


def test_tests_that_were_not_asked_for_need_nothing(suite: Path) -> None:
    done = outcome(suite, "-m", "not real", ci="true")
    assert done.returncode == 0
    assert "1 passed, 1 deselected" in done.stdout
