"""A fifth system, a second workflow, another policy noun and another face: each is one folder or file, and no edit."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT

PACKAGES = ("canonical", "foundation", "system_apis", "process_apis", "experience_apis", "gateway", "tiergate")
ADDED = {
    "system_apis/ledger/__init__.py": '''
"""A ledger that only says who we are."""

from canonical.ports.systems import Account, Connection
from foundation.connections import Connection as Settings
from system_apis import Reads, SystemApi


class Ledger:
    async def whoami(self) -> Account:
        return Account(system="ledger", instance="one", user="us")


def connect(connection: Settings, transport: object = None) -> Ledger:
    return Ledger()


SYSTEM_API = SystemApi(
    name="ledger", title="Ledger", abbreviation="LE", ports=(Connection,), adapter=Ledger, connect=connect,
    reads=Reads(why="It is one book.", verified=True),
)
''',
    "process_apis/time_to_invoice.py": '''
"""Time to invoice: says what it would do."""

from typing import Annotated, Protocol

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.ports import operation
from foundation.api import Api
from process_apis import ProcessApi
from process_apis.platform import Platform


class Said(Value, frozen=True, kw_only=True):
    """A sentence."""

    sentence: Annotated[str, PUBLIC]


class TimeToInvoice(Protocol):
    """Invoices from time."""

    @operation("GET", "/plan")
    async def plan(self) -> Said:
        """What would be invoiced."""


class Plans:
    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def plan(self) -> Said:
        return Said(sentence="nothing yet")


PROCESS_API = ProcessApi(
    api=Api(name="time-to-invoice", layer="process", title="Time to invoice", ports=(TimeToInvoice,)), implement=Plans
)
''',
    "experience_apis/executive/__init__.py": '''
"""What the board sees."""

from typing import Annotated, Protocol

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.ports import operation
from experience_apis import ExperienceApi, Surroundings
from foundation.api import Api


class Outlook(Value, frozen=True, kw_only=True):
    """One word."""

    word: Annotated[str, PUBLIC]


class Executive(Protocol):
    """The outlook."""

    @operation("GET", "/outlook")
    async def outlook(self) -> Outlook:
        """How things look."""


class Board:
    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings

    async def outlook(self) -> Outlook:
        return Outlook(word="fair")


EXPERIENCE_API = ExperienceApi(
    api=Api(name="executive", layer="experience", title="Executive", ports=(Executive,)), implement=Board
)
''',
    "gateway/nouns/curfew.py": '''
"""`curfew: true`: nobody may call."""

from canonical.faults import Forbidden
from gateway.call import Call
from gateway.noun import Noun, Rule, Site


class Curfew(Rule):
    refuses = (Forbidden,)

    def admit(self, call: Call) -> None:
        raise Forbidden("It is late.")


def build(site: Site) -> Rule | None:
    return Curfew(site.where("curfew")) if site.said("curfew") else None


NOUN = Noun(name="curfew", stage="limits", build=build, operation=bool)
''',
}
POLICY = """api: {name}
layer: {layer}
owner: somebody@acme.example
versions: {{v1: {{state: active}}}}
access: {{issuers: [embedded], audience: "${{TIERGATE_AUDIENCE}}"}}
operations:
  {operation}: {{scopes: [{name}:read]{more}}}
"""
OFFERED = (
    ("ledger", "system", "whoami", ""),
    ("time-to-invoice", "process", "plan", ", curfew: true"),
    ("executive", "experience", "outlook", ""),
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the tree with everything added, nothing edited."""
    for name in (*PACKAGES, "policies", "openapi"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in ADDED.items():
        path = tmp_path / name
        assert not path.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip())
    return tmp_path


def tiergate(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of the copy."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIERGATE_")}
    return subprocess.run(
        [sys.executable, "-m", "tiergate", *arguments],
        cwd=tree,
        env=environment | {"PYTHONPATH": str(tree), "TIERGATE_STATE": str(tree / "state")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.real
def test_what_is_added_is_there_and_answers_nobody_until_a_policy_lists_it(tree: Path) -> None:
    before = tiergate(tree, "policy", "check")
    assert before.returncode == 0, before.stderr
    for name, layer, operation, more in OFFERED:
        text = POLICY.format(name=name, layer=layer, operation=operation, more=more)
        (tree / "policies" / "apis" / f"{name}.yaml").write_text(text)
    after = tiergate(tree, "policy", "check")
    assert after.returncode == 0, after.stderr
    assert offered(after) == offered(before) + len(OFFERED)
    published = tiergate(tree, "openapi")
    assert {f"wrote openapi/{name}-v1.json" for name, *_ in OFFERED} <= set(published.stdout.splitlines())
    assert "The caller may not do this" in (tree / "openapi" / "time-to-invoice-v1.json").read_text()


def offered(done: subprocess.CompletedProcess[str]) -> int:
    return int(done.stdout.rpartition(": ")[2].split()[0])


def test_the_layers_hold_with_what_is_added(tree: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tree)
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"]
    done = subprocess.run(
        command, cwd=tree, env=os.environ | {"PYTHONPATH": str(tree)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
