"""Contract sync with Tryton as the ERP, by binding alone: lines, amendments, and what is taken back."""

from collections.abc import AsyncIterator

import pytest

from canonical.money import Money
from canonical.objects import Contract
from system_apis.tryton import memo
from system_apis.tryton.sandbox import records
from tests.process.contracting import Contracting, line
from tests.process.world import Over, World


@pytest.fixture
async def firm(over: Over) -> AsyncIterator[World]:
    async with over(erp="tryton") as made:
        yield made


async def terms(legal: Contracting, code: str) -> Contract:
    found: Contract = await legal.firm.adapters["tryton"].contract_terms(f"salesforce:{legal.contract(code)}")
    return found


async def test_a_deals_contract_is_carried_amended_and_taken_back_in_every_system(firm: World) -> None:
    legal, deal = Contracting(firm), firm.deal("D02")
    project = (await firm.played("D02")).run
    assert (project.status, project.verified) == ("succeeded", True), project.problem
    first = await legal.played(legal.contract("D02"))
    assert (first.run.status, first.run.verified) == ("succeeded", True), first.run.problem
    before = await terms(legal, "D02")
    assert (before.status, before.amendment, before.value) == ("active", 0, Money.of(deal.amount, deal.currency))

    legal.amend("D02", 1, line(5000, "Second site"), line(-1000, "Less travel"), not_to_exceed_change=300000)
    done = await legal.played(legal.contract("D02"))
    assert (done.run.status, done.run.verified, done.run.contract.amendment) == ("succeeded", True, 1), done.run.problem
    there = await terms(legal, "D02")
    assert before.value is not None
    worth = before.value + Money.of(4000, deal.currency)
    assert (there.id, there.value, there.lines) == (before.id, worth, before.lines)
    assert [each.amount.amount for each in there.amendments[0].lines] == [5000, -1000]
    key = f"salesforce:{deal.id}"
    for system in ("tryton", "kantata"):
        assert (await firm.adapters[system].project_by_key(key)).budget == worth
    assert (await firm.adapters["tryton"].billing_schedule_by_key(f"{key}:billing")).total() == worth

    undone = await legal.undone(done)
    assert undone.run.status == "cancelled", undone.run.problem
    back = await terms(legal, "D02")
    assert (back.value, back.amendments, back.amendment) == (before.value, [], 0)
    assert (_kept(firm, "contract-key"), firm.writes("netsuite"), firm.duplicates()) == (1, [], [])


async def test_what_is_agreed_once_people_have_confirmed_the_sale_stands_on_another(firm: World) -> None:
    legal, deal, box = Contracting(firm), firm.deal("D02"), firm.boxes["tryton"]
    first = await legal.played(legal.contract("D02"))
    assert (first.run.status, first.run.verified) == ("succeeded", True), first.run.problem
    sale = int((await terms(legal, "D02")).id)
    for button in ("quote", "confirm"):
        records.push(box, "sale.sale", button, sale)
    legal.amend("D02", 1, line(5000, "Second site"))
    done = await legal.played(legal.contract("D02"))
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    there = await terms(legal, "D02")
    assert (there.id, there.value) == (str(sale), Money.of(deal.amount + 5000, deal.currency))
    assert (_kept(firm, "contract-key"), _kept(firm, "amends-key")) == (1, 1)
    undone = await legal.undone(done)
    assert undone.run.status == "cancelled", undone.run.problem
    assert (await terms(legal, "D02")).value == Money.of(deal.amount, deal.currency)


def _kept(firm: World, word: str) -> int:
    return sum(word in memo.read(each["comment"]) for each in firm.records("tryton", "sale.sale"))
