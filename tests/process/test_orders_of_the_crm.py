"""An order that the CRM has of a quote already: it is recognised, held against the quote, and told the ERP's number."""

from typing import Any

import pytest

from canonical.objects import CrmOrder
from foundation.sandbox import Box
from system_apis.salesforce.sandbox import org
from tests.process.ordering import Ordering, rules
from tests.process.world import World, after, in_each_firm


@pytest.fixture
def desk(firm: World) -> Ordering:
    return Ordering(firm)


async def told(desk: Ordering, order: str) -> CrmOrder:
    found: CrmOrder = await desk.firm.adapters[desk.sold_with].order(order)
    return found


def saved(box: Box, order: str, **fields: Any) -> None:
    """Somebody saves an order in Salesforce."""
    org.update(box, org.kind_of("Order"), order, fields)


@in_each_firm
async def test_it_is_ordered_once_and_has_the_erps_number_until_that_order_is_cancelled(desk: Ordering) -> None:
    by_hand = desk.offers.order(desk.quote("D01"))
    done = await desk.played(desk.quote("D01"))
    assert (done.run.status, done.run.verified, len(desk.orders())) == ("succeeded", True, 1)
    kept = await told(desk, by_hand)
    assert kept.erp_number == done.run.order_number
    (number,) = [field for field in done.agreement if field.field == "order"]
    side = f"{desk.sold_with}, order {kept.number}"
    assert (number.agree, number.values[side]) == (True, done.run.order_number), "it is compared as well"
    await desk.runs.cancel_run(done.run.id)
    assert (await desk.ended(done.run.id)).run.status == "cancelled"
    assert (await told(desk, by_hand)).erp_number == ""


@in_each_firm
async def test_one_that_differs_is_refused_with_its_number_and_nothing_is_ordered(desk: Ordering) -> None:
    quote = desk.quote("D01")
    by_hand = desk.offers.order(quote)
    wanted = [
        desk.line("SVC-DELIVERY-LEAD", 400, 200),
        desk.line("SVC-ENGINEER", 800, 150),
        desk.line("SVC-ANALYST", 400, 100),
    ]
    desk.offers.reorder(by_hand, wanted[:2])
    number = (await told(desk, by_hand)).number
    refused = await desk.played(quote)
    assert refused.run.problem is not None
    assert (refused.run.status, rules(refused), desk.orders()) == ("refused", ["crm_order"], [])
    said = f"order {number} in the CRM comes to USD 200,000.00, the quote to USD 240,000.00."
    assert refused.run.problem.detail == said
    assert (await desk.told(quote)).frozen is False

    # The same sum of other work is no less another order.
    desk.offers.reorder(by_hand, [wanted[0], desk.line("SVC-ENGINEER", 1000, 160)])
    again = await desk.ended((await desk.runs.retry_run(refused.run.id)).id)
    assert again.run.problem is not None
    assert again.run.problem.detail == (
        f"order {number} in the CRM has 1000 of SVC-ENGINEER, the quote 800; "
        f"order {number} in the CRM has 0 of SVC-ANALYST, the quote 400."
    )
    desk.offers.reorder(by_hand, wanted)
    done = await desk.ended((await desk.runs.retry_run(refused.run.id)).id)
    assert (done.run.status, done.run.verified, len(desk.orders())) == ("succeeded", True, 1)
    assert (await told(desk, by_hand)).erp_number == done.run.order_number


@in_each_firm
async def test_one_in_another_currency_or_ordered_elsewhere_is_refused_for_that(desk: Ordering) -> None:
    by_hand = desk.offers.order(desk.quote("D01"))
    desk.offers.reorder(by_hand, [], {"currency": "EUR"})
    number = (await told(desk, by_hand)).number
    refused = await desk.played(desk.quote("D01"))
    assert refused.run.problem is not None
    assert rules(refused) == ["currency"]
    assert refused.run.problem.detail == f"The quote is in USD, but order {number} in the CRM in EUR."
    desk.offers.reorder(by_hand, [], {"currency": "USD", "erp_number": "SO-ELSEWHERE"})
    elsewhere = await desk.ended((await desk.runs.retry_run(refused.run.id)).id)
    assert elsewhere.run.problem is not None
    assert (rules(elsewhere), desk.orders()) == (["crm_order"], [])
    assert "says it is order SO-ELSEWHERE of the ERP already" in elsewhere.run.problem.detail
    assert (await told(desk, by_hand)).erp_number == "SO-ELSEWHERE", "what somebody wrote is theirs"


async def test_one_made_while_the_quote_is_ordered_is_marked_and_one_that_differs_is_a_disagreement(
    desk: Ordering,
) -> None:
    made: list[str] = []
    after(5, lambda: made.append(desk.offers.order(desk.quote("D01"))))
    done = await desk.played(desk.quote("D01"))
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    assert (await told(desk, made[0])).erp_number == done.run.order_number

    def odd() -> None:
        made.append(desk.offers.order(desk.quote("D02")))
        desk.offers.reorder(made[1], [desk.line("SVC-ENGINEER", 1, 150)])

    after(5, odd)
    failed = await desk.played(desk.quote("D02"))
    assert (failed.run.status, rules(failed)) == ("failed", ["value"])
    org.delete(desk.firm.boxes["salesforce"], org.kind_of("Order"), made[1])
    mended = await desk.ended((await desk.runs.retry_run(failed.run.id)).id)
    assert (mended.run.status, mended.run.verified) == ("succeeded", True)


async def test_parts_of_a_quote_count_together_one_without_a_quote_is_its_deals_and_a_cancelled_one_is_none(
    desk: Ordering,
) -> None:
    box, quote = desk.firm.boxes["salesforce"], desk.quote("D01")
    first, second, third = (desk.offers.order(quote) for _ in range(3))
    desk.offers.reorder(first, [desk.line("SVC-DELIVERY-LEAD", 400, 200)])
    desk.offers.reorder(second, [desk.line("SVC-ENGINEER", 800, 150), desk.line("SVC-ANALYST", 400, 100)])
    saved(box, second, QuoteId=None, Status="Activated")
    refused = await desk.played(quote)
    assert refused.run.problem is not None
    assert rules(refused) == ["crm_order"]
    assert "together in the CRM come to USD 480,000.00" in refused.run.problem.detail
    saved(box, third, Status="Cancelled")
    done = await desk.ended((await desk.runs.retry_run(refused.run.id)).id)
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    numbers = [(await told(desk, each)).erp_number for each in (first, second, third)]
    assert numbers == [done.run.order_number, done.run.order_number, ""]


async def test_an_activated_order_we_may_not_edit_is_said_when_the_number_is_written_back(desk: Ordering) -> None:
    box = desk.firm.boxes["salesforce"]
    by_hand = desk.offers.order(desk.quote("D01"))
    saved(box, by_hand, Status="Activated")
    box.store.set_setting("activated_orders_locked", True)
    failed = await desk.played(desk.quote("D01"))
    assert failed.run.problem is not None
    assert (failed.run.status, failed.run.progress.step, failed.run.problem.reason) == ("failed", 9, "vendor_forbade")
    assert (await desk.told(desk.quote("D01"))).order_number == failed.run.order_number
    box.store.set_setting("activated_orders_locked", False)
    done = await desk.ended((await desk.runs.retry_run(failed.run.id)).id)
    assert (done.run.status, len(desk.orders())) == ("succeeded", 1)
    assert (await told(desk, by_hand)).erp_number == done.run.order_number
