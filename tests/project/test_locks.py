"""What is installed is said by version and hash, and never by address."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "lock").glob("*.txt"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def pinned(lock: str) -> dict[str, str]:
    """Version by package name."""
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)", (ROOT / "lock" / lock).read_text(), re.MULTILINE))


def asked(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=~!\[; ]", requirement)[0] for requirement in requirements}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_a_lock_names_no_address(lock: Path) -> None:
    assert not re.findall(r"^.*(?:://|--index-url|--find-links|@ file).*$", lock.read_text(), re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_every_locked_package_has_a_hash(lock: Path) -> None:
    entries = re.split(r"^(?=\S)", lock.read_text(), flags=re.MULTILINE)
    assert not [entry.split()[0] for entry in entries if entry.strip() and "--hash=sha256:" not in entry]


def test_what_the_project_asks_for_is_locked() -> None:
    assert asked(PROJECT["project"]["dependencies"]) <= pinned("run.txt").keys()
    assert asked(PROJECT["dependency-groups"]["dev"]) <= pinned("dev.txt").keys()


def test_tests_run_on_the_versions_that_run() -> None:
    assert pinned("run.txt").items() <= pinned("dev.txt").items()
