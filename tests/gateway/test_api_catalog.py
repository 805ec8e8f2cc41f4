"""What the gateway publishes: the catalogue of RFC 9727, and at its addresses the contracts, pages and statuses."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import http_sf
import httpx
import pytest
from litestar import Litestar

from canonical.faults import Fault
from foundation.api import fault_handler
from foundation.context import Layer
from gateway.asgi import Gateway
from gateway.published import contract, written
from gateway.publishing.pages import OPEN_PATHS, Publication
from tests.gateway.notes import DESK_FILE, NOTES, NOTES_FILE, World, plan_of, problem

SITE = "https://api.firm.example"
CATALOG = "/.well-known/api-catalog"


def published(world: World, *, away: frozenset[Layer] = frozenset()) -> httpx.AsyncClient:
    """The gateway with its publication; the tiers that are `away` cannot do their work."""

    async def serves(layer: Layer) -> bool:
        return layer not in away

    async def reaches(url: str) -> bool:
        raise AssertionError(f"nothing of this world is at {url}")

    publication = Publication(
        lambda: world.governor.plan, site=SITE, clock=world.governor.services.clock, serves=serves, reaches=reaches
    )
    handlers: Any = {Fault: fault_handler, Exception: fault_handler}
    front = Litestar(publication.handlers(), exception_handlers=handlers, openapi_config=None)
    tiers = {"experience": world.app, "process": world.app, "system": world.app}
    return world.client(Gateway(world.governor, tiers, front=front, open_paths=OPEN_PATHS, site=SITE))


@pytest.fixture
def http(world: World) -> httpx.AsyncClient:
    return published(world)


async def linkset(http: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    """Every context of the catalogue by its anchor."""
    contexts = (await http.get(CATALOG)).json()["linkset"]
    found = {context["anchor"]: context for context in contexts}
    assert len(found) == len(contexts)
    return found


async def offered(http: httpx.AsyncClient) -> list[str]:
    return [item["href"] for item in (await linkset(http))[SITE + CATALOG]["item"]]


def at(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


async def test_the_catalogue_is_a_link_set_of_rfc_9727(http: httpx.AsyncClient) -> None:
    answer = await http.get(CATALOG)
    assert answer.status_code == 200
    media_type, parameters = http_sf.parse(answer.headers["content-type"].encode(), tltype="item")
    assert (str(media_type), dict(parameters)) == (
        "application/linkset+json",
        {"profile": "https://www.rfc-editor.org/info/rfc9727"},
    )
    assert answer.json() == {
        "linkset": [
            {
                "anchor": f"{SITE}/.well-known/api-catalog",
                "item": [
                    {"href": f"{SITE}/face/v1", "title": "Face v1"},
                    {"href": f"{SITE}/notes/v1", "title": "Notes v1"},
                    {"href": f"{SITE}/notes/v2", "title": "Notes v2"},
                ],
            },
            {
                "anchor": f"{SITE}/face/v1",
                "service-desc": [{"href": f"{SITE}/apis/face-v1/openapi.json", "type": "application/openapi+json"}],
                "service-doc": [{"href": f"{SITE}/apis/face-v1", "type": "text/html"}],
                "status": [{"href": f"{SITE}/apis/face-v1/status", "type": "application/json"}],
            },
            {
                "anchor": f"{SITE}/notes/v1",
                "service-desc": [{"href": f"{SITE}/apis/notes-v1/openapi.json", "type": "application/openapi+json"}],
                "service-doc": [{"href": f"{SITE}/apis/notes-v1", "type": "text/html"}],
                "status": [{"href": f"{SITE}/apis/notes-v1/status", "type": "application/json"}],
                "successor-version": [{"href": f"{SITE}/notes/v2"}],
                "deprecation": [{"href": "https://dev.firm.example/v2", "type": "text/html"}],
            },
            {
                "anchor": f"{SITE}/notes/v2",
                "service-desc": [{"href": f"{SITE}/apis/notes-v2/openapi.json", "type": "application/openapi+json"}],
                "service-doc": [{"href": f"{SITE}/apis/notes-v2", "type": "text/html"}],
                "status": [{"href": f"{SITE}/apis/notes-v2/status", "type": "application/json"}],
            },
        ]
    }


async def test_head_says_where_the_catalogue_is_and_has_the_fields_of_get(http: httpx.AsyncClient) -> None:
    whole, head = await http.get(CATALOG), await http.head(CATALOG)
    assert (head.status_code, head.content) == (200, b"")
    assert head.links["api-catalog"]["url"] == SITE + CATALOG
    different = dict(whole.headers.items() ^ head.headers.items())
    assert different.keys() <= {"x-request-id"}


async def test_every_address_in_the_catalogue_answers_with_what_it_says(http: httpx.AsyncClient) -> None:
    asked = 0
    for context in (await linkset(http)).values():
        for relation in ("service-desc", "service-doc", "status"):
            for link in context.get(relation, ()):
                for method in ("GET", "HEAD"):
                    answer = await http.request(method, link["href"].removeprefix(SITE))
                    assert answer.status_code == 200, link
                    assert answer.headers["content-type"].partition(";")[0] == link["type"]
                    assert answer.links["api-catalog"]["url"] == SITE + CATALOG
                    asked += 1
    assert asked == 18


async def test_a_system_api_is_in_no_catalogue_and_has_no_contract_for_outside(http: httpx.AsyncClient) -> None:
    assert not [href for href in await offered(http) if "cabinet" in href]
    for path in ("/apis/cabinet-v1", "/apis/cabinet-v1/openapi.json", "/apis/cabinet-v1/status"):
        answer = await http.get(path)
        assert (answer.status_code, problem(answer)["reason"]) == (404, "not_found")
        assert problem(answer)["detail"] == (
            "No API version 'cabinet-v1' is offered; /.well-known/api-catalog lists those that are."
        )


async def test_what_no_product_includes_is_not_offered(tmp_path: Path, world: World) -> None:
    public_only = DESK_FILE.replace("  notes@v1: [note, upsertNote]\n", "").replace("  face@v1: [note]\n", "")
    world.governor.swap(plan_of(tmp_path / "other", desk=public_only))
    # Version 1 has a public operation still, which anybody may call.
    assert await offered(published(world)) == [f"{SITE}/notes/v1", f"{SITE}/notes/v2"]


@pytest.mark.parametrize(
    ("life", "days"),
    [
        ("{state: draft}", {date(2026, 9, 21): False}),
        ("{state: retired}", {date(2026, 9, 21): False}),
        (
            "{state: deprecated, deprecated_on: 2026-09-01, sunset_on: 2027-03-01}",
            {date(2026, 9, 21): True, date(2027, 2, 28): True, date(2027, 3, 1): False},
        ),
        ("{sunset_on: 2026-09-22}", {date(2026, 9, 21): True, date(2026, 9, 22): False}),
    ],
)
async def test_a_version_is_in_the_catalogue_while_it_can_be_called(
    world: World, tmp_path: Path, life: str, days: dict[date, bool]
) -> None:
    text = re.sub(r"  v1: \{.*\}\n", f"  v1: {life}\n", NOTES_FILE)
    world.governor.swap(plan_of(tmp_path / "other", notes=text))
    http = published(world)
    for day, there in days.items():
        world.now = at(day)
        assert (f"{SITE}/notes/v1" in await offered(http)) is there, day
        assert ((await http.get("/apis/notes-v1/openapi.json")).status_code == 200) is there, day
        assert f"{SITE}/notes/v2" in await offered(http)


async def test_a_successor_that_is_not_offered_is_not_named(world: World, tmp_path: Path) -> None:
    world.governor.swap(
        plan_of(tmp_path / "other", notes=NOTES_FILE.replace("  v2: {}\n", "  v2: {active_on: 2027-01-01}\n"))
    )
    http = published(world)
    assert "successor-version" not in (await linkset(http))[f"{SITE}/notes/v1"]
    assert (await http.get("/apis/notes-v1/status")).json()["successor"] == ""
    assert "/apis/notes-v2" not in (await http.get("/apis/notes-v1")).text


async def test_another_plan_is_another_catalogue_without_a_restart(
    world: World, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    before = await http.get(CATALOG)
    world.governor.swap(plan_of(tmp_path / "other", desk=DESK_FILE.replace("  face@v1: [note]\n", "")))
    after = await http.get(CATALOG)
    assert f"{SITE}/face/v1" in before.text
    assert f"{SITE}/face/v1" not in after.text
    assert before.headers["etag"] != after.headers["etag"]


async def test_the_contract_served_is_the_published_one_byte_for_byte(world: World, http: httpx.AsyncClient) -> None:
    answer = await http.get("/apis/notes-v1/openapi.json")
    assert answer.headers["content-type"] == "application/openapi+json; version=3.1"
    assert answer.content == written(contract(world.plan, NOTES)).encode()
    paths = answer.json()["paths"]
    assert "/notes/v1/notes/{note_id}" in paths
    assert "delete" not in paths["/notes/v1/notes/{note_id}"]  # no policy lists it


@pytest.mark.parametrize(
    ("again", "status"),
    [
        (lambda etag: etag, 304),
        (lambda etag: f'"another", W/{etag}', 304),
        (lambda etag: "*", 304),
        (lambda etag: '"another"', 200),
    ],
)
async def test_what_somebody_has_already_is_not_sent_again(
    http: httpx.AsyncClient, again: Callable[[str], str], status: int
) -> None:
    for path in (CATALOG, "/apis/notes-v1/openapi.json", "/apis/notes-v1", "/apis/notes-v1/status"):
        first = await http.get(path)
        answer = await http.get(path, headers={"If-None-Match": again(first.headers["etag"])})
        assert (answer.status_code, answer.headers["etag"]) == (status, first.headers["etag"])
        assert bool(answer.content) is (status == 200)


async def test_the_status_says_the_versions_life_and_whether_its_tier_works(world: World) -> None:
    whole, without = published(world), published(world, away=frozenset({"process"}))
    said = {
        "api": "notes",
        "version": "v1",
        "state": "deprecated",
        "serving": True,
        "deprecated_on": "2026-09-01",
        "sunset_on": "2027-03-01",
        "successor": f"{SITE}/notes/v2",
        "guide": "https://dev.firm.example/v2",
    }
    assert (await whole.get("/apis/notes-v1/status")).json() == said
    assert (await without.get("/apis/notes-v1/status")).json() == said | {"serving": False}
    assert (await without.get("/apis/face-v1/status")).json()["serving"] is True


async def test_a_deprecation_yet_to_come_is_announced_and_then_true(world: World, tmp_path: Path) -> None:
    text = re.sub(r"  v1: \{.*\}\n", "  v1: {deprecated_on: 2026-12-01, successor: v2}\n", NOTES_FILE)
    world.governor.swap(plan_of(tmp_path / "other", notes=text))
    http = published(world)
    assert (await http.get("/apis/notes-v1/status")).json()["state"] == "active"
    assert "It will be deprecated on 2026-12-01." in (await http.get("/apis/notes-v1")).text
    world.now = at(date(2026, 12, 1))
    assert (await http.get("/apis/notes-v1/status")).json()["state"] == "deprecated"
    assert "Deprecated since 2026-12-01." in (await http.get("/apis/notes-v1")).text


async def test_the_page_names_the_operations_that_can_be_called_their_scopes_and_the_way_on(
    http: httpx.AsyncClient,
) -> None:
    page = (await http.get("/apis/notes-v1")).text
    assert "<h1>Notes v1</h1>" in page
    assert "<code>PUT /notes/by-key/{key}</code></td><td>Write one.</td><td><code>notes:read notes:write</code>" in page
    assert "<code>POST /hooks/{name}</code></td><td>Public.</td><td><code>none</code>" in page
    assert "/accounts/{account_id}/notes" not in page  # the only product has it in version 2
    assert f'Use <a href="{SITE}/apis/notes-v2">v2</a>.' in page
    assert "From 2027-03-01 on it answers 410." in page


async def test_nothing_is_changed_here_and_nothing_needs_a_token(http: httpx.AsyncClient) -> None:
    for path in (CATALOG, "/apis/notes-v1", "/apis/notes-v1/openapi.json", "/apis/notes-v1/status"):
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
            answer = await http.request(method, path)
            assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
            assert problem(answer)["detail"] == f"{method} is not possible here; GET and HEAD are."
            assert problem(answer)["request_id"] == answer.headers["x-request-id"]
    assert (await http.get(CATALOG, headers={"Authorization": "Bearer of nothing"})).status_code == 200
