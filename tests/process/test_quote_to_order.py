"""Quote to order: what it makes of an accepted quote, the ten edges on which others break, and how it is undone."""

from datetime import timedelta
from typing import Any

import pytest

from canonical.dates import business_date, now
from canonical.faults import Conflict
from canonical.money import Money
from process_apis import steps
from tests.process.ordering import Ordering, rules
from tests.process.world import FIRMS, World, after, in_each_firm

WHERE_BUNDLES_TELL_THEIR_PARTS = [mix for mix in FIRMS if mix[1] != "sap_s4hana"]
"""Those of SAP stand in a bill of material, which we do not read."""
WHERE_A_PRICE_TELLS_ITS_TAX = [mix for mix in FIRMS if mix[0] == "salesforce"]
"""A line of Dynamics says no rate, and its quote is refused with that."""


@pytest.fixture
def desk(firm: World) -> Ordering:
    return Ordering(firm)


@in_each_firm
async def test_edge_2_a_revision_accepted_while_the_older_one_converts_is_the_one_that_is_ordered(
    desk: Ordering,
) -> None:
    later: list[str] = []
    after(5, lambda: later.append(desk.revise("D01")))
    first = await desk.played(desk.quote("D01"))
    assert (first.run.status, desk.orders()) == ("cancelled", [])
    second = await desk.played(later[0])
    assert (second.run.status, second.run.quote.revision) == ("succeeded", 2)
    told = [(await desk.told(each)).status for each in (desk.quote("D01"), later[0])]
    assert told == ["superseded", "accepted"]


@in_each_firm
async def test_edge_6_a_price_book_in_another_currency_than_the_customers_is_refused(desk: Ordering) -> None:
    """D09 is quoted in EUR, and sold in USD; and it has no tax registration: both are said at once."""
    refused = await desk.played(desk.quote("D09"))
    assert (refused.run.status, rules(refused)) == ("refused", ["currency", "tax_profile"])
    assert refused.run.problem is not None
    assert refused.run.problem.detail.startswith("The quote is in EUR, but the deal in USD")
    case = await desk.firm.case_of(refused.run.id)
    assert case is not None
    assert (case.owner, case.kind) == ("Sales operations, Account owner", "guard_currency+tax_profile")
    told = [event.type for event in (await desk.firm.operations.trace(desk.firm.native("D09"))).events]
    assert told == ["com.tiergate.quote.accepted.v1", "com.tiergate.order.rejected.v1"]
    desk.edit(desk.quote("D09"), currency="USD")
    await desk.runs.retry_run(refused.run.id)
    assert rules(await desk.ended(refused.run.id)) == ["tax_profile"], "it is read anew"


async def test_edge_7_an_order_that_lost_lines_is_never_opened_and_is_whole_after_a_retry(desk: Ordering) -> None:
    erp = desk.firm.boxes["netsuite"]
    erp.store.set_setting("lines_dropped", ["SVC-ENGINEER"])
    failed = await desk.played(desk.quote("D01"))
    assert (failed.run.status, failed.run.progress.step, rules(failed)) == ("failed", 7, ["line 2", "line 3"])
    kept = await desk.order(failed.run.id)
    assert kept.status == "draft"
    case = await desk.firm.case_of(failed.run.id)
    assert case is not None
    views = {view.system: view.fields for view in (await desk.firm.operations.case(case.id)).systems}
    assert views["netsuite"] == {
        "order": kept.number,
        "status": "draft",
        "value": str(kept.total()),
        "currency": "USD",
    }
    assert (views["salesforce"]["order"], views["salesforce"]["currency"]) == ("none", "USD")
    erp.store.set_setting("lines_dropped", [])
    await desk.runs.retry_run(failed.run.id)
    done = await desk.ended(failed.run.id)
    assert (done.run.status, done.run.verified, len(desk.orders())) == ("succeeded", True, 1)
    assert len((await desk.order(failed.run.id)).lines) == 3


@in_each_firm
async def test_an_order_is_cancelled_until_it_is_billed_and_its_quote_waits_again(desk: Ordering) -> None:
    quote = desk.quote("D01")
    done = await desk.played(quote)
    await desk.runs.cancel_run(done.run.id)
    undone = await desk.ended(done.run.id)
    assert (undone.run.status, (await desk.order(done.run.id)).status) == ("cancelled", "cancelled")
    kept = await desk.told(quote)
    assert (kept.status, kept.frozen, kept.order_number) == ("accepted", False, "")
    told = [event.type for event in (await desk.firm.operations.trace(quote)).events]
    assert told[-1] == "com.tiergate.order.cancelled.v1"

    other = await desk.played(desk.quote("D02"))
    desk.books.bill_order((await desk.order(other.run.id)).id)
    with pytest.raises(Conflict, match="billed already"):
        await desk.runs.cancel_run(other.run.id)
    assert (await desk.runs.run(other.run.id)).run.status == "succeeded"


