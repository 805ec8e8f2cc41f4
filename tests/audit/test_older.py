"""A record of the version that had a row for each call: it goes on, whole, and what was done to it stays found."""

from pathlib import Path

import msgspec
import pytest
from alembic import command
from alembic.config import Config

from foundation.database import MIGRATIONS, engine_of
from foundation.migrations.sheets import RECORD, SHEET
from gateway.audit import Span, query, sweep, verify
from gateway.audit.entry import FIELDS
from gateway.audit.sheet import COLUMNS
from gateway.audit.sqlite import SqliteStore
from gateway.words import Duration
from tests.audit.conftest import Ground
from tests.gateway.notes import NOW

ROWS = """CREATE TABLE records (
    writer text NOT NULL, seq bigint NOT NULL, at text NOT NULL,
    api text NOT NULL, version text NOT NULL, layer text NOT NULL, operation text NOT NULL,
    issuer text NOT NULL, subject text NOT NULL, client text NOT NULL, acted_for text NOT NULL,
    scopes text NOT NULL, key text NOT NULL,
    status integer NOT NULL, reason text NOT NULL, policy text NOT NULL, stage text NOT NULL, rule text NOT NULL,
    facts text NOT NULL, retention text NOT NULL,
    request_id text NOT NULL, trace text NOT NULL, took_ms integer NOT NULL,
    request_digest text NOT NULL, answer_digest text NOT NULL,
    previous text NOT NULL, digest text NOT NULL,
    PRIMARY KEY (writer, seq)
)"""


def made_older(ground: Ground, *deeds: str) -> None:
    """The same record as that version had it, and what was done to it then."""
    rows = [msgspec.structs.astuple(record) for record in ground.records()]
    said = [", ".join("'" + str(value).replace("'", "''") + "'" for value in row) for row in rows]
    inserts = [f"INSERT INTO records ({', '.join(FIELDS)}) VALUES ({row})" for row in said]
    version = (
        "PRAGMA user_version = 2" if ground.place.in_file else "UPDATE public.alembic_version SET version_num = '0005'"
    )
    ground.run("DROP TABLE sheets", ROWS, *inserts, *deeds, version)


def brought_up(ground: Ground) -> None:
    """What the start of this version does: in PostgreSQL that migration, whatever others there are."""
    if ground.place.in_file:
        SqliteStore(Path(ground.place.store)).close()
        return
    engine, config = engine_of(ground.place.store), Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
    engine.dispose()


async def test_it_is_taken_over_whole_and_goes_on(ground: Ground) -> None:
    await ground.written(6, at_once=3)
    await ground.written(3, of="refusals")
    before = sorted(ground.records(), key=lambda record: (record.writer, record.seq))
    made_older(ground)
    brought_up(ground)
    brought_up(ground)
    assert sorted(ground.records(), key=lambda record: (record.writer, record.seq)) == before
    assert verify(ground.place) == []
    await ground.written(2)
    assert [kept.record.seq for kept in query(ground.place, key="n3")] == [4]
    assert len(query(ground.place, subject="priya")) == 11
    assert sweep(ground.place, {"refusals": Span(records=Duration(5))}, NOW + 60).records == 3
    assert verify(ground.place) == []


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ("UPDATE records SET status = 403 WHERE seq = 3", (3, "was changed")),
        ("UPDATE records SET digest = 'x' WHERE seq = 3", (3, "was changed")),
        ("DELETE FROM records WHERE seq = 4", (4, "is missing (removed: 4)")),
        ("DELETE FROM records WHERE seq > 4", (5, "is missing (cut off the end; record 6 was anchored)")),
    ],
)
async def test_what_was_done_to_it_before_is_found(ground: Ground, deed: str, said: tuple[int, str]) -> None:
    await ground.written()
    made_older(ground, deed)
    brought_up(ground)
    assert said in [(finding.seq, finding.problem) for finding in verify(ground.place)]


def test_what_the_migration_says_of_a_record_and_a_sheet_is_what_they_are() -> None:
    assert tuple(RECORD) == FIELDS
    assert SHEET == COLUMNS
