"""`tiergate policy diff`: who gains, who loses, what else; and nothing where only the writing differs."""

import json
import shutil
from pathlib import Path

import pytest

from tests.commands.conftest import Tiergate, change

DESK = "apis/service-desk.yaml"
CASES = (
    (
        DESK,
        "  overview:    {scopes: [desk:read]}\n",
        "",
        "loses access",
        "cannot be called any more; it was by",
    ),
    (
        DESK,
        "{scopes: [desk:read]}",
        "{scopes: [desk:read, desk:all]}",
        "loses access",
        "for all of desk:all, desk:read",
    ),
    (DESK, "{scopes: [desk:read]}", "{scopes: {any: [desk:read, a]}}", "gains access", "asks for any of a, desk:read"),
    (DESK, "{scopes: [desk:read]}", "{public: true}", "gains access", "anybody may call it without a token"),
    (DESK, "    limits: [retries]\n", "", "limits", "limits.retries.rate is not said any more; it was 60/min"),
    (DESK, "audit: bodies", "audit: none", "audit", "audit is none now; it was bodies"),
    (DESK, "body_max: 64KB", "body_max: 1MB", "other", "body_max is 1MB now; it was 64KB"),
    ("apis/intake.yaml", "{public: true, ", "{scopes: [a], ", "loses access", "needs a token now"),
    ("products/partner.yaml", "[startRun, ", "[cancelRun, ", "gains access", "the client partner-demo may call it"),
    ("products/partner.yaml", "[startRun, ", "[", "loses access", "the client partner-demo may not call it any more"),
    (
        "roles.yaml",
        "groups: [service-desk]",
        "groups: [press]",
        "access changes",
        "service_desk.groups: press is enough now, and service-desk is not any more",
    ),
    (
        "roles.yaml",
        "groups: [service-desk]",
        "groups: [service-desk, press]",
        "gains access",
        "service_desk.groups: press is enough too now; it was [service-desk]",
    ),
    (
        "products/partner.yaml",
        "clients: [partner-demo]",
        "clients: [partner-demo]\naddresses: [203.0.113.0/24]",
        "loses access",
        "partner-demo may call it from 203.0.113.0/24 only; it was from anywhere",
    ),
    (
        "apis/intake.yaml",
        "{public: true, ",
        "{public: true, addresses: [203.0.113.7], ",
        "loses access",
        "anybody may call it from 203.0.113.7/32 only",
    ),
    (
        "apis/netsuite.yaml",
        "lt(money('0', body.currency)",
        "lt(money('1', body.currency)",
        "rules",
        "rules.bills-something.check is lt(money('1'",
    ),
    ("platform.yaml", "quota: 20k/day", "quota: 9k/day", "limits", "plans.partner.daily.quota is 9k/day now"),
)


@pytest.fixture
def new(policies: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(policies, tmp_path / "new"))


@pytest.mark.parametrize(("file", "old", "changed", "effect", "sentence"), CASES)
def test_a_change_is_told_by_its_effect(
    file: str, old: str, changed: str, effect: str, sentence: str, tiergate: Tiergate, policies: Path, new: Path
) -> None:
    if "overview" in old:
        change(new / "products/console.yaml", "[overview, ", "[")
    change(new / file, old, changed)
    found = tiergate("policy", "diff", policies, new, "--json")
    assert found.code == 1, found
    assert [each for each in json.loads(found.out) if each["effect"] == effect and sentence in each["sentence"]]
    assert f"{effect}:\n" in tiergate("policy", "diff", policies, new).out


def test_a_value_written_elsewhere_is_no_difference(tiergate: Tiergate, policies: Path, new: Path) -> None:
    change(new / DESK, "  audit: metadata\n", "")  # which holds anyway
    change(new / DESK, "runs:        {scopes: [desk:read]}", "runs: {scopes: [desk:read], body_max: 64KB}")
    assert tiergate("policy", "diff", policies, new) == (0, "Nothing differs in what holds.\n", "")
    assert tiergate("policy", "diff", policies, new, "--json") == (0, "[]\n", "")


def test_a_folder_that_cannot_be_used_is_said(tiergate: Tiergate, policies: Path, new: Path) -> None:
    assert tiergate("policy", "diff", policies, policies / "none").err.endswith("none is not a folder of policies.\n")
    change(new / DESK, "layer: experience", "layer: proces")
    broken = tiergate("policy", "diff", policies, new)
    assert broken.code == 2
    assert "new/apis/service-desk.yaml:3: layer is one of" in broken.err


@pytest.mark.parametrize(
    ("before", "after", "effect", "sentence"),
    [
        ("[203.0.113.0/24]", "[203.0.113.0/25]", "loses access", "may not call it from 203.0.113.0/24 any more"),
        ("[203.0.113.0/25]", "[203.0.113.0/24]", "gains access", "from 203.0.113.0/24 too; it was 203.0.113.0/25 only"),
        ("[203.0.113.0/24]", "", "gains access", "from anywhere too; it was 203.0.113.0/24 only"),
        ("[203.0.113.0/25, 203.0.113.128/25]", "[203.0.113.0/24]", "", ""),
        ("[203.0.113.7]", "['2001:db8::7']", "gains access", "from 2001:db8::7/128 too"),
        ("[203.0.113.7]", "['2001:db8::7']", "loses access", "not call it from 203.0.113.7/32 any more"),
    ],
)
def test_who_may_call_from_where_is_told_by_network(
    before: str, after: str, effect: str, sentence: str, tiergate: Tiergate, policies: Path, new: Path
) -> None:
    clients = "clients: [partner-demo]"
    change(policies / "products/partner.yaml", clients, f"{clients}\naddresses: {before}")
    change(new / "products/partner.yaml", clients, f"{clients}\naddresses: {after}" if after else clients)
    found = json.loads(tiergate("policy", "diff", policies, new, "--json").out)
    told = [each for each in found if each["effect"] == effect and sentence in each["sentence"]]
    offered = (policies / "products/partner.yaml").read_text().partition("includes:")[2]
    operations = offered.count(",") + offered.count("[")
    assert len(told) == (operations if effect else 0)  # each operation of the product
    assert bool(found) == bool(effect)
