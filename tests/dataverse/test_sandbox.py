"""The sandbox is as strict as the vendor: what Dataverse refuses it refuses, and its traps are there."""

from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest

from foundation.sandbox import Box
from foundation.sandbox.firm import Deal
from system_apis.dataverse.sandbox import org
from system_apis.dataverse.sandbox.schema import TABLES
from system_apis.dataverse.sandbox.seed import account_id, deal_id
from tests.dataverse.conftest import DATA

NOBODY = "00000000-0000-0000-0000-0000000000ff"


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_a_patch_makes_what_is_not_there_unless_told_not_to(http: httpx.AsyncClient) -> None:
    where = f"{DATA}/accounts({NOBODY})"
    assert code(await http.patch(where, json={"name": "x"}, headers={"If-Match": "*"})) == (404, "0x80040217")
    made = await http.patch(where, json={"name": "x"})
    assert (made.status_code, made.content) == (204, b"")
    assert made.headers["OData-EntityId"].endswith(f"/accounts({NOBODY})")
    assert code(await http.patch(where, json={"name": "y"}, headers={"If-None-Match": "*"})) == (412, "0x80040237")


async def test_an_upsert_by_alternate_key_says_only_in_a_shown_row_whether_it_made_one(
    http: httpx.AsyncClient,
) -> None:
    where, shown = f"{DATA}/accounts(accountnumber='C-100')?$select=name", {"Prefer": "return=representation"}
    first = await http.patch(where, json={"name": "One"}, headers=shown)
    second = await http.patch(where, json={"name": "Two"}, headers=shown)
    assert [(each.status_code, each.json()["name"]) for each in (first, second)] == [(201, "One"), (200, "Two")]
    assert first.json()["accountid"] == second.json()["accountid"]
    assert (await http.patch(where, json={"name": "Three"})).status_code == 204
    clash = await http.post(f"{DATA}/accounts", json={"name": "Four", "accountnumber": "C-100"})
    assert code(clash) == (412, "0x80040237")
    assert code(await http.patch(f"{DATA}/accounts(name='x')", json={}))[0] == 400


async def test_versions_guard_reads_writes_and_deletes(http: httpx.AsyncClient, firm: dict[str, Deal]) -> None:
    where = f"{DATA}/accounts({account_id(firm['D01'].account)})"
    read = await http.get(where, params={"$select": "name"})
    etag = read.json()["@odata.etag"]
    assert etag.startswith('W/"')
    assert (await http.get(where, headers={"If-None-Match": etag})).status_code == 304
    assert (await http.patch(where, json={"name": "n"}, headers={"If-Match": etag})).status_code == 204
    assert code(await http.patch(where, json={"name": "m"}, headers={"If-Match": etag})) == (412, "0x80060882")
    assert code(await http.delete(where, headers={"If-Match": etag})) == (412, "0x80060882")
    assert (await http.delete(where, headers={"If-Match": "*"})).status_code == 204
    assert code(await http.get(where)) == (404, "0x80040217")


async def test_the_link_of_a_page_forgets_its_size(http: httpx.AsyncClient) -> None:
    three = {"Prefer": "odata.maxpagesize=3"}
    asked = {"$select": "name", "$orderby": "name asc", "$count": "true"}
    first = (await http.get(f"{DATA}/accounts", params=asked, headers=three)).json()
    assert (len(first["value"]), first["@odata.count"]) == (3, 12)
    kept = (await http.get(first["@odata.nextLink"], headers=three)).json()
    forgot = (await http.get(first["@odata.nextLink"])).json()
    assert (len(kept["value"]), len(forgot["value"])) == (3, 9)
    assert "@odata.nextLink" not in forgot
    names = [row["name"] for row in (*first["value"], *forgot["value"])]
    assert names == sorted(names)


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        ("statecode eq 0 and estimatedvalue gt 100000 and (name eq 'Schadenportal' or contains(name,'grid'))", 2),
        ("not (tg_legalentity eq 'ACME-US')", 7),
        ("tg_projectcode ne null", 0),
        ("createdon ge 2100-01-01T00:00:00Z", 0),
        ("tg_expectedend le 2100-01-01", 12),
        ("startswith(name,'S') and versionnumber gt 0", 3),
    ],
)
async def test_filters(http: httpx.AsyncClient, where: str, wanted: int) -> None:
    found = await http.get(f"{DATA}/opportunities", params={"$filter": where, "$select": "name"})
    assert len(found.json()["value"]) == wanted


@pytest.mark.parametrize(
    ("path", "params", "wanted"),
    [
        ("Accounts", {}, (404, "0x8006088a")),  # set names are case-sensitive
        ("accounts", {"$select": "nope"}, (400, "0x80060888")),
        ("accounts", {"$filter": "parentaccountid eq null"}, (400, "0x80060888")),  # a lookup is _..._value
        ("accounts", {"$filter": "name like 'x'"}, (400, "0x80060888")),
        ("accounts", {"$filter": "(name eq 'x'"}, (400, "0x80060888")),
        ("accounts", {"$filter": "name gt 5"}, (400, "0x80060888")),
        ("accounts", {"$skip": "10"}, (400, "0x80060888")),
        ("accounts(nonsense)", {}, (404, "0x8006088a")),
    ],
)
async def test_what_cannot_be_asked(
    http: httpx.AsyncClient, path: str, params: dict[str, str], wanted: tuple[int, str]
) -> None:
    assert code(await http.get(f"{DATA}/{path}", params=params)) == wanted


