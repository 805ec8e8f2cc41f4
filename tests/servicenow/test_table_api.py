"""The sandbox speaks the Table API: queries, pages, shapes of values, and its error bodies."""

from typing import Any

import httpx
import pytest

from foundation.sandbox import Box
from system_apis.servicenow.sandbox.table import new_row

TABLE = "/api/now/table/incident"
JSON = {"Content-Type": "application/json"}
ROWS: tuple[dict[str, str], ...] = (
    {"short_description": "alpha billing", "state": "1", "urgency": "1", "impact": "1", "category": "software"},
    {"short_description": "beta billing", "state": "2", "urgency": "2", "impact": "2", "category": "inquiry"},
    {"short_description": "gamma project", "state": "1", "urgency": "3", "impact": "3", "category": "database"},
    {"short_description": "delta project", "state": "3", "urgency": "2", "impact": "1", "correlation_id": "p-10"},
)


@pytest.fixture(autouse=True)
def rows(box: Box) -> None:
    for row in ROWS:
        new_row(box, "incident", "desk.lead", dict(row))


async def found(http: httpx.AsyncClient, query: str) -> list[str]:
    answer = await http.get(TABLE, params={"sysparm_query": query})
    return [row["short_description"].split()[0] for row in answer.json()["result"]]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("state=1", "alpha gamma"),
        ("state!=1", "beta delta"),
        ("short_descriptionLIKEbilling^state=2", "beta"),
        ("short_descriptionNOT LIKEbilling", "gamma delta"),
        ("short_descriptionSTARTSWITHga", "gamma"),
        ("short_descriptionENDSWITHproject", "gamma delta"),
        ("state=1^ORstate=2^short_descriptionLIKEbilling", "alpha beta"),
        ("state=3^NQurgency=1", "alpha delta"),
        ("stateIN1,3", "alpha gamma delta"),
        ("stateNOT IN1,3", "beta"),
        ("urgency>=2", "beta gamma delta"),
        ("urgency<2", "alpha"),
        ("urgencyBETWEEN2@3^state=1", "gamma"),
        ("correlation_idISEMPTY^state=1", "alpha gamma"),
        ("correlation_idISNOTEMPTY", "delta"),
        ("opened_by.name=Dara Quill^state=3", "delta"),
        ("opened_byISNOTEMPTY^ORDERBYDESCshort_description", "gamma delta beta alpha"),
        ("ORDERBYstate^ORDERBYDESCshort_description", "gamma alpha beta delta"),
        ("state=1^EQ", "alpha gamma"),
        ("opened_by=javascript:gs.getUserID()", ""),
    ],
)
async def test_an_encoded_query_selects_and_orders(http: httpx.AsyncClient, query: str, names: str) -> None:
    assert await found(http, query) == names.split()


async def test_day_queries_compare_the_day(box: Box, http: httpx.AsyncClient) -> None:
    today = box.now().strftime("%Y-%m-%d")
    assert len(await found(http, f"sys_created_onON{today}@start@end")) == 4


@pytest.mark.parametrize("query", ["typo_id=5", "state~1", "state=javascript:gs.nope()", "caller_id.nope=1"])
async def test_a_part_that_makes_no_sense_is_dropped_unless_the_property_is_set(
    box: Box, http: httpx.AsyncClient, query: str
) -> None:
    assert len(await found(http, query)) == 4
    assert await found(http, f"{query}^state=2") == ["beta"]
    box.store.set_setting("invalid_query_returns_no_rows", True)
    assert await found(http, f"{query}^state=2") == []


async def test_pairs_stand_in_for_a_query(http: httpx.AsyncClient) -> None:
    answer = await http.get(TABLE, params={"state": "3"})
    assert [row["correlation_id"] for row in answer.json()["result"]] == ["p-10"]


