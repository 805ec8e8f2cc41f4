"""Contract sync: what is signed and amended in the CRM is what the ERP bills, once, whatever happens on the way."""

from typing import Any

import msgspec
import pytest

from canonical.faults import Conflict, Invalid, NotFound
from canonical.money import Money
from canonical.ports.contract_runs import ContractReference, StartContractRun
from foundation.context import fresh, use
from process_apis import steps
from process_apis.events.intake import work_off
from tests.process.contracting import Contracting, line, rules
from tests.process.test_intake import deliver
from tests.process.world import FIRMS, PRIYA, World, after, in_each_firm

in_each_firm_and_over_oracle = pytest.mark.parametrize(
    "firm", [*FIRMS, ("salesforce", "oracle_fusion", "kantata")], ids="-".join, indirect=True
)


@pytest.fixture
def legal(firm: World) -> Contracting:
    return Contracting(firm)


async def test_a_signed_contract_is_carried_line_by_line_and_both_systems_agree(legal: Contracting) -> None:
    contract = legal.contract("D01")
    done = await legal.played(contract)
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    document = legal.held("D01")["Document_Hash__c"]
    assert done.run.id == f"ctr:salesforce:{contract}:0:{document[:16]}"
    there = await legal.terms("D01")
    assert (there.status, there.value, there.amendment) == ("active", Money.of("240000.00", "USD"), 0)
    assert [(each.description, each.billing_method, each.amount.amount) for each in there.lines] == [
        ("Delivery Lead", "tm", 80000),
        ("Engineer", "tm", 120000),
        ("Analyst", "tm", 40000),
    ]
    assert (there.document_hash, there.po_number, there.payment_terms) == (document, "PO-4501", "Net 30")
    kept = legal.held("D01")
    assert (kept["Carried_Amendment__c"], kept["ERP_Order_Id__c"]) == (0, done.run.order_id)
    told = [event.type for event in (await legal.firm.operations.trace(done.run.id)).events]
    assert told == ["com.tiergate.contract.signed.v1", "com.tiergate.contract.activated.v1"]
    assert {step.name: step.status for step in done.steps if step.status != "done"} == {
        "budget": "not_applicable",
        "billing": "not_applicable",
    }


@in_each_firm
async def test_a_second_webhook_and_a_double_click_are_the_same_run_and_a_lost_answer_is_looked_up(
    legal: Contracting,
) -> None:
    contract = legal.contract("D01")
    method, path = legal.books.WRITES_TERMS
    legal.firm.fault(legal.erp, "timeout_after_commit", method=method, path=path)
    first, second = await legal.start(contract), await legal.start(contract, 0)
    done = await legal.ended(first.id)
    assert first.id == second.id == (await legal.start(contract)).id
    assert (done.run.status, len(legal.orders()), legal.firm.duplicates()) == ("succeeded", 1, [])
    tried = [(attempt.operation, attempt.fault) for attempt in done.steps[4].attempts]
    assert ("PUT /contracts/by-key/{key}/terms", "outcome_unknown") in tried
    assert tried[-2][0] == "GET /contracts/by-key/{key}/terms"


@in_each_firm
async def test_an_answer_lost_while_an_amendment_is_written_adds_its_line_once(legal: Contracting) -> None:
    contract = legal.contract("D01")
    assert (await legal.played(contract)).run.status == "succeeded"
    legal.amend("D01", 1, line(5000))
    method, path = legal.books.ADDS_A_LINE
    legal.firm.fault(legal.erp, "timeout_after_commit", method=method, path=path)
    done = await legal.played(contract)
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    tried = [(attempt.operation, attempt.fault) for step in done.steps for attempt in step.attempts]
    assert ("PUT /contracts/by-key/{key}/terms", "outcome_unknown") in tried
    assert [len(each.lines) for each in (await legal.terms("D01")).amendments] == [1]
    assert (len(legal.orders()), legal.firm.duplicates()) == (1, [])


async def test_an_agreed_amendment_that_is_told_three_times_is_carried_once(legal: Contracting) -> None:
    firm, contract = legal.firm, legal.contract("D01")
    assert (await legal.played(contract)).run.status == "succeeded"
    firm.fault("salesforce", "duplicate_delivery", path=contract, copies=3)
    amendment = legal.amend("D01", 1, line(10000), envelope=None)
    told = await deliver(firm)
    assert sum(each.stored for each in told) == 1
    assert len(told) == 3
    await work_off(firm.platform)
    (held,) = (await legal.runs.runs(status=None)).items[:1]
    stopped = await legal.ended(held.id)
    assert (stopped.run.contract.amendment, rules(stopped)) == (1, ["paper_checked"])
    legal.waive(amendment, "paper_checked")
    await deliver(firm)
    await work_off(firm.platform)
    done = await legal.ended(held.id)
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    assert (await legal.terms("D01")).value == Money.of("250000.00", "USD")
    assert len((await legal.runs.runs()).items) == 2