@pytest.mark.parametrize(
    "body",
    [
        {"Name": "x"},
        {"name": 5},
        {"parentaccountid": NOBODY},
        {"ParentAccountId@odata.bind": f"/accounts({NOBODY})"},
        {"parentaccountid@odata.bind": f"/contacts({NOBODY})"},
        {"paymenttermscode": 77},
        {"name": "x" * 161},
        [],
    ],
)
async def test_what_cannot_be_written(box: Box, http: httpx.AsyncClient, body: Any) -> None:
    assert code(await http.post(f"{DATA}/accounts", json=body))[0] == 400
    assert box.store.writes() == []


async def test_a_deal_is_won_by_the_action_only_and_counted_by_the_plug_in(
    box: Box, http: httpx.AsyncClient, firm: dict[str, Deal]
) -> None:
    where = f"/opportunities({deal_id(firm['D01'])})"
    assert code(await http.patch(DATA + where, json={"statecode": 1, "statuscode": 3}))[0] == 400
    closing = {"subject": "Won", "opportunityid@odata.bind": where}
    won = await http.post(f"{DATA}/WinOpportunity", json={"Status": 3, "OpportunityClose": closing})
    assert (won.status_code, won.content) == (204, b"")
    row = (await http.get(DATA + where)).json()
    assert (row["statecode"], row["tg_wongeneration"], row["actualclosedate"]) == (
        1,
        1,
        box.now().date().isoformat(),
    )
    again = await http.post(f"{DATA}/WinOpportunity", json={"Status": 3, "OpportunityClose": closing})
    assert again.status_code == 400


async def test_annotations_come_only_where_wished(http: httpx.AsyncClient, firm: dict[str, Deal]) -> None:
    where = f"{DATA}/opportunities({deal_id(firm['D06'])})"
    asked = {
        "$select": "tg_deliveryentities,_parentaccountid_value",
        "$expand": "transactioncurrencyid($select=isocurrencycode)",
    }
    bare = (await http.get(where, params=asked, headers={"Prefer": ""})).json()
    assert not [name for name in bare if "@" in name and not name.startswith("@odata")]
    rich = (await http.get(where, params=asked)).json()
    formatted = "@OData.Community.Display.V1.FormattedValue"
    assert rich["tg_deliveryentities"] == "100000000,100000002"
    assert rich[f"tg_deliveryentities{formatted}"] == "ACME-US; ACME-IN"
    assert rich[f"_parentaccountid_value{formatted}"] == "Lumen Retail"
    assert rich["_parentaccountid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "account"
    assert rich["transactioncurrencyid"] == {"isocurrencycode": "USD"}


async def test_the_metadata_document_names_every_property_and_navigation(http: httpx.AsyncClient) -> None:
    told = await http.get(f"{DATA}/$metadata")
    edm = "{http://docs.oasis-open.org/odata/ns/edm}"
    root = ET.fromstring(told.content)
    types = {each.get("Name"): each for each in root.iter(f"{edm}EntityType")}
    names = {each.get("Name") for each in types["opportunity"].iter(f"{edm}Property")}
    assert {"opportunityid", "_parentaccountid_value", "tg_projectcode"} <= names
    assert {each.get("Name") for each in types["contact"].iter(f"{edm}NavigationProperty")} >= {
        "parentcustomerid_account",
        "parentcustomerid_contact",
    }
    assert {each.get("Name") for each in root.iter(f"{edm}EntitySet")} >= {"accounts", "opportunities", "quotedetails"}


async def test_calls_are_counted_and_too_many_are_refused_for_a_while(box: Box, http: httpx.AsyncClient) -> None:
    box.store.set_setting("request_limit", 2)
    left = []
    for _ in range(3):
        answer = await http.get(f"{DATA}/WhoAmI")
        left.append(answer.headers["x-ms-ratelimit-burst-remaining-xrm-requests"])
    assert left == ["1", "0", "0"]
    refused = await http.get(f"{DATA}/WhoAmI")
    assert code(refused) == (429, "0x80072322")
    assert refused.headers["Retry-After"] == "1"
    box.store.set_setting("_clock_ahead", 301)
    assert (await http.get(f"{DATA}/WhoAmI")).status_code == 200


async def test_a_call_without_a_token_gets_a_challenge_and_no_body(box: Box) -> None:
    async with httpx.AsyncClient(transport=box.transport(), base_url="https://acme.crm4.dynamics.com") as stranger:
        refused = await stranger.get(f"{DATA}/accounts")
    assert (refused.status_code, refused.content) == (401, b"")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer authorization_uri=")


async def test_ids_are_the_same_in_every_sandbox_and_a_total_is_the_sum_of_the_lines(
    box: Box, http: httpx.AsyncClient, firm: dict[str, Deal]
) -> None:
    assert org.guid("opportunity", 1) == deal_id(firm["D01"])
    quotes = (await http.get(f"{DATA}/quotes", params={"$select": "totalamount"})).json()["value"]
    assert sorted(row["totalamount"] for row in quotes) == sorted(deal.amount for deal in firm.values())


async def test_a_total_follows_a_line_that_is_deleted(box: Box, http: httpx.AsyncClient, firm: dict[str, Deal]) -> None:
    deal = deal_id(firm["D06"])
    (quote,) = box.store.find("quote", opportunityid=deal)
    for name, of in (("quotedetail", {"quoteid": quote["quoteid"]}), ("opportunityproduct", {"opportunityid": deal})):
        first, _ = box.store.find(name, **of)
        assert (await http.delete(f"{DATA}/{name}s({first[f'{name}id']})")).status_code == 204
    assert org.read(box, TABLES["quote"], quote["quoteid"])["totalamount"] == 42000
    assert org.read(box, TABLES["opportunity"], deal)["estimatedvalue"] == 42000
