"""Orders of an org, and what it works out of lines: the amount of a deal, the total of an order."""

from decimal import Decimal

import httpx
import pytest

from canonical.faults import VendorForbade
from canonical.money import Money
from canonical.objects import OrderMark
from foundation.sandbox import Box, Refused
from foundation.sandbox.firm import Deal
from system_apis.salesforce.adapter import Salesforce
from system_apis.salesforce.sandbox import org

DATA = "/services/data/v62.0"


@pytest.fixture
def order(box: Box) -> str:
    """The one a seller has made already."""
    (found,) = box.store.find("Order", IsDeleted=False)
    return str(found["Id"])


async def test_a_deal_is_worth_what_its_products_come_to_also_when_one_is_deleted(
    box: Box, salesforce: Salesforce, http: httpx.AsyncClient, firm: dict[str, Deal]
) -> None:
    deal = firm["D06"]
    first, second = (line["Id"] for line in box.store.find("OpportunityLineItem", OpportunityId=deal.id))
    before = await salesforce.opportunity(deal.id)
    box.store.set_setting("_clock_ahead", 2)
    assert (await http.delete(f"{DATA}/sobjects/OpportunityLineItem/{first}")).status_code == 204
    after = await salesforce.opportunity(deal.id)
    assert (before.amount.amount, after.amount.amount, len(after.lines)) == (75000, 42000, 1)
    assert before.source != after.source, "a line that is deleted saves its deal"
    assert (await http.delete(f"{DATA}/composite/sobjects", params={"ids": second})).status_code == 200
    bare = await salesforce.opportunity(deal.id)
    assert (bare.amount.amount, bare.lines) == (42000, []), "and the last one leaves the amount to people"


async def test_the_total_of_a_quote_and_of_an_order_follows_a_deleted_line_too(
    box: Box, salesforce: Salesforce, order: str, firm: dict[str, Deal]
) -> None:
    quote = (await salesforce.opportunity(firm["D06"].id)).quote_id
    for kind, of in (("QuoteLineItem", {"QuoteId": quote}), ("OrderItem", {"OrderId": order})):
        org.delete(box, org.kind_of(kind), box.store.find(kind, **of)[0]["Id"])
    assert (await salesforce.quote(quote)).total.same(Money.of(42000, "USD"))
    assert (await salesforce.order(order)).worth().same(Money.of(42000, "USD"))


async def test_a_product_that_is_saved_is_a_newer_version_of_its_order(
    box: Box, salesforce: Salesforce, order: str
) -> None:
    before = await salesforce.order(order)
    box.store.set_setting("_clock_ahead", 2)
    (line, _) = box.store.find("OrderItem", OrderId=order)
    org.update(box, org.kind_of("OrderItem"), line["Id"], {"Quantity": Decimal("150.5")})
    after = await salesforce.order(order)
    assert before.source is not None
    assert after.source is not None
    assert after.source.native_version > before.source.native_version
    assert after.worth().same(Money.of(75110, "USD"))
    changed = {each.native_id: each.version for each in (await salesforce.order_changes("")).items}
    assert changed == {order: after.source.native_version}


async def test_an_activated_order_keeps_its_products_and_its_number_takes_a_right_of_its_own(
    box: Box, salesforce: Salesforce, order: str
) -> None:
    kind = org.kind_of("Order")
    for status, category in (("In Review", "draft"), ("In Delivery", "open"), ("Cancelled", "cancelled")):
        org.update(box, kind, order, {"Status": status})
        assert (await salesforce.order(order)).status == category
    line = box.store.find("OrderItem", OrderId=order)[0]
    with pytest.raises(Refused):
        org.delete(box, org.kind_of("OrderItem"), line["Id"])
    with pytest.raises(Refused):
        org.create(box, org.kind_of("OrderItem"), {"OrderId": order, "Quantity": 1, "UnitPrice": 1})
    with pytest.raises(Refused):
        org.update(box, kind, order, {"AccountId": "001Tg0000000001IAA"})
    box.store.set_setting("activated_orders_locked", True)
    with pytest.raises(VendorForbade, match="activated orders"):
        await salesforce.mark_order(order, OrderMark(erp_number="SO-1"))
    box.store.set_setting("activated_orders_locked", False)
    await salesforce.mark_order(order, OrderMark(erp_number="SO-1"))
    assert (await salesforce.order(order)).erp_number == "SO-1"


async def test_an_order_is_made_as_a_draft_and_activated_with_a_product(box: Box, order: str) -> None:
    new = {"AccountId": "001Tg0000000001IAA", "EffectiveDate": "2027-01-04", "CurrencyIsoCode": "EUR"}
    with pytest.raises(Refused):
        org.create(box, org.kind_of("Order"), new | {"Status": "Activated"})
    made = org.create(box, org.kind_of("Order"), new)
    with pytest.raises(Refused):
        org.update(box, org.kind_of("Order"), made["Id"], {"Status": "Activated"})
    assert made["Id"] != order
