"""Stoplight's Spectral, a linter that is not ours, over every published contract.

The linter is npm's, pinned beside this file; its rules are its own.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import npm
from tests.processes import ROOT

pytestmark = pytest.mark.real("node", "npm")

HERE = Path(__file__).parent
CONTRACTS = sorted((ROOT / "openapi").glob("*.json"))
ERROR = 0
BATCH = 10
"""Contracts it reads in one go: all of them take minutes."""
KNOWN_WARNINGS = {
    # It asks that a scope is declared by its scheme. OpenAPI 3.1 lets any scheme name what is needed, and ours is
    # `http`: the issuer, and with it an `oauth2` scheme's token address, is the installation's and not the contract's.
    "oas3-operation-security-defined",
    # Whom to ask is a person of the firm and stands in the policy (`owner`), not in what everybody may read.
    "info-contact",
}


@pytest.fixture(scope="session")
def spectral() -> Path:
    """The linter, installed once for each lock, outside of the source tree."""
    cache = npm.installed(HERE, "spectral")
    return cache / "node_modules" / ".bin" / "spectral"


def found_by(spectral: Path, *documents: Path) -> list[dict[str, Any]]:
    """What it says of them, a batch at a time."""
    command = [str(spectral), "lint", "--ruleset", str(HERE / "ruleset.yaml"), "--format", "json", "--quiet"]
    found: list[dict[str, Any]] = []
    for first in range(0, len(documents), BATCH):
        batch = map(str, documents[first : first + BATCH])
        done = subprocess.run([*command, *batch], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode in (0, 1), done.stderr
        found += json.loads(done.stdout)
    return found


def test_it_finds_the_one_mistake_made_in_each_contract_and_no_warning_that_we_do_not_know(
    spectral: Path, tmp_path: Path
) -> None:
    """A linter that finds nothing may have read nothing: each contract is given one error, and has no other."""
    assert CONTRACTS
    spoilt = []
    for path in CONTRACTS:
        document = json.loads(path.read_text())
        operation = next(iter(next(iter(document["paths"].values())).values()))
        operation["responses"]["418"] = {"no": "description"}
        spoilt.append(tmp_path / path.name)
        spoilt[-1].write_text(json.dumps(document))
    found = found_by(spectral, *spoilt)
    errors = [one for one in found if one["severity"] == ERROR]
    assert {Path(one["source"]).name for one in errors} == {path.name for path in CONTRACTS}
    assert {tuple(one["path"][3:5]) for one in errors} == {("responses", "418")}
    said = [f"{Path(one['source']).name}: {'.'.join(map(str, one['path']))}: {one['message']}" for one in found]
    warned = [(line, one["code"]) for line, one in zip(said, found, strict=True) if one["severity"] != ERROR]
    assert [line for line, code in warned if code not in KNOWN_WARNINGS] == []
    assert {code for _, code in warned} == KNOWN_WARNINGS, "a reason is left over"
