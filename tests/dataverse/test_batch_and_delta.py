"""Batches and delta links, as far as no client of others asks: their bounds, their tokens, their refusals."""

import json
from datetime import timedelta

import httpx
import pytest

from foundation.sandbox import Box
from tests.dataverse.conftest import DATA

BATCH = f"{DATA}/$batch"
MIXED = {"Content-Type": 'multipart/mixed; boundary="b"'}
TRACK = {"Prefer": "odata.track-changes,odata.maxpagesize=5"}


def call(method: str, path: str, body: object = None) -> str:
    head = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    given = f"Content-Type: application/json; type=entry\r\n\r\n{json.dumps(body)}" if body is not None else "\r\n"
    return f"--b\r\n{head}{method} {path} HTTP/1.1\r\n{given}\r\n"


def body(*calls: str) -> bytes:
    return ("".join(calls) + "--b--\r\n").encode()


async def test_a_batch_is_one_call_to_the_limits_and_answers_each_part(http: httpx.AsyncClient) -> None:
    told = await http.post(
        BATCH, content=body(call("GET", f"{DATA}/WhoAmI"), call("GET", "accounts?$top=1")), headers=MIXED
    )
    assert told.status_code == 200
    assert told.headers["content-type"].startswith("multipart/mixed; boundary=batchresponse_")
    assert told.text.count("HTTP/1.1 200 OK\r\n") == 2


async def test_the_first_failure_ends_it_and_what_was_done_stays(box: Box, http: httpx.AsyncClient) -> None:
    calls = [call("POST", f"{DATA}/accounts", {"name": name}) for name in ("one", "x" * 500, "three")]
    told = await http.post(BATCH, content=body(*calls), headers=MIXED)
    assert (told.status_code, told.text.count("HTTP/1.1 ")) == (400, 2)
    assert "sandbox-kept" not in told.headers
    assert [len(box.store.find("account", name=name)) for name in ("one", "three")] == [1, 0]


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (body(call("GET", "accounts")).replace(b"\r\n", b"\n"), MIXED),
        (b"{}", {"Content-Type": "application/json"}),
        (b"--other--\r\n", MIXED),
        (body("--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n"), MIXED),
        (body(*[call("GET", "WhoAmI")] * 1001), MIXED),
    ],
)
async def test_what_is_no_batch_is_refused(http: httpx.AsyncClient, content: bytes, headers: dict[str, str]) -> None:
    told = await http.post(BATCH, content=content, headers=headers)
    assert (told.status_code, told.json()["error"]["code"] != "") == (400, True)


async def everything(http: httpx.AsyncClient, link: str, headers: dict[str, str]) -> tuple[list[dict[str, str]], str]:
    """The rows of all pages, and the delta link after the last."""
    rows = []
    while True:
        page = (await http.get(link, headers=headers)).json()
        rows += page["value"]
        if "@odata.deltaLink" in page:
            return rows, page["@odata.deltaLink"]
        link, headers = page["@odata.nextLink"], {"Prefer": "odata.maxpagesize=5"}


async def test_a_delta_link_gives_what_changed_and_what_was_deleted(box: Box, http: httpx.AsyncClient) -> None:
    rows, link = await everything(http, f"{DATA}/accounts?$select=name", TRACK)
    assert len(rows) == len(box.store.all("account")) > 5
    kept, gone = rows[0]["accountid"], rows[1]["accountid"]
    await http.patch(f"{DATA}/accounts({kept})", json={"name": "changed"})
    await http.delete(f"{DATA}/accounts({gone})")
    made = (await http.post(f"{DATA}/accounts", json={"name": "made"})).headers["OData-EntityId"][-37:-1]
    told = (await http.get(link)).json()
    assert told["@odata.context"].endswith("$metadata#accounts/$delta")
    changed = {each["accountid"]: each["name"] for each in told["value"] if "accountid" in each}
    assert changed == {kept: "changed", made: "made"}
    (deleted,) = [each for each in told["value"] if "reason" in each]
    assert (deleted["id"], deleted["reason"]) == (gone, "deleted")
    assert deleted["@odata.context"].endswith("$metadata#accounts/$deletedEntity")
    assert (await http.get(told["@odata.deltaLink"])).json()["value"] == []


async def test_what_changes_between_two_pages_is_in_the_delta(http: httpx.AsyncClient) -> None:
    first = (await http.get(f"{DATA}/accounts", headers=TRACK)).json()
    seen = first["value"][0]["accountid"]
    await http.patch(f"{DATA}/accounts({seen})", json={"name": "meanwhile"})
    _, link = await everything(http, first["@odata.nextLink"], TRACK)
    assert "meanwhile" in [each["name"] for each in (await http.get(link)).json()["value"]]


async def test_a_token_is_good_for_seven_days(box: Box, http: httpx.AsyncClient) -> None:
    _, link = await everything(http, f"{DATA}/contacts", TRACK)
    box.store.set_setting("_clock_ahead", timedelta(days=6, hours=23).total_seconds())
    await sign_in_anew(box, http)
    assert (await http.get(link)).status_code == 200
    box.store.set_setting("_clock_ahead", timedelta(days=7, hours=1).total_seconds())
    await sign_in_anew(box, http)
    told = await http.get(link)
    assert (told.status_code, told.json()["error"]["code"]) == (400, "0x80044352")


async def sign_in_anew(box: Box, http: httpx.AsyncClient) -> None:
    from tests.dataverse.conftest import CLIENT, SECRET, TOKEN, URL

    form = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET}
    token = (await http.post(TOKEN, data=form | {"scope": f"{URL}/.default"})).json()
    http.headers["Authorization"] = f"Bearer {token['access_token']}"


@pytest.mark.parametrize("option", ["$filter=name eq 'x'", "$orderby=name", "$top=1"])
async def test_what_cannot_be_tracked_is_refused(http: httpx.AsyncClient, option: str) -> None:
    told = await http.get(f"{DATA}/accounts?{option}", headers=TRACK)
    assert told.status_code == 400
    assert "isn't supported when Change Tracking is enabled" in told.json()["error"]["message"]
