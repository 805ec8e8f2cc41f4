"""The sandbox as any other client of NetSuite would meet it: lists, queries, headers, sublists and refusals."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from foundation.sandbox import Box, firm
from system_apis.netsuite.sandbox import SANDBOX

RECORDS = "/services/rest/record/v1"
SUITEQL = "/services/rest/query/v1/suiteql"
NEW: dict[str, Any] = {"companyName": "Acme Ltd", "subsidiary": {"id": "1"}, "currency": {"id": "1"}}


async def created(http: httpx.AsyncClient, record: str, body: dict[str, Any], **params: str) -> str:
    answer = await http.post(f"{RECORDS}/{record}", json=body, params=params)
    assert answer.status_code == 204, answer.text
    assert answer.content == b""
    return answer.headers["Location"].rpartition("/")[2]


async def rows(http: httpx.AsyncClient, query: str, **params: int) -> list[dict[str, Any]]:
    answer = await http.post(SUITEQL, json={"q": query}, headers={"Prefer": "transient"}, params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def code(answer: httpx.Response) -> str:
    assert answer.headers["Content-Type"].startswith("application/vnd.oracle.resource+json; type=error")
    body = answer.json()
    assert body["status"] == answer.status_code
    found: str = body["o:errorDetails"][0]["o:errorCode"]
    return found


async def test_a_record_lives_from_post_to_delete(http: httpx.AsyncClient) -> None:
    native_id = await created(http, "customer", NEW | {"externalId": "CRM-100"})
    read = (await http.get(f"{RECORDS}/CUSTOMER/{native_id}")).json()
    assert read["companyName"] == "Acme Ltd"
    assert read["subsidiary"]["refName"] == "Acme Consulting Inc"
    assert read["addressBook"] == {"links": [{"rel": "self", "href": f"{read['links'][0]['href']}/addressBook"}]}
    assert "email" not in read, "nulls are left out"
    changed = await http.patch(f"{RECORDS}/customer/eid:CRM-100", json={"email": "a@b.example", "companyName": "Acme"})
    assert changed.headers["Location"].endswith(f"/customer/{native_id}")
    await http.patch(f"{RECORDS}/customer/{native_id}", json={"email": None})
    read = (await http.get(f"{RECORDS}/customer/{native_id}", params={"fields": "companyName,email"})).json()
    assert {name: value for name, value in read.items() if name != "links"} == {"id": native_id, "companyName": "Acme"}
    assert (await http.delete(f"{RECORDS}/customer/{native_id}")).status_code == 204
    assert code(await http.get(f"{RECORDS}/customer/{native_id}")) == "NONEXISTENT_ID"


async def test_enums_come_plain_where_asked_for(http: httpx.AsyncClient) -> None:
    path = f"{RECORDS}/customer/1"
    assert (await http.get(path)).json()["creditHoldOverride"] == {"id": "ON", "refName": "On"}
    plain = await http.get(path, params={"simpleEnumFormat": "true"})
    assert plain.json()["creditHoldOverride"] == "ON"


async def test_sublist_lines_are_added_unless_keyed_or_replaced(http: httpx.AsyncClient) -> None:
    def lines(*given: dict[str, Any]) -> dict[str, Any]:
        return {"addressBook": {"items": list(given)}}

    native_id = await created(http, "customer", NEW | lines({"defaultBilling": True}))
    path = f"{RECORDS}/customer/{native_id}"
    await http.patch(path, json=lines({"defaultShipping": True}))
    await http.patch(path, json=lines({"id": 1, "addressBookAddress": {"city": "Köln"}}))
    found = (await http.get(f"{path}/addressBook")).json()["items"]
    assert found == [
        {"id": 1, "defaultBilling": True, "addressBookAddress": {"city": "Köln"}},
        {"id": 2, "defaultShipping": True},
    ]
    await http.patch(path, json=lines({"defaultBilling": False}), params={"replace": "addressBook"})
    expanded = (await http.get(path, params={"expandSubResources": "true"})).json()["addressBook"]
    assert (expanded["count"], expanded["items"]) == (1, [{"id": 1, "defaultBilling": False}])


async def test_external_ids_are_unique_within_a_family_and_entity_ids_within_a_type(http: httpx.AsyncClient) -> None:
    await created(http, "customer", NEW | {"externalId": "K", "entityId": "E"})
    same_family = {"companyName": "P", "subsidiary": {"id": "1"}, "externalId": "K"}
    twice = await http.post(f"{RECORDS}/job", json=same_family)
    assert code(twice) == "USER_ERROR"
    assert "This entity already exists." in twice.text
    assert code(await http.post(f"{RECORDS}/customer", json=NEW | {"entityId": "E"})) == "USER_ERROR"
    # Nothing else is unique: the same company twice is the account's own problem.
    await created(http, "customer", NEW)
    await created(http, "billingSchedule", {"name": "P", "scheduleType": {"id": "FBM"}, "externalId": "K"})


@pytest.mark.parametrize(
    ("record", "body", "expected", "words"),
    [
        ("customer", {}, "USER_ERROR", "Please enter value(s) for: Company Name, Subsidiary."),
        ("salesOrder", {"entity": {"id": "1"}}, "USER_ERROR", "Please enter value(s) for: Item."),
        ("customer", NEW | {"subsidiary": {"id": "9"}}, "INVALID_CONTENT", "Invalid Field Value 9"),
        ("customer", NEW | {"entityStatus": {"id": "99"}}, "INVALID_KEY_OR_REF", "Invalid Field Value 99"),
        ("customer", NEW | {"companyName": "x" * 84}, "USER_ERROR", "maximum number ( 83 )"),
        ("customer", NEW | {"creditLimit": "much"}, "INVALID_CONTENT", "creditLimit"),
        ("customer", NEW | {"isInactive": "T"}, "INVALID_CONTENT", "isInactive"),
        ("job", NEW | {"startDate": "1/2/2026"}, "INVALID_CONTENT", "startDate"),
        ("customer", NEW | {"addressBook": []}, "INVALID_CONTENT", "addressBook"),
        ("subsidiary", {"name": "Another"}, "INSUFFICIENT_PERMISSION", "permission"),
        ("starship", {}, "NOT_FOUND", "starship"),
    ],
)
async def test_what_cannot_be_kept_is_refused_and_nothing_is_written(
    http: httpx.AsyncClient, box: Box, record: str, body: dict[str, Any], expected: str, words: str
) -> None:
    answer = await http.post(f"{RECORDS}/{record}", json=body)
    assert code(answer) == expected
    assert words in answer.text
    assert box.store.writes() == []


async def test_bodies_and_addresses_that_make_no_sense_are_refused(http: httpx.AsyncClient) -> None:
    for body in (b"{", b"[]", b"\xff"):
        assert code(await http.post(f"{RECORDS}/customer", content=body)) == "INVALID_CONTENT"
    spaced = await http.put(f"{RECORDS}/customer/eid:a%20b", json=NEW)
    assert "Spaces are not allowed in the URL" in spaced.text
    assert code(await http.put(f"{RECORDS}/customer/1", json=NEW)) == "INVALID_REQUEST"
    assert code(await http.get(f"{RECORDS}/customer/1/nosuchlist")) == "NONEXISTENT_ID"
    assert code(await http.get("/services/rest/elsewhere")) == "NOT_FOUND"
    assert code(await http.put(f"{RECORDS}/customer", json=NEW)) == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("how", "status", "warned"),
    [(None, 204, True), ("Warning", 204, True), ("Ignore", 204, False), ("Error", 400, False)],
)
async def test_an_unknown_name_is_refused_only_on_request(
    http: httpx.AsyncClient, how: str | None, status: int, warned: bool
) -> None:
    headers = {"X-NetSuite-PropertyNameValidation": how} if how else {}
    answer = await http.post(f"{RECORDS}/customer", json=NEW | {"compnayName": "x"}, headers=headers)
    assert answer.status_code == status
    assert ("X-NetSuite-Warnings" in answer.headers) == warned


async def test_a_list_gives_ids_only_and_wants_whole_pages(http: httpx.AsyncClient) -> None:
    for number in range(5):
        await created(http, "contact", {"lastName": f"N{number}", "subsidiary": {"id": "1"}})
    first = (await http.get(f"{RECORDS}/contact", params={"limit": 2})).json()
    assert (first["count"], first["hasMore"], first["totalResults"]) == (2, True, 5)
    assert set(first["items"][0]) == {"id", "links"}
    seen, page = [], first
    while True:
        seen += [item["id"] for item in page["items"]]
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not following:
            break
        page = (await http.get(following[0])).json()
    assert len(set(seen)) == 5
    assert not page["hasMore"]
    wrong: list[dict[str, Any]] = [{"limit": 2, "offset": 3}, {"limit": 1001}, {"limit": 0}, {"limit": "many"}]
    for params in wrong:
        assert code(await http.get(f"{RECORDS}/contact", params=params)) == "INVALID_PARAMETER"


async def test_the_order_is_summed_and_closed_with_its_last_line(http: httpx.AsyncClient) -> None:
    line = {"item": {"externalId": "tiergate-services"}, "quantity": 2, "rate": 100.25}
    other = {"item": {"id": "1"}, "amount": 0.1}
    order = {"entity": {"id": "1"}, "item": {"items": [line, other]}}
    path = f"{RECORDS}/salesOrder/{await created(http, 'salesOrder', order)}"
    read = (await http.get(path)).json()
    assert (read["subtotal"], read["tranId"], read["orderStatus"]["id"]) == (200.6, "SO00001", "A")
    for number, status in ((1, "A"), (2, "H")):
        await http.patch(path, json={"item": {"items": [{"line": number, "isClosed": True}]}})
        assert (await http.get(path)).json()["orderStatus"]["id"] == status


async def test_suiteql_speaks_in_strings_and_leaves_nulls_out(http: httpx.AsyncClient) -> None:
    query = "SELECT id, companyname, creditlimit, isinactive, email, subsidiary FROM customer"
    assert await rows(http, query) == [
        {
            "links": [],
            "id": "1",
            "companyname": "Orchard Clinics PLLC",
            "creditlimit": "25000",
            "isinactive": "F",
            "subsidiary": "1",
        }
    ]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("id = 1", ["1"]),
        ("id = '1'", ["1"]),
        ("id <> 1 AND id < 4", ["2", "3"]),
        ("id IN (1, 3)", ["1", "3"]),
        ("NOT id IN (1, 3)", ["2"]),
        ("id NOT IN (1, 3)", ["2"]),
        ("id BETWEEN 2 AND 3", ["2", "3"]),
        ("(id = 1 OR id = 2) AND country = 'DE'", ["2"]),
        ("id = 1 OR id = 2 AND country = 'XX'", ["1"]),
        ("name LIKE 'Acme%GmbH'", ["2"]),
        ("UPPER(name) LIKE '%GMBH'", ["2"]),
        ("legalname IS NOT NULL AND country IS NULL", []),
        ("dateCreated >= TO_DATE('2020-01-01 00:00:00', 'YYYY-MM-DD HH24:MI:SS')", ["1", "2", "3"]),
        ("s.isInactive = 'F' AND s.id >= 3", ["3"]),
        ("name = 'O''Brien'", []),
    ],
)
async def test_suiteql_understands_conditions(http: httpx.AsyncClient, where: str, found: list[str]) -> None:
    got = await rows(http, f"SELECT id FROM subsidiary s WHERE {where} ORDER BY id")
    assert [row["id"] for row in got] == found


async def test_suiteql_orders_pages_counts_and_formats(http: httpx.AsyncClient, box: Box) -> None:
    assert [row["code"] for row in await rows(http, "SELECT symbol AS code FROM currency ORDER BY symbol DESC")] == [
        "USD",
        "KWD",
        "JPY",
        "INR",
        "GBP",
        "EUR",
    ]
    second = await rows(http, "SELECT id FROM currency ORDER BY id", limit=4, offset=4)
    assert [row["id"] for row in second] == ["5", "6"]
    assert (await rows(http, "SELECT COUNT(*) FROM currency"))[0]["expr1"] == "6"
    assert len(await rows(http, "SELECT DISTINCT isinactive FROM currency")) == 1
    assert set((await rows(http, "SELECT * FROM term WHERE id = 2"))[0]) >= {"id", "name", "isinactive"}
    today = box.now().date()
    dates = "startdate, TO_CHAR(startdate, 'YYYY-MM-DD') AS iso"
    this_month = (
        f"SELECT {dates} FROM accountingperiod WHERE isyear = 'F' AND startdate <= TO_DATE('{today}', 'YYYY-MM-DD')"
    )
    last = (await rows(http, f"{this_month} ORDER BY startdate"))[-1]
    assert last["iso"] == today.replace(day=1).isoformat()
    assert last["startdate"] == f"{today.month}/1/{today.year}", "a plain date has the account's format"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT nothing FROM customer",
        "SELECT id FROM nowhere",
        "SELECT id",
        "SELECT id FROM",
        "SELECT id FROM customer WHERE",
        "SELECT id FROM customer WHERE id ~ 1",
        "SELECT id FROM customer WHERE (id = 1",
        "SELECT id FROM customer WHERE datecreated > 'yesterday'",
        "SELECT id FROM customer WHERE datecreated > TO_DATE('1/1/26', 'YYYY-MM-DD')",
        "SELECT id FROM customer x WHERE y.id = 1",
        "SELECT id FROM customer ORDER BY id LIMIT 5",
        "SELECT TO_DATE(1) FROM customer",
        "SELECT TO_CHAR(id, 'YYYY') FROM customer",
        "SELECT UPPER(id, id) FROM customer",
        "SELECT id FROM customer AS",
        "DROP TABLE customer",
        "",
    ],
)
async def test_suiteql_that_cannot_be_understood_is_refused(http: httpx.AsyncClient, query: str) -> None:
    answer = await http.post(SUITEQL, json={"q": query}, headers={"Prefer": "transient"})
    assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER")


async def test_suiteql_has_to_be_called_transient(http: httpx.AsyncClient) -> None:
    assert (await http.post(SUITEQL, json={"q": "SELECT id FROM customer"})).status_code == 400
    assert code(await http.post(SUITEQL, json={}, headers={"Prefer": "transient"})) == "INVALID_CONTENT"


async def test_the_catalog_describes_every_record_type(http: httpx.AsyncClient) -> None:
    names = [item["name"] for item in (await http.get(f"{RECORDS}/metadata-catalog")).json()["items"]]
    assert {"customer", "contact", "salesOrder", "job", "projectTask", "billingSchedule", "subsidiary"} <= set(names)
    for name in names:
        schema = (await http.get(f"{RECORDS}/metadata-catalog/{name}")).json()
        assert schema["type"] == "object"
        assert "id" in schema["properties"]


def test_the_seed_is_the_firm(box: Box) -> None:
    contents = box.store.contents()
    assert [each["custrecord_tg_code"] for each in contents["subsidiary"]] == [each.code for each in firm.ENTITIES]
    assert [each["externalId"] for each in contents["customer"]] == [
        account.key for account in firm.ACCOUNTS if account.credit_hold
    ]
    assert box.store.writes() == [], "setting up is not a write"


def test_what_is_kept_survives_a_restart(tmp_path: Path) -> None:
    before = Box(SANDBOX, tmp_path / "netsuite.sqlite")
    contents = before.store.contents()
    before.store.close()
    assert Box(SANDBOX, tmp_path / "netsuite.sqlite").store.contents() == contents


@pytest.mark.parametrize("today", [date(2026, 1, 31), date(2026, 11, 22), date(2028, 2, 29)])
def test_the_firm_never_ages(today: date) -> None:
    deals = firm.deals(today)
    assert len(deals) == 12
    for deal in deals:
        assert deal.start.day == 1
        assert today < deal.start <= today + timedelta(days=31)
        assert 180 <= (deal.end - deal.start).days <= 276
        assert deal.amount == sum(role.hours * role.rate for role in deal.roles)
    assert [str(deal.amount) for deal in deals[:3]] == ["240000.00", "186400.00", "98500.00"]
    ids = [each.id for each in firm.ACCOUNTS] + [deal.id for deal in deals]
    assert len(set(ids)) == 24
    assert {len(each) for each in ids} == {18}


def test_the_case_checksum_is_salesforces() -> None:
    assert firm.checksum("001D000000IqhSL") == "IAZ"
    assert firm.checksum("AAAAAAAAAAAAAAA") == "555"
