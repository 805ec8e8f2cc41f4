"""`tiergate policy test`, as the person at the keyboard has it."""

import json
from pathlib import Path

import pytest

from tests.commands.conftest import Tiergate, change, line_of


@pytest.mark.real
def test_the_shipped_policies_pass(tiergate: Tiergate) -> None:
    said = tiergate("policy", "test")
    assert said.code == 0
    assert said.out.endswith(" passed, 0 failed; every operation is covered.\n")


def test_a_widened_product_fails_the_test_that_forbids_it(tiergate: Tiergate, policies: Path) -> None:
    change(policies / "products" / "partner.yaml", "[startRun, run, runs]", "[startRun, run, runs, cancelRun]")
    said = tiergate("policy", "test", "opportunity-to-project")
    assert said.code == 1
    line = line_of(
        policies / "tests/opportunity-to-project.yaml", "{client: partner-demo, scopes: [opportunity-to-project:act]}"
    )
    failed = f"policies/tests/opportunity-to-project.yaml:{line}: opportunity-to-project-v1.cancelRun: "
    assert f"{failed}must be not_in_product, is 202\n" in said.out
    assert " passed, 1 failed; every operation is covered." in said.out
    assert json.loads(tiergate("policy", "test", "--json", "opportunity-to-project").out)["failed"][0][
        "operation"
    ].endswith(".cancelRun")


def test_without_a_test_its_operations_are_open_and_its_mistakes_go_unnoticed(
    tiergate: Tiergate, policies: Path
) -> None:
    (policies / "tests" / "engagements.yaml").unlink()
    said = tiergate("policy", "test", "--mutate", "engagements")
    assert said.code == 1
    line = line_of(policies / "apis" / "engagements.yaml", "  engagement: ")
    where = f"policies/apis/engagements.yaml:{line}: "
    assert f"{where}engagements-v1.engagement: no test of its allow and deny\n" in said.out
    assert f"{where}engagements-v1.engagement is public, and no test notices\n" in said.out
    assert not said.out.endswith(" noticed, 0 not.\n")
    assert tiergate("policy", "test", "--mutate", "events").out.endswith(" noticed, 0 not.\n")


def test_an_api_that_no_policy_is_of_is_named_with_the_one_that_was_meant(tiergate: Tiergate) -> None:
    said = tiergate("policy", "test", "engagemnts")
    assert said.code == 2
    assert "no policy is of an API 'engagemnts' (did you mean 'engagements'?)" in said.err


def test_a_test_that_cannot_be_asked_is_a_mistake_of_the_keyboard(tiergate: Tiergate, policies: Path) -> None:
    (policies / "tests" / "engagements.yaml").write_text("- {when: engagemnt, then: allow}\n")
    said = tiergate("policy", "test")
    assert said.code == 2
    assert "policies/tests/engagements.yaml:1: no policy lists an operation 'engagemnt' (did you mean" in said.err
