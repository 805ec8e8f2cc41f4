"""What the sandbox keeps to that neither our adapter nor simple-salesforce asks for."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from foundation.sandbox import Box
from foundation.sandbox.firm import ACCOUNTS, Deal
from system_apis.salesforce.sandbox import SANDBOX
from system_apis.salesforce.sandbox.org import merge
from tests.salesforce.conftest import KEY, SECRET

DATA = "/services/data/v62.0"
HARBOR = ACCOUNTS[0].id


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()[0]["errorCode"]


async def select(http: httpx.AsyncClient, query: str) -> list[str]:
    found = (await http.get(f"{DATA}/query", params={"q": query})).json()
    return [row.get("Name") or row["Id"] for row in found["records"]]


async def test_conditions_on_a_row(http: httpx.AsyncClient) -> None:
    row = f"{DATA}/sobjects/Account/{HARBOR}"
    stamp = (await http.get(row)).headers["last-modified"]
    long_ago = "Sat, 01 Jan 2022 00:00:00 GMT"
    assert (await http.get(row, headers={"If-Modified-Since": stamp})).status_code == 304
    assert (await http.get(row, headers={"If-Modified-Since": long_ago})).status_code == 200
    assert (await http.get(row, headers={"If-Unmodified-Since": long_ago})).status_code == 412
    change = {"Website": "https://harbor.example"}
    assert (await http.patch(row, json=change, headers={"If-Unmodified-Since": long_ago})).status_code == 412
    assert (await http.get(row)).json()["Website"] is None
    assert (await http.patch(row, json=change, headers={"If-Unmodified-Since": stamp})).status_code == 204
    assert (await http.patch(row, json=change, headers={"If-Unmodified-Since": "soon"})).status_code == 400


async def test_the_feeds_tell_what_was_changed_and_what_deleted(box: Box, http: httpx.AsyncClient) -> None:
    await http.delete(f"{DATA}/sobjects/Account/{HARBOR}")
    window = {
        "start": (box.now() - timedelta(hours=1)).isoformat(timespec="seconds"),
        "end": (box.now() + timedelta(hours=1)).isoformat(timespec="seconds"),
    }
    changed = (await http.get(f"{DATA}/sobjects/Account/updated", params=window)).json()
    deleted = (await http.get(f"{DATA}/sobjects/Account/deleted", params=window)).json()
    assert sorted([*changed["ids"], HARBOR]) == sorted(account.id for account in ACCOUNTS)
    assert [each["id"] for each in deleted["deletedRecords"]] == [HARBOR]
    too_short = {**window, "end": window["start"]}
    assert (await http.get(f"{DATA}/sobjects/Account/updated", params=too_short)).status_code == 400


async def test_a_merge_is_a_delete_of_one_and_a_change_of_the_other(box: Box, http: httpx.AsyncClient) -> None:
    box.store.set_setting("_clock_ahead", 5400.0)
    merge(box, HARBOR, ACCOUNTS[1].id)
    since = {"start": (box.now() - timedelta(hours=1)).isoformat(timespec="seconds")}
    window = since | {"end": box.now().isoformat(timespec="seconds")}
    deleted = (await http.get(f"{DATA}/sobjects/Account/deleted", params=window)).json()
    assert [each["id"] for each in deleted["deletedRecords"]] == [ACCOUNTS[1].id]
    assert (await http.get(f"{DATA}/sobjects/Account/updated", params=window)).json()["ids"] == [HARBOR]


async def test_who_has_seen_the_duplicate_may_save_it(box: Box, http: httpx.AsyncClient) -> None:
    box.store.set_setting("duplicate_rule", True)
    twin, path = {"Name": ACCOUNTS[0].name}, f"{DATA}/sobjects/Account"
    assert code(await http.post(path, json=twin)) == (400, "DUPLICATES_DETECTED")
    seen = {"Sforce-Duplicate-Rule-Header": "allowSave = true"}
    assert (await http.post(path, json=twin, headers=seen)).status_code == 201


async def test_an_upsert_by_key_keeps_the_rules(http: httpx.AsyncClient) -> None:
    by_key = f"{DATA}/sobjects/Account/ERP_Id__c"
    assert (await http.patch(f"{by_key}/C1?updateOnly=true", json={"Name": "A"})).status_code == 404
    made = await http.patch(f"{by_key}/C1", json={"Name": "A"})
    assert (made.status_code, made.json()["created"]) == (201, True)
    again = await http.patch(f"{by_key}/C1", json={"Name": "B"})
    assert (again.status_code, again.json()) == (200, {**made.json(), "created": False})
    assert code(await http.patch(f"{by_key}/C1", json={"ERP_Id__c": "C1"})) == (400, "INVALID_FIELD")
    assert code(await http.get(f"{DATA}/sobjects/Account/Name/Harbor")) == (404, "NOT_FOUND")
    assert (await http.delete(f"{by_key}/C1")).status_code == 204
    assert (await http.get(f"{by_key}/C1")).status_code == 404
    assert (await http.patch(f"{by_key}/C1", json={"Name": "C"})).json()["id"] != made.json()["id"]


@pytest.mark.parametrize("all_or_none", [False, True])
async def test_a_collection_reports_each_record(box: Box, http: httpx.AsyncClient, all_or_none: bool) -> None:
    records = [{"attributes": {"type": "Account"}, "Name": "good"}, {"attributes": {"type": "Account"}, "Nope": 1}]
    body = {"allOrNone": all_or_none, "records": records}
    said = await http.post(f"{DATA}/composite/sobjects", json=body)
    assert said.status_code == 200
    codes = [each["errors"][0]["statusCode"] if each["errors"] else "" for each in said.json()]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK" if all_or_none else "", "INVALID_FIELD"]
    assert len(box.store.writes()) == (0 if all_or_none else 1)


async def test_a_collection_changes_and_deletes(http: httpx.AsyncClient) -> None:
    record = {"attributes": {"type": "Account"}, "id": HARBOR, "Website": "https://harbor.example"}
    changed = await http.patch(f"{DATA}/composite/sobjects", json={"records": [record]})
    assert changed.json() == [{"id": HARBOR, "success": True, "errors": []}]
    gone = await http.delete(f"{DATA}/composite/sobjects", params={"ids": f"{HARBOR},zzz"})
    assert [each["success"] for each in gone.json()] == [True, False]


async def test_a_collection_is_upserted_by_its_keys(http: httpx.AsyncClient) -> None:
    def account(key: str, name: str, **more: object) -> dict[str, object]:
        return {"attributes": {"type": "Account"}, "ERP_Id__c": key, "Name": name, **more}

    path = f"{DATA}/composite/sobjects/Account/ERP_Id__c"
    made = (await http.patch(path, json={"records": [account("C1", "A"), account("C2", "B")]})).json()
    assert [(each["success"], each["created"]) for each in made] == [(True, True), (True, True)]
    again = (await http.patch(path, json={"records": [account("C2", "Beta"), {"Name": "nobody"}]})).json()
    assert (again[0]["id"], again[0]["created"], again[1]["success"]) == (made[1]["id"], False, False)
    for name in ("One", "Two"):
        await http.post(f"{DATA}/sobjects/Account", json={"Name": name, "Legacy_Id__c": "L1"})
    twice = {"allOrNone": True, "records": [{"attributes": {"type": "Account"}, "Legacy_Id__c": "L1", "Name": "Three"}]}
    said = (await http.patch(f"{DATA}/composite/sobjects/Account/Legacy_Id__c", json=twice)).json()
    assert said[0]["errors"][0]["statusCode"] == "DUPLICATE_EXTERNAL_ID"


async def test_a_record_is_referred_to_by_its_key(http: httpx.AsyncClient) -> None:
    await http.patch(f"{DATA}/sobjects/Account/{HARBOR}", json={"ERP_Id__c": "C1"})
    person = {"LastName": "Okafor", "Account": {"ERP_Id__c": "C1"}}
    made = (await http.post(f"{DATA}/sobjects/Contact", json=person)).json()["id"]
    assert (await http.get(f"{DATA}/sobjects/Contact/{made}")).json()["AccountId"] == HARBOR
    nobody = await http.post(f"{DATA}/sobjects/Contact", json={**person, "Account": {"ERP_Id__c": "C9"}})
    assert code(nobody) == (400, "INVALID_FIELD")
    assert nobody.json()[0]["message"] == "Foreign key external ID: C9 not found for field ERP_Id__c in entity Account"


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("Delivery_Entities__c INCLUDES ('ACME-IN') AND Legal_Entity__c = 'ACME-US'", ["Store data platform"]),
        ("NOT (Legal_Entity__c = 'ACME-US' OR Legal_Entity__c = 'acme-de') AND Amount < 10000000",
         ["Finance transformation"]),
        ("Project_Code__c = null AND Practice__c NOT IN ('Data', 'Operations')", ["Finance transformation"]),
        ("Account.BillingCity LIKE 'h%u_'", []),
        ("Account.BillingCity LIKE '_amburg'", ["Fertigungsplanung neu"]),
        ("IsWon = TRUE", []),
        ("CloseDate < 2001-01-01 OR SystemModstamp <= 2001-01-01T00:00:00Z", []),
        ("Amount >= 240000.00 AND Amount <> 18500000 AND CurrencyIsoCode != 'INR' AND Name != 'Schadenportal'",
         ["Warehouse control tower"]),
    ],
)  # fmt: skip
async def test_conditions_of_a_query(http: httpx.AsyncClient, where: str, found: list[str]) -> None:
    assert await select(http, f"SELECT Name FROM Opportunity o WHERE {where} ORDER BY Name") == found


async def test_nulls_sort_first_unless_told_otherwise(http: httpx.AsyncClient) -> None:
    await http.patch(f"{DATA}/sobjects/Account/{HARBOR}", json={"AccountNumber": "7"})
    first = "SELECT Name FROM Account ORDER BY AccountNumber{}, Name DESC LIMIT 1"
    assert await select(http, first.format("")) != ["Harbor Logistics"]
    assert await select(http, first.format(" NULLS LAST")) == ["Harbor Logistics"]
    assert await select(http, first.format(" DESC NULLS LAST")) == ["Harbor Logistics"]
    last = "SELECT Name FROM Account ORDER BY AccountNumber DESC, Name OFFSET 11"
    assert await select(http, last) == ["Harbor Logistics"]


async def test_all_fields_only_with_a_limit(http: httpx.AsyncClient) -> None:
    assert await select(http, "SELECT FIELDS(ALL) FROM Account ORDER BY Id LIMIT 1") == ["Harbor Logistics"]
    refused = await http.get(f"{DATA}/query", params={"q": "SELECT FIELDS(ALL) FROM Account"})
    assert code(refused) == (400, "MALFORMED_QUERY")


async def test_a_page_belongs_to_its_session(box: Box, http: httpx.AsyncClient) -> None:
    box.store.set_setting("smallest_page", 1)
    small = {"Sforce-Query-Options": "batchSize=5"}
    first = (await http.get(f"{DATA}/query", params={"q": "SELECT Id FROM Account"}, headers=small)).json()
    form = {"grant_type": "client_credentials", "client_id": KEY, "client_secret": SECRET}
    other = (await http.post("/services/oauth2/token", data=form)).json()["access_token"]
    stranger = {"Authorization": f"Bearer {other}"}
    assert code(await http.get(first["nextRecordsUrl"], headers=stranger)) == (400, "INVALID_QUERY_LOCATOR")
    second = (await http.get(first["nextRecordsUrl"])).json()
    last = (await http.get(second["nextRecordsUrl"])).json()
    assert [len(page["records"]) for page in (first, second, last)] == [5, 5, 2]
    assert "nextRecordsUrl" not in last


async def test_who_may_call_what(http: httpx.AsyncClient) -> None:
    nobody = {"Authorization": ""}
    assert code(await http.get(f"{DATA}/limits", headers=nobody)) == (401, "INVALID_AUTH_HEADER")
    wrong = {"Authorization": "Bearer 00D!nope"}
    assert code(await http.get(f"{DATA}/limits", headers=wrong)) == (401, "INVALID_SESSION_ID")
    listed = await http.get("/services/data/", headers=nobody)
    assert listed.json()[-1]["version"] == "62.0"
    assert "sforce-limit-info" not in listed.headers
    assert (await http.get("/services/data/v20.0/limits")).status_code == 410
    assert code(await http.get(f"{DATA}/sobjects/Nope")) == (404, "NOT_FOUND")
    assert code(await http.put(f"{DATA}/sobjects/Account/{HARBOR}")) == (405, "METHOD_NOT_ALLOWED")
    assert code(await http.post(f"{DATA}/sobjects/Account", content=b"{")) == (400, "JSON_PARSER_ERROR")
    assert code(await http.post(f"{DATA}/sobjects/User", json={})) == (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "client_id": "nobody"}, "invalid_client_id"),
        ({"grant_type": "client_credentials", "client_id": KEY, "client_secret": "x"}, "invalid_client"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "a.b.c"}, "invalid_grant"),
    ],
)
async def test_a_bad_sign_in_is_refused(http: httpx.AsyncClient, form: dict[str, str], error: str) -> None:
    said = await http.post("/services/oauth2/token", data=form)
    assert said.status_code in (400, 401)
    assert said.json()["error"] == error


async def test_an_id_in_a_path_may_be_quoted(http: httpx.AsyncClient) -> None:
    await http.patch(f"{DATA}/sobjects/Account/ERP_Id__c/{quote('Ä:1 b', safe='')}", json={"Name": "A"})
    assert await select(http, "SELECT Name FROM Account WHERE ERP_Id__c = 'ä:1 b'") == ["A"]


def test_the_org_survives_a_restart(tmp_path: Path, firm: dict[str, Deal]) -> None:
    first = Box(SANDBOX, tmp_path / "salesforce.sqlite")
    contents = first.store.contents()
    first.store.close()
    second = Box(SANDBOX, tmp_path / "salesforce.sqlite")
    assert second.store.contents() == contents
    assert len(contents["Opportunity"]) == len(firm) == 12
    second.store.close()
