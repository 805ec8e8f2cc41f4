"""Asynchronous requests as any other client of NetSuite would meet them: jobs, their tasks, keys and results."""

from typing import Any

import httpx

from foundation.sandbox import Box
from tests.netsuite.test_sandbox import NEW, RECORDS, SUITEQL, code

KEY_NAME = "X-NetSuite-Idempotency-Key"
KEY = "cac827ea-3543-4cda-add2-bae634326c27"
ASYNC: dict[str, Any] = {"Prefer": "respond-async", KEY_NAME: KEY}


async def test_a_request_is_made_a_job_and_asked_after(http: httpx.AsyncClient, box: Box) -> None:
    box.store.set_setting("async_seconds", 30)
    taken = await http.post(f"{RECORDS}/customer", json=NEW, headers=ASYNC)
    assert (taken.status_code, taken.content, taken.headers["Preference-Applied"]) == (202, b"", "respond-async")
    path = taken.headers["Location"]
    assert path == "/services/rest/async/v1/job/1"
    waiting = (await http.get(path)).json()
    assert (waiting["completed"], waiting["id"], waiting["progress"]) == (False, "1", "pending")
    assert waiting["task"]["links"][0]["href"].endswith("/job/1/task")
    (listed,) = (await http.get(waiting["task"]["links"][0]["href"])).json()["items"]
    at = listed["links"][0]["href"]
    assert "related" not in {each["rel"] for each in (await http.get(at)).json()["links"]}
    assert code(await http.get(f"{at}/result")) == "NONEXISTENT_ID"
    assert box.store.writes() == [], "its turn has not come"
    box.store.set_setting("_clock_ahead", 31)
    task = (await http.get(at)).json()
    assert (task["completed"], task["progress"], task["id"]) == (True, "succeeded", "1")
    assert task["startTime"] <= task["endTime"]
    result = await http.get(next(each["href"] for each in task["links"] if each["rel"] == "related"))
    assert (result.status_code, result.content) == (204, b"")
    assert (await http.get(result.headers["Location"])).json()["companyName"] == "Acme Ltd"
    for unknown in ("job/2", "job/1/task/2", "job/1/task/2/result"):
        assert code(await http.get(f"/services/rest/async/v1/{unknown}")) == "NONEXISTENT_ID"


async def test_a_key_names_one_job_whatever_comes_with_it(http: httpx.AsyncClient, box: Box) -> None:
    taken = await http.post(f"{RECORDS}/customer", json=NEW, headers=ASYNC)
    for method, path in (("POST", "customer"), ("PUT", "customer/eid:other"), ("GET", "customer/1")):
        again = await http.request(method, f"{RECORDS}/{path}", json=NEW, headers=ASYNC)
        assert (again.status_code, code(again), again.json()["title"]) == (400, "IDEMPOTENCY_ERROR", "Conflict")
        assert again.headers["Location"] == taken.headers["Location"]
        assert again.headers["Preference-Applied"] == "respond-async"
    assert [write.kind for write in box.store.writes()] == ["customer"]
    other = ASYNC | {KEY_NAME: KEY.replace("c", "d")}
    assert (await http.post(f"{RECORDS}/customer", json=NEW, headers=other)).status_code == 202
    no_key = {"Prefer": "respond-async"}
    assert [(await http.post(f"{RECORDS}/customer", json=NEW, headers=no_key)).status_code for _ in "12"] == [202, 202]
    assert len(box.store.writes()) == 4, "without a key each is one"
    assert code(await http.post(f"{RECORDS}/customer", json=NEW, headers=ASYNC | {KEY_NAME: "1"})) == "INVALID_HEADER"


async def test_a_key_without_a_job_means_nothing(http: httpx.AsyncClient, box: Box) -> None:
    for _ in range(2):
        await http.post(f"{RECORDS}/customer", json=NEW, headers={KEY_NAME: KEY})
    assert len(box.store.writes()) == 2


async def test_a_job_that_is_refused_fails_and_its_result_is_the_refusal(http: httpx.AsyncClient, box: Box) -> None:
    taken = await http.post(f"{RECORDS}/customer", json={}, headers=ASYNC)
    assert (await http.get(taken.headers["Location"])).json()["progress"] == "failed"
    result = await http.get(f"{taken.headers['Location']}/task/1/result")
    assert (result.status_code, code(result)) == (400, "USER_ERROR")
    assert box.store.writes() == []


async def test_reads_and_queries_are_jobs_too(http: httpx.AsyncClient) -> None:
    query = {"q": "SELECT id FROM currency WHERE symbol = 'EUR'"}
    asked = [
        await http.get(f"{RECORDS}/customer/1", headers={"Prefer": "respond-async"}),
        await http.post(SUITEQL, json=query, headers={"Prefer": "transient, respond-async"}),
    ]
    read, rows_of = [await http.get(f"{each.headers['Location']}/task/1/result") for each in asked]
    assert read.json()["companyName"] == "Orchard Clinics PLLC"
    assert [row["id"] for row in rows_of.json()["items"]] == ["2"]


async def test_nobody_makes_a_job_without_signing_in(box: Box) -> None:
    async with httpx.AsyncClient(transport=box.transport(), base_url="https://one.test") as stranger:
        assert (await stranger.post(f"{RECORDS}/customer", json=NEW, headers=ASYNC)).status_code == 401
        assert (await stranger.get("/services/rest/async/v1/job/1")).status_code == 401
