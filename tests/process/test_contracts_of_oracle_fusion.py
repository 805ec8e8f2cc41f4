"""Contract sync with Oracle Fusion as the ERP, by binding alone: lines, amendments, and what is taken back."""

from collections.abc import AsyncIterator

import pytest

from canonical.money import Money
from canonical.objects import Contract
from tests.process.contracting import Contracting, line
from tests.process.world import Over, World


@pytest.fixture
async def firm(over: Over) -> AsyncIterator[World]:
    async with over(erp="oracle_fusion") as made:
        yield made


async def terms(legal: Contracting, code: str) -> Contract:
    found: Contract = await legal.firm.adapters["oracle_fusion"].contract_terms(f"salesforce:{legal.contract(code)}")
    return found


async def test_a_deals_contract_is_carried_amended_and_taken_back_in_every_system(firm: World) -> None:
    legal, deal = Contracting(firm), firm.deal("D02")
    project = (await firm.played("D02")).run
    assert (project.status, project.verified) == ("succeeded", True), project.problem
    first = await legal.played(legal.contract("D02"))
    assert (first.run.status, first.run.verified) == ("succeeded", True), first.run.problem
    before = await terms(legal, "D02")
    assert (before.status, before.amendment, before.value) == ("active", 0, Money.of(deal.amount, deal.currency))

    legal.amend("D02", 1, line(5000, "Second site"), line(-1000, "Less travel"), Not_To_Exceed_Change__c=300000)
    done = await legal.played(legal.contract("D02"))
    assert (done.run.status, done.run.verified, done.run.contract.amendment) == ("succeeded", True, 1), done.run.problem
    there = await terms(legal, "D02")
    assert before.value is not None
    worth = before.value + Money.of(4000, deal.currency)
    assert (there.id, there.value, there.lines) == (before.id, worth, before.lines)
    assert [each.amount.amount for each in there.amendments[0].lines] == [5000, -1000]
    key = f"salesforce:{deal.id}"
    for system in ("oracle_fusion", "kantata"):
        assert (await firm.adapters[system].project_by_key(key)).budget == worth
    assert (await firm.adapters["oracle_fusion"].billing_schedule_by_key(f"{key}:billing")).total() == worth

    undone = await legal.undone(done)
    assert undone.run.status == "cancelled", undone.run.problem
    back = await terms(legal, "D02")
    assert (back.value, back.amendments, back.amendment) == (before.value, [], 0)
    contracts = firm.boxes["oracle_fusion"].store.all("contracts")
    assert (len(contracts), firm.writes("netsuite"), firm.duplicates()) == (1, [], [])
