"""`tiergate openapi` where a policy brings an API that is not ours."""

from pathlib import Path

import pytest

from tests.commands.conftest import Tiergate
from tests.foreign.stock import POLICY, SPEC, UPSTREAMS

KEY = "inventory-v1"


@pytest.mark.real
def test_it_is_published_linted_and_compared_from_the_command_line(
    tiergate: Tiergate, policies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The policies that ship, and the inventory beside them."""
    monkeypatch.setenv("TIERGATE_CONTRACTS", str(tmp_path / "contracts"))
    monkeypatch.setenv("WAREHOUSE_TOKEN", "w")
    (policies / "specs").mkdir()
    spec = policies / "specs" / "inventory.yaml"
    spec.write_text(SPEC)
    (policies / "apis" / "inventory.yaml").write_text(POLICY)
    platform = policies / "platform.yaml"
    platform.write_text(f"{platform.read_text()}\n{UPSTREAMS.replace('PORT', '1')}")
    said = tiergate("openapi", "publish")
    assert (said.code, f"wrote contracts/{KEY}.json" in said.out) == (0, True), said
    assert tiergate("openapi", "--check").code == 0
    assert tiergate("openapi", "publish", "--check").code == 0
    (policies / "specs" / "inventory.yaml").write_text(SPEC.replace("enum: [part, tool]", "enum: [part]"))
    for checking in (("--check",), ("publish", "--check"), ("--check", "publish")):
        assert f"contracts/{KEY}.json differs" in tiergate("openapi", *checking).out
    refused = tiergate("openapi")
    assert refused.code == 1
    assert f"contracts/{KEY}.json is not published: callers would break." in refused.out
    assert "listItems query kind" in refused.out
    lint = tiergate("openapi", "lint", policies / "specs" / "inventory.yaml")
    assert "data-class" in lint.out
    (tmp_path / "old.yaml").write_text(SPEC)
    diff = tiergate("openapi", "diff", tmp_path / "old.yaml", policies / "specs" / "inventory.yaml")
    assert (diff.code, "BREAKING" in diff.out) == (1, True)
