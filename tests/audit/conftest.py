"""A record to write and to tamper with, in a file and in PostgreSQL: the same tests ask both."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from sqlalchemy.engine import make_url

from foundation.context import Caller
from foundation.database import engine_of, migrate
from foundation.masking import Masker
from gateway.audit import About, Bodies, Entry, Place, Record, Trail
from gateway.audit.sheet import COLUMNS, SELECT, Sheet, sheet_of
from tests.gateway.notes import NOW, Note
from tests.postgres import server

TABLES = ("sheets", "bodies", "anchors", "removals")
MASKER = Masker(b"key")


class Ground:
    """One record, and what somebody with the rights of its owner may do to it."""

    def __init__(self, place: Place) -> None:
        self.place = place

    async def written(
        self, count: int = 6, *, of: str = "standard", when: float = NOW, who: str = "priya", at_once: int = 1
    ) -> None:
        """So many records with bodies, `at_once` of them in each commit, by a writer of their own."""
        trail = Trail(self.place, MASKER)
        for number in range(count):
            trail.add(entry(number, of=of, when=when + number, who=who), BODIES)
            if number % at_once == at_once - 1:
                await trail.flush()
        await trail.flush()
        trail.close()

    def run(self, *statements: str) -> None:
        """Statements as they are, each committed, the triggers in force."""
        with self._connected() as store:
            for statement in statements:
                store.execute(statement)
            store.commit()

    def tamper(self, *statements: str) -> None:
        """The same by somebody who first takes the triggers away."""
        if self.place.in_file:
            found = [row[0] for row in self.ask("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
            self.run(*(f"DROP TRIGGER {name}" for name in found), *statements)
        else:
            self.run(*(f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in TABLES), *statements)

    def sheets(self) -> list[Sheet]:
        return [sheet_of(row) for row in self.ask(f"{SELECT} ORDER BY writer, seq")]

    def records(self) -> list[Record]:
        return [record for sheet in self.sheets() for record in sheet.records()]

    def rewrite(self, change: Callable[[list[Record]], list[Record]]) -> None:
        """Other records of each chain, in sheets that end where they ended and say what they should."""
        before = self.sheets()
        self.tamper("DELETE FROM sheets")
        for writer in {sheet.writer: None for sheet in before}:
            sheets = [sheet for sheet in before if sheet.writer == writer]
            made, after = change([record for sheet in sheets for record in sheet.records()]), 0
            for sheet in sheets:
                if left := [record for record in made if after < record.seq <= sheet.seq]:
                    self.write(Sheet.of(left))
                after = sheet.seq

    def write(self, sheet: Sheet) -> None:
        """A sheet more."""
        said = ", ".join("'" + str(value).replace("'", "''") + "'" for value in msgspec.structs.astuple(sheet))
        self.run(f"INSERT INTO sheets ({', '.join(COLUMNS)}) VALUES ({said})")

    def ask(self, question: str) -> list[tuple[Any, ...]]:
        with self._connected() as store:
            return list(store.execute(question).fetchall())

    def everything(self) -> str:
        """All text the store holds, as a search of its owner would see it."""
        if self.place.in_file:
            path = Path(self.place.store)
            files = (path, path.with_name(path.name + "-wal"), self.place.anchors)
            return "".join(file.read_bytes().decode("latin-1") for file in files if file.exists())
        told = [str(row) for table in (*TABLES, "names") for row in self.ask(f"SELECT * FROM {table}")]
        return "".join(told) + self.place.anchors.read_text()

    def _connected(self) -> Any:
        if self.place.in_file:
            return closing(sqlite3.connect(self.place.store))
        address = make_url(self.place.store).set(drivername="postgresql").render_as_string(hide_password=False)
        return closing(psycopg.connect(address, options="-c search_path=audit"))


def entry(number: int, *, of: str = "standard", when: float = NOW, who: str = "priya", **more: Any) -> Entry:
    about = About(
        api="notes", version="v1", layer="process", operation="note", in_path=("note_id",), retention=of
    )  # fmt: skip
    said = {"status": 200, "arguments": {"note_id": f"n{number}"}, "request_id": f"r{number}", **more}
    return Entry(at=when, about=about, caller=Caller(subject=who, client="console"), **said)


BODIES = Bodies(request=Note(title="a", author="nina@harbor.example"), request_type=Note, answer=None, answer_type=None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    with server() as url:
        yield url


@pytest.fixture(params=["file", pytest.param("postgres", marks=pytest.mark.real("initdb", "postgres"))])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Ground:
    if request.param == "file":
        return Ground(Place.beside(tmp_path / "audit.db"))
    url = make_url(request.getfixturevalue("postgres"))
    name = f"t{abs(hash(request.node.nodeid))}"
    with psycopg.connect(url.set(drivername="postgresql").render_as_string(), autocommit=True) as owner:
        owner.execute(f'CREATE DATABASE "{name}"')
    engine = engine_of(url.set(database=name).render_as_string())
    migrate(engine)
    engine.dispose()
    address = url.set(database=name).render_as_string()
    return Ground(Place(store=address, anchors=tmp_path / "anchors", keys=tmp_path / "audit.key"))
