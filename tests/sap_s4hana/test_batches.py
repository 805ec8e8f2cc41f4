"""What goes in one call: changes of a document are made together or not at all, and an answer that is none is named."""

from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from canonical.faults import (
    Drifted,
    Fault,
    NotFound,
    OutcomeUnknown,
    VendorBusy,
    VendorDown,
    VendorForbade,
    VendorRefused,
    VendorStale,
)
from canonical.objects import SalesOrder
from foundation.counting import Counters, Quota, Window
from foundation.sandbox import Box, FaultRule
from foundation.vendor_budget import Budget
from foundation.vendor_http import http_client
from system_apis.sap_s4hana import wire
from system_apis.sap_s4hana.adapter import SapS4hana
from system_apis.sap_s4hana.auth import sign_in
from system_apis.sap_s4hana.updates import Change
from tests.ports import objects
from tests.sap_s4hana.test_orders import line

ORDER = f"{wire.ORDERS}/A_SalesOrder('1')"
CHANGES = [
    Change(method="PATCH", path=ORDER, body=wire.Wire(), etag='W/"7"'),
    Change(method="DELETE", path=f"{wire.ORDERS}/A_SalesOrderItem(SalesOrder='1',SalesOrderItem='10')"),
]
Answering = Callable[[httpx.Request], httpx.Response]


def calling(answering: Answering) -> SapS4hana:
    return SapS4hana(httpx.AsyncClient(transport=httpx.MockTransport(answering), base_url="http://vendor"))


def answered(text: str, kind: str = "multipart/mixed; boundary=b", status: int = 202) -> SapS4hana:
    """The adapter where a batch is answered so."""
    content = text.replace("\n", "\r\n").encode()

    def answering(request: httpx.Request) -> httpx.Response:
        assert request.url.path.endswith("/$batch")
        return httpx.Response(status, headers={"Content-Type": kind}, content=content)

    return calling(answering)


def part(status: int, more: str = "") -> str:
    return f"--b\nContent-Type: application/http\nContent-Length: 9\n\nHTTP/1.1 {status} .\n{more}\n\n"


def error(code: str, words: str, *details: tuple[str, str]) -> str:
    said = [{"code": each, "message": text, "severity": "error", "ContentID": "2"} for each, text in details]
    inner = {"application": {}, "errordetails": said}
    return msgspec.json.encode(
        {"error": {"code": code, "message": {"lang": "en", "value": words}, "innererror": inner}}
    ).decode()


async def fault_of(sap: SapS4hana, changes: list[Change]) -> Fault:
    with pytest.raises(Fault) as told:
        await sap._apply(changes)
    return told.value


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (428, error("/IWBEP/CM_MGW_RT/175", "Precondition required"), VendorStale),
        (412, error("/IWBEP/CM_MGW_RT/022", "Precondition failed"), VendorStale),
        (412, "", VendorStale),
        (409, error("V1/041", "Sales document 1 is currently being processed by user X"), VendorBusy),
        (400, error("V1/041", "Sales document 1 is currently being processed by user X"), VendorBusy),
        (423, "", Drifted),
        (403, error("SY/530", "No authorization"), VendorForbade),
        (403, "<html></html>", VendorForbade),
        (404, error("/IWBEP/CM_MGW_RT/020", "Resource not found for segment"), NotFound),
        (400, error("V1/302", "no such material", ("V1/302", "no such material"), ("V1/007", "no qty")), VendorRefused),
        (400, error("005056A509B1", "Property x not found in type y"), Drifted),
        (429, "{}", VendorBusy),
        (500, error("CX_SY_ZERODIVIDE/000", "dump"), VendorDown),
        (503, "<html>maintenance</html>", VendorDown),
    ],
)
async def test_a_part_is_refused_for_what_the_call_alone_would_be(status: int, body: str, kind: type[Fault]) -> None:
    headers = {"Retry-After": "7"}
    alone = calling(lambda _: httpx.Response(status, headers=headers, content=body.encode()))
    single = await fault_of(alone, CHANGES[:1])
    one = await fault_of(answered(part(status, f"Retry-After: 7\n\n{body}") + "--b--\n"), CHANGES)
    whole = await fault_of(calling(lambda _: httpx.Response(status, headers=headers, content=body.encode())), CHANGES)
    assert type(one) is kind
    for each in (one, whole):
        assert (type(each), each.detail, each.errors, each.facts) == (
            type(single),
            single.detail,
            single.errors,
            single.facts,
        )
        assert each.system == "sap_s4hana"


