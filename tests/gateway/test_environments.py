"""An environment replaces named values of platform.yaml, each with its own line, and cannot touch an operation."""

from pathlib import Path

import pytest

from gateway.authoring.effective import effective
from gateway.loader import PolicyError
from gateway.plan import Plan, compiled, read
from tests.gateway.notes import APIS, VALUES, plan_of, write_policies

STAGING = """\
issuers:
  embedded: {issuer: "https://id.staging.example"}
plans:
  desk: {per-client: 5/min}
"""
WRONG = (
    ("operations: {note: {public: true}}\n", "1: the file has no key 'operations' (known: counters, issuers, plans)"),
    (
        "issuers:\n  embeded: {issuer: a}\n",
        "2: platform.yaml has no issuer 'embeded' to replace (did you mean 'embedded'",
    ),
    ("issuers:\n  embedded: {workloads: true}\n", "2: issuers.embedded has no key 'workloads' (known: issuer, jwks)"),
    ("issuers:\n  embedded: {alg: [none]}\n", "2: issuers.embedded has no key 'alg' (known: issuer, jwks)"),
    (
        "plans:\n  desks: {per-client: 1/min}\n",
        "2: platform.yaml has no plan 'desks' to replace (did you mean 'desk'?)",
    ),
    ("plans:\n  desk:\n    daily: 1/min\n", "3: platform.yaml has no limit of the plan desk 'daily' to replace"),
    ("plans:\n  desk: {per-client: fast}\n", "2: plans.desk.per-client: 'fast' is not a rate: write it like 60/min"),
    ("plans: 3\n", "1: plans must be a mapping"),
    ("data_classes: {pii: keep}\n", "1: the file has no key 'data_classes' (known: counters, issuers, plans)"),
    ("plans: {desk: {per-client: 1/min}, desk: {}}\n", "1: 'desk' stands here a second time; the first is on line 1"),
)


def staged(folder: Path, text: str, environment: str = "staging") -> Plan:
    write_policies(folder)
    path = folder / "policies" / "environments" / "staging.yaml"
    path.parent.mkdir()
    path.write_text(text)
    return compiled(read(folder / "policies", VALUES, environment), APIS)


def test_a_value_is_replaced_and_says_where_it_stands(tmp_path: Path) -> None:
    plan = staged(tmp_path, STAGING)
    assert plan.issuers["embedded"].issuer == "https://id.staging.example"
    assert plan.issuers["embedded"].workloads is True  # what is not said is as platform.yaml says
    values = effective(read(tmp_path / "policies", VALUES, "staging"), plan)["notes-v2.note"]
    limit, issuer = values.of("plans.desk.per-client"), values.of("issuers.embedded.issuer")
    assert limit is not None
    assert issuer is not None
    assert (limit.said, limit.where) == ("5/min", "policies/environments/staging.yaml:4")
    assert (issuer.said, issuer.where) == ("https://id.staging.example", "policies/environments/staging.yaml:2")


def test_another_environment_knows_nothing_of_it(tmp_path: Path) -> None:
    plan = staged(tmp_path, STAGING, "production")
    assert plan.issuers == plan_of(tmp_path).issuers


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_what_an_environment_may_not_say_is_refused_by_its_line(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as refused:
        staged(tmp_path, text)
    wanted = f"policies/environments/staging.yaml:{said}"
    assert [problem for problem in refused.value.problems if problem.startswith(wanted)], refused.value.problems


def test_every_operation_is_decided_alike_in_every_environment(tmp_path: Path) -> None:
    here, there = staged(tmp_path, STAGING), plan_of(tmp_path)
    assert here.operations.keys() == there.operations.keys()
    for key, governed in here.operations.items():
        other = there.operations[key]
        assert [(type(rule), rule.where) for rule in governed.rules] == [(type(r), r.where) for r in other.rules]
        assert governed.public == other.public
