"""What goes in one call: a change set is done whole or not, and an answer that is none is named."""

from typing import Any

import httpx
import pytest

from canonical.faults import Drifted, Fault, NotFound, OutcomeUnknown, VendorBusy, VendorDown, VendorStale
from canonical.ports.contracts import AgreementMark
from canonical.ports.orders import QuoteMark
from foundation.odata_batch import Call, change_set, reads
from foundation.sandbox import Box
from foundation.sandbox.firm import Deal
from system_apis.dataverse.adapter import Dataverse
from system_apis.dataverse.sandbox import org
from system_apis.dataverse.sandbox.schema import TABLES
from system_apis.dataverse.sandbox.seed import bind, currency, deal_id
from tests.batches import read
from tests.dataverse.conftest import DATA

ENDED = AgreementMark(amendment=2, order_id="131", ended=True)


def answered(text: str, status: int = 200, kind: str = "multipart/mixed; boundary=b") -> Dataverse:
    """The adapter where a batch is answered so."""

    def reply(request: httpx.Request) -> httpx.Response:
        assert request.url.path == f"{DATA}/$batch"
        return httpx.Response(status, headers={"Content-Type": kind}, content=text.replace("\n", "\r\n").encode())

    return Dataverse(httpx.AsyncClient(transport=httpx.MockTransport(reply), base_url="http://vendor"))


def part(status: int, more: str = "") -> str:
    return f"--b\nContent-Type: application/http\n\nHTTP/1.1 {status} .\n{more}\n\n"


@pytest.fixture
def order(box: Box, firm: dict[str, Deal]) -> str:
    (found,) = box.store.find("salesorder", opportunityid=deal_id(firm["D01"]))
    return str(found["salesorderid"])


async def test_what_cannot_be_closed_is_not_marked_either(
    box: Box, dataverse: Dataverse, firm: dict[str, Deal]
) -> None:
    """The action is refused after the columns were written: both are taken back."""
    of = {"opportunityid@odata.bind": bind("opportunity", deal_id(firm["D01"]))}
    of |= {"transactioncurrencyid@odata.bind": currency("USD")}
    made = org.create(box, TABLES["quote"], {"name": "Draft"} | of)
    before = dict(made)
    with pytest.raises(Fault, match="not in the active state"):
        await dataverse.mark_quote(made["quoteid"], QuoteMark(status="accepted", frozen=True, order_number="SO-1"))
    assert box.store.get("quote", made["quoteid"]) == before


async def test_a_mark_and_its_ending_are_one_call(box: Box, dataverse: Dataverse, order: str) -> None:
    await dataverse.mark_agreement(order, ENDED)
    row = box.store.get("salesorder", order) or {}
    assert (row["tg_carriedamendment"], row["tg_erporderid"], row["statecode"]) == (2, "131", 2)


async def test_a_set_of_ours_names_what_it_made_by_its_content_id(box: Box, http: httpx.AsyncClient) -> None:
    """As Microsoft's documents have it: `$1` is the row that the first call made, in an address and in a binding."""
    made = Call(method="POST", path=f"{DATA}/accounts", body={"name": "Made in a set"})
    person = {"lastname": "Set", "parentcustomerid_account@odata.bind": "$1"}
    calls = [made, Call(method="POST", path=f"{DATA}/contacts", body=person)]
    calls.append(Call(method="PATCH", path="$1", body={"telephone1": "7"}))
    for last, kept in ((Call(method="PATCH", path=f"{DATA}/accounts(x)", body={}), 0), (None, 1)):
        content, kind = change_set([*calls, last] if last else calls)
        told = await http.post(f"{DATA}/$batch", content=content, headers={"Content-Type": kind})
        rows = box.store.find("account", name="Made in a set")
        assert (len(rows), len(box.store.find("contact", lastname="Set"))) == (kept, kept)
        (parts,) = read(told.content, told.headers["Content-Type"])
        assert isinstance(parts, list) == bool(kept), "of a set that failed one part comes"
    assert rows[0]["telephone1"] == "7"


async def test_each_part_of_a_batch_that_reads_is_answered_though_one_fails(http: httpx.AsyncClient) -> None:
    content, kind = reads([Call(path=f"{DATA}/nothing"), Call(path=f"{DATA}/accounts?$top=1")])
    headers = {"Content-Type": kind, "Prefer": "odata.continue-on-error"}
    told = await http.post(f"{DATA}/$batch", content=content, headers=headers)
    assert [each["status"] for each in read(told.content, told.headers["Content-Type"])] == [404, 200]


ASKED = "00000000-0000-0000-0000-0000000000ff"
BUSY = '{"error": {"code": "0x80072322", "message": "Number of requests exceeded the limit."}}'
STALE = '{"error": {"code": "0x80060882", "message": "another version"}}'
LOST = '{"error": {"code": "0x80040217", "message": "Does Not Exist"}}'


@pytest.mark.parametrize(
    ("text", "status", "fault"),
    [
        (part(404, f"\n{LOST}") + part(200, '\n{"value": []}') + "--b--\n", 200, NotFound),
        (part(429, f"Retry-After: 7\n\n{BUSY}") * 2 + "--b--\n", 200, VendorBusy),
        (part(412, f"\n{STALE}") + "--b--\n", 400, VendorStale),
        (part(503) + "--b--\n", 400, VendorDown),
        (part(200, '\n{"value": []}') + "--b--\n", 200, Drifted),
        (part(200, '\n{"value": []}') * 3 + "--b--\n", 200, Drifted),
        (part(200, '\n{"value": []}') * 2, 200, VendorDown),
        ("--b\nContent-Type: text/plain\n\nhello\n" * 2 + "--b--\n", 200, VendorDown),
        ("", 200, VendorDown),
    ],
)
async def test_an_answer_is_the_fault_of_its_part_or_is_named(text: str, status: int, fault: type[Fault]) -> None:
    with pytest.raises(fault) as told:
        await answered(text, status).quote(ASKED)
    assert told.value.facts.get("retry_after") == ("7" if fault is VendorBusy else None)
    with pytest.raises(Drifted, match="not answered as one"):
        await answered("{}", 200, "application/json").quote(ASKED)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (part(412, f"\n{STALE}") + "--b--\n", VendorStale),
        (part(204), OutcomeUnknown),
        (part(204) + "--b--\n", OutcomeUnknown),
    ],
)
async def test_a_change_set_that_may_be_done_is_told_from_one_that_is_not(text: str, fault: type[Fault]) -> None:
    org_of: Any = answered(text)._org
    with pytest.raises(fault):
        await org_of.change(Call(method="POST", path="a"), Call(method="POST", path="b"))
