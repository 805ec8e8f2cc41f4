"""Composites and bulk jobs, as far as simple-salesforce does not ask: their states, their bounds, their refusals."""

from typing import Any

import httpx
import pytest

from foundation.sandbox import Box
from foundation.sandbox.firm import ACCOUNTS

DATA = "/services/data/v62.0"
READ = {"method": "GET", "url": f"{DATA}/sobjects/Account/{ACCOUNTS[0].id}"}
INGEST = f"{DATA}/jobs/ingest"
CSV = {"Content-Type": "text/csv"}


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()[0]["errorCode"]


async def composed(http: httpx.AsyncClient, parts: list[dict[str, Any]], **more: Any) -> httpx.Response:
    return await http.post(f"{DATA}/composite", json={"compositeRequest": parts, **more})


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([], "JSON_PARSER_ERROR"),
        ([READ | {"referenceId": f"r{number}"} for number in range(26)], "LIMIT_EXCEEDED"),
        ([READ | {"referenceId": "same"}] * 2, "INVALID_INPUT"),
        ([READ | {"referenceId": "_a"}], "INVALID_INPUT"),
        ([READ | {"referenceId": "a", "method": "get"}], "INVALID_INPUT"),
        ([READ | {"referenceId": "a", "url": "/services/oauth2/userinfo"}], "INVALID_INPUT"),
        ([READ | {"referenceId": "a", "httpHeaders": {"Accept": "text/html"}}], "INVALID_INPUT"),
        (
            [{"method": "GET", "url": f"{DATA}/query?q=x", "referenceId": f"q{number}"} for number in range(6)],
            "LIMIT_EXCEEDED",
        ),
    ],
)
async def test_what_is_no_composite_is_refused_as_a_whole(
    http: httpx.AsyncClient, parts: list[dict[str, Any]], code: str
) -> None:
    assert refusal(await composed(http, parts)) == (400, code)


async def test_a_composite_is_one_call_whatever_is_in_it(http: httpx.AsyncClient) -> None:
    before = (await http.get(f"{DATA}/limits")).json()["DailyApiRequests"]["Remaining"]
    told = await composed(http, [READ | {"referenceId": f"r{number}"} for number in range(25)])
    assert [each["httpStatusCode"] for each in told.json()["compositeResponse"]] == [200] * 25
    assert (await http.get(f"{DATA}/limits")).json()["DailyApiRequests"]["Remaining"] == before - 2


async def test_a_collection_inside_is_all_or_none_with_the_rest(box: Box, http: httpx.AsyncClient) -> None:
    records = [{"attributes": {"type": "Account"}, "Name": name} for name in ("good", "")]
    several = {"method": "POST", "url": f"{DATA}/composite/sobjects", "body": {"records": records}, "referenceId": "b"}
    one = {"method": "POST", "url": f"{DATA}/sobjects/Account", "body": {"Name": "first"}, "referenceId": "a"}
    told = (await composed(http, [one, several], allOrNone=True)).json()["compositeResponse"]
    assert told[0]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert box.store.find("Account", Name="first") == box.store.find("Account", Name="good") == []
    told = (await composed(http, [one, several])).json()["compositeResponse"]
    assert [each["httpStatusCode"] for each in told] == [201, 200]
    assert len(box.store.find("Account", Name="good")) == 1


async def opened(http: httpx.AsyncClient, **more: Any) -> str:
    made = await http.post(INGEST, json={"operation": "insert", "object": "Account", "contentType": "CSV", **more})
    assert (made.status_code, made.json()["state"]) == (200, "Open")
    return f"{INGEST}/{made.json()['id']}"


