"""`tiergate policy check` and `schema`."""

import json
from pathlib import Path

import pytest

from tests.commands.conftest import Tiergate, change, line_of
from tiergate.commands.policy import ACTIONS


def test_sound_policies_are_said_to_be(tiergate: Tiergate) -> None:
    said = tiergate("policy", "check")
    assert said.code == 0
    assert "are sound: " in said.out
    assert json.loads(tiergate("policy", "check", "--json").out)["sound"] is True


def test_what_is_wrong_is_said_by_file_and_line_with_exit_code_2(tiergate: Tiergate, policies: Path) -> None:
    desk = policies / "apis" / "service-desk.yaml"
    change(desk, "{scopes: [desk:read]}", "{scpoes: [desk:read]}")
    line = line_of(desk, "scpoes")
    said = tiergate("policy", "check")
    assert (said.code, said.out) == (2, "")
    assert f"policies/apis/service-desk.yaml:{line}: operations.overview has no key 'scpoes'" in said.err
    program = tiergate("policy", "check", "--json")
    assert (program.code, program.err) == (2, "")
    [problem] = json.loads(program.out)["problems"]
    assert (problem["file"], problem["line"]) == ("policies/apis/service-desk.yaml", line)
    assert "(did you mean 'scopes'?)" in problem["problem"]


def test_a_rule_that_passes_over_a_missing_field_is_warned_of_by_its_line(tiergate: Tiergate, policies: Path) -> None:
    netsuite = policies / "apis" / "netsuite.yaml"
    rule = "may-end: {check: \"body.number != '' || le(body.start, body.end)\", message: It ends.}"
    change(netsuite, "    rules:\n", f"    rules:\n      {rule}\n")
    said = tiergate("policy", "check")
    assert (said.code, said.err) == (0, "")
    where = f"policies/apis/netsuite.yaml:{line_of(netsuite, 'may-end')}"
    assert f"warning: {where}: " in said.out
    assert "body.end may not be there, and the other side of || would hide that: ask has(body.end) too" in said.out
    warned = json.loads(tiergate("policy", "check", "--json").out)
    assert warned["sound"] is True
    assert {f"{each['file']}:{each['line']}" for each in warned["warnings"]} == {where}


def test_a_schema_that_is_not_what_the_nouns_say_is_drift_until_it_is_written(
    tiergate: Tiergate, policies: Path
) -> None:
    assert tiergate("policy", "schema", "--check") == (0, "", "")
    change(policies / "schema" / "api.json", "operationId", "operation id")
    said = tiergate("policy", "schema", "--check")
    assert said.code == 1
    assert "api.json differs from the code: run tiergate policy schema" in said.out
    assert tiergate("policy", "schema").out == f"wrote {policies / 'schema' / 'api.json'}\n"
    assert tiergate("policy", "schema", "--check").code == 0


def test_when_deals_are_prepared_for_is_checked_too(tiergate: Tiergate, policies: Path) -> None:
    (policies / "commitment.yaml").write_text("probability: 0.9\nstages: Verbal\nstage: x\n")
    said = tiergate("policy", "check")
    assert said.code == 2
    assert "policies/commitment.yaml:1: probability: 0.9 is not a percentage: write it like 90%" in said.err
    assert "policies/commitment.yaml:2: stages must be a list" in said.err
    assert "policies/commitment.yaml:3: the file has no key 'stage' (did you mean 'stages'?)" in said.err
    (policies / "commitment.yaml").write_text("probability: 90%\n")
    assert tiergate("policy", "check").code == 0


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_says_what_it_does_with_examples(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    from tiergate.__main__ import main

    with pytest.raises(SystemExit) as left:
        main(["policy", action, "--help"])
    said = capsys.readouterr().out
    assert left.value.code == 0
    assert f"examples:\n  tiergate policy {action}" in said
    assert "--json" in said


def test_an_environment_that_is_broken_is_found_before_anybody_is_in_it(tiergate: Tiergate, policies: Path) -> None:
    production = policies / "environments" / "production.yaml"
    production.write_text("plans:\n  partners: {daily: {quota: 1/day}}\n")
    said = tiergate("policy", "check")
    assert said.code == 2
    assert "policies/environments/production.yaml:2: platform.yaml has no plan 'partners' to replace" in said.err
    assert tiergate("policy", "check", "--environment", "staging").code == 0
    production.rename(production.with_name("prod.yaml"))
    stray = tiergate("policy", "check").err
    assert "environments/prod.yaml:1: no environment is called 'prod' (known: production, sandbox, staging)" in stray


def test_a_table_of_owners_that_cannot_be_meant_is_found(tiergate: Tiergate, policies: Path) -> None:
    ownership = policies / "ownership.yaml"
    change(ownership, "credit.limit:", "credit.limt:")
    said = tiergate("policy", "check")
    assert said.code == 2
    line = line_of(ownership, "credit.limt:")
    assert (
        f"policies/ownership.yaml:{line}: customer has no field 'credit.limt' (did you mean 'credit.limit'?)"
        in said.err
    )
