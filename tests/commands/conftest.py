"""The command line over a copy of the shipped policies."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.processes import ROOT
from tiergate.__main__ import main


class Said(NamedTuple):
    """What a command answered."""

    code: int
    out: str
    err: str


Tiergate = Callable[..., Said]


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """A copy of the policies that ship, to be changed."""
    return Path(shutil.copytree(ROOT / "policies", tmp_path / "policies"))


@pytest.fixture
def tiergate(
    policies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Tiergate:
    """Run a command on that copy."""
    monkeypatch.setenv("TIERGATE_POLICIES", str(policies))
    monkeypatch.setenv("TIERGATE_STATE", str(tmp_path / "state"))

    def run(*arguments: object) -> Said:
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


def change(path: Path, old: str, new: str) -> None:
    """One change of a file, which must be possible."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path.name} does not hold {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def line_of(path: Path, text: str) -> int:
    """The number of the first line that holds a text."""
    return next(n for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if text in line)
