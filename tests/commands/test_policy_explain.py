"""`tiergate policy explain`: what holds, where it stands, and what a client meets."""

import json
from pathlib import Path

from tests.commands.conftest import Tiergate, change, line_of


def test_every_value_has_its_line_and_a_default_is_marked(tiergate: Tiergate, policies: Path) -> None:
    said = tiergate("policy", "explain", "opportunity-to-project.startRun@v1")
    assert said.code == 0
    path = policies / "apis" / "opportunity-to-project.yaml"
    rows = {line.split()[0]: line.split()[-1] for line in said.out.splitlines()[2:] if ": " in line}
    assert (
        rows["scopes:"] == f"policies/apis/opportunity-to-project.yaml:{line_of(path, 'opportunity-to-project:start')}"
    )
    assert rows["body_max:"] == f"policies/apis/opportunity-to-project.yaml:{line_of(path, 'body_max:')}"
    assert (
        rows["plans.partner.daily.quota:"] == f"policies/platform.yaml:{line_of(policies / 'platform.yaml', 'daily:')}"
    )
    assert rows["plans.partner.per-client.per:"] == "(default)"
    values = json.loads(tiergate("policy", "explain", "opportunity-to-project.startRun", "--json").out)[0]["values"]
    assert {"noun": "scopes", "path": "scopes", "said": "[opportunity-to-project:start]"}.items() <= next(
        value.items() for value in values if value["path"] == "scopes"
    )


def test_a_client_that_is_let_in_and_one_that_is_not(tiergate: Tiergate, policies: Path) -> None:
    good = tiergate("policy", "explain", "opportunity-to-project.startRun", "--as", "partner-demo")
    assert good.code == 0
    assert "partner-demo is let in with the scope opportunity-to-project:start, by its product (" in good.out
    bad = tiergate("policy", "explain", "opportunity-to-project.cancelRun", "--as", "partner-demo")
    assert bad.code == 1
    where = f"policies/products/partner.yaml:{line_of(policies / 'products/partner.yaml', 'product: partner')}"
    assert f"partner-demo is refused: 403 not_in_product at {where}" in bad.out
    tier = tiergate("policy", "explain", "netsuite.whoami", "--as", "process-tier", "--json")
    assert json.loads(tier.out)[0]["as"]["status"] == 200


def test_a_name_that_two_apis_have_or_nobody_is_answered_with_what_to_write(tiergate: Tiergate) -> None:
    two = tiergate("policy", "explain", "overview")
    assert (two.code, two.out) == (2, "")
    assert "'overview' is an operation of operations and of service-desk: write operations.overview" in two.err
    none = tiergate("policy", "explain", "startRum")
    assert none.code == 2
    assert "no policy lists an operation 'startRum' (did you mean 'startRun'?)" in none.err


def test_what_an_api_says_for_all_its_operations_is_no_default(tiergate: Tiergate, policies: Path) -> None:
    line = line_of(policies / "apis" / "service-desk.yaml", "criticality: ")
    said = tiergate("policy", "explain", "service-desk.resolveCase").out
    assert [row.split()[-1] for row in said.splitlines() if row.startswith("  criticality:")] == [
        f"policies/apis/service-desk.yaml:{line}"
    ]


def test_a_partner_that_may_call_from_its_networks_only_is_asked_from_there(tiergate: Tiergate, policies: Path) -> None:
    change(policies / "products/partner.yaml", "includes:", "addresses: [203.0.113.0/24, 198.51.100.7]\nincludes:")
    line = line_of(policies / "products/partner.yaml", "addresses: [203.0.113.0/24, 198")
    said = tiergate("policy", "explain", "opportunity-to-project.startRun", "--as", "partner-demo")
    assert said.code == 0, said
    assert "), from 198.51.100.7/32 and 203.0.113.0/24 only." in said.out
    [row] = [row.split() for row in said.out.splitlines() if row.startswith("  products.partner.addresses:")][:1]
    assert row[1:] == ["[203.0.113.0/24,", "198.51.100.7]", f"policies/products/partner.yaml:{line}"]


def test_business_rules_are_read_aloud_and_not_asked_of_nothing(tiergate: Tiergate, policies: Path) -> None:
    said = tiergate("policy", "explain", "netsuite.upsertBillingSchedule", "--as", "process-tier")
    assert said.code == 0, said
    assert "rules.bills-something.severity: warn" in said.out
    line = line_of(policies / "apis/netsuite.yaml", "check: body.lines.all(")
    assert f"policies/apis/netsuite.yaml:{line}" in said.out
