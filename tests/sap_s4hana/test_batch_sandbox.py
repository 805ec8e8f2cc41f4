"""`$batch` of the sandbox: how its parts are answered, what is undone with what, and which bodies are refused."""

import json
from typing import Any

import httpx
import pytest

from foundation.sandbox import Box, FaultRule
from tests.batches import read

SERVICES = "/sap/opu/odata/sap"
BP = f"{SERVICES}/API_BUSINESS_PARTNER"
V4 = "/sap/opu/odata4/sap/ztg_firm/srvd_a2x/sap/ztg_firm/0001"
BILLING = "/sap/opu/odata4/sap/api_billingdocument/srvd_a2x/sap/billingdocument/0001"
PARTNER = {"BusinessPartnerCategory": "2", "OrganizationBPName1": "Elbe Werke"}
MIXED = {"Content-Type": "multipart/mixed; boundary=b"}


def call(method: str, target: str, body: Any = None, *, id: str = "", **headers: str) -> str:
    named = {"Accept": "application/json", "Content-Type": "application/json", **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in named.items())
    above = (
        f"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n{f'Content-ID: {id}' if id else ''}"
    )
    return f"{above.strip()}\r\n\r\n{method} {target} HTTP/1.1\r\n{lines}\r\n{json.dumps(body) if body else ''}\r\n"


def change_set(*calls: str) -> str:
    inside = "".join(f"--c\r\n{each}" for each in calls)
    return f"Content-Type: multipart/mixed; boundary=c\r\n\r\n{inside}--c--\r\n"


def batch(*parts: str) -> bytes:
    return ("".join(f"--b\r\n{each}" for each in parts) + "--b--\r\n").encode()


async def posted(
    http: httpx.AsyncClient, *parts: str, at: str = BP, **headers: str
) -> tuple[httpx.Response, list[Any]]:
    told = await http.post(f"{at}/$batch", content=batch(*parts), headers=MIXED | headers)
    return told, read(told.content, told.headers["Content-Type"])


def names(box: Box) -> list[str]:
    return [each.get("OrganizationBPName1", "") for each in box.store.all("A_BusinessPartner")]


async def test_reads_and_change_sets_are_answered_in_their_order(http: httpx.AsyncClient, box: Box) -> None:
    told, parts = await posted(
        http,
        call("GET", "A_BusinessPartner?$top=1"),
        change_set(call("POST", "A_BusinessPartner", PARTNER)),
        call("GET", f"{BP}/A_Nobody"),
        call("GET", f"https://my300001-api.s4hana.ondemand.com{BP}/A_BusinessPartner/$count"),
    )
    assert (told.status_code, told.headers["dataserviceversion"]) == (202, "2.0")
    statuses = [[one["status"] for one in each] if isinstance(each, list) else each["status"] for each in parts]
    assert statuses == [200, [201], 404, 200]
    assert parts[0]["body"]["d"]["results"][0]["BusinessPartner"]
    assert parts[3]["body"] == 2
    assert "Elbe Werke" in names(box)
    assert told.text.count("Content-Length: ") == 4 * 2 + 1, "of each part, of each answer, of the set"


async def test_what_a_change_set_made_is_named_by_its_content_id(http: httpx.AsyncClient, box: Box) -> None:
    made = call("POST", "A_BusinessPartner", PARTNER, id="1")
    below = call("POST", "$1/to_BusinessPartnerAddress", {"Country": "DE", "CityName": "Kiel"}, id="2")
    named = call("PATCH", "$1", {"OrganizationBPName1": "Weser"}, id="3", If_Match="*")
    _, ((one, _, three),) = await posted(http, change_set(made, below, named))
    assert (one["status"], three["status"]) == (201, 204)
    number = one["body"]["d"]["BusinessPartner"]
    (address,) = box.store.find("A_BusinessPartnerAddress", BusinessPartner=number)
    assert (address["CityName"], (box.store.get("A_BusinessPartner", number) or {})["OrganizationBPName1"]) == (
        "Kiel",
        "Weser",
    )
    _, (outside,) = await posted(http, call("GET", "$1"))
    assert outside["status"] == 404, "it is of its change set alone"


@pytest.mark.parametrize(
    ("last", "status"),
    [
        (call("POST", "A_BusinessPartner", {"BusinessPartnerCategory": "2"}), 400),
        (call("PATCH", "$1", {"OrganizationBPName1": "x"}), 428),
        (call("PATCH", "$1", {"OrganizationBPName1": "x"}, If_Match="old"), 412),
        (call("DELETE", "A_BusinessPartner('1')"), 404),
        (call("POST", "$9/to_BusinessPartnerAddress", {"Country": "DE"}), 404),
        (call("POST", "A_BusinessPartner", PARTNER, Content_Type="text/plain"), 415),
    ],
)
async def test_a_change_set_is_done_whole_or_not_at_all(
    http: httpx.AsyncClient, box: Box, last: str, status: int
) -> None:
    """One answer comes of it, not in a part of parts; another change set of the batch stays done."""
    before = names(box)
    kept = change_set(call("POST", "A_BusinessPartner", PARTNER | {"OrganizationBPName1": "Kept"}))
    undone = change_set(call("POST", "A_BusinessPartner", PARTNER, id="1"), last)
    told, (failed, (made,)) = await posted(http, undone, kept)
    assert (told.status_code, failed["status"], made["status"]) == (202, status, 201)
    assert failed["body"]["error"]["message"]["value"]
    assert names(box) == [*before, "Kept"]


