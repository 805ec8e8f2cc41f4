"""Items and orders: released ones are left alone by the sandbox, opened and released again by the adapter."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from canonical.faults import Conflict, Invalid, NotFound, VendorRefused
from canonical.money import Money
from canonical.objects import OrderLine
from foundation.sandbox import Box
from system_apis.business_central.adapter import BusinessCentral
from system_apis.business_central.lines import priced
from tests.business_central.test_ledger import EVERY
from tests.business_central.test_sandbox import code, made
from tests.ports import objects


async def ordered(erp: BusinessCentral, **more: Any) -> str:
    """An order of the suite, written; its id."""
    customer = await erp.upsert_customer(objects.CUSTOMER, objects.customer())
    return (await erp.upsert_order(objects.ORDER, objects.sales_order(account_id=customer.id, **more))).id


def lines(box: Box) -> list[tuple[int, str, Any]]:
    return [(row["sequence"], row["lineObjectNumber"], row["quantity"]) for row in box.store.all("salesOrderLines")]


async def test_an_open_order_is_changed_line_by_line_and_stays_open(erp: BusinessCentral, box: Box) -> None:
    id = await ordered(erp)
    await erp.approve_order(id)
    ids = [row["id"] for row in box.store.all("salesOrderLines")]
    note = {"id": str(UUID(int=1)), "sequence": 15000, "lineType": "Comment", "lineObjectNumber": "", "quantity": 0}
    box.store.insert("salesOrderLines", note["id"], box.store.all("salesOrderLines")[0] | note)
    sold = objects.sales_order(account_id="").lines
    more = OrderLine(seq=3, code="KICKOFF", qty=Decimal(1), unit_price=sold[1].net, net=sold[1].net)
    other = [msgspec.structs.replace(sold[0], code="SVC-ENGINEER"), sold[1], more]
    for _ in range(2):
        await ordered(erp, lines=other)
        found = await erp.order_by_key(objects.ORDER)
        assert (found.status, [(line.code, line.net) for line in found.lines]) == (
            "open",
            [(line.code, line.net) for line in other],
        )
    assert sorted(lines(box)) == [
        (10000, "SVC-ENGINEER", Decimal("132.5")),
        (15000, "", 0),
        (20000, "SVC-ANALYST", 3),
        (30000, "KICKOFF", 1),
    ]
    kept = {row["id"] for row in box.store.all("salesOrderLines")} & set(ids)
    assert kept == {ids[1]}, "the line of another item is another line"


async def test_an_order_as_it_shall_be_is_not_touched(erp: BusinessCentral, box: Box) -> None:
    await erp.approve_order(await ordered(erp))
    written = len(box.store.writes())
    await ordered(erp)
    assert [write.kind for write in box.store.writes()[written:]] == ["customers"]


async def test_what_is_cancelled_or_billed_is_not_written_again(erp: BusinessCentral, box: Box) -> None:
    id = await ordered(erp)
    await erp.approve_order(id)
    for row in box.store.all("salesOrderLines"):
        box.store.update("salesOrderLines", row["id"], {"invoicedQuantity": row["quantity"]})
    assert (await ordered(erp), (await erp.order_by_key(objects.ORDER)).status) == (id, "billed")
    for asked in (ordered(erp, lines=objects.sales_order(account_id="").lines[:1]), erp.cancel_order(id)):
        with pytest.raises(Conflict, match="is billed"):
            await asked
    for row in box.store.all("salesOrderLines"):
        box.store.update("salesOrderLines", row["id"], {"invoicedQuantity": 0})
    for _ in range(2):
        await erp.cancel_order(id)
    assert (await erp.order_by_key(objects.ORDER)).status == "cancelled"
    assert box.store.all("salesOrders")[0]["status"] == "Draft"
    for asked in (ordered(erp), erp.approve_order(id)):
        with pytest.raises(Conflict, match="is cancelled"):
            await asked


async def test_the_contract_an_order_bills_is_written_beside_it_and_ends_it(erp: BusinessCentral, box: Box) -> None:
    id = await ordered(erp)
    await erp.approve_order(id)
    account = (await erp.order_by_key(objects.ORDER)).account_id
    contract = objects.contract(account_id=account, order_id=id, value=Money.of("21300.00", "EUR"))
    assert (await erp.upsert_contract(objects.ORDER, contract)).id == id
    found, order = await erp.contract_by_key(objects.ORDER), await erp.order_by_key(objects.ORDER)
    assert (found.value, found.number, found.status) == (Money.of("21300.00", "EUR"), "00000177", "active")
    assert (order.status, len(order.lines), order.title) == ("open", 2, contract.title)
    await erp.upsert_contract(objects.ORDER, msgspec.structs.replace(contract, status="expired"))
    assert (await erp.order_by_key(objects.ORDER)).status == "cancelled"
    assert box.store.all("salesOrders")[0]["status"] == "Draft"
    with pytest.raises(Invalid) as gone:
        await erp.upsert_contract(objects.DEAL, contract)
    assert [error.pointer for error in gone.value.errors] == ["/order_id"]


async def test_an_item_is_its_companys_own(erp: BusinessCentral, box: Box) -> None:
    """It is blocked in one of three."""
    (company,) = box.store.find("companies", name="ACME-DE")
    (row,) = box.store.find("items", _company=company["id"], number="SVC-ANALYST")
    box.store.update("items", row["id"], {"salesBlocked": True, "unitPrice": Decimal("95.5")})
    here, there = [await erp.item("SVC-ANALYST", entity) for entity in ("ACME-DE", "ACME-US")]
    assert (here.lifecycle, here.price, there.lifecycle) == ("closed", Money.of("95.5", "EUR"), "active")
    assert (await erp.item("SVC-ANALYST")).code == "SVC-ANALYST"
    with pytest.raises(VendorRefused, match="Sales Blocked"):
        await ordered(erp)
    for wrong in (("SVC-ANALYST", "ACME-XX"), ("' or 1 eq 1", "ACME-DE")):
        with pytest.raises(NotFound):
            await erp.item(*wrong)
    package = await erp.item("KICKOFF", "ACME-DE")
    assert (package.kind, len(package.components)) == ("bundle", 3)
    assert (await erp.item("DISCOUNT", "ACME-DE")).kind == "discount"


async def test_a_line_that_cannot_be_kept_is_refused_at_its_place(erp: BusinessCentral, box: Box) -> None:
    first, second = objects.sales_order(account_id="").lines
    for wrong, pointer in (
        ([], "/lines"),
        ([first, msgspec.structs.replace(second, code="SVC-PILOT")], "/lines/1/code"),
        ([msgspec.structs.replace(first, qty=Decimal("0.000001"))], "/lines/0/qty"),
        ([msgspec.structs.replace(first, qty=Decimal(0))], "/lines/0/qty"),
    ):
        with pytest.raises(Invalid) as refused:
            await ordered(erp, lines=wrong)
        assert [error.pointer for error in refused.value.errors] == [pointer]
    assert box.store.all("salesOrders") == []


@pytest.mark.parametrize(
    ("quantity", "price", "net", "written"),
    [
        ("80", "150", "12000.00", ("150", "0")),
        ("3", "33.335", "100.00", ("33.335", "0.01")),
        ("3", "33.33", "100.00", ("33.33334", "0")),
        ("1", "-500.50", "-500.50", ("-500.50", "0")),
        ("3", "-33.33", "-100.00", ("-33.33334", "0")),
        ("16", "208.333750", "3333.34", ("208.33375", "0")),
        ("7", "476.191429", "3333.34", ("476.19143", "0")),
        ("5", "0", "0", ("0", "0")),
        ("0", "12.3456789", "0", ("12.34568", "0")),
        ("20000", "0.33333", "6666.67", ("0.33334", "0.13")),
    ],
)
def test_a_line_comes_to_its_net_whatever_is_rounded(quantity: str, price: str, net: str, written: Any) -> None:
    told = priced(Decimal(quantity), Decimal(price), Decimal(net), "EUR")
    assert told == tuple(Decimal(each) for each in written)


async def test_the_sandbox_lets_nobody_edit_what_is_released(http: httpx.AsyncClient, company: str) -> None:
    customer = (await made(http, company))["id"]
    line = {"sequence": 10000, "lineType": "Item", "lineObjectNumber": "SVC-ANALYST", "quantity": 2, "unitPrice": 5}
    body = {"customerId": customer, "salesOrderLines": [line]}
    order = (await http.post(f"{company}/salesOrders", json=body)).json()
    address = f"{company}/salesOrders({order['id']})"
    (kept,) = (await http.get(f"{address}/salesOrderLines")).json()["value"]
    below = f"{company}/salesOrderLines({kept['id']})"
    assert (kept["description"], kept["netAmount"]) == ("Analyst", 10)
    for fixed in ({"sequence": 20000}, {"lineObjectNumber": "DISCOUNT"}):
        assert code(await http.patch(below, json=fixed, headers=EVERY)) == (400, "Application_DialogException")
    assert (await http.post(f"{address}/Microsoft.NAV.release")).status_code == 204
    for refused in (
        await http.patch(address, json={"customerId": customer}, headers=EVERY),
        await http.patch(below, json={"quantity": 3}, headers=EVERY),
        await http.delete(below, headers=EVERY),
        await http.post(f"{address}/salesOrderLines", json=line),
        await http.delete(address, headers=EVERY),
    ):
        assert code(refused) == (400, "Application_FieldValidationException")
    assert (await http.patch(address, json={"contractTitle": "x"}, headers=EVERY)).status_code == 200
    assert (await http.post(f"{address}/Microsoft.NAV.reopen")).status_code == 204
    assert (await http.delete(below, headers=EVERY)).status_code == 204
    nothing = await http.post(f"{address}/Microsoft.NAV.release")
    assert (code(nothing), "nothing to release" in nothing.text) == ((400, "Application_DialogException"), True)
    unknown = await http.post(f"{address}/salesOrderLines", json=line | {"lineObjectNumber": "SVC-PILOT"})
    assert code(unknown) == (400, "Application_DialogException")