async def test_pages_carry_a_total_and_links(http: httpx.AsyncClient) -> None:
    middle = await http.get(TABLE, params={"sysparm_limit": "1", "sysparm_offset": "1"})
    assert middle.headers["X-Total-Count"] == "4"
    links = {part.split('rel="')[1][:-1]: part.split(">")[0] for part in middle.headers["Link"].split(",")}
    assert sorted(links) == ["first", "last", "next", "prev"]
    assert links["last"].endswith("sysparm_limit=1&sysparm_offset=3")
    last = await http.get(TABLE, params={"sysparm_limit": "2", "sysparm_offset": "2"})
    assert 'rel="next"' not in last.headers["Link"]
    quiet = await http.get(TABLE, params={"sysparm_suppress_pagination_header": "true", "sysparm_no_count": "true"})
    assert "Link" not in quiet.headers
    assert "X-Total-Count" not in quiet.headers


async def test_values_are_text_and_references_are_links_unless_asked_otherwise(http: httpx.AsyncClient) -> None:
    async def first(**parameters: str) -> dict[str, Any]:
        fields = "number,state,opened_by,opened_by.name,caller_id,nonsense"
        answer = await http.get(TABLE, params={"sysparm_fields": fields, "sysparm_limit": "1", **parameters})
        row: dict[str, Any] = answer.json()["result"][0]
        return row

    plain = await first()
    assert sorted(plain) == ["caller_id", "number", "opened_by", "opened_by.name", "state"]
    assert (plain["state"], plain["caller_id"], plain["opened_by.name"]) == ("1", "", "Dara Quill")
    user = plain["opened_by"]["value"]
    assert plain["opened_by"]["link"] == f"http://desk/api/now/table/sys_user/{user}"
    assert (await first(sysparm_exclude_reference_link="true"))["opened_by"] == user
    shown = await first(sysparm_display_value="true")
    assert (shown["state"], shown["opened_by"]["display_value"]) == ("New", "Dara Quill")
    both = await first(sysparm_display_value="all")
    assert both["state"] == {"display_value": "New", "value": "1"}


async def test_a_write_answers_with_the_record_or_only_its_address(http: httpx.AsyncClient) -> None:
    made = await http.post(TABLE, json={"short_description": "epsilon", "urgency": 1, "sys_id": "mine", "nope": 1})
    row = made.json()["result"]
    assert made.status_code == 201
    assert made.headers["Location"] == f"http://desk{TABLE}/{row['sys_id']}"
    assert (len(row["sys_id"]), row["urgency"], row["priority"], row["sys_mod_count"]) == (32, "1", "3", "0")
    several = [{"short_description": "one"}, {"short_description": "two"}]
    silent = await http.post(TABLE, json=several, headers={"X-no-response-body": "true"})
    assert (silent.status_code, silent.content) == (201, b"")
    kept = (await http.get(silent.headers["Location"])).json()["result"]
    assert kept["short_description"] == "one"
    assert await found(http, "short_description=two") == []


async def test_changes_count_and_an_equal_write_does_not(http: httpx.AsyncClient) -> None:
    address = (await http.post(TABLE, json={"short_description": "zeta"})).headers["Location"]
    for method in ("PATCH", "PUT"):
        changed = (await http.request(method, address, json={"impact": "1"})).json()["result"]
        assert (changed["sys_mod_count"], changed["short_description"]) == ("1", "zeta")
    overridden = await http.post(address, json={"impact": "2"}, headers={"X-http-method-override": "PATCH"})
    assert overridden.json()["result"]["sys_mod_count"] == "2"
    noted = await http.patch(address, json={"work_notes": "seen"})
    assert (noted.json()["result"]["work_notes"], noted.json()["result"]["sys_mod_count"]) == ("", "3")
    journal = await http.get("/api/now/table/sys_journal_field", params={"sysparm_query": "element=work_notes"})
    assert [entry["value"] for entry in journal.json()["result"]] == ["seen"]
    assert (await http.delete(address, headers=JSON)).status_code == 204
    assert (await http.get(address)).status_code == 404


async def test_priority_is_the_instance_s_to_say(http: httpx.AsyncClient) -> None:
    made = await http.post(TABLE, json={"impact": "1", "urgency": "1", "priority": "5"})
    assert made.json()["result"]["priority"] == "1"


