"""Orders and contracts against the sandbox: changed while they are drafts, billed by people, and then left alone."""

from decimal import Decimal

import msgspec
import pytest

from canonical.faults import Conflict, Invalid
from canonical.money import Money
from canonical.objects import Contract, OrderLine
from foundation.sandbox import Box
from system_apis.tryton.adapter import Tryton
from system_apis.tryton.orders_mapping import priced
from system_apis.tryton.sandbox import records
from tests.ports import objects

KEY = objects.ORDER
SALE = "sale.sale"


def line(seq: int, code: str, qty: str, price: str, net: str) -> OrderLine:
    worth = Money.of(net, "EUR")
    return OrderLine(seq=seq, code=code, qty=Decimal(qty), unit_price=Money.of(price, "EUR"), net=worth)


async def customer(erp: Tryton) -> str:
    return (await erp.upsert_customer(objects.CUSTOMER, objects.customer())).id


async def ordered(erp: Tryton, key: str = KEY) -> int:
    return int((await erp.upsert_order(key, objects.sales_order(account_id=await customer(erp)))).id)


async def test_a_line_that_no_price_comes_to_has_its_cent_below_and_the_same_taxes(erp: Tryton, box: Box) -> None:
    data = objects.sales_order(account_id=await customer(erp))
    await erp.upsert_order(KEY, data)
    lines = [line(1, "SVC-ANALYST", "400", "33.33", "13332.01"), line(2, "DISCOUNT", "1", "-20.50", "-20.50")]
    await erp.upsert_order(KEY, msgspec.structs.replace(data, lines=lines))
    found = await erp.order_by_key(KEY)
    assert [(each.code, each.qty, each.net) for each in found.lines] == [(ln.code, ln.qty, ln.net) for ln in lines]
    first, rest, _ = box.store.all("sale.line")
    assert (first["quantity"], rest["product"], rest["unit_price"]["decimal"]) == (400, None, "0.01")
    assert first["taxes"] == rest["taxes"] != []


@pytest.mark.parametrize(
    ("qty", "price", "net", "gives"),
    [("3", "33.335", "100.00", ("33.335", "0")), ("7", "1", "10.00", ("1.4286", "0")), ("0", "5", "0.00", ("5", "0"))],
)
def test_the_price_is_as_agreed_or_near_it(qty: str, price: str, net: str, gives: tuple[str, str]) -> None:
    assert priced(Decimal(qty), Decimal(price), Decimal(net), "EUR") == tuple(map(Decimal, gives))


async def test_an_order_is_billed_by_people_once_it_is_open_and_then_left_alone(erp: Tryton, box: Box) -> None:
    id = await ordered(erp)
    await erp.approve_order(str(id))
    assert (await erp.order_by_key(KEY)).status == "open"
    assert box.store.all("account.invoice") == [], "it bills nothing by itself"
    records.push(box, SALE, "manual_invoice", id)
    assert (await erp.order_by_key(KEY)).status == "billed"
    with pytest.raises(Conflict, match="is billed"):
        await erp.cancel_order(str(id))
    data = objects.sales_order(account_id=await customer(erp))
    assert (await erp.upsert_order(KEY, data)).id == str(id)
    with pytest.raises(Conflict, match="is billed"):
        await erp.upsert_order(KEY, msgspec.structs.replace(data, lines=data.lines[:1]))


async def test_closing_an_order_goes_on_where_it_broke_off(erp: Tryton, box: Box) -> None:
    id = await ordered(erp)
    await erp.approve_order(str(id))
    record = box.store.get(SALE, str(id)) or {}
    records.write(box, SALE, id, {"comment": f"{record['comment']}\ntiergate.status: cancelled"})
    records.push(box, SALE, "manual_invoice", id)
    assert (await erp.order_by_key(KEY)).status == "cancelled", "its draft is on its way out"
    await erp.cancel_order(str(id))
    (invoice,) = box.store.all("account.invoice")
    assert (invoice["state"], (box.store.get(SALE, str(id)) or {})["state"]) == ("cancelled", "done")
    with pytest.raises(Conflict, match="is cancelled"):
        await erp.approve_order(str(id))


async def test_what_is_not_sold_is_closed_and_ordered_by_nobody(erp: Tryton, box: Box) -> None:
    (badge,) = box.store.find("product.product", code="BADGE")
    assert ((await erp.item("BADGE")).kind, (await erp.item("BADGE")).lifecycle) == ("goods", "active")
    records.write(box, "product.template", badge["template"], {"salable": False})
    assert (await erp.item("BADGE")).lifecycle == "closed"
    data = objects.sales_order(account_id=await customer(erp), lines=[line(1, "BADGE", "1", "3", "3.00")])
    with pytest.raises(Invalid) as refused:
        await erp.upsert_order(KEY, data)
    assert [each.pointer for each in refused.value.errors] == ["/lines/0/code"]


async def test_an_order_is_amended_by_a_further_sale_and_its_lines_stay(erp: Tryton, box: Box) -> None:
    id = await ordered(erp)
    await erp.approve_order(str(id))
    before = await erp.order_by_key(KEY)
    agreed = objects.agreement(account_id=await customer(erp), order_id=str(id))
    for _ in range(2):
        assert (await erp.set_contract_terms(KEY, agreed)).id == str(id)
    found = await erp.contract_terms(KEY)
    assert (found.order_id, found.value, found.amendments) == (str(id), Money.of("26300.25", "EUR"), agreed.amendments)
    assert ((await erp.order_by_key(KEY)).lines, len(box.store.all(SALE))) == (before.lines, 2)
    ended = msgspec.structs.replace(agreed, status="cancelled")
    await erp.set_contract_terms(KEY, ended)
    assert [each["state"] for each in box.store.all(SALE)] == ["processing", "cancelled"]
    assert (await erp.contract_terms(KEY)).status == "cancelled"


async def test_what_people_have_quoted_is_not_changed_behind_them(erp: Tryton, box: Box) -> None:
    agreed = objects.agreement(account_id=await customer(erp))
    id = int((await erp.set_contract_terms(objects.AGREEMENT, agreed)).id)
    records.push(box, SALE, "quote", id)
    without: Contract = msgspec.structs.replace(agreed, amendments=[], amendment=0)
    with pytest.raises(Conflict, match=r"line 1\.1 stands on sale"):
        await erp.set_contract_terms(objects.AGREEMENT, without)
    records.push(box, SALE, "draft", id)
    await erp.set_contract_terms(objects.AGREEMENT, without)
    assert (await erp.contract_terms(objects.AGREEMENT)).amendments == []