@in_each_firm
async def test_edge_1_a_double_click_is_one_order_and_a_lost_answer_is_found_by_its_key(desk: Ordering) -> None:
    quote = desk.quote("D01")
    first, second = await desk.start(quote), await desk.start(quote)
    done = await desk.ended(first.id)
    assert first.id == second.id == (await desk.start(quote)).id == f"q2o:{desk.sold_with}:{quote}:r1"
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    order = await desk.order(done.run.id)
    assert (order.status, order.total(), order.number) == ("open", Money.of("240000.00", "USD"), done.run.order_number)
    assert [(line.code, line.qty, line.net.amount) for line in order.lines] == [
        ("SVC-DELIVERY-LEAD", 400, 80000),
        ("SVC-ENGINEER", 800, 120000),
        ("SVC-ANALYST", 400, 40000),
    ]
    assert (order.legal_entity_id, order.quote_id) == ("ACME-US", quote)
    assert {field.field for field in done.agreement if field.agree} >= {"order", "status", "value", "line 3"}
    assert [field.field for field in done.agreement if not field.agree] == []
    kept = await desk.told(quote)
    assert (kept.frozen, kept.order_number, kept.status) == (True, order.number, "accepted")
    told = [event.type for event in (await desk.firm.operations.trace(order.number)).events]
    assert told == ["com.tiergate.quote.accepted.v1", "com.tiergate.order.created.v1"]

    method, path = desk.books.WRITES_ORDER
    desk.firm.fault(desk.erp, "timeout_after_commit", method=method, path=path)
    lost = await desk.played(desk.quote("D02"))
    assert (lost.run.status, len(desk.orders()), desk.firm.duplicates()) == ("succeeded", 2, [])
    tried = [(attempt.operation, attempt.fault) for attempt in lost.steps[5].attempts]
    assert tried[1:3] == [("PUT /orders/by-key/{key}", "outcome_unknown"), ("GET /orders/by-key/{key}", "")]


@in_each_firm
async def test_edge_2_the_order_of_an_older_revision_is_cancelled_by_the_newer_one_unless_it_is_billed(
    desk: Ordering,
) -> None:
    first = await desk.played(desk.quote("D01"))
    newer = desk.revise("D01", accepted=False)
    desk.offers.accept(newer)
    second = await desk.played(newer)
    assert (second.run.status, second.run.verified) == ("succeeded", True)
    assert (await desk.order(first.run.id)).status == "cancelled"
    desk.books.bill_order((await desk.order(second.run.id)).id)
    third = await desk.played(desk.revise("D01", number=3))
    assert (third.run.status, rules(third)) == ("refused", ["earlier_order"])
    fourth = await desk.ended((await desk.runs.retry_run(third.run.id)).id)
    assert fourth.run.status == "refused"


@pytest.mark.parametrize("firm", WHERE_BUNDLES_TELL_THEIR_PARTS, ids="-".join, indirect=True)
async def test_edges_3_4_and_8_odd_lines_are_ordered_and_both_systems_agree_to_the_cent(desk: Ordering) -> None:
    odd = [
        desk.line("SVC-ENGINEER", 1, "33.335"),
        desk.line("SVC-ANALYST", 3, "11.115"),
        desk.line("KICKOFF", 2, "10000.01"),
        desk.line("SVC-ANALYST", 5, 0),
        desk.line("DISCOUNT", 1, "-500.50"),
    ]
    done = await desk.played(desk.rewrite(desk.quote("D01"), *odd))
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    order = await desk.order(done.run.id)
    # Kick-off is eight, twenty-four and sixteen hours of three items; its price is shared out by the hours.
    assert [(line.code.removeprefix("SVC-"), line.qty, str(line.net.amount)) for line in order.lines] == [
        ("ENGINEER", 1, "33.34"),
        ("ANALYST", 3, "33.35"),
        ("DELIVERY-LEAD", 16, "3333.34"),
        ("ENGINEER", 48, "10000.01"),
        ("ANALYST", 32, "6666.66"),
        ("ANALYST", 5, "0.00"),
        ("DISCOUNT", 1, "-500.50"),
    ]


@pytest.mark.parametrize("firm", WHERE_A_PRICE_TELLS_ITS_TAX, ids="-".join, indirect=True)
async def test_edges_5_and_10_tax_is_taken_out_of_the_prices_and_the_order_is_of_the_day_it_was_signed(
    desk: Ordering,
) -> None:
    taxed = [desk.line("SVC-ENGINEER", 10, 119, tax_rate=19), desk.line("SVC-ANALYST", 3, 107, tax_rate=7)]
    signed = now().date().replace(day=1)
    net = await desk.played(desk.rewrite(desk.quote("D03"), *taxed, tax_included=True, signed_on=signed))
    assert (net.run.status, net.run.verified) == ("succeeded", True)
    order = await desk.order(net.run.id)
    assert [line.net.amount for line in order.lines] == [1000, 300]
    assert order.ordered_on == signed, "the day whose exchange rate was meant"


