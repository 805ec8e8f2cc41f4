"""The tests beside the policies: they hold, leave nothing open, notice mistakes, and say what is wrong with them."""

import asyncio
from pathlib import Path

import pytest

from gateway.authoring.cases import Case, cases
from gateway.authoring.mutants import survivors
from gateway.authoring.outcomes import run, uncovered
from gateway.loader import PolicyError
from gateway.plan import Plan, compiled, read
from gateway.policies import Policies
from tests.gateway.notes import APIS, DESK_FILE, NOTES_FILE, PLATFORM, VALUES, plan_of, write_policies
from tiergate import catalogue, settings
from tiergate.contracts import policies_of, values_of

SHIPPED = settings.read({})
GOOD = """\
- given: {client: console, scopes: [notes:read]}
  when: [note, face.note]
  then: allow
- given: {client: console, scopes: []}
  when: notes.note
  then: {status: 403, reason: missing_scope, header: {WWW-Authenticate: ~insufficient_scope}}
- given: {at: 2027-03-02}
  when: notes.note@v1
  then: {status: 410, reason: version_retired}
- given: {client: console, scopes: [notes:read, notes:write], times: 4}
  when: upsertNote@v2
  then: {status: 429, reason: limit_reached, limit: writes, header: {Retry-After: "20"}}
"""
FAILING = (
    ("{client: console, scopes: []}, when: notes.note@v2, then: allow", "must be let in, is 403 missing_scope ("),
    (
        "{client: console, scopes: [notes:read]}, when: notes.note@v2, then: missing_scope",
        "must be missing_scope, is 200",
    ),
    ("{}, when: notes.note@v2, then: {status: 403, reason: token_missing}", "must be 403 token_missing, is 401 token_"),
    (
        "{}, when: notes.note@v2, then: {reason: token_missing, header: {Allow: GET}}",
        "Allow must be 'GET', is not there",
    ),
    ("{}, when: notes.note@v2, then: {reason: token_missing, header: {Allow: ~E}}", "no Allow holds 'E': []"),
    (
        "{client: console, scopes: [notes:read, notes:write], times: 9}, when: upsertNote@v2, then: limit_reached",
        "call 4 of 9 was refused already",
    ),
    (
        "{client: console, scopes: [notes:read, notes:write], times: 4}, when: upsertNote@v2, then: {limit: reads, reason: limit_reached}",  # noqa: E501 - one test, one line
        "must name the limit 'reads', names 'writes'",
    ),
    ("{issuer: other, scopes: []}, when: notes.note@v2, then: token_refused", "there is no issuer 'other'"),
)
MISTAKES = (
    ("note: 1\n", "1: a file of tests is a list, each with given, when and then"),
    ("- note\n", "1: a test is a mapping of given, when and then"),
    ("- {given: {}, wen: notes.note, then: allow}\n", "1: a test has no key 'wen' (did you mean 'when'?)"),
    ("- {given: {}, wen: notes.note, then: allow}\n", "1: a test needs the key 'when'"),
    ("\n- {given: {scope: []}, when: a, then: allow}\n", "2: given has no key 'scope' (did you mean 'scopes'?)"),
    ("- {when: notes.note, then: {stat: 1}}\n", "1: then has no key 'stat' (did you mean 'status'?)"),
    (
        "- {when: upsertNoet, then: allow}\n",
        "1: no policy lists an operation 'upsertNoet' (did you mean 'upsertNote'?)",
    ),
    (
        "- {when: note, then: allow}\n",
        "1: 'note' is an operation of cabinet and of face and of notes: write cabinet.note",
    ),
    ("- {given: {at: soon}, when: notes.note, then: allow}\n", "1: given.at must be a date like 2026-09-01"),
)


def asked(folder: Path, text: str, name: str = "some.yaml") -> tuple[Plan, list[Case]]:
    plan = plan_of(folder)
    (folder / "policies" / "tests").mkdir()
    (folder / "policies" / "tests" / name).write_text(text)
    return plan, cases(folder / "policies", plan, VALUES)


def test_the_shipped_tests_hold_and_leave_no_operation_open() -> None:
    _, plan, found = shipped()
    outcomes = run(plan, found)
    assert [str(each) for each in outcomes if each.wrong] == []
    assert [str(each) for each in uncovered(plan, outcomes)] == []


