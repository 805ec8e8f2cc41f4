"""The ten edges of a contract on which others break: each is carried right, or stopped with what is true of it."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from canonical.dates import now
from canonical.faults import Conflict
from canonical.money import Money
from foundation.sandbox import Refused
from tests.process.contracting import Contracting, line, rules, said
from tests.process.world import World, after


@pytest.fixture
def legal(firm: World) -> Contracting:
    return Contracting(firm)


async def test_edge_1_an_amendment_that_reaches_back_over_invoices_is_held_until_finance_waives_it(
    legal: Contracting,
) -> None:
    contract, today = legal.contract("D01"), now().date()
    legal.typed("D01", StartDate=(today.replace(day=1) - timedelta(days=40)).isoformat())
    assert (await legal.played(contract)).run.status == "succeeded"
    number = await legal.bill("D01", "20000.00")
    back = today.replace(day=1) - timedelta(days=10)
    amendment = legal.amend("D01", 1, line(-30000), Effective_Date__c=back.isoformat())
    held = await legal.played(contract)
    assert (held.run.status, rules(held)) == ("refused", ["effective_period", "retroactive"])
    assert held.run.waivable == rules(held)
    assert f"{number} of {today}" in said(held, "retroactive")
    assert f"has closed {back:%b %Y}" in said(held, "effective_period")
    assert (await legal.terms("D01")).amendment == 0, "nothing is written before all hold"
    case = await legal.firm.case_of(held.run.id)
    assert case is not None
    assert case.owner == "Finance"

    legal.edit("Contract_Amendment__c", amendment, Approved_Exceptions__c="effective_period;retroactive")
    done = await legal.again(held)
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    assert "waived in the CRM (retroactive)" in next(step.summary for step in done.steps if step.name == "guard")
    legal.amend("D01", 2, line(-200000))
    below = await legal.played(contract)
    assert (rules(below), below.run.waivable) == (["already_billed"], [])
    assert said(below, "already_billed") == "USD 20,000.00 is billed, the contract comes to USD 10,000.00 now."


async def test_edge_2_what_was_typed_in_of_a_paper_contract_is_told_all_at_once(legal: Contracting) -> None:
    (first, *_) = legal.crm.store.find("Contract_Line__c", Contract__c=legal.contract("D01"))
    legal.crm.store.update("Contract_Line__c", first["Id"], {"Billing_Method__c": None})
    wrong: dict[str, Any] = {"Signature_Envelope__c": None, "Document_Hash__c": "scan-0001.pdf", "PO_Number__c": None}
    wrong |= {"Contract_Value__c": 24000, "EndDate": None, "Governing_Law__c": None}
    legal.typed("D01", **wrong)
    legal.edit("Opportunity", legal.firm.deal("D01").id, PO_Number__c=None)
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
        "Contract 00000101 does not say: governing law, end, PO number, billing method of line 1."
    )
    assert (
        said(stopped, "agreement_lines")
        == "The lines of Contract 00000101 come to USD 240,000.00, it says USD 24,000.00."
    )
    assert "USD 24,000.00" in said(stopped, "contract_quote")
    assert legal.orders() == []


async def test_edge_3_two_envelopes_for_one_deal_are_refused_until_one_is_void(legal: Contracting) -> None:
    other = legal.another("D01")
    stopped = await legal.played(legal.contract("D01"))
    assert rules(stopped) == ["one_agreement"]
    assert "envelope contract-envelope-1" in said(stopped, "one_agreement")
    assert "envelope envelope-2" in said(stopped, "one_agreement")
    twin = await legal.played(other)
    assert (rules(twin), legal.orders()) == (["one_agreement"], [])
    legal.edit("Contract", other, Status="Terminated")
    done = await legal.again(stopped)
    assert (done.run.status, len(legal.orders())) == ("succeeded", 1)
    legal.typed("D01", Document_Hash__c="b" * 64)
    resigned = await legal.played(legal.contract("D01"))
    assert resigned.run.id != done.run.id
    assert rules(resigned) == ["carried_once"], "the same contract in another envelope"


async def test_edge_4_an_evergreen_renewal_is_priced_anew_from_the_day_prices_rise(legal: Contracting) -> None:
    deal = legal.firm.deal("D06")
    rise = deal.end.replace(day=1) + timedelta(days=92)
    rise = rise.replace(day=1)
    legal.typed("D06", Evergreen__c=True, Uplift_Percent__c=5, Uplift_From__c=rise.isoformat())
    assert (await legal.played(legal.contract("D06"))).run.status == "succeeded"
    begins, ends = deal.end + timedelta(days=1), (rise + timedelta(days=92)).replace(day=1) - timedelta(days=1)
    dated = {"Kind__c": "Renewal", "New_End_Date__c": ends.isoformat(), "Effective_Date__c": begins.isoformat()}
    whole = line(60000, "Renewal", "Retainer", Start_Date__c=begins.isoformat(), End_Date__c=ends.isoformat())
    first = legal.amend("D06", 1, whole, **dated)
    over = await legal.played(legal.contract("D06"))
    assert rules(over) == ["price_uplift"]
    assert f"rise by 5.0 % on {rise}" in said(over, "price_uplift")
    assert "each must be two" in said(over, "price_uplift")
    legal.edit("Contract_Amendment__c", first, Status__c="Void")

    eve = (rise - timedelta(days=1)).isoformat()
    before = line(24000, "Until prices rise", "Retainer", Start_Date__c=begins.isoformat(), End_Date__c=eve)
    flat = line(36000, "From then on", "Retainer", Start_Date__c=rise.isoformat(), End_Date__c=ends.isoformat())
    second = legal.amend("D06", 2, before, flat, Based_On__c=0, **dated)
    missed = await legal.played(legal.contract("D06"))
    assert rules(missed) == ["price_uplift"]
    assert "a month comes to USD 12,000.00; with the uplift of 5.0 % it must be USD 12,600.00" in said(
        missed, "price_uplift"
    )
    legal.edit("Contract_Amendment__c", second, Status__c="Void")
    risen = flat | {"Amount__c": 37800}
    legal.amend("D06", 3, before, risen, Based_On__c=0, **dated)
    done = await legal.played(legal.contract("D06"))
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    there = await legal.terms("D06")
    assert there.end == ends
    assert [(each.start, each.end, each.amount.amount) for each in there.amendments[0].lines] == [
        (begins, rise - timedelta(days=1), 24000),
        (rise, ends, 37800),
    ]


async def test_edge_5_a_currency_is_not_switched_by_an_amendment(legal: Contracting) -> None:
    assert (await legal.played(legal.contract("D01"))).run.status == "succeeded"
    euros = line(5000, CurrencyIsoCode="EUR")
    legal.amend("D01", 1, euros, CurrencyIsoCode="EUR")
    stopped = await legal.played(legal.contract("D01"))
    assert rules(stopped) == ["contract_currency"]
    assert "Terminate this contract, and sign one in the new currency." in said(stopped, "contract_currency")
    assert (await legal.terms("D01")).value == Money.of("240000.00", "USD")


async def test_edge_6_a_limit_raised_while_approvals_queue_is_carried_in_the_order_it_was_agreed(
    legal: Contracting,
) -> None:
    legal.typed("D08", Not_To_Exceed__c=160000)
    contract = legal.contract("D08")
    assert (await legal.played(contract)).run.status == "succeeded"
    queued = legal.amend("D08", 1, Not_To_Exceed_Change__c=10000, agreed=False, Status__c="In Approval Process")
    more = line(60000, method="Not to Exceed", Not_To_Exceed__c=60000)
    raised = legal.amend("D08", 2, more, Not_To_Exceed_Change__c=50000, Based_On__c=0)
    waits = await legal.played(contract)
    assert rules(waits) == ["not_to_exceed", "amendments_in_order"]
    assert "1 (in_approval)" in said(waits, "amendments_in_order")
    assert (
        said(waits, "not_to_exceed") == "The contract may not exceed EUR 210,000.00, but its value is EUR 214,000.00."
    )

    legal.edit("Contract_Amendment__c", queued, Status__c="Agreed")
    assert (await legal.played(contract, 1)).run.status == "succeeded"
    assert (await legal.terms("D08")).not_to_exceed == Money.of("170000.00", "EUR")
    stale = await legal.again(waits)
    assert rules(stale) == ["last_agreed"]
    assert "on top of the contract as it was signed first, but the last one agreed is 1" in said(stale, "last_agreed")
    legal.edit("Contract_Amendment__c", raised, Status__c="Void")
    legal.amend("D08", 3, more, Not_To_Exceed_Change__c=50000, Based_On__c=1)
    after(3, lambda: legal.amend("D08", 4, Not_To_Exceed_Change__c=1, Based_On__c=3))
    third = await legal.played(contract, 3)
    assert (third.run.status, third.run.verified) == ("succeeded", True), third.run.problem
    reads = [attempt.operation for attempt in third.steps[1].attempts]
    assert reads.count("GET /contracts/{contract_id}/agreement") == 2, "agreed meanwhile: read again"
    there = await legal.terms("D08")
    assert (there.amendment, there.not_to_exceed) == (3, Money.of("220000.00", "EUR"))


async def test_edge_7_a_contract_goes_to_an_acquired_entity_by_ending_here_and_beginning_there(
    legal: Contracting,
) -> None:
    contract, deal = legal.contract("D01"), legal.firm.deal("D01")
    assert (await legal.played(contract)).run.status == "succeeded"
    day = deal.start + timedelta(days=31)
    assigned = legal.amend(
        "D01", 1, Kind__c="Assignment", New_Legal_Entity__c="ACME-IN", Effective_Date__c=day.isoformat()
    )
    stopped = await legal.played(contract)
    assert rules(stopped) == ["contract_entity"]
    assert said(stopped, "contract_entity").endswith("there by an amendment, and sign one with ACME-IN.")
    legal.typed("D01", Legal_Entity__c="ACME-IN")
    legal.crm.store.update("Contract_Amendment__c", assigned, {"Kind__c": "Change", "New_Legal_Entity__c": None})
    moved = await legal.again(stopped)
    assert said(moved, "contract_entity") == "The ERP bills it for ACME-US, the contract is ACME-IN's by now."
    legal.typed("D01", Legal_Entity__c=None)

    legal.edit("Contract_Amendment__c", assigned, Status__c="Void")
    ending = {"Kind__c": "Termination", "Based_On__c": 0, "Effective_Date__c": day.isoformat()}
    legal.amend("D01", 2, line(-200000), New_End_Date__c=(day - timedelta(days=1)).isoformat(), **ending)
    ended = await legal.played(contract)
    assert (ended.run.status, (await legal.terms("D01")).status) == ("succeeded", "cancelled"), ended.run.problem
    there = legal.another("D01", Legal_Entity__c="ACME-IN", StartDate=day.isoformat(), Contract_Value__c=240000)
    begun = await legal.played(there)
    assert (begun.run.status, begun.run.contract.legal_entity) == ("succeeded", "ACME-IN"), begun.run.problem
    orders = {order["custbody_tg_contract"]: order["subsidiary"]["id"] for order in legal.orders()}
    assert sorted(orders.values()) == ["1", "3"]
    assert legal.firm.duplicates() == []


async def test_edge_8_a_termination_waits_for_work_that_is_approved_and_not_billed(legal: Contracting) -> None:
    firm, contract = legal.firm, legal.contract("D01")
    await firm.played("D01")
    assert (await legal.played(contract)).run.status == "succeeded"
    project = await firm.adapters["kantata"].project_by_key(f"salesforce:{firm.deal('D01').id}")
    story = next(each for each in firm.records("kantata", "stories") if each["workspace_id"] == project.id)
    hours = {"workspace_id": project.id, "story_id": story["id"], "date_performed": "2027-01-11", "billable": True}
    box = firm.boxes["kantata"]
    entry = box.sandbox.enter(box, "time_entries", hours | {"time_in_minutes": 90})
    box.store.update("time_entries", entry, {"approved": True})
    day = firm.deal("D01").start + timedelta(days=31)
    ending = {"Kind__c": "Termination", "Effective_Date__c": day.isoformat()}
    legal.amend("D01", 1, line(-200000), New_End_Date__c=(day - timedelta(days=1)).isoformat(), **ending)
    waits = await legal.played(contract)
    assert (rules(waits), waits.run.waivable) == (["unbilled_work"], ["unbilled_work"])
    assert said(waits, "unbilled_work").startswith("1.5 approved hours (1 entries) are not billed.")
    box.store.update("time_entries", entry, {"is_invoiced": True, "invoice_id": "1"})
    done = await legal.again(waits)
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    there = await legal.terms("D01")
    assert (there.status, there.value) == ("cancelled", Money.of("40000.00", "USD"))
    assert legal.held("D01")["Status"] == "Terminated"
    told = [event.type for event in (await firm.operations.trace(done.run.id)).events]
    assert told[-1] == "com.tiergate.contract.terminated.v1"
    with pytest.raises(Conflict, match="is closed"):
        await legal.undone(done)


async def test_edge_9_work_that_outlives_its_master_agreement_is_held_and_may_still_be_ended(
    legal: Contracting,
) -> None:
    today = now().date()
    past = (today - timedelta(days=2)).isoformat()
    master = legal.another("D01", Name="Master agreement", Opportunity__c=None, StartDate="2020-01-01", EndDate=past)
    legal.typed("D01", Master_Contract__c=master)
    waits = await legal.played(legal.contract("D01"))
    assert (rules(waits), waits.run.waivable) == (["master_agreement"], ["master_agreement"])
    assert f"ended on {past}, and this contract lives on to {legal.firm.deal('D01').end}" in said(
        waits, "master_agreement"
    )
    legal.edit("Contract", legal.contract("D01"), Approved_Exceptions__c="master_agreement")
    assert (await legal.again(waits)).run.status == "succeeded"
    legal.amend("D01", 1, line(10000))
    longer = await legal.played(legal.contract("D01"))
    assert rules(longer) == ["master_agreement"], "what was waived for one document is not for the next"
    run = legal.firm.deal("D01")
    ending = {"Kind__c": "Termination", "Effective_Date__c": run.start.isoformat(), "Based_On__c": 0}
    (waiting,) = legal.crm.store.find("Contract_Amendment__c", Contract__c=legal.contract("D01"))
    legal.edit("Contract_Amendment__c", waiting["Id"], Status__c="Void")
    legal.amend("D01", 2, line(-240000), New_End_Date__c=run.start.isoformat(), **ending)
    done = await legal.played(legal.contract("D01"))
    assert (done.run.status, (await legal.terms("D01")).status) == ("succeeded", "cancelled"), done.run.problem


async def test_edge_10_what_is_in_force_is_not_edited_anywhere_and_is_amended_instead(legal: Contracting) -> None:
    contract = legal.contract("D01")
    assert (await legal.played(contract)).run.status == "succeeded"
    with pytest.raises(Refused):
        legal.edit("Contract", contract, Contract_Value__c=260000)
    legal.typed("D01", Contract_Value__c=260000, Document_Hash__c="c" * 64)
    (first, *_) = legal.crm.store.find("Contract_Line__c", Contract__c=contract)
    legal.crm.store.update("Contract_Line__c", first["Id"], {"Amount__c": 100000})
    edited = await legal.played(contract)
    assert rules(edited) == ["contract_quote", "carried_once"]
    assert said(edited, "carried_once").endswith("what was agreed is not edited. Agree to an amendment.")
    signed = await legal.firm.adapters["salesforce"].agreement(contract)
    (order,) = legal.orders()
    lines = order["item"]["items"]
    billed = {"item": {"items": [lines[0] | {"quantityBilled": 1}, *lines[1:]]}}
    legal.firm.boxes["netsuite"].store.update("salesOrder", order["id"], billed)
    there = await legal.terms("D01")
    forced = {"lines": signed.lines, "account_id": there.account_id, "legal_entity_id": "ACME-US"}
    with pytest.raises(Conflict, match=r"line 0\.1 of order SO00001 is billed"):
        await _write(legal, contract, there, **forced)
    with pytest.raises(Conflict, match="belongs to another subsidiary"):
        await _write(legal, contract, there, legal_entity_id="ACME-DE")

    legal.typed("D01", Contract_Value__c=240000, Document_Hash__c=there.document_hash)
    legal.crm.store.update("Contract_Line__c", first["Id"], {"Amount__c": 80000})
    legal.amend("D01", 1, line(20000))
    done = await legal.played(contract)
    assert (done.run.status, (await legal.terms("D01")).value) == ("succeeded", Money.of("260000.00", "USD"))


async def _write(legal: Contracting, contract: str, there: Any, **fields: Any) -> None:
    erp = legal.firm.adapters["netsuite"]
    await erp.set_contract_terms(f"salesforce:{contract}", msgspec.structs.replace(there, **fields))
