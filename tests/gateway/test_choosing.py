"""Which version a call means, where its address does not say; and what a version's dates do by themselves."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import http_sf
import httpx
import pytest

from gateway.asgi import Gateway
from gateway.audit import query
from gateway.loader import PolicyError
from tests.gateway.notes import NOTES_FILE, World, plan_of, problem, token

START = NOTES_FILE.index("versions:")
END = NOTES_FILE.index("access:")


def notes(versions: str) -> str:
    return NOTES_FILE[:START] + versions + NOTES_FILE[END:]


BY_HEADER = notes("versions: {v1: {}, v2: {}}\nchoose: {by: header, when_missing: MISSING}\n")
BY_DATE = notes(
    "versions: {v1: {active_on: 2026-01-15}, v2: {active_on: 2026-06-01}}\nchoose: {by: date, header: Notes-Date}\n"
)


@pytest.fixture
async def by_header(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path, notes=BY_HEADER.replace("MISSING", "reject"))
    yield made
    await made.close()


@pytest.fixture
async def by_date(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path, notes=BY_DATE)
    yield made
    await made.close()


async def ask(world: World, path: str = "/notes/notes/n1", **headers: str) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await world.ask("GET", path, token(exp=world.now + 60, iat=world.now), headers=sent)


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_a_header_names_the_version_that_serves(by_header: World, version: str) -> None:
    answer = await ask(by_header, Api_Version=version)
    assert answer.status_code == 200
    assert answer.headers["api-version"] == version
    assert answer.headers["vary"] == "Api-Version"
    assert answer.json()["title"] == "n1"


async def test_the_record_says_which_version_served(by_header: World) -> None:
    await ask(by_header, Api_Version="v2")
    await by_header.trail.flush()
    assert [kept.record.version for kept in query(by_header.trail.place)] == ["v2"]


async def test_an_address_with_a_version_says_the_same(by_header: World) -> None:
    answer = await ask(by_header, "/notes/v1/notes/n1")
    assert (answer.status_code, answer.headers["api-version"]) == (200, "v1")
    same = await ask(by_header, "/notes/v1/notes/n1", Api_Version="v1")
    assert same.status_code == 200


@pytest.mark.parametrize(
    ("path", "said", "why"),
    [
        ("/notes/notes/n1", None, "Say which version is meant: Api-Version: one of v1 and v2."),
        ("/notes/notes/n1", "v3", "notes has no version 'v3'; it has v1 and v2."),
        ("/notes/notes/n1", "", "notes has no version ''; it has v1 and v2."),
        ("/notes/v1/notes/n1", "v2", "The address means v1, the header 'v2': which one is it?"),
    ],
)
async def test_what_is_not_clear_is_refused_with_the_line(by_header: World, path: str, said: str, why: str) -> None:
    refused = await ask(by_header, path, **({} if said is None else {"Api_Version": said}))
    told = problem(refused)
    assert (refused.status_code, told["reason"], told["detail"]) == (400, "version_unclear", why)
    assert told["facts"]["policy"] == "policies/apis/notes.yaml:5"
    assert by_header.desk.asked == []


async def test_two_headers_are_one_too_many(by_header: World) -> None:
    sent = [("Authorization", f"Bearer {token()}"), ("Api-Version", "v1"), ("Api-Version", "v2")]
    refused = await by_header.http.get("/notes/notes/n1", headers=sent)
    assert problem(refused)["detail"] == "Api-Version stands in the request twice."


async def test_who_names_none_may_have_one_that_policy_names(tmp_path: Path) -> None:
    world = World(tmp_path, notes=BY_HEADER.replace("MISSING", "v2"))
    assert (await ask(world)).headers["api-version"] == "v2"
    await world.close()


async def test_without_a_method_or_an_operation_the_address_is_as_any_other(by_header: World) -> None:
    assert (await by_header.ask("POST", "/notes/notes/n1", token())).headers["allow"] == "GET, HEAD"
    assert problem(await ask(by_header, "/notes/nothing", Api_Version="v1"))["reason"] == "not_offered"


async def test_what_only_one_version_has_says_which(tmp_path: Path) -> None:
    only = BY_HEADER.replace("MISSING", "reject").replace("  note: {", "  note: {versions: [v2], ")
    world = World(tmp_path, notes=only, desk=DESK)
    refused = await ask(world, Api_Version="v1")
    assert refused.status_code == 404
    assert problem(refused)["detail"] == "v1 of notes does not have this; v2 does."
    await world.close()


@pytest.mark.parametrize(
    ("day", "version"),
    [("2026-01-15", "v1"), ("2026-05-31", "v1"), ("2026-06-01", "v2"), ("2026-09-21", "v2"), ("2099-01-01", "v2")],
)
async def test_a_day_means_the_version_that_was_in_force(by_date: World, day: str, version: str) -> None:
    answer = await ask(by_date, Notes_Date=day)
    assert (answer.status_code, answer.headers["api-version"], answer.headers["vary"]) == (200, version, "Notes-Date")


async def test_a_day_to_come_does_not_mean_a_version_to_come(tmp_path: Path) -> None:
    world = World(tmp_path, notes=BY_DATE.replace("2026-06-01", "2026-12-01"))
    assert (await ask(world, Notes_Date="2027-01-01")).headers["api-version"] == "v1"
    world.now = datetime(2026, 12, 1, tzinfo=UTC).timestamp()
    assert (await ask(world, Notes_Date="2027-01-01")).headers["api-version"] == "v2"
    await world.close()


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2025-12-31", "notes had no version on 2025-12-31; its first is of 2026-01-15."),
        ("yesterday", "Notes-Date is 'yesterday'; write a date like 2026-09-01."),
        ("2026-02-30", "Notes-Date is '2026-02-30'; write a date like 2026-09-01."),
    ],
)
async def test_a_day_without_a_version_is_refused(by_date: World, day: str, why: str) -> None:
    refused = await ask(by_date, Notes_Date=day)
    assert (refused.status_code, problem(refused)["detail"]) == (400, why)


async def test_a_gateway_in_front_of_a_tier_apart_sends_on_the_version(by_header: World) -> None:
    seen: list[str] = []

    async def tier(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["raw_path"].decode())
        await by_header.app(scope, receive, send)

    front = Gateway(by_header.governor, {"process": tier, "experience": tier, "system": tier})
    async with by_header.client(front) as http:
        sent = {"Authorization": f"Bearer {token()}", "Api-Version": "v2"}
        assert (await http.get("/notes/notes/a%20b", headers=sent)).json()["title"] == "a b"
    assert seen == ["/notes/v2/notes/a%20b"]


async def test_a_version_lives_by_its_dates(tmp_path: Path) -> None:
    guide = "https://dev.firm.example/v2"
    life = "{active_on: 2026-09-01, deprecated_on: 2026-10-01, sunset_on: 2026-11-01, successor: v2, guide: GUIDE}"
    world = World(tmp_path, notes=notes(f"versions:\n  v1: {life.replace('GUIDE', guide)}\n  v2: {{}}\n"))
    by_day = {}
    for day in ((2026, 8, 31), (2026, 9, 1), (2026, 10, 31), (2026, 11, 1)):
        world.now = datetime(*day, tzinfo=UTC).timestamp()
        by_day[day] = await ask(world, "/notes/v1/notes/n1")
    assert [answer.status_code for answer in by_day.values()] == [404, 200, 200, 410]
    announced = by_day[2026, 9, 1]
    since, _ = http_sf.parse(announced.headers["deprecation"].encode(), tltype="item")
    assert since == datetime(2026, 10, 1, tzinfo=UTC)
    assert announced.headers["sunset"] == "Sun, 01 Nov 2026 00:00:00 GMT"
    assert announced.headers["link"] == (
        f'<{guide}>; rel="deprecation"; type="text/html", <{guide}>; rel="sunset"; type="text/html", '
        '</notes/v2/notes/n1>; rel="successor-version"'
    )
    assert problem(by_day[2026, 11, 1])["facts"]["successor"] == "v2"
    await world.close()


async def test_what_the_successor_does_not_have_moves_to_the_successor_itself(tmp_path: Path) -> None:
    world = World(
        tmp_path,
        notes=notes("versions: {v1: {successor: v2}, v2: {}}\n").replace("  note: {", "  note: {versions: [v1], "),
        desk=DESK.replace("notes@v1: [upsertNote]", "notes@v1: [note]").replace("[note, upsertNote, acc", "[acc"),
    )
    assert (await ask(world, "/notes/v1/notes/n1")).headers["link"] == '</notes/v2/>; rel="successor-version"'
    await world.close()


@pytest.mark.parametrize(
    ("versions", "line", "why"),
    [
        ("versions: {v1: {successor: v2}, v2: {state: retired}}", 4, "its successor 'v2' is retired: nobody can move"),
        ("versions: {v1: {successor: v2}, v2: {state: draft}}", 4, "its successor 'v2' is draft: nobody can move"),
        ("versions: {v1: {successor: v2}, v2: {successor: v1}}", 4, "its successors lead back to 'v1': v1 -> v2 -> v1"),
        ("versions: {v1: {successor: v1}, v2: {}}", 4, "its successors lead back to 'v1': v1 -> v1"),
        ("versions: {v1: {guide: 'https://x.example'}, v2: {}}", 4, "guide says how to move on; say since when"),
        ("versions: {v1: {deprecated_on: 2026-01-01, active_on: 2026-02-01}, v2: {}}", 4, "deprecated_on is before"),
        ("versions: {v1: {}, v2: {}}\nchoose: {by: date}", 4, "v1 is chosen by date, and needs active_on: since when"),
        (
            "versions: {v1: {}, v2: {}}\nchoose: {by: header, when_missing: v3}",
            5,
            "'v3' is not a version",
        ),
        ("versions: {v1: {}, v2: {}}\nchoose: {by: path, header: X}", 5, "by the path there is no header to choose by"),
        ("versions: {v1: {}, v2: {}}\nchoose: {by: header, header: 'a b'}", 5, "'a b' is not the name of a header"),
        ("versions: {v1: {}, v2: {}}\nchoose: {by: colour}", 5, "choose.by is one of path, header, date, not 'colour'"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(tmp_path: Path, versions: str, line: int, why: str) -> None:
    with pytest.raises(PolicyError) as refused:
        plan_of(tmp_path, notes=notes(versions + "\n"))
    assert any(said.startswith(f"policies/apis/notes.yaml:{line}: ") and why in said for said in refused.value.problems)


DESK = """\
product: desk
plan: desk
clients: [console]
includes:
  notes@v1: [upsertNote]
  notes@v2: [note, upsertNote, accountNotes]
  face@v1: [note]
"""
