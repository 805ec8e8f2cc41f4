"""Orders a CRM has itself: read with their lines, found by what they belong to, and told the ERP's number."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from canonical.faults import Invalid, NotFound, VendorStale
from canonical.money import Money
from canonical.objects import CrmOrder, OrderMark
from canonical.ports.orders import CrmOrders
from tests.ports import objects
from tests.ports.kept import offering
from tests.ports.test_faults import calls_of
from tests.ports.test_keeping import AMOUNTS, SCRIPTS
from tests.ports.test_reading import deal, plant
from tests.ports.world import World


def planted(world: World, **more: Any) -> str:
    return plant(world, objects.crm_order(plant(world, objects.customer()), **more))


@offering(CrmOrders)
async def test_an_order_is_read_as_it_was_entered_in_one_call(world: World) -> None:
    account = plant(world, objects.customer())
    opportunity = deal(world, account_id=account)
    quote = plant(world, objects.quote(opportunity))
    made = objects.crm_order(account, opportunity_id=opportunity, quote_id=quote)
    native = plant(world, made)
    await world.adapter.whoami()
    before = len(world.heard)
    found: CrmOrder = await world.adapter.order(native)
    assert len(world.heard) - before == 1
    assert (found.id, found.account_id, found.opportunity_id, found.quote_id) == (native, account, opportunity, quote)
    assert (found.title, found.po_number, found.status, found.erp_number) == ("Dock planning", "PO-4577", "draft", "")
    assert (found.start, found.end, bool(found.number)) == (objects.START, objects.END, True)
    assert found.worth().same(Money.of("19103.25", "EUR"))
    assert found.total is not None
    assert [(line.seq, line.code, line.item, line.kind, line.qty) for line in found.lines] == [
        (1, "SVC-77", "Data Engineer, hours", "labour", Decimal("62.5")),
        (2, "LIC-DOCK", "Dock licence", "fee", Decimal(1)),
    ]
    hours, fee = found.lines
    assert (hours.description, hours.start, hours.end) == ("Bis zur Übergabe", objects.START, objects.END)
    assert (fee.start, fee.end, fee.discount_amount) == (None, None, None)
    assert (hours.net.quantize(), fee.net.quantize()) == (Money.of("9750.00", "EUR"), Money.of("9353.25", "EUR"))
    listed = Money.of(hours.list_price.amount * hours.qty, "EUR") if hours.list_price else hours.net
    assert (hours.discount_amount or listed - hours.net).quantize().same(Money.of("250.00", "EUR")), (
        "said as it is, or in the price"
    )


@offering(CrmOrders)
async def test_orders_are_found_by_what_they_belong_to_and_a_cancelled_one_says_so(world: World) -> None:
    account = plant(world, objects.customer())
    opportunity = deal(world, account_id=account)
    quote = plant(world, objects.quote(opportunity))
    of_it = planted(world, opportunity_id=opportunity, quote_id=quote)
    of_deal = planted(world, opportunity_id=opportunity, status="open")
    of_account = plant(world, objects.crm_order(account, status="cancelled"))

    async def ids(**of: str) -> dict[str, str]:
        return {each.id: each.status for each in (await world.adapter.orders(**of)).items}

    assert await ids(quote_id=quote) == {of_it: "draft"}
    assert await ids(opportunity_id=opportunity) == {of_it: "draft", of_deal: "open"}
    assert await ids(account_id=account) == {of_account: "cancelled"}
    assert await ids(account_id=account, quote_id=quote) == {}, "all that is named must hold"
    assert {of_it, of_deal, of_account} <= (await ids()).keys()
    assert (await world.adapter.order(of_account)).status == "cancelled"


@pytest.mark.parametrize("wrong", ["x' OR Id != '", "../Account/1", "ü" * 40])
@offering(CrmOrders)
async def test_a_text_that_is_no_id_is_refused_by_its_place_and_never_sent(world: World, wrong: str) -> None:
    before = len(world.heard)
    for name in ("account_id", "opportunity_id", "quote_id"):
        with pytest.raises(Invalid) as refused:
            await world.adapter.orders(**{name: wrong})
        assert [error.pointer for error in refused.value.errors] == [f"query:{name}"]
    with pytest.raises((NotFound, Invalid)):
        await world.adapter.order(wrong)
    with pytest.raises((NotFound, Invalid)):
        await world.adapter.mark_order(wrong, objects.MARKED)
    assert len(world.heard) == before


@offering(CrmOrders)
async def test_an_order_is_told_the_erps_number_once_and_nothing_else_of_it_moves(world: World) -> None:
    native = planted(world, status="open")
    before: CrmOrder = await world.adapter.order(native)
    await world.adapter.mark_order(native, objects.MARKED)
    written = len(world.box.store.writes())
    await world.adapter.mark_order(native, objects.MARKED)
    assert len(world.box.store.writes()) == written, "the second time there was nothing to do"
    after: CrmOrder = await world.adapter.order(native)
    assert after == msgspec.structs.replace(before, erp_number="SO-77", source=after.source)
    await world.adapter.mark_order(native, OrderMark(erp_number=""))
    assert (await world.adapter.order(native)).erp_number == ""


@offering(CrmOrders)
async def test_an_order_somebody_changes_meanwhile_is_stale_and_then_marked(world: World) -> None:
    native = planted(world)
    await world.adapter.whoami()
    calls = await calls_of(world, lambda: world.adapter.mark_order(native, objects.MARKED))
    writing = next(number for number, call in enumerate(calls) if call.wrote)
    other = planted(world)
    begun = len(world.heard)

    def meanwhile(number: int) -> None:
        if number - begun == writing:
            world.suite.touch[CrmOrder](world.box, other)

    world.before_call = meanwhile
    with pytest.raises(VendorStale):
        await world.adapter.mark_order(other, objects.MARKED)
    world.before_call = lambda _: None
    await world.adapter.mark_order(other, objects.MARKED)
    kept = await world.adapter.order(other)
    assert (kept.erp_number, kept.po_number) == ("SO-77", "PO-touched")


@offering(CrmOrders)
async def test_an_edit_is_a_newer_version(world: World) -> None:
    native = planted(world)
    before: CrmOrder = await world.adapter.order(native)
    world.suite.touch[CrmOrder](world.box, native)
    after: CrmOrder = await world.adapter.order(native)
    assert before.source is not None
    assert after.source is not None
    assert after.source.native_version > before.source.native_version


@pytest.mark.parametrize("currency", AMOUNTS)
@offering(CrmOrders)
async def test_an_order_comes_to_what_was_entered_whatever_the_decimals(world: World, currency: str) -> None:
    amount = Money.of(AMOUNTS[currency], currency)
    line = msgspec.structs.replace(objects.crm_order("").lines[1], unit_price=amount, net=amount)
    found: CrmOrder = await world.adapter.order(planted(world, currency=currency, lines=[line]))
    assert found.worth().same(amount)
    assert found.lines[0].unit_price.same(amount)


@pytest.mark.parametrize("script", SCRIPTS)
@offering(CrmOrders)
async def test_an_order_has_a_name_in_every_script(world: World, script: str) -> None:
    assert (await world.adapter.order(planted(world, title=SCRIPTS[script]))).title == SCRIPTS[script]