DONE = part(204, "Content-Length: 0\ndataserviceversion: 2.0\n")


def change_set(text: str) -> str:
    inside = text.replace("--b", "--c")
    return f"--b\nContent-Type: multipart/mixed; boundary=c\nContent-Length: 1\n\n{inside}\n"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", ""),
        ("<html>Logon</html>", "text/html"),
        ("{}", "application/json"),
        (change_set(DONE * 2 + "--b--\n"), ""),
        (change_set(DONE * 2) + "--b--\n", ""),
        (change_set(DONE + "--b--\n") + "--b--\n", ""),
        (change_set(DONE * 3 + "--b--\n") + "--b--\n", ""),
        ("--b\nContent-Type: text/plain\n\nhello\n--b--\n", ""),
        (part(204).replace("HTTP/1.1", "HTTP/x") * 2 + "--b--\n", ""),
        (change_set(DONE * 2 + "--b--\n") + "--b--\n", "multipart/mixed"),
    ],
)
async def test_a_change_set_whose_answer_is_none_may_have_been_made(text: str, kind: str) -> None:
    sap = answered(text, kind or "multipart/mixed; boundary=b")
    assert type(await fault_of(sap, CHANGES)) is OutcomeUnknown

    def hanging(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("no answer", request=request)

    assert type(await fault_of(calling(hanging), CHANGES)) is OutcomeUnknown


async def test_a_change_set_is_read_however_it_is_written() -> None:
    """As SAP's own Gateway writes it, with lines that end otherwise, and parts that name what they answer."""
    sent: list[httpx.Request] = []
    whole = change_set(DONE * 2 + "--b--\n") + "--b--\n"
    named = DONE.replace("\nContent-Length: 9", "\ncontent-id: {}\nContent-Length: 9")
    for text, ends in (
        (whole, "\r\n"),
        (whole, "\n"),
        (whole.replace("--b", "--9AF244D903F40").replace("--c", "--9AF244D903F41"), "\r\n"),
        (change_set(named.format(2) + named.format(1) + "--b--\n") + "--b--\n", "\r\n"),
        ("preamble\n" + whole + "epilogue\n", "\r\n"),
    ):
        boundary = "9AF244D903F40" if "9AF2" in text else "b"
        content = text.replace("boundary=c", "boundary=9AF244D903F41" if "9AF2" in text else "boundary=c")

        def answering(
            request: httpx.Request, content: str = content, ends: str = ends, boundary: str = boundary
        ) -> httpx.Response:
            sent.append(request)
            kind = {"Content-Type": f'multipart/mixed;boundary="{boundary}"', "sap-server": "true"}
            return httpx.Response(202, headers=kind, content=content.replace("\n", ends).encode())

        await calling(answering)._apply(CHANGES)
    assert {each.url.path for each in sent} == {f"{wire.ORDERS}/$batch"}
    said = sent[0].content.decode()
    assert said.count('If-Match: W/"7"\r\n') == 1, "each part says which version it is of"
    assert "Content-ID: 2\r\n" in said
    assert "Content-Length: 2\r\n\r\n{}" in said


@pytest.mark.parametrize(
    ("text", "kind", "fault"),
    [
        (part(404, f"\n{error('/IWBEP/CM_MGW_RT/020', 'none')}") + part(200, '\n{"d":{}}') + "--b--\n", "", NotFound),
        (part(200, '\n{"d":{"results":[]}}') + "--b--\n", "", Drifted),
        (part(200, '\n{"d":{"results":[]}}') * 3 + "--b--\n", "", Drifted),
        (part(200, '\n{"d":{"results":[]}}') * 2, "", VendorDown),
        (part(200, '\n{"d":{"resul') * 2 + "--b--\n", "", VendorDown),
        ("{}", "application/json", Drifted),
        ("<html>Logon</html>", "text/html", Drifted),
    ],
)
async def test_reads_that_are_answered_otherwise_are_named(text: str, kind: str, fault: type[Fault]) -> None:
    with pytest.raises(Fault) as told:
        await answered(text, kind or "multipart/mixed; boundary=b").project_tasks(
            "00163e1a-2b3c-1eef-8a8b-0123456789ab"
        )
    assert type(told.value) is fault


class Counting(httpx.AsyncBaseTransport):
    """The sandbox, and what it is called."""

    def __init__(self, box: Box) -> None:
        self._inner = box.transport()
        self.calls: list[tuple[str, str]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.calls.append((request.method, request.url.path))
        return await self._inner.handle_async_request(request)

    @property
    def writes(self) -> list[str]:
        return [path.rpartition("/")[2] for method, path in self.calls if method not in ("GET", "HEAD")]


@pytest.fixture
def counting(box: Box) -> Counting:
    return Counting(box)


@pytest.fixture
def watched(counting: Counting, connection: Any) -> SapS4hana:
    auth, user = sign_in(connection)
    return SapS4hana(http_client(connection, auth, counting), user)


async def drafted(sap: SapS4hana) -> SalesOrder:
    account = (await sap.upsert_customer(objects.CUSTOMER, objects.customer())).id
    data = objects.sales_order(account_id=account)
    await sap.upsert_order(objects.ORDER, data)
    return msgspec.structs.replace(data, po_number="PO-2", lines=[line(1, data.lines[0].code, "7", "14.29", "100.00")])


async def test_all_changes_of_an_order_are_one_call(watched: SapS4hana, counting: Counting) -> None:
    wanted = await drafted(watched)
    counting.calls.clear()
    await watched.upsert_order(objects.ORDER, wanted)
    assert counting.writes == ["$batch"]
    found = await watched.order_by_key(objects.ORDER)
    assert (found.lines, found.po_number) == (wanted.lines, "PO-2")
    counting.calls.clear()
    await watched.upsert_order(objects.ORDER, wanted)
    assert counting.writes == [], "what is alike is not sent"


@pytest.mark.parametrize("fault", ["server_error", "stale_version", "throttled", "html_error"])
async def test_an_order_is_changed_whole_or_not_at_all(watched: SapS4hana, box: Box, fault: Any) -> None:
    """The last of its changes fails, after its head and its first item were written."""
    wanted = await drafted(watched)
    before = box.store.contents()
    box.faults.add(FaultRule(fault=fault, path=r"A_SalesOrderItem\(", method="DELETE"))
    with pytest.raises(Fault) as told:
        await watched.upsert_order(objects.ORDER, wanted)
    assert type(told.value) in (VendorDown, VendorStale, VendorBusy)
    assert box.store.contents() == before
    await watched.upsert_order(objects.ORDER, wanted)
    assert (await watched.order_by_key(objects.ORDER)).lines == wanted.lines


async def test_what_somebody_saved_meanwhile_undoes_all_of_it(watched: SapS4hana, box: Box) -> None:
    wanted = await drafted(watched)
    read = watched._sold_by

    async def slow(key: str) -> Any:
        found = await read(key)
        assert found is not None
        stamp = {"LastChangeDateTime": "2026-01-01T00:00:00.0000009Z"}
        box.store.update("A_SalesOrder", found.sales_order, {"CustomerPaymentTerms": "NT60"} | stamp)
        return found

    watched._sold_by = slow  # type: ignore[method-assign]  # somebody is at work between our read and our write
    items = box.store.all("A_SalesOrderItem")
    with pytest.raises(VendorStale):
        await watched.upsert_order(objects.ORDER, wanted)
    assert box.store.all("A_SalesOrderItem") == items


@pytest.mark.parametrize("fault", ["timeout_before_commit", "timeout_after_commit", "truncated_body"])
async def test_a_change_set_without_an_answer_is_settled_by_the_next(watched: SapS4hana, box: Box, fault: Any) -> None:
    wanted = await drafted(watched)
    box.faults.add(FaultRule(fault=fault, path=r"\$batch"))
    with pytest.raises(OutcomeUnknown):
        await watched.upsert_order(objects.ORDER, wanted)
    await watched.upsert_order(objects.ORDER, wanted)
    found = await watched.order_by_key(objects.ORDER)
    assert (found.lines, found.po_number) == (wanted.lines, "PO-2")
    assert box.store.duplicates() == []
    assert len(box.store.all("A_SalesOrderItem")) == len(wanted.lines)


async def test_a_service_that_takes_one_operation_is_asked_one_by_one_from_then_on(
    watched: SapS4hana, counting: Counting, box: Box
) -> None:
    wanted = await drafted(watched)
    box.store.set_setting("single_change_services", ["API_SALES_ORDER_SRV"])
    counting.calls.clear()
    await watched.upsert_order(objects.ORDER, wanted)
    first, *others = counting.writes
    assert first == "$batch"
    assert len(others) > 1
    assert "$batch" not in others
    found = await watched.order_by_key(objects.ORDER)
    assert (found.lines, found.po_number) == (wanted.lines, "PO-2")
    counting.calls.clear()
    more = [*wanted.lines, line(2, "SVC-ANALYST", "1", "5.00", "5.00")]
    await watched.upsert_order(objects.ORDER, msgspec.structs.replace(wanted, po_number="PO-3", lines=more))
    assert len(counting.writes) > 1
    assert "$batch" not in counting.writes
    box.store.set_setting("single_change_services", ["API_BUSINESS_PARTNER"])
    box.store.set_setting("change_set_of_one", [501, "/X/1"])
    other = objects.customer(legal_name="Other AG", email="other@elbe.example")
    await watched.upsert_customer(objects.CUSTOMER, other)
    assert (await watched.customer_by_key(objects.CUSTOMER)).email == "other@elbe.example"


async def test_the_budget_counts_one_call(watched: SapS4hana, box: Box, connection: Any) -> None:
    await drafted(watched)
    (order,) = box.store.all("A_SalesOrder")
    auth, user = sign_in(connection)
    budget = Budget(calls=Quota(2, Window(86_400)), wait=0.0)  # of which work of no class may use one
    budgeted = msgspec.structs.replace(connection, budget=budget, counters=Counters())
    sap = SapS4hana(http_client(budgeted, auth, box.transport()), user)
    path = f"{wire.ORDERS}/A_SalesOrder('{order['SalesOrder']}')"
    nine = [Change(method="PATCH", path=path, body=wire.Wire(), etag="*")] * 9
    await sap._apply(nine)
    with pytest.raises(VendorBusy):
        await sap._apply(nine)


async def test_what_a_page_of_invoices_rests_on_is_read_in_few_calls(
    watched: SapS4hana, counting: Counting, box: Box
) -> None:
    """More keys than one filter names are as many reads of one call; each of their pages is followed."""
    numbers = [f"9000{number:04}" for number in range(60)]
    for number in numbers:
        item = {"BillingDocument": number, "BillingDocumentItem": "10", "ReferenceSDDocument": number}
        item["ReferenceSDDocumentItem"] = "10"
        box.store.insert("A_BillingDocumentItem", f"{number}|10", item)
    box.store.set_setting("page_size", 10)
    found = await watched._each(
        "/sap/opu/odata/sap/API_BILLING_DOCUMENT_SRV",
        "A_BillingDocumentItem",
        dict[str, Any],
        numbers,
        lambda number: f"ReferenceSDDocument eq '{number}'",
    )
    assert len(found) == len(numbers)
    assert counting.writes == ["token", "$batch"]
    assert [method for method, _ in counting.calls].count("GET") == 2 + 2, "the pages behind the first of 25 each"
