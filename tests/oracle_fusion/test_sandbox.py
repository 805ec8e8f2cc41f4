"""The sandbox refuses what Fusion refuses, and shows rows and children as it does, in every framework version."""

from typing import Any

import httpx
import pytest

from foundation.sandbox import Box
from tests.oracle_fusion.asked import (
    ACCOUNT,
    ACCOUNTS,
    CONTRACTS,
    CRM,
    ERROR,
    EVENTS,
    FSCM,
    PROJECT,
    PROJECTS,
    billable,
    made,
    told,
)


async def test_nobody_is_let_in_without_a_token_or_password(box: Box, http: httpx.AsyncClient) -> None:
    async with httpx.AsyncClient(transport=box.transport(), base_url=http.base_url) as bare:
        for said in ("", "Bearer made-up", "Basic !!", "Basic eDp5"):
            answer = await bare.get(PROJECTS, headers={"Authorization": said})
            assert (answer.status_code, answer.headers["Content-Type"]) == (401, "text/html; charset=utf-8")


async def test_version_1_answers_in_text_and_later_ones_in_json(http: httpx.AsyncClient) -> None:
    for version, kind in (("1", "text/plain"), ("3", "text/plain"), ("4", ERROR), ("9", ERROR)):
        answer = await http.post(ACCOUNTS, json={}, headers={"REST-Framework-Version": version})
        assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (400, kind)
        assert answer.headers["REST-Framework-Version"] == version
        assert "Attribute OrganizationName in OrganizationPartyEO is required." in answer.text
    asked = {"REST-Framework-Version": "1", "Accept": ERROR}
    assert (await http.post(ACCOUNTS, json={}, headers=asked)).json()["status"] == "400", "a text"
    del http.headers["REST-Framework-Version"]
    assert (await http.post(ACCOUNTS, json={})).text.startswith("JBO-27024: "), "the default is the oldest"
    refused = await http.get(ACCOUNTS, headers={"REST-Framework-Version": "10"})
    assert refused.status_code == 400


async def test_everything_that_is_missing_is_told_at_once(http: httpx.AsyncClient) -> None:
    assert told(await http.post(PROJECTS, json={"ProjectName": "x"})) == (
        400,
        [
            ("27024", ""),
            ("27014", "/ProjectNumber"),
            ("27014", "/BusinessUnitName"),
            ("27014", "/OwningOrganizationName"),
            ("27014", "/SourceTemplateNumber"),
        ],
    )


