"""Answers that are not as the contract says: refused, or passed on and written down; through the gateway and apart."""

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from canonical.ports.operation import Operation
from foundation.api import Api
from foundation.database import Database, engine_of, migrate
from foundation.masking import Masker
from foundation.openapi import document
from gateway import interior
from gateway.asgi import Gateway
from gateway.drift import Drift
from gateway.drift.tables import DRIFT, READERS
from gateway.governor import Governor
from gateway.loader import PolicyError
from gateway.metrics import BROKEN
from gateway.plan import load
from gateway.proxy import Proxy
from tests.gateway.notes import (
    CABINET,
    CABINET_FILE,
    KEY,
    NOTES_FILE,
    PROCESS_TIER,
    VALUES,
    Desk,
    KnownKeys,
    Note,
    Notes,
    World,
    over,
    problem,
    token,
    write_policies,
)
from tests.gateway.test_proxy import Served

NOTE = "/notes/v2/notes/n1"
SAID = "upstream-text-nobody-is-shown"
JSON = [(b"content-type", b"application/json")]


def notes_file(response: str, more: str = "") -> str:
    return NOTES_FILE.replace("  body_max: 1KB", f"  body_max: 1KB\n  validate: {{response: {response}}}") + more


class Told:
    """A tier that answers what it is told."""

    def __init__(self) -> None:
        self.status, self.headers, self.parts = 200, JSON, [b'{"title": "a"}']
        self.sent = 0

    def says(self, said: Any, status: int = 200, headers: list[tuple[bytes, bytes]] = JSON) -> None:
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.status, self.headers, self.parts = status, headers, [body]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        for part in self.parts:
            self.sent += 1
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class Checked:
    """A gateway in front of it, which writes down what differs."""

    def __init__(self, folder: Path, response: str, more: str = "") -> None:
        self.world = World(folder, notes=notes_file(response, more))
        engine = engine_of(f"sqlite:///{folder / 'platform.sqlite'}")
        migrate(engine)
        self.database = Database(engine)
        self.drift = Drift(self.database, Masker(b"key"), clock=lambda: self.world.now, every=3600)
        self.world.governor.services.drift = self.drift
        self.tier = Told()
        self.http = self.world.client(over(self.world.governor, self.tier))

    async def ask(self, path: str = NOTE, **more: Any) -> httpx.Response:
        return await self.world.ask("GET", path, token(account_id="a1"), http=self.http, **more)

    def rows(self) -> list[Any]:
        self.drift.flush()
        wanted = sa.select(DRIFT).order_by(DRIFT.c.place, DRIFT.c.keyword)
        return self.database.now(lambda connection: list(connection.execute(wanted)))

    async def close(self) -> None:
        await self.http.aclose()
        await self.world.close()
        await asyncio.to_thread(self.drift.close)
        self.database.engine.dispose()


@pytest.fixture
async def enforced(tmp_path: Path) -> AsyncIterator[Checked]:
    made = Checked(tmp_path, "enforce")
    yield made
    await made.close()


@pytest.fixture
async def reported(tmp_path: Path) -> AsyncIterator[Checked]:
    made = Checked(tmp_path, "report")
    yield made
    await made.close()


MANGLED: list[tuple[Any, int, list[tuple[bytes, bytes]]]] = [
    ({"title": 7}, 200, JSON),
    ({}, 200, JSON),
    ({"title": "a", "inner": SAID}, 200, JSON),
    ({"title": "a", "worth": "much"}, 200, JSON),
    ([{"title": "a"}], 200, JSON),
    ({"title": "a"}, 201, JSON),
    ({"title": "a"}, 418, JSON),
    (f"<p>{SAID}</p>".encode(), 200, [(b"content-type", b"text/html")]),
    (f'{{"title": "{SAID}"'.encode(), 200, JSON),
    (b"", 200, JSON),
    (gzip.compress(b'{"title": 7}'), 200, [*JSON, (b"content-encoding", b"gzip")]),
    (zlib.compress(b'{"title": "a"}'), 200, [*JSON, (b"content-encoding", b"br")]),
    ({"title": SAID}, 500, JSON),
    ({"status": "x", "title": SAID}, 404, [(b"content-type", b"application/problem+json")]),
]


