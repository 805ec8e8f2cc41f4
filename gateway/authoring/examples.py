"""The example of a noun: policy files it stands in, and tests that say what they do. Printed on its page, and run."""

from pathlib import Path
from typing import Any

import msgspec

from gateway.authoring.cases import Written, written
from gateway.conversion import convert
from gateway.loader import Node, PolicyError, read


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One example."""

    says: str
    """What it shows, in a sentence or two."""
    files: dict[str, str]
    """By their path in the policy folder; those not given are whatever the reader has."""
    tests: Node
    cases: list[Written]


class _File(msgspec.Struct, frozen=True, kw_only=True):
    says: str
    files: dict[str, str]
    tests: Any


def read_example(path: Path) -> Example:
    """An example of its file. Raises `PolicyError` with everything that is wrong in it."""
    problems: list[str] = []
    document = read(path, path.name, {})
    found: _File | None = convert(document, _File, problems, "")
    cases = written(document.at("tests"), problems) if found is not None else []
    if found is None or problems:
        raise PolicyError(problems)
    return Example(says=found.says, files=found.files, tests=document.at("tests"), cases=cases)
