"""Is the record whole? Whatever somebody with the store in hand does to it is found, and named."""

import json
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.audit import Place, query, verify
from gateway.audit.entry import Anchor, Record
from gateway.audit.keyring import Keyring
from gateway.audit.sheet import Sheet
from tests.audit.conftest import TABLES, Ground
from tests.gateway.notes import NOW


def found(ground: Ground) -> list[tuple[int, str]]:
    return [(finding.seq, finding.problem) for finding in verify(ground.place)]


Deed = Callable[[Ground], None]
"""What somebody does to a record."""


def record(ground: Ground, seq: int) -> Record:
    [found] = [record for record in ground.records() if record.seq == seq]
    return found


def changed(seqs: Mapping[int, dict[str, Any]]) -> Deed:
    """Records say something else; what they are searched by is made to fit."""

    def others(records: list[Record]) -> list[Record]:
        made = [msgspec.structs.replace(record, **seqs.get(record.seq, {})) for record in records]
        return sorted(made, key=lambda record: record.seq)

    return lambda ground: ground.rewrite(others)


def removed(*seqs: int) -> Deed:
    return lambda ground: ground.rewrite(lambda records: [record for record in records if record.seq not in seqs])


def sql(*statements: str) -> Deed:
    return lambda ground: ground.tamper(*statements)


def both(one: Deed, other: Deed) -> Deed:
    def done(ground: Ground) -> None:
        one(ground)
        other(ground)

    return done


def without_the_last_anchor(ground: Ground) -> None:
    """Neither here nor in the second place."""
    ground.tamper("DELETE FROM anchors WHERE seq = 6")
    lines = ground.place.anchors.read_bytes().splitlines(keepends=True)
    ground.place.anchors.write_bytes(b"".join(lines[:-1]))


def rechain(ground: Ground, first: int, **said: object) -> None:
    """Change a record and make all that follow it follow."""
    previous = ""

    def following(record: Record) -> Record:
        nonlocal previous
        if record.seq < first:
            return record
        made = msgspec.structs.replace(record, **(said if record.seq == first else {"previous": previous}))
        previous = made.expected_digest()
        return msgspec.structs.replace(made, digest=previous)

    ground.rewrite(lambda records: [following(record) for record in records])


async def test_a_record_as_written_is_whole(ground: Ground) -> None:
    await ground.written()
    assert found(ground) == []
    [one] = query(ground.place, key="n3")
    assert (one.record.subject, one.record.seq, one.record.status) == ("priya", 4, 200)
    assert one.record.at == datetime.fromtimestamp(NOW + 3, UTC).isoformat(timespec="microseconds")


REORDERED = [
    (3, "is not where it was written; record 4 belongs here"),
    (4, "is not where it was written; record 3 belongs here"),
]
CUT = [(5, "is missing (cut off the end; record 6 was anchored)")]
NONE_LEFT = [(1, "is missing (cut off the end; record 6 was anchored)")]


@pytest.mark.parametrize("at_once", [1, 3])
@pytest.mark.parametrize(
    ("deed", "said"),
    [
        (changed({3: {"status": 403}}), [(3, "was changed")]),
        (changed({6: {"scopes": "all"}}), [(6, "was changed")]),
        (changed({1: {"at": "2020-01-01"}}), [(1, "was changed")]),
        (removed(4), [(4, "is missing (removed: 4)")]),
        (removed(1), [(1, "is missing (removed: 1)")]),
        (removed(2, 3), [(2, "is missing (removed: 2 to 3)")]),
        (removed(5, 6), CUT),
        (both(removed(5, 6), sql("DELETE FROM anchors WHERE seq > 4")), CUT),
        (changed({3: {"seq": 4}, 4: {"seq": 3}}), REORDERED),
        (sql("DELETE FROM sheets"), NONE_LEFT),
        (sql("DELETE FROM sheets", "DELETE FROM anchors", "DELETE FROM bodies"), NONE_LEFT),
        (sql("UPDATE bodies SET request = '{}' WHERE seq = 2"), [(2, "its request body was changed")]),
        (sql("DELETE FROM bodies WHERE seq = 2"), [(2, "its bodies are gone, and no removal says why")]),
        (sql("DELETE FROM names"), [(0, "the name is gone, and no removal says why")]),
    ],
    ids=[
        "changed",
        "last changed",
        "first changed",
        "removed",
        "first removed",
        "two removed",
        "cut off",
        "cut off with its anchors",
        "reordered",
        "all removed",
        "a whole writer lost",
        "body changed",
        "body removed",
        "name removed",
    ],
)
async def test_tampering_is_found_and_named(
    ground: Ground, deed: Deed, said: list[tuple[int, str]], at_once: int
) -> None:
    await ground.written(at_once=at_once)
    deed(ground)
    assert found(ground)[: len(said)] == said


