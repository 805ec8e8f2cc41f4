"""A test whose program is missing is never passed over in silence."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"
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


def outcome(suite: Path, *options: str, ci: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    environment = {**os.environ, "CI": ci, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=suite, env=environment, capture_output=True, text=True, check=False)


def test_what_is_missing_is_said(suite: Path) -> None:
    done = outcome(suite)
    assert done.returncode == 0
    assert LACKING in done.stdout
    assert "1 passed" in done.stdout


def test_where_ci_is_set_nothing_may_be_missing(suite: Path) -> None:
    done = outcome(suite, ci="true")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert LACKING in done.stderr


def test_tests_that_were_not_asked_for_need_nothing(suite: Path) -> None:
    done = outcome(suite, "-m", "not real", ci="true")
    assert done.returncode == 0
    assert "1 passed, 1 deselected" in done.stdout
