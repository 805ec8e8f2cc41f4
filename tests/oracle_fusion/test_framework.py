"""The framework below every resource: queries in both languages, finders, pages, upserts, batches, descriptions."""

from typing import Any

import httpx
import pytest

from foundation.sandbox import Box
from tests.oracle_fusion.asked import BATCH, EVENTS, FSCM, PROJECT, PROJECTS, billable, made


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("ProjectName='Umbau 2'", 1),
        ('ProjectName="Umbau 2"', 1),
        ("ProjectName like 'Umbau%'", 3),
        ("upper(ProjectName) like 'UMBAU%'", 3),
        ("upper(ProjectName) = 'UMBAU 3'", 1),
        ("ProjectNumber in ('P1','P3')", 2),
        ("ProjectStartDate between '2026-01-01' and '2026-03-01'", 3),
        ("ProjectNumber='P1' or (ProjectNumber='P2' and ProjectName like '%2')", 2),
        ("ProjectDescription is null and ProjectStartDate = '2026-03-01'", 3),
        ("ProjectDescription is not null", 0),
        ("ProjectId > 1 and ProjectNumber != 'P1' and ProjectNumber like 'P%'", 2),
        ("LastUpdateDate >= '2020-01-01T00:00:00+00:00' and ProjectNumber like 'P_'", 3),
        ("LastUpdateDate < '2020-01-01T00:00:00+00:00'", 0),
        ("ProjectNumber like 'P_'", 3),
    ],
)
async def test_a_query_is_an_expression_since_version_2(http: httpx.AsyncClient, text: str, number: int) -> None:
    for n in (1, 2, 3):
        await made(http, PROJECTS, PROJECT | {"ProjectNumber": f"P{n}", "ProjectName": f"Umbau {n}"})
    found = (await http.get(PROJECTS, params={"q": text, "totalResults": "true"})).json()
    assert (found["totalResults"], found["count"], found["hasMore"]) == (number, number, False)


@pytest.mark.parametrize(
    "text",
    [
        "ProjectNumber='P1';ProjectName='x'",
        "Nickname='x'",
        "SourceTemplateNumber='TIERGATE'",
        "ProjectNumber=",
        "ProjectNumber ~ 'P1'",
        "ProjectNumber='P1",
        "(ProjectNumber='P1'",
        "ProjectNumber='P1' and",
        "ProjectId='many'",
        "ProjectId like '1%'",
        "LastUpdateDate > 'yesterday'",
        "ProjectNumber = ProjectName",
    ],
)
async def test_a_query_that_cannot_be_read_is_no_empty_list(http: httpx.AsyncClient, text: str) -> None:
    assert (await http.get(PROJECTS, params={"q": text})).status_code == 400


async def test_version_1_queries_by_example(http: httpx.AsyncClient) -> None:
    for n in (1, 2, 3):
        await made(http, PROJECTS, PROJECT | {"ProjectNumber": f"P{n}", "ProjectName": f"Umbau {n}"})
    old = {"REST-Framework-Version": "1"}
    for text, number in (
        ("ProjectNumber=P1", 1),
        ("ProjectNumber='P1';ProjectName=Umbau 1", 1),
        ("ProjectName=Umbau*", 3),
        ('LastUpdateDate>"2020-01-01T00:00:00+00:00";ProjectName=Umbau*', 3),
        ("ProjectId>=1;ProjectNumber!=P1;ProjectName=Umbau*", 2),
    ):
        answer = await http.get(PROJECTS, params={"q": text}, headers=old)
        assert (answer.status_code, answer.json()["count"]) == (200, number), text
    for text in ("ProjectNumber='P1' and ProjectName='x'", "ProjectNumber", "Nickname=x"):
        assert (await http.get(PROJECTS, params={"q": text}, headers=old)).status_code == 400, text


async def test_finders_take_their_variables_and_no_others(http: httpx.AsyncClient) -> None:
    project = await made(http, PROJECTS, PROJECT)
    for text, number in ((f"PrimaryKey;ProjectId={project['ProjectId']}", 1), ("PrimaryKey;ProjectId=7", 0)):
        assert (await http.get(PROJECTS, params={"finder": text})).json()["count"] == number
    for text in ("Nobody;ProjectId=7", "PrimaryKey", "PrimaryKey;Name=x,ProjectId=7", "PrimaryKey;ProjectId=x"):
        assert (await http.get(PROJECTS, params={"finder": text})).status_code == 400, text


