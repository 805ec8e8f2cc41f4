"""The record: one for each call, masked, and every change to it found and named."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.audit import Facts, query
from tests.gateway.notes import CABINET, FACE_FILE, ISSUER, NOW, PROCESS_TIER, World, problem, token

KEYED = "/notes/v2/notes/by-key/k1"


async def test_a_call_leaves_one_record_of_who_did_what_about_what(world: World) -> None:
    answer = await world.ask("PUT", KEYED, token(), json={"title": "a"}, headers={"X-Request-Id": "request-1234"})
    assert answer.status_code == 200
    await world.trail.flush()
    (kept,) = query(world.trail.place)
    said = kept.record
    assert (said.subject, said.client, said.api, said.version, said.operation) == (
        "priya",
        "console",
        "notes",
        "v2",
        "upsertNote",
    )
    assert (said.key, said.status, said.reason, said.policy) == ("k1", 200, "", "")
    assert (said.request_id, said.layer, len(said.trace)) == ("request-1234", "process", 32)
    assert said.at.startswith(datetime.fromtimestamp(NOW, UTC).strftime("%Y-%m-%dT%H:%M:%S"))


async def test_every_refusal_is_recorded_with_the_line_that_refused(world: World) -> None:
    refused = [
        await world.ask("GET", "/notes/v2/notes/n1"),
        await world.ask("PUT", KEYED, token("notes:read"), json={"title": "a"}),
        await world.ask("GET", "/nowhere", token()),
    ]
    await world.trail.flush()
    kept = [one.record for one in reversed(query(world.trail.place))]
    assert [(one.status, one.reason) for one in kept] == [
        (answer.status_code, problem(answer)["reason"]) for answer in refused
    ]
    assert [one.policy for one in kept] == ["policies/apis/notes.yaml:7", "policies/apis/notes.yaml:16", ""]


async def test_a_record_says_what_the_decision_depended_on(world: World) -> None:
    who = token("notes:read portal:read", account_id="a1", amr=["pwd", "mfa"], nickname="Nina")
    await world.ask("GET", "/notes/v2/accounts/a1/notes", who)
    await world.ask("PUT", KEYED, token("notes:read"), json={"title": "a"})
    await world.trail.flush()
    refused, passed = (
        kept.record for kept in sorted(query(world.trail.place), key=lambda kept: kept.record.status)[::-1]
    )
    assert (passed.issuer, passed.scopes, passed.stage, passed.rule) == (ISSUER, "notes:read portal:read", "", "")
    facts = Facts.of(passed)
    assert facts.claims == {"account_id": "a1", "amr": ["pwd", "mfa"]}
    assert (facts.arguments, facts.product, facts.address) == ({"account_id": "a1"}, "desk", "loopback")
    assert (refused.stage, refused.rule, refused.scopes) == ("scopes", "scopes", "notes:read")
    assert Facts.of(refused).limits == ["writes"]


async def test_bodies_are_masked_by_the_class_of_each_field(world: World) -> None:
    said = {"title": "a", "author": "nina@harbor.example", "worth": 12345.67, "password": "hunter2", "remark": "free"}
    await world.ask("PUT", KEYED, token(), json=said)
    await world.trail.flush()
    (kept,) = query(world.trail.place)
    for body in (kept.request, kept.answer):
        assert body is not None
        shown = json.loads(body)
        assert shown["title"] == "a"
        assert shown["author"].startswith("#")
        assert shown["worth"] == "••••5.67"
        assert "password" not in shown
        assert "remark" not in shown


async def test_metadata_keeps_no_body_and_a_body_that_is_not_json_is_not_kept(world: World) -> None:
    await world.ask("GET", "/notes/v2/notes/n1", token())
    await world.ask("PUT", KEYED, token(), content=b"{secret", headers={"Content-Type": "application/json"})
    await world.trail.flush()
    assert [(kept.request, kept.answer) for kept in query(world.trail.place)] == [(None, None), (None, None)]


async def test_where_nothing_is_to_be_kept_a_refusal_is_kept_all_the_same(tmp_path: Path) -> None:
    quiet = World(tmp_path, face=FACE_FILE.replace("scopes: [notes:read]", "scopes: [notes:read], audit: none"))
    await quiet.ask("GET", "/face/v1/notes/n1", token())
    await quiet.ask("GET", "/face/v1/notes/n1", token("other"))
    await quiet.trail.flush()
    assert [kept.record.reason for kept in query(quiet.trail.place)] == ["missing_scope"]
    await quiet.close()


async def test_the_record_is_asked_by_who_what_about_what_and_when(world: World) -> None:
    for subject, client, note in (("priya", "console", "n1"), ("dana", "console", "n2"), ("priya", "console", "n2")):
        await world.ask("GET", f"/notes/v2/notes/{note}", token(sub=subject, client_id=client))
        world.now += 60
    await world.trail.flush()
    path, start = world.trail.place, datetime.fromtimestamp(NOW, UTC)

    def keys(**asked: object) -> list[str]:
        return [kept.record.key for kept in query(path, **asked)]  # type: ignore[arg-type]  # its own words, as given

    assert keys(subject="priya") == ["n2", "n1"]
    assert keys(subject="priya", key="n2") == ["n2"]
    assert keys(client="nobody") == []
    assert keys(operation="note", limit=1) == ["n2"]
    assert keys(since=start + timedelta(seconds=30), until=start + timedelta(seconds=90)) == ["n2"]
    assert len(keys(since=start + timedelta(seconds=60))) == 2


async def test_a_direct_calls_caller_and_whom_it_acts_for_are_recorded(world: World) -> None:
    async def nothing() -> None:
        return None

    await world.governor.call(CABINET, "note", PROCESS_TIER, {"note_id": "n1"}, nothing)
    await world.trail.flush()
    said = query(world.trail.place, client="process-tier")[0].record
    assert (said.acted_for, said.key, said.layer) == ("priya@console", "n1", "system")
