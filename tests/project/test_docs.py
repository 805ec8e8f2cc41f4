"""The pages say what the source says, lead where they say, and name commands that exist."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

STAMP = '''"""`stamp`: which ink."""

from typing import Literal

import msgspec

from gateway.noun import Noun


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """One stamp."""

    ink: Literal["blue", "red"] = "blue"
    """Red is for the board."""


def build(site):
    return None


NOUN = Noun(name="stamp", stage="audit", build=build, operation=Stamp)
'''
OFFICE = '''"""The stamp office."""

from canonical.ports import cannot
from canonical.ports.systems import Connection, Tickets
from system_apis import Reads, SystemApi


class Office:
    whoami = ticket_by_key = cannot("It is closed.", system="stamps")
    upsert_ticket = cannot("It only sells stamps.", system="stamps")


SYSTEM_API = SystemApi(
    name="stamps", title="Stamps", abbreviation="ST", ports=(Tickets, Connection), adapter=Office, connect=Office,
    reads=Reads(why="It is closed.", verified=True),
)
'''
EXAMPLE = """\
says: Blue.
files: {apis/notes.yaml: "stamp: {ink: red}"}
tests:
  - given: {}
    when: note
    then: {status: 401, reason: token_missing}
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the reference pages are made from, and the pages."""
    made = tmp_path_factory.mktemp("built")
    for folder in ("canonical", "system_apis", "process_apis", "experience_apis", "gateway", "foundation", "docs"):
        shutil.copytree(ROOT / folder, made / folder, ignore=shutil.ignore_patterns("__pycache__"))
    build(made)
    return made


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    """The same, to be spoilt."""
    return shutil.copytree(built, tmp_path / "copy")


def build(tree: Path, *options: str) -> tuple[int, str]:
    """The exit code and output of docs/build.py in a tree."""
    command = [sys.executable, "-B", tree / "docs" / "build.py", *options]
    # The nouns and faults are those of the tree; so is what they stand on.
    environment = os.environ | {"PYTHONPATH": str(tree)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_written_page_is_up_to_date(copy: Path) -> None:
    assert build(copy, "--check") == (0, "")


def test_a_field_the_page_does_not_know_is_drift(copy: Path) -> None:
    source = copy / "canonical" / "objects" / "ticket.py"
    source.write_text(
        source.read_text() + '\n\nclass Stamp(Ticket, frozen=True, kw_only=True):\n    """A stamp."""\n\n    ink: str\n'
    )
    code, said = build(copy, "--check")
    assert (code, said) == (1, "docs/reference/objects.md is not what the source says: run `make docs`\n")


def test_an_operation_without_a_sentence_stops_the_build(copy: Path) -> None:
    (copy / "canonical" / "ports" / "stamps.py").write_text(
        '"""Stamps."""\n\n\nclass Stamps(Protocol):\n    """Stamps."""\n\n'
        '    @operation("GET", "/stamps")\n    async def stamps(self) -> list[str]: ...\n'
    )
    code, said = build(copy)
    assert code == 1
    assert "canonical/ports/stamps.py: Stamps.stamps does not say what it is for" in said


def test_a_new_system_and_a_new_noun_get_their_rows(copy: Path) -> None:
    (copy / "system_apis" / "stamps").mkdir()
    (copy / "system_apis" / "stamps" / "__init__.py").write_text(OFFICE)
    (copy / "gateway" / "nouns" / "stamp.py").write_text(STAMP)
    (copy / "docs" / "nouns" / "stamp.yaml").write_text(EXAMPLE)
    assert build(copy)[0] == 0
    assert "## `stamps`\n\nThe stamp office.\n\nPorts: `Tickets`, `Connection`." in page(copy, "systems")
    assert "] It is closed." in page(copy, "capabilities")
    assert "| [`stamp`](nouns/stamp.md) | `stamp`: which ink. |" in page(copy, "nouns")
    noun = page(copy, "nouns/stamp")
    assert "- At an operation, or under `defaults`: [Stamp](#stamp).\n" in noun
    assert "| `ink` | `blue` or `red` | `blue` | Red is for the board. |" in noun
    assert "| a caller without a token | `note` | 401 [`token_missing`](../problems/token_missing.md) |" in noun


def test_a_noun_without_an_example_stops_the_build(copy: Path) -> None:
    (copy / "gateway" / "nouns" / "stamp.py").write_text(STAMP)
    code, said = build(copy)
    assert code == 1
    assert "gateway/nouns/stamp.py has no example: write docs/nouns/stamp.yaml, as its siblings are" in said


def test_a_refusal_that_does_not_say_how_it_is_mended_stops_the_build(copy: Path) -> None:
    refusals = copy / "gateway" / "refusals.py"
    refusals.write_text(refusals.read_text() + '\n\nclass Smudged(Forbidden):\n    """The ink ran."""\n')
    code, said = build(copy)
    assert code == 1
    assert "gateway.refusals: Smudged: its docstring says what it means, then `Mend: ` and how" in said


def test_a_page_nothing_writes_is_named(copy: Path) -> None:
    (copy / "docs" / "reference" / "forgotten.md").write_text("# Forgotten\n")
    assert build(copy, "--check") == (1, "docs/reference/forgotten.md is written by nothing\n")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_every_decision_has_its_context_its_words_and_its_price(path: Path) -> None:
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", path.name)
    assert re.findall(r"^## (.+)$", path.read_text(), re.MULTILINE) == ["Context", "Decision", "Price"]


def test_no_two_decisions_share_a_number() -> None:
    numbers = [path.name[:4] for path in DECISIONS]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_make_target_a_page_names_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", path.read_text())) <= targets


def page(tree: Path, name: str) -> str:
    return (tree / "docs" / "reference" / f"{name}.md").read_text()