@pytest.mark.parametrize(
    ("fields", "code", "path"),
    [
        ({"Nickname": "x"}, "25058", "/Nickname"),
        ({"organizationName": "x"}, "25058", "/organizationName"),
        ({"PartyId": 7}, "27008", "/PartyId"),
        ({"CurrencyCode": "XXX"}, "27011", "/CurrencyCode"),
        ({"OrganizationName": 7}, "27011", "/OrganizationName"),
        ({"OrganizationName": "x" * 361}, "27004", "/OrganizationName"),
        ({"SourceSystem": "NOBODY"}, "HZ_INVALID_ORIG_SYSTEM", "/SourceSystem"),
        ({"PrimaryAddress": [{"City": "Kiel"}]}, "27014", "/Country"),
    ],
)
async def test_what_an_account_cannot_be(http: httpx.AsyncClient, fields: dict[str, Any], code: str, path: str) -> None:
    status, messages = told(await http.post(ACCOUNTS, json=ACCOUNT | fields))
    assert (status, messages[-1]) == (400, (code, path))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"BusinessUnitName": "Vision Operations"}, "The business unit Vision Operations is not valid."),
        ({"SourceTemplateNumber": "NONE"}, "The project template is not valid."),
        ({"ProjectEndDate": "2026-02-01"}, "ProjectEndDate must not be before ProjectStartDate."),
        (
            {"ProjectEndDate": "1/2/2026"},
            "The value 1/2/2026 for the attribute ProjectEndDate in ProjectEO is not valid.",
        ),
        (
            {"ProjectStatusCode": "NEVER"},
            "The value NEVER for the attribute ProjectStatusCode in ProjectEO is not valid.",
        ),
        ({"ProjectCustomers": [{"PartyNumber": "7"}]}, "The PartyNumber 7 is not valid."),
        (
            {"ProjectDFF": [{"tgBudget": "many"}]},
            "The value many for the attribute tgBudget in ProjectDFF is not valid.",
        ),
        ({"ProjectDFF": {}}, ""),
        ({"ProjectDFF": ["x"]}, "The child ProjectDFF must be a list of objects."),
    ],
)
async def test_what_a_project_cannot_be(http: httpx.AsyncClient, fields: dict[str, Any], words: str) -> None:
    answer = await http.post(PROJECTS, json=PROJECT | fields)
    if not words:
        assert answer.status_code == 201, "an empty object is no child"
        return
    assert answer.status_code == 400
    assert words in answer.text


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"EventTypeName": "Manual"}, "PJB_EVT_INVALID_TYPE"),
        ({"ContractNumber": "C1"}, "PJB_EVT_INVALID_CONTRACT"),
        ({"ContractLineNumber": "2"}, "PJB_EVT_INVALID_LINE"),
        ({"ProjectNumber": "P2"}, "PJB_EVT_INVALID_PROJECT"),
    ],
)
async def test_what_a_billing_event_cannot_be(http: httpx.AsyncClient, fields: dict[str, Any], code: str) -> None:
    body = await billable(http)
    assert told(await http.post(EVENTS, json=body | fields))[1][-1][0] == code
    event = await made(http, EVENTS, body)
    assert (event["Invoiced"], event["InvoicedAmount"], event["TaskNumber"]) == ("U", 0, None)
    again = await http.post(EVENTS, json=body)
    assert (again.status_code, "already exists" in again.text) == (400, True)


async def test_a_contract_is_numbered_by_its_type(http: httpx.AsyncClient) -> None:
    body = await billable(http)
    assert body["ContractNumber"].startswith("C")
    account = (await http.get(ACCOUNTS, params={"q": "OrganizationName='Elbe Werke'"})).json()["items"][0]
    given = {
        "ContractNumber": "MINE",
        "ContractTypeName": "Sell: Project Lines",
        "BusinessUnitName": "ACME-DE Business Unit",
        "BuyerPartyNumber": account["PartyNumber"],
        "CurrencyCode": "EUR",
    }
    assert told(await http.post(CONTRACTS, json=given))[1] == [("", "/ContractNumber")]
    assert "must have a line" in (await http.post(CONTRACTS, json=given | {"ContractNumber": None})).text


async def test_a_row_has_a_version_that_may_be_named(http: httpx.AsyncClient) -> None:
    project = await made(http, PROJECTS, PROJECT)
    here = project["links"][0]["href"]
    read = await http.get(here)
    etag = read.headers["ETag"]
    assert etag == f'"{project["links"][0]["properties"]["changeIndicator"]}"'
    assert (await http.get(here, headers={"If-None-Match": etag})).status_code == 304
    first = await http.patch(here, json={"ProjectName": "A"}, headers={"If-Match": etag})
    assert (first.status_code, first.json()["ProjectName"]) == (200, "A")
    late = await http.patch(here, json={"ProjectName": "B"}, headers={"If-Match": etag})
    assert late.status_code == 412
    assert (await http.patch(here, json={"ProjectName": "B"})).status_code == 200, "it is optional"


async def test_methods_and_media_it_does_not_take(http: httpx.AsyncClient) -> None:
    project = await made(http, PROJECTS, PROJECT)
    here = project["links"][0]["href"]
    assert (await http.put(here, json={})).status_code == 405
    assert (await http.post(here, json={})).status_code == 405
    assert (await http.post(f"{FSCM}/ledgersLOV", json={})).status_code == 405
    assert (await http.post(PROJECTS, content=b"{}", headers={"Content-Type": "text/plain"})).status_code == 415
    assert (await http.post(PROJECTS, content=b"{", headers={"Content-Type": "application/json"})).status_code == 400
    assert (await http.post(f"{FSCM}/", json={"parts": []})).status_code == 415
    assert (await http.delete(here)).status_code == 400, "others may refer to it"