async def test_a_token_is_asked_of_the_batch_and_of_no_part(http: httpx.AsyncClient, box: Box) -> None:
    token = (await http.get(f"{BP}/")).request.headers["Authorization"]
    async with httpx.AsyncClient(transport=box.transport(), base_url=http.base_url) as bare:
        bare.headers["Authorization"] = token
        content = batch(call("GET", "A_BusinessPartner"))
        refused = await bare.post(f"{BP}/$batch", content=content, headers=MIXED)
        assert (refused.status_code, refused.headers["x-csrf-token"]) == (403, "Required")
        fetched = await bare.get(f"{BP}/", headers={"X-CSRF-Token": "Fetch"})
        good = {"X-CSRF-Token": fetched.headers["x-csrf-token"]}
        assert (await bare.post(f"{BP}/$batch", content=content, headers=MIXED | good)).status_code == 202


READ = call("GET", "A_BusinessPartner")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (batch(READ), "multipart/mixed"),
        (batch(READ), "multipart/mixed; boundary=other"),
        (b"{}", "application/json"),
        (batch("Content-Type: text/plain\r\n\r\nhello\r\n"), MIXED["Content-Type"]),
        (batch(READ.replace("HTTP/1.1", "HTTP/2")), MIXED["Content-Type"]),
        (batch(change_set(READ)), MIXED["Content-Type"]),
        (batch(call("POST", "A_BusinessPartner", PARTNER)), MIXED["Content-Type"]),
        (batch(call("GET", "$batch")), MIXED["Content-Type"]),
    ],
)
async def test_what_is_no_batch_is_refused_whole(http: httpx.AsyncClient, box: Box, content: bytes, kind: str) -> None:
    before = box.store.contents()
    for status, code in ((400, "/IWFND/CM_COS/022"), (415, "/X/001")):
        box.store.set_setting("batch_malformed", [status, code])
        told = await http.post(f"{BP}/$batch", content=content, headers={"Content-Type": kind})
        assert (told.status_code, told.json()["error"]["code"]) == (status, code)
    assert box.store.contents() == before
    assert (await http.get(f"{BP}/$batch")).status_code == 405


async def test_lines_may_end_otherwise(http: httpx.AsyncClient) -> None:
    content = batch(READ).replace(b"\r\n", b"\n")
    told = await http.post(f"{BP}/$batch", content=content, headers=MIXED)
    assert told.text.count("HTTP/1.1 200 OK") == 1


async def test_some_services_take_one_operation_in_a_change_set(http: httpx.AsyncClient, box: Box) -> None:
    box.store.set_setting("single_change_services", ["API_BUSINESS_PARTNER"])
    one = call("POST", "A_BusinessPartner", PARTNER)
    _, (refused, (made,)) = await posted(http, change_set(one, one), change_set(one))
    assert (refused["status"], made["status"]) == (400, 201)
    assert "allows only one operation" in refused["body"]["error"]["message"]["value"]
    assert names(box).count("Elbe Werke") == 1


async def test_a_fault_that_names_a_path_strikes_the_call_inside(http: httpx.AsyncClient, box: Box) -> None:
    rule = FaultRule(fault="stale_version", method="PATCH", path="A_BusinessPartner", times=2, after=1)
    box.faults.add(rule)
    box.faults.add(FaultRule(fault="timeout_before_commit", path=r"A_BusinessPartner\("))
    number = box.store.all("A_BusinessPartner")[0]["BusinessPartner"]
    patch = call("PATCH", f"A_BusinessPartner('{number}')", {"OrganizationBPName1": "New"}, If_Match="*")
    statuses = []
    for _ in range(4):
        _, (part,) = await posted(http, change_set(patch))
        statuses.append(part[0]["status"] if isinstance(part, list) else part["status"])
    assert statuses == [204, 412, 412, 204], "what is counted is not undone with the change set"


async def test_v4_ends_with_the_first_that_fails_unless_it_shall_go_on(http: httpx.AsyncClient) -> None:
    reads = [call("GET", "LegalEntity"), call("GET", "Nobody"), call("GET", "Worker?$count=true")]
    told, parts = await posted(http, *reads, at=V4)
    assert (told.status_code, told.headers["odata-version"]) == (200, "4.0")
    assert [each["status"] for each in parts] == [200, 404]
    assert isinstance(parts[1]["body"]["error"]["message"], str), "V4 says it plainly"
    _, parts = await posted(http, *reads, at=V4, Prefer="odata.continue-on-error")
    assert [each["status"] for each in parts] == [200, 404, 200]
    _, (refused,) = await posted(http, call("POST", "LegalEntity", {"Code": "x"}), at=V4)
    assert refused["status"] == 405, "it is only read, and a write may stand alone in V4"


async def test_v4_undoes_a_change_set_of_actions(http: httpx.AsyncClient) -> None:
    post = call("POST", "BillingDocument('1')/SAP__self.PostToAccounting", {"x": 1})
    bill = call("POST", "BillingDocument/SAP__self.CreateFromSDDocument", {"_Reference": []})
    _, ((made,), failed) = await posted(http, change_set(bill), change_set(bill, post), at=BILLING)
    assert (made["status"], failed["status"]) == (200, 404)