async def test_an_answer_that_breaks_the_contract_is_a_502_that_says_nothing_of_it(enforced: Checked) -> None:
    for said, status, headers in MANGLED:
        enforced.tier.says(said, status, headers)
        answer = await enforced.ask()
        assert (answer.status_code, problem(answer)["reason"]) == (502, "contract_broken"), said
        assert SAID not in answer.text
        assert SAID not in str(answer.headers)
        assert problem(answer)["request_id"] == answer.headers["x-request-id"]


async def test_reported_it_is_passed_on_byte_for_byte_counted_and_written_down(reported: Checked) -> None:
    counter = BROKEN.labels("notes-v2", "note", "report")
    for said, status, headers in MANGLED:
        before, known = counter._value.get(), len(reported.rows())
        reported.tier.says(said, status, headers)
        heard: list[bytes] = []
        async with reported.http.stream("GET", NOTE, headers={"Authorization": f"Bearer {token()}"}) as answer:
            heard.extend([part async for part in answer.aiter_raw()])
        assert (answer.status_code, b"".join(heard)) == (status, reported.tier.parts[0])
        assert counter._value.get() == before + 1, said
        assert len(reported.rows()) >= known
    assert {row.place for row in reported.rows()} == {"status", "body", "body/title", "body/inner", "body/worth",
                                                      "body/type", "body/status", "body/reason"}  # fmt: skip
    assert SAID not in str(reported.rows())


@pytest.mark.parametrize("response", ["enforce", "report"])
async def test_what_keeps_to_the_contract_is_untouched(tmp_path: Path, response: str) -> None:
    checked = Checked(tmp_path, response)
    good: list[tuple[Any, int, list[tuple[bytes, bytes]]]] = [
        ({"title": "a", "worth": "10.07"}, 200, [*JSON, (b"x-own", b"1")]),
        (gzip.compress(b'{"title": "a"}'), 200, [*JSON, (b"content-encoding", b"gzip")]),
        ({"type": "/p", "title": "t", "status": 404, "reason": "not_found"}, 404,
         [(b"content-type", b"application/problem+json")]),
    ]  # fmt: skip
    for said, status, headers in good:
        checked.tier.says(said, status, headers)
        assert (await checked.ask()).status_code == status
    checked.tier.says(b"", 304, [])
    assert (await checked.ask(headers={"If-None-Match": '"a"'})).status_code == 304
    assert checked.rows() == []
    await checked.close()


async def test_a_broken_answer_is_neither_kept_nor_given_again(tmp_path: Path) -> None:
    cached = NOTES_FILE.replace("note: {scopes: [notes:read]}", "note: {scopes: [notes:read], cache: 1h}")
    world = World(tmp_path, notes=cached.replace("  body_max: 1KB", "  validate: {response: enforce}"))
    tier = Told()
    http = world.client(over(world.governor, tier))
    tier.says({"title": 7})
    assert (await world.ask("GET", NOTE, token(), http=http)).status_code == 502
    tier.says({"title": "a"})
    assert (await world.ask("GET", NOTE, token(), http=http)).json() == {"title": "a"}
    tier.says({"title": 8})
    kept = await world.ask("GET", NOTE, token(), http=http)
    assert (kept.status_code, kept.json()) == (200, {"title": "a"})
    await world.close()


async def test_a_long_answer_is_looked_into_off_the_loop_and_a_longer_one_not_at_all(
    enforced: Checked, reported: Checked
) -> None:
    million = b'{"title": "%s"}' % (b"x" * 1_000_000)
    for checked in (enforced, reported):
        checked.tier.says(million)
        assert (await checked.ask()).content == million
    enforced.tier.parts = [b'{"title": "', *[b"x" * 1_000_000] * 6, b'"}']
    reported.tier.parts = enforced.tier.parts
    assert problem(await enforced.ask())["reason"] == "contract_broken"
    assert len((await reported.ask()).content) == 6_000_013
    (row,) = reported.rows()
    assert (row.place, row.keyword) == ("body", "size")


