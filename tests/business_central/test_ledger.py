"""Documents and the customer ledger of the sandbox: posted once, edited never, applied as far as something is open."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from foundation.sandbox import Box
from system_apis.business_central.sandbox import ledger
from tests.business_central.test_sandbox import code, made

EVERY = {"If-Match": "*"}


async def drafted(http: httpx.AsyncClient, company: str, kind: str = "salesInvoices", **more: Any) -> dict[str, Any]:
    customer = more.pop("customerId", None) or (await made(http, company, country="DE"))["id"]
    lines = {"salesInvoices": "salesInvoiceLines", "salesCreditMemos": "salesCreditMemoLines"}[kind]
    body = {"customerId": customer, lines: [{"sequence": 10000, "quantity": 3, "unitPrice": 33.335}]} | more
    answer = await http.post(f"{company}/{kind}", json=body)
    assert answer.status_code == 201, answer.text
    return await read(http, company, kind, answer.json()["id"])


async def read(http: httpx.AsyncClient, company: str, kind: str, id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await http.get(f"{company}/{kind}({id})")).json()
    return found


async def post(http: httpx.AsyncClient, company: str, kind: str, id: str) -> httpx.Response:
    return await http.post(f"{company}/{kind}({id})/Microsoft.NAV.post")


async def test_a_document_is_worth_its_lines_rounded_and_taxed_at_home(http: httpx.AsyncClient, company: str) -> None:
    draft = await drafted(http, company)
    totals = [draft[f"total{name}"] for name in ("AmountExcludingTax", "TaxAmount", "AmountIncludingTax")]
    assert totals == [100.01, 19, 119.01]
    assert (draft["status"], draft["remainingAmount"]) == ("Draft", 0)
    assert draft["invoiceDate"] == draft["postingDate"] == draft["dueDate"]


async def test_posted_it_keeps_its_id_gets_another_number_and_is_edited_no_more(
    http: httpx.AsyncClient, company: str
) -> None:
    draft = await drafted(http, company)
    assert (await post(http, company, "salesInvoices", draft["id"])).status_code == 204
    posted = await read(http, company, "salesInvoices", draft["id"])
    assert (posted["status"], posted["remainingAmount"]) == ("Open", 119.01)
    assert posted["number"] != draft["number"]
    address = f"{company}/salesInvoices({draft['id']})"
    line = (await http.get(f"{address}/salesInvoiceLines")).json()["value"][0]["id"]
    for refused in (
        await post(http, company, "salesInvoices", draft["id"]),
        await http.patch(address, json={"title": "x"}, headers=EVERY),
        await http.patch(f"{company}/salesInvoiceLines({line})", json={"quantity": 1}, headers=EVERY),
        await http.delete(f"{company}/salesInvoiceLines({line})", headers=EVERY),
        await http.delete(address, headers=EVERY),
    ):
        assert code(refused) == (400, "Application_DialogException")


async def test_a_draft_goes_with_its_lines_and_a_line_with_its_amount(http: httpx.AsyncClient, company: str) -> None:
    draft = await drafted(http, company)
    address = f"{company}/salesInvoices({draft['id']})"
    second = (await http.post(f"{address}/salesInvoiceLines", json={"quantity": 1, "unitPrice": 1})).json()
    assert (await read(http, company, "salesInvoices", draft["id"]))["totalAmountExcludingTax"] == 101.01
    assert (await http.delete(f"{company}/salesInvoiceLines({second['id']})", headers=EVERY)).status_code == 204
    assert (await read(http, company, "salesInvoices", draft["id"]))["totalAmountExcludingTax"] == 100.01
    assert (await http.delete(address, headers=EVERY)).status_code == 204
    assert (await http.get(f"{company}/salesInvoiceLines")).json()["value"] == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"salesInvoiceLines": []}, "at least one line item"),
        ({"postingDate": "2020-01-01"}, "range of allowed posting dates"),
    ],
)
async def test_what_cannot_be_posted_stays_a_draft(
    http: httpx.AsyncClient, company: str, more: dict[str, Any], words: str
) -> None:
    draft = await drafted(http, company, **more)
    refused = await post(http, company, "salesInvoices", draft["id"])
    assert code(refused) == (400, "Application_DialogException")
    assert words in refused.json()["error"]["message"]
    assert (await read(http, company, "salesInvoices", draft["id"]))["status"] == "Draft"


async def test_nothing_is_posted_for_a_customer_who_is_blocked(http: httpx.AsyncClient, company: str) -> None:
    draft = await drafted(http, company)
    customer = f"{company}/customers({draft['customerId']})"
    assert (await http.patch(customer, json={"blocked": "Invoice"}, headers=EVERY)).status_code == 200
    assert code(await post(http, company, "salesInvoices", draft["id"])) == (400, "Application_DialogException")


async def test_a_credit_memo_is_applied_as_far_as_its_invoice_is_open_and_no_further(
    http: httpx.AsyncClient, box: Box, company: str
) -> None:
    invoice = await drafted(http, company)
    wanted = {"customerId": invoice["customerId"], "invoiceId": invoice["id"]}
    early = await drafted(http, company, "salesCreditMemos", **wanted)
    assert code(await post(http, company, "salesCreditMemos", early["id"])) == (400, "Application_DialogException")
    await post(http, company, "salesInvoices", invoice["id"])
    entry = {"documentType": "Payment", "amount": -100, "customerId": invoice["customerId"]}
    paid = ledger.entered(box, box.store.find("companies", name="ACME-DE")[0]["id"], entry)
    ledger.apply(box, paid["id"], invoice["id"], Decimal(100))
    assert (await post(http, company, "salesCreditMemos", early["id"])).status_code == 204
    memo = await read(http, company, "salesCreditMemos", early["id"])
    settled = await read(http, company, "salesInvoices", invoice["id"])
    assert (settled["status"], settled["remainingAmount"]) == ("Paid", 0)
    assert (memo["status"], memo["remainingAmount"]) == ("Open", 100)
    assert settled["@odata.etag"] != invoice["@odata.etag"]


async def test_the_ledger_is_read_and_filtered_and_nobody_writes_it(
    http: httpx.AsyncClient, box: Box, company: str
) -> None:
    invoice = await drafted(http, company)
    await post(http, company, "salesInvoices", invoice["id"])
    entry = {"documentType": "Payment", "amount": -5, "customerId": invoice["customerId"]}
    ledger.entered(box, box.store.find("companies", name="ACME-DE")[0]["id"], entry)
    asked = {"$filter": "documentType eq 'Payment'", "$expand": "appliedEntries"}
    (found,) = (await http.get(f"{company}/customerLedgerEntries", params=asked)).json()["value"]
    assert (found["amount"], found["remainingAmount"], found["appliedEntries"]) == (-5, -5, [])
    for refused in (
        await http.post(f"{company}/customerLedgerEntries", json={}),
        await http.post(f"{company}/customerLedgerEntries({found['id']})/appliedEntries", json={}),
    ):
        assert code(refused) == (405, "BadRequest_MethodNotAllowed")


async def test_time_in_a_projects_ledger_is_edited_no_more(http: httpx.AsyncClient, box: Box, company: str) -> None:
    customer = (await made(http, company))["id"]
    project = {"number": "DE-27-0001", "billToCustomerId": customer}
    job = (await http.post(f"{company}/projects", json=project)).json()["id"]
    acme = box.store.find("companies", name="ACME-DE")[0]["id"]
    employee = box.store.find("employees", _company=acme)[0]["id"]
    body = {"employeeId": employee, "jobId": job, "date": "2026-12-17", "quantity": 2.5, "unitOfMeasureCode": "HOUR"}
    row = (await http.post(f"{company}/timeRegistrationEntries", json=body)).json()
    assert (row["status"], row["posted"]) == ("Open", False)
    address = f"{company}/timeRegistrationEntries({row['id']})"
    assert (await http.patch(address, json={"status": "Approved"}, headers=EVERY)).status_code == 200
    assert code(await http.patch(address, json={"posted": True}, headers=EVERY)) == (400, "BadRequest_InvalidOperation")
    box.store.update("timeRegistrationEntries", row["id"], {"posted": True})
    for refused in (
        await http.patch(address, json={"quantity": 3}, headers=EVERY),
        await http.delete(address, headers=EVERY),
    ):
        assert code(refused) == (400, "Application_DialogException")
