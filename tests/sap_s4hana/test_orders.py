"""Orders against the sandbox: changed while they are drafts, billed by people, and then left alone."""

from decimal import Decimal
from typing import Any

import httpx
import msgspec
import pytest

from canonical.faults import Conflict, Invalid, NotFound
from canonical.money import Money
from canonical.objects import OrderLine
from foundation.sandbox import Box
from system_apis.sap_s4hana.adapter import SapS4hana
from system_apis.sap_s4hana.sandbox.schema import SETS
from system_apis.sap_s4hana.sandbox.writing import id_of
from tests.ports import objects
from tests.sap_s4hana.test_billing import bill

KEY = objects.ORDER


def line(seq: int, code: str, qty: str, price: str, net: str) -> OrderLine:
    worth = Money.of(net, "EUR")
    return OrderLine(seq=seq, code=code, qty=Decimal(qty), unit_price=Money.of(price, "EUR"), net=worth)


async def customer(sap: SapS4hana) -> str:
    return (await sap.upsert_customer(objects.CUSTOMER, objects.customer())).id


async def test_a_draft_is_changed_line_by_line_and_keeps_their_order(sap: SapS4hana) -> None:
    data = objects.sales_order(account_id=await customer(sap))
    made = await sap.upsert_order(KEY, data)
    lines = [
        line(1, "SVC-DATA-ENGINEER", "7", "14.29", "100.00"),
        line(2, "DISCOUNT", "1", "-10.00", "-10.00"),
        line(3, "SVC-ANALYST", "0.333", "33.335", "11.10"),
    ]
    assert (await sap.upsert_order(KEY, msgspec.structs.replace(data, lines=lines))).id == made.id
    found = await sap.order_by_key(KEY)
    assert (found.lines, found.status, found.total()) == (lines, "draft", Money.of("101.10", "EUR"))
    odd = [line(1, "SVC-ANALYST", "0.3333", "30.00", "10.00"), line(2, "SVC-SAILOR", "1", "1.00", "1.00")]
    for place, wrong in enumerate(odd):
        with pytest.raises(Invalid) as refused:
            await sap.upsert_order(KEY, msgspec.structs.replace(data, lines=[lines[0]] * place + [wrong]))
        assert refused.value.errors[0].pointer == ("/lines/0/qty", "/lines/1/code")[place]
    assert (await sap.order_by_key(KEY)).lines == lines


@pytest.mark.parametrize("gone", [{"ProductSalesStatus": "01"}, {"IsMarkedForDeletion": True}])
async def test_no_order_is_written_of_what_the_sales_area_sells_no_more(
    sap: SapS4hana, box: Box, gone: dict[str, Any]
) -> None:
    data = objects.sales_order(account_id=await customer(sap))
    code = data.lines[0].code
    for each in box.store.find("A_ProductSalesDelivery", Product=code):
        box.store.update("A_ProductSalesDelivery", id_of(SETS["A_ProductSalesDelivery"], each), gone)
    with pytest.raises(Invalid) as refused:
        await sap.upsert_order(KEY, data)
    named = [place for place, each in enumerate(data.lines) if each.code == code]
    assert [each.pointer for each in refused.value.errors] == [f"/lines/{place}/code" for place in named]
    assert box.store.all("A_SalesOrder") == []


async def test_an_order_is_billed_once_it_is_approved_and_cancelled_only_before(
    sap: SapS4hana, http: httpx.AsyncClient, box: Box
) -> None:
    data = objects.sales_order(account_id=await customer(sap))
    number = (await sap.upsert_order(KEY, data)).id
    assert await bill(http, number, category="C") == [], "a draft is blocked"
    await sap.approve_order(number)
    (made,) = await bill(http, number, category="C")
    assert (made["SDDocumentCategory"], made["TotalNetAmount"]) == ("M", 21300)
    assert (await sap.order_by_key(KEY)).status == "billed"
    assert (await sap.approve_order(number)).id == number
    with pytest.raises(Conflict, match="is billed"):
        await sap.cancel_order(number)
    with pytest.raises(Conflict, match="is billed"):
        await sap.upsert_order(KEY, msgspec.structs.replace(data, lines=data.lines[:1]))
    box.store.update("A_BillingDocument", made["BillingDocument"], {"BillingDocumentIsCancelled": True})
    await sap.cancel_order(number)
    assert (await sap.order_by_key(KEY)).status == "cancelled"
    with pytest.raises(Conflict, match="is cancelled"):
        await sap.approve_order(number)


async def test_an_item_is_one_of_the_legal_entitys_sales_area(sap: SapS4hana, box: Box) -> None:
    assert (await sap.item("SVC-ANALYST", "ACME-DE")).lifecycle == "active"
    at = "SVC-ANALYST|1010|10"
    box.store.update("A_ProductSalesDelivery", at, {"ProductSalesStatus": "02"})
    told = [(await sap.item("SVC-ANALYST", entity)).lifecycle for entity in ("ACME-DE", "ACME-US", "")]
    assert told == ["closed", "active", "active"]
    box.store.delete("A_ProductSalesDelivery", at)
    for code, entity in (("SVC-ANALYST", "ACME-DE"), ("SVC-ANALYST", "ACME-XX"), ("SVC-SAILOR", ""), ("../x", "")):
        with pytest.raises(NotFound):
            await sap.item(code, entity)