async def test_edge_10_signed_in_a_month_the_books_have_closed_the_order_is_of_the_entitys_own_today(
    desk: Ordering,
) -> None:
    """No order is booked at that month's rate any more; in New York it may be another day than here."""
    before = business_date(now(), "America/New_York")
    closed = now().date().replace(day=1) - timedelta(days=20)
    entity = await desk.firm.adapters["netsuite"].legal_entity("ACME-US")
    assert [each.open for each in entity.periods if each.start <= closed <= each.end] == [False]
    done = await desk.played(desk.edit(desk.quote("D01"), signed_on=closed))
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    dated = (await desk.order(done.run.id)).ordered_on
    assert before <= dated <= business_date(now(), "America/New_York")
    box = desk.firm.boxes["netsuite"]
    for period in box.store.find("accountingPeriod", closed=True):
        box.store.update("accountingPeriod", period["id"], {"closed": False, "arLocked": False})
    reopened = await desk.played(desk.revise("D01", signed_on=closed))
    assert (await desk.order(reopened.run.id)).ordered_on == closed, "the day whose exchange rate was meant"


@in_each_firm
async def test_edge_9_an_item_made_inactive_is_refused_before_the_first_write_or_by_the_erp(desk: Ordering) -> None:
    after(5, lambda: desk.books.retire("SVC-ANALYST"))
    failed = await desk.played(desk.quote("D01"))
    assert failed.run.problem is not None
    assert (failed.run.status, failed.run.problem.reason) == ("failed", desk.books.RETIRED)
    assert desk.orders() == []
    refused = await desk.played(desk.quote("D02"))
    assert (refused.run.status, rules(refused)) == ("refused", ["active_items"])
    assert (await desk.told(desk.quote("D02"))).frozen is False


@in_each_firm
async def test_a_quote_edited_after_its_guards_is_read_again_and_one_its_contract_bills_is_not_ordered(
    desk: Ordering,
) -> None:
    quote = desk.quote("D01")

    def edit() -> None:
        desk.rewrite(quote, desk.line("SVC-ENGINEER", 10, 150))
        desk.edit(quote, cost=100)

    after(3, edit)
    done = await desk.played(quote)
    assert (done.run.status, (await desk.order(done.run.id)).total()) == ("succeeded", Money.of("1500.00", "USD"))
    await desk.firm.played("D02")
    assert rules(await desk.played(desk.quote("D02"))) == ["billed_once"]


@pytest.mark.parametrize("firm", FIRMS[:2], ids="-".join, indirect=True)
async def test_a_deal_that_is_ordered_first_becomes_a_project_that_its_order_bills(desk: Ordering) -> None:
    ordered = await desk.played(desk.quote("D01"))
    project = await desk.firm.played("D01")
    assert (project.run.status, project.run.verified) == ("succeeded", True)
    order = await desk.order(ordered.run.id)
    assert (len(desk.orders()), len(order.lines), order.status) == (1, 3, "open")
    assert desk.firm.duplicates() == []
    with pytest.raises(Conflict, match="is billed by order"):
        await desk.runs.cancel_run(ordered.run.id)


@in_each_firm
async def test_every_step_done_twice_as_after_a_kill_before_its_checkpoint_makes_one_order(
    desk: Ordering, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt, undone = steps._attempt, steps._undo

    async def twice(run_id: str, number: int, *args: Any) -> Any:
        await attempt(run_id, number, *args)
        return await attempt(run_id, number, *args)

    async def undone_twice(*args: Any) -> None:
        await undone(*args)
        await undone(*args)

    monkeypatch.setattr(steps, "_attempt", twice)
    monkeypatch.setattr(steps, "_undo", undone_twice)
    done = await desk.played(desk.quote("D01"))
    assert (done.run.status, done.run.verified, len(desk.orders())) == ("succeeded", True, 1)
    newer = await desk.played(desk.revise("D01"))
    assert (newer.run.status, (await desk.order(done.run.id)).status) == ("succeeded", "cancelled")
    await desk.runs.cancel_run(newer.run.id)
    assert (await desk.ended(newer.run.id)).run.status == "cancelled"
    told = [event.type.split(".")[3] for event in (await desk.firm.operations.trace(desk.firm.native("D01"))).events]
    assert told == ["accepted", "created", "accepted", "created", "cancelled", "cancelled"], "each is told once"
    assert desk.firm.duplicates() == []