async def test_pages_are_clamped_ordered_and_counted_only_when_asked(box: Box, http: httpx.AsyncClient) -> None:
    periods = f"{FSCM}/accountingPeriodStatusLOV"
    plain = (await http.get(periods)).json()
    assert (plain["count"], plain["limit"], plain["hasMore"], "totalResults" in plain) == (25, 25, True, False)
    box.store.set_setting("most_rows", 10)
    asked = {"limit": "500", "offset": "150", "orderBy": "StartDate:desc,LedgerId:asc", "totalResults": "true"}
    last = (await http.get(periods, params=asked)).json()
    assert (last["count"], last["limit"], last["totalResults"], last["hasMore"]) == (6, 10, 156, False)
    assert last["items"][0]["StartDate"] >= last["items"][-1]["StartDate"]
    for wrong in ({"limit": "x"}, {"offset": "-1"}, {"orderBy": "Nickname"}, {"orderBy": "StartDate:up"}):
        assert (await http.get(periods, params=wrong)).status_code == 400, wrong


async def test_an_upsert_goes_by_what_identifies_a_row(http: httpx.AsyncClient) -> None:
    body = await billable(http)
    upsert = {"Upsert-Mode": "true"}
    first = await http.post(EVENTS, json=body, headers=upsert)
    again = await http.post(EVENTS, json=body | {"BillTrnsAmount": 6000}, headers=upsert)
    assert (first.status_code, again.status_code) == (201, 200)
    assert (again.json()["EventId"], again.json()["BillTrnsAmount"]) == (first.json()["EventId"], 6000)


async def test_a_batch_is_done_as_a_whole_or_not_at_all(box: Box, http: httpx.AsyncClient) -> None:
    body = await billable(http)
    parts: list[dict[str, Any]] = [
        {
            "id": "1",
            "path": "/projectBillingEvents",
            "operation": "create",
            "payload": body | {"SourceReference": str(n)},
        }
        for n in (1, 2)
    ]
    wrong = {
        "id": "3",
        "path": "/projectBillingEvents",
        "operation": "create",
        "payload": body | {"EventTypeName": "x"},
    }
    content = {"parts": [*parts, wrong]}
    assert (await http.post(f"{FSCM}/", json=content, headers=BATCH)).status_code == 400
    assert box.store.all("projectBillingEvents") == []
    done = (await http.post(f"{FSCM}/", json={"parts": parts}, headers=BATCH)).json()["parts"]
    assert [each["payload"]["SourceReference"] for each in done] == ["1", "2"]
    here = done[0]["payload"]["links"][0]
    path = httpx.URL(here["href"]).path.removeprefix(FSCM)
    change = {"id": "1", "path": path, "operation": "update", "payload": {"BillTrnsAmount": 7}, "ifMatch": "old"}
    assert (await http.post(f"{FSCM}/", json={"parts": [change]}, headers=BATCH)).status_code == 412
    change |= {"ifMatch": here["properties"]["changeIndicator"]}
    gone = {"id": "2", "path": path, "operation": "delete"}
    seen = {"id": "3", "path": f"{path}?onlyData=true", "operation": "get"}
    both = (await http.post(f"{FSCM}/", json={"parts": [change, seen, gone]}, headers=BATCH)).json()["parts"]
    assert ([each["operation"] for each in both], both[1]["payload"]["BillTrnsAmount"]) == (
        ["update", "get", "delete"],
        7,
    )
    for part in ({"path": "", "operation": "get"}, {"path": "/projects", "operation": "upset"}):
        assert (await http.post(f"{FSCM}/", json={"parts": [part]}, headers=BATCH)).status_code == 400


async def test_a_resource_describes_itself_and_its_children(box: Box, http: httpx.AsyncClient) -> None:
    told = (await http.get(f"{PROJECTS}/describe")).json()["Resources"]["projects"]
    attributes = {each["name"]: each for each in told["attributes"]}
    assert (attributes["ProjectNumber"]["mandatory"], attributes["SourceTemplateNumber"]["queryable"]) == (True, False)
    assert told["collection"]["finders"] == [{"name": "PrimaryKey", "attributes": [{"name": "ProjectId"}]}]
    assert "tgBudget" in {each["name"] for each in told["children"]["ProjectDFF"]["attributes"]}
    box.store.set_setting("hidden_fields", ["projects.ProjectDFF.tgBudget"])
    told = (await http.get(f"{PROJECTS}/describe")).json()["Resources"]["projects"]
    assert "tgBudget" not in {each["name"] for each in told["children"]["ProjectDFF"]["attributes"]}


async def test_the_versions_there_are(http: httpx.AsyncClient) -> None:
    (version,) = (await http.get("/fscmRestApi/resources/")).json()["items"]
    assert (version["version"], version["isLatest"]) == ("11.13.18.05", True)
    assert "4" in version["adf:extension"]["allowedFrameworkVersions"]


async def test_an_amount_sent_as_a_text_comes_back_as_one(http: httpx.AsyncClient) -> None:
    body = await billable(http)
    event = await made(http, EVENTS, body | {"BillTrnsAmount": "451.23"})
    assert event["BillTrnsAmount"] == "451.23"
