"""Invoices and receipts, where Fusion is unlike the others; what all ERPs share is asked in `tests/ports`."""

from decimal import Decimal
from typing import Any

import httpx
import msgspec
import pytest

from canonical.faults import Conflict, Invalid, NotFound, VendorRefused
from canonical.money import Money
from canonical.objects import Invoice, InvoiceLine
from foundation.sandbox import Box
from system_apis.oracle_fusion.adapter import OracleFusion
from system_apis.oracle_fusion.sandbox.owed_rules import apply
from system_apis.oracle_fusion.sandbox.schema import RESOURCES
from system_apis.oracle_fusion.sandbox.writing import create
from tests.oracle_fusion.conftest import Listening
from tests.oracle_fusion.test_adapter import CUSTOMER, KEY

BILL = "bill:C-3:2026-12"


def line(seq: int, amount: str, **more: Any) -> InvoiceLine:
    return InvoiceLine(seq=seq, description=f"Line {seq}", net=Money.of(amount, "EUR"), **more)


def invoice(account_id: str, box: Box, /, **more: Any) -> Invoice:
    plain: dict[str, Any] = {
        "legal_entity_id": "ACME-DE",
        "account_id": account_id,
        "issued_on": box.now().date(),
        "currency": "EUR",
        "lines": [line(1, "100.00"), line(2, "50.50")],
    }
    return Invoice(**plain | more)


@pytest.fixture
async def customer(fusion: OracleFusion) -> str:
    return (await fusion.upsert_customer(KEY, CUSTOMER)).id


def received(box: Box, account: str, amount: str) -> str:
    """A receipt as somebody enters it."""
    body = {
        "ReceiptNumber": f"R-{amount}",
        "ReceiptMethod": "Manual",
        "BusinessUnit": "ACME-DE Business Unit",
        "Amount": amount,
        "Currency": "EUR",
        "ReceiptDate": "2026-12-01",
        "CustomerAccountNumber": account,
    }
    with box.store.transaction():
        return str(create(box, RESOURCES["standardReceipts"], body)["StandardReceiptId"])


async def test_a_draft_is_made_again_where_it_differs_and_is_there_once(
    fusion: OracleFusion, box: Box, customer: str, heard: Listening
) -> None:
    first = await fusion.upsert_invoice(BILL, invoice(customer, box))
    before = len(heard.asked)
    changed = invoice(
        customer, box, lines=[line(1, "99.00", kind="milestone", source_refs=["m1", "m2"])], po_number="PO"
    )
    second = await fusion.upsert_invoice(BILL, changed)
    assert [each.method for each in heard.asked[before:]].count("POST") == 1, "deleted and made in one batch"
    assert (first.created, second.created) == (True, False)
    found = await fusion.invoice_by_key(BILL)
    assert (found.id, found.lines, found.po_number) == (second.id, changed.lines, "PO")
    assert (found.net, found.tax, found.status) == (Money.of("99.00", "EUR"), Money.of(0, "EUR"), "draft")
    with pytest.raises(NotFound):
        await fusion.invoice(first.id)


async def test_posting_gives_the_legal_number_and_then_it_stays(fusion: OracleFusion, box: Box, customer: str) -> None:
    written = await fusion.upsert_invoice(BILL, invoice(customer, box))
    assert (await fusion.invoice(written.id)).number == ""
    for _ in range(2):
        await fusion.post_invoice(written.id)
        found = await fusion.invoice(written.id)
        assert (found.status, found.number, found.balance) == ("posted", "1", Money.of("150.50", "EUR"))
    assert (await fusion.upsert_invoice(BILL, invoice(customer, box))).id == written.id
    with pytest.raises(Conflict, match="is complete, and differs"):
        await fusion.upsert_invoice(BILL, invoice(customer, box, po_number="PO-1"))


