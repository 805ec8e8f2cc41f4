"""Guards of contract sync that look beyond the contract: each refuses, and nothing was written to any system."""

from typing import Any

import msgspec
import pytest

from canonical.money import Money
from canonical.ports.contract_runs import ContractRunDetail
from tests.process.contracting import Contracting, line, rules, said
from tests.process.test_one_contract import on_one_contract, order, refused_for, worth
from tests.process.world import World


@pytest.fixture
def legal(firm: World) -> Contracting:
    return Contracting(firm)


def everywhere(legal: Contracting) -> dict[str, Any]:
    """What the systems hold of contracts: read before and after a refusal, it is the same."""
    kept = {kind: legal.crm.store.find(kind) for kind in ("Contract", "Contract_Amendment__c", "Contract_Line__c")}
    return kept | {"orders": legal.orders(), "jobs": legal.firm.records("netsuite", "job"), "writes": written(legal)}


def written(legal: Contracting) -> list[str]:
    return legal.firm.writes("netsuite", "kantata", "salesforce")


async def refused(legal: Contracting, contract: str) -> ContractRunDetail:
    """The run of a contract that is refused, having left everything as it was."""
    before = everywhere(legal)
    stopped = await legal.played(contract)
    assert stopped.run.status == "refused"
    assert everywhere(legal) == before
    return stopped


async def test_a_contract_that_another_deal_is_billed_by_is_not_carried_over_it(legal: Contracting) -> None:
    firm = legal.firm
    key = await on_one_contract(firm)
    twin = await firm.played("D02")
    assert twin.run.verified is True
    stopped = await refused(legal, legal.contract("D01"))
    assert rules(stopped) == ["contract_free"]
    assert all(word in said(stopped, "contract_free") for word in (firm.deal("D02").key, twin.run.project_code))
    assert worth(order(firm, key)) == firm.deal("D02").amount
    case = await firm.case_of(stopped.run.id)
    assert case is not None
    assert (case.owner, case.state) == ("Deal desk", "open")
    assert stopped.run.waivable == []


async def test_a_contract_that_was_carried_is_its_deals_until_it_is_taken_back(legal: Contracting) -> None:
    firm = legal.firm
    key = await on_one_contract(firm)
    carried = await legal.played(legal.contract("D01"))
    assert carried.run.status == "succeeded", carried.run.problem
    twin = await firm.played("D02")
    assert refused_for(twin) == ["contract_free"]
    assert firm.deal("D01").key in twin.run.errors[0].detail
    assert worth(order(firm, key)) == firm.deal("D01").amount

    assert (await legal.undone(carried)).run.status == "cancelled"
    await firm.workflow.retry_run(twin.run.id)
    assert (await firm.finished(twin.run.id)).run.verified is True
    assert worth(order(firm, key)) == firm.deal("D02").amount


async def test_an_amendment_of_a_contract_that_was_closed_in_the_books_waits_until_it_is_open(
    legal: Contracting,
) -> None:
    contract, erp = legal.contract("D01"), legal.firm.adapters["netsuite"]
    assert (await legal.played(contract)).run.status == "succeeded"
    key = f"salesforce:{contract}"
    kept, (was,) = await erp.contract_by_key(key), legal.orders()
    await erp.upsert_contract(key, msgspec.structs.replace(kept, status="cancelled"))
    legal.amend("D01", 1, line(10000))
    stopped = await refused(legal, contract)
    assert rules(stopped) == ["contract_open"]
    assert said(stopped, "contract_open") == f"Contract {kept.number} is closed in the ERP."
    assert ((await legal.terms("D01")).status, (await legal.terms("D01")).amendment) == ("cancelled", 0)

    opened = {"orderStatus": was["orderStatus"], "item": was["item"]}
    legal.firm.boxes["netsuite"].store.update("salesOrder", was["id"], opened)
    done = await legal.again(stopped)
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    assert (await legal.terms("D01")).value == Money.of("250000.00", "USD")


async def test_work_that_another_deals_contract_covers_on_the_same_days_is_held(legal: Contracting) -> None:
    deal = legal.firm.deal("D01")
    other = legal.another("D01", Opportunity__c=legal.firm.deal("D02").id, StartDate="2020-01-01")
    stopped = await refused(legal, legal.contract("D01"))
    assert rules(stopped) == stopped.run.waivable == ["overlapping_work"]
    assert f"(2020-01-01 to {deal.end})" in said(stopped, "overlapping_work")
    assert legal.orders() == []

    legal.edit("Contract", legal.contract("D01"), Approved_Exceptions__c="overlapping_work")
    waived = await legal.again(stopped)
    assert waived.run.status == "succeeded", waived.run.problem
    legal.crm.store.update("Contract", other, {"EndDate": "2020-06-30"})
    legal.amend("D01", 1, line(10000))
    assert (await legal.played(legal.contract("D01"))).run.status == "succeeded", "the other ended before this began"
