"""Guards of contract sync that look beyond the contract: each refuses, and nothing was written to any system."""

from datetime import date
from typing import Any

import msgspec
import pytest

from canonical.money import Money
from canonical.ports.contract_runs import ContractRunDetail
from tests.process.contracting import Contracting, line, rules, said
from tests.process.test_one_contract import on_one_contract, refused_for
from tests.process.world import FIRMS, World, in_each_firm

WHERE_A_CONTRACT_MAY_BE_OF_TWO_DEALS = [mix for mix in FIRMS if mix[0] == "salesforce"]
"""An order of Dynamics names one deal."""


@pytest.fixture
def legal(firm: World) -> Contracting:
    return Contracting(firm)


def everywhere(legal: Contracting) -> dict[str, Any]:
    """What every system holds: read before and after a refusal, it is the same."""
    bound = (legal.sold_with, legal.erp, legal.psa)
    return {name: (legal.firm.boxes[name].store.contents(), legal.firm.writes(name)) for name in bound}


async def refused(legal: Contracting, contract: str) -> ContractRunDetail:
    """The run of a contract that is refused, having left everything as it was."""
    before = everywhere(legal)
    stopped = await legal.played(contract)
    assert stopped.run.status == "refused"
    assert everywhere(legal) == before
    return stopped


async def both_of_one_customer(legal: Contracting) -> str:
    """Two deals of one customer rest on the first one's contract; what we call it."""
    customer = legal.papers.customer(legal.contract("D01"))
    await legal.firm.edit("Opportunity", legal.firm.native("D02"), AccountId=customer)
    return await on_one_contract(legal.firm)


async def billed_by(legal: Contracting, key: str) -> Money | None:
    """What the ERP has a contract at."""
    found: Money | None = (await legal.firm.adapters[legal.erp].contract_by_key(key)).value
    return found


def amount(legal: Contracting, code: str) -> Money:
    """What a deal is worth."""
    deal = legal.firm.deal(code)
    return Money.of(deal.amount, deal.currency)


@pytest.mark.parametrize("firm", WHERE_A_CONTRACT_MAY_BE_OF_TWO_DEALS, ids="-".join, indirect=True)
async def test_a_contract_that_another_deal_is_billed_by_is_not_carried_over_it(legal: Contracting) -> None:
    firm = legal.firm
    key = await both_of_one_customer(legal)
    twin = await firm.played("D02")
    assert twin.run.verified is True
    stopped = await refused(legal, legal.contract("D01"))
    assert rules(stopped) == ["contract_free"]
    assert all(word in said(stopped, "contract_free") for word in (firm.deal("D02").key, twin.run.project_code))
    assert await billed_by(legal, key) == amount(legal, "D02")
    case = await firm.case_of(stopped.run.id)
    assert case is not None
    assert (case.owner, case.state) == ("Deal desk", "open")
    assert stopped.run.waivable == []


@pytest.mark.parametrize("firm", WHERE_A_CONTRACT_MAY_BE_OF_TWO_DEALS, ids="-".join, indirect=True)
async def test_a_contract_that_was_carried_is_its_deals_until_it_is_taken_back(legal: Contracting) -> None:
    firm = legal.firm
    key = await both_of_one_customer(legal)
    carried = await legal.played(legal.contract("D01"))
    assert carried.run.status == "succeeded", carried.run.problem
    twin = await firm.played("D02")
    assert refused_for(twin) == ["contract_free"]
    assert firm.deal("D01").key in twin.run.errors[0].detail
    assert await billed_by(legal, key) == amount(legal, "D01")

    assert (await legal.undone(carried)).run.status == "cancelled"
    await firm.workflow.retry_run(twin.run.id)
    assert (await firm.finished(twin.run.id)).run.verified is True
    assert await billed_by(legal, key) == amount(legal, "D02")


@in_each_firm
async def test_an_amendment_of_a_contract_that_was_closed_in_the_books_waits_until_it_is_open(
    legal: Contracting,
) -> None:
    contract, erp = legal.contract("D01"), legal.firm.adapters[legal.erp]
    assert (await legal.played(contract)).run.status == "succeeded"
    key = legal.key("D01")
    kept, open_still = await erp.contract_by_key(key), legal.books.parts()
    await erp.upsert_contract(key, msgspec.structs.replace(kept, status="cancelled"))
    legal.amend("D01", 1, line(10000))
    stopped = await refused(legal, contract)
    assert rules(stopped) == ["contract_open"]
    assert said(stopped, "contract_open") == f"Contract {kept.number} is closed in the ERP."
    assert ((await legal.terms("D01")).status, (await legal.terms("D01")).amendment) == ("cancelled", 0)

    legal.books.put_back(open_still)
    done = await legal.again(stopped)
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    assert (await legal.terms("D01")).value == Money.of("250000.00", "USD")


@in_each_firm
async def test_work_that_another_deals_contract_covers_on_the_same_days_is_held(legal: Contracting) -> None:
    deal = legal.firm.deal("D01")
    other = legal.another("D01", opportunity_id=legal.firm.native("D02"), start=date(2020, 1, 1))
    stopped = await refused(legal, legal.contract("D01"))
    assert rules(stopped) == stopped.run.waivable == ["overlapping_work"]
    assert f"(2020-01-01 to {deal.end})" in said(stopped, "overlapping_work")
    assert legal.orders() == []

    legal.waive(legal.contract("D01"), "overlapping_work", kind="contract")
    waived = await legal.again(stopped)
    assert waived.run.status == "succeeded", waived.run.problem
    legal.papers.typed("contract", other, {"end": date(2020, 6, 30)})
    legal.amend("D01", 1, line(10000))
    assert (await legal.played(legal.contract("D01"))).run.status == "succeeded", "the other ended before this began"