async def test_a_record_without_an_anchor_was_added(ground: Ground) -> None:
    await ground.written()
    without_the_last_anchor(ground)
    assert found(ground) == [(6, "was added by something else: no anchor covers it")]


@pytest.mark.parametrize(
    ("statement", "first"),
    [
        ("UPDATE sheets SET words = '\n' WHERE seq = 6", 4),
        ("UPDATE sheets SET at = '2020-01-01' WHERE seq = 6", 4),
        ("UPDATE sheets SET since = '2030-01-01' WHERE seq = 3", 1),
        ("UPDATE sheets SET retention = 'refusals' WHERE seq = 3", 1),
        ("UPDATE sheets SET first = 2 WHERE seq = 3", 2),
    ],
)
async def test_a_record_made_hard_to_find_is_found(ground: Ground, statement: str, first: int) -> None:
    await ground.written(at_once=3)
    ground.tamper(statement)
    said = "is not found any more by what it says: what its sheet is searched by was changed"
    assert found(ground) == [(first, said)]


async def test_a_line_that_is_no_record_any_more_is_found_and_stops_nothing(ground: Ground) -> None:
    await ground.written()
    ground.tamper("UPDATE sheets SET lines = 'x' WHERE seq = 3")
    assert found(ground)[0] == (3, "cannot be read any more: its line was changed")
    with pytest.raises(ValueError, match=r"A line of the sheet 3 of .* is no record"):
        query(ground.place)


async def test_a_forged_record_whose_chain_was_made_to_fit_is_found_by_the_anchors(ground: Ground) -> None:
    await ground.written()
    rechain(ground, 3, subject="nobody")
    assert (3, "is not the record that was anchored") in found(ground)


async def test_anchors_made_to_fit_too_are_found_for_want_of_the_key(ground: Ground, tmp_path: Path) -> None:
    await ground.written()
    rechain(ground, 3, subject="nobody")
    thief = Keyring.at(tmp_path / "thief.key")
    lines = []
    for seq in range(1, 7):
        said = record(ground, seq)
        forged = Anchor(writer=said.writer, seq=seq, digest=said.digest, at=said.at)
        forged = msgspec.structs.replace(forged, signature=thief.sign(forged.signed_text()))
        lines.append(msgspec.json.encode(forged) + b"\n")
        ground.run(f"UPDATE anchors SET digest = '{forged.digest}', signature = '{forged.signature}' WHERE seq = {seq}")
    ground.place.anchors.write_bytes(b"".join(lines))
    assert (3, "its anchor is not signed by this platform") in found(ground)


async def test_a_record_added_by_something_else_is_found(ground: Ground) -> None:
    await ground.written(2)
    last = record(ground, 2)
    added = msgspec.structs.replace(last, seq=3, previous=last.digest, request_digest="", digest="")
    added = msgspec.structs.replace(added, digest=added.expected_digest())
    ground.write(Sheet.of([added]))
    assert found(ground) == [(3, "was added by something else: no anchor covers it")]


async def test_a_removal_nobody_signed_drops_nothing_unseen(ground: Ground) -> None:
    await ground.written()
    [(writer,)] = ground.ask("SELECT DISTINCT writer FROM sheets")
    statement = json.dumps({"kind": "segment", "id": "x", "at": "", "writer": writer, "upto": 3, "digest": "",
                            "count": 3, "reason": "retention"})  # fmt: skip
    ground.run(
        "INSERT INTO removals (id, kind, writer, upto, statement, signature) "
        f"VALUES ('x', 'segment', '{writer}', 3, '{statement}', 'AAAA')",
        "DELETE FROM sheets WHERE seq <= 3",
    )
    said = [str(finding) for finding in verify(ground.place)]
    assert "removal x: was not stated by this platform: it is not signed" in said
    assert f"record 1 of {writer}: is missing (removed: 1 to 3)" in said


