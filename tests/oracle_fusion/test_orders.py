"""Items and sales orders against the sandbox: drafts, versions, lines beyond one page, and what bills a deal."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from canonical.faults import Conflict, Invalid, NotFound, VendorRefused
from canonical.money import Money
from canonical.objects import OrderLine, SalesOrder
from foundation.sandbox import Box
from system_apis.oracle_fusion.adapter import OracleFusion
from system_apis.oracle_fusion.sandbox.ordering_rules import KIND, billed
from tests.ports import objects

KEY = "q2o:salesforce:0Q0Tg0000000077IAA:r1"
ID = f"TIERGATE:{KEY}"


@pytest.fixture
def order(box: Box) -> SalesOrder:
    return objects.sales_order(account_id=box.store.all("accounts")[0]["PartyNumber"])


def line(net: str, qty: str = "1", price: str = "", code: str = "SVC-ANALYST") -> OrderLine:
    amount = Money.of(net, "EUR")
    return OrderLine(seq=1, code=code, qty=Decimal(qty), unit_price=Money.of(price or net, "EUR"), net=amount)


def lines_of(box: Box) -> list[dict[str, Any]]:
    (found,) = box.store.all(KIND)
    rows: list[dict[str, Any]] = found["lines"]
    return rows


async def test_what_comes_anew_stands_where_it_was_offered(box: Box, fusion: OracleFusion, order: SalesOrder) -> None:
    first = msgspec.structs.replace(order, lines=[line("1"), line("2"), line("3")])
    await fusion.upsert_order(KEY, first)
    await fusion.approve_order(ID)
    await fusion.upsert_order(KEY, msgspec.structs.replace(order, lines=[line("1"), line("7"), line("3")]))
    found = await fusion.order_by_key(KEY)
    assert (found.status, [int(each.net.amount) for each in found.lines]) == ("open", [1, 7, 3])
    statuses = [each["StatusCode"] for each in lines_of(box)]
    assert statuses == ["AWAIT_BILLING", "CANCELED", "CANCELED", "AWAIT_BILLING", "AWAIT_BILLING"]
    names = [each["SourceTransactionLineId"] for each in lines_of(box)]
    assert names == ["1", "2", "3", "4", "5"], "a number is one line's"
    await fusion.upsert_order(KEY, msgspec.structs.replace(order, lines=[line("1")]))
    assert [int(each.net.amount) for each in (await fusion.order_by_key(KEY)).lines] == [1]


async def test_an_order_of_many_lines_is_read_and_compared_whole(
    box: Box, fusion: OracleFusion, order: SalesOrder
) -> None:
    many = msgspec.structs.replace(order, lines=[line(str(number)) for number in range(1, 61)])
    await fusion.upsert_order(KEY, many)
    before = box.store.contents(box.sandbox.volatile)
    await fusion.upsert_order(KEY, many)
    assert box.store.contents(box.sandbox.volatile) == before
    assert [int(each.net.amount) for each in (await fusion.order_by_key(KEY)).lines] == list(range(1, 61))
    await fusion.approve_order(ID)
    await fusion.cancel_order(ID)
    assert (await fusion.order_by_key(KEY)).status == "cancelled"
    assert {each["StatusCode"] for each in lines_of(box)} == {"CANCELED"}


async def test_a_net_price_comes_to_the_amount_whatever_was_offered(
    box: Box, fusion: OracleFusion, order: SalesOrder
) -> None:
    odd = [line("33.34", price="33.335"), line("100.00", "3", "33.335"), line("0", "5", "0"), line("-20.50")]
    await fusion.upsert_order(KEY, msgspec.structs.replace(order, lines=odd))
    found = await fusion.order_by_key(KEY)
    assert [(each.net, each.unit_price) for each in found.lines] == [(each.net, each.unit_price) for each in odd]
    for row, wanted in zip(lines_of(box), odd, strict=True):
        net = row["charges"][0]["chargeComponents"][1]
        came = Money.of(Decimal(str(net["HeaderCurrencyUnitPrice"])) * wanted.qty, "EUR")
        assert (net["PriceElementCode"], came.quantize()) == ("QP_NET_PRICE", wanted.net.quantize())


@pytest.mark.parametrize("qty", ["0", "-1", "0.00000000001"])
async def test_a_quantity_that_is_none_there_is_refused(fusion: OracleFusion, order: SalesOrder, qty: str) -> None:
    with pytest.raises(Invalid) as refused:
        await fusion.upsert_order(KEY, msgspec.structs.replace(order, lines=[line("1"), line("0", qty)]))
    assert [each.pointer for each in refused.value.errors] == ["/lines/1/qty"]


async def test_what_is_billed_is_neither_cancelled_nor_written(
    box: Box, fusion: OracleFusion, order: SalesOrder
) -> None:
    await fusion.upsert_order(KEY, order)
    await fusion.approve_order(ID)
    billed(box, ID)
    with pytest.raises(Conflict, match="credit what is billed"):
        await fusion.cancel_order(ID)
    assert (await fusion.upsert_order(KEY, order)).id == ID
    with pytest.raises(Conflict, match="is billed"):
        await fusion.upsert_order(KEY, msgspec.structs.replace(order, po_number="PO-9"))


async def test_an_order_that_is_not_submitted_may_be_once_its_item_takes_orders(
    box: Box, fusion: OracleFusion, order: SalesOrder
) -> None:
    await fusion.upsert_order(KEY, order)
    (item,) = box.store.find("itemsV2", ItemNumber="SVC-ANALYST", OrganizationCode="DE1")
    box.store.update("itemsV2", str(item["_id"]), {"CustomerOrderEnabledFlag": False})
    with pytest.raises(VendorRefused, match="failed validation"):
        await fusion.approve_order(ID)
    assert (await fusion.order_by_key(KEY)).status == "draft"
    assert (await fusion.item("SVC-ANALYST", "ACME-DE")).lifecycle == "closed"
    assert (await fusion.item("SVC-ANALYST", "ACME-US")).lifecycle == "active"
    box.store.update("itemsV2", str(item["_id"]), {"CustomerOrderEnabledFlag": True})
    await fusion.approve_order(ID)
    assert (await fusion.order_by_key(KEY)).status == "open"


async def test_an_item_of_a_legal_entity_that_sells_none_is_not_found(box: Box, fusion: OracleFusion) -> None:
    (lookup,) = box.store.all("standardLookups")
    for code in lookup["lookupCodes"]:
        code["Description"] = " ".join(code["Description"].split()[:2])
    box.store.update("standardLookups", str(lookup["_id"]), {"lookupCodes": lookup["lookupCodes"]})
    with pytest.raises(NotFound, match="in any organization"):
        await fusion.item("SVC-ANALYST", "ACME-DE")


async def test_a_hold_of_somebody_else_stays(box: Box, fusion: OracleFusion, order: SalesOrder) -> None:
    contract = "salesforce:800Tg0000000077IAA"
    await fusion.upsert_contract(contract, objects.contract(account_id=order.account_id))
    project = objects.project(account_id=order.account_id, contract_id=contract)
    native = (await fusion.upsert_project(objects.DEAL, project)).id
    plan = objects.billing_schedule(project_id=native)
    await fusion.upsert_billing_schedule(objects.DEAL, plan)
    (first, *_) = box.store.all("projectBillingEvents")
    box.store.update("projectBillingEvents", str(first["_id"]), {"BillHold": "Y"})
    await fusion.upsert_billing_schedule(objects.DEAL, msgspec.structs.replace(plan, name="Otherwise"))
    held = [each["BillHold"] for each in box.store.all("projectBillingEvents")]
    assert (held[0], set(held[1:])) == ("Y", {"N"})
    found = await fusion.order_by_key(contract)
    assert (found.status, found.total()) == ("open", plan.total())
