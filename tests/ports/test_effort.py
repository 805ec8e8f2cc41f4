"""Time and expenses in a PSA: as they were entered, by project, and only what is approved where that was asked for."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from canonical.faults import Invalid, NotFound
from canonical.money import Money
from canonical.ports.effort import ExpensePostings, Expenses, TimeEntries
from tests.ports import objects
from tests.ports.kept import offering, project_id
from tests.ports.listed import LISTED, MOST_PAGES
from tests.ports.test_reading import plant
from tests.ports.world import World


async def read_on(world: World, operation: str, since: str, limit: int) -> tuple[set[str], str]:
    """Every item after a watermark, and the watermark of the next poll."""
    seen: set[str] = set()
    for _ in range(MOST_PAGES):
        page: Any = await getattr(world.adapter, operation)(since, limit=limit)
        seen |= {each.id for each in page.items}
        if page.next == since or len(page.items) < limit:
            return seen, page.next
        since = page.next
    raise AssertionError(f"{MOST_PAGES} pages, and still no end")


async def one(world: World, operation: str, number: int = 1) -> str:
    return await next(each for each in LISTED if each.all == operation).make(world, number)


@offering(TimeEntries)
async def test_time_is_read_as_it_was_entered_in_hours_and_where_it_has_them_in_minutes(world: World) -> None:
    found = await world.adapter.time_entry(await one(world, "time_entries"))
    sent = objects.time_entry(project_id=await project_id(world))
    assert (found.resource, found.worked_on, found.hours) == (sent.resource, sent.worked_on, Decimal("2.5"))
    assert found.minutes in (150, None)
    assert (found.billable, found.status, found.invoice_id) == (True, "approved", "")
    assert found.project_id == sent.project_id
    for wrong in ("999999999", "no such id", "../../x"):
        with pytest.raises((NotFound, Invalid)):
            await world.adapter.time_entry(wrong)


@offering(Expenses)
async def test_an_expense_is_worth_what_was_spent(world: World) -> None:
    found = await world.adapter.expense_report(await one(world, "expense_reports"))
    (line,) = found.lines
    assert line.amount.same(Money.of("84.30", "EUR"))
    assert (line.category, line.description, line.billable) == ("Travel", "Train to Kiel", True)
    assert (found.resource, found.status, line.project_id) == (
        "katrin.behrens@acme.example",
        "approved",
        await project_id(world),
    )


@offering(ExpensePostings)
async def test_an_expense_of_no_project_is_posted_too(world: World) -> None:
    sent = world.fit(objects.expense_report())
    await world.adapter.upsert_expense_posting(objects.EXPENSES, sent)
    (line,) = (await world.adapter.expense_posting_by_key(objects.EXPENSES)).lines
    assert (line.project_id, line.amount) == ("", sent.lines[0].amount)


@pytest.mark.parametrize("operation", ["time_entries", "expense_reports"])
@offering(TimeEntries)
async def test_what_belongs_to_another_project_is_not_in_the_list_of_one(world: World, operation: str) -> None:
    made = await one(world, operation)
    mine = await getattr(world.adapter, operation)(project_id=await project_id(world))
    assert made in {each.id for each in mine.items}
    code = world.fit(objects.project(account_id="1402", code="DE-27-0099", tasks=[], milestones=[]))
    other = (await world.adapter.upsert_project("salesforce:006Tg0000000099IAA", code)).id
    assert (await getattr(world.adapter, operation)(project_id=other)).items == []


@pytest.mark.parametrize(("operation", "kind"), [("approved_time", "time"), ("approved_expenses", "expense")])
@offering(TimeEntries)
async def test_only_what_is_approved_is_told_and_the_next_poll_finds_what_came_since(
    world: World, operation: str, kind: str
) -> None:
    listed = "time_entries" if kind == "time" else "expense_reports"
    project = await project_id(world)
    first = {await one(world, listed, number) for number in (1, 2, 3, 4)}
    waiting = (
        plant(world, objects.time_entry(project_id=project, status="submitted", worked_on=objects.START))
        if kind == "time"
        else ""
    )
    seen, mark = await read_on(world, operation, "", 3)
    assert first <= seen
    assert waiting not in seen
    world.clock.ahead += timedelta(minutes=20)
    late = await one(world, listed, 5)
    world.clock.ahead += timedelta(minutes=20)
    seen, mark = await read_on(world, operation, mark, 100)
    assert late in seen
    newest = await one(world, listed, 6)
    seen, _ = await read_on(world, operation, mark, 100)
    assert newest in seen
    assert not seen & first


@pytest.mark.parametrize("operation", ["approved_time", "approved_expenses"])
@offering(TimeEntries)
async def test_a_watermark_that_is_not_ours_is_refused(world: World, operation: str) -> None:
    with pytest.raises(Invalid) as refused:
        await getattr(world.adapter, operation)("yesterday")
    assert refused.value.errors[0].pointer == "query:since"
