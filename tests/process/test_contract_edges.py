"""The ten edges of a contract on which others break: each is carried right, or stopped with what is true of it."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from canonical.dates import now
from canonical.faults import Conflict
from canonical.money import Money
from canonical.objects import TimeEntry
from canonical.ports.effort import Billed
from foundation.sandbox import Refused
from tests.process.contracting import Contracting, line, rules, said
from tests.process.world import World, after, in_each_firm, suite_of


@pytest.fixture
def legal(firm: World) -> Contracting:
    return Contracting(firm)


@in_each_firm
async def test_edge_1_an_amendment_that_reaches_back_over_invoices_is_held_until_finance_waives_it(
    legal: Contracting,
) -> None:
    contract, today = legal.contract("D01"), now().date()
    legal.typed("D01", start=today.replace(day=1) - timedelta(days=40))
    assert (await legal.played(contract)).run.status == "succeeded"
    number = await legal.bill("D01", "20000.00")
    back = today.replace(day=1) - timedelta(days=10)
    amendment = legal.amend("D01", 1, line(-30000), effective=back)
    held = await legal.played(contract)
    assert (held.run.status, rules(held)) == ("refused", ["effective_period", "retroactive"])
    assert held.run.waivable == rules(held)
    assert f"{number} of {today}" in said(held, "retroactive")
    period = (await legal.firm.adapters[legal.erp].legal_entity("ACME-US")).period_of(back)
    assert f"has closed {period.name}." in said(held, "effective_period")
    assert (await legal.terms("D01")).amendment == 0, "nothing is written before all hold"
    case = await legal.firm.case_of(held.run.id)
    assert case is not None
    assert case.owner == "Finance"

    legal.waive(amendment, "effective_period", "retroactive")
    done = await legal.again(held)
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    assert "waived in the CRM (retroactive)" in next(step.summary for step in done.steps if step.name == "guard")
    legal.amend("D01", 2, line(-200000))
    below = await legal.played(contract)
    assert (rules(below), below.run.waivable) == (["already_billed"], [])
    assert said(below, "already_billed") == "USD 20,000.00 is billed, the contract comes to USD 10,000.00 now."


@in_each_firm
async def test_edge_2_what_was_typed_in_of_a_paper_contract_is_told_all_at_once(legal: Contracting) -> None:
    number = (await legal.signed("D01")).number
    legal.typed_line("D01", billing_method=None)
    legal.typed("D01", envelope=None, document_hash="scan-0001.pdf", po_number=None)
    legal.typed("D01", value=24000, end=None, governing_law=None)
    legal.edit("deal", legal.firm.native("D01"), po_number=None)
    stopped = await legal.played(legal.contract("D01"))
    assert stopped.run.id.endswith(":0:scan-0001.pdf")
    assert rules(stopped) == [
        "executed_document",
        "paper_checked",
        "contract_metadata",
        "agreement_lines",
        "contract_quote",
    ]
    assert stopped.run.waivable == ["paper_checked"], "the rest is mended, not waived"
    assert said(stopped, "contract_metadata") == (
        f"Contract {number} does not say: governing law, end, PO number, billing method of line 1."
    )
    assert (
        said(stopped, "agreement_lines")
        == f"The lines of Contract {number} come to USD 240,000.00, it says USD 24,000.00."
    )
    assert "USD 24,000.00" in said(stopped, "contract_quote")
    assert legal.orders() == []


@in_each_firm
async def test_edge_3_two_envelopes_for_one_deal_are_refused_until_one_is_void(legal: Contracting) -> None:
    other = legal.another("D01")
    stopped = await legal.played(legal.contract("D01"))
    assert rules(stopped) == ["one_agreement"]
    assert f"envelope {legal.firm.deal('D01').envelope}" in said(stopped, "one_agreement")
    assert "envelope envelope-2" in said(stopped, "one_agreement")
    twin = await legal.played(other)
    assert (rules(twin), legal.orders()) == (["one_agreement"], [])
    legal.papers.end(other)
    done = await legal.again(stopped)
    assert (done.run.status, len(legal.orders())) == ("succeeded", 1)
    legal.typed("D01", document_hash="b" * 64)
    resigned = await legal.played(legal.contract("D01"))
    assert resigned.run.id != done.run.id
    assert rules(resigned) == ["carried_once"], "the same contract in another envelope"


@in_each_firm
async def test_edge_4_an_evergreen_renewal_is_priced_anew_from_the_day_prices_rise(legal: Contracting) -> None:
    deal = legal.firm.deal("D06")
    rise = deal.end.replace(day=1) + timedelta(days=92)
    rise = rise.replace(day=1)
    legal.typed("D06", auto_renew=True, uplift_percent=5, uplift_from=rise)
    assert (await legal.played(legal.contract("D06"))).run.status == "succeeded"
    begins, ends = deal.end + timedelta(days=1), (rise + timedelta(days=92)).replace(day=1) - timedelta(days=1)
    dated: dict[str, Any] = {"kind": "renewal", "end": ends, "effective": begins}
    whole = line(60000, "Renewal", "retainer", start=begins, end=ends)
    first = legal.amend("D06", 1, whole, **dated)
    over = await legal.played(legal.contract("D06"))
    assert rules(over) == ["price_uplift"]
    assert f"rise by 5.0 % on {rise}" in said(over, "price_uplift")
    assert "each must be two" in said(over, "price_uplift")
    legal.void(first)

    before = line(24000, "Until prices rise", "retainer", start=begins, end=rise - timedelta(days=1))
    flat = line(36000, "From then on", "retainer", start=rise, end=ends)
    second = legal.amend("D06", 2, before, flat, based_on=0, **dated)
    missed = await legal.played(legal.contract("D06"))
    assert rules(missed) == ["price_uplift"]
    assert "a month comes to USD 12,000.00; with the uplift of 5.0 % it must be USD 12,600.00" in said(
        missed, "price_uplift"
    )
    legal.void(second)
    risen = flat | {"amount": 37800}
    legal.amend("D06", 3, before, risen, based_on=0, **dated)
    done = await legal.played(legal.contract("D06"))
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    there = await legal.terms("D06")
    assert there.end == ends
    assert [(each.start, each.end, each.amount.amount) for each in there.amendments[0].lines] == [
        (begins, rise - timedelta(days=1), 24000),
        (rise, ends, 37800),
    ]


@in_each_firm
async def test_edge_5_a_currency_is_not_switched_by_an_amendment(legal: Contracting) -> None:
    assert (await legal.played(legal.contract("D01"))).run.status == "succeeded"
    euros = line(5000, currency="EUR")
    legal.amend("D01", 1, euros, currency="EUR")
    stopped = await legal.played(legal.contract("D01"))
    assert rules(stopped) == ["contract_currency"]
    assert "Terminate this contract, and sign one in the new currency." in said(stopped, "contract_currency")
    assert (await legal.terms("D01")).value == Money.of("240000.00", "USD")


@in_each_firm
async def test_edge_6_a_limit_raised_while_approvals_queue_is_carried_in_the_order_it_was_agreed(
    legal: Contracting,
) -> None:
    legal.typed("D08", not_to_exceed=160000)
    contract = legal.contract("D08")
    assert (await legal.played(contract)).run.status == "succeeded"
    queued = legal.amend("D08", 1, not_to_exceed_change=10000, agreed=False, status="in_approval")
    more = line(60000, billing_method="nte", not_to_exceed=60000)
    raised = legal.amend("D08", 2, more, not_to_exceed_change=50000, based_on=0)
    waits = await legal.played(contract)
    assert rules(waits) == ["not_to_exceed", "amendments_in_order"]
    assert "1 (in_approval)" in said(waits, "amendments_in_order")
    assert (
        said(waits, "not_to_exceed") == "The contract may not exceed EUR 210,000.00, but its value is EUR 214,000.00."
    )

    legal.edit("amendment", queued, status="agreed")
    assert (await legal.played(contract, 1)).run.status == "succeeded"
    assert (await legal.terms("D08")).not_to_exceed == Money.of("170000.00", "EUR")
    stale = await legal.again(waits)
    assert rules(stale) == ["last_agreed"]
    assert "on top of the contract as it was signed first, but the last one agreed is 1" in said(stale, "last_agreed")
    legal.void(raised)
    legal.amend("D08", 3, more, not_to_exceed_change=50000, based_on=1)
    after(3, lambda: legal.amend("D08", 4, not_to_exceed_change=1, based_on=3))
    third = await legal.played(contract, 3)
    assert (third.run.status, third.run.verified) == ("succeeded", True), third.run.problem
    reads = [attempt.operation for attempt in third.steps[1].attempts]
    assert reads.count("GET /contracts/{contract_id}/agreement") == 2, "agreed meanwhile: read again"
    there = await legal.terms("D08")
    assert (there.amendment, there.not_to_exceed) == (3, Money.of("220000.00", "EUR"))


@in_each_firm
async def test_edge_7_a_contract_goes_to_an_acquired_entity_by_ending_here_and_beginning_there(
    legal: Contracting,
) -> None:
    contract, deal = legal.contract("D01"), legal.firm.deal("D01")
    assert (await legal.played(contract)).run.status == "succeeded"
    day = deal.start + timedelta(days=31)
    assigned = legal.amend("D01", 1, kind="assignment", legal_entity_id="ACME-IN", effective=day)
    stopped = await legal.played(contract)
    assert rules(stopped) == ["contract_entity"]
    assert said(stopped, "contract_entity").endswith("there by an amendment, and sign one with ACME-IN.")
    legal.typed("D01", legal_entity_id="ACME-IN")
    legal.papers.typed("amendment", assigned, {"kind": "change", "legal_entity_id": None})
    moved = await legal.again(stopped)
    assert said(moved, "contract_entity") == "The ERP bills it for ACME-US, the contract is ACME-IN's by now."
    legal.typed("D01", legal_entity_id=None)

    legal.void(assigned)
    over = {"kind": "termination", "based_on": 0, "effective": day, "end": day - timedelta(days=1)}
    legal.amend("D01", 2, line(-200000), **over)
    ended = await legal.played(contract)
    assert (ended.run.status, (await legal.terms("D01")).status) == ("succeeded", "cancelled"), ended.run.problem
    there = legal.another("D01", legal_entity_id="ACME-IN", start=day)
    begun = await legal.played(there)
    assert (begun.run.status, begun.run.contract.legal_entity) == ("succeeded", "ACME-IN"), begun.run.problem
    assert [legal.books.entity_of(each) for each in legal.orders()] == ["ACME-US", "ACME-IN"]
    assert legal.firm.duplicates() == []


@in_each_firm
async def test_edge_8_a_termination_waits_for_work_that_is_approved_and_not_billed(legal: Contracting) -> None:
    firm, contract = legal.firm, legal.contract("D01")
    await firm.played("D01")
    assert (await legal.played(contract)).run.status == "succeeded"
    psa, manager = firm.adapters[legal.psa], firm.deal("D01").project_manager
    project = await psa.project_by_key(f"{legal.sold_with}:{firm.native('D01')}")
    done_on, half = next_monday(firm.deal("D01").start), Decimal("1.5")
    worked = TimeEntry(
        resource=manager, project_id=project.id, worked_on=done_on, hours=half, minutes=90, status="approved"
    )
    entry = suite_of(legal.psa).plant[TimeEntry](firm.boxes[legal.psa], worked)
    day = firm.deal("D01").start + timedelta(days=31)
    over = {"kind": "termination", "effective": day, "end": day - timedelta(days=1)}
    legal.amend("D01", 1, line(-200000), **over)
    waits = await legal.played(contract)
    assert (rules(waits), waits.run.waivable) == (["unbilled_work"], ["unbilled_work"])
    assert said(waits, "unbilled_work").startswith("1.5 approved hours (1 entries) are not billed.")
    billed = Billed(invoice_number="INV-1", invoiced_on=now().date(), time_entry_ids=[entry])
    await psa.mark_billed(project.id, "bill:INV-1", billed)
    done = await legal.again(waits)
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    there = await legal.terms("D01")
    assert (there.status, there.value) == ("cancelled", Money.of("40000.00", "USD"))
    assert legal.papers.mark(contract) == (True, 1)
    assert (await firm.adapters[legal.sold_with].opportunity(firm.native("D01"))).contract_id == contract
    told = [event.type for event in (await firm.operations.trace(done.run.id)).events]
    assert told[-1] == "com.tiergate.contract.terminated.v1"
    with pytest.raises(Conflict, match="is closed"):
        await legal.undone(done)


@in_each_firm
async def test_edge_9_work_that_outlives_its_master_agreement_is_held_and_may_still_be_ended(
    legal: Contracting,
) -> None:
    today = now().date()
    past = today - timedelta(days=2)
    master = legal.another("D01", title="Master agreement", opportunity_id=None, start=date(2020, 1, 1), end=past)
    legal.typed("D01", master_id=master)
    waits = await legal.played(legal.contract("D01"))
    assert (rules(waits), waits.run.waivable) == (["master_agreement"], ["master_agreement"])
    assert f"ended on {past}, and this contract lives on to {legal.firm.deal('D01').end}" in said(
        waits, "master_agreement"
    )
    legal.waive(legal.contract("D01"), "master_agreement", kind="contract")
    assert (await legal.again(waits)).run.status == "succeeded"
    legal.amend("D01", 1, line(10000))
    longer = await legal.played(legal.contract("D01"))
    assert rules(longer) == ["master_agreement"], "what was waived for one document is not for the next"
    run = legal.firm.deal("D01")
    (waiting,) = legal.papers.amendments(legal.contract("D01"))
    legal.void(waiting)
    over = {"kind": "termination", "based_on": 0, "effective": run.start, "end": run.start}
    legal.amend("D01", 2, line(-240000), **over)
    done = await legal.played(legal.contract("D01"))
    assert (done.run.status, (await legal.terms("D01")).status) == ("succeeded", "cancelled"), done.run.problem


@in_each_firm
async def test_edge_10_what_is_in_force_is_not_edited_anywhere_and_is_amended_instead(legal: Contracting) -> None:
    contract = legal.contract("D01")
    assert (await legal.played(contract)).run.status == "succeeded"
    with pytest.raises(Refused):
        legal.edit("contract", contract, value=260000, end=legal.firm.deal("D01").end + timedelta(days=1))
    legal.typed("D01", value=260000, document_hash="c" * 64)
    legal.typed_line("D01", amount=100000)
    edited = await legal.played(contract)
    assert rules(edited) == ["contract_quote", "carried_once"]
    assert said(edited, "carried_once").endswith("what was agreed is not edited. Agree to an amendment.")
    signed = await legal.signed("D01")
    legal.books.bill_line("0.1")
    there = await legal.terms("D01")
    forced = {"lines": signed.lines, "account_id": there.account_id, "legal_entity_id": "ACME-US"}
    with pytest.raises(Conflict, match=r"line 0\.1 of (order|contract) \S+ is billed"):
        await _write(legal, there, **forced)
    with pytest.raises(Conflict, match="belongs to another"):
        await _write(legal, there, legal_entity_id="ACME-DE")

    legal.typed("D01", value=240000, document_hash=there.document_hash)
    legal.typed_line("D01", amount=80000)
    legal.amend("D01", 1, line(20000))
    done = await legal.played(contract)
    assert (done.run.status, (await legal.terms("D01")).value) == ("succeeded", Money.of("260000.00", "USD"))


async def _write(legal: Contracting, there: Any, **fields: Any) -> None:
    erp = legal.firm.adapters[legal.erp]
    await erp.set_contract_terms(legal.key("D01"), msgspec.structs.replace(there, **fields))


def next_monday(day: date) -> date:
    return day + timedelta(days=(7 - day.weekday()) % 7)
