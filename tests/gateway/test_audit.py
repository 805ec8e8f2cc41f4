"""The record: one for each call, masked, and every change to it found and named."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from foundation.context import Caller
from foundation.masking import Masker
from gateway.audit import About, Bodies, Entry, Facts, Trail, query, verify
from gateway.audit.entry import FIELDS, Record
from gateway.audit.sqlite import connect
from tests.gateway.notes import CABINET, FACE_FILE, ISSUER, NOW, PROCESS_TIER, Note, World, problem, token

KEYED = "/notes/v2/notes/by-key/k1"


async def test_a_call_leaves_one_record_of_who_did_what_about_what(world: World) -> None:
    answer = await world.ask("PUT", KEYED, token(), json={"title": "a"}, headers={"X-Request-Id": "request-1234"})
    assert answer.status_code == 200
    await world.trail.flush()
    (kept,) = query(world.trail.path)
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
    kept = [one.record for one in reversed(query(world.trail.path))]
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
        kept.record for kept in sorted(query(world.trail.path), key=lambda kept: kept.record.status)[::-1]
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
    (kept,) = query(world.trail.path)
    for body in (kept.request, kept.answer):
        assert body is not None
        shown = json.loads(body)
        assert shown["title"] == "a"
        assert shown["author"].startswith("#")
        assert shown["worth"] == "••••5.67"
        assert "password" not in shown
        assert "remark" not in shown
    raw = world.trail.path.read_bytes() + world.trail.path.with_name("audit.db-wal").read_bytes()
    assert b"nina@harbor" not in raw
    assert b"hunter2" not in raw


async def test_metadata_keeps_no_body_and_a_body_that_is_not_json_is_not_kept(world: World) -> None:
    await world.ask("GET", "/notes/v2/notes/n1", token())
    await world.ask("PUT", KEYED, token(), content=b"{secret", headers={"Content-Type": "application/json"})
    await world.trail.flush()
    assert [(kept.request, kept.answer) for kept in query(world.trail.path)] == [(None, None), (None, None)]


async def test_where_nothing_is_to_be_kept_a_refusal_is_kept_all_the_same(tmp_path: Path) -> None:
    quiet = World(tmp_path, face=FACE_FILE.replace("scopes: [notes:read]", "scopes: [notes:read], audit: none"))
    await quiet.ask("GET", "/face/v1/notes/n1", token())
    await quiet.ask("GET", "/face/v1/notes/n1", token("other"))
    await quiet.trail.flush()
    assert [kept.record.reason for kept in query(quiet.trail.path)] == ["missing_scope"]
    await quiet.close()


async def test_the_record_is_asked_by_who_what_about_what_and_when(world: World) -> None:
    for subject, client, note in (("priya", "console", "n1"), ("dana", "console", "n2"), ("priya", "console", "n2")):
        await world.ask("GET", f"/notes/v2/notes/{note}", token(sub=subject, client_id=client))
        world.now += 60
    await world.trail.flush()
    path, start = world.trail.path, datetime.fromtimestamp(NOW, UTC)

    def keys(**asked: object) -> list[str]:
        return [kept.record.key for kept in query(path, **asked)]  # type: ignore[arg-type]  # its own words, as given

    assert keys(subject="priya") == ["n2", "n1"]
    assert keys(subject="priya", key="n2") == ["n2"]
    assert keys(client="nobody") == []
    assert keys(operation="note", limit=1) == ["n2"]
    assert keys(since=start + timedelta(seconds=30), until=start + timedelta(seconds=90)) == ["n2"]
    assert len(keys(since=start + timedelta(seconds=60))) == 2


async def _written(folder: Path, count: int = 6) -> Path:
    trail = Trail(folder / "audit.db", Masker(b"key"))
    for number in range(count):
        entry = Entry(
            at=NOW + number,
            about=About(api="notes", version="v1", layer="process", operation="note", in_path=("note_id",)),
            caller=Caller(subject="priya", client="console"),
            arguments={"note_id": f"n{number}"},
            status=200,
            request_id=f"r{number}",
        )
        trail.add(entry, Bodies(request=Note(title="a"), request_type=Note, answer=None, answer_type=None))
        await trail.flush()
    trail.close()
    return folder / "audit.db"


def _tamper(path: Path, *statements: str) -> None:
    store = sqlite3.connect(path)
    for trigger in ("records_are_not_changed", "records_are_not_removed"):
        store.execute(f"DROP TRIGGER {trigger}")
    for statement in statements:
        store.execute(statement)
    store.commit()
    store.close()


async def test_a_record_as_written_is_whole(tmp_path: Path) -> None:
    assert verify(await _written(tmp_path)) == []


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["UPDATE records SET status = 403 WHERE seq = 3"], [(3, "was changed")]),
        (["UPDATE records SET at = '2020-01-01' WHERE seq = 1"], [(1, "was changed")]),
        (["DELETE FROM records WHERE seq = 4"], [(4, "is missing (removed: 4)")]),
        (["DELETE FROM records WHERE seq IN (2, 3)"], [(2, "is missing (removed: 2 to 3)")]),
        (["DELETE FROM records WHERE seq > 4"], [(5, "is missing (cut off the end; record 6 was anchored)")]),
        (
            [
                "UPDATE records SET seq = 99 WHERE seq = 3",
                "UPDATE records SET seq = 3 WHERE seq = 4",
                "UPDATE records SET seq = 4 WHERE seq = 99",
            ],
            [
                (3, "is not where it was written; record 4 belongs here"),
                (4, "is not where it was written; record 3 belongs here"),
            ],
        ),
        (["DELETE FROM records"], [(1, "is missing (cut off the end; record 6 was anchored)")]),
        (["UPDATE bodies SET request = '{}' WHERE seq = 2"], [(2, "its request body was changed")]),
    ],
    ids=["changed", "changed first", "removed", "two removed", "cut off", "reordered", "all removed", "body changed"],
)
async def test_tampering_is_found_and_named(tmp_path: Path, statements: list[str], said: list[tuple[int, str]]) -> None:
    path = await _written(tmp_path)
    _tamper(path, *statements)
    found = [(finding.seq, finding.problem) for finding in verify(path)]
    assert found[: len(said)] == said


async def test_a_record_forged_with_a_fitting_digest_is_found_by_its_follower_or_its_anchor(tmp_path: Path) -> None:
    path = await _written(tmp_path)
    for seq in (3, 6):
        copy = tmp_path / f"copy{seq}.db"
        shutil.copy(path, copy)
        shutil.copy(f"{path}.anchors", f"{copy}.anchors")
        store = connect(copy)
        row = store.execute(f"SELECT {', '.join(FIELDS)} FROM records WHERE seq = {seq}").fetchone()
        store.close()
        forged = Record(**{**dict(zip(FIELDS, row, strict=True)), "subject": "nobody"})
        _tamper(copy, f"UPDATE records SET subject = 'nobody', digest = '{forged.expected_digest()}' WHERE seq = {seq}")
        assert seq in {finding.seq for finding in verify(copy)}


async def test_an_erased_body_leaves_a_chain_that_holds(tmp_path: Path) -> None:
    path = await _written(tmp_path)
    _tamper(path, "UPDATE bodies SET request = NULL, answer = NULL WHERE seq = 2", "DELETE FROM bodies WHERE seq = 3")
    assert verify(path) == []


async def test_records_can_only_be_added(tmp_path: Path) -> None:
    store = sqlite3.connect(await _written(tmp_path))
    for statement in ("UPDATE records SET status = 1", "DELETE FROM records"):
        with pytest.raises(sqlite3.IntegrityError, match="only ever added"):
            store.execute(statement)
    store.close()


async def test_two_processes_write_two_chains_into_one_file(tmp_path: Path) -> None:
    await _written(tmp_path)
    path = await _written(tmp_path)
    assert len({kept.record.writer for kept in query(path)}) == 2
    assert verify(path) == []


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no audit to verify"):
        verify(tmp_path / "nothing.db")


async def test_a_disk_that_fails_for_a_while_loses_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.audit.trail._RETRY", 0.01)
    commit: Callable[..., None] = Trail._commit
    failures = [sqlite3.OperationalError("disk I/O error"), OSError("no space")]

    def failing(self: Trail, *args: object) -> None:
        if failures:
            raise failures.pop()
        commit(self, *args)

    monkeypatch.setattr(Trail, "_commit", failing)
    path = await _written(tmp_path, 2)
    assert len(query(path)) == 2
    assert verify(path) == []


async def test_a_direct_calls_caller_and_whom_it_acts_for_are_recorded(world: World) -> None:
    async def nothing() -> None:
        return None

    await world.governor.call(CABINET, "note", PROCESS_TIER, {"note_id": "n1"}, nothing)
    await world.trail.flush()
    said = query(world.trail.path, client="process-tier")[0].record
    assert (said.acted_for, said.key, said.layer) == ("priya@console", "n1", "system")
