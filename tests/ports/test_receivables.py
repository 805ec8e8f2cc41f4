"""Invoices from draft to paid: written again while they are drafts, posted once, then only credited; money is told."""

from collections.abc import Awaitable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from canonical.faults import Conflict, Fault, Invalid, NotFound, VendorRefused
from canonical.money import Money
from canonical.objects import Allocation, Invoice
from canonical.ports.receivables import Invoices, Payments
from tests.ports import objects
from tests.ports.kept import KEPT, offering
from tests.ports.test_reading import plant
from tests.ports.world import World

KEPT_INVOICE = next(each for each in KEPT if each.kind is Invoice)
AMOUNTS = {"JPY": "98000001", "USD": "48200.55", "KWD": "1234.567"}


async def draft(world: World, **more: Any) -> tuple[Invoice, str]:
    made = msgspec.structs.replace(await KEPT_INVOICE.make(world), **more)
    return made, (await KEPT_INVOICE.put(world, made)).id


async def posted(world: World) -> tuple[Invoice, str]:
    made, native = await draft(world)
    await world.adapter.post_invoice(native)
    return made, native


async def refused(what: Awaitable[Any], *faults: type[Fault]) -> None:
    with pytest.raises(faults):
        await what


@offering(Invoices)
async def test_a_draft_is_not_owed_and_can_be_written_again(world: World) -> None:
    made, native = await draft(world)
    assert ((await world.adapter.invoice(native)).status, (await world.adapter.invoice(native)).number) == ("draft", "")
    line = msgspec.structs.replace(made.lines[1], net=Money.of("18000.00", "EUR"))
    again = await KEPT_INVOICE.put(world, msgspec.structs.replace(made, lines=[made.lines[0], line]))
    found = await world.adapter.invoice_by_key(KEPT_INVOICE.key)
    assert (again.id, found.total()) == (found.id, Money.of("39200.00", "EUR"))
    if remade := world.suite.remade.get(Invoice):
        assert remade.endswith("."), "a reason is a sentence"
        await refused(world.adapter.invoice(native), NotFound)
    else:
        assert again.id == native


@offering(Invoices)
async def test_posted_it_has_its_number_and_is_owed_and_posting_again_changes_nothing(world: World) -> None:
    made, native = await posted(world)
    found: Invoice = await world.adapter.invoice(native)
    assert (found.status, bool(found.number), found.kind) == ("posted", True, "invoice")
    assert found.net is not None
    assert found.net.same(made.total())
    assert found.balance == found.gross
    before = world.box.store.contents(world.box.sandbox.volatile)
    await world.adapter.post_invoice(native)
    assert world.box.store.contents(world.box.sandbox.volatile) == before
    await refused(world.adapter.post_invoice("999999999"), NotFound, Invalid)


@offering(Invoices)
async def test_what_is_posted_is_not_edited_and_the_same_once_more_is_no_change(world: World) -> None:
    made, native = await posted(world)
    before = world.box.store.contents(world.box.sandbox.volatile)
    assert (await KEPT_INVOICE.put(world, made)).id == native
    less = msgspec.structs.replace(made, lines=made.lines[:1])
    await refused(KEPT_INVOICE.put(world, less), Conflict)
    assert world.box.store.contents(world.box.sandbox.volatile) == before


@offering(Invoices, "credit_invoice")
async def test_a_credit_note_takes_back_a_part_and_then_no_more_than_the_rest(world: World) -> None:
    _, native = await posted(world)
    note = world.fit(objects.credit_note(native, account_id=(await world.adapter.invoice(native)).account_id))
    written = await world.adapter.credit_invoice(objects.CREDIT, note)
    assert (await world.adapter.credit_invoice(objects.CREDIT, note)).id == written.id
    assert world.box.store.duplicates() == []
    found: Invoice = await world.adapter.invoice_by_key(objects.CREDIT)
    assert (found.kind, found.corrects_invoice_id, found.total()) == (
        "credit_note",
        native,
        Money.of("1000.00", "EUR"),
    )
    corrected: Invoice = await world.adapter.invoice(native)
    assert corrected.gross is not None
    assert found.gross is not None
    assert corrected.balance == corrected.gross - found.gross, "a credit note gives back its tax as well"
    assert corrected.status == "part_paid"
    too_much = objects.credit_note(native, "999999.00", account_id=note.account_id)
    await refused(world.adapter.credit_invoice("credit:other", world.fit(too_much)), Invalid)
    await refused(world.adapter.credit_invoice(objects.CREDIT, world.fit(too_much)), Conflict)


@offering(Invoices)
async def test_an_invoice_into_a_closed_period_is_a_draft_that_cannot_be_posted(world: World) -> None:
    day = world.box.now().date().replace(year=world.box.now().year - 1, day=1)
    _, native = await draft(world, issued_on=day, due_on=None)
    await refused(world.adapter.post_invoice(native), VendorRefused, Invalid)
    assert (await world.adapter.invoice(native)).status == "draft"


@pytest.mark.parametrize("currency", AMOUNTS)
@offering(Invoices)
async def test_a_line_is_worth_what_was_written_whatever_the_decimals(world: World, currency: str) -> None:
    if currency in world.suite.currencies:
        return
    amount = Money.of(AMOUNTS[currency], currency)
    line = msgspec.structs.replace(objects.invoice(account_id="1").lines[1], net=amount)
    _, native = await draft(world, currency=currency, lines=[line])
    assert (await world.adapter.invoice(native)).lines[0].net.same(amount)


@offering(Payments)
async def test_a_payment_settles_its_invoice_in_part_and_the_rest_is_unapplied(world: World) -> None:
    _, native = await posted(world)
    customer = (await world.adapter.invoice(native)).account_id
    before: Invoice = await world.adapter.invoice(native)
    part = Money.of("10000.00", "EUR")
    paid = objects.payment(
        account_id=customer,
        amount=Money.of("10500.00", "EUR"),
        unapplied=Money.of("500.00", "EUR"),
        bank_reference="RF18 5390",
        allocations=[Allocation(invoice_id=native, amount=part)],
    )
    made = plant(world, paid)
    found = await world.adapter.payment(made)
    assert (found.account_id, found.status) == (customer, "part_applied")
    assert [(each.invoice_id, each.amount.amount) for each in found.allocations] == [(native, Decimal("10000.00"))]
    assert (found.amount.amount, found.unapplied.amount) == (Decimal("10500.00"), Decimal("500.00"))
    after: Invoice = await world.adapter.invoice(native)
    assert before.balance is not None
    assert after.balance == before.balance - part
    assert after.status == "part_paid"
    for asked in ({"invoice_id": native}, {"customer_id": customer}):
        assert made in {each.id for each in (await world.adapter.payments(**asked)).items}
    await refused(world.adapter.payment("999999999"), NotFound, Invalid)


@offering(Invoices)
async def test_invoices_of_one_customer_are_listed_without_anybody_elses(world: World) -> None:
    _, native = await posted(world)
    customer = (await world.adapter.invoice(native)).account_id
    other = world.fit(objects.customer(legal_name="Andere Werft AG", trading_name="Andere Werft AG"))
    stranger = (await world.adapter.upsert_customer("salesforce:001Tg0000000099IAA", other)).id
    assert [each.id for each in (await world.adapter.invoices(customer_id=customer)).items] == [native]
    assert (await world.adapter.invoices(customer_id=stranger)).items == []
