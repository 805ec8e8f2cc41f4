"""The sandbox speaks Kantata's API: envelope, pages, filters, default scopes, and its error bodies."""

from typing import Any

import httpx
import pytest

from foundation.sandbox import Box
from system_apis.kantata.sandbox.brainstem import create

WORKSPACES = "/api/v1/workspaces"


async def made(http: httpx.AsyncClient, title: str, **more: Any) -> dict[str, Any]:
    answer = await http.post(
        f"{WORKSPACES}.json", json={"workspace": {"title": title, "creator_role": "maven", **more}}
    )
    assert answer.status_code == 200
    [workspace] = answer.json()["workspaces"].values()
    return dict(workspace)


async def titles(http: httpx.AsyncClient, **parameters: str) -> list[str]:
    body = (await http.get(WORKSPACES, params=parameters)).json()
    return [body["workspaces"][result["id"]]["title"] for result in body["results"]]


async def test_records_are_maps_and_the_order_stands_beside_them(http: httpx.AsyncClient) -> None:
    for title in ("b", "a"):
        await made(http, title)
    body = (await http.get(f"{WORKSPACES}.json", params={"order": "title:asc", "per_page": "2"})).json()
    assert (body["count"], body["meta"]) == (3, {"count": 3, "page_count": 2, "page_number": 1, "page_size": 2})
    assert [result["key"] for result in body["results"]] == ["workspaces", "workspaces"]
    assert sorted(body["workspaces"]) == sorted(result["id"] for result in body["results"])
    assert await titles(http, order="title:asc", per_page="2", page="2") == ["b"]
    assert await titles(http, order="title:desc", limit="1", offset="1", page="1") == ["a"]


async def test_a_page_holds_200_at_most(box: Box, http: httpx.AsyncClient) -> None:
    with box.store.transaction():
        for number in range(205):
            create(box, "workspaces", {"title": str(number), "creator_role": "maven"})
    assert len(await titles(http, per_page="5000")) == 200
    assert len(await titles(http)) == 20


async def test_archived_ones_are_hidden_unless_asked_for(http: httpx.AsyncClient) -> None:
    workspace = await made(http, "old")
    address = f"{WORKSPACES}/{workspace['id']}"
    await http.put(address, json={"workspace": {"archived": True}})
    assert "old" not in await titles(http)
    assert "old" in await titles(http, include_archived="true")
    assert (await http.get(address)).status_code == 404
    assert (await http.get(address, params={"include_archived": "true"})).status_code == 200


async def test_only_does_not_404_on_a_miss(http: httpx.AsyncClient) -> None:
    workspace = await made(http, "one")
    assert await titles(http, only=f"{workspace['id']},99") == ["one"]
    assert await titles(http, only="99") == []


async def test_search_looks_into_titles_and_descriptions_and_not_everywhere(http: httpx.AsyncClient) -> None:
    await made(http, "Warehouse", description="for harbor logistics")
    assert await titles(http, search="HARBOR") == ["Warehouse"]
    assert (await http.get("/api/v1/stories", params={"search": "x"})).status_code == 400


async def test_included_records_are_maps_beside_the_ones_asked_for(http: httpx.AsyncClient) -> None:
    reference = {"service_name": "tiergate", "service_model": "project", "service_model_ref": "k"}
    workspace = await made(http, "one", external_reference=reference)
    answer = await http.get(f"{WORKSPACES}/{workspace['id']}", params={"include": "external_references"})
    [held] = answer.json()["external_references"].values()
    assert (held["service_model_ref"], held["subject_type"], held["subject_id"]) == ("k", "Workspace", workspace["id"])
    assert answer.json()["results"] == [{"key": "workspaces", "id": workspace["id"]}]


async def test_a_nested_reference_is_taken_or_not(box: Box, http: httpx.AsyncClient) -> None:
    box.store.set_setting("nested_references", False)
    reference = {"service_name": "tiergate", "service_model": "project", "service_model_ref": "k"}
    await made(http, "one", external_reference=reference)
    assert box.store.all("external_references") == []
    box.store.set_setting("nested_references", True)
    await made(http, "two", external_reference=reference)
    assert len(box.store.all("external_references")) == 1