async def test_the_second_place_cut_or_gone_is_found(ground: Ground) -> None:
    await ground.written()
    lines = ground.place.anchors.read_bytes().splitlines(keepends=True)
    ground.place.anchors.write_bytes(b"".join(lines[:2] + lines[3:]))
    assert found(ground) == [(3, "its anchor is not in the second place")]
    ground.place.anchors.unlink()
    assert found(ground) == [(0, "the second place of the anchors is gone")]


async def test_a_line_half_written_when_the_machine_stopped_is_no_finding(ground: Ground) -> None:
    await ground.written()
    text = ground.place.anchors.read_bytes()
    ground.place.anchors.write_bytes(text[:-20])
    assert found(ground) == []


async def test_who_has_only_the_public_key_can_verify(ground: Ground) -> None:
    await ground.written()
    ground.place.keys.unlink()
    assert found(ground) == []
    assert query(ground.place)[0].record.subject.startswith("~")
    ground.place.keys.with_suffix(".pub").unlink()
    with pytest.raises(FileNotFoundError, match=r"no signature of the record can be verified"):
        verify(ground.place)


async def test_what_an_older_key_signed_stays_verifiable_when_a_new_one_is_put_on_top(ground: Ground) -> None:
    await ground.written(2)
    ground.place.keys.write_text("ab" * 32 + "\n" + ground.place.keys.read_text())
    await ground.written(2)
    assert found(ground) == []
    assert len(query(ground.place, subject="priya")) == 4


async def test_records_can_only_be_added(ground: Ground) -> None:
    await ground.written(2)
    for statement in (
        "UPDATE sheets SET lines = ''",
        "DELETE FROM sheets",
        "DELETE FROM bodies",
        "UPDATE bodies SET request = NULL, answer = NULL",
        "UPDATE bodies SET request = '{}', answer = NULL",
        "UPDATE anchors SET seq = 9 WHERE seq = 2",
        "DELETE FROM anchors",
    ):
        with pytest.raises(Exception, match=r"only ever added|never changed"):
            ground.run(statement)
    if not ground.place.in_file:
        for table in TABLES:
            with pytest.raises(Exception, match="only ever added"):
                ground.run(f"TRUNCATE {table}")


async def test_what_came_together_is_committed_in_sheets_no_longer_than_a_reader_holds(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.audit.trail._MOST", 4)
    await ground.written(10, at_once=10)
    sheets = ground.sheets()
    assert [record.seq for sheet in sheets for record in sheet.records()] == list(range(1, 11))
    assert max(len(sheet.records()) for sheet in sheets) <= 4
    assert found(ground) == []
    assert [kept.record.key for kept in query(ground.place, limit=3)] == ["n9", "n8", "n7"]


async def test_two_processes_write_two_chains_into_one_record(ground: Ground) -> None:
    await ground.written()
    await ground.written()
    assert len({kept.record.writer for kept in query(ground.place)}) == 2
    assert found(ground) == []


def test_a_record_that_is_not_there_is_said_and_one_that_is_gone_is_found(tmp_path: Path) -> None:
    place = Place.beside(tmp_path / "nothing.db")
    with pytest.raises(FileNotFoundError, match="there is no audit to verify"):
        verify(place)
    place.anchors.write_bytes(b"")
    [finding] = verify(place)
    assert str(finding) == f"{place.store}: is gone: nothing.db.anchors says what it held"


async def test_a_file_of_another_version_is_refused_with_a_sentence(ground: Ground) -> None:
    await ground.written(1)
    if not ground.place.in_file:
        return
    old = Path(ground.place.store).with_name("old.db")
    shutil.copy(ground.place.store, old)
    Ground(Place.beside(old)).run("PRAGMA user_version = 0")
    with pytest.raises(ValueError, match="another version of Tiergate began"):
        query(old)