async def test_drift_is_counted_by_field_and_an_entrys_number_is_none(reported: Checked) -> None:
    reported.tier.says([{"title": "a"}, {"title": 7, "extra": {"a": 1}}, {"title": None}])
    for _ in range(3):
        await reported.ask("/notes/v2/accounts/a1/notes")
        reported.world.now += 10
    rows = [(row.place, row.keyword, row.expected, row.seen, row.times, row.last_at - row.first_at)
            for row in reported.rows()]  # fmt: skip
    assert rows == [
        ("body/*/extra", "additionalProperties", "no such field", "an object", 3, 20),
        ("body/*/title", "type", "text", "a whole number", 3, 20),
        ("body/*/title", "type", "text", "null", 3, 20),
    ]
    again = reported.rows()
    assert [row.times for row in again] == [3, 3, 3], "what was written down is not written again"
    readers = reported.database.now(lambda connection: list(connection.execute(sa.select(READERS))))
    assert [(row.operation, row.client, row.times) for row in readers] == [("accountNotes", "console", 3)]


async def test_keys_that_are_data_are_not_written_down(reported: Checked) -> None:
    reported.tier.says({"title": "a", "dana@firm.example": 1, "Dr. Dana Prill": 2})
    await reported.ask()
    assert {row.place for row in reported.rows()} == {"body/?"}
    assert "ana" not in str(reported.rows())


async def test_memory_is_bounded_whatever_a_system_answers(reported: Checked) -> None:
    for number in range(60):
        reported.tier.says({"title": "a", **{f"f{number}x{field}": 1 for field in range(90)}})
        await reported.ask()
    assert len(reported.drift._counted) <= 2_000
    assert len(reported.rows()) <= 2_000


async def test_a_database_that_is_away_loses_no_count_and_no_call(reported: Checked) -> None:
    reported.tier.says({"title": 7})
    await reported.ask()
    kept, reported.drift._database = reported.database, Database(sa.create_engine("sqlite:////nowhere/at/all.db"))
    reported.drift.flush()
    assert (await reported.ask()).status_code == 200
    reported.drift._database = kept
    assert [row.times for row in reported.rows()] == [2]


class Careless(Desk):
    """Its code does not keep to its own types."""

    async def note(self, note_id: str) -> Note:
        return Note(title=7) if note_id == "seven" else await super().note(note_id)  # type: ignore[arg-type]  # that is it


async def test_a_call_between_two_tiers_of_one_process_is_looked_at_too(tmp_path: Path) -> None:
    file = CABINET_FILE.replace("operations:", "defaults: {validate: {response: report}}\noperations:")
    world = World(tmp_path, served=Careless(), cabinet=file)
    counter = BROKEN.labels("cabinet-v1", "note", "report")
    before = counter._value.get()
    cabinet = interior.bind(Notes, world.desk, world.governor, CABINET, lambda: PROCESS_TIER)
    assert (await cabinet.note("fine")).title == "fine"
    assert counter._value.get() == before
    assert (await cabinet.note("seven")).title == 7  # type: ignore[comparison-overlap]  # that is it
    assert counter._value.get() == before + 1
    await world.close()


async def test_a_tier_apart_answers_for_itself_and_its_front_passes_that_on(tmp_path: Path) -> None:
    world = World(tmp_path, served=Careless(), notes=notes_file("enforce"))
    async with Served(world.gateway) as tier:
        proxy = Proxy(tier.url, system="process tier")
        front = Governor(world.plan, keys=KnownKeys(KEY), clock=lambda: world.now)
        async with world.client(Gateway(front, {"process": proxy})) as http:
            fine = await world.ask("GET", NOTE, token(), http=http)
            broken = await world.ask("GET", "/notes/v2/notes/seven", token(), http=http)
            body = {"title": 1, "worth": "x", "more": 2}
            refused = await world.ask("PUT", "/notes/v2/notes/by-key/k", token(), http=http, json=body)
        await proxy.close()
    assert fine.json()["title"] == "n1"
    assert problem(broken)["reason"] == "contract_broken"
    assert {(each["pointer"], each["detail"]) for each in problem(refused)["errors"]} == {
        ("/title", "must be text, and is a whole number"),
        ("/worth", "must be a decimal number as text: 1234.50"),
        ("/more", "is not a field of the contract"),
    }
    await world.close()


