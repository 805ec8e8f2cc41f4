"""The table itself, the judge, the page; and the whole table asked of a running gateway."""

from pathlib import Path

import msgspec
import pytest

from tests.conformance.asked import ask_all
from tests.conformance.asking import Answer
from tests.conformance.fields import challenges_of
from tests.conformance.front import behind_envoy, fronts
from tests.conformance.issuers import FLAWS, Issuers
from tests.conformance.judging import judge
from tests.conformance.page import PAGE, failed_on, page
from tests.conformance.table import SUBJECTS, Kind, Row, Then, When, problems, rows, shared

TABLE = rows()
ROWS = [row for found in TABLE.values() for row in found]
KINDS = {"refused": Kind(type="${url}/problems/${reason}", title="No", status=403, error="http_request_denied")}
BODY = {
    "type": "u/problems/refused",
    "title": "No",
    "status": 403,
    "reason": "refused",
    "detail": "x",
    "request_id": "r",
}
FIELDS = {
    "Content-Type": "application/problem+json",
    "Cache-Control": "no-store",
    "Proxy-Status": 'tiergate; error=http_request_denied; details="refused"',
    "X-Request-Id": "r",
}


def judged(then: Then, body: dict[str, object] = BODY, **fields: str) -> list[str]:
    """What the judge says of an answer."""
    changed = {name.replace("_", "-"): value for name, value in fields.items()}
    said = [(name, value) for name, value in {**FIELDS, **changed}.items() if value]
    row = Row(id="r", clause="c", when=When(), then=then)
    return judge(row, Answer(status=403, headers=said, body=msgspec.json.encode(body)), KINDS, {"url": "u"})


@pytest.mark.real
def test_every_row_conforms(tmp_path: Path) -> None:
    issuers = Issuers()
    try:
        with fronts(tmp_path, issuers) as running:
            verdicts = list(ask_all(TABLE, running, issuers, problems()))
    finally:
        issuers.close()
    assert [f"{verdict.row.id}: {wrong}" for verdict in verdicts for wrong in verdict.wrong] == []
    assert len(verdicts) == len(ROWS)


@pytest.mark.real
def test_every_shared_row_conforms_behind_an_envoy(tmp_path: Path) -> None:
    issuers = Issuers()
    try:
        with behind_envoy(tmp_path, issuers) as running:
            verdicts = list(ask_all(shared(TABLE), running, issuers, problems()))
    finally:
        issuers.close()
    assert [f"{verdict.row.id}: {wrong}" for verdict in verdicts for wrong in verdict.wrong] == []
    assert len(verdicts) == len([row for row in ROWS if not row.envoy])


def test_a_row_that_is_not_shared_says_what_envoy_does_instead() -> None:
    apart = [row for row in ROWS if row.envoy]
    assert [row.id for row in apart if not row.envoy.startswith("Envoy")] == []
    assert len(apart) <= len(ROWS) / 15


def test_there_are_a_hundred_rows_and_more_on_every_subject() -> None:
    assert len(ROWS) >= 100
    assert all(TABLE[subject] for subject in SUBJECTS)


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_a_row_names_its_clause_and_only_what_there_is(row: Row) -> None:
    source, _, demand = row.clause.partition(": ")
    assert source.startswith(("RFC ", "draft ", "W3C ", "MCP "))
    assert " section " in source
    assert demand
    assert not row.then.problem or problems()[row.then.problem].status == row.then.status
    assert row.given is None or not row.given.flaw or row.given.flaw in FLAWS


def test_the_page_says_what_the_table_says() -> None:
    written = PAGE.read_text()
    assert written == page(TABLE, problems(), failed_on(written)), "run: make conformance"


def test_the_page_names_what_did_not_conform() -> None:
    assert failed_on(page(TABLE, problems(), ["no-token", "expired"])) == ["expired", "no-token"]
    assert failed_on(page(TABLE, problems())) == []