@pytest.mark.real
def test_the_shipped_tests_notice_every_mistake() -> None:
    policies, plan, found = shipped()
    made, left = asyncio.run(survivors(policies, plan, catalogue.apis(), found))
    assert [str(mutant) for mutant in left] == []
    assert made > 4 * len([governed for governed in plan.operations.values() if not governed.public])


def test_a_good_test_holds(tmp_path: Path) -> None:
    plan, found = asked(tmp_path, GOOD, "notes.yaml")
    assert len(found) == 2 + 1 + 2 + 1 + 1  # `note` is of two versions
    assert [str(each) for each in run(plan, found) if each.wrong] == []


@pytest.mark.parametrize(("test", "wrong"), FAILING)
def test_a_test_that_does_not_hold_says_what_came_instead(test: str, wrong: str, tmp_path: Path) -> None:
    plan, found = asked(tmp_path, "- {given: " + test + "}\n")
    [outcome] = run(plan, found)
    assert outcome.wrong.startswith(wrong)
    assert str(outcome).startswith("policies/tests/some.yaml:1: notes-v2.")


@pytest.mark.parametrize(("text", "said"), MISTAKES)
def test_a_test_that_cannot_be_asked_is_refused_by_its_line(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as refused:
        asked(tmp_path, text)
    assert [each for each in refused.value.problems if each.startswith(f"policies/tests/some.yaml:{said}")]


def test_an_operation_without_a_test_of_both_sides_is_named(tmp_path: Path) -> None:
    plan, found = asked(tmp_path, GOOD, "notes.yaml")
    open_ = {each.operation: each.missing for each in uncovered(plan, run(plan, found))}
    assert open_["face-v1.note"] == ["deny"]
    assert open_["notes-v2.upsertNote"] == ["allow"]
    assert open_["cabinet-v1.note"] == ["allow", "deny"]
    assert open_["notes-v2.hook"] == ["allow"]
    assert "notes-v2.note" not in open_


@pytest.mark.parametrize(
    ("without", "mistake"),
    [
        ("  then: {status: 403", "scopes is not asked of notes-v2.note"),
        ("  then: {status: 403", "notes-v2.note is public"),
        ("  then: {status: 410", "versions is not asked of notes-v1.note"),
        ("  then: {status: 429", "the limit writes is not asked of notes-v2.upsertNote"),
    ],
)
def test_a_mistake_is_noticed_by_its_test_and_by_no_other(without: str, mistake: str, tmp_path: Path) -> None:
    plan, found = asked(tmp_path, GOOD, "notes.yaml")
    policies = read(tmp_path / "policies", VALUES)
    noticing = {str(m).partition(": ")[2] for m in asyncio.run(survivors(policies, plan, APIS, found))[1]}
    tests = [f"- given:{test}" for test in GOOD.split("- given:")[1:] if without not in test]
    fewer = cases_in(tmp_path, "".join(tests), plan)
    blind = {str(m).partition(": ")[2] for m in asyncio.run(survivors(policies, plan, APIS, fewer))[1]}
    assert mistake in blind - noticing


def test_a_mistake_leaves_no_trace_in_the_plan(tmp_path: Path) -> None:
    plan, found = asked(tmp_path, GOOD, "notes.yaml")
    before = {key: (governed.rules, governed.settlers) for key, governed in plan.operations.items()}
    includes = {client: product.includes for client, product in plan.products.items()}
    asyncio.run(survivors(read(tmp_path / "policies", VALUES), plan, APIS, found))
    assert {key: (governed.rules, governed.settlers) for key, governed in plan.operations.items()} == before
    assert {client: product.includes for client, product in plan.products.items()} == includes


def test_one_of_two_scopes_forgotten_is_a_mistake_of_its_own(tmp_path: Path) -> None:
    write_policies(tmp_path)
    plan, found = asked(
        tmp_path, "- {given: {client: console, scopes: []}, when: notes.upsertNote, then: missing_scope}\n"
    )
    left = asyncio.run(survivors(read(tmp_path / "policies", VALUES), plan, APIS, found))[1]
    line = NOTES_FILE[: NOTES_FILE.index("scopes: [notes:read, notes:write]")].count("\n") + 1
    assert f"policies/apis/notes.yaml:{line}: the scope notes:write is not asked of notes-v2.upsertNote" in map(
        str, left
    )


def test_one_of_two_claims_forgotten_is_a_mistake_of_its_own(tmp_path: Path) -> None:
    test = "- {given: {client: console, scopes: [notes:read]}, when: notes.note, then: claim_missing}\n"
    plan, _ = asked(tmp_path, test)
    both = NOTES_FILE.replace(
        "note: {scopes: [notes:read]}", "note: {scopes: [notes:read], claims: {desk: a, floor: b}}"
    )
    (tmp_path / "policies" / "apis" / "notes.yaml").write_text(both)
    policies = read(tmp_path / "policies", VALUES)
    plan = compiled(policies, APIS)
    left = {str(mutant) for mutant in asyncio.run(survivors(policies, plan, APIS, cases_in(tmp_path, test, plan)))[1]}
    assert [mutant for mutant in left if mutant.endswith("claims.floor is not asked of notes-v2.note")]
    with_desk = test.replace("scopes: [notes:read]", "scopes: [notes:read], claims: {desk: a}") + test.replace(
        "scopes: [notes:read]", "scopes: [notes:read], claims: {floor: b}"
    )
    found = cases_in(tmp_path, with_desk, plan)
    left = {str(mutant) for mutant in asyncio.run(survivors(policies, plan, APIS, found))[1]}
    assert not [mutant for mutant in left if "claims." in mutant]


def cases_in(folder: Path, text: str, plan: Plan) -> list[Case]:
    (folder / "policies" / "tests" / "notes.yaml").write_text(text)
    return cases(folder / "policies", plan, VALUES)


def shipped() -> tuple[Policies, Plan, list[Case]]:
    policies = policies_of(SHIPPED)
    plan = compiled(policies, catalogue.apis())
    return policies, plan, cases(SHIPPED.policies, plan, values_of(SHIPPED))


HOLDING = {
    "{client: console, scopes: [notes:read], bound: dpop}": "",
    "{client: console, scopes: [notes:read], bound: dpop, times: 3}": "",
    "{client: console, scopes: [notes:read], bound: mtls}": "",
    "{client: acme, key: true}": "",
    "{client: acme, key: true, times: 3}": "",
    "{client: console, scopes: [notes:read], bound: dpop, proven: false}": "proof_refused",
    "{client: console, scopes: [notes:read], bound: mtls, proven: false}": "certificate_refused",
    "{client: console, scopes: [notes:read], bound: mtls, address: 192.0.2.9}": "certificate_refused",
    "{client: console, scopes: [notes:read]}": "token_refused",
    "{client: console, key: true}": "key_refused",
    "{client: console, scopes: [], bound: dpop}": "missing_scope",
}


@pytest.mark.parametrize("nonces", ["", "nonce_key: 0123456789abcdef0123456789abcdef"])
def test_a_caller_may_hold_a_key_or_a_token_that_is_its_own(tmp_path: Path, nonces: str) -> None:
    held = PLATFORM + (
        f"dpop: {{{nonces}}}\nclient_certificates: {{peers: [10.0.0.0/24]}}\n"
        f"api_keys: {{clients: {{acme: {{hash: 'sha256:{'0' * 64}', scopes: [notes:read]}}}}}}\n"
    )
    bound = NOTES_FILE.replace('AUDIENCE}"}', 'AUDIENCE}", bound_by: [dpop, mtls], keys: true}')
    desk = DESK_FILE.replace("clients: [console]", "clients: [console, acme]")
    tests = "".join(
        f"- {{given: {given}, when: notes.note@v2, then: {then or 'allow'}}}\n" for given, then in HOLDING.items()
    )
    plan = plan_of(tmp_path, platform=held, notes=bound, desk=desk)
    (tmp_path / "policies/tests").mkdir()
    (tmp_path / "policies/tests/held.yaml").write_text(tests)
    outcomes = run(plan, cases(tmp_path / "policies", plan, VALUES))
    assert [str(each) for each in outcomes if each.wrong] == []
    assert len(outcomes) == len(HOLDING)


def test_a_key_comes_without_a_token_and_belongs_to_a_client(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    (tmp_path / "policies/tests").mkdir()
    for given in ("{key: true}", "{client: acme, key: true, scopes: [a]}", "{client: acme, key: true, bound: mtls}"):
        (tmp_path / "policies/tests/held.yaml").write_text(f"- {{given: {given}, when: notes.note@v2, then: allow}}\n")
        with pytest.raises(PolicyError, match="key is a client's, and comes without a token"):
            cases(tmp_path / "policies", plan, VALUES)