class OfOthers(Api, frozen=True, kw_only=True):
    """An API whose contract is its owner's document."""

    listed: tuple[Operation, ...] = ()

    def operations(self) -> tuple[Operation, ...]:
        return self.listed


def of_others(contract: dict[str, Any]) -> OfOthers:
    listed = CABINET.operations()
    return OfOthers(name="notes", layer="process", title="Notes", ports=(), document=contract, listed=listed, major=2)


THEIRS = """\
api: notes
layer: process
owner: notes@firm.example
versions: {v2: {}}
access: {issuers: [embedded], audience: "${TIERGATE_AUDIENCE}"}
operations:
  note: {scopes: [notes:read]}
  upsertNote: {scopes: [notes:write]}
on_store_failure: local
"""
DESK = "product: desk\nplan: desk\nclients: [console]\nincludes:\n  notes@v2: [note, upsertNote]\n"


async def test_requests_for_an_api_that_is_not_ours_are_held_against_its_document(tmp_path: Path) -> None:
    contract = document(Api(name="notes", layer="process", title="Notes", ports=(Notes,), major=2))
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 9}}
    contract["paths"]["/notes/v2/notes/{note_id}"]["get"]["parameters"].append(limit)
    folder = write_policies(tmp_path, notes=THEIRS, desk=DESK)
    for other in ("apis/cabinet.yaml", "apis/face.yaml"):
        (folder / other).unlink()
    plan = load(folder, [of_others(contract)], VALUES)
    tier = Told()
    gateway = over(Governor(plan, keys=KnownKeys(KEY), clock=lambda: 1_790_000_000.0), tier)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(gateway), base_url="http://gw") as http:
        auth = {"Authorization": f"Bearer {token()}"}
        assert (await http.get(f"{NOTE}?limit=9", headers=auth)).status_code == 200
        wrong = await http.get(f"{NOTE}?limit=x&sort=up", headers=auth)
        body = await http.put("/notes/v2/notes/by-key/k", headers=auth, json={"title": 3, "inner": 1})
        twice = await http.put("/notes/v2/notes/by-key/k", headers={**auth, "content-type": "application/json"},
                               content=b'{"title":"a","title":"b"}')  # fmt: skip
        other = await http.put("/notes/v2/notes/by-key/k", headers=auth, content=b"<a/>")
        tier.says({"title": 7})
        assert (await http.get(NOTE, headers=auth)).json() == {"title": 7}
    assert [(each["pointer"], each["detail"]) for each in problem(wrong)["errors"]] == [
        ("query:limit", "must be a whole number, and is text"),
        ("query:sort", "is not a parameter of the operation"),
    ]
    assert {each["pointer"] for each in problem(body)["errors"]} == {"/title", "/inner"}
    assert [each.status_code for each in (wrong, body, twice, other)] == [422, 422, 400, 415]
    assert tier.sent == 2, "what is refused never reaches it"


def test_what_cannot_be_checked_of_it_stops_the_load_by_its_place(tmp_path: Path) -> None:
    contract = document(Api(name="notes", layer="process", title="Notes", ports=(Notes,), major=2))
    answer = contract["paths"]["/notes/v2/notes/{note_id}"]["get"]["responses"]["200"]
    answer["content"] = {"application/xml": {"schema": {"type": "object"}}}
    folder = write_policies(tmp_path, notes=THEIRS, desk=DESK)
    for other in ("apis/cabinet.yaml", "apis/face.yaml"):
        (folder / other).unlink()
    with pytest.raises(PolicyError) as refused:
        load(folder, [of_others(contract)], VALUES)
    (said,) = refused.value.problems
    assert said.startswith("policies/apis/notes.yaml:7: note: cannot be checked: /paths/~1notes~1v2~1notes~1{note_id}")
    assert "application~1xml" in said
    off = THEIRS.replace("note: {scopes: [notes:read]}", 'note: {scopes: [notes:read], validate: {response: "off"}}')
    (folder / "apis/notes.yaml").write_text(off)
    assert load(folder, [of_others(contract)], VALUES).operations