async def test_a_job_goes_from_state_to_state(box: Box, http: httpx.AsyncClient) -> None:
    job = await opened(http)
    assert (await http.put(f"{job}/batches", content=b"Name\nBulk\n", headers=CSV)).status_code == 201
    assert refusal(await http.put(f"{job}/batches", content=b"Name\nx\n", headers=CSV)) == (400, "INVALIDJOBSTATE")
    assert refusal(await http.get(f"{job}/successfulResults")) == (400, "INVALIDJOBSTATE")
    assert (await http.patch(job, json={"state": "UploadComplete"})).json()["state"] == "UploadComplete"
    assert (await http.get(job)).json()["state"] == "InProgress"
    assert box.store.find("Account", Name="Bulk") == []
    done = (await http.get(job)).json()
    assert (done["state"], done["numberRecordsProcessed"], done["numberRecordsFailed"]) == ("JobComplete", 1, 0)
    assert len(box.store.find("Account", Name="Bulk")) == 1
    assert refusal(await http.patch(job, json={"state": "Aborted"})) == (400, "INVALIDJOBSTATE")
    assert (await http.delete(job)).status_code == 204
    assert (await http.get(job)).status_code == 404


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (b"Name\r\nx\r\n", "LineEnding is invalid on user data. Current LineEnding setting is LF"),
        (b"", "Failed to parse CSV header"),
        (b"Name,Website\nx\n", "The number of columns"),
        (b"Nope.Name\nx\n", "Field name not found : Nope.Name"),
    ],
)
async def test_a_table_that_cannot_be_read_fails_the_job(http: httpx.AsyncClient, table: bytes, said: str) -> None:
    job = await opened(http)
    await http.put(f"{job}/batches", content=table, headers=CSV)
    await http.patch(job, json={"state": "UploadComplete"})
    await http.get(job)
    failed = (await http.get(job)).json()
    assert failed["state"] == "Failed"
    assert said in failed["errorMessage"]


@pytest.mark.parametrize(
    ("job", "code"),
    [
        ({"operation": "merge", "object": "Account"}, "INVALIDJOB"),
        ({"operation": "upsert", "object": "Account", "externalIdFieldName": "Name"}, "INVALIDJOB"),
        ({"operation": "insert", "object": "Account", "contentType": "XML"}, "INVALIDJOB"),
        ({"operation": "insert", "object": "Account", "columnDelimiter": "SPACE"}, "INVALIDJOB"),
        ({"operation": "hardDelete", "object": "Account"}, "FEATURENOTENABLED"),
    ],
)
async def test_what_is_no_job_is_refused(http: httpx.AsyncClient, job: dict[str, str], code: str) -> None:
    assert refusal(await http.post(INGEST, json=job)) == (400, code)


async def test_a_row_with_another_delimiter_and_ending_is_read(box: Box, http: httpx.AsyncClient) -> None:
    job = await opened(http, columnDelimiter="SEMICOLON", lineEnding="CRLF")
    await http.put(f"{job}/batches", content=b'Name;PO_Required__c\r\n"a;b";true\r\n', headers=CSV)
    await http.patch(job, json={"state": "UploadComplete"})
    for _ in range(2):
        await http.get(job)
    assert [each["PO_Required__c"] for each in box.store.find("Account", Name="a;b")] == [True]
    told = await http.get(f"{job}/successfulResults")
    assert told.text.startswith('"sf__Id";"sf__Created";"Name";"PO_Required__c"\r\n')


async def test_a_query_that_counts_is_no_bulk_query(http: httpx.AsyncClient) -> None:
    asked = {"operation": "query", "query": "SELECT COUNT() FROM Account"}
    assert refusal(await http.post(f"{DATA}/jobs/query", json=asked)) == (400, "API_ERROR")
    good = (await http.post(f"{DATA}/jobs/query", json=asked | {"query": "SELECT Id FROM Account"})).json()
    job = f"{DATA}/jobs/query/{good['id']}"
    assert refusal(await http.get(f"{job}/results")) == (400, "INVALIDJOBSTATE")
    for _ in range(2):
        await http.get(job)
    told = await http.get(f"{job}/results", params={"locator": "no"})
    assert refusal(told) == (400, "INVALID_QUERY_LOCATOR")