async def test_what_lists_others_is_told_only_when_it_is_included(http: httpx.AsyncClient) -> None:
    reference = {"service_name": "tiergate", "service_model": "project", "service_model_ref": "k"}
    workspace = await made(http, "one", external_reference=reference)
    assert "external_reference_ids" not in workspace
    assert "approver_ids" not in workspace
    answer = await http.get(f"{WORKSPACES}/{workspace['id']}", params={"include": "external_references,approvers"})
    told = answer.json()["workspaces"][workspace["id"]]
    assert told["approver_ids"] == []
    assert told["external_reference_ids"] == list(answer.json()["external_references"])
    assert (await http.get(WORKSPACES, params={"include": "moon"})).status_code == 400


async def test_nothing_is_unique_and_a_second_create_is_a_duplicate(box: Box, http: httpx.AsyncClient) -> None:
    one, two = await made(http, "same"), await made(http, "same")
    assert one["id"] != two["id"]
    [duplicate] = box.store.duplicates()
    assert (duplicate.kind, duplicate.ids) == ("workspaces", [one["id"], two["id"]])


async def test_several_records_can_be_made_at_once_and_all_fail_together(box: Box, http: httpx.AsyncClient) -> None:
    workspace = (await made(http, "one"))["id"]
    story = {"workspace_id": workspace, "title": "a", "story_type": "task"}
    assert (await http.post("/api/v1/stories", json={"stories": [story, {**story, "title": "b"}]})).json()["count"] == 2
    assert (await http.post("/api/v1/stories", json={"stories": [story, {}]})).status_code == 422
    assert len(box.store.all("stories")) == 2


@pytest.mark.parametrize(
    ("currency", "price", "units", "base"),
    [("USD", "10.05", 1005, 100), ("JPY", "500", 500, 1), ("KWD", "1.234", 1234, 1000)],
)
async def test_the_price_is_written_whole_and_read_in_minor_units(
    http: httpx.AsyncClient, currency: str, price: str, units: int, base: int
) -> None:
    workspace = await made(http, "one", currency=currency, price=price)
    assert (workspace["price_in_cents"], workspace["currency_base_unit"]) == (units, base)


async def test_a_change_moves_only_what_it_names(http: httpx.AsyncClient) -> None:
    workspace = await made(http, "one", status_key=130, description="x")
    changed = await http.put(
        f"{WORKSPACES}/{workspace['id']}", json={"workspace": {"status_key": 310, "id": "7", "nope": 1}}
    )
    after = changed.json()["workspaces"][workspace["id"]]
    assert (after["status"]["message"], after["description"], after["title"]) == ("Active", "x", "one")
    assert "nope" not in after


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "message"),
    [
        ("GET", WORKSPACES, {"auth": httpx.BasicAuth("a", "b")}, 401, "Invalid OAuth 2 Request"),
        ("GET", f"{WORKSPACES}/99", {}, 404, "The requested resource was not found"),
        ("GET", "/api/v1/nonsense", {}, 404, "The requested resource was not found"),
        ("POST", WORKSPACES, {"content": b"{"}, 400, "The request could not be parsed"),
        ("POST", WORKSPACES, {"json": {"title": "x"}}, 400, "param is missing or the value is empty: workspace"),
        ("GET", f"{WORKSPACES}?include=nonsense", {}, 400, "Include nonsense is not known"),
        ("GET", f"{WORKSPACES}?updated_after=soon", {}, 400, "soon is not a date"),
        ("DELETE", f"{WORKSPACES}/41000001", {}, 403, "This cannot be deleted"),
    ],
)
async def test_each_error_has_the_one_envelope(
    http: httpx.AsyncClient, method: str, path: str, options: dict[str, Any], status: int, message: str
) -> None:
    answer = await http.request(method, path, **options)
    sort = "oauth" if status == 401 else "system"
    assert (answer.status_code, answer.json()) == (status, {"errors": [{"type": sort, "message": message}]})


async def test_every_validation_error_is_named_at_once(box: Box, http: httpx.AsyncClient) -> None:
    answer = await http.post(WORKSPACES, json={"workspace": {"description": "x"}})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"type": "validation", "message": "Please give your project a title", "field": "title"},
        {"type": "validation", "message": "Please select a role for this project", "field": "creator_role"},
    ]
    assert box.store.writes() == []


async def test_changes_since_a_moment_can_be_asked_for(box: Box, http: httpx.AsyncClient) -> None:
    moment = box.now().isoformat()
    await made(http, "later")
    assert await titles(http, updated_after=moment) == ["later"]
    assert await titles(http, created_after=moment) == ["later"]
