"""Habits of the source that no linter knows."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (
    "canonical",
    "foundation",
    "system_apis",
    "process_apis",
    "experience_apis",
    "gateway",
    "tiergate",
    "tests",
    "bench",
    "docs",
)
SOURCES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
NAMELESS = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
WHAT_CANNOT_BE_INSTALLED = "tests/cached.py:"
"""Which is printed as not run, with its reason (decision 4)."""
SET_ASIDE = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|mark\.skip|mark\.xfail|pytest\.skip|pytest\.xfail|importorskip)\b")


def lines_with(pattern: str) -> list[str]:
    """`path:line: text` of every source line that matches."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in SOURCES
        if path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if re.search(pattern, line)
    ]


def test_a_module_is_called_by_what_it_is_for() -> None:
    assert [path for path in SOURCES if NAMELESS & {path.stem, *path.relative_to(ROOT).parts}] == []


def test_every_ignore_carries_its_reason() -> None:
    ignores = lines_with(r"#\s*(?:noqa|type:\s*ignore)")
    assert [line for line in ignores if not re.search(r"(?:noqa:|ignore\[)[^#]*(?: - |# )\w+", line)] == []


def test_nothing_is_set_aside() -> None:
    found = [line for line in lines_with(SET_ASIDE.pattern) if not line.startswith(WHAT_CANNOT_BE_INSTALLED)]
    assert found == []


def test_a_module_holds_one_idea() -> None:
    """More than 400 lines are two ideas."""
    assert [path for path in SOURCES if len(path.read_text().splitlines()) > 400] == []