async def test_in_a_closed_period_nothing_is_posted(fusion: OracleFusion, box: Box, customer: str) -> None:
    old = box.now().date().replace(day=1, year=box.now().year - 3)
    written = await fusion.upsert_invoice(BILL, invoice(customer, box, issued_on=old))
    with pytest.raises(VendorRefused, match="not in an open period"):
        await fusion.post_invoice(written.id)
    assert (await fusion.invoice(written.id)).status == "draft"


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"kind": "credit_note"}, "/kind"),
        ({"lines": []}, "/lines"),
        ({"lines": [line(1, "1.00", unit="KGM")]}, "/lines/0/unit"),
        ({"account_id": "CDRM_999"}, "/account_id"),
        ({"account_id": "no such id"}, "/account_id"),
        ({"legal_entity_id": "ACME-XX"}, "/legal_entity_id"),
    ],
)
async def test_what_cannot_be_an_invoice_there(
    fusion: OracleFusion, box: Box, customer: str, more: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await fusion.upsert_invoice(BILL, invoice(customer, box, **more))
    assert [each.pointer for each in refused.value.errors] == [pointer]
    assert box.store.all("receivablesInvoices") == []


async def test_a_net_that_its_price_does_not_come_to_is_one_piece_of_it(
    fusion: OracleFusion, box: Box, customer: str
) -> None:
    rounded = line(1, "33.33", quantity=Decimal("0.333"), unit="HUR", unit_price=Money.of("100.00", "EUR"))
    exact = line(2, "150.00", quantity=Decimal("1.5"), unit="HUR", unit_price=Money.of("100.00", "EUR"))
    await fusion.upsert_invoice(BILL, invoice(customer, box, lines=[rounded, exact]))
    one, two = (await fusion.invoice_by_key(BILL)).lines
    assert (one.net, one.quantity, one.unit) == (Money.of("33.33", "EUR"), Decimal(1), "")
    assert two == exact


async def test_an_invoice_of_many_lines_is_read_whole(fusion: OracleFusion, box: Box, customer: str) -> None:
    lines = [line(number, "1.25") for number in range(1, 41)]
    await fusion.upsert_invoice(BILL, invoice(customer, box, lines=lines))
    found = await fusion.invoice_by_key(BILL)
    assert (found.lines, found.net) == (lines, Money.of("50.00", "EUR"))
    assert (await fusion.upsert_invoice(BILL, invoice(customer, box, lines=lines))).created is False


async def test_a_receipt_settles_an_invoice_in_part_and_then_in_full(
    fusion: OracleFusion, box: Box, customer: str, heard: Listening
) -> None:
    owed = (await fusion.upsert_invoice(BILL, invoice(customer, box))).id
    await fusion.post_invoice(owed)
    (site,) = box.store.find("customerAccountSitesLOV", PartyNumber=customer)
    receipt, other = received(box, site["AccountNumber"], "200.00"), received(box, site["AccountNumber"], "7.00")
    fresh = await fusion.payment(receipt)
    assert (fresh.status, fresh.unapplied, fresh.allocations) == ("received", Money.of("200.00", "EUR"), [])
    apply(box, receipt, owed, Decimal("100.50"))
    part = await fusion.payment(receipt)
    assert (part.account_id, part.status, part.unapplied) == (customer, "part_applied", Money.of("99.50", "EUR"))
    assert [(each.invoice_id, each.amount) for each in part.allocations] == [(owed, Money.of("100.50", "EUR"))]
    assert (await fusion.invoice(owed)).status == "part_paid"
    assert [each.id for each in (await fusion.payments(invoice_id=owed)).items] == [receipt]
    apply(box, receipt, owed, Decimal("50.00"))
    assert (await fusion.invoice(owed)).status == "paid"
    assert {each.id for each in (await fusion.payments(customer_id=customer)).items} == {receipt, other}
    finders = [each.url.params["finder"] for each in heard.asked if "AccountActivities" in each.url.path]
    assert all("TransactionLimitByDays=36500,TransactionStatus=Both" in each for each in finders)


async def test_lists_are_of_one_customer_where_one_is_named(fusion: OracleFusion, box: Box, customer: str) -> None:
    other = await fusion.upsert_customer("salesforce:2", msgspec.structs.replace(CUSTOMER, legal_name="Weser Werke"))
    mine = (await fusion.upsert_invoice(BILL, invoice(customer, box))).id
    theirs = (await fusion.upsert_invoice("bill:2", invoice(other.id, box))).id
    assert [each.id for each in (await fusion.invoices()).items] == [mine, theirs]
    assert [(each.id, each.account_id) for each in (await fusion.invoices(customer_id=other.id)).items] == [
        (theirs, other.id)
    ]
    for nobody in ("CDRM_999", "no' or '1'='1"):
        assert (await fusion.invoices(customer_id=nobody)).items == []
        assert (await fusion.payments(customer_id=nobody)).items == []
    assert (await fusion.payments(invoice_id=mine)).items == []
    with pytest.raises(NotFound):
        await fusion.payments(invoice_id="7")


async def test_whose_an_account_is_is_asked_once(
    fusion: OracleFusion, box: Box, customer: str, heard: Listening
) -> None:
    written = await fusion.upsert_invoice(BILL, invoice(customer, box))
    (site,) = box.store.find("customerAccountSitesLOV", PartyNumber=customer)
    receipt = received(box, site["AccountNumber"], "1.00")
    for _ in range(3):
        await fusion.invoice(written.id)
        await fusion.payment(receipt)
    assert len([each for each in heard.asked if each.url.path.endswith("customerAccountSitesLOV")]) == 1


async def test_lines_of_an_invoice_are_not_changed_and_a_complete_one_is_not_deleted(
    fusion: OracleFusion, box: Box, customer: str, http: httpx.AsyncClient
) -> None:
    written = await fusion.upsert_invoice(BILL, invoice(customer, box))
    here = f"/fscmRestApi/resources/11.13.18.05/receivablesInvoices/{written.id}"
    assert (await http.patch(here, json={"PurchaseOrder": "x"})).status_code == 400
    lines = (await http.get(f"{here}/child/receivablesInvoiceLines")).json()["items"]
    below = f"{here}/child/receivablesInvoiceLines/{lines[0]['CustomerTransactionLineId']}"
    assert (await http.patch(below, json={"Description": "x"})).status_code == 405
    await fusion.post_invoice(written.id)
    assert (await http.delete(here)).status_code == 400
    assert (await http.patch(here, json={"InvoiceStatus": "Incomplete"})).status_code == 200
    assert (await http.delete(here)).status_code == 204