@in_each_firm_and_over_oracle
async def test_an_amendment_is_a_difference_in_every_system_of_the_project(legal: Contracting) -> None:
    firm = legal.firm
    project = (await firm.played("D02")).run
    assert (await legal.played(legal.contract("D02"))).run.status == "succeeded"
    before = await legal.terms("D02")
    legal.amend("D02", 1, line(5000, "Second site"), line(-1000, "Less travel"), not_to_exceed_change=300000)
    done = await legal.played(legal.contract("D02"))
    assert (done.run.status, done.run.verified, done.run.contract.amendment) == ("succeeded", True, 1), done.run.problem
    there = await legal.terms("D02")
    assert before.value is not None
    worth = before.value + Money.of(4000, "USD")
    assert (there.id, there.value, there.amendment) == (before.id, worth, 1)
    assert there.lines == before.lines, "what was signed stays"
    (added,) = there.amendments
    assert (added.number, added.effective, [each.amount.amount for each in added.lines]) == (
        1,
        firm.deal("D02").start,
        [5000, -1000],
    )
    for system in (legal.erp, legal.psa):
        found = await firm.adapters[system].project_by_key(legal.deal_key("D02"))
        assert (found.budget, found.stage) == (worth, "active")
    plan = await firm.adapters[legal.erp].billing_schedule_by_key(f"{legal.deal_key('D02')}:billing")
    assert plan.total() == worth
    told = [event.type for event in (await firm.operations.trace(done.run.id)).events]
    assert told[-2:] == ["com.tiergate.contract.signed.v1", "com.tiergate.contract.amended.v1"]
    assert len(legal.orders()) == 1
    assert (await firm.workflow.run(project.id)).run.status == "succeeded"

    key, erp = legal.key("D02"), firm.adapters[legal.erp]
    await erp.upsert_contract(key, msgspec.structs.replace(await erp.contract_by_key(key), status="cancelled"))
    closed = await legal.terms("D02")
    assert (closed.status, closed.lines, closed.amendments) == ("cancelled", there.lines, there.amendments)
    assert closed.value == worth, "who closes it leaves its lines as they were signed"


@in_each_firm
async def test_opportunity_to_project_and_contract_sync_make_one_contract_whichever_comes_first(
    legal: Contracting,
) -> None:
    firm = legal.firm
    await legal.played(legal.contract("D01"))
    project = await firm.played("D01")
    assert (project.run.status, project.run.verified, len(legal.orders())) == ("succeeded", True, 1)
    said = next(step.summary for step in project.steps if step.name == "contract")
    assert said.endswith("as it was signed and carried")
    assert len((await legal.terms("D01")).lines) == 3, "its lines are not made one"

    legal.amend("D01", 1, line(10000))
    assert (await legal.played(legal.contract("D01"))).run.status == "succeeded"
    await firm.reopen("D01")
    won_again = await firm.played("D01")
    assert (won_again.run.status, won_again.run.verified, won_again.run.generation) == ("succeeded", True, 2), (
        won_again.run.detail
    )
    assert (await legal.terms("D01")).value == Money.of("250000.00", "USD"), "nobody fights over the amount"

    await firm.played("D03")
    (bare,) = (await legal.terms("D03")).lines
    assert bare.billing_method is None, "opportunity-to-project writes one line of the whole"
    assert (await legal.played(legal.contract("D03"))).run.status == "succeeded"
    assert [each.billing_method for each in (await legal.terms("D03")).lines] == ["fixed", "fixed"]
    assert len(legal.orders()) == 2
    assert firm.duplicates() == []