def test_a_conforming_refusal_is_judged_so() -> None:
    assert judged(Then(status=403, problem="refused")) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"Content_Type": "application/json"}, "Content-Type"),
        ({"Cache_Control": ""}, "Cache-Control"),
        ({"Proxy_Status": 'tiergate; error="http_request_denied"; details="refused"'}, "Proxy-Status"),
        ({"X_Request_Id": "another"}, "request_id"),
        ({"Retry_After": "1"}, "Retry-After must not be there"),
        ({"WWW_Authenticate": "Bearer"}, "WWW-Authenticate must not be there"),
        ({"Link": "</a>; rel=next"}, "Link must not be there"),
    ],
)
def test_a_field_that_is_wrong_or_undemanded_is_found(fields: dict[str, str], said: str) -> None:
    assert [wrong for wrong in judged(Then(status=403, problem="refused"), **fields) if said in wrong]


@pytest.mark.parametrize("member", ["type", "title", "status", "reason", "detail"])
def test_a_member_that_is_wrong_is_found(member: str) -> None:
    assert judged(Then(status=403, problem="refused"), BODY | {member: ""})


@pytest.mark.parametrize(
    ("name", "wanted", "good", "bad"),
    [
        ("Retry-After", {"seconds": [1, 60]}, "60", ["0", "61", "1.5", "+1", "Mon, 01 Mar 2027 00:00:00 GMT"]),
        ("Allow", {"tokens": ["GET", "PUT"]}, "PUT, GET", ["GET", "GET, PUT, POST", "GET PUT"]),
        ("Deprecation", {"sf-date": "2026-09-01"}, "@1788220800", ["@1788220801", "1788220800"]),
        ("Sunset", {"http-date": "2027-03-01"}, "Mon, 01 Mar 2027 00:00:00 GMT", ["2027-03-01", "@1803859200"]),
        (
            "RateLimit",
            {"list": [["a", {"r": 1, "t": [1, 9]}]]},
            '"a";r=1;t=9',
            ["a;r=1;t=9", '"a";r=1', '"a";r=1;t=10', '"a";r=1;t=9;x=1', '"a";r=1;t=9, "b";r=1;t=1', '"a";r=1.0;t=9'],
        ),
        (
            "Link",
            {"links": [{"href": "/v2", "rel": "successor-version"}]},
            '</v2>; rel="successor-version"',
            ["</v2>; rel=next", "/v2; rel=successor-version", '</v2>; rel="successor-version", </v3>; rel=next'],
        ),
        (
            "WWW-Authenticate",
            {"challenges": [{"scheme": "Bearer", "realm": "t", "error": "e"}]},
            'Bearer realm="t", error="e"',
            ['Bearer realm="t"', 'Bearer realm="t", error="e", scope="s"', 'Basic realm="t", error="e"', "Bearer"],
        ),
    ],
)
def test_a_field_is_parsed_and_held_to_what_is_demanded(name: str, wanted: object, good: str, bad: list[str]) -> None:
    then = Then(status=403, problem="refused", headers={name: wanted})
    assert judged(then, **{name.replace("-", "_"): good}) == []
    for value in bad:
        assert held(then, name, value), value


def held(then: Then, name: str, value: str) -> bool:
    """Whether the judge finds it wrong, or not a field of that kind at all."""
    try:
        return judged(then, **{name.replace("-", "_"): value}) != []
    except ValueError:
        return True


def test_challenges_are_read_by_their_grammar() -> None:
    field = 'Basic realm="a, b", DPoP algs="ES256 PS256", error="x", Bearer realm="say \\"hi\\""'
    assert challenges_of(field) == [
        {"scheme": "Basic", "realm": "a, b"},
        {"scheme": "DPoP", "algs": "ES256 PS256", "error": "x"},
        {"scheme": "Bearer", "realm": 'say "hi"'},
    ]
    for wrong in ('realm="a"', 'Bearer realm="a", realm="b"', 'Bearer "a"'):
        with pytest.raises(ValueError, match=r"challenge|twice"):
            challenges_of(wrong)