async def test_what_is_not_there_is_a_404_without_details(box: Box, http: httpx.AsyncClient) -> None:
    for path in (
        f"{PROJECTS}/7",
        f"{FSCM}/nothing",
        f"{FSCM}/accounts",
        f"{CRM}/projects",
        "/fscmRestApi/resources/1/x",
    ):
        assert told(await http.get(path)) == (404, []), path
    box.store.set_setting("denied_resources", ["projects"])
    assert (await http.get(PROJECTS)).status_code == 403
    assert (await http.get("/fscmRestApi/resources/latest/ledgersLOV")).status_code == 200


async def test_a_hashed_key_cannot_be_made_up(http: httpx.AsyncClient) -> None:
    body = await billable(http)
    event = await made(http, EVENTS, body)
    assert (await http.get(f"{EVENTS}/{event['EventId']}")).status_code == 404
    assert (await http.get(event["links"][0]["href"])).json()["EventId"] == event["EventId"]


async def test_children_come_when_they_are_asked_for_in_the_form_of_the_version(http: httpx.AsyncClient) -> None:
    account = await made(http, ACCOUNTS, ACCOUNT | {"PrimaryAddress": [{"City": "Kiel", "Country": "DE"}]})
    here = account["links"][0]["href"]
    assert "PrimaryAddress" not in (await http.get(here)).json()
    expanded = {"expand": "PrimaryAddress"}
    assert (await http.get(here, params=expanded)).json()["PrimaryAddress"]["items"][0]["City"] == "Kiel"
    old = await http.get(here, params=expanded, headers={"REST-Framework-Version": "2"})
    assert old.json()["PrimaryAddress"][0]["City"] == "Kiel"
    assert (await http.get(here, params={"expand": "Nobody"})).status_code == 400
    few = (await http.get(here, params={"fields": "PartyNumber;PrimaryAddress:City", "onlyData": "true"})).json()
    assert set(few) == {"PartyNumber", "PrimaryAddress"}
    assert few["PrimaryAddress"]["items"] == [{"City": "Kiel"}]
    assert (await http.get(here, params={"fields": "Nickname"})).status_code == 400
    only = (await http.get(here, params={"links": "self"})).json()["links"]
    assert [each["rel"] for each in only] == ["self"]


async def test_a_child_has_an_address_a_version_and_an_end(http: httpx.AsyncClient) -> None:
    account = await made(http, ACCOUNTS, ACCOUNT | {"PrimaryAddress": [{"City": "Kiel", "Country": "DE"}]})
    here = account["PrimaryAddress"]["items"][0]["links"][0]["href"]
    etag = (await http.get(here)).headers["ETag"]
    assert (await http.patch(here, json={"City": "Bonn"}, headers={"If-Match": etag})).json()["City"] == "Bonn"
    assert (await http.patch(here, json={"City": "Ulm"}, headers={"If-Match": etag})).status_code == 412
    assert (await http.delete(here)).status_code == 204
    assert (await http.get(here)).status_code == 404
    wrong = {"PrimaryAddress": [{"City": "Ulm"}]}
    assert (await http.patch(account["links"][0]["href"], json=wrong)).status_code == 400, "not with its parent"


async def test_a_flexfield_has_one_row(http: httpx.AsyncClient) -> None:
    project = await made(http, PROJECTS, PROJECT | {"ProjectDFF": [{"tgMethod": "tm"}]})
    below = f"{project['links'][0]['href']}/child/ProjectDFF"
    again = await http.post(below, json={"tgMethod": "fixed"})
    assert told(again) == (400, [("25013", "")])
