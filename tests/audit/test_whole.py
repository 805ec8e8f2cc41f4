"""Is the record whole? Whatever somebody with the store in hand does to it is found, and named."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from gateway.audit import Place, query, verify
from gateway.audit.entry import FIELDS, Anchor, Record
from gateway.audit.keyring import Keyring
from tests.audit.conftest import TABLES, Ground
from tests.gateway.notes import NOW


def found(ground: Ground) -> list[tuple[int, str]]:
    return [(finding.seq, finding.problem) for finding in verify(ground.place)]


def record(ground: Ground, seq: int) -> Record:
    [row] = ground.ask(f"SELECT {', '.join(FIELDS)} FROM records WHERE seq = {seq}")
    return Record(**dict(zip(FIELDS, row, strict=True)))


def rechained(ground: Ground, first: int, last: int, **changed: object) -> list[str]:
    """Statements that change a record and make all that follow it follow."""
    statements, previous = [], ""
    for seq in range(first, last + 1):
        forged = msgspec.structs.replace(record(ground, seq), **(changed if seq == first else {"previous": previous}))
        previous = forged.expected_digest()
        values = f"subject = '{forged.subject}', previous = '{forged.previous}', digest = '{previous}'"
        statements.append(f"UPDATE records SET {values} WHERE seq = {seq}")
    return statements


async def test_a_record_as_written_is_whole(ground: Ground) -> None:
    await ground.written()
    assert found(ground) == []
    [one] = query(ground.place, key="n3")
    assert (one.record.subject, one.record.seq, one.record.status) == ("priya", 4, 200)
    assert one.record.at == datetime.fromtimestamp(NOW + 3, UTC).isoformat(timespec="microseconds")


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["UPDATE records SET status = 403 WHERE seq = 3"], [(3, "was changed")]),
        (["UPDATE records SET scopes = 'all' WHERE seq = 6"], [(6, "was changed")]),
        (["UPDATE records SET at = '2020-01-01' WHERE seq = 1"], [(1, "was changed")]),
        (["DELETE FROM records WHERE seq = 4"], [(4, "is missing (removed: 4)")]),
        (["DELETE FROM records WHERE seq = 1"], [(1, "is missing (removed: 1)")]),
        (["DELETE FROM records WHERE seq IN (2, 3)"], [(2, "is missing (removed: 2 to 3)")]),
        (["DELETE FROM records WHERE seq > 4"], [(5, "is missing (cut off the end; record 6 was anchored)")]),
        (
            ["DELETE FROM records WHERE seq > 4", "DELETE FROM anchors WHERE seq > 4"],
            [(5, "is missing (cut off the end; record 6 was anchored)")],
        ),
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
        (
            ["DELETE FROM records", "DELETE FROM anchors", "DELETE FROM bodies"],
            [(1, "is missing (cut off the end; record 6 was anchored)")],
        ),
        (["UPDATE bodies SET request = '{}' WHERE seq = 2"], [(2, "its request body was changed")]),
        (["DELETE FROM bodies WHERE seq = 2"], [(2, "its bodies are gone, and no removal says why")]),
        (["DELETE FROM names"], [(0, "the name is gone, and no removal says why")]),
        (["DELETE FROM anchors WHERE seq = 6"], [(6, "was added by something else: no anchor covers it")]),
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
        "anchor removed here",
    ],
)
async def test_tampering_is_found_and_named(ground: Ground, statements: list[str], said: list[tuple[int, str]]) -> None:
    await ground.written()
    ground.tamper(*statements)
    if statements == ["DELETE FROM anchors WHERE seq = 6"]:
        lines = ground.place.anchors.read_bytes().splitlines(keepends=True)
        ground.place.anchors.write_bytes(b"".join(lines[:-1]))
    assert found(ground)[: len(said)] == said


async def test_a_forged_record_whose_chain_was_made_to_fit_is_found_by_the_anchors(ground: Ground) -> None:
    await ground.written()
    ground.tamper(*rechained(ground, 3, 6, subject="nobody"))
    assert (3, "is not the record that was anchored") in found(ground)


async def test_anchors_made_to_fit_too_are_found_for_want_of_the_key(ground: Ground, tmp_path: Path) -> None:
    await ground.written()
    ground.tamper(*rechained(ground, 3, 6, subject="nobody"))
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
    values = ", ".join(f"'{value}'" for value in msgspec.structs.astuple(added))
    ground.run(f"INSERT INTO records ({', '.join(FIELDS)}) VALUES ({values})")
    assert found(ground) == [(3, "was added by something else: no anchor covers it")]


async def test_a_removal_nobody_signed_drops_nothing_unseen(ground: Ground) -> None:
    await ground.written()
    [(writer,)] = ground.ask("SELECT DISTINCT writer FROM records")
    statement = json.dumps({"kind": "segment", "id": "x", "at": "", "writer": writer, "upto": 3, "digest": "",
                            "count": 3, "reason": "retention"})  # fmt: skip
    ground.run(
        "INSERT INTO removals (id, kind, writer, upto, statement, signature) "
        f"VALUES ('x', 'segment', '{writer}', 3, '{statement}', 'AAAA')",
        "DELETE FROM records WHERE seq <= 3",
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
        "UPDATE records SET status = 1",
        "DELETE FROM records",
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