@in_each_firm_and_over_oracle
async def test_what_was_carried_is_taken_back_in_its_order_and_can_be_carried_again(legal: Contracting) -> None:
    firm, contract = legal.firm, legal.contract("D02")
    await firm.played("D02")
    first = await legal.played(contract)
    worth = (await legal.terms("D02")).value
    legal.amend("D02", 1, line(5000))
    second = await legal.played(contract)
    with pytest.raises(Conflict, match="Amendment 1 rests on it"):
        await legal.undone(first)
    gone = await legal.undone(second)
    assert gone.run.status == "cancelled"
    there = await legal.terms("D02")
    assert (there.value, there.amendment, there.amendments) == (worth, 0, [])
    assert legal.papers.mark(contract) == (False, 0)
    for system in (legal.erp, legal.psa):
        assert (await firm.adapters[system].project_by_key(legal.deal_key("D02"))).budget == worth
    plan = await firm.adapters[legal.erp].billing_schedule_by_key(f"{legal.deal_key('D02')}:billing")
    assert plan.total() == worth
    with pytest.raises(Conflict, match="is billed by contract"):
        await legal.undone(first)
    again = await legal.played(contract)
    assert (again.run.id, again.run.status) == (f"{second.run.id}:2", "succeeded")
    assert (await legal.terms("D02")).amendment == 1
    assert len(legal.orders()) == 1

    alone = await legal.played(legal.contract("D01"))
    assert (await legal.undone(alone)).run.status == "cancelled"
    closed = await legal.terms("D01")
    assert (closed.status, closed.amendment) == ("cancelled", None)
    assert legal.papers.mark(legal.contract("D01")) == (False, None)


@in_each_firm
async def test_every_step_done_twice_as_after_a_kill_before_its_checkpoint_carries_one_amendment(
    legal: Contracting, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt, undone = steps._attempt, steps._undo

    async def twice(run_id: str, number: int, *args: Any) -> Any:
        await attempt(run_id, number, *args)
        return await attempt(run_id, number, *args)

    async def undone_twice(*args: Any) -> None:
        await undone(*args)
        await undone(*args)

    await legal.firm.played("D01")
    monkeypatch.setattr(steps, "_attempt", twice)
    monkeypatch.setattr(steps, "_undo", undone_twice)
    assert (await legal.played(legal.contract("D01"))).run.status == "succeeded"
    legal.amend("D01", 1, line(10000))
    done = await legal.played(legal.contract("D01"))
    assert (done.run.status, len(legal.orders())) == ("succeeded", 1), done.run.problem
    assert (await legal.terms("D01")).value == Money.of("250000.00", "USD")
    assert len((await legal.terms("D01")).amendments[0].lines) == 1
    assert (await legal.undone(done)).run.status == "cancelled"
    assert (await legal.terms("D01")).value == Money.of("240000.00", "USD")
    events = (await legal.firm.operations.trace(legal.firm.native("D01"))).events
    told = [each.type.split(".")[3] for each in events if each.type.split(".")[2] == "contract"]
    assert told == ["signed", "activated", "signed", "amended", "reversed"], "each is told once"
    assert legal.firm.duplicates() == []


@in_each_firm
async def test_a_line_that_does_not_arrive_leaves_the_contract_closed_to_billing_until_it_does(
    legal: Contracting,
) -> None:
    after(5, lambda: legal.books.reprice("0.1", 70000))
    failed = await legal.played(legal.contract("D01"))
    assert (failed.run.status, failed.run.progress.step, rules(failed)) == ("failed", 6, ["lines 0"])
    assert (await legal.terms("D01")).status == "in_approval"
    case = await legal.firm.case_of(failed.run.id)
    assert case is not None
    views = (await legal.firm.operations.case(case.id)).systems
    assert [view.fields["value"] for view in views] == ["USD 240,000.00", "USD 230,000.00"]
    done = await legal.again(failed)
    assert (done.run.status, done.run.verified, len(legal.orders())) == ("succeeded", True, 1)


async def test_what_is_not_in_force_or_not_there_is_refused_where_it_is_asked(legal: Contracting) -> None:
    with pytest.raises(Conflict, match="is in_approval, not in force"):
        await legal.start(legal.contract("D11"))
    with pytest.raises(NotFound, match="has no amendment 4"):
        await legal.start(legal.contract("D01"), 4)
    legal.amend("D01", 1, line(1), agreed=False)
    with pytest.raises(Conflict, match="is draft, not agreed"):
        await legal.start(legal.contract("D01"), 1)
    with pytest.raises(NotFound):
        await legal.start("800Tg0000000999IAA")
    elsewhere = StartContractRun(contract=ContractReference(system="dataverse", id=legal.contract("D01")))
    with use(fresh(caller=PRIYA)), pytest.raises(Invalid) as wrong:
        await legal.runs.start_run(elsewhere)
    assert wrong.value.errors[0].pointer == "/contract/system"