@pytest.mark.parametrize("state", ["6", "7"])
async def test_resolving_without_a_code_and_notes_is_refused(box: Box, http: httpx.AsyncClient, state: str) -> None:
    address = (await http.post(TABLE, json={"short_description": "eta"})).headers["Location"]
    writes = len(box.store.writes())
    refused = await http.patch(address, json={"state": state, "close_notes": "done"})
    assert (refused.status_code, refused.json()["error"]["message"]) == (403, "Operation Failed")
    assert "Close code" in refused.json()["error"]["detail"]
    assert len(box.store.writes()) == writes
    closed = await http.patch(address, json={"state": state, "close_notes": "done", "close_code": "Solution provided"})
    assert (closed.status_code, closed.json()["result"]["incident_state"]) == (200, state)


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "message"),
    [
        ("GET", "/api/now/table/nope", {}, 400, "Invalid table nope"),
        ("GET", f"{TABLE}/00000000000000000000000000000000", {}, 404, "No Record found"),
        ("GET", "/api/now/v1/table/incident?sysparm_query=state=8", {}, 404, "No Record found"),
        ("GET", TABLE, {"auth": httpx.BasicAuth("tiergate.integration", "wrong")}, 401, "User Not Authenticated"),
        ("GET", TABLE, {"headers": {"Accept": ""}}, 400, "Invalid request"),
        ("POST", TABLE, {"content": b"{}"}, 400, "Invalid request"),
        ("POST", TABLE, {"content": b"{", "headers": JSON}, 400, "Exception while reading request"),
        ("PATCH", TABLE, {"json": {}}, 405, "Method not supported"),
        ("GET", "/api/now/nowhere", {}, 400, "Requested URI does not represent any resource"),
    ],
)  # fmt: skip
async def test_each_error_has_the_one_envelope(
    http: httpx.AsyncClient, method: str, path: str, options: dict[str, Any], status: int, message: str
) -> None:
    answer = await http.request(method, path, **options)
    assert answer.status_code == status
    assert answer.json()["status"] == "failure"
    assert answer.json()["error"]["message"] == message


async def test_v2_answers_an_empty_list_where_v1_says_404(http: httpx.AsyncClient) -> None:
    answer = await http.get("/api/now/v2/table/incident", params={"sysparm_query": "state=8"})
    assert (answer.status_code, answer.json()) == (200, {"result": []})


async def test_head_has_headers_and_no_body(http: httpx.AsyncClient) -> None:
    answer = await http.head(TABLE)
    assert (answer.status_code, answer.headers["X-Total-Count"], answer.content) == (200, "4", b"")


async def test_a_limit_rule_shows_in_headers_and_refuses_above_it(box: Box, http: httpx.AsyncClient) -> None:
    assert "X-RateLimit-Limit" not in (await http.get(TABLE)).headers
    box.store.set_setting("hourly_limit", 2)
    for _ in range(2):
        assert (await http.get(TABLE)).headers["X-RateLimit-Limit"] == "2"
    refused = await http.get(TABLE)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert int(refused.headers["X-RateLimit-Reset"]) > box.now().timestamp()


async def test_a_token_by_password_comes_with_a_refresh_token_and_stays_the_same(http: httpx.AsyncClient) -> None:
    form = {"grant_type": "password", "client_id": "tiergate", "client_secret": "sandbox"}
    form |= {"username": "tiergate.integration", "password": "sandbox"}
    first, second = [(await http.post("/oauth_token.do", data=form)).json() for _ in range(2)]
    assert first["access_token"] == second["access_token"]
    assert (first["token_type"], first["scope"]) == ("Bearer", "useraccount")
    again = {**form, "grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    assert (await http.post("/oauth_token.do", data=again)).json()["refresh_token"] == first["refresh_token"]
    refused = await http.post("/oauth_token.do", json=form)
    assert (refused.status_code, refused.json()["error_description"]) == (401, "access_denied")
