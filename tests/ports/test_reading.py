"""What a CRM holds and others read: deals and what they rest on, planted as the vendor's people would enter them."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from canonical.faults import Conflict, Invalid, NotFound, VendorStale
from canonical.money import Money
from canonical.objects import Contact, Contract, Customer, Opportunity, ProjectLink, Quote
from canonical.ports.systems import LegalEntities, Opportunities
from tests.ports import objects
from tests.ports.kept import every_system, offering
from tests.ports.test_keeping import AMOUNTS, SCRIPTS
from tests.ports.world import World

LINK = ProjectLink(project_code="DE-27-0077", erp_project_id="1207", psa_project_id="88", erp_customer_id="341")


def plant(world: World, made: Any) -> str:
    assert type(made) in world.suite.plant, f"system_apis/{world.name}/suite.py does not say how to plant one"
    return world.suite.plant[type(made)](world.box, world.fit(made))


def deal(world: World, **more: Any) -> str:
    return plant(world, objects.opportunity(**{"account_id": plant(world, objects.customer())} | more))


@offering(Opportunities)
async def test_a_deal_is_read_as_it_was_entered(world: World) -> None:
    account = plant(world, objects.customer())
    found = await world.adapter.opportunity(deal(world, account_id=account))
    assert isinstance(found, Opportunity)
    assert (found.name, found.account_id, found.stage.category) == ("Dock planning", account, "won")
    assert found.amount.same(Money.of("48200.50", "EUR"))
    assert (found.legal_entity_id, found.contract_type) == (world.suite.entity, "milestone")
    assert found.source is not None
    assert (found.source.system, bool(found.source.native_version)) == (world.name, True)


@offering(Opportunities)
async def test_the_products_of_a_deal_come_with_it_and_sum_to_its_amount(world: World) -> None:
    planted = objects.deal_lines(discount=Decimal("0.05"), discount_amount=Money.of("1060.00", "EUR"))
    await world.adapter.whoami()
    calls = len(world.heard)
    bare = await world.adapter.opportunity(deal(world))
    once, calls = len(world.heard) - calls, len(world.heard)
    # The amount somebody enters is not what counts, where there are lines.
    found: Opportunity = await world.adapter.opportunity(deal(world, lines=planted, amount=Money.of("1.00", "EUR")))
    assert (bare.lines, len(world.heard) - calls) == ([], once), "lines cost no call of their own"
    assert [(line.code, line.item, line.kind, line.qty, line.description) for line in found.lines] == [
        ("SVC-77", "Data Engineer, hours", "labour", Decimal("132.5"), "Bis zur Übergabe"),
        ("LIC-DOCK", "Dock licence", "fee", Decimal(3), ""),
    ]
    assert all(one.unit_price.same(two.unit_price) for one, two in zip(found.lines, planted, strict=True))
    assert [line.net.amount for line in found.lines] == [Decimal("20140.00"), Decimal("28060.50")]
    assert found.amount.same(Money.of("48200.50", "EUR"))
    off = found.lines[0]
    assert (off.discount == Decimal("0.05")) != (off.discount_amount == Money.of("1060.00", "EUR")), "either way"


@pytest.mark.parametrize("script", SCRIPTS)
@offering(Opportunities)
async def test_a_deal_and_its_customer_have_names_in_every_script(world: World, script: str) -> None:
    name = SCRIPTS[script]
    account = plant(world, objects.customer(legal_name=name, trading_name=name))
    assert (await world.adapter.opportunity(deal(world, account_id=account, name=name))).name == name
    found: Customer = await world.adapter.account(account)
    assert found.legal_name == name


@pytest.mark.parametrize("currency", AMOUNTS)
@offering(Opportunities)
async def test_a_deal_is_worth_what_was_entered_whatever_the_decimals(world: World, currency: str) -> None:
    amount = Money.of(AMOUNTS[currency], currency)
    assert (await world.adapter.opportunity(deal(world, amount=amount))).amount.same(amount)


@offering(Opportunities)
async def test_what_a_deal_rests_on_is_read_too(world: World) -> None:
    account = plant(world, objects.customer())
    opportunity = deal(world, account_id=account)
    if world.can(Opportunities, "contacts"):
        plant(world, objects.contact(account))
        (person,) = await world.adapter.contacts(account)
        assert isinstance(person, Contact)
        assert (person.given, person.family, [role.role for role in person.roles]) == ("Jörg", "Müller", ["billing"])
    if world.can(Opportunities, "quote"):
        quote: Quote = await world.adapter.quote(plant(world, objects.quote(opportunity)))
        assert (quote.opportunity_id, quote.status) == (opportunity, "accepted")
        assert quote.total.same(Money.of("21200.00", "EUR"))
        assert [(line.role, line.qty, line.net.amount) for line in quote.lines] == [
            ("Data Engineer", Decimal("132.5"), Decimal("21200.00"))
        ]
    if world.can(Opportunities, "contract"):
        contract: Contract = await world.adapter.contract(plant(world, objects.contract(account_id=account)))
        assert (contract.account_id, contract.title, contract.po_number) == (account, "Dock planning", "PO-4577")
        assert contract.value == Money.of("48200.50", "EUR")


@pytest.mark.parametrize("wrong", ["006Tg0000000099IAA", "x' OR Id != '", "../Account/1", "", "ü" * 40])
@offering(Opportunities)
async def test_what_is_not_there_is_not_found(world: World, wrong: str) -> None:
    for attribute in ("opportunity", "account", "quote", "contract"):
        if world.can(Opportunities, attribute):
            with pytest.raises((NotFound, Invalid)):
                await getattr(world.adapter, attribute)(wrong)


@offering(Opportunities, "link_project")
async def test_a_deal_is_linked_once_to_one_project_and_can_be_freed(world: World) -> None:
    opportunity = deal(world)
    assert (await world.adapter.link_project(opportunity, LINK)).created is True
    written = len(world.box.store.writes())
    assert (await world.adapter.link_project(opportunity, LINK)).created is False
    assert len(world.box.store.writes()) == written, "the second time there was nothing to do"
    with pytest.raises(Conflict):
        await world.adapter.link_project(opportunity, msgspec.structs.replace(LINK, project_code="DE-27-0078"))
    await world.adapter.link_project(opportunity, ProjectLink(project_code=""))
    assert (await world.adapter.opportunity(opportunity)).project_code == ""


@every_system()
async def test_a_deal_somebody_changes_meanwhile_is_stale_and_then_linked(world: World) -> None:
    """Between our reading and our writing somebody else writes: theirs is kept, and ours comes after it."""
    if Opportunity not in world.suite.touch or not world.can(Opportunities, "link_project"):
        return
    rehearsed = len(world.heard)
    await world.adapter.link_project(deal(world), LINK)
    writing = next(number for number, call in enumerate(world.heard[rehearsed:]) if call.wrote)
    fresh = World(world.name)
    opportunity = deal(fresh)

    def meanwhile(number: int) -> None:
        if number == writing:
            fresh.suite.touch[Opportunity](fresh.box, opportunity)

    fresh.before_call = meanwhile
    with pytest.raises(VendorStale):
        await fresh.adapter.link_project(opportunity, LINK)
    assert (await fresh.adapter.opportunity(opportunity)).project_code == ""
    await fresh.adapter.link_project(opportunity, LINK)
    assert (await fresh.adapter.opportunity(opportunity)).project_code == LINK.project_code
    await fresh.close()


@offering(LegalEntities)
async def test_a_legal_entity_has_its_periods_and_an_unknown_one_is_not_found(world: World) -> None:
    found = await world.adapter.legal_entity(world.suite.entity)
    assert (found.code, found.functional_currency, found.status) == (world.suite.entity, world.suite.currency, "open")
    today = found.period_of(world.box.now().date())
    assert today is not None
    assert today.open
    for wrong in ("ACME-XX", "", "' OR 1=1 --", "ü"):
        with pytest.raises((NotFound, Invalid)):
            await world.adapter.legal_entity(wrong)
